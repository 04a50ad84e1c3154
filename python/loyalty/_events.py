# SPDX-License-Identifier: MIT
"""Frames and streams into event columns as the compiled half takes them."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from loyalty import _core
from loyalty._dates import ahead_of_utc, check_zone

#: Stands for an absent time.
NO_TIME: int = _core.no_time

TIMES = ("time", "due", "done", "until", "since")
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
FLAGS = ("whole_order", "personal", "answered")
#: Columns that a row may carry and that nothing depends on.
CARRIED = frozenset({"quantity", "channel", "manager", "account"})
KNOWN = (*TIMES, *NUMBERS, *TEXTS, *FLAGS, "scale", *sorted(CARRIED))


def native_columns(frame: Any) -> tuple[dict[str, Any], str]:
    """The columns of a frame as they are, and what kind of frame it is: dict, pandas, polars or pyarrow."""
    if isinstance(frame, Mapping):
        return dict(frame), "dict"
    import narwhals.stable.v1 as nw

    named = getattr(frame, "column_names", getattr(frame, "columns", ()))
    names = [name for name in named if isinstance(name, str)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the frame has {names.count(name)} columns named '{name}'; keep one")
    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise TypeError(
            "events are a pandas, polars or pyarrow frame, a dict of columns, or what offers an Arrow stream, not "
            f"{type(frame).__name__}"
        ) from None
    kind = str(
        table.implementation.value
        if hasattr(table.implementation, "value")
        else table.implementation
    )
    return {name: table[name] for name in table.columns}, kind


def _needs_zone(name: str) -> ValueError:
    return ValueError(
        f"column '{name}' holds times without a zone; say which with zone='UTC' or zone='Europe/London', "
        "or give UTC seconds as integers"
    )


def _source(column: Any, gap: str = "whole") -> Any:
    """A column as the compiled half takes it, without a copy: a NumPy array, an Arrow column, or the pair
    (codes, words) of a categorical. `gap` says how pandas' own nullable integers show theirs: "whole" numbers
    with the absent time, or "real" ones with NaN.
    """
    column = column.to_native() if hasattr(column, "to_native") else column
    if isinstance(column, np.ndarray) or not type(column).__module__.startswith("pandas"):
        return column if _is_arrow(column) else np.asarray(column)
    array = getattr(column, "array", column)
    if hasattr(array, "categories"):
        return np.asarray(array.codes), _source(array.categories)
    kind = getattr(array.dtype, "kind", "O")
    if kind == "M" and getattr(array.dtype, "tz", None) is not None:
        return np.asarray(array.tz_convert(None))
    if isinstance(array.dtype, np.dtype):
        return np.asarray(array)
    if hasattr(array, "__arrow_array__") and (
        type(array.dtype).__name__ == "ArrowDtype"
        or getattr(array.dtype, "storage", "") == "pyarrow"
    ):
        return array.__arrow_array__()
    if kind in "iu" and (gap == "whole" or not array.isna().any()):
        return array.to_numpy(dtype=np.int64, na_value=NO_TIME)
    if kind in "iufb":
        return array.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(array, dtype=object)


def _is_arrow(column: Any) -> bool:
    return hasattr(column, "__arrow_c_stream__") or hasattr(column, "__arrow_c_array__")


def _time_source(name: str, column: Any, zone: str | None) -> Any:
    """A time column as the compiled half takes it: datetimes are UTC, in any unit."""
    if not isinstance(column, np.ndarray):
        import narwhals.stable.v1 as nw

        if hasattr(column, "to_series"):  # an index
            column = column.to_series()
        elif type(column).__module__.startswith("pyarrow") and not hasattr(column, "chunks"):
            import pyarrow

            column = pyarrow.chunked_array([column])
        series = nw.from_native(column, series_only=True, strict=False)
        if isinstance(series, nw.Series):
            column = series.to_native()
            if series.dtype == nw.Datetime and getattr(series.dtype, "time_zone", None) is None:
                if zone is None:
                    raise _needs_zone(name)
                if zone != "UTC":
                    return _of_clocks(name, _source(column), zone)
            return _source(column)
    array = _source(column)
    if _core.is_naive(name, array):
        if zone is None:
            raise _needs_zone(name)
        if zone != "UTC":
            return _of_clocks(name, array, zone)
    if isinstance(array, np.ndarray) and array.dtype.kind == "M":
        unit, step = np.datetime_data(array.dtype)
        if unit not in ("s", "ms", "us", "ns", "D") or step != 1:
            return array.astype("datetime64[s]")
    return array


def _of_clocks(name: str, column: Any, zone: str) -> np.ndarray:
    """UTC seconds of times that the clocks of a zone showed."""
    to_utc = clocks(zone)
    seconds = _core.utc_seconds(name, column)
    return seconds if to_utc is None else to_utc(name, seconds)


def times(name: str, column: Any, zone: str | None) -> np.ndarray:
    """A time column as UTC seconds. Naive times need a zone; text is refused, since parsing it would be guessing."""
    return _core.utc_seconds(name, _time_source(name, column, zone))


def _plain(column: Any) -> np.ndarray:
    if isinstance(column, np.ndarray):
        return column
    if hasattr(column, "to_numpy"):
        return np.asarray(column.to_numpy())
    array = np.asarray(column)
    return array if array.dtype.kind not in "US" else array.astype(object)


def _numbers(name: str, column: Any) -> np.ndarray:
    return _core.reals(name, _source(column, "real"))


def _check_names(names: Iterable[str]) -> None:
    names = list(names)
    for name in names:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ValueError(f"unknown event column '{name}'{hint} (known: {', '.join(KNOWN)})")
    for needed in ("relationship", "time", "kind"):
        if needed not in names:
            raise ValueError(
                f"missing column '{needed}'; an event row needs relationship, time and kind"
            )


def event_columns(frame: Any, zone: str | None = None) -> dict[str, Any]:
    """The event columns of a frame as the compiled half takes them; nothing is copied that it can read in place."""
    check_zone(zone)
    native, _ = native_columns(frame)
    _check_names(native)
    out: dict[str, Any] = {}
    for name, column in native.items():
        if isinstance(column, list | tuple) and not column:  # NumPy would take it for numbers
            column = np.empty(0, "i8" if name in TIMES else "f8" if name in NUMBERS else "O")
        if name in TIMES:
            out[name] = _time_source(name, column, zone)
        elif name in NUMBERS:
            out[name] = _source(column, "real")
        elif name in TEXTS or name in FLAGS or name == "scale":
            out[name] = _source(column)
    if getattr(out["relationship"], "dtype", None) == np.bool_:
        out["relationship"] = out["relationship"].astype(object)  # truth values name nobody
    return out


# --- streams --------------------------------------------------------------------------------------

#: Libraries whose frames are taken apart by column.
_BY_COLUMN = frozenset({"pandas", "polars", "narwhals", "modin", "cudf"})


@dataclass(frozen=True)
class EventStream:
    """Events that come as an Arrow stream."""

    source: Any
    #: Whether all batches are one call; else each is folded as it comes.
    whole: bool
    #: What kind of frame an answer is.
    kind: str


def event_stream(events: Any) -> EventStream | None:
    """Events as a stream, where they are no frame in memory that is taken apart by column."""
    library = type(events).__module__.partition(".")[0].lstrip("_")
    if isinstance(events, Mapping) or not hasattr(events, "__arrow_c_stream__"):
        return None
    if library in _BY_COLUMN or (library == "pyarrow" and type(events).__name__ == "Table"):
        return None
    names = getattr(events, "columns", None) or getattr(
        getattr(events, "schema", None), "names", None
    )
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        _check_names(names)
    kind = library if library == "pyarrow" else _frames_at_hand()
    if library == "duckdb":
        in_order = "event_id" not in events.columns
        return EventStream(events.order('"time"') if in_order else events, not in_order, kind)
    return EventStream(events, hasattr(events, "__len__"), kind)


def _frames_at_hand() -> str:
    """The kind of frame that an answer takes where what came in cannot be made."""
    there = (name for name in ("pandas", "pyarrow", "polars") if importlib.util.find_spec(name))
    return next(there, "dict")


def clocks(zone: str | None) -> Callable[[str, np.ndarray], np.ndarray] | None:
    """What makes UTC of the seconds that the clocks of a zone showed; None where they showed UTC."""
    check_zone(zone)
    if zone == "UTC":
        return None

    def to_utc(name: str, seconds: np.ndarray) -> np.ndarray:
        if zone is None:
            raise _needs_zone(name)
        known = seconds != NO_TIME
        seconds[known] -= ahead_of_utc(seconds[known], zone, local=True)
        return seconds

    return to_utc
