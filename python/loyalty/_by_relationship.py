# SPDX-License-Identifier: MIT
"""What each relationship returns and costs, now and in prospect."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from loyalty import _core, frames, purchase
from loyalty._dates import DAY, check_zone, date_text, instant
from loyalty._events import NO_TIME, _numbers, _plain, native_columns, times
from loyalty._fits import DiscountRate, Learned
from loyalty._states import counted, grid, page, wrapped
from loyalty.orders import _identity
from loyalty.policy import Policy
from loyalty.portfolio import Portfolio

__all__ = ["RelationshipValue", "by_relationship"]

YEAR_SECONDS: float = _core.purchase_seconds_in("year")
_RETURN, _PURCHASE = (_core.kind_names.index(kind) for kind in ("return", "purchase"))


def by_relationship(
    events: Any,
    *,
    as_of: Any,
    horizon: purchase.Duration | None = None,
    discount: DiscountRate | None = None,
    margin: float | None = None,
    policy: Policy | None = None,
    model: purchase.ParetoNBD | None = None,
    spend: purchase.GammaGamma | None = None,
    zone: str | None = None,
) -> RelationshipValue:
    """What each relationship returns and costs a year now, and what it will, with its uncertainty.

    Parameters
    ----------
    events
        A pandas, polars or pyarrow frame or a dict of columns, rows as for :meth:`loyalty.Portfolio.apply`, whole
        histories. Rows after `as_of` are not used.
    as_of
        The date: its last second.
    horizon
        How far ahead the prospect looks, such as `loyalty.purchase.years(5)`; three years without it.
    discount
        A :class:`loyalty.DiscountRate`; 10 % a year without it.
    margin
        Part of a purchase's value that is margin, above 0 and at most 1. Without it, that of the purchases whose margin
        the log states. Margins that are stated always count as stated in what is now.
    policy
        A :class:`loyalty.Policy`, for its half-lives of margin and cost; all defaults without it.
    model
        A :class:`loyalty.purchase.ParetoNBD` with a unit; fitted to these purchases in weeks without it.
    spend
        A :class:`loyalty.purchase.GammaGamma`; fitted to these purchases without it.
    zone
        Zone of naive times, and in which days end, such as "Europe/London".

    Returns
    -------
    RelationshipValue
        One row a relationship, by identifier. Null where there is no answer; its flags and `status` say why.

    Examples
    --------
    >>> found = by_relationship(events, as_of="2024-12-31", margin=0.3)  # doctest: +SKIP
    >>> print(found); found.to_frame()  # doctest: +SKIP
    """
    check_zone(zone)
    asked = _Asked.of(horizon, discount, margin, model, spend)
    policy = policy or Policy()
    last = instant(as_of, zone)
    native, kind = native_columns(events)
    log = _Log.of(native, last, zone)
    result = _folded(log, policy, margin, last, zone)
    now = _now(log, result, policy, margin, last)
    ahead, status, told = _ahead(log, result, asked, now, last, zone)
    chosen = kind if kind in get_args(frames.Kind) else "pandas"
    return RelationshipValue(now, ahead, status, told, asked, chosen, result.metadata, last)


@dataclass
class _Asked:
    """What the caller wants of the time to come."""

    horizon: purchase.Duration
    discount: DiscountRate
    margin: float | None
    model: purchase.ParetoNBD | None
    spend: purchase.GammaGamma | None

    @classmethod
    def of(cls, horizon: Any, discount: Any, margin: Any, model: Any, spend: Any) -> _Asked:
        horizon = purchase.years(3) if horizon is None else horizon
        if not isinstance(horizon, purchase.Duration) or np.ndim(horizon.count):
            raise TypeError(
                f"horizon = {horizon!r}: needs a duration, such as loyalty.purchase.years(3)"
            )
        if not (horizon.count >= 0 and math.isfinite(horizon.count)):
            raise ValueError(f"horizon = {horizon!r}: needs 0 or more, and finite")
        discount = DiscountRate(0.1, per="year") if discount is None else discount
        if not isinstance(discount, DiscountRate) or discount.per is None:
            raise TypeError(
                f"discount = {discount!r}: needs a rate with its period, such as DiscountRate(0.1, per='year')"
            )
        if discount.rate < 0:
            raise ValueError(f"discount = {discount!r}: needs a rate of 0 or more")
        if margin is not None:
            if isinstance(margin, bool) or not isinstance(margin, int | float):
                raise TypeError(f"margin = {margin!r}: needs a number such as 0.3")
            if not 0 < margin <= 1:
                raise ValueError(
                    f"margin = {margin!r}: allowed is a share of a purchase's value, above 0 and at most 1"
                )
        if model is not None and (not isinstance(model, purchase.ParetoNBD) or model.unit is None):
            raise TypeError(
                f"model = {model!r}: needs a ParetoNBD with a unit; of it the variance is known exactly"
            )
        if spend is not None and not isinstance(spend, purchase.GammaGamma):
            raise TypeError(f"spend = {spend!r}: needs a GammaGamma")
        return cls(horizon, discount, margin, model, spend)


@dataclass
class _Log:
    """The rows of a log until a date."""

    columns: dict[str, Any]
    time: np.ndarray
    who: np.ndarray
    kind: np.ndarray  # codes
    amount: np.ndarray
    margin: np.ndarray
    currency: np.ndarray | None

    @classmethod
    def of(cls, native: Mapping[str, Any], last: int, zone: str | None) -> _Log:
        for name in ("relationship", "time", "kind"):
            if name not in native:
                raise ValueError(
                    f"missing column '{name}'; an event row needs relationship, time and kind"
                )
        time = times("time", native["time"], zone)
        seen = (time <= last) | (time == NO_TIME)
        columns = dict(native) if seen.all() else {n: _rows(c, seen) for n, c in native.items()}
        time = time[seen]
        items = _plain(columns["relationship"]).tolist()
        names = {item: _name(item) for item in set(items)}
        who = np.array([names[item] for item in items], object)
        kind = _plain(columns["kind"])
        if kind.dtype.kind not in "iu":
            codes = {word: code for code, word in enumerate(_core.kind_names)}
            words, place = np.unique(kind.astype(str), return_inverse=True)
            kind = np.array([codes.get(word, 255) for word in words], np.int64)[place]
        empty = np.full(len(time), np.nan)
        amount, margin = (
            np.array(_numbers(name, columns[name]), float) if name in columns else empty
            for name in ("amount", "margin")
        )
        currency = _plain(columns["currency"]) if "currency" in columns else None
        return cls(columns, time, who, kind, amount, margin, currency)

    @property
    def purchases(self) -> np.ndarray:
        return (self.kind == _PURCHASE) & (self.who != None)  # noqa: E711

    def who_of(self, rows: np.ndarray) -> list[str]:
        """The names in some rows that have one, each once."""
        return sorted(set(self.who[rows].tolist()))

    @property
    def states_margins(self) -> bool:
        return bool((self.purchases & np.isfinite(self.margin)).any())


def _name(item: Any) -> str | None:
    """An identifier as results name it."""
    name = _identity(item)
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def _places(names: np.ndarray, wanted: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where names stand among all in ascending order, and which of them stand there at all."""
    given = np.asarray(wanted, object)
    if not len(names) or not len(given):
        return np.zeros(0, np.int64), np.zeros(len(given), bool)
    rows = np.minimum(np.searchsorted(names, given), len(names) - 1)
    held = names[rows] == given
    return rows[held], held


def _rows(column: Any, wanted: np.ndarray) -> Any:
    """The rows of a column, of whatever kind."""
    if isinstance(column, np.ndarray):
        return column[wanted]
    if isinstance(column, list | tuple):
        return [item for item, keep in zip(column, wanted.tolist(), strict=True) if keep]
    import narwhals.stable.v1 as nw

    series = nw.from_native(column, series_only=True, allow_series=True)
    return series.filter(wanted.tolist())


def _folded(log: _Log, policy: Policy, share: float | None, last: int, zone: str | None) -> Any:
    """The log folded and assessed; margins that nobody states are the share of what is bought less returns."""
    columns = log.columns
    if not log.states_margins and share is not None:
        columns = columns | {
            "margin": np.where(log.purchases, share * log.amount, np.nan),
            "amount": np.where(log.kind == _RETURN, share * log.amount, log.amount),
        }
    said = tomllib.loads(policy.to_toml())
    portfolio = Portfolio(policy, landmark=None if "landmark" in said else last)
    portfolio.apply(columns, zone=zone)
    return portfolio.assess(last, intervals=False)


def _now(
    log: _Log, result: Any, policy: Policy, share: float | None, last: int
) -> dict[str, np.ndarray]:
    """Yearly rates of margin and cost, and flags."""
    half_life = tomllib.loads(policy.to_toml(full=True))["half_life_days"]
    names = result.column("relationship")
    first = result.column("first_event").astype(float)
    known = np.where(result.column("first_event") == NO_TIME, np.nan, (last - first) / YEAR_SECONDS)
    money = result.column("margin").copy()
    # Who has bought, but never with a margin, has an unknown one, and not none.
    known_by = log.margin if share is None or log.states_margins else log.amount
    bought, stated = np.zeros((2, len(names)), bool)
    bought[_places(names, log.who_of(log.purchases))[0]] = True
    stated[_places(names, log.who_of(log.purchases & np.isfinite(known_by)))[0]] = True
    unstated = bought & ~stated
    money[~bought & np.isnan(money)] = 0.0
    money[unstated] = np.nan
    rates = [
        _core.value_yearly_rate(column, known, half_life[name] / 365)
        for name, column in (("margin", money), ("cost", result.column("cost")))
    ]
    cost = np.maximum(rates[1], 0.0)  # what was taken back may leave less than nothing
    return {
        "relationship": names,
        "margin": rates[0],
        "cost": cost,
        "net": rates[0] - cost,
        "rung": result.column("rung"),
        "last_purchase": result.column("last_purchase"),
        "too_new": ~(known >= _core.value_least_known_years),
        "bought": bought,
        "margin_unstated": unstated,
    }


_AHEAD = (
    "p_alive", "purchases", "margin", "cost", "net", "sd", "sd_chance", "sd_fit", "low", "high", "p_loss",
)  # fmt: skip


def _ahead(
    log: _Log, result: Any, asked: _Asked, now: dict[str, np.ndarray], last: int, zone: str | None
) -> tuple[dict[str, np.ndarray], tuple[Any, ...], list[str]]:
    """The prospect of each relationship, the status, and what it rests on."""
    names = now["relationship"]
    none = {name: np.full(len(names), np.nan) for name in _AHEAD}
    none["no_value"], none["no_mean"] = np.zeros((2, len(names)), bool)
    told = [_margins_told(log, asked.margin)]

    def without(why: str, end: str = "too_little_data") -> Any:
        return none, (end, f"No prospect: {why}", 0, 0, 0.0), told

    share = asked.margin if asked.margin is not None else _pooled_share(log)
    if share is None:
        return without(
            "no margin is known. State margins of purchases, or give margin=, the part of their value."
        )
    if not 0 < share <= 1:
        return without(
            f"margins are {100 * share:.3g} % of the value of the purchases that state them; give margin=."
        )
    currencies = _currencies(log, result)
    if len(currencies) > 1:
        return without(
            f"amounts are in several currencies ({', '.join(currencies)}); convert them before."
        )
    bought = log.purchases & (log.time != NO_TIME)
    if not bought.any():
        return without("nobody has bought.")
    unit = "week" if asked.model is None else str(asked.model.unit)
    table = {"customer": log.who[bought], "time": log.time[bought], "amount": log.amount[bought]}
    known = purchase.histories(
        table, customer="customer", time="time", amount="amount", end=last, unit=unit, zone=zone or "UTC"
    )  # fmt: skip
    mean = np.asarray(known.mean_value, float)
    mean = np.where(mean > 0, mean, np.nan)  # what was given away says nothing of what is paid
    known = replace(known, mean_value=mean)
    model = purchase.ParetoNBD.fit(known) if asked.model is None else asked.model
    money = purchase.GammaGamma.fit(known) if asked.spend is None else asked.spend
    for fitted in (model, money):
        if fitted.status is not None and not fitted.status.usable:
            return without(f"{fitted.name}: {fitted.status}", fitted.status.end)
    # Whose rows were all set aside is in no result.
    rows, held = _places(names, known.customer)
    x, t_x, T, mean = (np.asarray(c, float)[held] for c in (known.x, known.t_x, known.T, mean))  # noqa: N806
    rate = asked.discount
    horizon = float(asked.horizon.count) * _core.purchase_units_in(asked.horizon.unit, unit)
    found = _core.value_prospects(
        model.values(), unit, money.values(), x, t_x, T, mean, now["cost"][rows], horizon,
        rate.rate, rate.per, rate.continuous, share, _covariance(model), _covariance(money),
    )  # fmt: skip
    for name in _AHEAD:
        none[name][rows] = found[name]
    none["no_value"][rows] = (x > 0) & np.isnan(mean)
    none["no_mean"][rows] = np.isnan(found["margin"]) & ~np.isnan(found["cost"])
    ends = [f.status.end for f in (model, money) if f.status is not None]
    end = "boundary" if "boundary" in ends else "converged"
    sentence = " ".join(
        f"{f.name}: {f.status or 'its parameters were given.'}" for f in (model, money)
    )
    told.append(f"In prospect a purchase brings {100 * share:.3g} % of its value.")
    return none, (end, sentence, 0, 0, 0.0), told


def _covariance(model: Any) -> np.ndarray | None:
    """The covariance of estimates, None where there is none to use."""
    found = model.covariance
    return None if found is None or not np.isfinite(found).all() else np.asarray(found, float)


def _pooled_share(log: _Log) -> float | None:
    """Margin per value of the purchases that state both."""
    both = log.purchases & np.isfinite(log.margin) & np.isfinite(log.amount)
    value = math.fsum(log.amount[both].tolist())
    return math.fsum(log.margin[both].tolist()) / value if value > 0 else None


def _currencies(log: _Log, result: Any) -> list[str]:
    """The currencies of purchases, and that of the sums."""
    found = {str(word) for word in result.column("currency")[:1] if word is not None}
    if log.currency is not None:
        found |= {
            str(word)
            for word in set(log.currency[log.purchases].tolist())
            if word is not None and word == word
        }
    return sorted(found)


def _margins_told(log: _Log, share: float | None) -> str:
    bought = int(log.purchases.sum())
    stated = int((log.purchases & np.isfinite(log.margin)).sum())
    if stated:
        return f"Margins are those that the log states, of {stated:,} of {counted(bought, 'purchase')}."
    if share is not None:
        return f"The log states no margins: they are {100 * share:.3g} % of what was bought less returns."
    return "The log states no margins: what relationships return is not known without margin=."


class RelationshipValue(Learned):
    """What each relationship returns and costs, now and in prospect; beside rung and quality, never mixed into them."""

    COLUMNS = (
        ("relationship", "text", "its identifier"),
        ("margin", "number", "margin a year, now"),
        ("cost", "number", "cost to serve a year, now"),
        ("net", "number", "margin less cost, a year, now"),
        ("p_alive", "number", "probability that it has not dropped out"),
        ("prospect_purchases", "number", "expected discounted purchases until the horizon"),
        ("prospect_margin", "number", "their expected margin"),
        ("prospect_cost", "number", "expected discounted cost to serve, while it lasts"),
        ("prospect", "number", "expected margin less cost until the horizon, discounted"),
        ("prospect_sd", "number", "standard deviation of that, chance and fit together"),
        ("prospect_sd_chance", "number", "because of the customer's own chance"),
        ("prospect_sd_fit", "number", "because the parameters are estimates; null where they are taken as known"),
        ("prospect_low", "number", "5 % point"),
        ("prospect_high", "number", "95 % point"),
        ("prospect_p_loss", "number", "probability that it will cost more than it returns"),
        ("flags", "text", "what to know before using the row; several are joined by ;"),
    )  # fmt: skip

    def __init__(
        self,
        now: dict[str, np.ndarray],
        ahead: dict[str, np.ndarray],
        status: tuple[Any, ...],
        told: list[str],
        asked: _Asked,
        kind: Any,
        metadata: dict[str, str],
        last: int,
    ) -> None:
        super().__init__(status, kind, metadata)
        self._now, self._ahead, self._told, self._asked, self._last = now, ahead, told, asked, last
        self._table = self._made()

    def __len__(self) -> int:
        return len(self._now["relationship"])

    def _columns(self) -> dict[str, Any]:
        return self._table

    def _made(self) -> dict[str, Any]:
        now, ahead = self._now, self._ahead
        made: dict[str, Any] = {
            name: now[name] for name in ("relationship", "margin", "cost", "net")
        }
        made["p_alive"] = ahead["p_alive"]
        for name in _AHEAD[1:]:
            made["prospect" if name == "net" else f"prospect_{name}"] = ahead[name]
        forecast = self.status.usable
        flags = {
            "costs_more_now": now["net"] < 0,
            "costs_more_in_prospect": ahead["net"] < 0,
            "too_new": now["too_new"],
            "margin_unstated": now["margin_unstated"],
            "no_purchase": ~now["bought"],
            "no_amount": ahead["no_value"],
            "no_mean": ahead["no_mean"],
            "no_variance": forecast & ~np.isnan(ahead["net"]) & np.isnan(ahead["sd"]),
        }
        text = np.full(len(self), "", object)
        for word, rows in flags.items():
            text[rows] = [f"{had};{word}" if had else word for had in text[rows]]
        text[text == ""] = None
        made["flags"] = text
        return {name: made[name] for name, _, _ in self.COLUMNS}

    @property
    def costs_more_now(self) -> list[str]:
        """Who costs more a year than it returns, the greatest loss first."""
        return self._losing("net")

    @property
    def costs_more_in_prospect(self) -> list[str]:
        """Who is expected to cost more than it will return, the greatest loss first."""
        return self._losing("prospect")

    def _losing(self, name: str) -> list[str]:
        net = self._table[name]
        rows = np.flatnonzero(net < 0)
        return self._table["relationship"][rows[np.argsort(net[rows], kind="stable")]].tolist()

    def margins_by_rung(
        self, policy: Policy, lapse_after_cycles: float
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Mean net a month of who stands on each rung today, and the variance of that mean, for :func:`by_rung`.

        Who has not bought for so many purchase cycles is lapsed, who brings and costs nothing. A rung on which nobody
        with a known net stands has the mean of the next lower one that has, and 0 below
        all of those.

        Parameters
        ----------
        policy
            The policy that names the rungs and has the purchase cycle.
        lapse_after_cycles
            Purchase cycles, as of :func:`loyalty.dynamics.transitions`.

        Returns
        -------
        tuple of dict
            By the name of a rung. Raises ValueError where no net is known.
        """
        now = self._now
        quiet = lapse_after_cycles * policy._core.purchase_cycle_days * DAY
        bought = now["last_purchase"] != NO_TIME
        active = ~(bought & (now["last_purchase"] < self._last - quiet)) & np.isfinite(now["net"])
        if not active.any():
            raise ValueError("what relationships return and cost is not known")
        means, variances = {}, {}
        below = [0.0, 0.0]
        for label in policy.labels:
            net = now["net"][active & (now["rung"] == label)] / 12
            if net.size:
                below[0] = math.fsum(net.tolist()) / net.size
            if net.size > 1:
                below[1] = float(np.var(np.sort(net), ddof=1)) / net.size
            means[label], variances[label] = below
        return means, variances

    @property
    def sentence(self) -> str:
        """What the numbers rest on: where margins come from, and how the fits ended."""
        return " ".join([*self._told, self.status.sentence])

    def summary(self) -> str:
        """Who costs more than it returns, now and in prospect, the money involved, and what that rests on."""
        table = self._table
        rows = []
        for words, name in (
            ("now, a year", "net"),
            (f"in prospect, {_span(self._asked)}", "prospect"),
        ):
            net = table[name]
            known = np.isfinite(net)
            if not known.any():
                continue
            lose = net < 0
            rows.append([
                words, f"{known.sum():,}", f"{lose.sum():,}",
                f"{math.fsum(net[lose].tolist()):,.2f}", f"{math.fsum(net[known].tolist()):,.2f}",
            ])  # fmt: skip
        head = [
            self._losers_told(name, words)
            for name, words in (("net", "now"), ("prospect", "in prospect"))
            if np.isfinite(table[name]).any()
        ]
        body = grid(["", "known", "cost more", "they lose", "all together"], rows) if rows else []
        shown = ("margin", "cost", "net", "prospect", "prospect_sd")
        worst = [
            [str(table["relationship"][i]), *(_money(table[name][i]) for name in shown)]
            for i in np.argsort(np.where(np.isnan(table["net"]), np.inf, table["net"]), kind="stable")[:5]
            if table["net"][i] < 0
        ]  # fmt: skip
        listed = (
            grid(["lose most now", "margin", "cost", "net", "prospect", "sd"], worst)
            if worst
            else []
        )
        notes = self._notes()
        return page(
            f"Value by relationship as of {date_text(self._last)}",
            [line for told in head for line in wrapped(told)]
            or ["  Nothing is known of margins and costs."],
            body,
            listed,
            wrapped(" ".join(notes)) if notes else [],
            wrapped(self.sentence),
        )

    def _losers_told(self, name: str, words: str) -> str:
        net = self._table[name]
        known, lose = int(np.isfinite(net).sum()), int((net < 0).sum())
        verb = "costs more than it returns" if lose == 1 else "cost more than they return"
        lost = math.fsum(net[net < 0].tolist())
        money = f", together {-lost:,.2f}{' a year' if name == 'net' else ''}" if lose else ""
        return f"{lose:,} of {counted(known, 'relationship')} {verb} {words}{money}."

    def _notes(self) -> list[str]:
        now, notes = self._now, []
        for rows, words in (
            (now["too_new"], "known for less than a month: no yearly rate"),
            (now["margin_unstated"], "bought without a known margin"),
            (~now["bought"], "never bought: no prospect"),
            (
                self._ahead["no_mean"],
                "bought too seldom for spend as uneven as here to have a mean: no prospect",
            ),
        ):
            if rows.any():
                notes.append(f"{counted(int(rows.sum()), 'relationship')} {words}.")
        if len(self) and not (now["cost"] > 0).any():
            notes.append(
                "The log states no cost to serve: nobody can cost more than it returns but by returns."
            )
        return notes

    def __repr__(self) -> str:
        return f"RelationshipValue({counted(len(self), 'relationship')}, {self.status.end})"


def _money(value: float) -> str:
    return "" if value != value else f"{value:,.2f}"


def _span(asked: _Asked) -> str:
    count = asked.horizon.count
    unit = asked.horizon.unit if count == 1 else f"{asked.horizon.unit}s"
    return f"{count:g} {unit} at {asked.discount.rate:.4g} a {asked.discount.per}"
