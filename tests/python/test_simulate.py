# SPDX-License-Identifier: MIT
"""A simulated log has every kind, follows its truth, and is the same for the same seed."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from loyalty.reading import ABSENT_TIME, KINDS, ROLES, read_events
from loyalty.simulate import simulate


@pytest.fixture(scope="module")
def company():
    return simulate(relationships=1500, years=3, seed=11)


def digest(columns: dict[str, np.ndarray]) -> str:
    """A hash of whole-number and text columns: what must be equal on every platform."""
    state = hashlib.sha256()
    for name, column in columns.items():
        if column.dtype == np.float64:
            column = np.round(np.nan_to_num(column, nan=-1.0) * 100).astype(np.int64)
        state.update(name.encode())
        state.update("\x1f".join(str(v) for v in column.tolist()).encode())
    return state.hexdigest()


def test_every_kind_both_sides_and_all_roles(company):
    assert set(company.events["kind"]) == set(KINDS)
    for kind in ("contact", "gift", "promise", "payment", "request", "response"):
        rows = company.events["kind"] == kind
        assert {"us", "them"} <= set(company.events["side"][rows]), kind
    assert set(company.events["role"]) == set(ROLES)
    assert set(company.truth["rung"]) == {
        "prospect",
        "buyer",
        "client",
        "supporter",
        "advocate",
        "partner",
    }


def test_the_same_seed_gives_the_same_log_and_another_seed_another():
    first, again, other = (simulate(relationships=40, years=2, seed=s) for s in (3, 3, 4))
    assert digest(first.events) == digest(again.events)
    assert digest(first.truth) == digest(again.truth)
    assert digest(first.events) != digest(other.events)


def test_a_seed_gives_this_log_on_every_platform_and_numpy():
    small = simulate(relationships=12, years=1, seed=2024)
    assert len(small) == LENGTH
    assert (
        digest({n: small.events[n] for n in ("relationship", "time", "kind", "amount")}) == DIGEST
    )


LENGTH = 332
DIGEST = "5d7fdf2640a0efeed73977e19647635464f1f64ac81e59ad36926c7197e2b22a"


def test_rows_are_sorted_and_inside_the_log(company):
    time = company.events["time"]
    assert (np.diff(time) >= 0).all()
    assert time[0] >= company.start
    assert time[-1] <= company.end
    done = company.events["done"]
    assert done.max() <= company.end  # nothing is known before it happens
    asked = company.events["since"]
    has = asked != ABSENT_TIME
    assert (asked[has] <= time[has]).all()


def test_events_follow_the_truth(company):
    events, truth = company.events, company.truth
    place = {name: i for i, name in enumerate(truth["relationship"])}
    who = np.array([place[name] for name in events["relationship"]])
    mine = (
        (events["kind"] == "promise") & (events["side"] == "us") & (events["done"] != ABSENT_TIME)
    )
    kept = mine & (events["done"] <= events["due"])
    made, good = np.bincount(who[mine], minlength=1500), np.bincount(who[kept], minlength=1500)
    rich = made >= 10
    assert rich.sum() > 100
    shown = good[rich] / made[rich]
    assert np.corrcoef(shown, truth["reliability"][rich])[0, 1] > 0.7
    level = np.array(["prospect", "buyer", "client", "supporter", "advocate", "partner"])
    for kind, least in (("referral", 4), ("co_creation", 5), ("participation", 2)):
        of = np.unique(who[events["kind"] == kind])
        assert (
            np.searchsorted(
                np.arange(6), [level.tolist().index(r) for r in truth["rung"][of]]
            ).min()
            >= least
        )
    assert not ((events["kind"] == "purchase") & (truth["rung"][who] == "prospect")).any()
    for name in ("commitment", "responsiveness", "reciprocity", "trust"):
        assert ((truth[name] >= 0) & (truth[name] <= 1)).all()


def test_nothing_happens_before_joining_or_begins_after_leaving(company):
    events, truth = company.events, company.truth
    place = {name: i for i, name in enumerate(truth["relationship"])}
    who = np.array([place[name] for name in events["relationship"]])
    assert (events["time"] >= truth["joined"][who]).all()
    bought = events["kind"] == "purchase"
    gone = truth["left"][who] != ABSENT_TIME
    assert (events["time"] <= truth["left"][who])[bought & gone].all()


def test_the_log_can_be_written_and_read_back(company, tmp_path):
    pytest.importorskip("duckdb")
    for name in ("log.parquet", "log.csv"):
        company.write(tmp_path / name)
        table = read_events(tmp_path / name, as_of=company.as_of)
        assert table.books.balanced
        assert not table.books.set_aside
        assert table.books.read == len(company)
        assert table.books.events["purchase"] + table.books.skipped["retracted"] // 2 == int(
            (company.events["kind"] == "purchase").sum()
        )
    company.write_truth(tmp_path / "truth.csv")
    assert (tmp_path / "truth.csv").read_text().startswith("relationship,role,rung,")


def test_frames(company):
    pytest.importorskip("pandas")
    frame = company.to_frame()
    assert len(frame) == len(company)
    assert str(frame["time"].dt.tz) == "UTC"
    assert frame["done"].isna().sum() == (company.events["done"] == ABSENT_TIME).sum()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"relationships": 0}, "relationships = 0: at least 1"),
        ({"years": 0}, "years = 0: above 0, at most 30"),
        ({"seed": -1}, "seed = -1: 0 or more"),
        ({"roles": {"friend": 1}}, "'friend' is none of consumer"),
        ({"roles": {"consumer": 0}}, "shares from 0, not all 0"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate(**arguments)


def test_one_role_and_one_relationship():
    alone = simulate(relationships=1, years=1, seed=5, roles={"supplier": 1})
    assert set(alone.events["role"]) == {"supplier"}


def test_a_portfolio_takes_the_log_as_it_is(company):
    import loyalty

    if not hasattr(loyalty, "Portfolio"):
        pytest.skip("loyalty.Portfolio is not built")
    portfolio = loyalty.Portfolio(landmark=company.end)
    books = portfolio.apply(company.events)
    assert books.balanced
    assert books.set_aside == {}
    assert set(books.skipped) <= {"retracted", "nothing_open"}
    assert len(portfolio) == len(set(company.events["relationship"]))
