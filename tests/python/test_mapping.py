# SPDX-License-Identifier: MIT
"""Mappings turn tables into events and keep the books of every source row."""

from __future__ import annotations

import datetime as dt
import gzip
import importlib.util
import random
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import loyalty
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loyalty import mapping as mapping_module
from loyalty.mapping import MappingError, load_mapping, shipped_mappings
from loyalty.reading import ABSENT_TIME, ZoneError, instant, read_events


def utc(text: str) -> int:
    """UTC seconds of a time written in ISO form."""
    return int(dt.datetime.fromisoformat(text + "+00:00").timestamp())


INCIDENTS = """\
caller,number,state,opened,updated
a,1,New,2020-01-01 10:00:00,2020-01-01 10:00:00
a,1,Awaiting,2020-01-01 10:00:00,2020-01-01 10:30:00
a,1,Done,2020-01-01 10:00:00,2020-01-02 10:00:00
?,2,New,2020-01-01 10:00:00,2020-01-01 10:00:00
b,3,New,?,2020-01-01 10:00:00
b,4,New,2020-13-01 10:00:00,2020-01-01 10:00:00
b,5,New,2020-03-01 10:00:00,2020-03-01 10:00:00
c,6,Odd,2020-03-01 10:00:00,2020-03-01 10:00:00
c,7
"""

DESK = {
    "source": "incidents.csv",
    "relationship": "caller",
    "timezone": "UTC",
    "null": ["?"],
    "reject": [{"when": "opened IS NULL", "code": "no_open_time"}],
    "skip": [{"when": "state = 'Awaiting'", "why": "no news"}],
    "event": [
        {
            "kind": "request",
            "by": "number",
            "when": "state <> 'Odd'",
            "time": "min(opened)",
            "refers_to": "number",
        },
        {
            "kind": "response",
            "by": "number",
            "when": "state <> 'Odd'",
            "time": "min(updated) FILTER (state <> 'New')",
            "refers_to": "number",
        },
    ],
}

ORDERS = """\
order,customer,placed,price,pieces
1,7,2021-05-03 09:00:00,0.10,3
1,7,2021-05-03 09:00:00,0.20,1
2,7,2021-05-03 22:30:00,5.00,1
3,7,2021-05-04 10:00:00,1.00,1
4,8,2021-05-04 10:00:00,2.00,2
"""

SHOP = {
    "source": "orders.csv",
    "relationship": "customer",
    "timezone": "Europe/London",
    "currency": "GBP",
    "columns": {"placed": "timestamp", "price": "decimal", "pieces": "integer"},
    "event": [
        {
            "kind": "purchase",
            "by": "order",
            "time": "min(placed)",
            "amount": "sum(price * pieces)",
            "quantity": "sum(pieces)",
        }
    ],
}


@pytest.fixture
def desk(tmp_path):
    path = tmp_path / "incidents.csv"
    path.write_text(INCIDENTS)
    return path


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    return path


def rows(table) -> list[dict]:
    """Events as dictionaries without what is absent."""
    columns = table.columns
    out = []
    for i in range(len(table)):
        row = {}
        for name, column in columns.items():
            value = column[i]
            gone = (
                value is None
                or (column.dtype == np.int64 and value == ABSENT_TIME)
                or (column.dtype == np.float64 and np.isnan(value))
                or (column.dtype == np.bool_ and not value)
            )
            if not gone:
                row[name] = value.item() if isinstance(value, np.generic) else value
        out.append(row)
    return out


def rejects(table) -> list[tuple]:
    columns = table.rejects.columns()
    names = ("row", "column", "code", "raw", "relationship")
    return [tuple(r) for r in zip(*(columns[n].tolist() for n in names), strict=True)]


def test_every_row_has_one_fate(desk):
    table = load_mapping(DESK).events(desk)
    books = table.books
    assert books.read == 9
    assert books.scored == 3  # two of incident 1, one of incident 5
    assert books.skipped == {"no news": 1}
    assert books.set_aside == {
        "missing_relationship": 1,
        "no_open_time": 1,
        "bad_time": 1,
        "unmapped": 1,
        "too_few_fields": 1,
    }
    assert books.balanced
    assert rows(table) == [
        {
            "relationship": "a",
            "time": utc("2020-01-01T10:00:00"),
            "kind": "request",
            "refers_to": "1",
        },
        {
            "relationship": "a",
            "time": utc("2020-01-02T10:00:00"),
            "kind": "response",
            "refers_to": "1",
        },
        {
            "relationship": "b",
            "time": utc("2020-03-01T10:00:00"),
            "kind": "request",
            "refers_to": "5",
        },
    ]
    assert table.observes == ("request", "response")


def test_rejects_name_row_column_code_and_raw_value(desk):
    table = load_mapping(DESK).events(desk)
    assert rejects(table) == [
        (4, "caller", "missing_relationship", None, None),
        (5, None, "no_open_time", None, "b"),
        (6, "time", "bad_time", "2020-13-01 10:00:00", "b"),
        (8, None, "unmapped", None, "c"),
        (9, "opened", "too_few_fields", "c,7", None),
    ]
    assert table.set_aside_ids.tolist() == ["b", "b", "c"]
    assert set(table.rejects.columns()["file"]) == {str(desk)}


def test_rejects_can_be_written(desk, tmp_path):
    table = load_mapping(DESK).events(desk)
    table.rejects.write(tmp_path / "rejects.csv")
    text = (tmp_path / "rejects.csv").read_text()
    assert text.splitlines()[0] == "file,row,column,code,raw,relationship,kind"
    assert len(text.splitlines()) == 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["incidents.csv", "rejects.csv"]


def test_record_numbers_count_the_lines_that_cannot_be_split(tmp_path):
    path = tmp_path / "incidents.csv"
    lines = INCIDENTS.splitlines()
    path.write_text("\n".join([lines[0], "x,1", *lines[1:5], "y,2", *lines[5:]]) + "\n")
    found = {(code, row) for row, _, code, _, _ in rejects(load_mapping(DESK).events(path))}
    assert ("too_few_fields", 1) in found
    assert ("missing_relationship", 5) in found
    assert ("too_few_fields", 6) in found
    assert ("no_open_time", 7) in found


def test_purchases_of_a_day_are_joined_in_the_mappings_zone(shop):
    joined = rows(load_mapping(SHOP).events(shop))
    assert [(r["relationship"], r["time"], r["amount"], r["quantity"]) for r in joined] == [
        # 9:00 in London in May is 8:00 UTC; 22:30 is the same day there
        ("7", utc("2021-05-03T08:00:00"), 5.5, 5.0),
        ("7", utc("2021-05-04T09:00:00"), 1.0, 1.0),
        ("8", utc("2021-05-04T09:00:00"), 4.0, 2.0),
    ]
    assert {r["currency"] for r in joined} == {"GBP"}
    apart = rows(load_mapping({**SHOP, "per_day": False}).events(shop))
    assert [r["amount"] for r in apart] == [0.5, 5.0, 1.0, 4.0]


def test_the_day_depends_on_the_zone(shop):
    # in Auckland, twelve hours on, 22:30 local stays the same local day, whatever UTC says
    books = load_mapping(SHOP).events(shop, zone="Pacific/Auckland").books
    assert books.events == {"purchase": 3}


def test_money_does_not_depend_on_the_order_of_rows(tmp_path):
    random.seed(7)
    lines = [
        f"{i % 50},{i % 3},2021-05-03,{random.randrange(1, 10**7)}.{random.randrange(100):02d}"
        for i in range(5000)
    ]
    mapping = load_mapping(
        {
            "source": "t.csv",
            "relationship": "id",
            "timezone": "UTC",
            "columns": {"money": "decimal", "day": "date"},
            "event": [
                {"kind": "purchase", "by": "part", "time": "min(day)", "amount": "sum(money)"}
            ],
        }
    )
    results = []
    for _ in range(2):
        path = tmp_path / "t.csv"
        path.write_text("\n".join(["id,part,day,money", *lines]) + "\n")
        table = mapping.events(path)
        results.append({r["relationship"]: r["amount"] for r in rows(table)})
        random.shuffle(lines)
    assert results[0] == results[1]


def test_what_was_not_known_by_the_date_is_left_out(desk):
    mapping = load_mapping({**DESK, "known_at": "updated"})
    table = mapping.events(desk, as_of="2020-01-01")
    assert table.books.after_as_of == 3  # the answer of 2 January and both rows of March
    assert table.books.balanced
    assert table.books.events == {"request": 1}


def test_without_known_at_the_times_of_events_decide(desk):
    table = load_mapping(DESK).events(desk, as_of="2020-01-31")
    assert table.books.events == {"request": 1, "response": 1}
    assert table.books.events_after_as_of == 1
    assert table.books.after_as_of == 1
    assert table.books.balanced


def test_the_as_of_date_is_the_end_of_its_day_in_the_zone():
    assert instant("2020-01-01") == utc("2020-01-01T23:59:59")
    assert instant("2020-06-01", "Europe/London") == utc("2020-06-01T22:59:59")
    assert instant(dt.date(2020, 1, 1)) == utc("2020-01-01T23:59:59")
    assert instant("2020-01-01T12:00:00Z") == utc("2020-01-01T12:00:00")
    assert instant("2020-01-01", end_of_day=False) == utc("2020-01-01T00:00:00")
    assert instant(np.datetime64("2020-01-01")) == utc("2020-01-01T23:59:59")
    assert instant(5) == 5
    assert instant(np.datetime64("0999-12-31")) == utc("0999-12-31T23:59:59")
    assert instant("2020-06-01T12:00:00", "Europe/London") == utc("2020-06-01T11:00:00")
    for naive in ("2020-01-01T12:00:00", dt.datetime(2020, 1, 1), np.datetime64("2020-01-01", "s")):
        with pytest.raises(ZoneError, match="has no zone: write 2020-01-01T"):
            instant(naive)
    for nothing in ("yesterday", "", "2020-02-30", np.datetime64("NaT")):
        with pytest.raises(ValueError, match="is not a date: write 2024-12-31"):
            instant(nothing)
    for odd in (None, 1.5, True, [1]):
        with pytest.raises(TypeError, match="a date is needed, such as 2024-12-31, not"):
            instant(odd)


def test_dates_without_a_time_begin_or_end_their_day(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("who,made,due,done\na,2020-01-01,2020-01-05,2020-01-05\n")
    table = load_mapping(
        {
            "source": "d.csv",
            "relationship": "who",
            "timezone": "UTC",
            "columns": {"made": "date", "due": "date", "done": "date"},
            "event": [{"kind": "promise", "time": "made", "due": "due", "done": "done"}],
        }
    ).events(path)
    (row,) = rows(table)
    assert row["time"] == utc("2020-01-01T00:00:00")
    assert row["due"] == utc("2020-01-05T23:59:59")
    assert row["done"] == utc("2020-01-05T00:00:00")


def test_a_row_whose_event_fails_is_scored_by_another_rule_and_the_event_reported(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("who,at,due\na,2020-01-01,2020-01-05\nb,2020-01-01,soon\n")
    table = load_mapping(
        {
            "source": "d.csv",
            "relationship": "who",
            "timezone": "UTC",
            "event": [
                {"kind": "purchase", "time": "at"},
                {"kind": "promise", "time": "at", "due": "due"},
            ],
        }
    ).events(path)
    assert table.books.scored == 2
    assert table.books.balanced
    assert table.books.events_set_aside == {"bad_time": 1}
    assert table.set_aside_ids.tolist() == ["b"]


def test_a_join_brings_columns_and_may_not_multiply_rows(tmp_path):
    (tmp_path / "lines.csv").write_text(
        "id,item,at\na,1,2020-01-01\nb,2,2020-01-02\nc,9,2020-01-02\n"
    )
    (tmp_path / "items.csv").write_text("item,price\n1,2.50\n2,4.00\n")
    words = {
        "source": "lines.csv",
        "relationship": "id",
        "timezone": "UTC",
        "lookup": {"items": "items.csv"},
        "from": "source JOIN items USING (item)",
        "event": [{"kind": "purchase", "time": "at", "amount": "price"}],
    }
    table = load_mapping(words).events(tmp_path)
    assert [r["amount"] for r in rows(table)] == [2.5, 4.0]
    assert table.books.set_aside == {"unmatched": 1}
    assert table.books.balanced
    (tmp_path / "items.csv").write_text("item,price\n1,2.50\n1,4.00\n")
    with pytest.raises(MappingError, match="the join makes 2 rows of 1 source rows"):
        load_mapping(words).events(tmp_path)


def test_several_tables_find_their_files_by_name(tmp_path):
    (tmp_path / "sales.csv").write_text("id,at\na,2020-01-01\n")
    (tmp_path / "mails.csv").write_text("id,at\na,2020-01-02\na,2020-01-03\n")
    words = {
        "relationship": "id",
        "timezone": "UTC",
        "table": [
            {"source": "sales*", "event": [{"kind": "purchase", "time": "at"}]},
            {"source": "mails*", "event": [{"kind": "contact", "side": "us", "time": "at"}]},
        ],
    }
    mapping = load_mapping(words)
    for paths in (tmp_path, [tmp_path / "mails.csv", tmp_path / "sales.csv"]):
        table = mapping.events(paths)
        assert table.books.read == table.books.scored == 3
        assert table.books.events == {"purchase": 1, "contact": 2}
    with pytest.raises(MappingError, match="table mails was not given"):
        mapping.events(tmp_path / "sales.csv")
    (tmp_path / "other.csv").write_text("id,at\na,2020-01-01\n")
    with pytest.raises(MappingError, match=r"other.csv fits none of its tables"):
        mapping.events([tmp_path / "other.csv", tmp_path / "sales.csv", tmp_path / "mails.csv"])


def test_compressed_files_globs_parquet_and_frames_give_the_same(shop, tmp_path):
    pandas = pytest.importorskip("pandas")
    mapping = load_mapping(SHOP)
    expected = rows(mapping.events(shop))
    with gzip.open(tmp_path / "orders.csv.gz", "wt") as file:
        file.write(ORDERS)
    assert rows(mapping.events(tmp_path / "orders.csv.gz")) == expected
    lines = ORDERS.splitlines()
    for n in range(2):
        (tmp_path / f"part{n}.csv").write_text("\n".join([lines[0], *lines[1 + n :: 2]]) + "\n")
    assert rows(mapping.events(str(tmp_path / "part*.csv"))) == expected
    frame = pandas.read_csv(shop, parse_dates=["placed"])
    assert rows(mapping.events(frame)) == expected
    frame.to_parquet(tmp_path / "orders.parquet")
    assert rows(mapping.events(tmp_path / "orders.parquet")) == expected


def test_decimal_comma_and_day_first(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("Kunde;Datum;Betrag\n7;24.12.2021;12,50\n8;25.12.2021;1.000,00\n")
    table = load_mapping(
        {
            "source": "r.csv",
            "relationship": "Kunde",
            "timezone": "Europe/Berlin",
            "decimal": ",",
            "columns": {"Betrag": "decimal", "Datum": "date %d.%m.%Y"},
            "event": [{"kind": "purchase", "time": "Datum", "amount": "Betrag"}],
        }
    ).events(path)
    assert [r["amount"] for r in rows(table)] == [12.5]
    assert rejects(table) == [(2, "Betrag", "bad_number", "1.000,00", "8")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evnt": []}, "unknown key 'evnt' \\(did you mean event\\?\\)"),
        ({"observes": ["purchases"]}, "observes = 'purchases': allowed is kinds: purchase,"),
        ({"timezone": "Mars/Base"}, "timezone: zone = 'Mars/Base' is not a known time zone"),
        ({"perspective": "me"}, "perspective = 'me': allowed is"),
        (
            {"columns": {"price": "money"}},
            "columns.price = 'money': allowed is one of text, integer",
        ),
        ({"event": []}, "event = \\[\\]: allowed is a list of at least one rule"),
        (
            {"event": [{"kind": "sale", "time": "placed"}]},
            "event 1 \\(kind = 'sale'\\): unknown kind",
        ),
        (
            {"event": [{"kind": "purchase"}]},
            "event 1 \\(kind = 'purchase'\\): key 'time' is missing",
        ),
        ({"event": [{"kind": "promise", "time": "placed"}]}, "needs due or refers_to"),
        ({"event": [{"kind": "contract", "time": "placed"}]}, "needs until"),
        ({"event": [{"kind": "gift", "time": "placed", "worth": 1}]}, "unknown key 'worth'"),
        ({"skip": [{"if": "true"}]}, "skip 1 = .*: allowed is"),
        ({"decimal": ";"}, "decimal = ';': allowed is one of"),
    ],
)
def test_a_wrong_mapping_names_the_key_and_what_is_allowed(change, message):
    with pytest.raises(MappingError, match=message):
        load_mapping({**SHOP, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"relationship": "client"},
            "relationship = 'client': the SQL does not run: .*client.*Columns of the table: order,",
        ),
        (
            {"columns": {"prize": "decimal"}},
            "columns.prize: the table has no such column \\(did you mean price\\?\\)",
        ),
        (
            {"skip": [{"when": "price >", "why": "x"}]},
            "skip 1, when = 'price >': the SQL does not run",
        ),
        ({"reject": [{"when": "prise > 0", "code": "x"}]}, "reject 1, when = 'prise > 0': .*price"),
        (
            {
                "event": [
                    {
                        "kind": "purchase",
                        "by": "order",
                        "time": "min(placd)",
                        "amount": "sum(price)",
                    }
                ]
            },
            "event 1 \\(kind = 'purchase'\\), time = 'min\\(placd\\)': the SQL does not run",
        ),
        (
            {"event": [{"kind": "purchase", "by": "order", "time": "placed"}]},
            "time = 'placed'.*makes one event from several rows",
        ),
        (
            {
                "columns": {"placed": "timestamp"},
                "event": [
                    {
                        "kind": "purchase",
                        "by": "order",
                        "time": "min(placed)",
                        "amount": "sum(price)",
                    }
                ],
            },
            "amount = 'sum\\(price\\)'.*Columns of text files are text: declare the type",
        ),
        ({"known_at": "price"}, "known_at = 'price' has the type DECIMAL"),
        ({"with": {"x": "SELECT * FROM nowhere"}}, "with.x = .*nowhere"),
        ({"from": "source, source AS s"}, "from = 'source, source AS s': "),
        (
            {"with": {"x": "SELECT * FROM read_csv('/etc/hostname')"}},
            "with.x = .*disabled by configuration",
        ),
    ],
)
def test_sql_that_fails_is_shown_with_its_rule(shop, change, message):
    with pytest.raises(MappingError, match=message):
        load_mapping({**SHOP, **change}).events(shop)


def test_times_without_a_zone_need_one(shop):
    words = {k: v for k, v in SHOP.items() if k != "timezone"}
    with pytest.raises(ZoneError, match="times without a zone, such as '2021-05-03 09:00:00'"):
        load_mapping(words).events(shop)
    assert load_mapping(words).events(shop, zone="UTC").first_time == utc("2021-05-03T09:00:00")


def test_toml_errors_name_the_file(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text("source = \n")
    with pytest.raises(MappingError, match=r"m.toml: not valid TOML: .*line 1"):
        load_mapping(path)
    with pytest.raises(MappingError, match=r"the mapping cannot be read"):
        load_mapping(tmp_path / "absent.toml")
    with pytest.raises(MappingError, match=r"no mapping of that name comes with the package"):
        load_mapping("uk_retial")


def test_shipped_mappings_load():
    titles = shipped_mappings()
    assert set(titles) >= {
        "uk_retail",
        "health_supply_vendors",
        "health_supply_clients",
        "service_desk",
        "households",
        "northwind_customers",
    }
    for name, title in titles.items():
        assert title
        mapping = load_mapping(name)
        assert mapping.observes
        assert set(mapping.kinds) <= set(mapping.observes)


RETAIL = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,x,10,2011-01-18 10:01:00,1.04,1,UK
C2,A,x,-10,2011-01-18 10:17:00,1.04,1,UK
3,A,x,5,2011-01-18 10:00:00,1.00,2,UK
3,E,x,1,2011-01-18 10:00:00,2.00,2,UK
C4,A,x,-5,2011-01-19 10:00:00,1.00,2,UK
5,A,x,5,2011-01-18 10:00:00,1.00,3,UK
6,A,x,5,2011-01-20 10:00:00,1.00,3,UK
C7,A,x,-5,2011-01-21 10:00:00,1.00,3,UK
C8,A,x,-5,2011-01-17 10:00:00,1.00,4,UK
9,A,x,5,2011-01-18 10:00:00,1.00,4,UK
10,POST,post,1,2011-01-18 10:00:00,15.00,4,UK
11,A,x,5,2011-01-18 10:00:00,1.00,,UK
C12,D,Discount,-1,2011-01-18 10:00:00,9.50,4,UK
13,A,free,5,2011-01-18 10:00:00,0.0,4,UK
"""


def test_a_cancelled_order_takes_back_the_purchase_that_it_names(tmp_path):
    path = tmp_path / "online_retail.csv"
    path.write_text(RETAIL)
    table = load_mapping("uk_retail").events(path)
    assert table.books.balanced
    assert table.books.skipped == {"no customer number": 1, "not goods": 1}
    returns = {r["relationship"]: r for r in rows(table) if r["kind"] == "return"}
    assert returns["1"]["whole_order"] == 1
    assert returns["1"]["since"] == utc("2011-01-18T10:01:00")
    assert returns["1"]["amount"] == 10.4
    assert returns["2"].get("whole_order") is None  # a part of the order
    assert returns["3"]["whole_order"] == 1
    assert returns["3"]["since"] == utc("2011-01-20T10:00:00")  # the newest that fits
    assert returns["4"].get("whole_order") is None  # nothing was bought before
    others = [
        (r["kind"], r.get("value"), r.get("amount"))
        for r in rows(table)
        if r["relationship"] == "4"
    ]
    assert ("concession", 1.0, None) in others
    assert ("cost", None, 9.5) in others


@pytest.mark.parametrize(
    ("asks", "observes"),
    [
        ({}, ("survey",)),
        ({"parameter": "trust"}, ("survey",)),
        ({"parameter": "commitment"}, ("survey:commitment",)),
        ({"parameter": "topic"}, ("survey", "survey:commitment")),
    ],
)
def test_a_survey_is_observed_for_what_it_asks_about(asks, observes):
    rule = {"kind": "survey", "time": "at", "value": "score", "scale": "1..5", **asks}
    words = {"source": "s.csv", "relationship": "who", "timezone": "UTC", "event": [rule]}
    assert load_mapping(words).observes == observes
    declared = load_mapping({**words, "observes": ["survey:commitment"]})
    columns = {
        "who": np.array(["a"], object),
        "at": np.array(["2020-01-01"], object),
        "score": np.array(["4"], object),
        "topic": np.array(["commitment"], object),
    }
    table = declared.events(columns)
    assert table.observes == ("survey:commitment",)
    portfolio = loyalty.Portfolio(observes=table.observes)
    portfolio.apply(table.columns)
    commitment = portfolio.assess("2020-12-31").column("commitment")
    assert not np.isnan(commitment[0])


def test_event_files_need_no_mapping(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        "relationship,time,kind,due,done,value,scale,whole_order,side,event_id\n"
        "a,2020-01-01T00:00:00Z,purchase,,,,,,,1\n"
        "a,2020-01-01T02:00:00+02:00,promise,2020-01-05T00:00:00Z,,2,,,,2\n"
        "a,2020-02-01T00:00:00Z,survey,,,4,1..5,,us,3\n"
        "a,2020-02-01T00:00:00Z,survey,,,4,1..5,,us,3\n"
        "b,2020-02-01T00:00:00.900Z,return,,,0,,true,,4\n"
        "b,2020-02-02T00:00:00Z,retraction,,,,,,,\n"
    )
    text = path.read_text().replace("retraction,,,,,,,", "retraction,,,,,,,5")
    path.write_text(text)
    table = read_events(path)
    assert table.books.skipped == {"repeated": 1}
    assert table.books.balanced
    got = rows(table)
    assert got[0]["time"] == got[1]["time"] == utc("2020-01-01T00:00:00")
    survey = next(r for r in got if r["kind"] == "survey")
    assert (survey["scale_low"], survey["scale_high"], survey["value"], survey["side"]) == (
        1,
        5,
        4,
        "us",
    )
    returned = next(r for r in got if r["kind"] == "return")
    assert returned["whole_order"] == 1
    assert returned["time"] == utc("2020-02-01T00:00:00")  # the second in which it happened
    assert table.observes == ("purchase", "return", "promise", "survey", "retraction")


def test_retractions_take_the_event_away_and_the_date_is_respected(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        "relationship,time,kind,event_id,refers_to\n"
        "a,2020-01-01T00:00:00Z,purchase,1,\n"
        "a,2020-01-02T00:00:00Z,purchase,2,\n"
        "a,2020-03-01T00:00:00Z,retraction,9,1\n"
    )
    table = read_events(path)
    assert table.books.skipped == {"retracted": 2}
    assert len(table) == 1
    earlier = read_events(path, as_of="2020-02-01")
    assert earlier.books.skipped == {"after_as_of": 1}
    assert len(earlier) == 2


def test_an_event_id_names_one_event_within_its_relationship(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        "relationship,time,kind,event_id,refers_to\n"
        "a,2020-01-01T00:00:00Z,purchase,1,\n"
        "b,2020-01-01T00:00:00Z,purchase,1,\n"
        "b,2020-03-01T00:00:00Z,retraction,9,1\n"
        "c,2020-03-01T00:00:00Z,retraction,9,1\n"
    )
    table = read_events(path)
    assert table.books.skipped == {"retracted": 2}
    assert table.books.set_aside == {"retraction_without_event": 1}
    assert table.columns["relationship"].tolist() == ["a"]


def test_a_second_retraction_of_an_event_is_set_aside(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        "relationship,time,kind,event_id,refers_to\n"
        "a,2020-03-02T00:00:00Z,retraction,8,1\n"
        "a,2020-01-01T00:00:00Z,purchase,1,\n"
        "a,2020-01-02T00:00:00Z,purchase,2,\n"
        "a,2020-03-01T00:00:00Z,retraction,9,1\n"
    )
    table = read_events(path)
    assert table.books.skipped == {"retracted": 2}
    assert table.books.set_aside == {"retraction_without_event": 1}
    assert table.books.scored == len(table) == 1
    assert table.books.balanced
    assert {name: column.tolist() for name, column in table.rejects.columns().items()} == {
        "file": [str(path)], "row": [1], "column": ["refers_to"], "code": ["retraction_without_event"],
        "raw": ["1"], "relationship": ["a"], "kind": [None],
    }  # fmt: skip
    text = np.array([line.split(",") for line in path.read_text().splitlines()[1:]], dtype=object)
    direct = loyalty.Portfolio().apply(
        {
            "relationship": text[:, 0],
            "time": np.array([instant(moment) for moment in text[:, 1]]),
            "kind": text[:, 2],
            "event_id": text[:, 3],
            "refers_to": text[:, 4],
        }
    )
    assert (direct.skipped, direct.set_aside) == (table.books.skipped, table.books.set_aside)


def test_exact_repeats_without_ids_are_counted_and_kept(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("relationship,time,kind\n" + "a,2020-01-01T00:00:00Z,purchase\n" * 3)
    table = read_events(path)
    assert table.books.repeats == 2
    assert len(table) == 3


def test_identifiers_are_bytes_and_integral_numbers_become_text(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "relationship": [17850.0, 2.5, float("nan")],
            "time": pandas.to_datetime(["2020-01-01"] * 3, utc=True),
            "kind": ["purchase"] * 3,
        }
    )
    table = read_events(frame)
    assert table.columns["relationship"].tolist() == ["17850"]
    assert table.books.set_aside == {"bad_relationship": 1, "missing_relationship": 1}
    path = tmp_path / "e.csv"
    path.write_text("relationship,time,kind\n007,2020-01-01T00:00:00Z,purchase\n")
    assert read_events(path).columns["relationship"].tolist() == ["007"]


def test_chunks_are_the_events_in_the_order_of_time(shop):
    table = load_mapping(SHOP).events(shop)
    parts = list(table.chunks(2))
    assert [len(p["time"]) for p in parts] == [2, 1]
    for name, column in table.columns.items():
        np.testing.assert_array_equal(np.concatenate([p[name] for p in parts]), column)
    assert (np.diff(table.columns["time"]) >= 0).all()
    (part,) = table.chunks(names=["kind"], coded={"kind": ("gift", "purchase")})
    assert part["kind"].dtype == np.uint8
    assert part["kind"].tolist() == [1, 1, 1]
    origin = table.origin(np.array([0, 2]))
    assert origin["row"].tolist() == [1, 5]


def test_events_can_be_written_and_read_again(shop, tmp_path):
    table = load_mapping(SHOP).events(shop)
    for name in ("events.parquet", "events.csv"):
        table.write(tmp_path / name)
        assert rows(read_events(tmp_path / name)) == rows(table)


# --- any document is a mapping or an error that names it --------------------------------------------------------------

FUZZ = Path(__file__).parents[1] / "fuzz"


def fuzz_target() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_mapping", FUZZ / "mapping.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_corpus_of_the_fuzz_target() -> None:
    corpus = sorted((FUZZ / "corpus" / "mapping").iterdir())
    assert len(corpus) > 20
    read = [fuzz_target().check(file.read_bytes()) for file in corpus]
    assert any(mapping is not None for mapping in read)
    assert any(mapping is None for mapping in read)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(shipped_mappings())), st.data())
def test_a_mapping_with_anything_anywhere_is_refused_by_name(
    name: str, data: st.DataObject
) -> None:
    """One value of a shipped mapping, however deep, becomes something else: a mapping still, or a MappingError."""
    shipped = Path(mapping_module.__file__).with_name("mappings") / f"{name}.toml"
    document = tomllib.loads(shipped.read_text(encoding="utf-8"))
    place: Any = document
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
            break
        place = place[key]
    place[key] = data.draw(ANYTHING)
    try:
        mapping = load_mapping(document)
    except MappingError as error:
        assert str(error).startswith("mapping: ")  # noqa: PT017
    else:
        assert mapping.kinds
        assert all(isinstance(source, str) for source in mapping.sources.values())
