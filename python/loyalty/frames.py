# SPDX-License-Identifier: MIT
"""Frames and columns in, the same kind of frame or column out.

The compiled half takes and gives NumPy arrays. Here pandas, polars and pyarrow objects, dictionaries of columns and
lists become such arrays and results become what came in. Numbers convert exactly or not at all: text is never parsed,
and null is NaN inside. pandas, polars and pyarrow are imported only where the caller uses them.
"""

from __future__ import annotations

import decimal
import numbers as numbers_abc
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from loyalty import _core

__all__ = ["NO_TIME", "Kind", "columns_of", "kind_of", "like", "to_frame"]

Kind = Literal["pandas", "polars", "pyarrow", "dict"]

#: Stands for an absent time among UTC seconds; the same bits as NumPy's NaT.
NO_TIME: int = _core.no_time

_LIBRARIES = ("pandas", "polars", "pyarrow")
_INEXACT_FROM = 2**53


def _library(value: Any) -> str:
    """The package that made a value: pandas, polars, pyarrow or another."""
    return type(value).__module__.partition(".")[0]


# --- columns --------------------------------------------------------------------------------------


def number_or_array(value: Any, name: str) -> Any:
    """A number as it is; a column as a NumPy array of numbers, in which null is NaN.

    Raises TypeError, naming the column, where it holds anything else; the compiled half does so for NumPy arrays.
    """
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, np.ndarray):
        return _numbers_of_array(value, name)
    if isinstance(value, np.generic):
        return np.asarray(value)
    if isinstance(value, decimal.Decimal) or _is_gap(value):
        return float("nan") if _is_gap(value) else float(value)
    if _library(value) in _LIBRARIES:
        return _numbers_of_series(value, name)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _numbers_of_list(value, name)
    if hasattr(value, "__array__"):
        return _numbers_of_array(np.asarray(value), name)
    raise TypeError(
        f"column '{name}': needs a number or a column of numbers, not {type(value).__name__}"
    )


def text_or_array(value: Any, name: str) -> Any:
    """A text as it is; a column as a NumPy array of Python strings, in which null is None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, np.ma.MaskedArray):
        return _unmasked(value)
    if isinstance(value, np.ndarray):
        return value
    if _library(value) in _LIBRARIES:
        return _texts_of_series(_series(value, name), name)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return np.array(value, dtype=object)
    raise TypeError(
        f"column '{name}': needs a text or a column of texts, not {type(value).__name__}"
    )


def _series(value: Any, name: str) -> Any:
    """A narwhals series of a pandas, polars or pyarrow column."""
    import narwhals.stable.v1 as nw

    if _library(value) == "pyarrow" and not hasattr(value, "chunks"):
        import pyarrow as pa

        if isinstance(value, pa.Array):
            value = pa.chunked_array([value])
    if _library(value) == "pandas" and not hasattr(value, "index") and hasattr(value, "dtype"):
        import pandas as pd

        value = pd.Series(value)  # an Index or one of pandas' own arrays
    try:
        return nw.from_native(value, series_only=True)
    except TypeError:
        raise TypeError(f"column '{name}': needs one column, not {type(value).__name__}") from None


def _is_gap(item: Any) -> bool:
    """Whether an item of a column of objects stands for null: None, NaN, or what pandas has for it."""
    return (
        item is None
        or type(item).__name__ in ("NAType", "NaTType")
        or (isinstance(item, float | np.floating | decimal.Decimal) and item != item)
    )


def _numbers_of_list(values: Sequence[Any], name: str) -> np.ndarray:
    if all(type(value) in (int, float, bool) for value in values):
        array = np.asarray(values)
        if array.dtype.kind != "O":  # integers beyond 64 bits are objects
            return array.astype(np.float64) if array.size == 0 else array
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return _numbers_of_objects(objects, name)


def _numbers_of_array(array: np.ndarray, name: str) -> np.ndarray:
    if isinstance(array, np.ma.MaskedArray):
        return _numbers_of_array(_unmasked(array), name)
    return (
        _numbers_of_objects(array, name) if array.dtype.kind == "O" and array.ndim == 1 else array
    )


def _unmasked(array: np.ma.MaskedArray) -> np.ndarray:
    """The items of a masked array as objects; what is masked is None."""
    objects = np.asarray(array.data).astype(object)
    objects[np.ma.getmaskarray(array)] = None
    return objects


def _numbers_of_objects(objects: np.ndarray, name: str) -> np.ndarray:
    """Numbers among Python objects; what is none is refused with its row."""
    numbers = np.full(len(objects), np.nan)
    for row, item in enumerate(objects):
        if isinstance(item, numbers_abc.Integral) and abs(int(item)) >= _INEXACT_FROM:
            raise ValueError(_inexact(name, int(item)))
        if isinstance(item, numbers_abc.Real | decimal.Decimal | np.bool_):
            numbers[row] = float(item)
        elif not _is_gap(item):
            kind = "text" if isinstance(item, str | bytes) else type(item).__name__
            raise TypeError(
                f"column '{name}': needs numbers, not {kind} ({item!r:.50} in row {row}, the first being 0); "
                "convert it first, so that what cannot be read is seen"
            )
    return numbers


def _inexact(name: str, number: int) -> str:
    return (
        f"column '{name}': an integer near {number:.17g} is at or beyond 2^53, "
        "where not every one has an exact floating-point value"
    )


def _numbers_of_series(value: Any, name: str) -> np.ndarray:
    import narwhals.stable.v1 as nw

    series = _series(value, name)
    dtype = series.dtype
    nulls = series.null_count()
    is_flag = dtype == nw.Boolean
    if nulls == len(series) and not (dtype.is_numeric() or is_flag):
        return np.full(len(series), np.nan)
    if dtype == nw.Object:
        return _numbers_of_objects(np.asarray(series.to_numpy(), dtype=object), name)
    if not (dtype.is_numeric() or is_flag):
        kind = (
            "text"
            if dtype in (nw.String, nw.Categorical, nw.Enum)
            else str(getattr(series.to_native(), "dtype", dtype))
        )
        raise TypeError(
            f"column '{name}': needs numbers, not {kind}; convert the column first, "
            "so that what cannot be read is seen"
        )
    if is_flag:
        if not nulls:
            return np.asarray(series.to_numpy(), dtype=bool)
        series = series.cast(nw.Int8)
    wide = dtype in (nw.Int128, nw.UInt128)  # NumPy has none so wide
    if dtype.is_integer() and not nulls and not wide:
        return np.asarray(series.to_numpy())  # the compiled half refuses what has no exact value
    if dtype.is_integer():
        largest = max(abs(int(series.min() or 0)), abs(int(series.max() or 0)))
        if largest >= _INEXACT_FROM:
            raise ValueError(_inexact(name, largest))
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def _texts_of_series(series: Any, name: str) -> np.ndarray:
    import narwhals.stable.v1 as nw

    if series.dtype in (nw.Categorical, nw.Enum):
        series = series.cast(nw.String)
    nulls = np.asarray(series.is_null().to_numpy(), dtype=bool)
    if series.dtype not in (nw.String, nw.Object) and not nulls.all():
        raise TypeError(f"column '{name}': needs text, not {series.dtype}")
    texts = np.asarray(series.to_numpy()).astype(object)
    texts[nulls] = None
    return texts


def like_columns(values: Iterable[Any]) -> Callable[[Any], Any]:
    """What turns a result array into the kind of column that the first column among `values` is.

    pandas Series keep their index; where several are given their indexes must be equal, since rows are matched by
    position. Numbers and NumPy arrays stay as they are.
    """
    columns = [value for value in values if _library(value) in _LIBRARIES]
    indexed = [
        value for value in columns if _library(value) == "pandas" and hasattr(value, "index")
    ]
    for other in indexed[1:]:
        if not other.index.equals(indexed[0].index):
            raise ValueError(
                "the pandas Series have different indexes; rows are matched by position, so align them first, "
                "for example as columns of one DataFrame"
            )
    if not columns:
        return lambda array: array
    library = _library(columns[0])
    if library == "pandas":
        if not indexed:
            return lambda array: array
        index = indexed[0].index

        def as_pandas(array: Any) -> Any:
            import pandas as pd

            return pd.Series(_pandas_values(array), index=index) if np.ndim(array) else array

        return as_pandas
    if library == "polars":
        return lambda array: _polars_series("", array) if np.ndim(array) else array
    chunked = hasattr(columns[0], "chunks")

    def as_pyarrow(array: Any) -> Any:
        import pyarrow as pa

        if not np.ndim(array):
            return array
        made = _pyarrow_array(array)
        return pa.chunked_array([made]) if chunked else made

    return as_pyarrow


# --- frames ---------------------------------------------------------------------------------------


def kind_of(frame: Any) -> Kind:
    """What kind of frame a table is: pandas, polars, pyarrow, or a dict of columns."""
    if isinstance(frame, Mapping):
        return "dict"
    library = _library(frame)
    if library == "polars" and type(frame).__name__ == "LazyFrame":
        raise TypeError("a polars LazyFrame has no rows yet: collect() it first")
    if library in _LIBRARIES and hasattr(frame, "columns"):
        return library  # type: ignore[return-value]
    raise TypeError(
        f"a table is a pandas, polars or pyarrow frame or a dict of columns, not {type(frame).__name__}"
    )


def names_of(frame: Any) -> list[str]:
    """Names of the columns of a frame."""
    if isinstance(frame, Mapping):
        return list(frame)
    if kind_of(frame) == "pyarrow":
        return list(frame.column_names)
    return list(frame.columns)


def column_of(frame: Any, name: str) -> Any:
    """One column of a frame as it is, by name."""
    if names_of(frame).count(name) > 1:
        raise ValueError(f"column '{name}' occurs more than once")
    return frame[name]


def columns_of(frame: Any, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The columns of a frame as NumPy arrays: numbers as they are stored (null is NaN), text as objects (null is None).

    Parameters
    ----------
    frame
        A pandas, polars or pyarrow frame or a dict of columns.
    names
        The columns to take; else all.

    Raises
    ------
    TypeError
        Where a column holds neither numbers nor text, by its name.

    Examples
    --------
    >>> columns_of({"kept": [8, None], "manager": ["Ada", None]})
    {'kept': array([ 8., nan]), 'manager': array(['Ada', None], dtype=object)}
    """
    kind_of(frame)
    return {
        name: _array_of(column_of(frame, name), name)
        for name in (names_of(frame) if names is None else names)
    }


def _array_of(column: Any, name: str) -> np.ndarray:
    """A column of numbers or text, whichever it is."""
    if isinstance(column, np.ndarray):
        return column.astype(object) if column.dtype.kind in "UST" else column
    if _library(column) in _LIBRARIES:
        import narwhals.stable.v1 as nw

        series = _series(column, name)
        if series.dtype in (nw.String, nw.Categorical, nw.Enum, nw.Object):
            return _texts_of_series(series, name)
        return _numbers_of_series(column, name)
    if isinstance(column, Sequence) and any(isinstance(value, str) for value in column):
        return np.array(column, dtype=object)
    return np.atleast_1d(np.asarray(number_or_array(column, name)))


def like(frame: Any, columns: Mapping[str, Any], times: Collection[str] = frozenset()) -> Any:
    """`columns` as the same kind of frame as `frame`, row by row; a pandas frame keeps its index.

    Names in `times` are UTC seconds and become datetimes.
    """
    kind = kind_of(frame)
    return to_frame(columns, times, kind, index=frame.index if kind == "pandas" else None)


def to_frame(
    columns: Mapping[str, Any],
    times: Collection[str] = frozenset(),
    kind: Kind = "dict",
    *,
    index: Any = None,
    metadata: Mapping[str, str] | None = None,
) -> Any:
    """NumPy columns as a frame.

    Parameters
    ----------
    columns
        Numbers (NaN is null), UTC seconds as integers for the names in `times`, and texts as arrays of objects (None is
        null), all of one length. A column of the same kind as the frame to be made is taken as it is.
    times
        The columns that are times; `NO_TIME` is null. They become datetimes in UTC: datetime64[s] in pandas and NumPy,
        microseconds in polars, which has no seconds.
    kind
        "pandas", "polars", "pyarrow" or "dict".
    index
        Index of a pandas frame.
    metadata
        Stored in the schema of a pyarrow table and in `attrs` of a pandas frame; polars and dict have no place for it.

    Examples
    --------
    >>> to_frame({"since": np.array([0, NO_TIME])}, {"since"})["since"].tolist()
    [datetime.datetime(1970, 1, 1, 0, 0), None]
    """
    arrays = {
        name: _instants(values)
        if name in times
        else values  # the caller's own column goes back as it came
        if _library(values) == kind
        else np.asarray(values)
        for name, values in columns.items()
    }
    if kind == "dict":
        return arrays
    if kind == "pandas":
        import pandas as pd

        made = {name: _pandas_values(values) for name, values in arrays.items()}
        frame = pd.DataFrame(made, index=index)
        frame.attrs.update(metadata or {})
        return frame
    if kind == "polars":
        import polars as pl

        return pl.DataFrame([_polars_series(name, values) for name, values in arrays.items()])
    if kind == "pyarrow":
        import pyarrow as pa

        table = pa.table({name: _pyarrow_array(values) for name, values in arrays.items()})
        return table.replace_schema_metadata(dict(metadata)) if metadata else table
    raise ValueError(f"no frame of kind '{kind}'; there are pandas, polars, pyarrow and dict")


def _instants(seconds: np.ndarray) -> np.ndarray:
    """UTC seconds as datetime64; NO_TIME has the bits of NaT."""
    return np.ascontiguousarray(seconds, dtype=np.int64).view("datetime64[s]")


def _is_text(values: np.ndarray) -> bool:
    return values.dtype.kind == "O" and all(v is None or isinstance(v, str) for v in values)


def _pandas_values(values: Any) -> Any:
    """An array as pandas keeps it: times in UTC, text as pandas' own strings where it has them."""
    import pandas as pd

    if not isinstance(values, np.ndarray):
        return values.array
    if values.dtype.kind == "M":
        return pd.DatetimeIndex(values).tz_localize("UTC")
    if _is_text(values) and int(pd.__version__.partition(".")[0]) >= 3:
        return pd.array(values, dtype="str")  # also where all are null
    return values


def _polars_series(name: str, values: Any) -> Any:
    import polars as pl

    if isinstance(values, pl.Series):
        return values.alias(name)
    if values.dtype.kind == "M":
        return pl.Series(name, values.astype("datetime64[us]")).dt.replace_time_zone("UTC")
    if values.dtype.kind == "O":
        return pl.Series(name, values.tolist(), dtype=pl.String if _is_text(values) else None)
    return pl.Series(name, values, nan_to_null=values.dtype.kind == "f")


def _pyarrow_array(values: Any) -> Any:
    import pyarrow as pa

    if not isinstance(values, np.ndarray):
        return values
    if values.dtype.kind == "M":
        return pa.array(values, type=pa.timestamp("s", tz="UTC"))
    if _is_text(values):
        return pa.array(values, type=pa.string())
    return pa.array(values, from_pandas=True)
