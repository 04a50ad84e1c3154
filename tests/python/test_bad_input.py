# SPDX-License-Identifier: MIT
"""Bad input never scores in silence: a file that cannot be read is an error, a row that cannot is set aside.

Each message names what to act on: the file, the row, the column, the value, or the key and what is allowed.
"""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from loyalty.mapping import MappingError, load_mapping
from loyalty.reading import SourceError, ZoneError, read_events

pytest.importorskip("duckdb", reason="reading files needs duckdb")

GOOD = "g,2020-01-01T00:00:00Z,purchase,1,\n"
HEADER = "relationship,time,kind,amount,due\n"


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "events.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def aside(path, **options) -> dict:
    """The only reject of a file; the good row beside it is scored and the books balance."""
    table = read_events(path, **options)
    assert table.books.balanced, str(table.books)
    assert table.books.scored == 1
    assert table.columns["relationship"].tolist() == ["g"]
    columns = table.rejects.columns()
    assert len(columns["row"]) == 1
    assert sum(table.books.set_aside.values()) == 1
    return {name: column[0] for name, column in columns.items()}


@pytest.mark.parametrize(
    ("row", "column", "code", "raw"),
    [
        ("a,2020-01-01T00:00:00Z,purchse,1,", "kind", "unknown_kind", "purchse"),
        ("a,2020-01-01T00:00:00Z,,1,", "kind", "unknown_kind", None),
        ("a,2020-01-01T00:00:00Z,purchase,twelve,", "amount", "bad_number", "twelve"),
        ('a,2020-01-01T00:00:00Z,purchase,"12,50",', "amount", "bad_number", "12,50"),
        ("a,2020-01-01T00:00:00Z,purchase,1_000,", "amount", "bad_number", "1_000"),
        ("a,2020-01-01T00:00:00Z,purchase,0x10,", "amount", "bad_number", "0x10"),
        ("a,2020-01-01T00:00:00Z,purchase,NaN,", "amount", "not_finite", "NaN"),
        ("a,2020-01-01T00:00:00Z,purchase,-inf,", "amount", "not_finite", "-inf"),
        ("a,2020-01-01T00:00:00Z,purchase,1e999,", "amount", "not_finite", "1e999"),
        ("a,2020-02-30T00:00:00Z,purchase,1,", "time", "bad_time", "2020-02-30T00:00:00Z"),
        ("a,2020-01-01T25:00:00Z,purchase,1,", "time", "bad_time", "2020-01-01T25:00:00Z"),
        ("a,01/02/2020,purchase,1,", "time", "bad_time", "01/02/2020"),
        ("a,1577836800,purchase,1,", "time", "bad_time", "1577836800"),
        ("a,,purchase,1,", "time", "missing_time", None),
        (",2020-01-01T00:00:00Z,purchase,1,", "relationship", "missing_relationship", None),
        (
            "a,2020-01-01T00:00:00Z,promise,1,2020-13-01T00:00:00Z",
            "due",
            "bad_time",
            "2020-13-01T00:00:00Z",
        ),
    ],
)
def test_a_bad_value_sets_its_row_aside(write, row, column, code, raw):
    path = write(HEADER + GOOD + row + "\n")
    reject = aside(path)
    assert reject["file"] == str(path)
    assert reject["row"] == 2
    assert (reject["column"], reject["code"], reject["raw"]) == (column, code, raw)


def test_the_relationship_of_a_reject_is_known_so_that_it_can_be_flagged(write):
    path = write(HEADER + GOOD + "a,2020-01-01T00:00:00Z,purchase,x,\n")
    assert read_events(path).set_aside_ids.tolist() == ["a"]


def test_missing_column(write):
    path = write("relationship,kind\na,purchase\n")
    with pytest.raises(
        SourceError,
        match=r"events.csv: not an event table: column time missing. It has: relationship, kind",
    ):
        read_events(path)


@pytest.mark.parametrize("time", ["2020-01-01 10:00:00", "2020-01-01"])
def test_naive_times_need_a_zone(write, time):
    path = write(f"relationship,time,kind\na,{time},purchase\n")
    with pytest.raises(
        ZoneError, match=f"column time holds times without a zone, such as '{time}'.*--zone UTC"
    ):
        read_events(path)
    assert len(read_events(path, zone="Europe/Berlin")) == 1
    with pytest.raises(ZoneError, match="'Berlin' is not a known time zone"):
        read_events(path, zone="Berlin")


def test_nan_in_a_frame_is_not_absence():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "relationship": ["a", "g"],
            "time": [1_577_836_800] * 2,
            "kind": ["purchase"] * 2,
            "amount": [float("nan"), None],
        }
    )
    table = read_events(frame)
    assert table.books.set_aside == {"not_finite": 1}
    assert table.books.scored == 1


def test_rows_after_the_date_are_counted_and_left_out(write):
    path = write(HEADER + GOOD + "a,2020-03-01T00:00:00Z,purchase,1,\n")
    table = read_events(path, as_of="2020-02-01")
    assert table.books.skipped == {"after_as_of": 1}
    assert table.books.scored == 1
    assert table.books.balanced


def test_an_empty_file(write):
    with pytest.raises(SourceError, match=r"events.csv: the file is empty \(0 bytes\)"):
        read_events(write(""))
    with pytest.raises(SourceError, match=r"events.csv: there is a header but no row"):
        read_events(write(HEADER))
    with pytest.raises(SourceError, match=r"nothing.csv: there is no such file"):
        read_events("nothing.csv")
    with pytest.raises(SourceError, match=r"no file fits the pattern"):
        read_events("nothing*.csv")
    with pytest.raises(SourceError, match=r"the name does not say what the file holds"):
        read_events(write("x", "events.dat"))


@pytest.mark.parametrize("rows", [3, 200_000])
def test_a_truncated_gzip(write, rows):
    whole = gzip.compress(
        (
            HEADER + "".join(f"r{i},2020-01-01T00:00:00Z,purchase,{i},\n" for i in range(rows))
        ).encode()
    )
    path = write(whole[: len(whole) // 2], "events.csv.gz")
    with pytest.raises(SourceError, match=r"events.csv.gz: .*breaks off: fetch it again"):
        read_events(path)
    with pytest.raises(SourceError, match=r"other.csv.gz: .*breaks off: fetch it again"):
        read_events(write(b"this is not gzip", "other.csv.gz"))


def test_a_broken_parquet_file(write):
    with pytest.raises(SourceError, match=r"events.parquet: .*fetch it again"):
        read_events(write(b"PAR1 and then nothing", "events.parquet"))


@pytest.mark.parametrize("place", ["first", "later"])
def test_a_line_of_ten_megabytes(write, place):
    long = "a,2020-01-01T00:00:00Z," + "x" * 10_000_000 + ",1,\n"
    path = write(HEADER + (long + GOOD if place == "first" else GOOD + long))
    reject = aside(path)
    assert reject["code"] == "line_too_long"
    assert reject["row"] == (1 if place == "first" else 2)
    assert len(reject["raw"]) <= 200
    # with a higher limit the line is read and its kind is unknown
    assert aside(path, max_line=20_000_000)["code"] == "unknown_kind"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"a,2020-01-01T00:00:00Z,purchase\n", "too_few_fields"),
        (b"a,2020-01-01T00:00:00Z,purchase,1,,2,3\n", "too_many_fields"),
        (b'a,2020-01-01T00:00:00Z,"pur"chase,1,\n', "bad_quotes"),
        (b"a\xff,2020-01-01T00:00:00Z,purchase,1,\n", "bad_encoding"),
    ],
)
def test_a_line_that_cannot_be_split_is_set_aside(write, line, code):
    path = write(HEADER.encode() + line + GOOD.encode())
    reject = aside(path)
    assert (reject["code"], reject["row"]) == (code, 1)


def test_a_column_of_a_wrong_type(write):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"relationship": ["a"], "time": [1.5], "kind": ["purchase"]})
    with pytest.raises(
        SourceError, match="column time has the type DOUBLE, which cannot hold a time"
    ):
        read_events(frame)
    frame = pandas.DataFrame(
        {"relationship": ["a"], "time": [1], "kind": ["gift"], "value": [True]}
    )
    with pytest.raises(
        SourceError, match="column value has the type BOOLEAN, which cannot hold a number"
    ):
        read_events(frame)


def test_integers_in_typed_columns_are_utc_seconds():
    columns = {
        "relationship": np.array(["a"], object),
        "time": np.array([1_577_836_800]),
        "kind": np.array(["purchase"], object),
    }
    assert read_events(columns).columns["time"].tolist() == [1_577_836_800]


def test_an_sql_error_in_a_mapping(write):
    path = write("id,at\na,2020-01-01\n", "orders.csv")
    words = {
        "source": "orders.csv",
        "relationship": "id",
        "timezone": "UTC",
        "event": [{"kind": "purchase", "time": "strptime(at, '%Q')"}],
    }
    with pytest.raises(
        MappingError, match=r"event 1 \(kind = 'purchase'\), time = .*the SQL does not run"
    ):
        load_mapping(words).events(path)
    words["event"][0]["time"] = "att"
    with pytest.raises(MappingError, match=r"time = 'att'.*Columns of the table: id, at"):
        load_mapping(words).events(path)


# --- what the library itself sets aside, skips or refuses ---------------------------------------


def folded(path, **options):
    """The books of a portfolio that takes the events of a file."""
    import loyalty

    if not hasattr(loyalty, "Portfolio"):
        pytest.skip("loyalty.Portfolio is not built")
    return loyalty.Portfolio(**options).apply(read_events(path).columns)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a,2020-01-01T00:00:00Z,purchase,-1,", "negative"),
        ("a,2020-01-01T00:00:00Z,purchase,0.001,", "rounds_to_zero"),
        ("a,2020-01-01T00:00:00Z,purchase,1e300,", "too_large"),
        ("a,2020-01-01T00:00:00Z,promise,,", "missing_due"),
        ("a,2020-01-01T00:00:00Z,contract,,", "missing_until"),
        ("a,2020-01-01T00:00:00Z,cost,,", "missing_amount"),
        ("a,2020-01-01T00:00:00Z,response,,", "missing_since"),
        ("a,2020-01-01T00:00:00Z,resolution,,", "missing_refers_to"),
    ],
)
def test_an_event_that_cannot_be_scored_is_set_aside(write, row, code):
    books = folded(write(HEADER + row + "\n" + GOOD))
    assert books.set_aside == {code: 1}
    assert books.scored == 1
    assert books.balanced


def test_a_response_without_a_request_is_skipped(write):
    path = write(
        "relationship,time,kind,refers_to\n"
        "a,2020-01-01T00:00:00Z,response,7\na,2020-01-02T00:00:00Z,purchase,\n"
    )
    assert folded(path).skipped == {"nothing_open": 1}


def test_a_second_currency_is_set_aside(write):
    path = write(
        "relationship,time,kind,amount,currency\n"
        "a,2020-01-01T00:00:00Z,purchase,1,EUR\na,2020-01-02T00:00:00Z,purchase,1,USD\n"
    )
    assert folded(path).set_aside == {"other_currency": 1}


def test_a_relationship_with_rows_set_aside_alone_is_counted_too(write):
    import loyalty

    if not hasattr(loyalty, "Portfolio"):
        pytest.skip("loyalty.Portfolio is not built")
    table = read_events(write(HEADER + GOOD + "a,2020-01-01T00:00:00Z,purchase,x,\n"))
    portfolio = loyalty.Portfolio()
    portfolio.apply(table.columns)
    ids, rows = table.set_aside_by_reader()
    portfolio.note_set_aside(dict(zip(ids.tolist(), rows.tolist(), strict=True)))
    result = portfolio.assess("2020-12-31").to_dict()
    flags = dict(zip(result["relationship"], result["flags"], strict=True))
    assert "set_aside" in flags["a"]
    assert "set_aside" not in (flags["g"] or "")


def test_a_policy_with_an_unknown_key():
    import loyalty

    if not hasattr(loyalty, "Policy"):
        pytest.skip("loyalty.Policy is not built")
    with pytest.raises(loyalty.PolicyError, match=r"purchase_cycle_dais.*purchase_cycle_days"):
        loyalty.Policy.from_dict({"purchase_cycle_dais": 3})
