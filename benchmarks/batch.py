# SPDX-License-Identifier: MIT
"""A night's batch: a Parquet log to a scored Parquet file by the command, against DuckDB.

DuckDB makes the sums alone, without the staircase, exactness or books; scoring them would still take the assessment and
the writing, so that these are added to its time. Arguments: events and relationships in millions (20 and 1; the full
size is 100 and 5). Logs are kept in build/bench for the next run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import _figures
import duckdb
from fold_columns import DAY, LANDMARK, MIX, SUMS

FOLDER = _figures.ROOT / "build/bench"
SPAN = 3 * 365 * DAY
STAGES = ("looking through", "decoding", "folding", "assessing", "writing")


def log(events: int, people: int, order: str = "time", text: bool = False) -> Path:
    """A log as in fold_columns.py: kinds and relationships at random, times ascending or in any order."""
    name = f"{events}-{people}-{order}{'-text' if text else ''}.parquet"
    file = FOLDER / name
    if file.exists():
        return file
    FOLDER.mkdir(parents=True, exist_ok=True)
    place = "n" if order == "time" else f"(hash(n + 7) % {events})::BIGINT"
    who = f"(hash(n) % {people})::BIGINT"
    if text:
        who = f"printf('%08x-0000-4000-8000-%012x', {who}, {who})"
    mix = ", ".join(f"'{kind}'" for kind in MIX)
    made = file.with_suffix(".part")
    with duckdb.connect() as con:
        con.execute(
            f"""COPY (SELECT {who} AS relationship,
                TIMESTAMP '2021-01-01' + to_seconds({place} * {SPAN} // {events}) AS time,
                [{mix}][1 + (hash(3 * n + 1) % {len(MIX)})::INTEGER] AS kind,
                (1 + hash(5 * n + 2) % 9999) / 100.0::DOUBLE AS amount, 1::DOUBLE AS value
            FROM range({events}) r(n)) TO '{made}' (FORMAT parquet)"""
        )
    made.rename(file)
    return file


def run(arguments: list[str]) -> tuple[str, float]:
    """What a program says on standard error, and the most memory that it held, in GB."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        sys.exit(f"{arguments[0]} ended with {process.returncode}: {text}")
    return text, usage.ru_maxrss * 1024 / 1e9


def score(file: Path, threads: int = 1) -> dict[str, float]:
    """Seconds of the command and of its stages, and its memory."""
    output = FOLDER / "scores.parquet"
    program = str(Path(sys.executable).with_name("loyalty"))
    said, memory = run(
        [
            *(program, "score", str(file), "--as-of", "2024-06-01", "--zone", "UTC", "--quiet"),
            *("--timings", "--threads", str(threads), "-o", str(output)),
        ]
    )
    figures = {"seconds": float(re.search(r"rows in ([\d.]+) s", said)[1]), "memory": memory}
    figures |= {stage: float(re.search(rf"{stage} ([\d.]+)", said)[1]) for stage in STAGES}
    output.unlink()
    return figures


def sums(file: Path, threads: int = 1) -> tuple[float, float]:
    """Seconds and memory of the sums alone in DuckDB."""
    parts = []
    for name, kind, column, half_life in SUMS:
        weight = f"pow(2.0, (epoch(time) - {LANDMARK}) / {half_life * DAY}.0)"
        value = weight if column is None else f"{weight} * {column}"
        parts.append(f"sum({value}) FILTER (kind = '{kind}') AS {name}")
    bought = "FILTER (kind = 'purchase')"
    query = (
        f"CREATE TEMP TABLE sums AS SELECT relationship, {', '.join(parts)}, sum(amount) {bought} AS spend, "
        f"count(*) {bought} AS n, count(*) AS events, min(time) AS first_event, max(time) AS last_event "
        f"FROM '{file}' GROUP BY relationship"
    )
    program = f"""import duckdb, json, sys, time
con = duckdb.connect()
con.execute('SET threads = {threads}').fetchall()
begun = time.perf_counter()
con.execute({query!r}).fetchall()
json.dump(time.perf_counter() - begun, sys.stderr)"""
    said, memory = run([sys.executable, "-c", program])
    return float(json.loads(said)), memory


def shown(name: str, figures: dict[str, float], more: str = "") -> None:
    stages = ", ".join(f"{stage} {figures[stage]:.1f}" for stage in STAGES)
    print(
        f"{name:<34} {figures['seconds']:7.1f} s  {figures['memory']:5.2f} GB  ({stages}){more}",
        flush=True,
    )


def against(key: str, figures: dict[str, float], alone: float, **more: float) -> str:
    """Notes the ratio to DuckDB's sums with our assessment and writing."""
    theirs = alone + figures["assessing"] + figures["writing"]
    ratio = theirs / figures["seconds"]
    _figures.note(key, **figures, sums=alone, theirs=theirs, ratio=ratio, **more)
    return f"; {ratio:.2f} times as fast as DuckDB"


def main() -> None:
    millions = [float(given) for given in sys.argv[1:]]
    events, people = (
        int(given * 1e6) for given in (millions if len(millions) == 2 else (20.0, 1.0))
    )
    print(f"{events:,} events of {people:,} relationships, Parquet to scored Parquet")
    file = log(events, people)
    alone, memory = sums(file)
    ours = score(file)
    alone = min(alone, sums(file)[0])
    print(f"{'DuckDB, the sums alone':<34} {alone:7.1f} s  {memory:5.2f} GB")
    size = {"events": events / 1e6, "people": people / 1e6}
    shown("loyalty score", ours, against("score", ours, alone, **size))
    two = score(file, 2)
    ratio = ours["seconds"] / two["seconds"]
    _figures.note("score_two", **two, one=ours["seconds"], ratio=ratio)
    shown("  on two threads", two, f"; {ratio:.2f} times as fast as on one")
    file = log(events, people, "any")
    alone = sums(file)[0]
    shuffled = score(file)
    shown("  rows in any order", shuffled, against("score_shuffled", shuffled, alone))
    file = log(events, people, text=True)
    alone = sums(file)[0]
    text = score(file)
    theirs = alone + text["assessing"] + text["writing"]
    shown(
        "  identifiers of 36 bytes",
        text,
        f"; {theirs / text['seconds']:.2f} times as fast as DuckDB",
    )
    shown("  a tenth of the events", score(log(events // 10, people)))


if __name__ == "__main__":
    main()
