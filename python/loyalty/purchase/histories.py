# SPDX-License-Identifier: MIT
"""What the models need to know of each customer, from orders or events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from loyalty import _core, frames
from loyalty._dates import CALENDAR, DAY, check_zone, date_text, instant
from loyalty._events import _frames_at_hand, _numbers, _plain, native_columns
from loyalty.frames import number_or_array
from loyalty.orders import _days, _identities, _last_second, _moments
from loyalty.purchase.durations import Numbers, known_unit, scaled

__all__ = ["Histories", "histories"]


@dataclass(frozen=True, eq=False)
class Histories:
    """One row for each customer, as the models take it; made by :func:`histories`, or from columns that exist already.

    Parameters
    ----------
    x
        Repeat purchases: those after the first; 0, 1, 2, ...
    t_x
        When the last of them came, counted from the first purchase, in `unit`; 0 where there is none.
    T
        When observation ended, counted from the first purchase, in `unit`.
    unit
        "hour", "day", "week", "month" or "year". Without one, models take plain numbers for times.
    mean_value
        Mean value of the repeat purchases, for :class:`GammaGamma`; null where there are none.
    customer
        Who it is; row numbers without.
    weight
        How many customers a row stands for; 1 each without.
    end
        UTC second of the end of observation, where the histories come from dated purchases.
    """

    x: Numbers
    t_x: Numbers
    T: Numbers
    unit: str | None = None
    mean_value: Numbers = None
    customer: Any = None
    weight: Numbers = None
    end: int | None = None
    #: What became of the rows of the table: read, and of these joined, after_end, set_aside by reason.
    books: dict[str, Any] = field(default_factory=dict, repr=False)
    dated: Any = field(default=None, repr=False)
    kind: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        known_unit(self.unit)
        rows = {
            np.size(number_or_array(v, n))
            for n, v in (("x", self.x), ("t_x", self.t_x), ("T", self.T))
        }
        if len(rows) > 1:
            raise ValueError(f"x, t_x and T differ in length: {sorted(rows)}")

    def __len__(self) -> int:
        return int(np.size(number_or_array(self.x, "x")))

    def __repr__(self) -> str:
        unit = f" in {self.unit}s" if self.unit else ""
        end = f" until {date_text(self.end)}" if self.end is not None else ""
        return f"Histories({len(self):,} customers{unit}{end})"

    def in_unit(self, unit: str) -> Histories:
        """The same histories with times in another `unit`. Raises TypeError where these have none."""
        known_unit(unit)
        if self.unit is None:
            raise TypeError(
                "these histories have no unit: state it when they are made, unit='week'"
            )
        factor = _core.purchase_units_in(self.unit, unit)
        return replace(self, t_x=scaled(self.t_x, factor), T=scaled(self.T, factor), unit=unit)

    def frame(self, kind: frames.Kind | None = None) -> Any:
        """A table of customer, x, t_x, T and, where known, mean_value and weight.

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        return self.table({}, kind)

    def table(self, more: dict[str, Any], kind: str | None = None) -> Any:
        """The table of `frame` with `more` columns, of a `kind` of frame."""
        columns = {"customer": np.arange(len(self)) if self.customer is None else self.customer}
        for name in ("x", "t_x", "T", "mean_value", "weight"):
            value = getattr(self, name)
            if value is not None:
                columns[name] = np.asarray(number_or_array(value, name))
        return frames.to_frame(columns | more, kind=kind or self.kind or _frames_at_hand())


def histories(
    orders: Any,
    *,
    customer: str = "relationship",
    time: str = "time",
    amount: str | None = None,
    end: Any,
    unit: str = "week",
    one_per: str | None = "day",
    zone: str | None = None,
) -> Histories:
    """One row for each customer of a table of orders, or of an event log.

    Parameters
    ----------
    orders
        A pandas, polars or pyarrow frame, or a dict of columns; one row an order or order line. Where it has a column
        `kind`, it is an event log and only rows with the kind "purchase" count.
    customer, time, amount
        Names of its columns. Without `amount` there is no mean value.
    end
        The date on which observation ended, included. It must be stated: the newest order says when somebody bought
        last, not when you stopped looking, and silence in between is what tells the lost from the loyal.
    unit
        What times are counted in: "hour", "day", "week", "month" (365/12 days) or "year" (365 days).
    one_per
        "day": orders of one customer on one day are one purchase and times are whole days, as the models suppose.
        None: every second with an order is a purchase.
    zone
        The zone of naive times, such as "Europe/London"; days begin and end in it.

    Returns
    -------
    Histories
        By customer. The mean value is that of the repeat purchases, without the first. `books` says what became of
        the rows: joined to another purchase, after the end, or set aside (without customer or date, with an amount
        that is negative or not finite: leave out what was given back, or net it, before).

    Raises
    ------
    ValueError
        For a missing column, naive times without a zone, another unit, or a table without any purchase by the end.
    """
    native, kind = native_columns(orders)
    for role, name in (("customer", customer), ("time", time), ("amount", amount)):
        if name is not None and name not in native:
            raise ValueError(
                f"no column '{name}' for {role}; there are {', '.join(map(str, native))}"
            )
    if one_per not in ("day", None):
        raise ValueError(f"one_per = {one_per!r}: allowed are 'day' and None")
    known_unit(unit)
    check_zone(zone)
    who, which = _identities(_plain(native[customer]))
    when = _moments(time, native[time], zone)
    money = None if amount is None else np.ascontiguousarray(_numbers(amount, native[amount]))
    counted = np.ones(len(when), bool)
    if "kind" in native:
        counted = np.asarray(_plain(native["kind"]) == "purchase", dtype=bool)
    last = instant(end, zone)
    dated = (when >= CALENDAR[0]) & (when <= CALENDAR[1])
    sound = counted & dated & (which >= 0)
    aside = {
        "no_customer": int((counted & (which < 0)).sum()),
        "no_time": int((counted & ~dated & (which >= 0)).sum()),
    }
    if money is not None:
        fit = np.isnan(money) | (np.isfinite(money) & (money >= 0))
        aside["bad_amount"] = int((sound & ~fit).sum())
        sound &= fit
    rows = np.flatnonzero(sound)
    times = when[rows]
    if one_per == "day":
        whole_day = _last_second(int(_days(np.array([last]), zone)[0]), zone) == last
        late = times > last
        times = _days(times, zone)
        stop = int(_days(np.array([last]), zone)[0])
        if not whole_day:  # the end lies within a day: what came later on that day does not count
            times = np.where(late, np.maximum(times, stop + 1), times)
    else:
        stop = last
    counts = _core.purchase_seconds_in(unit) / (DAY if one_per == "day" else 1)
    made = _core.purchase_histories(
        np.ascontiguousarray(which[rows], dtype=np.int64),
        np.ascontiguousarray(times, dtype=np.int64),
        None if money is None else np.ascontiguousarray(money[rows]),
        stop,
        counts,
    )
    if not len(made["x"]):
        raise ValueError(f"no purchase by the end of observation, {date_text(last)}")
    names = np.empty(int(which.max()) + 1, dtype=who.dtype)
    names[which[rows]] = who[rows]
    return Histories(
        x=made["x"],
        t_x=made["t_x"],
        T=made["T"],
        unit=unit,
        mean_value=made["mean_value"],
        customer=names[made["customer"]],
        end=last,
        books={
            "read": len(when),
            "not_purchases": int((~counted).sum()),
            "joined": made["joined"],
            "after_end": made["after_end"],
            "set_aside": {name: count for name, count in aside.items() if count},
        },
        dated=Dated(made["first"], made["repeat_customer"], made["repeat_time"], stop, counts, zone, one_per),
        kind=kind if kind in ("pandas", "polars", "pyarrow", "dict") else "",
    )  # fmt: skip


class Dated(NamedTuple):
    """When the purchases were made, in days or seconds."""

    first: np.ndarray
    repeat_customer: np.ndarray
    repeat_time: np.ndarray
    end: int
    counts_in_unit: float
    zone: str | None
    one_per: str | None

    def second(self, count: np.ndarray) -> np.ndarray:
        """Last UTC second of each day, or the second itself."""
        if self.one_per is None:
            return count
        return np.array([_last_second(int(day), self.zone) for day in count], dtype=np.int64)
