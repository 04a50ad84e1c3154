# SPDX-License-Identifier: MIT
"""Frames in, the same kind of frame out."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import loyalty
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from loyalty import frames
from loyalty.frames import NO_TIME

COLUMNS = {
    "relationship": np.array(["a", "b", "ü"], dtype=object),
    "rung": np.array(["client", None, "buyer"], dtype=object),
    "note": np.array([None, None, None], dtype=object),
    "quality": np.array([70.5, np.nan, 1.0]),
    "purchases": np.array([3, 0, 2**60]),
    "first_event": np.array([0, NO_TIME, -86401]),
}
TIMES = {"first_event"}
UTC = datetime.UTC
INSTANTS = [
    datetime.datetime(1970, 1, 1, tzinfo=UTC),
    None,
    datetime.datetime(1969, 12, 30, 23, 59, 59, tzinfo=UTC),
]

MAKERS = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": lambda columns: pa.table(columns),
    "dict": dict,
}


def test_to_pandas() -> None:
    frame = frames.to_frame(COLUMNS, TIMES, "pandas", metadata={"loyalty_as_of": "2020-01-01"})
    assert list(frame.columns) == list(COLUMNS)
    assert str(frame.first_event.dtype) == "datetime64[s, UTC]"
    assert frame.first_event[0] == INSTANTS[0]
    assert frame.first_event[2] == INSTANTS[2]
    assert frame.first_event.isna().tolist() == [False, True, False]
    assert frame.quality.isna().tolist() == [False, True, False]
    assert frame.rung.isna().tolist() == [False, True, False]
    assert frame.note.isna().all()
    assert frame.purchases.tolist() == [3, 0, 2**60]
    if int(pd.__version__.split(".")[0]) >= 3:
        assert {str(frame[name].dtype) for name in ("relationship", "rung", "note")} == {"str"}
    assert frame.attrs == {"loyalty_as_of": "2020-01-01"}


def test_to_polars() -> None:
    frame = frames.to_frame(COLUMNS, TIMES, "polars")
    assert frame.schema["first_event"] == pl.Datetime("us", "UTC")
    assert frame["first_event"].to_list() == INSTANTS
    assert frame["quality"].to_list() == [70.5, None, 1.0]
    assert frame["rung"].to_list() == ["client", None, "buyer"]
    assert frame.schema["note"] == pl.String
    assert frame["purchases"].to_list() == [3, 0, 2**60]


def test_to_pyarrow() -> None:
    table = frames.to_frame(COLUMNS, TIMES, "pyarrow", metadata={"loyalty_version": "1"})
    assert table.schema.field("first_event").type == pa.timestamp("s", tz="UTC")
    assert table["first_event"].to_pylist() == INSTANTS
    assert table["quality"].to_pylist() == [70.5, None, 1.0]
    assert table["rung"].to_pylist() == ["client", None, "buyer"]
    assert table.schema.field("note").type == pa.string()
    assert table.schema.metadata == {b"loyalty_version": b"1"}


def test_to_dict() -> None:
    columns = frames.to_frame(COLUMNS, TIMES)
    assert columns["first_event"].dtype == "datetime64[s]"
    assert np.isnat(columns["first_event"]).tolist() == [False, True, False]
    assert columns["quality"] is COLUMNS["quality"]


def test_to_frame_without_rows() -> None:
    empty = {name: column[:0] for name, column in COLUMNS.items()}
    for kind in MAKERS:
        frame = frames.to_frame(empty, TIMES, kind)
        assert len(frame["rung"]) == 0
        assert frames.names_of(frame) == list(COLUMNS)


def test_unknown_kind() -> None:
    with pytest.raises(ValueError, match="no frame of kind 'excel'; there are pandas"):
        frames.to_frame(COLUMNS, TIMES, "excel")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", MAKERS)
def test_round_trip(kind: str) -> None:
    frame = MAKERS[kind]({"kept": [8, None, 1], "who": ["a", None, "ü"], "n": [1, 2, 3]})
    assert frames.kind_of(frame) == kind
    columns = frames.columns_of(frame)
    assert columns["kept"].dtype == float
    assert np.array_equal(columns["kept"], [8, np.nan, 1], equal_nan=True)
    assert columns["who"].tolist() == ["a", None, "ü"]
    assert columns["n"].dtype.kind in "iu"
    back = frames.like(frame, columns)
    assert type(back) is type(frame)
    again = frames.columns_of(back)
    assert np.array_equal(again["kept"], columns["kept"], equal_nan=True)
    assert again["who"].tolist() == columns["who"].tolist()
    assert frames.columns_of(frame, ["n"]).keys() == {"n"}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([1, None], dtype="Int64"), [1, np.nan]),
        (pd.Series([1.5, None], dtype="Float32"), [1.5, np.nan]),
        (pd.Series([True, None], dtype="boolean"), [1, np.nan]),
        (pd.Series([True, False]), [True, False]),
        (pd.Series([1, None], dtype="int64[pyarrow]"), [1, np.nan]),
        (pd.Series([None, None]), [np.nan, np.nan]),
        (pl.Series([1, None]), [1, np.nan]),
        (pl.Series([True, None]), [1, np.nan]),
        (pl.Series([None, None]), [np.nan, np.nan]),
        (pa.array([1, None]), [1, np.nan]),
        (pa.array([True, None]), [1, np.nan]),
        (pa.array([None, None]), [np.nan, np.nan]),
        (pa.chunked_array([[1], [None]], type=pa.int8()), [1, np.nan]),
        (pd.Series([1, None, 2.5], dtype=object), [1, np.nan, 2.5]),
        (pd.Series([1, pd.NA], dtype=object), [1, np.nan]),
        (pd.Series([Decimal("1.5"), None], dtype=object), [1.5, np.nan]),
        (pd.array([1, None], dtype="Int64"), [1, np.nan]),
        (pd.Index([1, 2]), [1, 2]),
        (pl.Series(["1.5", None]).cast(pl.Decimal(10, 2)), [1.5, np.nan]),
        (pl.Series([1, None], dtype=pl.Int128), [1, np.nan]),
        (pa.array([Decimal("1.5"), None]), [1.5, np.nan]),
        (np.array([Decimal("1.5"), None, True, np.float32(2)], dtype=object), [1.5, np.nan, 1, 2]),
        (np.array([None, None], dtype=object), [np.nan, np.nan]),
        (np.array([], dtype=object), []),
        (np.ma.array([1.0, 2.0], mask=[True, False]), [np.nan, 2]),
        ([Decimal("1.5"), 2, None], [1.5, 2, np.nan]),
    ],
    ids=lambda v: (
        f"{type(v).__module__.split('.')[0]}-{getattr(v, 'dtype', getattr(v, 'type', ''))}"
    ),
)
def test_nullable_numbers(column: Any, expected: list[float]) -> None:
    assert np.array_equal(frames.number_or_array(column, "x"), expected, equal_nan=True)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a", None], dtype="category"),
        pl.Series(["a", None], dtype=pl.Categorical),
        pl.Series(["a", None], dtype=pl.Enum(["a", "b"])),
        pa.array(["a", None]).dictionary_encode(),
        pa.array(["a", None], type=pa.large_string()),
        pd.Series(["a", None], dtype=object),
        pd.Series(["a", None], dtype="string[python]"),
        pd.Series(["a", None], dtype="string[pyarrow]"),
        np.array(["a", None], dtype=object),
        ["a", None],
    ],
    ids=lambda v: (
        f"{type(v).__module__.split('.')[0]}-{getattr(v, 'dtype', getattr(v, 'type', ''))}"
    ),
)
def test_texts(column: Any) -> None:
    assert frames.text_or_array(column, "x").tolist() == ["a", None]


@pytest.mark.parametrize(
    "column",
    [[2**60], np.array([2**60], object), pl.Series([2**60], dtype=pl.Int128), [2**70, 1]],
    ids=lambda v: type(v).__name__,
)
def test_integers_without_an_exact_value(column: Any) -> None:
    with pytest.raises(ValueError, match=r"column 'kept': an integer near .* is at or beyond 2\^53"):
        loyalty.trust(kept=column)


def test_what_is_no_number_is_named_with_its_row() -> None:
    for column in ([1, "2"], pd.Series([1, "2"], dtype=object), np.array([1, "2"], object)):
        with pytest.raises(
            TypeError,
            match=r"column 'x': needs numbers, not text \('2' in row 1, the first being 0",
        ):
            frames.number_or_array(column, "x")
    with pytest.raises(TypeError, match=r"column 'x': needs numbers, not list \(\[2, 3\] in row 1"):
        frames.number_or_array([1, [2, 3]], "x")


def test_plain_numbers_are_a_table_of_one_row() -> None:
    scored = loyalty.score_table({"promises_kept": 8, "purchases": None})
    assert {len(column) for column in scored.values()} == {1}
    assert scored["trust"][0] == loyalty.trust(kept=8).mean


def test_arrays_of_any_layout() -> None:
    kept = np.array([8.0, 1.0, 5.0])
    wanted = loyalty.trust(kept=kept).mean.tolist()
    for layout in (
        kept.astype(">f8"),
        kept.astype(">i4"),
        np.repeat(kept, 2)[::2],
        kept.astype("f2"),
    ):
        assert loyalty.trust(kept=layout).mean.tolist() == wanted
    assert loyalty.trust(kept=kept[::-1]).mean.tolist() == wanted[::-1]


def test_what_is_no_frame() -> None:
    for value in (5, "events.csv", [1, 2], pd.Series([1]), None):
        with pytest.raises(
            TypeError, match="a table is a pandas, polars or pyarrow frame or a dict"
        ):
            frames.kind_of(value)
    with pytest.raises(TypeError, match=r"collect\(\) it first"):
        frames.kind_of(pl.DataFrame({"a": [1]}).lazy())


def test_column_that_occurs_twice() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    for frame in (pd.DataFrame([[1, 2]], columns=["a", "a"]), twice):
        with pytest.raises(ValueError, match="column 'a' occurs more than once"):
            frames.columns_of(frame)


def test_columns_of_other_types_are_refused_by_name() -> None:
    frame = pd.DataFrame({"kept": [1], "day": pd.to_datetime(["2020-01-01"])})
    with pytest.raises(TypeError, match="column 'day': needs numbers"):
        frames.columns_of(frame)
