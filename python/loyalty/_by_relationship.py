# SPDX-License-Identifier: MIT
"""What each relationship returns and costs, now and in prospect."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from loyalty import _core, frames, purchase
from loyalty._dates import DAY, check_zone, instant
from loyalty._events import NO_TIME, event_columns, native_columns
from loyalty._fits import DiscountRate
from loyalty._relationship_value import AHEAD, RelationshipValue
from loyalty._states import counted
from loyalty.policy import Policy
from loyalty.portfolio import Portfolio, Result

__all__ = ["by_relationship"]

YEAR_SECONDS: float = _core.purchase_seconds_in("year")


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
    columns, kind = event_columns(events, zone), native_columns(events)[1]
    portfolio, found = _core.fold_purchases(columns, policy._core, last)
    result = Portfolio._of(portfolio, policy).assess(last, intervals=False)
    bought = _Bought(**found)
    now = _now(bought, result, policy, margin, last)
    ahead, status, told = _ahead(bought, asked, now, last, zone)
    chosen = kind if kind in get_args(frames.Kind) else "pandas"
    return RelationshipValue(now, ahead, status, told, asked.span, chosen, result.metadata, last)


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

    @property
    def span(self) -> str:
        """How far ahead, and at which rate."""
        count = self.horizon.count
        unit = self.horizon.unit if count == 1 else f"{self.horizon.unit}s"
        return f"{count:g} {unit} at {self.discount.rate:.4g} a {self.discount.per}"


@dataclass
class _Bought:
    """The purchases that the fold of a log counts, and by relationship what was ever bought."""

    first: np.ndarray  # first purchase of each relationship, and one past the last purchase
    time: np.ndarray
    amount: np.ndarray
    margin: np.ndarray
    ever: np.ndarray  # also what was given back afterwards
    with_amount: np.ndarray
    with_margin: np.ndarray
    sales: np.ndarray  # amounts bought less amounts returned, decayed as margins are

    @property
    def counts(self) -> np.ndarray:
        """Purchases of each relationship that it kept."""
        return np.diff(self.first)

    @property
    def states_margins(self) -> bool:
        return bool(self.with_margin.any())

    @property
    def pooled_share(self) -> float | None:
        """Margin per value of the purchases that state both."""
        both = np.isfinite(self.margin) & np.isfinite(self.amount)
        value = math.fsum(self.amount[both].tolist())
        return math.fsum(self.margin[both].tolist()) / value if value > 0 else None


def _now(
    bought: _Bought, result: Result, policy: Policy, share: float | None, last: int
) -> dict[str, np.ndarray]:
    """Yearly rates of margin and cost, and flags."""
    half_life = policy._core.half_life_days
    first = result.column("first_event").astype(float)
    known = np.where(result.column("first_event") == NO_TIME, np.nan, (last - first) / YEAR_SECONDS)
    # Margins that nobody states are the share of what is bought less returns.
    shared = share is not None and not bought.states_margins
    money = share * bought.sales if shared else result.column("margin").copy()
    # Who has bought, but never with a margin, has an unknown one, and not none.
    stated = bought.with_amount if shared else bought.with_margin
    unstated = (bought.ever > 0) & (stated == 0)
    money[(bought.ever == 0) & np.isnan(money)] = 0.0
    money[unstated] = np.nan
    rates = [
        _core.value_yearly_rate(column, known, half_life[name] * DAY / YEAR_SECONDS)
        for name, column in (("margin", money), ("cost", result.column("cost")))
    ]
    cost = np.maximum(rates[1], 0.0)  # what was taken back may leave less than nothing
    return {
        "relationship": result.column("relationship"),
        "margin": rates[0],
        "cost": cost,
        "net": rates[0] - cost,
        "rung": result.column("rung"),
        "last_purchase": result.column("last_purchase"),
        "too_new": ~(known >= _core.value_least_known_years),
        "bought": bought.counts > 0,
        "margin_unstated": unstated,
    }


def _ahead(
    bought: _Bought, asked: _Asked, now: dict[str, np.ndarray], last: int, zone: str | None
) -> tuple[dict[str, np.ndarray], tuple[Any, ...], list[str]]:
    """The prospect of each relationship, the status, and what it rests on."""
    names = now["relationship"]
    none = {name: np.full(len(names), np.nan) for name in AHEAD}
    none["no_value"], none["no_mean"] = np.zeros((2, len(names)), bool)
    told = [_margins_told(bought, asked.margin)]

    def without(why: str, end: str = "too_little_data") -> Any:
        return none, (end, f"No prospect: {why}", 0, 0, 0.0), told

    share = asked.margin if asked.margin is not None else bought.pooled_share
    if share is None:
        return without(
            "no margin is known. State margins of purchases, or give margin=, the part of their value."
        )
    if not 0 < share <= 1:
        return without(
            f"margins are {100 * share:.3g} % of the value of the purchases that state them; give margin=."
        )
    if not len(bought.time):
        return without("nobody has bought.")
    unit = "week" if asked.model is None else str(asked.model.unit)
    who = np.repeat(np.arange(len(names)), bought.counts)
    table = {"customer": who, "time": bought.time, "amount": bought.amount}
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
    rows = known.customer
    x, t_x, T = (np.asarray(c, float) for c in (known.x, known.t_x, known.T))  # noqa: N806
    rate = asked.discount
    horizon = float(asked.horizon.count) * _core.purchase_units_in(asked.horizon.unit, unit)
    found = _core.value_prospects(
        model.values(), unit, money.values(), x, t_x, T, mean, now["cost"][rows], horizon,
        rate.rate, rate.per, rate.continuous, share,
        model._usable_covariance(), money._usable_covariance(),
    )  # fmt: skip
    for name in AHEAD:
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


def _margins_told(bought: _Bought, share: float | None) -> str:
    stated = int(np.isfinite(bought.margin).sum())
    if bought.states_margins:
        return f"Margins are those that the log states, of {stated:,} of {counted(len(bought.time), 'purchase')}."
    if share is not None:
        return f"The log states no margins: they are {100 * share:.3g} % of what was bought less returns."
    return "The log states no margins: what relationships return is not known without margin=."
