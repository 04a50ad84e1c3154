# SPDX-License-Identifier: MIT
"""Saved portfolios, threads, contacts: the same words as in C++, and nothing lost on the way."""

from __future__ import annotations

import os
from pathlib import Path

import loyalty
import numpy as np
import pytest
from loyalty.simulate import simulate


@pytest.fixture(scope="module")
def events() -> dict[str, np.ndarray]:
    frame = simulate(400, seed=11).events
    return {name: np.asarray(frame[name]) for name in frame}


def folded(events: dict[str, np.ndarray], threads: int = 1) -> loyalty.Portfolio:
    portfolio = loyalty.Portfolio(landmark="2024-12-31", threads=threads)
    portfolio.apply(events, zone="UTC")
    return portfolio


@pytest.mark.parametrize("threads", [0, 2, 7])
def test_threads_change_nothing(events: dict[str, np.ndarray], threads: int) -> None:
    one = folded(events)
    many = folded(events, threads)
    assert many.to_bytes() == one.to_bytes()
    a, b = one.assess("2024-12-31"), many.assess("2024-12-31")
    assert a.counts == b.counts
    for name in loyalty.portfolio.COLUMNS:
        np.testing.assert_array_equal(a.column(name), b.column(name))


def test_saved_and_loaded(events: dict[str, np.ndarray], tmp_path: Path) -> None:
    portfolio = folded(events)
    file = tmp_path / "night.loyalty"
    portfolio.save(file, manifest="anything")
    again = loyalty.Portfolio.load(file)
    assert again.manifest == "anything"
    assert again.to_bytes() == portfolio.to_bytes()
    assert again.policy == portfolio.policy
    assert again.books == portfolio.books
    assert again.landmark == portfolio.landmark
    again.save(tmp_path / "again.loyalty", manifest="anything")
    assert file.read_bytes() == (tmp_path / "again.loyalty").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["again.loyalty", "night.loyalty"]


def test_nights_are_one_run(events: dict[str, np.ndarray], tmp_path: Path) -> None:
    order = np.argsort(events["time"], kind="stable")
    whole = folded(events)
    file = tmp_path / "p"
    loyalty.Portfolio(landmark="2024-12-31").save(file)
    for part in np.array_split(order, 5):
        night = loyalty.Portfolio.load(file, threads=2)
        night.apply({name: column[part] for name, column in events.items()}, zone="UTC")
        night.save(file)
    assert loyalty.Portfolio.load(file).to_bytes() == whole.to_bytes()
    assert loyalty.Portfolio.load(file).books == whole.books


def test_files_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="cannot be read"):
        loyalty.Portfolio.load(tmp_path / "none")
    (tmp_path / "text").write_text("relationship,time,kind\n" * 3)
    with pytest.raises(loyalty.MismatchError, match=r"text: it is no portfolio file"):
        loyalty.Portfolio.load(tmp_path / "text")
    portfolio = loyalty.Portfolio()
    portfolio.save(tmp_path / "p")
    damaged = bytearray((tmp_path / "p").read_bytes())
    damaged[100] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    with pytest.raises(loyalty.MismatchError, match="checksum"):
        loyalty.Portfolio.load(tmp_path / "damaged")
    other = loyalty.Policy.from_dict({"half_life_days": {"trust": 100}})
    with pytest.raises(loyalty.MismatchError, match="give the policy that it was made with"):
        loyalty.Portfolio.load(tmp_path / "p", other)
    with pytest.raises(OSError, match="it is a folder"):
        portfolio.save(tmp_path)
    with pytest.raises(OSError, match="there is no such folder"):
        portfolio.save(tmp_path / "no" / "p")


def test_forget_leaves_no_trace(events: dict[str, np.ndarray], tmp_path: Path) -> None:
    portfolio = folded(events)
    names = list(portfolio.assess("2024-12-31"))
    gone = names[:3]
    assert portfolio.forget(*gone, "nobody") == 3
    assert len(portfolio) == len(names) - 3
    portfolio.save(tmp_path / "p")
    saved = (tmp_path / "p").read_bytes()
    for name in gone:
        assert name not in portfolio
        assert name.encode() not in saved
    keep = ~np.isin(events["relationship"], gone)
    rest = folded({name: column[keep] for name, column in events.items()})
    assert portfolio.assess("2024-12-31").column("quality").tolist() == pytest.approx(
        rest.assess("2024-12-31").column("quality").tolist(), nan_ok=True
    )


def test_rebase_reaches_later_dates(events: dict[str, np.ndarray]) -> None:
    portfolio = folded(events)
    with pytest.raises(loyalty.WindowError, match="landmark"):
        portfolio.assess("2065-01-01")
    before = portfolio.assess("2024-12-31").column("quality")
    portfolio.rebase("2050-01-01")
    portfolio.assess("2065-01-01")
    np.testing.assert_allclose(
        portfolio.assess("2024-12-31").column("quality"), before, rtol=0, atol=1e-9
    )
    with pytest.raises(loyalty.WindowError, match="choose a later landmark"):
        portfolio.rebase("1980-01-01")


def test_contacts_are_described() -> None:
    portfolio = loyalty.Portfolio()
    portfolio.apply(
        {
            "relationship": ["a", "a", "a", "b", "c"],
            "time": np.array(
                ["2024-01-01", "2024-01-21", "2024-01-31", "2024-02-01", "2024-02-01"],
                "datetime64[D]",
            ),
            "kind": ["contact"] * 4 + ["purchase"],
            "side": ["us", "them", "us", "us", None],
            "personal": [True, True, False, None, None],
            "answered": [False, None, True, None, None],
            "rating": [np.nan, 4, np.nan, np.nan, np.nan],
            "scale": [None, "1..5", None, None, None],
        }
    )
    table = portfolio.contacts("2024-03-01")
    assert table["relationship"].tolist() == ["a", "b"]
    assert table["contacts"].tolist() == [3, 1]
    # 3 contacts in the 61 days from the start of January 1st to the end of March 1st, the last second aside.
    assert table["per_month"][0] == pytest.approx(3 * 30 / 61, rel=1e-6)
    assert table["share_personal"][0] == pytest.approx(2 / 3)
    assert table["share_answered"][0] == pytest.approx(1 / 2)
    assert table["quality"][0] == pytest.approx(0.75)
    assert np.isnan(table["share_personal"][1])


def test_threads_must_be_a_number_of_threads() -> None:
    with pytest.raises(ValueError, match=r"threads = -1: allowed is 0 \.\. 1024"):
        loyalty.Portfolio(threads=-1)
