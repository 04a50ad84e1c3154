# SPDX-License-Identifier: MIT
"""The summary of changes, as text for people: 80 columns, no colour needed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from loyalty import _core
from loyalty._dates import date_text
from loyalty._words import percent

if TYPE_CHECKING:
    from loyalty.changes import Changes

#: Causes as they are told, by the end of their columns.
CAUSES = {
    "new_events": "new events",
    "decay": "time passing",
    "corrections": "corrections",
    "rules": "rules",
}
#: Points below which a quality is said to have stayed.
LEAST = 0.05
MOST_SHOWN = 5


def summary_text(changes: Changes) -> str:
    """Who moved from where to where, how the qualities shifted and by what cause, who was affected most."""
    total = len(changes)
    what = f"{total:,} relationship{'' if total == 1 else 's'}"
    when = date_text(changes.as_of)
    if changes.since != changes.as_of:
        title = f"{what}, from {date_text(changes.since)} to {when}"
    else:
        title = f"{what} as of {when}, under two policies"
    if total == 0:
        return f"{title}: nobody to compare\n"
    blocks = [
        block for part in (_moves, _matrix, _quality, _moved, _shifted) if (block := part(changes))
    ]
    stamps = changes.metadata
    stamp = f"loyalty {_core.__version__}, policy {stamps['loyalty.policy.before']}"
    if stamps["loyalty.policy"] != stamps["loyalty.policy.before"]:
        stamp += f" to {stamps['loyalty.policy']}"
    return "\n\n".join([title, *("\n".join(block) for block in blocks), stamp]) + "\n"


def _moves(changes: Changes) -> list[str]:
    counts = changes.counts
    if not counts["rungs_observed"]:
        return ["Rungs are not known: one of the logs records no purchases"]
    moves = [f"{n:,} {word}" for word, n in counts["moves"].items() if n]
    return ["Rungs: " + ", ".join(moves)]


def _matrix(changes: Changes) -> list[str]:
    counts = changes.counts
    rungs = np.array(counts["rungs"])
    if not counts["rungs_observed"] or not (rungs - np.diag(np.diag(rungs))).any():
        return []
    before, after = (policy.labels for policy in changes.policies)
    used = [k for k in range(6) if rungs[k].any() or rungs[:, k].any()]
    head = "  from \\ to    " + "".join(f"{after[k]:>11.10}" for k in used)
    lines = [
        f"  {before[k]:<12.12}" + "".join(f"{rungs[k, j] or '·':>11}" for j in used)
        for k in reversed(used)
        if rungs[k].any()
    ]
    return ["From which rung to which", head.rstrip(), *lines]


def _quality(changes: Changes) -> list[str]:
    counts = changes.counts
    lines = ["Quality, in points"]
    if not counts["compared"]:
        return [*lines, "  published on both sides for nobody"]
    shift = changes.column("change")[_compared(changes)]
    causes = [
        f"{words} {counts['mean_by'][cause]:+.2f}"
        for cause, words in CAUSES.items()
        if abs(counts["mean_by"][cause]) >= 0.005
    ]
    told = f" ({', '.join(causes)})" if causes else ""
    lines.append(f"  published on both sides for {counts['compared']:,} of {len(changes):,}")
    lines.append(f"  mean change {counts['mean_change']:+.2f}{told}")
    low, middle, high = np.quantile(shift, [0.1, 0.5, 0.9])
    lines.append(f"  median {middle:+.1f}, the middle 80 % {low:+.1f} to {high:+.1f}")
    up, down = int(np.sum(shift >= LEAST)), int(np.sum(shift <= -LEAST))
    lines.append(f"  {up:,} rose, {down:,} sank, {len(shift) - up - down:,} stayed")
    if changes.since != changes.as_of:
        beyond = counts["better"] + counts["worse"]
        lines.append(
            f"  more than chance: {counts['better']:,} up, {counts['worse']:,} down, "
            f"{percent(beyond, counts['compared']) or '0 %'} of them; chance alone gives about 10 %"
        )
        if not counts["corrections_known"]:
            lines.append("  late rows and retractions, if any, are among the new events")
    return lines


def _compared(changes: Changes) -> np.ndarray:
    known = [~np.isnan(changes.column(f"quality_{side}")) for side in ("before", "after")]
    return np.flatnonzero(known[0] & known[1])


def _rows(changes: Changes, title: str, rows: np.ndarray) -> list[str]:
    names, shift, reasons = (changes.column(n) for n in ("relationship", "change", "reason"))
    before, after = changes.column("rung_before"), changes.column("rung_after")
    lines = []
    for i in rows[:MOST_SHOWN]:
        rungs = before[i] if before[i] == after[i] else f"{before[i]} to {after[i]}"
        text = "; ".join(part for part in (rungs, reasons[i]) if part)
        start = f"  {names[i]:<18.18} {shift[i]:>+6.1f}  "
        lines += textwrap.wrap(text, 80, initial_indent=start, subsequent_indent=" " * 29) or [
            start.rstrip()
        ]
    return lines and [title, *lines]


def _moved(changes: Changes) -> list[str]:
    moves, shift = changes.column("moved"), changes.column("change")
    lines: list[str] = []
    for word in ("fell", "climbed"):
        rows = np.flatnonzero(moves == word)
        rows = rows[np.argsort(-np.abs(shift[rows]), kind="stable")]
        lines += _rows(
            changes, f"Who {word}, and why ({len(rows):,}; points of quality beside)", rows
        )
    return lines


def _shifted(changes: Changes) -> list[str]:
    shift = changes.column("change")
    rows = _compared(changes)
    rows = rows[np.abs(shift[rows]) >= LEAST]
    rows = rows[np.argsort(-np.abs(shift[rows]), kind="stable")]
    return _rows(changes, "Whose quality shifted most, in points", rows)
