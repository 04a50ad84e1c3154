# SPDX-License-Identifier: MIT
"""Parquet logs are folded from their files without being loaded: the same books, rejects and bytes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from loyalty.command import _engine
from loyalty.command._app import run
from loyalty.reading import EventTable, read_events

AS_OF = "2024-09-30"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """A simulated log with bad rows: an unknown kind, an absent time, a response without its request."""
    file = tmp_path_factory.mktemp("log") / "log.parquet"
    assert run(["simulate", "-n", "120", "--seed", "5", "-o", str(file)]) == 0
    frame = pl.read_parquet(file).drop("event_id", strict=False)
    frame = frame.filter(pl.col("kind") != "retraction").sort("time").with_row_index()
    bad = pl.col("index") % 997
    return frame.with_columns(
        kind=pl.when(bad == 5).then(pl.lit("prchase")).otherwise(pl.col("kind")),
        amount=pl.when(bad == 11).then(-1.0).otherwise(pl.col("amount")),
    ).drop("index")


def folded(table: EventTable) -> tuple[bytes, dict[str, int], list[tuple[object, ...]]]:
    seconds = 1727740799
    fold = _engine.fold(table, _engine.load_policy(None), seconds)
    rejects = table.rejects.columns()
    rows = sorted(
        zip(
            rejects["row"].tolist(), rejects["column"], rejects["code"], rejects["raw"], strict=True
        )
    )
    return fold.portfolio.to_bytes(), dict(table.books.set_aside), rows


@pytest.mark.parametrize("shape", ["in order", "shuffled", "two files"])
def test_streamed_and_loaded_are_one(log: pl.DataFrame, tmp_path: Path, shape: str) -> None:
    frame = log.sample(fraction=1, shuffle=True, seed=1) if shape == "shuffled" else log
    parts = (
        [frame[: frame.height // 2], frame[frame.height // 2 :]]
        if shape == "two files"
        else [frame]
    )
    files = []
    for number, part in enumerate(parts):
        files.append(tmp_path / f"part{number}.parquet")
        part.write_parquet(files[-1], row_group_size=1000)
    streamed = read_events(files, AS_OF)
    assert streamed.is_streamed
    # A row with an event_id makes it load everything.
    for file, part in zip(files, parts, strict=True):
        part.with_columns(
            event_id=pl.lit(file.stem) + pl.int_range(pl.len()).cast(pl.String)
        ).write_parquet(file)
    loaded = read_events(files, AS_OF)
    assert not loaded.is_streamed
    assert (len(streamed), streamed.names) == (
        len(loaded),
        [n for n in loaded.names if n != "event_id"],
    )
    assert streamed.observes == loaded.observes
    for name in ("read", "scored", "skipped", "set_aside", "events", "events_after_as_of"):
        assert getattr(streamed.books, name) == getattr(loaded.books, name), name
    assert streamed.books.skipped["after_as_of"] > 0
    state, aside, rows = folded(streamed)
    expected, aside_loaded, rows_loaded = folded(loaded)
    assert state == expected
    assert aside == aside_loaded
    assert len(rows) > 5
    if shape == "in order":
        assert rows == rows_loaded


def test_what_is_loaded_later_is_the_same(log: pl.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "log.parquet"
    log.write_parquet(file)
    table = read_events(file, AS_OF)
    assert table.is_streamed
    columns = table.columns
    assert not table.is_streamed
    assert len(columns["time"]) == len(table)
    assert (columns["time"][1:] >= columns["time"][:-1]).all()
