# SPDX-License-Identifier: MIT
"""What relationships are worth: the third answer beside rung and quality, never mixed into them."""

from __future__ import annotations

from typing import Any

import numpy as np

from loyalty._by_relationship import by_relationship
from loyalty._fits import DiscountRate, Estimate, Learned
from loyalty._relationship_value import RelationshipValue
from loyalty._states import grid, page, state_numbers, whole_number, wrapped
from loyalty.dynamics import Transitions

__all__ = ["RelationshipValue", "RungValue", "by_relationship", "by_rung"]


def by_rung(
    moves: Transitions,
    margins: Any,
    *,
    discount: DiscountRate,
    margin_variance: Any = None,
    periods: int | None = None,
) -> RungValue:
    """What a relationship is worth from now on, by the rung on which it stands (Pfeifer and Carraway, 2000).

    V = (I - dP)^-1 m, or the sum of the margins of this period and the next `periods`.

    Parameters
    ----------
    moves
        :func:`loyalty.dynamics.transitions`, for money with `lapse_after_cycles`.
    margins
        Margin of a relationship per period of the chain (mostly a month), by state: a mapping of names to numbers
        (others 0), or a number for each state.
    discount
        A :class:`loyalty.DiscountRate`, of whatever period.
    margin_variance
        Variance of each mean margin (its squared standard error), likewise; none without it.
    periods
        The last period that counts, 0 for this one alone; all without it.

    Returns
    -------
    RungValue
        With the uncertainty of the moves and of the margins.

    Examples
    --------
    >>> from loyalty import DiscountRate
    >>> chain = Transitions.known([[0.8, 0.2], [0, 1]], states=["client", "lapsed"], period="year")
    >>> found = by_rung(chain, {"client": 100}, discount=DiscountRate(0.1, per="year"))
    >>> round(found.of("client").value, 2)
    366.67
    """
    if not isinstance(moves, Transitions):
        raise TypeError(f"moves: needs transitions of a chain, not {type(moves).__name__}")
    if not isinstance(discount, DiscountRate):
        raise TypeError(
            f"discount = {discount!r}: needs a rate with its period, such as DiscountRate(0.15, per='year')"
        )
    money = state_numbers(margins, moves.states, "margins")
    variance = (
        np.zeros(0)
        if margin_variance is None
        else state_numbers(margin_variance, moves.states, "margin_variance")
    )
    last = None if periods is None else whole_number(periods, "periods")
    made = moves._chain.value(money, variance, discount.factor(moves.period), last, moves.today)
    return RungValue(made, moves, money, discount, last)


class RungValue(Learned):
    """What a relationship is worth from now on, by state."""

    COLUMNS = (
        ("state", "text", "rung, or lapsed"),
        ("margin", "number", "of one period, as given"),
        ("value", "number", "discounted margins from this period on"),
        ("sd", "number", "because moves and margins are not known exactly"),
        ("low", "number", "5 % point"),
        ("high", "number", "95 % point"),
    )

    def __init__(
        self,
        made: dict[str, Any],
        of: Transitions,
        margins: np.ndarray,
        discount: DiscountRate,
        periods: int | None,
    ) -> None:
        super().__init__(made["status"], of._kind, of._metadata)
        self._made, self._of, self._margins = made, of, margins
        self._discount, self._periods = discount, periods

    def of(self, state: str) -> Estimate:
        """The value of one state by its name; LookupError where there is none of that `state`."""
        if state not in self._of.states or not self._made["values"].shape[1]:
            raise KeyError(f"no value of {state!r}: {self.status.sentence}")
        return Estimate(*self._made["values"][:, self._of.states.index(state)].tolist())

    @property
    def total(self) -> Estimate | None:
        """The value of all relationships of today; None where their number is not known."""
        found = self._made["total"]
        return None if found is None else Estimate(*found)

    @property
    def covariance(self) -> np.ndarray:
        """Of the values, in the order of the states."""
        return self._made["covariance"]

    def _columns(self) -> dict[str, Any]:
        value, sd, low, high = self._made["values"]
        rows = len(value)
        return {
            "state": np.array(self._of.states[:rows], object),
            "margin": self._margins[:rows],
            "value": value,
            "sd": sd,
            "low": low,
            "high": high,
        }

    def summary(self) -> str:
        """Margin, value and interval of each state, and of all together."""
        columns = self._columns()
        rows = [
            [state, f"{m:,.2f}", f"{v:,.2f}", f"{low:,.2f} to {high:,.2f}"]
            for state, m, v, low, high in zip(
                *(columns[name] for name in ("state", "margin", "value", "low", "high")),
                strict=True,
            )
        ]
        if rows and self.total is not None:
            total = self.total
            rows.append(
                ["all", "", f"{total.value:,.2f}", f"{total.low:,.2f} to {total.high:,.2f}"]
            )
        span = (
            ""
            if self._periods is None
            else f", this {self._of.period} and the next {self._periods}"
        )
        table = grid(["", f"a {self._of.period}", "value", "5-95 %"], rows) if rows else []
        return page(
            f"Value by rung at {self._discount.rate:.4g} a {self._discount.per}{span}",
            table,
            wrapped(self.status.sentence),
        )

    def __repr__(self) -> str:
        return f"RungValue({len(self._of.states)} states, {self.status.end})"
