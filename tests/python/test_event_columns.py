# SPDX-License-Identifier: MIT
"""Event columns in every form that a frame may keep them: the same portfolio to the bit, and no silent reading."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import loyalty
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from loyalty import _core, _events
from loyalty._events import NO_TIME

KINDS = _core.kind_names
START = 1_577_836_800  # 2020-01-01
ROWS = 600
_random = np.random.default_rng(1)
KIND = _random.choice(
    [KINDS.index(k) for k in ("purchase", "contact", "gift", "review", "guarantee")], ROWS
).astype(np.uint8)
WORDS = np.array(KINDS, dtype=object)[KIND]
WHO = _random.integers(0, 40, ROWS)
TIME = START + np.sort(_random.integers(0, 400, ROWS)) * 86_400 + 3_600
AMOUNT = np.where(KIND == 0, _random.integers(1, 10_000, ROWS) / 4, np.nan)
SIDE = np.where(KINDS.index("contact") == KIND, "them", None)
IDS = np.array([f"ü{who}-and-more-than-twelve" for who in WHO], dtype=object)
BASE: dict[str, Any] = {
    "relationship": WHO,
    "time": TIME,
    "kind": KIND,
    "amount": AMOUNT,
    "value": np.ones(ROWS),
    "side": SIDE,
}


def folded(zone: str | None = None, **changed: Any) -> bytes:
    portfolio = loyalty.Portfolio()
    books = portfolio.apply({**BASE, **changed}, zone=zone)
    assert books.scored == books.read == ROWS, str(books)
    return portfolio.to_bytes()


EXPECTED = folded()
EXPECTED_IDS = folded(relationship=IDS)


def apart(text: str | None) -> str | None:
    """A text equal to the given one that is an object of its own."""
    return None if text is None else "".join(list(text))


def in_chunks(column: pa.Array) -> pa.ChunkedArray:
    """The column in two chunks, the second one with an offset."""
    return pa.chunked_array([column.slice(0, 101), column.slice(101)])


def forms(values: np.ndarray) -> dict[str, Any]:
    """Every form of a text column."""
    arrow = pa.array(values, pa.string())
    return {
        "object": values,
        "objects of their own": np.array([apart(v) for v in values], dtype=object),
        "list": list(values),
        "fixed": values.astype("U"),
        "strided": np.repeat(values, 2)[::2],
        "StringDType": values.astype(np.dtypes.StringDType()),
        "bytes": np.array([v.encode() for v in values], dtype=object),
        "fixed bytes": np.array([v.encode() for v in values], dtype="S"),
        "pandas object": pd.Series(values, dtype=object),
        "pandas string": pd.Series(values, dtype="string[python]"),
        "pandas pyarrow": pd.Series(values, dtype="string[pyarrow]"),
        "pandas ArrowDtype": pd.Series(values, dtype=pd.ArrowDtype(pa.string())),
        "pandas category": pd.Series(values, dtype="category"),
        "Categorical": pd.Categorical(values),
        "Index": pd.Index(values),
        "CategoricalIndex": pd.CategoricalIndex(values),
        "polars String": pl.Series(values.tolist(), dtype=pl.String),
        "polars Categorical": pl.Series(values.tolist(), dtype=pl.Categorical),
        "polars Enum": pl.Series(values.tolist(), dtype=pl.Enum(sorted(set(values)))),
        "polars chunks": pl.concat(
            [pl.Series(values[:7].tolist()), pl.Series(values[7:].tolist())], rechunk=False
        ),
        "string": arrow,
        "string chunks": in_chunks(arrow),
        "large_string": arrow.cast(pa.large_string()),
        "large_string chunks": in_chunks(arrow.cast(pa.large_string())),
        "string_view": arrow.cast(pa.string_view()),
        "binary": arrow.cast(pa.binary()),
        "dictionary": arrow.dictionary_encode(),
        "dictionary chunks": in_chunks(arrow.dictionary_encode()),
        "dictionaries": pa.chunked_array(
            [arrow.slice(0, 50).dictionary_encode(), arrow.slice(50).dictionary_encode()]
        ),
        "sliced": pa.concat_arrays([pa.array(["x"] * 9), arrow]).slice(9),
    }


@pytest.mark.parametrize("form", forms(WORDS))
def test_kinds_in_every_form(form: str) -> None:
    assert folded(kind=forms(WORDS)[form]) == EXPECTED


@pytest.mark.parametrize("form", forms(IDS))
def test_identifiers_in_every_form(form: str) -> None:
    assert folded(relationship=forms(IDS)[form]) == EXPECTED_IDS


@pytest.mark.parametrize(
    "who",
    [
        WHO.astype(np.int8),
        WHO.astype(np.uint64),
        WHO.astype(">i8"),
        WHO.astype(float),
        WHO.astype(np.float32),
        WHO.astype(object),
        WHO.astype("U"),
        pd.Series(WHO, dtype="Int64"),
        pd.Series(WHO, dtype="category"),
        pd.Series(WHO, dtype=pd.ArrowDtype(pa.int32())),
        pl.Series(WHO),
        pa.array(WHO),
        in_chunks(pa.array(WHO, pa.uint16())),
        pa.array(WHO).dictionary_encode(),
        np.repeat(WHO, 3)[::3],
    ],
    ids=lambda who: f"{type(who).__module__.split('.')[0]} {getattr(who, 'dtype', '')}",
)
def test_whole_numbers_are_their_decimal_text(who: Any) -> None:
    assert folded(relationship=who) == EXPECTED


UTC = pd.Series(pd.to_datetime(TIME, unit="s", utc=True))


@pytest.mark.parametrize(
    "time",
    [
        *(TIME.astype("datetime64[s]").astype(f"datetime64[{unit}]") for unit in ("s", "ms", "us")),
        TIME.astype("datetime64[s]").astype("datetime64[ns]") + np.timedelta64(999_999_999, "ns"),
        (TIME // 3600).astype("datetime64[h]"),
        TIME.astype(float),
        TIME.astype(np.uint64),
        TIME.astype("datetime64[s]").astype(">M8[s]"),
        pd.Series(TIME, dtype="Int64"),
        UTC,
        UTC.dt.as_unit("ns"),
        UTC.dt.tz_convert("Asia/Tokyo"),
        UTC.dt.tz_localize(None),
        pd.DatetimeIndex(UTC),
        UTC.astype("timestamp[us, tz=Europe/Paris][pyarrow]"),
        pl.Series(UTC).cast(pl.Datetime("ms", "America/New_York")),
        pl.Series(UTC).cast(pl.Datetime("ns", "UTC")),
        pa.array(UTC),
        in_chunks(pa.array(TIME, pa.timestamp("s", tz="UTC"))),
        pa.array(TIME, pa.timestamp("s")),
    ],
    ids=str,
)
def test_times_in_every_unit(time: Any) -> None:
    assert folded(time=time, zone="UTC") == EXPECTED


def test_local_times_of_a_stated_zone() -> None:
    local = UTC.dt.tz_convert("Asia/Tokyo").dt.tz_localize(None)
    for column in (local, pl.Series(local), pa.array(local)):
        with pytest.raises(ValueError, match="column 'time' holds times without a zone"):
            folded(time=column)
        assert folded(time=column, zone="Asia/Tokyo") == EXPECTED
    assert folded(time=local.to_numpy(), zone="Asia/Tokyo") == EXPECTED
    with pytest.raises(ValueError, match="column 'time' holds times without a zone"):
        folded(time=pd.DatetimeIndex(local))
    assert folded(time=pd.DatetimeIndex(UTC)) == EXPECTED


@pytest.mark.parametrize(
    "amount",
    [
        AMOUNT.astype(np.float32),
        AMOUNT.astype(">f8"),
        AMOUNT.astype(object),
        np.array([None if x != x else decimal.Decimal(str(x)) for x in AMOUNT], dtype=object),
        pd.Series(AMOUNT, dtype="Float64"),
        pl.Series(AMOUNT, nan_to_null=True),
        pl.Series(AMOUNT, nan_to_null=True).cast(pl.Decimal(12, 2)),
        pa.array(AMOUNT, from_pandas=True),
        in_chunks(pa.array(AMOUNT, from_pandas=True).cast(pa.decimal128(38, 20))),
    ],
    ids=lambda x: (
        f"{type(x).__module__.split('.')[0]} {getattr(x, 'dtype', getattr(x, 'type', ''))}"
    ),
)
def test_numbers_in_every_form(amount: Any) -> None:
    assert folded(amount=amount) == EXPECTED


def test_decimals_are_rounded_once() -> None:
    texts = [
        "0",
        "-0.01",
        "1234567.89",
        "-99999999999999999999.123456789",
        "0.1",
        "9007199254740993",
    ]
    exact = [decimal.Decimal(text) for text in texts]
    for kind in (pa.decimal128(38, 9), pa.decimal128(38, 12)):
        column = pa.array(exact, kind)
        assert _core.reals("x", column).tolist() == [float(text) for text in texts]
    small = pa.array([decimal.Decimal("-1.25"), None], pa.decimal128(9, 2))
    assert np.array_equal(_core.reals("x", small), [-1.25, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    "whole",
    [
        np.array([True, False, False]),
        np.array([1, 0, 0]),
        np.array([1.0, 0.0, np.nan]),
        np.array([True, False, None], dtype=object),
        pd.Series([True, False, None], dtype="boolean"),
        pl.Series([True, False, None]),
        pa.array([True, False, None]),
        pa.array([False, True, False, None]).slice(1),
    ],
    ids=lambda x: (
        f"{type(x).__module__.split('.')[0]} {getattr(x, 'dtype', getattr(x, 'type', ''))}"
    ),
)
def test_truth_values_in_every_form(whole: Any) -> None:
    columns = {
        "relationship": np.ones(3, np.int64),
        "time": START + np.arange(3) * 86_400,
        "kind": np.array(["purchase", "return", "return"], dtype=object),
        "since": np.full(3, START),
        "whole_order": whole,
    }
    portfolio = loyalty.Portfolio()
    portfolio.apply(columns)
    assert portfolio.state("1")["n"] == 1


def test_truth_values_are_true_or_false() -> None:
    with pytest.raises(TypeError, match="column 'whole_order': needs true or false, not 2"):
        folded(whole_order=np.full(ROWS, 2.0))


def test_gaps_in_every_form() -> None:
    def rejected(**changed: Any) -> dict[str, int]:
        base = {"relationship": [1, 1], "time": [START, START + 1], "kind": ["review", "review"]}
        return loyalty.Portfolio().apply({**base, **changed}).set_aside

    stamp = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    for who in (
        [None, "a"],
        [np.nan, 1.0],
        [pd.NA, "a"],
        pd.Series([None, 1], dtype="Int64"),
        pd.Series([None, "a"], dtype="category"),
        pd.Series([None, "a"], dtype="string"),
        pl.Series([None, 7]),
        pl.Series([None, "a"]),
        pa.array([None, "a"]),
        pa.array([None, "a"]).dictionary_encode(),
        pa.array([None, 3]),
        ["", "a"],
    ):
        column = np.array(who, dtype=object) if isinstance(who, list) else who
        assert rejected(relationship=column) == {"missing_relationship": 1}, who
    for time in (
        np.array(["NaT", "2020-01-01"], dtype="datetime64[D]"),
        np.array([np.nan, START]),
        pd.Series([None, START], dtype="Int64"),
        pd.Series([None, stamp], dtype="datetime64[us, UTC]"),
        pl.Series([None, stamp]),
        pa.array([None, stamp]),
        pl.Series([None, stamp.date()]),
        pa.array([None, stamp.date()]),
        pa.array([None, stamp.date()], pa.date64()),
    ):
        assert rejected(time=time) == {"missing_time": 1}, time
    for time in (np.array([None, None]), pl.Series([None, None]), pa.nulls(2)):
        assert rejected(time=time) == {"missing_time": 2}, time
    for kind in ([None, "review"], ["", "review"], ["Review", "review"], ["reviews", "review"]):
        for column in (
            np.array(kind, dtype=object),
            pd.Series(kind, dtype="category"),
            pl.Series(kind),
            pa.array(kind),
        ):
            assert rejected(kind=column) == {"unknown_kind": 1}, kind


def test_kinds_as_codes() -> None:
    for dtype in (np.int8, np.int16, np.int64, np.uint32):
        assert folded(kind=KIND.astype(dtype)) == EXPECTED
    assert folded(kind=pd.Series(KIND)) == EXPECTED
    assert folded(kind=pl.Series(KIND)) == EXPECTED
    assert folded(kind=pa.array(KIND)) == EXPECTED


@pytest.mark.parametrize("code", [24, 77, 200, 254, 255])
def test_a_code_that_is_no_kind_sets_the_row_aside(code: int) -> None:
    columns = {name: column[:3] for name, column in BASE.items()}
    columns["kind"] = np.array([0, code, 0], dtype=np.uint8)
    books = loyalty.Portfolio().apply(columns)
    assert (books.scored, books.set_aside) == (2, {"unknown_kind": 1})
    assert books.rejects["row"].tolist() == [1]
    columns["kind"] = np.array([0, -code, 0])
    assert loyalty.Portfolio().apply(columns).set_aside == {"unknown_kind": 1}
    columns["kind"] = np.array([0, code * 256, 0])  # must not wrap around to a purchase
    assert loyalty.Portfolio().apply(columns).set_aside == {"unknown_kind": 1}


def test_other_codes_are_checked_too() -> None:
    base = {name: column[:2] for name, column in BASE.items() if name != "side"}
    base["kind"] = np.array(["contact", "survey"], dtype=object)
    base |= {"scale_low": np.zeros(2), "scale_high": np.full(2, 5.0)}
    for name, code in (("side", "bad_side"), ("role", "bad_role"), ("parameter", "bad_parameter")):
        columns = {**base, name: np.array([0, 9], dtype=np.uint8)}
        assert loyalty.Portfolio().apply(columns).set_aside == {code: 1}, name
        columns[name] = np.array([0, 255], dtype=np.uint8)
        assert loyalty.Portfolio().apply(columns).set_aside == {}, name
        columns[name] = np.array([None, "us or so"], dtype=object)
        assert loyalty.Portfolio().apply(columns).set_aside == {code: 1}, name


@pytest.mark.parametrize("code", [np.array([0, 200], np.uint8), np.array(["", "no_such"], object)])
def test_a_reason_to_set_aside_must_be_one_of_the_list(code: np.ndarray) -> None:
    columns = {name: column[:2] for name, column in BASE.items()}
    with pytest.raises(ValueError, match="column 'code', row 1"):
        loyalty.Portfolio().apply({**columns, "code": code})


def test_reasons_given_and_found_both_hold() -> None:
    columns = {
        "relationship": np.array([1.5, 2.0, 3.0]),
        "time": np.full(3, START),
        "kind": np.array(["review"] * 3),
        "code": np.array([None, "bad_time", None], dtype=object),
    }
    books = loyalty.Portfolio().apply(columns)
    assert books.set_aside == {"bad_relationship": 1, "bad_time": 1}


def test_identifiers_that_are_none_are_set_aside() -> None:
    who = np.array(["a", 1.5, True, datetime.date(2020, 1, 1), 2**70, b"b", 3.0], dtype=object)
    columns = {
        "relationship": who,
        "time": np.full(7, START),
        "kind": np.array(["review"] * 7),
    }
    portfolio = loyalty.Portfolio()
    books = portfolio.apply(columns)
    assert books.set_aside == {"bad_relationship": 3}
    assert books.rejects["row"].tolist() == [1, 2, 3]
    assert list(portfolio.assess("2020-06-01")) == [str(2**70), "3", "a", "b"]


def test_identifiers_beyond_63_bits() -> None:
    who = np.array([2**64 - 1, 5], dtype=np.uint64)
    for column in (who, pl.Series(who), pa.array(who)):
        portfolio = loyalty.Portfolio()
        portfolio.apply({"relationship": column, "time": [START] * 2, "kind": ["review"] * 2})
        assert list(portfolio.assess("2020-06-01")) == [str(2**64 - 1), "5"]
    with pytest.raises(ValueError, match=r"column .time.: a time does not fit into 64 bits"):
        folded(time=np.full(ROWS, 2**64 - 1, dtype=np.uint64))


@pytest.mark.parametrize("keys", [np.array([7.0, 7.0]), np.array([7, 7]), pa.array(["7", "7"])])
def test_keys_may_be_whole_numbers(keys: Any) -> None:
    portfolio = loyalty.Portfolio()
    columns = {
        "relationship": [1, 1],
        "time": [START, START + 60],
        "kind": ["request", "response"],
        "refers_to": keys,
    }
    assert portfolio.apply(columns).scored == 2
    assert portfolio.state("1")["open_requests"] == 0
    with pytest.raises(
        TypeError, match=r"column 'refers_to': needs text or whole numbers, not 7\.5"
    ):
        portfolio.apply({**columns, "refers_to": np.array([7.5, 7.5])})


def test_dates_end_their_day_where_they_are_limits() -> None:
    day = np.datetime64("2020-01-10")
    for column in (
        np.array([day]),
        pd.Series([day.item()], dtype=pd.ArrowDtype(pa.date32())),
        pl.Series([day.item()]),
        pa.array([day.item()]),
        pa.array([day.item()], pa.date64()),
        pa.array([day.item()], pa.date32()),
    ):
        for name, seconds in (("until", 86_399), ("time", 0)):
            events = {"relationship": [1], "time": [START], "kind": ["contract"], "until": column}
            assert _core.utc_seconds(name, column).tolist() == [1_578_614_400 + seconds]
            portfolio = loyalty.Portfolio()
            assert portfolio.apply(events).scored == 1
            assert portfolio.state("1")["contract_until"] == 1_578_614_400 + 86_399


def test_absurd_dates_do_not_wrap_around() -> None:
    for far in (2**62, -(2**62)):
        days = np.array([far]).astype("datetime64[D]")
        books = loyalty.Portfolio().apply(
            {"relationship": [1], "time": days, "kind": ["review"]}, zone="UTC"
        )
        assert books.set_aside == {"bad_time": 1}
    assert _core.utc_seconds("time", np.array([-1], "datetime64[ns]")).tolist() == [-1]
    assert _core.utc_seconds("time", np.array(["NaT"], "datetime64[ns]")).tolist() == [NO_TIME]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("amount", np.array(["1"] * ROWS), "column 'amount' needs numbers, not <U1"),
        ("amount", np.array([None] * (ROWS - 1) + ["x"]), "holds text .'x'. in row 599"),
        ("amount", np.array([object()] * ROWS), "column 'amount' holds <object"),
        ("amount", pa.array(["1"] * ROWS), "column 'amount' needs numbers"),
        ("amount", TIME.astype("datetime64[s]"), "column 'amount' needs numbers"),
        ("kind", AMOUNT, "column 'kind': needs text or whole numbers, not float64"),
        ("kind", np.array([1.5] * ROWS, dtype=object), "column 'kind': needs text, not"),
        ("time", WORDS, "column 'time' needs times"),
        ("time", pl.Series(WORDS.tolist()), "column 'time' needs times"),
        ("time", TIME + 0.5, "column 'time': UTC seconds are whole numbers"),
        ("time", np.ones(ROWS, dtype=bool), "column 'time' needs times"),
        ("relationship", np.ones(ROWS, dtype=complex), "column 'relationship': needs text"),
        ("relationship", TIME.astype("datetime64[s]"), "column 'relationship': needs text"),
        ("relationship", np.ones((ROWS, 2)), "needs a one-dimensional array"),
        ("value", pa.array([[1]] * ROWS), "column 'value' needs numbers"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(column: str, values: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        folded(**{column: values})


def test_columns_of_another_length() -> None:
    with pytest.raises(ValueError, match="column 'amount' has 599 rows, the others have 600"):
        folded(amount=AMOUNT[1:])


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict])
def test_empty_frames(make: Any) -> None:
    empty = {"relationship": np.array([], int), "time": np.array([], int), "kind": KIND[:0]}
    assert loyalty.Portfolio().apply(make(empty)).read == 0


def test_frames_of_every_library() -> None:
    columns = {**BASE, "kind": WORDS, "time": UTC}
    frame = pd.DataFrame(columns)
    for same in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame), dict(columns)):
        portfolio = loyalty.Portfolio()
        portfolio.apply(same)
        assert portfolio.to_bytes() == EXPECTED


def test_what_is_right_already_is_not_copied() -> None:
    numbers = np.ones(5)
    stamps = np.arange(5).astype("datetime64[s]")
    assert np.shares_memory(_core.reals("x", numbers), numbers)
    assert np.shares_memory(_core.utc_seconds("time", stamps), stamps)
    series = pl.Series(numbers)
    assert np.shares_memory(_core.reals("x", series), series.to_numpy())
    read = _core.reals("x", pa.array([1.0, 2.0, 3.0]).slice(1))  # the array itself is gone by now
    assert read.tolist() == [2.0, 3.0]


def test_text_that_is_no_unicode_comes_through() -> None:
    name = b"\xff\xfe".decode("utf-8", "surrogateescape")
    wide = np.array([name])
    for column in (np.array([name], dtype=object), wide, np.array([b"\xff\xfe"], dtype=object)):
        portfolio = loyalty.Portfolio()
        portfolio.apply({"relationship": column, "time": [START], "kind": ["review"]})
        assert list(portfolio.assess("2020-06-01")) == [name]


def test_scales_as_text() -> None:
    scale = ["1..5", "5..1", None]
    base = {
        "relationship": [1, 2, 3],
        "time": [START] * 3,
        "kind": ["survey"] * 3,
        "value": np.array([2.0, 4.0, 2.0]),
        "scale_low": np.array([9.0, np.nan, 1.0]),
        "scale_high": np.array([9.0, np.nan, 5.0]),
    }
    portfolio = loyalty.Portfolio()
    for column in (
        np.array(scale, dtype=object),
        pd.Series(scale, dtype="category"),
        pa.array(scale),
    ):
        portfolio = loyalty.Portfolio()
        assert portfolio.apply({**base, "scale": column}).scored == 3
        states = [portfolio.state(who)["promises_kept"] for who in (1, 2, 3)]
        assert states[0] == states[1] == states[2] != 0
    for wrong in ("1-5", "1..2..3", "low..high"):
        with pytest.raises(
            ValueError, match=r"column .scale.: .* is not a scale; write it as 1\.\.5"
        ):
            portfolio.apply({**base, "scale": [wrong] * 3})


CLOCKS = {
    # Skipped by the clocks of Berlin: an hour on from before the gap. Shown twice: the later one.
    "2024-03-31T02:30:00": "2024-03-31T01:30:00Z",
    "2024-10-27T02:30:00": "2024-10-27T01:30:00Z",
    "2024-07-01T12:00:00": "2024-07-01T10:00:00Z",
    "2024-01-01T12:00:00": "2024-01-01T11:00:00Z",
}


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars", "pyarrow"])
def test_naive_times_are_those_of_the_zones_clocks(kind: str) -> None:
    local = np.array([*CLOCKS, "NaT"], dtype="datetime64[us]")
    columns = {
        "numpy": lambda: {"time": local},
        "pandas": lambda: pd.DataFrame({"time": local}),
        "polars": lambda: pl.DataFrame({"time": local}),
        "pyarrow": lambda: pa.table({"time": local}),
    }[kind]()
    made = _events.times("time", columns["time"], "Europe/Berlin")
    expected = [int(np.datetime64(utc[:-1], "s").astype("i8")) for utc in CLOCKS.values()]
    assert made.tolist() == [*expected, _events.NO_TIME]


def test_a_zone_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="'Berlin' is not a known time zone; give a name such as"):
        loyalty.Portfolio().apply({"relationship": [], "time": [], "kind": []}, zone="Berlin")


def test_no_rows_are_no_mistake() -> None:
    books = loyalty.Portfolio().apply({"relationship": [], "time": [], "kind": [], "value": []})
    assert books.read == 0


def test_truth_values_name_nobody() -> None:
    for values in (np.array([True, False]), np.array([True, False], dtype=object)):
        books = loyalty.Portfolio().apply(
            {"relationship": values, "time": np.array([0, 0]), "kind": ["purchase"] * 2}
        )
        assert books.set_aside == {"bad_relationship": 2}


def test_two_columns_of_one_name_are_refused_by_name() -> None:
    frame = pd.DataFrame(
        [["a", 0, "purchase", "x"]], columns=["relationship", "time", "kind", "kind"]
    )
    with pytest.raises(ValueError, match="2 columns named 'kind'; keep one"):
        loyalty.Portfolio().apply(frame)


def test_unsigned_references() -> None:
    books = loyalty.Portfolio().apply(
        {
            "relationship": ["a", "a"],
            "time": np.array([1577836800, 1577836900]),
            "kind": ["request", "response"],
            "refers_to": np.array([2**63 + 5, 2**63 + 5], dtype="u8"),
        }
    )
    assert books.scored == 2


def test_exact_copies_are_counted() -> None:
    events = {
        "relationship": ["a", "a", "b"],
        "time": np.array([1577836800] * 3),
        "kind": ["purchase"] * 3,
        "amount": np.array([5.0, 5.0, 5.0]),
    }
    portfolio = loyalty.Portfolio()
    books = portfolio.apply(events)
    assert (books.scored, books.repeats, portfolio.books.repeats) == (3, 1, 1)
    assert "1 repeat another row exactly" in str(books)
