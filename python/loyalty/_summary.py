# SPDX-License-Identifier: MIT
"""The summary of a result, as text for people: 80 columns, no colour needed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from loyalty import _core
from loyalty._dates import date_text
from loyalty._words import PARAMETERS, SHOWN_BY, STEPS, bar, fates, percent

if TYPE_CHECKING:
    from loyalty.portfolio import Result


def summary_text(result: Result) -> str:
    """Rung mix and money, quality and its coverage, what to do first, what this log cannot show."""
    total = len(result)
    title = f"{total:,} relationship{'' if total == 1 else 's'} as of {date_text(result.as_of)}"
    if total == 0:
        return f"{title}: no rows to assess\n"
    parts = (_rungs, _quality, _coverage, _unseen, _steps, _worst, _books)
    blocks = [block for part in parts if (block := part(result))]
    stamp = f"loyalty {_core.__version__}, policy {result.metadata['loyalty.policy']}"
    return "\n\n".join([title, *("\n".join(block) for block in blocks), stamp]) + "\n"


def _table(counts: list[tuple[str, int]]) -> list[str]:
    """Lines of name, count, share of all and a bar, which is full for the largest count."""
    width = max(len(name) for name, _ in counts)
    total, most = sum(n for _, n in counts), max(n for _, n in counts)
    return [
        f"  {name:<{width}} {n:>9,}  {percent(n, total):>5}  {bar(n / most)}".rstrip()
        for name, n in counts
    ]


def _rungs(result: Result) -> list[str]:
    counts = result.counts
    lines = ["Where they stand"]
    if not counts["rungs_observed"]:
        return [*lines, "  not known: this log records no purchases"]
    lines += _table(list(zip(result.portfolio.policy.labels, counts["rungs"], strict=True))[::-1])
    buyers = sum(counts["rungs"][1:])
    if buyers >= 20 and max(counts["rungs"][1:]) > 0.9 * buyers:
        lines.append(
            "  More than 90 % of the buyers stand on one rung: does purchase_cycle_days fit the trade?"
        )
    currency = result.portfolio._core.currency
    return [*lines, f"  spent in all: {counts['spend']:,.0f} {currency}".rstrip()]


def _quality(result: Result) -> list[str]:
    counts = result.counts
    lines = ["How well they are treated (quality, 0 to 100)"]
    known = result.column("quality")
    known = known[~np.isnan(known)]
    if not known.size:
        return [*lines, "  not known for anybody: too little of our own conduct is in this log"]
    low, middle, high = np.quantile(known, [0.1, 0.5, 0.9])
    lines.append(
        f"  known for {len(known):,} of {len(result):,}; half have {middle:.1f} or more, "
        f"the middle 80 % {low:.1f} to {high:.1f}"
    )
    tenths = [
        (f"{10 * i:>2} – {10 * i + 10:<3}", n) for i, n in enumerate(counts["quality_tenths"])
    ]
    lines += _table([(name, n) for name, n in tenths if n])
    grades = zip(_core.evidence_names, counts["grades"], strict=True)
    return [*lines, "  evidence: " + ", ".join(f"{name} {n:,}" for name, n in grades if n)]


def _coverage(result: Result) -> list[str]:
    means = zip(PARAMETERS, result.counts["mean_coverage"], strict=True)
    lines = [
        f"  {name:<15} {percent(mean, 1):>5}  {bar(mean)}".rstrip()
        for name, mean in means
        if result.counts["lit"][name]
    ]
    return lines and ["How much of it is evidence, not assumption (mean coverage)", *lines]


def _unseen(result: Result) -> list[str]:
    dark = [name for name in SHOWN_BY if not result.counts["lit"][name]]
    lines = [
        textwrap.fill(
            SHOWN_BY[name],
            initial_indent=f"  {'rung' if name == 'purchases' else name:<15} ",
            subsequent_indent=" " * 18,
            width=80,
        )
        for name in dark
    ]
    return lines and ["What this log cannot show, and which events would show it", *lines]


def _steps(result: Result) -> list[str]:
    steps, points = result.column("next_step"), result.column("next_step_points")
    found = [(int(np.sum(steps == word)), word) for word in STEPS]
    lines = [
        f"  {STEPS[word]:<28} {n:>9,}  median gain {np.nanmedian(points[steps == word]):.1f} points"
        for n, word in sorted(found, reverse=True)
        if n
    ]
    return lines and ["What to do next (the step that gains most, by relationship)", *lines]


def _worst(result: Result) -> list[str]:
    names, quality, steps = (result.column(n) for n in ("relationship", "quality", "next_step"))
    low, high = result.column("quality_low"), result.column("quality_high")
    sure = np.flatnonzero(np.isin(result.column("evidence"), ["fair", "strong"]) & ~np.isnan(high))
    lines = [
        f"  {names[i]:<18.18} {quality[i]:>5.1f}  ({low[i]:.1f} to {high[i]:.1f})  "
        f"{STEPS.get(steps[i], '–')}"
        for i in sure[np.argsort(high[sure], kind="stable")][:5]
    ]
    title = "Treated worst: lowest upper ends of the 5-95 % interval, and what to do next"
    return lines and [title, *lines]


def _books(result: Result) -> list[str]:
    counts, books = result.counts, result.portfolio.books
    lines = ["The books", f"  {books.read:,} rows read, {books.scored:,} scored"]
    lines += [f"  {n:,} {fate}" for n, fate, _ in fates(books.skipped, books.set_aside)]
    if counts["inexact_positions"]:
        lines.append(
            f"  {counts['inexact_positions']:,} rungs rest on events out of order: replay them"
        )
    if counts["with_set_aside"]:
        lines.append(
            f"  {counts['with_set_aside']:,} relationships have rows set aside: see the flags column"
        )
    return lines
