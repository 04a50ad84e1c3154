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


def clean_log(rows: int = 3000) -> pl.DataFrame:
    """A log without an unfit value, in order of time, with fractions of seconds before and after 1970."""
    n = pl.int_range(rows)
    frame = pl.select(
        relationship=n * 7919 % 211 + 1,
        time=(n * 400_000_000_000 - 300_000_000_000_000 + n % 1000).cast(pl.Datetime("us", "UTC")),
        kind=pl.concat_list(
            pl.lit(["purchase", "contact", "gift", "guarantee", "survey"])
        ).list.get(n % 5, null_on_oob=True),
        amount=(n % 97).cast(pl.Float64),
        value=pl.lit(1.0),
        side=pl.when(n % 3 == 0).then(pl.lit("us")).when(n % 3 == 1).then(pl.lit("them")),
        parameter=pl.when(n % 5 == 4).then(pl.lit("commitment")),
    )
    return frame.with_columns(time=pl.col("time").dt.offset_by("40y").sort())


FORMS = {
    "as it is": [],
    "unsigned identifiers": [pl.col("relationship").cast(pl.UInt64)],
    "small identifiers": [pl.col("relationship").cast(pl.Int16)],
    "identifiers as text": [pl.col("relationship").cast(pl.String)],
    "identifiers as decimals": [pl.col("relationship").cast(pl.Decimal(20, 0))],
    "identifiers as real numbers": [pl.col("relationship").cast(pl.Float64)],
    "times without a zone": [pl.col("time").dt.replace_time_zone(None)],
    "times in ns": [pl.col("time").dt.cast_time_unit("ns").dt.replace_time_zone(None)],
    "times in ms": [pl.col("time").dt.cast_time_unit("ms")],
    "times in seconds": [(pl.col("time").dt.epoch("us") // 1_000_000).alias("time")],
    "times as text": [pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")],
    "words of a dictionary": [pl.col("kind", "side", "parameter").cast(pl.Categorical)],
    "an empty word": [pl.col("side", "parameter").fill_null("")],
    "whole numbers": [pl.col("amount", "value").cast(pl.Int32)],
    "numbers as text": [pl.col("amount").cast(pl.String)],
    "short numbers": [pl.col("amount").cast(pl.Float32)],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("until", ["2100-01-01", "2019-06-30T12:00:00Z"])
def test_every_type_is_read_alike(tmp_path: Path, form: str, until: str) -> None:
    """A clean log is folded from its columns as they lie; the same rows from CSV are looked at one by one."""
    frame = clean_log().with_columns(FORMS[form])
    frame.write_parquet(tmp_path / "log.parquet", row_group_size=500)
    clean_log().write_csv(tmp_path / "log.csv")
    streamed = read_events(tmp_path / "log.parquet", until, "UTC")
    assert streamed.is_streamed
    loaded = read_events(tmp_path / "log.csv", until, "UTC")
    assert 0 < len(streamed) == len(loaded)
    assert (len(streamed) < frame.height) == (until < "2100")
    assert streamed.names == loaded.names
    assert streamed.observes == loaded.observes
    assert "survey:commitment" in streamed.observes
    for name in ("read", "scored", "skipped", "set_aside", "events", "events_after_as_of"):
        assert getattr(streamed.books, name) == getattr(loaded.books, name), name
    assert folded(streamed) == folded(loaded)


def test_times_of_a_zone_are_read_alike(tmp_path: Path) -> None:
    frame = clean_log().with_columns(
        time=pl.col("time").dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)
    )
    frame.write_parquet(tmp_path / "log.parquet", row_group_size=500)
    frame.write_csv(tmp_path / "log.csv", datetime_format="%Y-%m-%dT%H:%M:%S%.6f")
    read = [
        read_events(tmp_path / name, "2019-06-30", "America/New_York")
        for name in ("log.parquet", "log.csv")
    ]
    assert [table.is_streamed for table in read] == [True, False]
    assert read[0].books.events == read[1].books.events
    assert folded(read[0]) == folded(read[1])


def test_outputs_are_the_same_bytes_from_every_file_and_thread(tmp_path: Path) -> None:
    """More relationships than a row group of the output holds, so that threads could mix them up."""
    rows, people = 300_000, 130_000
    n = pl.int_range(rows)
    frame = pl.select(
        relationship=pl.format("c{}", n * 7919 % people),
        time=pl.lit(1_600_000_000) + n * 300,
        kind=pl.when(n % 3 == 0).then(pl.lit("purchase")).otherwise(pl.lit("guarantee")),
        amount=(n % 97).cast(pl.Float64),
        value=pl.lit(1.0),
    )
    frame.write_parquet(tmp_path / "log.parquet", row_group_size=20_000)
    frame.sample(fraction=1, shuffle=True, seed=3).write_parquet(tmp_path / "any.parquet")
    moments = pl.from_epoch("time").dt.replace_time_zone("UTC")
    frame.with_columns(moments).write_csv(tmp_path / "log.csv")
    made = {}
    for name, threads in (
        ("log.parquet", 1),
        ("log.parquet", 7),
        ("any.parquet", 2),
        ("log.csv", 2),
    ):
        for form in ("parquet", "csv"):
            target = tmp_path / f"scores.{form}"
            call = [*("score", str(tmp_path / name), "--as-of", "2024-01-01", "-q")]
            assert run([*call, "--threads", str(threads), "-o", str(target)]) == 0
            made.setdefault(form, []).append(target.read_bytes())
    for form, outputs in made.items():
        assert len(outputs) == 4
        assert len(set(outputs)) == 1, form
    assert pl.read_parquet(tmp_path / "scores.parquet").height == people


def test_timings_name_every_stage(
    log: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "log.parquet"
    log.write_parquet(file)
    base = str(tmp_path / "base.loyalty")
    for call in (["score", str(file)], ["update", base, str(file)]):
        assert run([*call, "--as-of", "2026-01-01", "-q", "--timings"]) == 0
        said = capsys.readouterr()
        assert said.out == ""
        for word in (
            "looking through",
            "decoding",
            "folding",
            "assessing",
            "writing",
            "GB of memory",
        ):
            assert word in said.err
        assert run([*call, "--as-of", "2026-01-01", "-q"]) == 0
        assert capsys.readouterr().err == ""
