# SPDX-License-Identifier: MIT
"""Whole frames as Arrow streams in, results as Arrow streams out; whatever the producer, the same bytes."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import duckdb
import loyalty
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from loyalty import _core
from loyalty._events import NO_TIME
from loyalty.simulate import simulate

START = 1_577_836_800  # 2020-01-01
# Without event_id, which would make every stream one call.
LOG = simulate(60, seed=3).to_frame().drop(columns=["event_id"])
LOG = LOG[LOG["kind"] != "retraction"].sort_values("time", kind="stable").reset_index(drop=True)
TABLE = pa.Table.from_pandas(LOG, preserve_index=False)
AS_OF = "2024-12-30"


def folded(events: Any, **options: Any) -> bytes:
    portfolio = loyalty.Portfolio()
    books = portfolio.apply(events, **options)
    assert books.balanced
    assert books.read == len(LOG)
    return portfolio.to_bytes()


EXPECTED = folded(LOG)


def columns_of(frame: pd.DataFrame) -> dict[str, Any]:
    """The columns as NumPy arrays; times without their zone."""
    zoned = frame.select_dtypes("datetimetz").columns
    return {
        name: np.asarray(frame[name].dt.tz_localize(None) if name in zoned else frame[name])
        for name in frame.columns
    }


class Producer:
    """Offers a table's Arrow stream and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("rows", [1, 100, 10_000_000])
@pytest.mark.parametrize("shuffled", [False, True])
def test_every_kind_of_frame_gives_the_same_bytes(rows: int, shuffled: bool) -> None:
    log = LOG.sample(frac=1, random_state=1) if shuffled else LOG
    table = pa.Table.from_pandas(log, preserve_index=False)
    chunked = pa.Table.from_batches(table.to_batches(rows), table.schema)
    assert folded(log) == EXPECTED
    assert folded(columns_of(log), zone="UTC") == EXPECTED
    assert folded(chunked) == EXPECTED
    assert folded(pl.from_arrow(chunked)) == EXPECTED
    assert folded(duckdb.from_arrow(chunked)) == EXPECTED
    assert folded(duckdb.sql("SELECT * FROM chunked ORDER BY random()")) == EXPECTED
    if not shuffled:
        assert folded(chunked.to_reader()) == EXPECTED
        assert folded(Producer(chunked)) == EXPECTED


def test_a_record_batch_is_a_frame() -> None:
    assert folded(TABLE.combine_chunks().to_batches()[0]) == EXPECTED


TYPES: dict[str, tuple[list[Any], list[pa.DataType]]] = {
    "relationship": (
        ["a", "b", None, "a much longer name than twelve bytes", "ü"],
        [
            pa.string(),
            pa.large_string(),
            pa.string_view(),
            pa.binary(),
            pa.large_binary(),
            pa.binary_view(),
            pa.dictionary(pa.int8(), pa.string()),
            pa.dictionary(pa.uint32(), pa.large_string()),
            pa.dictionary(pa.int64(), pa.string_view()),
        ],
    ),
    "time": (
        [START, START + 86_400, None, START + 2 * 86_400, START],
        [
            *(pa.timestamp(unit, "UTC") for unit in ("s", "ms", "us", "ns")),
            pa.timestamp("us", "Asia/Tokyo"),
            pa.date32(),
            pa.date64(),
            pa.int64(),
            pa.float64(),
        ],
    ),
    "value": (
        [1, 2, None, 3, 0],
        [
            *(getattr(pa, name)() for name in ("int8", "int16", "int32", "int64")),
            *(getattr(pa, name)() for name in ("uint8", "uint16", "uint32", "uint64")),
            *(getattr(pa, name)() for name in ("float16", "float32", "float64")),
            pa.decimal32(5, 2),
            pa.decimal64(18, 4),
            pa.decimal128(38, 10),
            pa.decimal256(60, 20),
        ],
    ),
    "whole_order": ([True, False, None, True, False], [pa.bool_(), pa.uint8(), pa.float64()]),
    "amount": ([None] * 5, [pa.null(), pa.float64(), pa.int8()]),
    "kind": (
        ["return", "gift", None, "review", "suggestion"],
        [pa.string(), pa.string_view(), pa.dictionary(pa.int16(), pa.string())],
    ),
}
PLAIN: dict[str, list[Any]] = {
    "relationship": ["a", "b", "c", "d", "e"],
    "time": [START + i for i in range(5)],
    "kind": ["gift", "return", "gift", "review", "suggestion"],
    "value": [1.0, 1.0, 2.0, 1.0, 3.0],
    "since": [None, START, None, None, None],
}


def arrow_of(values: list[Any], type_: pa.DataType) -> pa.Array:
    """The values in a type, by way of the plain one that pyarrow makes it from."""
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return pa.array(values, pa.int64()).cast(pa.timestamp("s", "UTC")).cast(type_)
    if pa.types.is_binary_view(type_):
        return pa.array([None if v is None else v.encode() for v in values], type_)
    if pa.types.is_dictionary(type_):
        words = sorted({v for v in values if v is not None})
        codes = [None if v is None else words.index(v) for v in values]
        return pa.DictionaryArray.from_arrays(
            pa.array(codes, type_.index_type), pa.array(words, type_.value_type)
        )
    if pa.types.is_floating(type_) and type_.bit_width == 16:
        return pa.array([None if v is None else np.float16(v) for v in values], type_)
    if type_ == pa.uint8() or pa.types.is_floating(type_):
        return pa.array([None if v is None else int(v) for v in values], pa.int64()).cast(type_)
    return pa.array(values, type_)


def outcome(events: Any) -> tuple[bytes, dict[str, int], list[int], list[str]]:
    portfolio = loyalty.Portfolio()
    books = portfolio.apply(events)
    rejects = books.rejects
    return portfolio.to_bytes(), books.set_aside, rejects["row"].tolist(), rejects["code"].tolist()


@pytest.mark.parametrize(
    ("name", "type_"),
    [(name, type_) for name, (_, types) in TYPES.items() for type_ in types],
    ids=str,
)
@pytest.mark.parametrize("nulls", [False, True])
def test_types_in_streams_against_plain_lists(name: str, type_: pa.DataType, nulls: bool) -> None:
    values = TYPES[name][0]
    if not nulls:
        if all(value is None for value in values):
            return
        values = [values[0] if value is None else value for value in values]
    plain = {key: np.array(column, dtype=object) for key, column in PLAIN.items()}
    plain["time"] = np.array(PLAIN["time"])
    plain["since"] = np.array([NO_TIME if t is None else t for t in PLAIN["since"]])
    table = {key: pa.array(column) for key, column in PLAIN.items()}
    table[name] = arrow_of(values, type_)
    if name == "time":
        plain[name] = np.array([NO_TIME if value is None else value for value in values])
    else:
        plain[name] = np.array(values, dtype=object)
    expected = outcome(plain)
    whole = pa.table(table)
    assert outcome(whole) == expected
    padded = pa.concat_tables([whole.slice(2), whole, whole.slice(0, 2)])
    for chunks in (
        [whole],
        [padded.slice(3, 5).combine_chunks()],
        [whole.slice(0, 0), whole],
        [pa.concat_tables([whole.slice(1, 1), whole]).combine_chunks().slice(1)],
    ):
        for batch in chunks:
            if batch.num_rows:
                batch.validate(full=True)
        table_of = pa.Table.from_batches(
            [batch for chunk in chunks for batch in chunk.to_batches()], whole.schema
        )
        assert outcome(Producer(table_of)) == expected
    # Cut in two, the rows of both batches follow time.
    if name != "time":
        cut = pa.Table.from_batches(
            [*whole.slice(0, 3).to_batches(), *whole.slice(3).to_batches()], whole.schema
        )
        assert outcome(cut.to_reader()) == expected
        assert outcome(cut) == expected


@pytest.mark.parametrize("make", ["reader", "duckdb"])
def test_rejects_are_numbered_over_the_whole_stream(make: str) -> None:
    rows = 5_000
    events = pa.table(
        {
            "relationship": ["a"] * rows,
            "time": pa.array(range(START, START + rows)),
            "kind": ["gift" if i % 1_000 else "no such kind" for i in range(rows)],
        }
    )
    given = events.to_reader(max_chunksize=300) if make == "reader" else duckdb.from_arrow(events)
    books = loyalty.Portfolio().apply(given)
    assert books.rejects["row"].tolist() == list(range(0, rows, 1_000))
    assert books.set_aside == {"unknown_kind": 5}
    assert books.scored == rows - 5


def test_a_stream_with_event_ids_is_one_call() -> None:
    events = pa.table(
        {
            "relationship": ["a", "a", "a"],
            "time": [START, START + 1, START + 2],
            "kind": ["gift", "gift", "retraction"],
            "event_id": ["1", "1", None],
            "refers_to": [None, None, "1"],
        }
    )
    for given in (events.to_reader(max_chunksize=1), duckdb.from_arrow(events), events):
        books = loyalty.Portfolio().apply(given)
        assert books.skipped == {"repeated": 1, "retracted": 2}


def test_late_batches_are_late_as_late_calls_are() -> None:
    early, late = LOG.iloc[: len(LOG) // 2], LOG.iloc[len(LOG) // 2 :]
    by_calls = loyalty.Portfolio()
    by_calls.apply(late)
    by_calls.apply(early)
    batches = [
        batch
        for part in (late, early)
        for batch in pa.Table.from_pandas(part, TABLE.schema, preserve_index=False)
        .combine_chunks()
        .to_batches()
    ]
    by_batches = loyalty.Portfolio()
    by_batches.apply(pa.RecordBatchReader.from_batches(TABLE.schema, batches))
    assert by_batches.to_bytes() == by_calls.to_bytes()


def test_naive_times_in_streams() -> None:
    local = LOG.assign(time=LOG["time"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None))
    del local["due"], local["done"], local["until"], local["since"]
    plain = LOG.drop(columns=["due", "done", "until", "since"])
    expected = folded(plain)
    with pytest.raises(ValueError, match="column 'time' holds times without a zone"):
        folded(duckdb.sql("SELECT * FROM local"))
    assert folded(duckdb.sql("SELECT * FROM local"), zone="Europe/Berlin") == expected
    naive = duckdb.sql("SELECT * REPLACE (timezone('UTC', time) AS time) FROM plain")
    assert folded(naive, zone="UTC") == expected


def test_retract_and_replay_take_streams() -> None:
    some = LOG[LOG["relationship"].isin(sorted(set(LOG["relationship"]))[:5])]
    reader = pa.Table.from_pandas(some, preserve_index=False).to_reader(max_chunksize=10)
    portfolio = loyalty.Portfolio()
    portfolio.apply(LOG)
    assert portfolio.replay(reader).read == len(some)
    assert portfolio.to_bytes() == EXPECTED
    gifts = LOG[LOG["kind"] == "gift"]
    assert len(gifts) > 0
    portfolio.retract(duckdb.sql("SELECT * FROM gifts"))
    other = loyalty.Portfolio()
    other.apply(LOG)
    other.retract(gifts)
    assert portfolio.to_bytes() == other.to_bytes()


def test_names_of_streams_are_checked_before_anything_is_applied() -> None:
    with pytest.raises(ValueError, match="unknown event column 'kinds'; did you mean 'kind'"):
        loyalty.Portfolio().apply(
            TABLE.rename_columns(
                ["kinds" if name == "kind" else name for name in TABLE.column_names]
            ).to_reader()
        )
    with pytest.raises(ValueError, match="missing column 'time'"):
        loyalty.Portfolio().apply(Producer(TABLE.drop_columns(["time"])))
    with pytest.raises(ValueError, match="unknown event column 'x'"):
        loyalty.Portfolio().apply(Producer(TABLE.append_column("x", pa.nulls(len(TABLE)))))
    with pytest.raises(TypeError, match="column 'value' needs numbers"):
        loyalty.Portfolio().apply(duckdb.sql("SELECT * REPLACE ('x' AS value) FROM LOG"))
    with pytest.raises(TypeError, match="struct of columns"):
        loyalty.Portfolio().apply(Producer(pa.chunked_array([[1, 2]])))


def test_a_stream_that_breaks_off_says_what_stays() -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield from TABLE.to_batches(100)[:3]
        raise OSError("the line went dead")

    portfolio = loyalty.Portfolio()
    reader = pa.RecordBatchReader.from_batches(TABLE.schema, batches())
    with pytest.raises(
        ValueError, match=r"(?s)the line went dead.*the 300 rows .* stay applied"
    ) as e:
        portfolio.apply(reader)
    assert "column" not in str(e.value)
    assert portfolio.books.read == 300
    whole = loyalty.Portfolio()
    whole.apply(TABLE.slice(0, 300))
    assert portfolio.to_bytes() == whole.to_bytes()


def test_memory_is_bounded_by_the_batch() -> None:
    rows, parts = 10_000, 20
    most = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal most
        for i in range(parts):
            times = pa.array(np.arange(rows) + START + i * rows)
            columns = [pa.array(["a"] * rows), pa.concat_arrays([times]), pa.array(["gift"] * rows)]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
            most = max(most, pa.total_allocated_bytes() - before)

    schema = pa.schema({"relationship": pa.string(), "time": pa.int64(), "kind": pa.string()})
    gc.collect()
    before = pa.total_allocated_bytes()
    loyalty.Portfolio().apply(pa.RecordBatchReader.from_batches(schema, batches()))
    gc.collect()
    assert pa.total_allocated_bytes() == before
    one = sum(len(text) + 4 for text in ("a", "gift")) * rows
    assert one < most < 5 * one  # of twenty


# --- results --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result() -> loyalty.Result:
    portfolio = loyalty.Portfolio()
    portfolio.apply(LOG)
    return portfolio.assess(AS_OF)


def test_results_are_arrow_streams_again_and_again(result: loyalty.Result) -> None:
    columns = result.to_dict()
    for _ in range(2):
        table = pa.table(result)
        table.validate(full=True)
        assert table.column_names == [name for name, _, _ in _core.result_columns]
        assert {k.decode(): v.decode() for k, v in table.schema.metadata.items()} == result.metadata
        for name, kind, _ in _core.result_columns:
            types = {
                "number": pa.float64(),
                "integer": pa.int64(),
                "time": pa.timestamp("s", "UTC"),
                "text": pa.large_string(),
            }
            assert table.schema.field(name).type == types[kind]
            given = columns[name]
            if kind == "number":
                expected = [None if x != x else x for x in given.tolist()]
            elif kind == "time":
                expected = [None if np.isnat(t) else int(t.astype("i8")) for t in given]
                assert table[name].cast(pa.int64()).to_pylist() == expected
                continue
            else:
                expected = given.tolist()
            assert table[name].to_pylist() == expected
        assert table["quality"].null_count == int(np.isnan(columns["quality"]).sum())
    assert any(table[name].null_count for name in ("rung_since", "next_rung", "why_trust"))


def test_results_in_every_library(result: loyalty.Result) -> None:
    frame = pl.DataFrame(result)
    assert frame.shape == (len(result), len(_core.result_columns))
    assert frame["relationship"].to_list() == list(result)
    back = duckdb.sql("SELECT relationship, quality FROM result ORDER BY ALL").fetchnumpy()
    assert back["relationship"].tolist() == list(result)
    assert np.array_equal(
        np.ma.filled(back["quality"], np.nan), result.column("quality"), equal_nan=True
    )
    if hasattr(pd.DataFrame, "from_arrow"):
        made = pd.DataFrame.from_arrow(result)
        assert made["relationship"].tolist() == list(result)


def test_results_are_not_copied(result: loyalty.Result) -> None:
    table = pa.table(result)
    for name in ("quality", "spend", "events"):
        numbers = result.column(name)
        address = table[name].chunk(0).buffers()[1].address
        assert numbers.ctypes.data == address
        assert not numbers.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            numbers[0] = 1


def test_arrow_outlives_its_result() -> None:
    portfolio = loyalty.Portfolio()
    portfolio.apply(LOG)
    result = portfolio.assess(AS_OF)
    quality, names = result.column("quality").copy(), list(result)
    numbers = result.column("quality")
    table = pa.table(result)
    stream = result.__arrow_c_stream__()
    gone = weakref.ref(result._table)
    del result, portfolio
    gc.collect()
    assert gone() is None  # the object; what it holds lives on in the table and the column
    assert np.array_equal(numbers, quality, equal_nan=True)
    assert table["relationship"].to_pylist() == names
    reader = pa.RecordBatchReader._import_from_c_capsule(stream)
    assert reader.read_all()["relationship"].to_pylist() == names


def test_batches_of_a_result(result: loyalty.Result) -> None:
    capsule = result._table.arrow_stream({}, 7)
    reader = pa.RecordBatchReader._import_from_c_capsule(capsule)
    sizes = [batch.num_rows for batch in reader]
    assert sizes == [7] * (len(result) // 7) + [len(result) % 7]
    capsule = result._table.arrow_stream({}, 7)
    parts = pa.RecordBatchReader._import_from_c_capsule(capsule).read_all()
    parts.validate(full=True)
    assert parts.combine_chunks().equals(pa.table(result).combine_chunks())


def test_identifiers_that_are_no_text_stay_bytes() -> None:
    portfolio = loyalty.Portfolio()
    name = b"\xff\xfe"
    portfolio.apply(
        {"relationship": np.array([name, "ü"], object), "time": [START] * 2, "kind": ["gift"] * 2}
    )
    result = portfolio.assess("2020-06-01")
    table = pa.table(result)
    table.validate(full=True)
    assert table.schema.field("relationship").type == pa.large_binary()
    assert table["relationship"].to_pylist() == ["ü".encode(), name]
    assert table.schema.field("rung").type == pa.large_string()


def test_results_without_rows() -> None:
    portfolio = loyalty.Portfolio()
    portfolio.apply({"relationship": [], "time": [], "kind": []})
    result = portfolio.assess("2020-06-01")
    assert pa.table(result).num_rows == 0
    assert pl.DataFrame(result).shape == (0, len(_core.result_columns))
    assert duckdb.sql("SELECT count(*) FROM result").fetchall() == [(0,)]


def test_no_library_of_frames_is_needed() -> None:
    code = """
import sys
for name in ("pyarrow", "pandas", "polars"):
    sys.modules[name] = None
import duckdb, loyalty
events = duckdb.sql(
    "SELECT 'c' || i % 7 AS relationship, TIMESTAMPTZ '2024-01-01 00:00:00Z' + INTERVAL 1 HOUR * i AS time, "
    "'purchase' AS kind, (i % 50)::DECIMAL(9,2) + 1 AS amount FROM range(5000) t(i)")
portfolio = loyalty.Portfolio()
books = portfolio.apply(events)
assert books.scored == 5000, books
result = portfolio.assess("2024-12-30")
assert duckdb.sql("SELECT count(*), count(rung) FROM result").fetchall() == [(7, 7)]
assert isinstance(result.to_frame(), dict)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- nothing leaks --------------------------------------------------------------------------------


def test_arrow_memory_goes_back() -> None:
    portfolio = loyalty.Portfolio()
    portfolio.apply(LOG)
    gc.collect()
    before = pa.total_allocated_bytes()
    for _ in range(3):
        loyalty.Portfolio().apply(TABLE.take(pa.array(range(len(TABLE)))))
        loyalty.Portfolio().apply(TABLE.take(pa.array(range(len(TABLE)))).to_reader(50))
        with pytest.raises(TypeError):
            loyalty.Portfolio().apply(
                Producer(TABLE.set_column(0, TABLE.column_names[0], pa.array([[1]] * len(TABLE))))
            )
    gc.collect()
    assert pa.total_allocated_bytes() == before


def test_what_a_stream_borrows_is_let_go() -> None:
    class Owner(bytearray):
        """Bytes that can be watched."""

    watched = []

    def batches() -> Iterator[pa.RecordBatch]:
        for i in range(4):
            owner = Owner(np.arange(START + 10 * i, START + 10 * i + 10).tobytes())
            watched.append(weakref.ref(owner))
            times = pa.Array.from_buffers(pa.int64(), 10, [None, pa.py_buffer(owner)])
            kinds = pa.array(["gift"] * 10) if i < 3 else pa.array([0.5] * 10)
            names = ["relationship", "time", "kind"]
            yield pa.RecordBatch.from_arrays([pa.array(["a"] * 10), times, kinds], names)
            assert all(ref() is None for ref in watched[:-1])

    schema = pa.schema({"relationship": pa.string(), "time": pa.int64(), "kind": pa.string()})
    with pytest.raises((TypeError, ValueError)):  # the last batch is of another type
        loyalty.Portfolio().apply(pa.RecordBatchReader.from_batches(schema, batches()))
    gc.collect()
    assert len(watched) == 4
    assert all(ref() is None for ref in watched)


def test_abandoned_streams_of_results_are_released(result: loyalty.Result) -> None:
    before = sys.getrefcount(result._table)
    for _ in range(3):
        result.__arrow_c_stream__()  # never consumed
        reader = pa.RecordBatchReader._import_from_c_capsule(result._table.arrow_stream({}, 5))
        reader.read_next_batch()  # left half way
        del reader
    gc.collect()
    after = sys.getrefcount(result._table)
    assert after == before


def test_a_stream_of_results_is_the_result(result: loyalty.Result) -> None:
    """Whoever reads a stream gets the rows of the result, again and again, and the counts are those of the summary."""
    log_portfolio, as_of = result.portfolio, AS_OF
    whole = pa.table(result)
    stream = log_portfolio.stream(as_of, rows_per_batch=1)
    assert len(stream) == len(log_portfolio)
    for _ in range(2):
        assert pa.table(stream).equals(whole)
    read = pa.RecordBatchReader.from_stream(stream).schema
    assert read.metadata == whole.schema.metadata
    assert duckdb.sql("FROM stream").to_arrow_table().num_rows == whole.num_rows
    assert stream.counts == log_portfolio.assess(as_of).counts
    untouched = log_portfolio.stream(as_of)
    assert untouched.counts == stream.counts
    brief = pa.table(log_portfolio.stream(as_of, intervals=False))
    assert brief.equals(pa.table(log_portfolio.assess(as_of, intervals=False)))


def test_a_stream_of_results_keeps_its_portfolio_and_refuses_another_state() -> None:
    portfolio = loyalty.Portfolio(threads=2)
    portfolio.apply({"relationship": ["a"], "time": [START], "kind": ["gift"]})
    stream = portfolio.stream(START + 100)
    reader = pa.RecordBatchReader.from_stream(stream)
    portfolio.apply({"relationship": ["b"], "time": [START], "kind": ["gift"]})
    with pytest.raises(ValueError, match="has taken rows since"):
        pa.table(stream)
    with pytest.raises(ValueError, match="has taken rows since"):
        stream.counts  # noqa: B018
    with pytest.raises(pa.ArrowInvalid, match="taken relationships"):
        reader.read_all()
    stream = portfolio.stream(START + 100)
    del portfolio
    assert pa.table(stream)["relationship"].to_pylist() == ["a", "b"]
    with pytest.raises(ValueError, match="rows_per_batch = 0"):
        loyalty.Portfolio().stream(1, rows_per_batch=0)
    with pytest.raises(loyalty.WindowError):
        stream.portfolio.stream(START - 9)


def test_a_stream_of_results_is_released_by_any_thread() -> None:
    portfolio = loyalty.Portfolio()
    n = 20_000
    portfolio.apply(
        {
            "relationship": np.arange(n),
            "time": np.full(n, START),
            "kind": np.full(n, "gift", object),
        }
    )
    with duckdb.connect() as con:
        con.execute("SET threads = 4")
        for _ in range(5):
            stream = portfolio.stream(START + 100, rows_per_batch=4096)
            assert con.sql("SELECT count(*) FROM stream").fetchall() == [(n,)]
            assert con.sql("FROM stream LIMIT 1").fetchall()[0][0] == "0"
            del stream
            gc.collect()
