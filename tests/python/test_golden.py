# SPDX-License-Identifier: MIT
"""Portfolio files of every version of the format are read for ever, and give what they gave when they were written.

`tests/golden/portfolio-N.loyalty` was written by `loyalty update` over two nights of a simulated company, with late
rows and rows set aside; `portfolio-N.csv` holds the scores of that night. They are never made anew: a later format adds
a pair.
"""

from __future__ import annotations

import json
from pathlib import Path

import loyalty
import polars as pl
import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = sorted(GOLDEN.glob("portfolio-*.loyalty"))


def test_there_is_a_file_of_every_format() -> None:
    assert [file.stem for file in FILES] == ["portfolio-1"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_portfolio_gives_what_it_gave(file: Path, tmp_path: Path) -> None:
    portfolio = loyalty.Portfolio.load(file)
    manifest = json.loads(portfolio.manifest)
    scores = pl.read_csv(
        file.with_suffix(".csv"),
        schema_overrides={"relationship": pl.String},
        infer_schema_length=None,
    )
    assert len(portfolio) == scores.height == manifest["relationships"] == 40
    assert portfolio.open_items == manifest["open_items"] == 11
    books = portfolio.books
    assert (books.read, books.scored) == (1599, 1595)
    assert books.set_aside == manifest["books"]["set_aside"] == {"negative": 2}
    assert books.skipped == {"nothing_open": 2}
    assert len(manifest["nights"]) == 2
    assert portfolio.marked is not None
    assert len(portfolio.contacts()) > 0
    now = portfolio.assess(manifest["as_of"]).to_frame("polars")
    for name in scores.columns:
        was, is_now = scores[name], now[name]
        if is_now.dtype == pl.Float64:
            assert was.is_null().equals(is_now.is_null()), name
            apart = (was.cast(pl.Float64) - is_now).abs() / pl.Series(
                was.cast(pl.Float64).abs()
            ).clip(1)
            assert (apart.max() or 0) < 1e-9, name
        elif is_now.dtype == pl.Datetime:
            shown = is_now.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
            assert was.cast(pl.String).to_list() == shown.to_list(), name
        else:
            assert was.cast(is_now.dtype).to_list() == is_now.to_list(), name

    # It goes on living, and is written again as whatever the format is by now.
    portfolio.apply({"relationship": ["new"], "time": [portfolio.newest + 60], "kind": ["gift"]})
    portfolio.save(tmp_path / "again", portfolio.manifest)
    again = loyalty.Portfolio.load(tmp_path / "again")
    assert again.to_bytes() == portfolio.to_bytes()
    assert len(again) == 41
