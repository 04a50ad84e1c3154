# SPDX-License-Identifier: MIT
"""What results that were learned from data have in common: how the fit ended, an estimate, a discount rate."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, NamedTuple

from loyalty import _core, frames

__all__ = ["DiscountRate", "Estimate", "FitStatus", "Learned"]


@dataclass(frozen=True)
class FitStatus:
    """How a fit ended, for programs and in a sentence for people."""

    #: "converged", "boundary", "not_identified", "too_little_data" or "stopped".
    end: str
    #: What it means for these data, and what to do.
    sentence: str
    #: Accepted steps.
    iterations: int = 0
    #: Calls of the likelihood.
    evaluations: int = 0
    #: What another step is expected to add to the log-likelihood.
    remaining: float = 0.0

    @property
    def usable(self) -> bool:
        """Whether there are numbers to use: a maximum, in or on the bounds."""
        return self.end in ("converged", "boundary")

    def __str__(self) -> str:
        return self.sentence


class Estimate(NamedTuple):
    """A number with its uncertainty; NaN where something is not known, an infinite end where there is no limit.

    Attributes
    ----------
    value
        The number itself: the mean of what it may be, or the one that fits the data best.
    sd
        Its standard deviation; NaN where only the ends are known.
    low, high
        The 5 and 95 % points.
    """

    value: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class DiscountRate:
    """A discount rate with its period: money that comes one period later is worth 1 / (1 + rate) of money now.

    Parameters
    ----------
    rate
        A share above -1: 0.15 for 15 %.
    per
        "hour", "day", "week", "month", "quarter" or "year". Only for purchase models without a unit it is left out:
        the period is then one of their own time.
    continuous
        Whether `rate` is the force of interest itself, as the 0.0027 a week of Fader, Hardie and Lee (2005): money
        that comes one period later is then worth e^-rate.

    Examples
    --------
    >>> round(DiscountRate(0.15, per="year").factor("month"), 6)
    0.988421
    """

    rate: float
    per: str | None = None
    continuous: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.rate, bool) or not isinstance(self.rate, int | float):
            raise TypeError(f"rate = {self.rate!r}: needs a number such as 0.15")
        if self.per is not None and not isinstance(self.per, str):
            raise TypeError(
                f"per = {self.per!r}: needs one of {', '.join(_core.rate_period_names)}"
            )
        # says what is wrong
        _core.discount_factor(self.rate, self.per or "year", self.continuous, 0.0)

    def factor(self, period: str | float) -> float:
        """What 1 that comes one `period` from now is worth now; a number is one of days."""
        if self.per is None:
            raise TypeError(f"{self!r} has no period: state one, such as per='year'")
        if isinstance(period, str):
            return _core.discount_factor_of_period(self.rate, self.per, self.continuous, period)
        return _core.discount_factor(self.rate, self.per, self.continuous, float(period))

    def force(self, unit: str | None) -> float:
        """The force of interest in one `unit` of time; None for a model's own time, which has no unit."""
        return _core.purchase_force_of_interest(
            self.rate, self.per or "unstated", self.continuous, unit or "unstated"
        )


class Learned:
    """A result that was learned from data: a table, a text, a status."""

    #: Name, type and meaning of the columns of `to_frame`.
    COLUMNS: tuple[tuple[str, str, str], ...] = ()

    def __init__(self, status: tuple[Any, ...], kind: Any, metadata: dict[str, str]) -> None:
        self._status = FitStatus(*status)
        self._kind = kind
        self._metadata = metadata

    @property
    def status(self) -> FitStatus:
        """How the fit ended."""
        return self._status

    @property
    def metadata(self) -> dict[str, str]:
        """What is stamped on every output: version, and where they are known last date and policy."""
        return {"loyalty.version": _core.__version__, **self._metadata}

    def _columns(self) -> dict[str, Any]:
        raise NotImplementedError

    def to_frame(self, kind: frames.Kind | None = None) -> Any:
        """The table, of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".

        Without rows where there is too little data; `status` says why.
        """
        times = {name for name, type_, _ in self.COLUMNS if type_ == "time"}
        return frames.to_frame(self._columns(), times, kind or self._kind, metadata=self.metadata)

    def summary(self) -> str:
        """The result as text, 80 columns."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"
