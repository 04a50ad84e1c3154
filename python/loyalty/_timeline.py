# SPDX-License-Identifier: MIT
"""Histories as text for people: the rung mix over time, and the strip of one relationship. No colour needed."""

from __future__ import annotations

import datetime as dt
import html
from typing import TYPE_CHECKING, Any

import numpy as np

from loyalty import _core
from loyalty._dates import DAY, EPOCH, SECOND, ahead_of_utc, date_text
from loyalty._words import fates, percent

if TYPE_CHECKING:
    from loyalty.histories import History, RelationshipHistory

#: Heights of a quality on its line, from 0 to 100; the letters are for terminals without block characters.
HEIGHTS = ("▁▂▃▄▅▆▇█", "0123456789")
#: Colours of the rungs from prospect to partner, for HTML; dark text is legible on all of them.
COLOURS = ("#e8e8e8", "#cfe3f5", "#9ecae1", "#a1d99b", "#fdd049", "#fd9d5c")


def local_date(seconds: int, zone: str | None) -> str:
    """`2024-05-31`, as the calendar of a zone (or of UTC) shows it."""
    if zone is not None:
        seconds = seconds + int(ahead_of_utc(np.array([seconds]), zone)[0])
    return date_text(seconds)


def chosen(count: int, most: int) -> list[int]:
    """At most `most` of `count` positions, evenly spread and with the last."""
    if count <= most:
        return list(range(count))
    step = -(-(count - 1) // (most - 1))
    return sorted(range(count - 1, -1, -step))


def moves(history: History) -> list[tuple[int, int, int]]:
    """From, to and how often, of every kind of change: climbs first, from the bottom."""
    tape = history._made["tape"]
    pairs = tape["from_rung"].astype(int) * 6 + tape["to_rung"]
    counts = np.bincount(pairs, minlength=36)
    found = [(k // 6, k % 6, int(counts[k])) for k in np.flatnonzero(counts)]
    return sorted(found, key=lambda move: (move[0] > move[1], min(move[0], move[1])))


def span(history: History) -> str:
    """`600 relationships, 2022-01-03 to 2024-12-30`."""
    total = len(history)
    count = f"{total:,} relationship{'' if total == 1 else 's'}"
    known = history._made["known_since"]
    until = local_date(history.until, history._zone)
    return (
        f"{count}, {local_date(int(known.min()), history._zone)} to {until}"
        if total
        else (f"{count} until {until}")
    )


def mix_rows(history: History, most: int) -> list[dict[str, Any]]:
    """The rung mix for a reader: at most `most` dates."""
    mix = history._made["mix"]
    return [
        {
            "date": local_date(int(mix["date"][i]), history._zone),
            "relationships": int(mix["relationships"][i]),
            "shares": [float(mix[f"{rung}_share"][i]) for rung in _core.rung_names],
            "quality": float(mix["mean_quality"][i]),
        }
        for i in chosen(len(mix["date"]), most)
    ]


def share_text(share: float) -> str:
    """A share for a table: nothing where it is nothing or not known."""
    return "" if not share > 0 else percent(share, 1)


def notes(history: History) -> list[str]:
    """What to know before using it."""
    said = []
    tape = history._made["tape"]
    late = len(np.unique(tape["relationship"][tape["at_least"] != 0]))
    if late:
        said.append(
            f"{late:,} relationship{' has' if late == 1 else 's have'} events before "
            f"{local_date(history.start, history._zone)}, where the staircase starts: more may have changed."
        )
    if len(history) and not len(tape["time"]) and not history._bought():
        said.append("There are no rungs: this log records no purchases.")
    return said


def summary_text(history: History) -> str:
    """The rung mix, who moved, what became of the rows."""
    blocks = [[span(history)]]
    labels = history.policy.labels
    rows = mix_rows(history, 13)
    if rows and len(history):
        widths = [max(len(label), 5) for label in labels]
        head = " ".join(
            [
                f"{'date':<10}",
                f"{'known':>7}",
                *(f"{label:>{w}}" for label, w in zip(labels, widths, strict=True)),
                f"{'quality':>7}",
            ]
        )
        lines = ["Rung mix", "  " + head]
        for row in rows:
            shares = " ".join(
                f"{share_text(share):>{w}}" for share, w in zip(row["shares"], widths, strict=True)
            )
            quality = "" if row["quality"] != row["quality"] else f"{row['quality']:.1f}"
            lines.append(
                f"  {row['date']:<10} {row['relationships']:>7,} {shares} {quality:>7}".rstrip()
            )
        blocks.append(lines)
    found = moves(history)
    if found:
        width = max(len(label) for label in labels)
        for title, up in (("Climbs", True), ("Falls", False)):
            some = [move for move in found if (move[0] < move[1]) == up]
            if some:
                total = sum(n for _, _, n in some)
                blocks.append(
                    [f"{title}: {total:,}"]
                    + [
                        f"  {labels[a]:>{width}} to {labels[b]:<{width}} {n:>9,}"
                        for a, b, n in some
                    ]
                )
    if noted := notes(history):
        blocks.append(noted)
    books = history.books
    blocks.append(
        ["The books", f"  {books.read:,} rows read, {books.scored:,} used"]
        + [f"  {n:,} {fate}" for n, fate, _ in fates(books.skipped, books.set_aside)]
    )
    blocks.append([f"loyalty {_core.__version__}, policy {history.metadata['loyalty.policy']}"])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def summary_html(history: History) -> str:
    """The rung mix as stacked bars, in plain HTML."""
    labels = history.policy.labels
    rows = []
    for row in mix_rows(history, 36):
        pieces = "".join(
            f'<span title="{html.escape(label)} {percent(share, 1)}" style="display:inline-block;height:1em;'
            f'width:{100 * share:.2f}%;background:{colour}"></span>'
            for label, share, colour in zip(labels, row["shares"], COLOURS, strict=True)
            if share > 0
        )
        quality = "" if row["quality"] != row["quality"] else f"{row['quality']:.1f}"
        rows.append(
            f"<tr><td>{row['date']}</td><td>{row['relationships']:,}</td>"
            f'<td style="width:24em;white-space:nowrap;font-size:100%">{pieces}</td><td>{quality}</td></tr>'
        )
    legend = " ".join(
        f'<span style="background:{colour};color:#222;padding:0 .4em">{html.escape(label)}</span>'
        for label, colour in zip(labels, COLOURS, strict=True)
    )
    changes = len(history._made["tape"]["time"])
    return (
        f"<div><p>{html.escape(span(history))}, {changes:,} changes of rung</p><p>{legend}</p>"
        "<table><thead><tr><th>date</th><th>relationships</th><th>rung mix</th><th>mean quality</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


# --- one relationship --------------------------------------------------------------------------------


def strip_text(one: RelationshipHistory, width: int = 80, blocks: bool = True) -> str:
    """The ladder along time as a chart, the quality below it, then every change."""
    whole = one._whole
    zone = whole._zone
    labels = list(whole.policy.labels)
    tape, seen = one._tape(), one._snapshots()
    known, until = one.known_since, whole.until
    title = f"{one.relationship}  {local_date(known, zone)} to {local_date(until, zone)}"
    lines = [title, ""]
    margin = max(max(len(label) for label in labels), len("quality")) + 2
    columns = max(width - margin, 10)
    begin = min(known, until)
    edges = begin + (until - begin) * np.arange(1, columns + 1) // columns
    rungs = _rungs_at(tape, labels, edges)
    if not whole._bought():
        lines += ["No rungs: this log records no purchases.", ""]
    else:
        lines += _ladder(tape, labels, begin, edges, rungs, margin, blocks)
    lines += _quality_line(seen, begin, until, columns, margin, blocks)
    lines += _axis(begin, until, columns, margin, zone)
    lines += _changes(tape, zone)
    lines += _qualities(seen, zone)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _rungs_at(tape: dict[str, np.ndarray], labels: list[str], edges: np.ndarray) -> np.ndarray:
    """Where it stood at the end of each column."""
    place = {label: k for k, label in enumerate(labels)}
    to = np.array([0, *(place[word] for word in tape["to_rung"])])
    return to[np.searchsorted(tape["time"], edges, side="right")]


def _ladder(
    tape: dict[str, np.ndarray],
    labels: list[str],
    begin: int,
    edges: np.ndarray,
    rungs: np.ndarray,
    margin: int,
    blocks: bool,
) -> list[str]:
    """One line a rung up to the peak; a column shows every rung held in it."""
    place = {label: k for k, label in enumerate(labels)}
    low, high = rungs.copy(), rungs.copy()
    for time, start, end in zip(tape["time"], tape["from_rung"], tape["to_rung"], strict=True):
        column = int(np.searchsorted(edges, max(time, begin)))
        if column < len(edges):
            for word in (start, end):
                low[column] = min(low[column], place[word])
                high[column] = max(high[column], place[word])
    full, passed = ("█", "│") if blocks else ("#", "|")
    lines = []
    for k in range(max(int(high.max(initial=0)), 1), -1, -1):
        drawn = "".join(
            full if rungs[c] == k else passed if low[c] <= k <= high[c] else " "
            for c in range(len(edges))
        )
        lines.append(f"{labels[k]:>{margin - 2}}  {drawn}")
    return lines


def _quality_line(
    seen: dict[str, np.ndarray], begin: int, until: int, columns: int, margin: int, blocks: bool
) -> list[str]:
    """The quality at each snapshot as a height, in the column of its date; it holds until the next."""
    quality = seen["quality"]
    if not len(quality) or np.isnan(quality).all():
        return []
    steps = HEIGHTS[0 if blocks else 1]
    drawn = [" "] * columns
    at = np.minimum((seen["date"] - begin) * columns // max(until - begin, 1), columns - 1)
    for i in range(len(at)):
        end = int(at[i + 1]) if i + 1 < len(at) else int(at[i]) + 1
        if not np.isnan(quality[i]):
            mark = steps[min(int(quality[i] / 100 * len(steps)), len(steps) - 1)]
            for column in range(max(int(at[i]), 0), max(end, int(at[i]) + 1)):
                drawn[column] = mark
    return ["", f"{'quality':>{margin - 2}}  {''.join(drawn)}"]


def _axis(begin: int, until: int, columns: int, margin: int, zone: str | None) -> list[str]:
    """Years, or months where the span is short, below the column in which they begin."""
    ahead = 0 if zone is None else int(ahead_of_utc(np.array([begin]), zone)[0])
    first = EPOCH + dt.timedelta(seconds=begin + ahead)
    short = until - begin < 400 * DAY
    marks, moment = [], first.replace(day=1, hour=0, minute=0, second=0)
    moment = moment if short else moment.replace(month=1)
    while (second := (moment - EPOCH) // SECOND - ahead) <= until and moment.year < 9998:
        text = moment.strftime("%Y-%m" if short else "%Y")
        column = max((second - begin) * columns // max(until - begin, 1), 0)
        marks.append((int(column), text))
        months = moment.month if short else 12
        moment = moment.replace(year=moment.year + months // 12, month=months % 12 + 1)
    if len(marks) > 1 and marks[1][0] < len(marks[0][1]) + 2:
        marks.pop(0)  # only the end of a period
    line = ""
    for column, text in marks:
        if (not line or column >= len(line) + 2) and column + len(text) <= columns:
            line = f"{line:<{column}}{text}"
    return [" " * margin + line]


def _changes(tape: dict[str, np.ndarray], zone: str | None) -> list[str]:
    """A line for each second with changes."""
    if not len(tape["time"]):
        return []
    starts = np.flatnonzero(np.diff(tape["time"], prepend=tape["time"][0] - 1))
    ends = np.append(starts[1:], len(tape["time"]))
    lines = ["", "Changes of rung"]
    for start, end in zip(starts, ends, strict=True):
        path = " to ".join([tape["from_rung"][start], *tape["to_rung"][start:end]])
        lines.append(f"  {local_date(int(tape['time'][start]), zone)}  {path}")
    if tape["at_least"].any():
        lines.append("  at least: older events lie before the staircase starts")
    return lines


def _qualities(seen: dict[str, np.ndarray], zone: str | None, most: int = 13) -> list[str]:
    """Quality, its interval and the parameters on some of the dates."""
    held = np.flatnonzero(~np.isnan(seen["quality"]))
    if not held.size:
        return []
    names = ("commitment", "responsiveness", "reciprocity", "trust")
    lines = ["", f"{'Quality':<16} {'5-95 %':>9}  coverage {' '.join(names)}"]
    for i in held[chosen(len(held), most)]:
        interval = f"{seen['quality_low'][i]:.1f}-{seen['quality_high'][i]:.1f}"
        means = [
            f"{'-' if np.isnan(seen[name][i]) else format(seen[name][i], '.2f'):>{len(name)}}"
            for name in names
        ]
        lines.append(
            f"{local_date(int(seen['date'][i]), zone)} {seen['quality'][i]:>5.1f} {interval:>9}  "
            f"{percent(seen['coverage'][i], 1):>8} {' '.join(means)}"
        )
    return lines
