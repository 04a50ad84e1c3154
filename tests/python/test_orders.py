# SPDX-License-Identifier: MIT
"""An orders table in one line: what counts, what is set aside, which day a row belongs to, and the books."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import loyalty
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest


def orders(**columns):
    """A table of orders of customer a, one a day from 2024-01-01 on; columns given replace those."""
    rows = len(next(iter(columns.values()), [0, 0]))
    days = np.datetime64("2024-01-01") + np.arange(rows)
    return pd.DataFrame({"who": ["a"] * rows, "day": days, "paid": [10.0] * rows} | columns)


def score(table, **options):
    return loyalty.from_orders(table, customer="who", time="day", amount="paid", **options)


def test_orders_of_one_day_are_one_purchase_and_every_row_is_accounted_for():
    days = ["2024-01-01"] * 3 + ["2024-01-02", "2024-03-01"]
    table = orders(day=pd.to_datetime(days), paid=[1, 2, 3.5, 4, 5])
    result = score(table, as_of="2024-01-31")
    books = result.portfolio.books
    assert (books.read, books.scored) == (5, 2)
    assert books.skipped == {"joined": 2, "after_as_of": 1}
    assert books.set_aside == {}
    assert books.balanced
    assert (result["a"].purchases, result["a"].spend) == (2, 10.5)
    each = score(table, as_of="2024-01-31", per_day=False)
    assert each["a"].purchases == 4
    assert each.portfolio.books.skipped == {"after_as_of": 1}


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (np.inf, "not_finite"),
        (-np.inf, "not_finite"),
        (-5.0, "negative"),
        (0.001, "rounds_to_zero"),
        (1e300, "too_large"),
        (1e11, "too_large"),
    ],
)
def test_an_amount_that_cannot_be_is_set_aside_with_a_code(amount, code):
    result = score(orders(paid=[10.0, amount, 7.0], day=pd.to_datetime(["2024-01-01"] * 3)))
    books = result.portfolio.books
    assert books.set_aside == {code: 1}
    assert books.skipped == {"joined": 1}
    assert books.balanced
    assert {name: column.tolist() for name, column in books.rejects.items()} == {
        "row": [1],
        "code": [code],
    }
    assert result["a"].spend == 17
    assert result["a"].purchases == 1
    assert "set_aside=1" in result["a"].flags


def test_an_absent_amount_adds_no_money_and_the_purchase_counts():
    result = score(orders(paid=[10.0, None, 0.0]))
    assert (result["a"].purchases, result["a"].spend) == (3, 10)
    assert result["a"].flags is None or "set_aside" not in result["a"].flags


def test_rows_without_customer_or_time_are_set_aside():
    table = orders(who=["a", None, "", "b"], day=pd.to_datetime(["2024-01-01"] * 3 + [None]))
    books = score(table).portfolio.books
    assert books.set_aside == {"missing_relationship": 2, "missing_time": 1}
    assert books.scored == 1
    assert books.balanced
    assert books.rejects["row"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "who",
    [
        np.array([7, 7, 8]),
        np.array([7.0, 7.0, 8.0]),
        np.array([7, "7", 8.0], dtype=object),
        np.array([Decimal(7), b"7", Decimal("8.0")], dtype=object),
        pd.Series([7, 7, 8], dtype="Int64"),
        pd.Series(["7", "7", "8"], dtype="category"),
        pd.Series(["7", "7", "8"], dtype="string"),
        pl.Series([7, 7, 8]),
        pl.Series(["7", "7", "8"], dtype=pl.Categorical),
        pa.chunked_array([["7", "7"], ["8"]]),
    ],
    ids=str,
)
def test_identifiers_of_any_kind_are_the_same_customer(who):
    columns = {"who": who, "day": np.array(["2024-01-01"] * 3, "M8[D]"), "paid": np.ones(3)}
    result = score(columns)
    assert list(result) == ["7", "8"]
    assert result["7"].spend == 2


@pytest.mark.parametrize("who", [[1.5, 7.0], np.array([1.5, "7"], dtype=object)], ids=str)
def test_a_fraction_is_no_identifier(who):
    result = score(
        {"who": np.asarray(who), "day": np.array(["2024-01-01"] * 2, "M8[D]"), "paid": [1, 1]}
    )
    assert list(result) == ["7"]
    assert sum(result.portfolio.books.set_aside.values()) == 1


DAYS = {
    "numpy days": lambda: np.array(["2024-01-01", "2024-01-02"], "M8[D]"),
    "whole days in NumPy": lambda: np.array(["2024-01-01", "2024-01-02"], "M8[ns]"),
    "whole days in pandas": lambda: pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])),
    "polars dates": lambda: pl.Series([dt.date(2024, 1, 1), dt.date(2024, 1, 2)]),
    "whole days in polars": lambda: pl.Series([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2)]),
    "arrow dates": lambda: pa.array([dt.date(2024, 1, 1), dt.date(2024, 1, 2)]),
    "seconds": lambda: np.array([1704067200, 1704153600]),
    "times in UTC": lambda: pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"], utc=True)),
}


@pytest.mark.parametrize("days", DAYS.values(), ids=DAYS)
def test_days_need_no_zone(days):
    column = days()
    if isinstance(column, pa.Array):
        table = pa.table({"who": ["a", "a"], "day": column, "paid": [1.0, 2.0]})
    else:
        table = {"who": np.array(["a", "a"], object), "day": column, "paid": np.array([1.0, 2.0])}
    result = score(table)
    assert result["a"].first_purchase == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    assert result.metadata["loyalty.as_of"] == "2024-01-02T23:59:59Z"


def test_naive_times_need_a_zone_and_days_are_those_of_the_zone():
    # 23:30 and, the next day, 00:30 in Berlin are one day in UTC.
    table = orders(day=pd.to_datetime(["2024-01-01 23:30", "2024-01-02 00:30"]))
    with pytest.raises(ValueError, match="column 'day' holds times without a zone"):
        score(table)
    assert score(table, zone="UTC")["a"].purchases == 2
    berlin = score(table, zone="Europe/Berlin")
    assert berlin["a"].purchases == 2
    assert berlin["a"].first_purchase == dt.datetime(2024, 1, 1, 22, 30, tzinfo=dt.UTC)
    assert berlin.metadata["loyalty.as_of"] == "2024-01-02T22:59:59Z"
    aware = table.assign(day=table.day.dt.tz_localize("Europe/Berlin"))
    assert score(aware)["a"].purchases == 1
    assert score(aware, zone="Europe/Berlin")["a"].purchases == 2
    with pytest.raises(ValueError, match="'Berlin' is not a known time zone"):
        score(table, zone="Berlin")


def test_days_on_which_clocks_change():
    # Berlin went from 02:00 to 03:00 on 2024-03-31 and back on 2024-10-27.
    moments = ["2024-03-30T22:59", "2024-03-30T23:00", "2024-03-31T21:59", "2024-03-31T22:00"]
    moments += ["2024-10-26T22:00", "2024-10-27T22:59", "2024-10-27T23:00"]
    table = orders(day=pd.to_datetime(moments, utc=True), paid=[1.0] * 7)
    assert score(table, zone="Europe/Berlin")["a"].purchases == 5


@pytest.mark.parametrize("kind", ["pandas", "polars", "numpy"])
def test_times_that_clocks_show_twice_or_skip(kind):
    # 02:30 came twice on 2024-10-27 and not at all on 2024-03-31; the reader of files decides alike.
    moments = np.array(["2024-03-31T02:30", "2024-07-01T12:00", "2024-10-27T02:30"], "M8[us]")
    make = {"pandas": pd.Series, "polars": pl.Series, "numpy": np.asarray}[kind]
    columns = {"who": np.array(["a"] * 3, object), "day": make(moments), "paid": np.ones(3)}
    found = score(columns, zone="Europe/Berlin")["a"]
    assert found.first_purchase == dt.datetime(2024, 3, 31, 1, 30, tzinfo=dt.UTC)
    assert found.last_purchase == dt.datetime(2024, 10, 27, 1, 30, tzinfo=dt.UTC)
    duckdb = pytest.importorskip("duckdb")
    for local, utc in (
        ("2024-03-31 02:30", found.first_purchase),
        ("2024-10-27 02:30", found.last_purchase),
    ):
        sql = f"SELECT epoch(timezone('Europe/Berlin', TIMESTAMP '{local}'))"
        assert duckdb.sql(sql).fetchall() == [(utc.timestamp(),)]


def test_the_landmark_is_the_policys_where_it_sets_one():
    table = orders()
    assert score(table).portfolio.landmark == score(table).as_of
    policy = loyalty.Policy.from_dict({"landmark": dt.date(2022, 1, 1)})
    assert score(table, policy=policy).portfolio.landmark == 1640995200


def test_what_cannot_be_scored_at_all_is_an_error():
    table = orders()
    with pytest.raises(
        ValueError, match="no column 'kunde' for customer; there are who, day, paid"
    ):
        loyalty.from_orders(table, customer="kunde", time="day")
    with pytest.raises(ValueError, match="column 'day' has no dates to score"):
        score(table.assign(day=pd.to_datetime([None, None])))
    with pytest.raises(ValueError, match="column 'day' has no dates to score"):
        score(table.iloc[:0])
    with pytest.raises(ValueError, match="all rows lie after the as-of date 2020-01-01"):
        score(table, as_of="2020-01-01")
    with pytest.raises(TypeError, match="column 'paid'"):
        score(table.assign(paid=["1", "2"]))
    with pytest.raises(ValueError, match="has no zone"):
        score(table, as_of=dt.datetime(2024, 1, 31, 12))


@pytest.mark.parametrize(
    "make", [pd.DataFrame, pl.DataFrame, pa.table, dict], ids=["pandas", "polars", "arrow", "dict"]
)
def test_the_kind_of_frame_that_came_in_goes_out(make):
    columns = {
        "who": np.array(["a", "b"], object),
        "day": np.array(["2024-01-01"] * 2, "M8[us]"),
        "paid": np.ones(2),
    }
    table = make(columns)
    assert type(score(table).to_frame()) is type(table)


def test_rows_in_any_order_give_the_same_bytes():
    rng = np.random.default_rng(1)
    table = orders(
        who=rng.choice(["a", "b", None], 60),
        day=np.datetime64("2024-01-01") + rng.integers(0, 9, 60),
        paid=np.where(rng.random(60) < 0.1, -1, rng.integers(1, 999, 60) / 100),
    )
    shuffled = table.sample(frac=1, random_state=2)
    assert score(table).portfolio.to_bytes() == score(shuffled).portfolio.to_bytes()
