# SPDX-License-Identifier: MIT
"""Spans of time and discount rates that know their unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from loyalty import _core
from loyalty._fits import DiscountRate
from loyalty.frames import number_or_array

__all__ = ["DiscountRate", "Duration", "days", "hours", "months", "weeks", "years"]

#: A number, or a column of them: a pandas or polars Series, a pyarrow or NumPy array, a list. None is null.
Numbers: TypeAlias = Any

UNITS: tuple[str, ...] = _core.time_unit_names[1:]


@dataclass(frozen=True, eq=False)
class Duration:
    """A span of time that knows its unit: made by `hours`, `days`, `weeks`, `months` (365/12 days), `years` (365 days).

    Parameters
    ----------
    count
        How many units: a number, or a column of them.
    unit
        "hour", "day", "week", "month" or "year".
    """

    count: Numbers
    unit: str

    def __post_init__(self) -> None:
        known_unit(self.unit)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Duration):
            return NotImplemented
        return self.unit == other.unit and bool(np.array_equal(self.count, other.count))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.unit}s({self.count!r})"


def hours(count: Numbers) -> Duration:
    """So many hours: `count` is a number or a column."""
    return Duration(count, "hour")


def days(count: Numbers) -> Duration:
    """So many days: `count` is a number or a column."""
    return Duration(count, "day")


def weeks(count: Numbers) -> Duration:
    """So many weeks: `count` is a number or a column."""
    return Duration(count, "week")


def months(count: Numbers) -> Duration:
    """So many months of 365/12 days: `count` is a number or a column."""
    return Duration(count, "month")


def years(count: Numbers) -> Duration:
    """So many years of 365 days: `count` is a number or a column."""
    return Duration(count, "year")


def known_unit(unit: str | None) -> str | None:
    if unit is not None and unit not in UNITS:
        raise ValueError(f"unit = {unit!r}: known are {', '.join(UNITS)}")
    return unit


def scaled(count: Numbers, factor: float) -> Numbers:
    if factor == 1:
        return count
    if isinstance(count, int | float | np.number) or hasattr(count, "__array_ufunc__"):
        return count * factor
    return np.asarray(number_or_array(count, "count"), dtype=float) * factor


def time_in(value: Any, name: str, unit: str | None) -> Numbers:
    """A time in a model's unit; what has no unit where the model has one, or the reverse, is refused."""
    if isinstance(value, Duration):
        if unit is None:
            raise TypeError(
                f"{name} is {value!r} and this model's time has no unit: write a plain number in the unit of its "
                "parameters, or state that unit when the model is made, unit='week'"
            )
        return scaled(value.count, _core.purchase_units_in(value.unit, unit))
    if unit is not None and not (isinstance(value, float) and math.isinf(value)):
        shown = repr(value) if isinstance(value, int | float) else "..."
        raise TypeError(
            f"{name} is a plain number and this model's time runs in {unit}s: write {unit}s({shown}), or days(...), "
            "weeks(...), years(...) from loyalty.purchase"
        )
    return value


def words(unit: str | None) -> str:
    return f"{unit}s" if unit else "plain numbers"
