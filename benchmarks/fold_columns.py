# SPDX-License-Identifier: MIT
"""Folding event columns from Python, against pandas, polars and DuckDB doing the same decayed sums.

20 M events over 1 M relationships at random, times ascending, as in fold.cpp; arguments: events and relationships in
millions, and threads for polars and DuckDB (1, since the fold uses one). The library's side includes the staircase, the
books and exact sums; the others have neither, and sum doubles. Best of several, everything in one run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ARGUMENTS = sys.argv[1:] if __name__ == "__main__" else []
EVENTS = int(float(ARGUMENTS[0] if ARGUMENTS else 20) * 1e6)
PEOPLE = int(float(ARGUMENTS[1] if len(ARGUMENTS) > 1 else 1) * 1e6)
THREADS = int(ARGUMENTS[2] if len(ARGUMENTS) > 2 else 1)
os.environ["POLARS_MAX_THREADS"] = str(THREADS)

import _figures  # noqa: E402
import duckdb  # noqa: E402
import loyalty  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import polars as pl  # noqa: E402
from loyalty.reading import KINDS  # noqa: E402

DAY = 86_400
START = 1_609_459_200  # 2021-01-01
SPAN = 3 * 365 * DAY
LANDMARK = 1_577_836_800  # 2020-01-01, the portfolio's own
MIX = ("purchase",) * 4 + ("contact", "participation", "gift", "guarantee")
#: What is summed: name, kind of event, column, half-life in days.
SUMS = (
    ("purchases", "purchase", None, 365),
    ("support", "participation", "value", 365),
    ("received", "participation", "value", 365),
    ("given", "gift", "value", 365),
    ("guarantees_kept", "guarantee", None, 730),
)


def log() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    codes = np.array([KINDS.index(kind) for kind in MIX], dtype=np.uint8)
    return {
        "relationship": random.integers(0, PEOPLE, EVENTS),
        "time": (START + np.arange(EVENTS) * SPAN // EVENTS).astype("datetime64[s]"),
        "kind": codes[random.integers(0, len(MIX), EVENTS, dtype=np.uint8)],
        "amount": random.integers(1, 10_000, EVENTS) / 100,
        "value": np.ones(EVENTS),
    }


def best(function: Callable[[], Any], rounds: int = 3) -> float:
    """Seconds of the fastest of several runs."""
    fastest = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def fold(events: Any) -> loyalty.Portfolio:
    portfolio = loyalty.Portfolio()
    books = portfolio.apply(events, zone="UTC")
    assert books.scored == EVENTS, str(books)
    return portfolio


def new_and_known(events: dict[str, np.ndarray]) -> tuple[float, float]:
    """Seconds of the fastest of several runs: a log of new relationships, and the same three years later, when every
    one of them is known.
    """
    later = {**events, "time": events["time"] + np.timedelta64(SPAN, "s")}
    new = known = np.inf
    for _ in range(4):
        made = []
        new = min(new, best(lambda: made.append(fold(events)), 1))  # noqa: B023
        known = min(known, best(lambda: made[0].apply(later, zone="UTC"), 1))  # noqa: B023
    return new, known


def with_pandas(events: pd.DataFrame) -> pd.DataFrame:
    """Each kind of event by itself, so that no row is touched for a sum that it does not feed."""
    by = events.groupby("relationship", sort=False)
    parts = [by["time"].agg(first_event="min", last_event="max", events="size")]
    seconds = events["time"].to_numpy().astype("datetime64[s]").astype(np.int64) - LANDMARK
    for kind in dict.fromkeys(kind for _, kind, _, _ in SUMS):
        rows = np.flatnonzero(events["kind"].to_numpy() == KINDS.index(kind))
        part = {"relationship": events["relationship"].to_numpy()[rows]}
        for name, its_kind, column, half_life in SUMS:
            if its_kind == kind:
                weight = np.exp2(seconds[rows] / (half_life * DAY))
                part[name] = weight if column is None else weight * events[column].to_numpy()[rows]
        if kind == "purchase":
            part["spend"] = events["amount"].to_numpy()[rows]
            part["n"] = np.ones(len(rows), dtype=np.int64)
        parts.append(pd.DataFrame(part).groupby("relationship", sort=False).sum())
    return pd.concat(parts, axis=1)


def with_polars(events: pl.DataFrame) -> pl.DataFrame:
    seconds = pl.col("time").to_physical() // 1_000_000 - LANDMARK
    columns, sums = [], []
    for name, kind, column, half_life in SUMS:
        weight = (seconds * (np.log(2) / (half_life * DAY))).exp()
        value = weight if column is None else weight * pl.col(column)
        columns.append(pl.when(pl.col("kind") == KINDS.index(kind)).then(value).alias(name))
        sums.append(pl.col(name).sum())
    bought = pl.col("kind") == KINDS.index("purchase")
    columns.append(pl.when(bought).then(pl.col("amount")).alias("spend"))
    columns.append(bought.alias("n"))
    return (
        events.lazy()
        .select("relationship", "time", *columns)
        .group_by("relationship")
        .agg(
            *sums,
            pl.col("spend").sum(),
            pl.col("n").sum(),
            pl.len().alias("events"),
            pl.col("time").min().alias("first_event"),
            pl.col("time").max().alias("last_event"),
        )
        .collect()
    )


def with_duckdb(connection: duckdb.DuckDBPyConnection) -> None:
    sums = []
    for name, kind, column, half_life in SUMS:
        weight = f"pow(2.0, (epoch(time) - {LANDMARK}) / {half_life * DAY}.0)"
        value = weight if column is None else f"{weight} * {column}"
        sums.append(f"sum({value}) FILTER (kind = {KINDS.index(kind)}) AS {name}")
    bought = f"FILTER (kind = {KINDS.index('purchase')})"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE sums AS
        SELECT relationship, {", ".join(sums)}, sum(amount) {bought} AS spend, count(*) {bought} AS n,
            count(*) AS events, min(time) AS first_event, max(time) AS last_event
        FROM events GROUP BY relationship"""
    )


def check(portfolio: loyalty.Portfolio, sums: pd.DataFrame) -> None:
    """The same sums indeed: a weight stands on steps of 1/4096 half-life, so they agree to 2e-4."""
    for who in sums.index[:50]:
        state = portfolio.state(who)
        for name, _, _, half_life in SUMS:
            # A sum is in units of 2^-56, its weights count from the landmark's whole half-life.
            whole = LANDMARK % (half_life * DAY) / (half_life * DAY)
            ours = float(state[name]) * 2.0**-56 / 2.0**whole
            theirs = np.nan_to_num(float(sums[name].get(who, 0.0)))
            assert abs(ours - theirs) <= 2e-4 * theirs, (who, name, ours, theirs)
        assert state["n"] == sums["n"].fillna(0)[who]
        assert state["events"] == sums["events"][who]


def report(name: str, seconds: float, ours: float | None = None) -> None:
    ratio = "" if ours is None else f"   loyalty is {seconds / ours:5.1f} times as fast"
    print(f"{name:<44} {EVENTS / seconds / 1e6:7.1f} M events/s{ratio}", flush=True)


def compiled() -> dict[str, float]:
    """What fold.cpp measures, where the release preset is built."""
    program = Path(__file__).parents[1] / "build/release/benchmarks/bench_fold"
    if not program.exists():
        return {}
    arguments = [str(program), str(EVENTS / 1e6), str(PEOPLE / 1e6)]
    lines = subprocess.run(
        arguments, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    rates = {
        line.split("relationships")[0].split(",")[1].strip(): float(line.split()[-3])
        for line in lines
        if line.startswith("apply")
    }
    for line in lines:
        for start, key in (
            ("  the same on two threads", "two"),
            ("rung and quality", "brief"),
            ("full assessment", "full"),
        ):
            if line.startswith(start):
                rates[key] = float(re.search(r"[\d.]+", line)[0])
    return rates


def bench_others(events: dict[str, np.ndarray], portfolio: loyalty.Portfolio, ours: float) -> None:
    frame = pd.DataFrame(events, copy=False)
    check(portfolio, with_pandas(frame))
    pandas = best(lambda: with_pandas(frame), 2)
    report("pandas groupby, sums alone", pandas, ours)
    table = pl.DataFrame({**events, "time": events["time"].astype("datetime64[us]")})
    check(portfolio, with_polars(table).to_pandas().set_index("relationship"))
    polars = best(lambda: with_polars(table))
    report(f"polars group_by, {THREADS} thread(s)", polars, ours)
    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}")
    connection.execute("CREATE TABLE events AS SELECT * FROM frame")
    with_duckdb(connection)
    check(portfolio, connection.execute("FROM sums LIMIT 50").df().set_index("relationship"))
    in_duckdb = best(lambda: with_duckdb(connection))
    report(f"DuckDB, {THREADS} thread(s)", in_duckdb, ours)
    connection.close()
    others = {"pandas": pandas, "polars": polars, "duckdb": in_duckdb}
    _figures.note(
        "fold",
        events=EVENTS / 1e6,
        people=PEOPLE / 1e6,
        rate=EVENTS / ours / 1e6,
        **{name: EVENTS / seconds / 1e6 for name, seconds in others.items()},
        **{f"over_{name}": seconds / ours for name, seconds in others.items()},
    )


def bench_forms(events: dict[str, np.ndarray]) -> None:
    """The same log in other frames; each has to end in the same bytes."""
    words = pd.Categorical.from_codes(events["kind"].astype(np.int8), categories=list(KINDS))
    utc = pd.Series(events["time"]).dt.tz_localize("UTC")
    frame = pd.DataFrame({**events, "kind": words, "time": utc.dt.as_unit("ns")}, copy=False)
    few = {name: column[:100_000] for name, column in events.items()}
    expected = loyalty.Portfolio()
    expected.apply(few, zone="UTC")

    def form(name: str, make: Callable[[], Any]) -> None:
        made = make()
        portfolio = loyalty.Portfolio()
        portfolio.apply(made[:100_000] if not isinstance(made, dict) else few, zone="UTC")
        assert portfolio.to_bytes() == expected.to_bytes()
        seconds = best(lambda: fold(made), 2)
        report("  " + name, seconds)

    print("the same log as")
    form("pandas, kinds categorical, times in ns", lambda: frame)
    form("pandas, kinds as str", lambda: frame.assign(kind=frame["kind"].astype("str")))
    form("pandas, kinds as objects", lambda: frame.assign(kind=np.asarray(words, dtype=object)))
    form("polars, kinds as String", lambda: pl.from_pandas(frame).cast({"kind": pl.String}))
    form("polars, kinds as Enum", lambda: pl.from_pandas(frame).cast({"kind": pl.Enum(KINDS)}))
    who = pl.DataFrame({"who": events["relationship"]})
    named = {**events, "relationship": who.select(pl.format("c{}", pl.col("who"))).to_series()}
    report("  identifiers as text (polars String)", best(lambda: fold(named), 2))


def main() -> None:
    print(f"{EVENTS:,} events, {PEOPLE:,} relationships")
    in_cpp = compiled()
    events = log()
    ours, known = new_and_known(events)
    for key, rate in compiled().items():  # once more: a busy machine shall not decide the share
        best_of = min if key in ("brief", "full") else max
        in_cpp[key] = best_of(rate, in_cpp[key])
    if in_cpp:
        _figures.note("fold_cpp", known=in_cpp["known"], two=in_cpp["two"])
        _figures.note("assess", full=in_cpp["full"] / 1000, brief=in_cpp["brief"] / 1000)
    portfolio = fold(events)
    for name, seconds, key in (
        ("loyalty, NumPy columns, new relationships", ours, "new"),
        ("loyalty, NumPy columns, known relationships", known, "known"),
    ):
        report(name, seconds)
        if in_cpp:
            share = EVENTS / seconds / 1e6 / in_cpp[key]
            print(f"{'':<44} {in_cpp[key]:7.1f} in C++: {share:.0%} of it")

    bench_others(events, portfolio, ours)
    bench_forms(events)

    as_of = "2024-06-01"
    for name, intervals in (("with intervals", True), ("without", False)):
        seconds = best(lambda: portfolio.assess(as_of, intervals=intervals), 2)  # noqa: B023
        print(f"assess {name:<37} {seconds / len(portfolio) * 1e6:7.2f} us a relationship")


if __name__ == "__main__":
    main()
