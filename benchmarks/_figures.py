# SPDX-License-Identifier: MIT
"""Figures of the benchmarks: noted by each as it runs, and put into the README by `./dev bench --write`."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- speed -->", "<!-- /speed -->"
#: The rows of the table by key, in order; {} are figures of a note.
ROWS = (
    (
        "fold",
        "fold events from NumPy columns",
        "{rate:.1f} M events/s",
        "the sums alone: pandas {pandas:.1f}, polars {polars:.1f}, DuckDB {duckdb:.1f}",
        "{over_pandas:.1f}, {over_polars:.1f}, {over_duckdb:.1f}",
    ),
    ("fold_cpp", "the same in C++, all known; on two threads", "{known:.1f}; {two:.1f} M events/s", "", ""),
    ("quality", "quality of {rows:,} rows", "{ours:.0f} ns a row", "NumPy {theirs:.0f}", "{ratio:.1f}"),
    (
        "interval",
        "with interval and reasons",
        "{ours:.2f} µs a row",
        "NumPy with SciPy {theirs:.1f}",
        "{ratio:.0f}",
    ),
    (
        "score",
        "{events:.0f} M events of {people:.0f} M relationships, Parquet to scored Parquet",
        "{seconds:.0f} s, {memory:.1f} GB",
        "DuckDB's sums alone {sums:.0f} s; with our assessment and writing {theirs:.0f} s",
        "{ratio:.1f}",
    ),
    ("score_shuffled", "the same in any order", "{seconds:.0f} s, {memory:.1f} GB", "{theirs:.0f} s", "{ratio:.1f}"),
    (
        "score_two",
        "the same in order, on two cores",
        "{seconds:.0f} s, {memory:.1f} GB",
        "on one {one:.0f} s",
        "{ratio:.1f}",
    ),
    (
        "purchase_fit",
        "fit BG/NBD; Pareto/NBD to 2,357 customers of CDNOW",
        "{bg_fit:.2f}; {pareto_fit:.2f} ms",
        "lifetimes {bg_fit_theirs:.0f}; {pareto_fit_theirs:.0f}",
        "{bg_fit_ratio:.0f}; {pareto_fit_ratio:.0f}",
    ),
    (
        "purchase_ask",
        "forecast 1 M customers of it by BG/NBD; Pareto/NBD",
        "{bg_ask:.0f}; {pareto_ask:.0f} ms",
        "lifetimes {bg_ask_theirs:.0f}; {pareto_ask_theirs:.0f}",
        "{bg_ask_ratio:.0f}; {pareto_ask_ratio:.0f}",
    ),
    ("assess", "assess one relationship: all; rung and quality", "{full:.1f}; {brief:.2f} µs", "", ""),
)  # fmt: skip


def path() -> Path | None:
    """Where figures go; None where nobody keeps them."""
    given = os.environ.get("LOYALTY_FIGURES")
    return Path(given) if given else None


def note(key: str, **figures: float) -> None:
    """Keep the figures of one row of the table."""
    assert key in {row[0] for row in ROWS}, key
    kept = path()
    if kept is None:
        return
    with open(kept, "a", encoding="utf-8") as file:
        file.write(json.dumps({"key": key, **figures}) + "\n")


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def table(notes: dict[str, dict[str, Any]]) -> str:
    """The table of all rows that were measured."""
    lines = ["| job, on one core | loyalty | else | times as fast |", "|---|---|---|---|"]
    for key, *cells in ROWS:
        if key in notes:
            lines.append("| " + " | ".join(cell.format(**notes[key]) for cell in cells) + " |")
    made = (
        f"Measured by `./dev bench` on {os.cpu_count()} cores of {processor()}, ratios in one run"
    )
    if fold := notes.get("fold"):
        size = f"{fold['events']:.0f} M events of {fold['people']:.0f} M relationships"
        made += f"; folded were {size} at random"
    made += "."
    return "\n".join([*lines, "", made])


def main() -> None:
    """Put the figures of a file into the README."""
    kept = path()
    if kept is None or not kept.exists():
        sys.exit("no figures: LOYALTY_FIGURES names no file")
    notes = {
        (entry := json.loads(line))["key"]: entry
        for line in kept.read_text(encoding="utf-8").splitlines()
    }
    made = table(notes)
    print(made)
    if "--write" in sys.argv:
        readme = ROOT / "README.md"
        text = readme.read_text(encoding="utf-8")
        start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        readme.write_text(text[:start] + "\n" + made + "\n" + text[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
