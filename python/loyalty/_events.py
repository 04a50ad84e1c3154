# SPDX-License-Identifier: MIT
"""Frames into event columns: the NumPy arrays that the compiled half takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from loyalty import _core

#: Stands for an absent time.
NO_TIME: int = _core.no_time

TIMES = ("time", "due", "done", "until", "since")
#: A date without a time means the end of the day in these, its start in the others.
END_OF_DAY = frozenset({"due", "until"})
NUMBERS = ("value", "amount", "margin", "cost", "rating", "scale_low", "scale_high")
TEXTS = (
    "relationship",
    "kind",
    "side",
    "parameter",
    "role",
    "refers_to",
    "event_id",
    "currency",
    "code",
)
#: Columns that a row may carry and that no sum depends on.
CARRIED = frozenset({"quantity", "channel", "personal", "answered", "manager", "account"})
KNOWN = (*TIMES, *NUMBERS, *TEXTS, "whole_order", "scale", *sorted(CARRIED))


def native_columns(frame: Any) -> tuple[dict[str, Any], str]:
    """The columns of a frame as they are, and what kind of frame it is: dict, pandas, polars or pyarrow."""
    if isinstance(frame, Mapping):
        return dict(frame), "dict"
    import narwhals.stable.v1 as nw

    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise TypeError(
            f"events are a pandas, polars or pyarrow frame or a dict of columns, not {type(frame).__name__}"
        ) from None
    kind = str(
        table.implementation.value
        if hasattr(table.implementation, "value")
        else table.implementation
    )
    return {name: table[name] for name in table.columns}, kind


def _date_array(name: str, array: np.ndarray) -> np.ndarray:
    """datetime64 of any unit as seconds; whole days mean the start or the end of the day."""
    if np.datetime_data(array.dtype)[0] == "D":
        seconds = array.astype("datetime64[s]").astype(np.int64)
        if name in END_OF_DAY:
            seconds = np.where(np.isnat(array), NO_TIME, seconds + 86399)
    else:
        unit = np.datetime_data(array.dtype)[0]
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.get(unit)
        if per_second is None:
            seconds = array.astype("datetime64[s]").astype(np.int64)
        else:
            seconds = (
                array.view(np.int64) // per_second
                if array.flags.c_contiguous
                else (np.ascontiguousarray(array).view(np.int64) // per_second)
            )
    return np.where(np.isnat(array), NO_TIME, seconds)


def _needs_zone(name: str) -> ValueError:
    return ValueError(
        f"column '{name}' holds times without a zone; say which with zone='UTC' or zone='Europe/London', "
        "or give UTC seconds as integers"
    )


def times(name: str, column: Any, zone: str | None) -> np.ndarray:
    """A time column as UTC seconds. Naive times need a zone; text is refused, since parsing it would be guessing."""
    if not isinstance(column, np.ndarray) and hasattr(column, "dtype"):
        import narwhals.stable.v1 as nw

        series = nw.from_native(column, series_only=True, strict=False)
        if isinstance(series, nw.Series):
            dtype = series.dtype
            if isinstance(dtype, nw.Datetime) or dtype == nw.Datetime:
                own_zone = getattr(dtype, "time_zone", None)
                if own_zone is None:
                    if zone is None:
                        raise _needs_zone(name)
                    if zone != "UTC":
                        series = series.dt.replace_time_zone(zone).dt.convert_time_zone("UTC")
                        series = series.dt.replace_time_zone(None)
                else:
                    series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
                return _date_array(name, np.asarray(series.to_numpy()))
            if dtype == nw.Date:
                return _date_array(name, np.asarray(series.to_numpy()).astype("datetime64[D]"))
            column = series.to_numpy()
    array = np.asarray(column)
    if array.dtype.kind == "M":
        if np.datetime_data(array.dtype)[0] != "D":
            if zone is None:
                raise _needs_zone(name)
            if zone != "UTC":
                raise ValueError(
                    f"column '{name}': NumPy times are only taken as UTC; convert them, or give a pandas or polars frame"
                )
        return _date_array(name, array)
    if array.dtype.kind in "iu":
        return array.astype(np.int64, copy=False)
    if array.dtype.kind == "f":
        absent = np.isnan(array)
        whole = np.where(absent, 0, array)
        if not np.array_equal(whole, np.floor(whole)):
            raise TypeError(f"column '{name}': UTC seconds are whole numbers")
        return np.where(absent, NO_TIME, whole.astype(np.int64))
    if array.dtype.kind == "O" and all(item is None for item in array[:100]):
        if all(item is None for item in array):
            return np.full(len(array), NO_TIME, dtype=np.int64)
    raise TypeError(
        f"column '{name}' needs times: datetimes with a zone, dates, or UTC seconds as integers, not {array.dtype}; "
        "convert text first, for example with pandas.to_datetime(..., utc=True)"
    )


def _plain(column: Any) -> np.ndarray:
    if isinstance(column, np.ndarray):
        return column
    if hasattr(column, "to_numpy"):
        return np.asarray(column.to_numpy())
    array = np.asarray(column)
    return array if array.dtype.kind not in "US" else array.astype(object)


def _numbers(name: str, column: Any) -> np.ndarray:
    array = _plain(column)
    if array.dtype.kind == "O":
        # Nullable and decimal columns arrive as objects: numbers and gaps convert exactly, text does not.
        out = np.full(len(array), np.nan)
        gaps = np.array(
            [item is None or item is getattr(item, "__class__", None) for item in array], dtype=bool
        )
        for position in np.flatnonzero(~gaps):
            item = array[position]
            if isinstance(item, str | bytes):
                raise TypeError(
                    f"column '{name}' holds text ({item!r} in row {position}) where numbers are needed"
                )
            try:
                out[position] = float(item)
            except (TypeError, ValueError):
                if type(item).__name__ != "NAType":
                    raise TypeError(
                        f"column '{name}' holds {item!r} in row {position} where numbers are needed"
                    ) from None
        return out
    if array.dtype.kind not in "fiub":
        raise TypeError(f"column '{name}' needs numbers, not {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.float64)


def _scale(column: Any, out: dict[str, Any]) -> None:
    """`1..5` as its two ends."""
    array = _plain(column)
    low = out.get("scale_low", np.full(len(array), np.nan)).copy()
    high = out.get("scale_high", np.full(len(array), np.nan)).copy()
    words, which = np.unique(
        np.array(["" if not isinstance(s, str) else s for s in array]), return_inverse=True
    )
    for position, word in enumerate(words):
        if not word:
            continue
        ends = str(word).split("..")
        try:
            here = which == position
            low[here], high[here] = float(ends[0]), float(ends[1])
        except (ValueError, IndexError):
            raise ValueError(f"column 'scale': {word!r} is not a scale; write it as 1..5") from None
    out["scale_low"], out["scale_high"] = low, high


def event_columns(frame: Any, zone: str | None = None) -> dict[str, np.ndarray]:
    """The event columns of a frame, ready for the compiled half."""
    native, _ = native_columns(frame)
    unknown = [name for name in native if name not in KNOWN]
    if unknown:
        import difflib

        near = difflib.get_close_matches(unknown[0], KNOWN, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"unknown event column '{unknown[0]}'{hint} (known: {', '.join(KNOWN)})")
    for needed in ("relationship", "time", "kind"):
        if needed not in native:
            raise ValueError(
                f"missing column '{needed}'; an event row needs relationship, time and kind"
            )
    out: dict[str, Any] = {}
    for name, column in native.items():
        if name in TIMES:
            out[name] = np.ascontiguousarray(times(name, column, zone))
        elif name in NUMBERS:
            out[name] = _numbers(name, column)
        elif name == "scale":
            continue
        elif name == "whole_order":
            array = _plain(column)
            if array.dtype.kind == "O":
                array = np.array([item is True or item == 1 for item in array])
            out[name] = np.ascontiguousarray(
                array.astype(bool) if array.dtype.kind in "fiu" else array
            )
        elif name in TEXTS:
            out[name] = _plain(column)
    if "scale" in native:
        _scale(native["scale"], out)
    return out
