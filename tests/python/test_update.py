# SPDX-License-Identifier: MIT
"""Nights: each applies what is new, once; killed or refused, it leaves what was there."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import loyalty
import polars as pl
import pytest
from loyalty import _core
from loyalty.command._app import run
from loyalty.nights import Manifest

AS_OF = ["2024-06-30", "2024-08-31", "2024-12-31"]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A simulated log in three files that follow each other, without identifiers of events."""
    folder = tmp_path_factory.mktemp("nights")
    log = folder / "log.parquet"
    assert run(["simulate", "-n", "150", "--seed", "3", "-o", str(log)]) == 0
    events = pl.read_parquet(log).drop("event_id", strict=False)
    events = events.filter(pl.col("kind") != "retraction").sort("time")
    ends = [pl.lit(f"{date} 23:59:59").str.to_datetime(time_zone="UTC") for date in AS_OF]
    files = []
    for number, end in enumerate(ends):
        part = events.filter(pl.col("time") <= end)
        if number:
            part = part.filter(pl.col("time") > ends[number - 1])
        files.append(folder / f"night{number}.parquet")
        part.write_parquet(files[-1])
    return files


def update(*arguments: object) -> int:
    return run(["update", "-q", *map(str, arguments)])


def state_of(portfolio: Path) -> bytes:
    return loyalty.Portfolio.load(portfolio).to_bytes()


def test_nights_are_one_run(nights: list[Path], tmp_path: Path) -> None:
    live = tmp_path / "live.loyalty"
    for file, date in zip(nights, AS_OF, strict=True):
        out = tmp_path / "scores.parquet"
        assert update(live, file, "--as-of", date, "-o", out) == 0
    whole = tmp_path / "whole.loyalty"
    policy = tmp_path / "policy.toml"
    landmark = loyalty.Portfolio.load(live).landmark
    stamp = pl.Series([landmark]).cast(pl.Int64)
    date = pl.from_epoch(stamp).dt.strftime("%Y-%m-%dT%H:%M:%SZ")[0]
    policy.write_text(f"landmark = {date.replace('Z', 'Z')}\n")
    assert update(whole, *nights, "--as-of", AS_OF[-1], "--policy", policy) == 0
    mine, theirs = loyalty.Portfolio.load(live), loyalty.Portfolio.load(whole)
    assert mine.landmark == theirs.landmark
    assert mine.to_bytes() == theirs.to_bytes()
    frame = pl.read_parquet(tmp_path / "scores.parquet")
    assert frame.height == len(mine)
    manifest = Manifest.load(live)
    assert [night.as_of for night in manifest.nights] == [f"{date}T23:59:59Z" for date in AS_OF]
    assert [one.name for one in manifest.inputs] == [file.name for file in nights]
    rows = sum(pl.read_parquet(file).height for file in nights)
    assert sum(night.read for night in manifest.nights) == rows
    document = json.loads(_core.load_manifest(str(live)))
    assert document["policy"] == mine.policy.fingerprints
    assert document["relationships"] == len(mine)


def test_the_same_file_again_changes_nothing(
    nights: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = tmp_path / "live.loyalty"
    assert update(live, nights[0], "--as-of", AS_OF[0]) == 0
    before = live.read_bytes()
    renamed = tmp_path / "other name.parquet"
    renamed.write_bytes(nights[0].read_bytes())
    assert run(["update", str(live), str(nights[0]), str(renamed), "--as-of", AS_OF[0]]) == 0
    assert live.read_bytes() == before
    said = capsys.readouterr().out
    assert "not applied again: other name.parquet" in said
    # The scores are written all the same, as of a later date, too.
    assert update(live, "--as-of", AS_OF[1], "-o", tmp_path / "s.csv") == 0
    assert (tmp_path / "s.csv").exists()
    assert live.read_bytes() == before


def test_a_file_that_has_grown_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live, log = tmp_path / "live.loyalty", tmp_path / "log.csv"
    log.write_text("relationship,time,kind\na,2024-01-01T00:00:00Z,purchase\n")
    assert update(live, log, "--as-of", "2024-01-31") == 0
    before = live.read_bytes()
    with log.open("a") as file:
        file.write("a,2024-02-01T00:00:00Z,purchase\n")
    assert update(live, log, "--as-of", "2024-02-28") == 2
    assert "the file has grown since" in capsys.readouterr().err
    assert live.read_bytes() == before


def test_rows_after_the_date_would_be_lost(
    nights: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = tmp_path / "live.loyalty"
    assert update(live, nights[1], "--as-of", AS_OF[0]) == 2
    assert "would be lost" in capsys.readouterr().err
    assert not live.exists()


def test_dates_go_forward(
    nights: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = tmp_path / "live.loyalty"
    assert update(live, nights[0], "--as-of", AS_OF[0]) == 0
    assert update(live, "--as-of", "2024-01-01") == 2
    assert "stands as of 2024-06-30" in capsys.readouterr().err


def test_max_rejects_fails_before_anything_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live, good, bad = tmp_path / "live", tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("relationship,time,kind\na,2024-01-01T00:00:00Z,purchase\n")
    bad.write_text(
        "relationship,time,kind\n=1+1,2024-01-02T00:00:00Z,prchase\nb,2024-01-02T00:00:00Z,purchase\n"
    )
    assert update(live, good, "--as-of", "2024-01-31") == 0
    before = live.read_bytes()
    out, rejects = tmp_path / "out.csv", tmp_path / "rejects.csv"
    out.write_text("old")
    limited = (live, bad, "--as-of", "2024-01-31", "-o", out, "--rejects", rejects, "--max-rejects")
    for limit in ("0", "49%"):
        assert update(*limited, limit, "--spreadsheet-safe") == 1
        assert "more than --max-rejects" in capsys.readouterr().err
        assert live.read_bytes() == before
        assert out.read_text() == "old"
        assert "'=1+1" in rejects.read_text()
    assert update(*limited, "50%") == 0
    assert live.read_bytes() != before
    assert update(*limited, "many") == 2
    assert "allowed is a count such as 100, or a share such as 0.5%" in capsys.readouterr().err
    assert run(["score", str(bad), "--as-of", "2024-01-31", "-q", "--max-rejects", "0"]) == 1


def test_forget_and_rebase(nights: list[Path], tmp_path: Path) -> None:
    live = tmp_path / "live.loyalty"
    assert update(live, nights[0], "--as-of", AS_OF[0]) == 0
    name = sorted(loyalty.Portfolio.load(live).assess(AS_OF[0]))[0]
    assert update(live, "--as-of", AS_OF[1], "--forget", name, "--rebase", "2030-01-01") == 0
    again = loyalty.Portfolio.load(live)
    assert name not in again
    assert name.encode() not in live.read_bytes()
    manifest = Manifest.load(live)
    assert manifest.forgotten == 1
    assert [move["to"] for move in manifest.rebased] == ["2030-01-01T23:59:59Z"]


def test_changes_between_two_nights(
    nights: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Late rows of a night are its corrections, and the causes sum to the change."""
    live, first = tmp_path / "live.loyalty", tmp_path / "first.loyalty"
    frame = pl.read_parquet(nights[0])
    conduct = pl.col("kind").is_in(["guarantee", "concession", "gift"])
    late_rows = frame.filter(conduct & (pl.int_range(pl.len()) % 2 == 0))
    frame.join(late_rows, on=frame.columns, how="anti", nulls_equal=True).write_parquet(
        tmp_path / "on time.parquet"
    )
    late_rows.write_parquet(tmp_path / "late.parquet")
    assert late_rows.height > 20
    assert update(live, tmp_path / "on time.parquet", "--as-of", AS_OF[0]) == 0
    first.write_bytes(live.read_bytes())
    assert update(live, nights[1], tmp_path / "late.parquet", "--as-of", AS_OF[1]) == 0
    out = tmp_path / "changes.parquet"
    capsys.readouterr()
    assert run(["changes", str(first), str(live), "-o", str(out)]) == 0
    assert "corrections" in capsys.readouterr().out
    table = pl.read_parquet(out)
    causes = [pl.col(f"by_{name}") for name in ("new_events", "decay", "corrections", "rules")]
    both = table.filter(pl.col("change").is_not_null())
    gap = both.select((pl.sum_horizontal(causes) - pl.col("change")).abs().max()).item()
    assert gap < 1e-10
    corrected = set(table.filter(pl.col("by_corrections").abs() > 1e-12)["relationship"])
    assert corrected
    assert corrected <= set(late_rows["relationship"])
    # The corrected past is the log that had all rows in time.
    full = loyalty.Portfolio.load(first).copy()
    known = loyalty.Portfolio(full.policy, landmark=AS_OF[0])
    known.apply(pl.read_parquet(nights[0]))
    truth = loyalty.Portfolio.load(live).changes(
        loyalty.Portfolio.load(first),
        since=AS_OF[0],
        as_of=AS_OF[1],
        corrected=known,
    )
    column = truth.to_dict()["by_corrections"]
    assert table["by_corrections"].to_list() == pytest.approx(
        [None if value != value else value for value in column.tolist()], abs=1e-9
    )
    who = sorted(corrected)[0]
    assert run(["changes", str(first), str(live), who]) == 0
    assert who in capsys.readouterr().out
    assert run(["changes", str(first), str(live), "nobody"]) == 1


def test_another_policy_is_refused(
    nights: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live, other = tmp_path / "live.loyalty", tmp_path / "other.toml"
    assert update(live, nights[0], "--as-of", AS_OF[0]) == 0
    other.write_text("[half_life_days]\ntrust = 100\n")
    assert update(live, nights[1], "--as-of", AS_OF[1], "--policy", other) == 1
    assert "give the policy that it was made with" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_killed_at_any_moment_and_run_again(nights: list[Path], tmp_path: Path) -> None:
    """The portfolio is the old one or the new one, and a rerun ends as if nothing had been killed."""
    should = tmp_path / "should"
    should.mkdir()
    assert update(should / "live", nights[0], "--as-of", AS_OF[0]) == 0
    old = (should / "live").read_bytes()
    night = ("--as-of", AS_OF[1], "-o")
    started = time.monotonic()
    command = [sys.executable, "-m", "loyalty.command", "update", "-q"]
    subprocess.run(
        [*command, should / "live", nights[1], *night, should / "scores.csv"], check=True
    )
    length = time.monotonic() - started
    new = (should / "live").read_bytes()
    moments = random.Random(5)
    times = int(os.environ.get("LOYALTY_KILLS", "8"))
    for number in range(times):
        folder = tmp_path / f"killed{number}"
        folder.mkdir()
        (folder / "live").write_bytes(old)
        call = [*command, folder / "live", nights[1], *night, folder / "scores.csv"]
        process = subprocess.Popen(call)
        # Most of a run is reading; the last third writes.
        time.sleep(length * (moments.random() if number % 2 else 0.6 + 0.4 * moments.random()))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (folder / "live").read_bytes() in (old, new)
        subprocess.run(call, check=True)
        assert (folder / "live").read_bytes() == new
        assert (folder / "scores.csv").read_bytes() == (should / "scores.csv").read_bytes()
        assert sorted(os.listdir(folder)) == ["live", "scores.csv", "scores.csv-metadata.json"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written(nights: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "read only"
    folder.mkdir()
    folder.chmod(0o500)
    assert update(folder / "live", nights[0], "--as-of", AS_OF[0]) == 1
