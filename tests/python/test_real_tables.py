# SPDX-License-Identifier: MIT
"""Public tables through the mappings that come with the package.

The tables are not part of the repository: LOYALTY_DATA names the folder that holds them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from loyalty.mapping import load_mapping
from loyalty.reading import EventTable, instant

pytest.importorskip("duckdb", reason="reading tables needs duckdb")
DATA = Path(os.environ.get("LOYALTY_DATA", ""))
pytestmark = pytest.mark.skipif(
    not os.environ.get("LOYALTY_DATA") or not DATA.is_dir(),
    reason="LOYALTY_DATA does not name the folder of the public tables",
)

TABLES = {
    "uk_retail": "online_retail_uci",
    "health_supply_vendors": "scms_delivery",
    "health_supply_clients": "scms_delivery",
    "service_desk": "uci_incident",
    "households": "completejourney",
    "northwind_customers": "northwind",
}


@pytest.fixture(scope="module")
def tables() -> dict[str, EventTable]:
    return {name: load_mapping(name).events(DATA / folder) for name, folder in TABLES.items()}


@pytest.mark.parametrize("name", TABLES)
def test_the_books_balance(tables, name):
    books = tables[name].books
    assert books.balanced, str(books)
    assert books.read > 0
    assert "unmapped" not in books.set_aside
    assert sum(books.events.values()) == len(tables[name])


@pytest.mark.parametrize(
    ("name", "as_of"),
    [
        ("uk_retail", "2011-06-30"),
        ("health_supply_vendors", "2010-12-31"),
        ("health_supply_clients", "2010-12-31"),
        ("service_desk", "2016-04-15"),
        ("households", "2017-06-30"),
        ("northwind_customers", "1997-06-30"),
    ],
)
def test_nothing_from_after_the_date_is_used_and_the_books_balance(tables, name, as_of):
    table = load_mapping(name).events(DATA / TABLES[name], as_of=as_of)
    limit = instant(as_of, load_mapping(name).timezone)
    assert table.books.balanced, str(table.books)
    assert table.books.read == tables[name].books.read
    assert table.last_time <= limit
    assert table.books.after_as_of + table.books.events_after_as_of > 0


def kind(table: EventTable, name: str) -> dict[str, np.ndarray]:
    columns = table.columns
    return {key: column[columns["kind"] == name] for key, column in columns.items()}


def test_uk_retail(tables):
    table = tables["uk_retail"]
    books = table.books
    assert books.read == 541_909
    assert books.skipped["no customer number"] == 135_080
    assert books.repeats == 5_268  # exact repeats of a line
    assert len(set(kind(table, "concession")["relationship"])) == 53
    purchases = kind(table, "purchase")
    assert len(set(zip(purchases["relationship"], purchases["time"], strict=True))) == len(
        purchases["time"]
    )
    assert purchases["time"].min() == instant("2010-12-01T08:26:00Z")
    returns = kind(table, "return")
    whole = returns["whole_order"]
    stamps = set(zip(purchases["relationship"], purchases["time"], strict=True))
    assert set(zip(returns["relationship"][whole], returns["since"][whole], strict=True)) <= stamps
    assert whole.sum() > 50


def test_uk_retail_the_purchase_that_was_cancelled_sixteen_minutes_later(tables):
    got = tables["uk_retail"].only("12346")
    assert got["kind"].tolist() == ["purchase", "return"]
    assert got["amount"].tolist() == [77_183.6, 77_183.6]
    assert got["whole_order"].tolist() == [False, True]
    assert got["since"][1] == got["time"][0]
    assert got["time"][1] - got["time"][0] == 16 * 60
    # a minute before the cancellation it was a purchase
    as_of = int(got["time"][1]) - 60
    before = load_mapping("uk_retail").events(DATA / TABLES["uk_retail"], as_of=as_of)
    assert before.only("12346")["kind"].tolist() == ["purchase"]


def test_health_supply(tables):
    vendors, clients = tables["health_supply_vendors"], tables["health_supply_clients"]
    assert vendors.books.read == clients.books.read == 10_324
    assert vendors.books.skipped == {"the operator's own warehouse": 5_404}
    assert clients.books.scored == 10_324
    assert len(set(vendors.columns["relationship"])) == 72
    assert len(set(clients.columns["relationship"])) == 142
    assert vendors.perspective == "them"
    assert set(kind(vendors, "promise")["side"]) == {"them"}
    promises = kind(clients, "promise")
    assert (promises["time"] <= np.minimum(promises["due"], promises["done"])).all()
    late = promises["done"] > promises["due"]
    assert 0.05 < late.mean() < 0.2


def test_service_desk(tables):
    table = tables["service_desk"]
    books = table.books
    assert books.read == 141_712
    assert books.set_aside == {"bad_state": 5, "missing_relationship": 29}
    assert 24_900 < books.events["request"] <= 24_930
    responses = kind(table, "response")
    assert len(set(zip(responses["relationship"], responses["refers_to"], strict=True))) == len(
        responses["time"]
    )
    promises = kind(table, "promise")
    late = promises["done"] > promises["due"]
    assert 0.3 < late.mean() < 0.4  # made_sla is false for 9,115 of 24,918 incidents at their close
    assert ((promises["done"] - promises["due"]) <= 1).all()
    assert 300 < books.events["complaint"] < 400


def test_households(tables):
    table = tables["households"]
    assert table.books.read == 75_000 + 6_589 + 2_102
    assert table.books.scored == table.books.read
    assert table.books.events["contact"] == 6_589
    assert len(set(kind(table, "purchase")["relationship"])) == 2_377


def test_northwind(tables):
    table = tables["northwind_customers"]
    assert table.books.read == 830 + 2_155
    assert table.books.events == {"purchase": 823, "promise": 830, "concession": 380}
    purchases = kind(table, "purchase")
    assert len(set(purchases["relationship"])) == 89
    # the discounts are taken off, to the cent
    assert round(float(purchases["amount"].sum()), 2) == 1_265_793.04
    promises = kind(table, "promise")
    shipped = promises["done"] > 0
    assert (~shipped).sum() == 21


# --- through the command ------------------------------------------------------------------------

DATES = {
    "uk_retail": "2011-12-09",
    "health_supply_vendors": "2015-09-30",
    "health_supply_clients": "2015-09-30",
    "service_desk": "2016-05-31",
    "households": "2017-12-31",
    "northwind_customers": "1998-05-06",
}


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Scores and report of a table, made once."""
    pytest.importorskip("typer", reason="the command needs typer")
    pytest.importorskip("rich", reason="the command needs rich")
    import duckdb

    folder = tmp_path_factory.mktemp("scored")
    made: dict[str, tuple[dict[str, np.ndarray], str]] = {}

    def score(name: str) -> tuple[dict[str, np.ndarray], str]:
        if name not in made:
            out = folder / f"{name}.parquet"
            done = subprocess.run(
                [
                    sys.executable, "-m", "loyalty.command", "score", DATA / TABLES[name], "-m", name,
                    "--as-of", DATES[name], "-o", out,
                ],
                capture_output=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"},
                check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr.decode()
            columns = duckdb.connect().execute(f"SELECT * FROM '{out}'").fetchnumpy()
            made[name] = (
                {
                    k: np.ma.filled(v, np.nan) if v.dtype.kind == "f" else np.asarray(v)
                    for k, v in columns.items()
                },
                done.stdout.decode(),
            )
        return made[name]

    return score


@pytest.mark.parametrize("name", TABLES)
def test_every_counterparty_is_scored(tables, scored, name):
    columns, report = scored(name)
    assert "Rows" in report
    ids = [str(i) for i in columns["relationship"]]
    assert ids == sorted(ids, key=lambda text: text.encode())
    assert set(ids) <= set(tables[name].columns["relationship"])
    quality = columns["quality"].astype(float)
    low, high = columns["quality_low"].astype(float), columns["quality_high"].astype(float)
    known = ~np.isnan(quality)
    assert (quality[known] >= 0).all()
    assert (quality[known] <= 100).all()
    assert (low[known] <= high[known]).all()


def one(columns: dict[str, np.ndarray], relationship: str) -> dict:
    place = list(columns["relationship"]).index(relationship)
    return {name: column[place] for name, column in columns.items()}


def test_uk_retail_scores_make_sense(scored):
    columns, report = scored("uk_retail")
    cancelled = one(columns, "12346")
    assert cancelled["rung"] == "prospect"
    assert cancelled["purchases"] == 0
    assert cancelled["spend"] == 0
    regular = one(columns, "17841")  # buys every few days
    assert regular["rung"] == "client"
    assert regular["purchases"] > 80
    # almost no conduct is recorded: rung and money come first, and the report says what is missing
    assert np.isnan(columns["quality"].astype(float)).mean() > 0.9
    assert (
        report.index("Where they stand")
        < report.index("Spend")
        < report.index("How well we treat them")
    )
    assert "promise, guarantee, complaint" in report
    assert "541,909  read" in report


def test_service_desk_has_quality_and_no_rungs(scored):
    columns, report = scored("service_desk")
    assert "No rungs: this log records no purchases" in report
    assert (~np.isnan(columns["quality"].astype(float))).mean() > 0.9
    assert np.isnan(columns["commitment"].astype(float)).all()


def test_northwind_scores_make_sense(scored):
    columns, _ = scored("northwind_customers")
    assert round(float(columns["spend"].astype(float).sum()), 2) == 1_265_793.04
    assert set(columns["rung"]) <= {"prospect", "buyer", "client"}


def test_vendors_are_judged_by_their_own_conduct(scored):
    columns, report = scored("health_supply_vendors")
    assert "How well they treat us" in report
    assert set(columns["role"]) == {"supplier"}
    assert np.nanmedian(columns["trust"].astype(float)) > 0.7
