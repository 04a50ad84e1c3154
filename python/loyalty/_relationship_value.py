# SPDX-License-Identifier: MIT
"""The result of value by relationship: columns, flags, and what a person reads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from loyalty._dates import DAY, date_text
from loyalty._events import NO_TIME
from loyalty._fits import Learned
from loyalty._states import counted, grid, page, wrapped
from loyalty.policy import Policy

__all__ = ["AHEAD", "RelationshipValue"]

#: What is computed of the time to come, in the order of the columns.
AHEAD = (
    "p_alive", "purchases", "margin", "cost", "net", "sd", "sd_chance", "sd_fit", "low", "high", "p_loss",
)  # fmt: skip


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
        span: str,
        kind: Any,
        metadata: dict[str, str],
        last: int,
    ) -> None:
        super().__init__(status, kind, metadata)
        self._now, self._ahead, self._told, self._span, self._last = now, ahead, told, span, last
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
        for name in AHEAD[1:]:
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
            (f"in prospect, {self._span}", "prospect"),
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
            (~now["bought"], "without a purchase: no prospect"),
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
