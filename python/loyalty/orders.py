# SPDX-License-Identifier: MIT
"""An orders table, scored in one line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from loyalty._dates import CALENDAR, DAY, ahead_of_utc, check_zone, instant
from loyalty._events import NO_TIME, _numbers, _plain, native_columns, times
from loyalty.policy import Policy
from loyalty.portfolio import Portfolio, Result

__all__ = ["from_orders"]

#: An amount above this many minor units is for the fold to refuse.
LARGEST = 10**12


def from_orders(
    orders: Any,
    *,
    customer: str,
    time: str,
    amount: str | None = None,
    as_of: Any = None,
    policy: Policy | None = None,
    zone: str | None = None,
    per_day: bool = True,
) -> Result:
    """Scores an orders table: who stands on which rung, as of the end of the newest row's day unless told otherwise.

    Args:
        orders: a pandas, polars or pyarrow frame, or a dict of NumPy columns; one row an order or order line.
        customer, time, amount: names of its columns. Amounts are in major units and not negative: what was given back
            is a `return`, which an event log or a mapping can tell.
        as_of: date of the assessment, its last second; rows after it are left out.
        policy: a :class:`Policy`; all defaults where left out.
        zone: the zone of naive times, such as "Europe/London"; days begin and end in it. Without one, days are those of
            UTC, and naive times are taken only where every one is a whole day, as in a column of dates.
        per_day: joins a customer's orders of one day to one purchase at the time of the first, as purchase models
            assume.

    ``result.portfolio.books`` accounts for every row of the table: scored; skipped as ``joined`` (to another purchase
    of that day) or ``after_as_of``; or set aside with a code: without customer or time, or with an amount that is
    negative, infinite, too large or too small to count. Its ``rejects`` hold their positions in the table. Raises
    ValueError for a missing column, naive times without a zone, or a table without any dated row.
    """
    native, kind = native_columns(orders)
    for role, name in (("customer", customer), ("time", time), ("amount", amount)):
        if name is not None and name not in native:
            raise ValueError(
                f"no column '{name}' for {role}; there are {', '.join(map(str, native))}"
            )
    check_zone(zone)
    policy = policy or Policy()
    who, which = _identities(_plain(native[customer]))
    when = _moments(time, native[time], zone)
    money = np.full(len(when), np.nan) if amount is None else _numbers(amount, native[amount])
    dated = (when >= CALENDAR[0]) & (when <= CALENDAR[1])
    if not dated.any():
        raise ValueError(f"column '{time}' has no dates to score")
    day = _days(when, zone)
    until = _last_second(int(day[dated].max()), zone) if as_of is None else instant(as_of, zone)
    seen = when <= until
    if not (dated & seen).any():
        raise ValueError(f"all rows lie after the as-of date {as_of}")

    # What is unfit goes to the fold as it is, which names the reason; the others become purchases.
    scale = 10.0**policy._core.minor_digits
    with np.errstate(over="ignore"):
        minor = np.rint(money * scale)
    fit = np.isnan(money) | (money == 0) | ((minor >= 1) & (minor <= LARGEST))
    fit &= seen & dated & (which >= 0)
    sound = np.flatnonzero(fit)
    order = sound[np.lexsort((money[sound], when[sound], day[sound], which[sound]))]
    same = np.zeros(len(order), dtype=bool)
    if per_day:
        same[1:] = (which[order][1:] == which[order][:-1]) & (day[order][1:] == day[order][:-1])
    first = np.flatnonzero(~same)
    rows = np.concatenate([order[first], np.flatnonzero(seen & ~fit)])
    columns = {
        "relationship": who[rows],
        "time": when[rows],
        "kind": np.full(len(rows), "purchase", dtype=object),
    }
    if amount is not None:
        total = np.add.reduceat(np.nan_to_num(minor[order]), first) if len(first) else []
        columns["amount"] = np.concatenate([np.divide(total, scale), money[rows[len(first) :]]])

    portfolio = Portfolio(policy, landmark=until if policy._core.landmark is None else None)
    found = portfolio.apply(columns).rejects
    portfolio._count_before(
        {"joined": int(same.sum()), "after_as_of": int((~seen).sum())},
        {"row": rows[found["row"]], "code": found["code"]},
    )
    portfolio._answer_as(kind)
    return portfolio.assess(until)


def _identities(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Identifiers as the fold takes them, and a number for each customer, -1 where there is none."""
    if column.dtype.kind == "u":
        fits = column.size == 0 or int(column.max()) <= np.iinfo(np.int64).max
        column = column.astype(np.int64 if fits else object)
    if column.dtype.kind == "i":
        return column, np.unique(column, return_inverse=True)[1]
    if column.dtype.kind == "f":
        whole = column == np.floor(column)
        return column, np.where(whole, np.unique(column, return_inverse=True)[1], -1)
    who = np.array([_identity(item) for item in column.tolist()], dtype=object)
    numbers: dict[Any, int] = {}
    which = (numbers.setdefault(item, len(numbers)) if item else -1 for item in who)
    return who, np.fromiter(which, np.int64, len(who))


def _identity(item: Any) -> str | bytes | None:
    """Text as it is, a whole number as decimal text, else nothing."""
    if item is None or isinstance(item, str | bytes):
        return item
    try:
        return str(int(item)) if item == int(item) else None
    except (TypeError, ValueError, OverflowError):
        return None


def _moments(name: str, column: Any, zone: str | None) -> np.ndarray:
    """UTC seconds; without a zone naive times must all be whole days."""
    local = times(name, column, "UTC")
    if zone in (None, "UTC"):
        days = (local[local != NO_TIME] % DAY == 0).all()
        return local if zone or days else times(name, column, None)
    try:
        return times(name, column, None)  # days, seconds, times with a zone of their own
    except ValueError:
        return np.where(local == NO_TIME, NO_TIME, local - ahead_of_utc(local, zone, local=True))


def _days(when: np.ndarray, zone: str | None) -> np.ndarray:
    """The number of the day in which each time lies, in a zone."""
    return (when if zone in (None, "UTC") else when + ahead_of_utc(when, zone)) // DAY


def _last_second(day: int, zone: str | None) -> int:
    """The last second of a day in a zone."""
    return instant(dt.date(1970, 1, 1) + dt.timedelta(days=day), zone)
