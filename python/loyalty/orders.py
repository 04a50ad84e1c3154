# SPDX-License-Identifier: MIT
"""An orders table, scored in one line."""

from __future__ import annotations

from typing import Any

import numpy as np

from loyalty._events import NO_TIME, _numbers, _plain, native_columns, times
from loyalty.policy import Policy
from loyalty.portfolio import Portfolio, Result, instant_of

__all__ = ["from_orders"]


def from_orders(
    orders: Any,
    *,
    customer: str,
    time: str,
    amount: str | None = None,
    as_of: Any = None,
    policy: Policy | None = None,
    zone: str | None = "UTC",
    per_day: bool = True,
) -> Result:
    """Scores an orders table: who stands on which rung, as of the end of the newest row's day unless told otherwise.

    Args:
        orders: a pandas, polars or pyarrow frame, or a dict of NumPy columns; one row an order or order line.
        customer, time, amount: names of its columns. Amounts are in major units; a negative one is money given back
            and becomes a `return` (not our fault unless told by an event log).
        as_of: date of the assessment, its last second; rows after it are left out.
        zone: zone of naive times.
        per_day: joins a customer's orders of one day (UTC) to one purchase at the time of the first, as purchase
            models assume.

    Rows without a customer or time are set aside and counted in ``result.portfolio.books``. Raises ValueError for a
    missing column or a table without any dated row.
    """
    native, kind = native_columns(orders)
    for role, name in (("customer", customer), ("time", time), ("amount", amount)):
        if name is not None and name not in native:
            raise ValueError(
                f"no column '{name}' for {role}; there are {', '.join(map(str, native))}"
            )
    policy = policy or Policy()
    who = _plain(native[customer])
    if who.dtype.kind == "O":
        missing = np.array([item is None or item != item for item in who], dtype=bool)
        who = np.where(missing, "", who).astype(object)
        text = np.array([str(item) for item in who], dtype=object)
        _, which = np.unique(text.astype(str), return_inverse=True)
    elif who.dtype.kind == "f":
        missing = np.isnan(who)
        _, which = np.unique(np.where(missing, np.inf, who), return_inverse=True)
    else:
        missing = np.zeros(len(who), dtype=bool)
        _, which = np.unique(who, return_inverse=True)
    when = times(time, native[time], zone)
    dated = when != NO_TIME
    if not dated.any():
        raise ValueError(f"column '{time}' has no dates to score")
    until = (
        instant_of(as_of)
        if as_of is not None
        else (int(when[dated].max()) // 86400 + 1) * 86400 - 1
    )
    seen = when <= until
    if not (dated & seen).any():
        raise ValueError(f"all rows lie after the as-of date {as_of}")
    scale = 10.0**policy._core.minor_digits
    money = np.full(len(when), np.nan) if amount is None else _numbers(amount, native[amount])
    if len(money) and np.isinf(money).any():
        money = np.where(np.isinf(money), np.nan, money)
    back = money < 0

    usable = seen & dated & ~missing
    parts = []
    # Buying: one row a customer and day, money summed exactly in minor units.
    buying = np.flatnonzero(usable & ~back)
    if len(buying):
        day = when[buying] // 86400 if per_day else when[buying] * 0 + np.arange(len(buying))
        order = np.lexsort((when[buying], day, which[buying]))
        rows = buying[order]
        keys = np.stack([which[rows], day[order]])
        first = np.flatnonzero(np.r_[True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)])
        minor = np.where(np.isnan(money[rows]), 0.0, np.rint(money[rows] * scale)).astype(np.int64)
        total = np.add.reduceat(minor, first) / scale
        parts.append(
            (who[rows[first]], when[rows[first]], "purchase", total if amount is not None else None)
        )
    returning = np.flatnonzero(usable & back)
    if len(returning):
        parts.append((who[returning], when[returning], "return", -money[returning]))
    bad = np.flatnonzero(seen & (missing | ~dated))

    names = np.concatenate([p[0] for p in parts] + ([who[bad]] if len(bad) else []))
    columns: dict[str, np.ndarray] = {
        "relationship": names,
        "time": np.concatenate([p[1] for p in parts] + ([when[bad]] if len(bad) else [])),
        "kind": np.concatenate(
            [np.full(len(p[0]), p[2], dtype=object) for p in parts]
            + ([np.full(len(bad), "purchase", dtype=object)] if len(bad) else [])
        ),
    }
    if amount is not None:
        columns["amount"] = np.concatenate(
            [p[3] for p in parts] + ([np.full(len(bad), np.nan)] if len(bad) else [])
        )
    portfolio = Portfolio(policy, landmark=until)
    portfolio.apply(columns)
    portfolio._kind = kind if kind in ("dict", "polars", "pyarrow", "pandas") else "pandas"
    return portfolio.assess(until)
