# SPDX-License-Identifier: MIT
"""The report for a person: who stands where, how well they are treated, what to do next, what the log cannot show.

Legible in 80 columns, without colour, and where the terminal has no block characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from loyalty import _core, _timeline
from loyalty._dates import date_text
from loyalty._words import PARAMETERS, SHOWN_BY, STEPS, bar, fates, percent
from loyalty.command._engine import Forecast, Scores
from loyalty.histories import History
from loyalty.nights import Input, Manifest
from loyalty.portfolio import Books as EventBooks
from loyalty.reading import Books

__all__ = ["night_lines", "print_forecast", "print_history", "print_report"]


def counted(n: int, what: str) -> str:
    """`1 event`, `2,000 events`."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def median(values: np.ndarray) -> float:
    """The median of what is there."""
    values = values[~np.isnan(values)]
    return float(np.median(values)) if values.size else float("nan")


def first_largest(values: np.ndarray, count: int) -> np.ndarray:
    """Positions of the `count` largest values, the largest first, of equal ones the first."""
    if len(values) <= count:
        return np.argsort(-values, kind="stable")
    least = np.partition(values, -count)[-count]
    among = np.flatnonzero(values >= least)
    return among[np.argsort(-values[among], kind="stable")][:count]


class _Report:
    def __init__(
        self,
        console: Console,
        scores: Scores,
        labels: Sequence[str],
        perspective: str,
    ) -> None:
        self.ours = perspective == "us"
        self.console = console
        self.scores = scores
        self.labels = list(labels)
        self.blocks = (console.encoding or "").lower().startswith("utf")
        self.total = len(scores)

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def table(self, *columns: tuple[str, str]) -> Table:
        """A table without lines; columns are (heading, "left" or "right")."""
        table = Table(
            box=None,
            padding=(0, 2, 0, 0),
            show_header=any(name for name, _ in columns),
            header_style="dim",
        )
        table.add_column("", width=1)
        for name, side in columns:
            table.add_column(
                name, justify="right" if side == "right" else "left", no_wrap=side == "right"
            )
        return table

    def say(self, text: str, style: str = "") -> None:
        self.console.print(Padding(Text(text, style=style), (0, 0, 0, 2), expand=False))

    # --- parts

    def rungs(self) -> None:
        self.heading("Where they stand")
        if not self.total:
            self.say("Nobody: no event lies before the date.")
            return
        held = {word: len(rows) for word, rows in self.scores.words("rung").items()}
        if not held:
            self.say("No rungs: this log records no purchases, and a rung begins with one.")
            self.say(f"Events that would show it: {SHOWN_BY['purchases']}.", "dim")
            return
        words = self.labels if set(self.labels) & set(held) else list(_core.rung_names)
        counts = [held.get(word, 0) for word in words]
        most = max(counts)
        table = self.table(
            ("rung", "left"), ("relationships", "right"), ("share", "right"), ("", "left")
        )
        for place in reversed(range(len(words))):
            n = counts[place]
            table.add_row(
                "",
                words[place],
                f"{n:,}",
                percent(n, self.total),
                Text(bar(n / most, 30, self.blocks), "cyan"),
            )
        self.console.print(table)
        buyers = sum(counts[1:])
        if buyers >= 20 and max(counts[1:]) > 0.9 * buyers:
            self.say(
                "More than 90 % of the buyers stand on one rung: the purchase cycle of the policy may not fit this "
                "trade; `loyalty policy init --from` proposes one.",
                "yellow",
            )

    def money(self) -> None:
        spend, cost = self.scores.numbers("spend"), self.scores.numbers("cost")
        currencies = set(self.scores.words("currency"))
        unit = f" {currencies.pop()}" if len(currencies) == 1 else ""
        held = spend[~np.isnan(spend)]
        if not held.size or not np.any(held):
            return
        parts = [f"Spend {held.sum():,.2f}{unit}, median {np.median(held):,.2f}"]
        top = np.sort(held)[::-1][: max(len(held) // 10, 1)]
        if held.sum() > 0:
            parts.append(f"the tenth that spent most spent {percent(top.sum(), held.sum())} of it")
        if np.nansum(cost) > 0:
            parts.append(f"cost {np.nansum(cost):,.2f}{unit}")
        self.say("; ".join(parts) + ".")

    def quality(self) -> None:
        if not self.total:
            return
        quality = self.scores.numbers("quality")
        shown = quality[~np.isnan(quality)]
        self.heading("How well we treat them" if self.ours else "How well they treat us")
        if not shown.size:
            whose = "our" if self.ours else "their"
            self.say(
                f"No quality is shown: for none of {self.total:,} is enough of {whose} conduct recorded."
            )
            self.parameters()
            return
        if shown.size < self.total:
            self.say(
                f"Quality is shown for {shown.size:,} of {self.total:,}; the others have too little evidence."
            )
        counts = np.bincount(np.minimum(shown // 10, 9).astype(int), minlength=10)
        used = np.flatnonzero(counts)
        table = self.table(("quality", "right"), ("relationships", "right"), ("", "left"))
        for tens in range(used[-1], used[0] - 1, -1):
            n = int(counts[tens])
            table.add_row(
                "",
                f"{10 * tens}-{10 * tens + 10}",
                f"{n:,}",
                Text(bar(n / counts.max(), 34, self.blocks), "green"),
            )
        self.console.print(table)
        low, mid, high = np.percentile(shown, [25, 50, 75])
        self.say(f"Median {mid:.1f}; the middle half lies between {low:.1f} and {high:.1f}.")
        self.grades()
        self.parameters()

    def grades(self) -> None:
        held = self.scores.words("evidence")
        said = [f"{word} {len(held.get(word, ())):,}" for word in reversed(_core.evidence_names)]
        self.say("Evidence: " + ", ".join(said) + ".")

    def parameters(self) -> None:
        table = self.table(
            ("parameter", "left"), ("median", "right"), ("coverage", "right"), ("", "left")
        )
        for name in PARAMETERS:
            values = self.scores.numbers(name)
            coverage = self.scores.numbers(f"{name}_coverage")
            if np.isnan(values).all():
                table.add_row("", name, "-", "", Text("not observed", "dim"))
                continue
            mean = float(np.nanmean(coverage))
            if mean == 0:
                table.add_row("", name, f"{median(values):.2f}", "", Text("no evidence yet", "dim"))
                continue
            table.add_row(
                "",
                name,
                f"{median(values):.2f}",
                percent(mean, 1),
                Text(bar(mean, 20, self.blocks), "magenta"),
            )
        self.console.print()
        self.console.print(table)

    def next_steps(self) -> None:
        found = {word: rows for word, rows in self.scores.words("next_step").items() if len(rows)}
        if not found:
            return
        points = self.scores.numbers("next_step_points")
        self.heading("What to do next" if self.ours else "What they could do next")
        table = self.table(("step", "left"), ("for", "right"), ("points each", "right"))
        for word, rows in sorted(
            found.items(), key=lambda one: (len(one[1]), one[0]), reverse=True
        ):
            table.add_row(
                "", STEPS.get(word, word), f"{len(rows):,}", f"{median(points[rows]):+.1f}"
            )
        self.console.print(table)
        self.say("Most to gain")
        most = self.table(("", "left"), ("", "left"), ("", "right"))
        gains = np.nan_to_num(points)
        for i in first_largest(gains, 3):
            if gains[i] > 0:
                step = next(word for word, rows in found.items() if i in rows)
                most.add_row(
                    "",
                    self.scores.relationship(int(i)),
                    STEPS.get(step, step),
                    f"{gains[i]:+.1f} points",
                )
        self.console.print(most)

    def unseen(self) -> None:
        if not self.total:
            return
        dark = [name for name in PARAMETERS if np.isnan(self.scores.numbers(name)).all()]
        if not dark:
            return
        self.heading("What this log cannot show, and which events would")
        table = self.table(("", "left"), ("", "left"))
        for name in dark:
            table.add_row("", name, SHOWN_BY[name])
        self.console.print(table)

    def books(self, books: Books, events: EventBooks, mapped: bool) -> None:
        self.heading("Rows")
        table = self.table(("", "right"), ("", "left"))
        if mapped:
            rows, skipped, aside = books.scored, books.skipped, books.set_aside
        else:
            rows = events.scored
            skipped = merged(books.skipped, events.skipped)
            aside = merged(books.set_aside, events.set_aside)
        table.add_row("", f"{books.read:,}", "read")
        table.add_row("", f"{rows:,}", "scored")
        self.fates(table, skipped, aside)
        self.console.print(table)
        if mapped:
            table = self.table(("", "right"), ("", "left"))
            before = sum(books.events_skipped.values()) + sum(books.events_set_aside.values())
            table.add_row("", f"{events.read + before:,}", "events made of them")
            table.add_row("", f"{events.scored:,}", "scored")
            self.fates(
                table,
                merged(books.events_skipped, events.skipped),
                merged(books.events_set_aside, events.set_aside),
            )
            self.console.print()
            self.console.print(table)
        if mapped and books.events_after_as_of:
            self.say(f"{books.events_after_as_of:,} events come after the as-of date and wait.")
        if books.repeats:
            self.say(
                f"{books.repeats:,} rows repeat another exactly; they count, for the log has no ids for them."
            )
        for note in books.notes:
            self.say(note)

    @staticmethod
    def fates(table: Table, skipped: Mapping[str, int], aside: Mapping[str, int]) -> None:
        for n, fate, lost in fates(skipped, aside):
            table.add_row("", f"{n:,}", Text(fate, "yellow") if lost else fate)


def merged(*books: Mapping[str, int]) -> dict[str, int]:
    """Counts added up by reason."""
    total: dict[str, int] = {}
    for book in books:
        for reason, n in book.items():
            total[reason] = total.get(reason, 0) + n
    return total


def print_report(
    console: Console,
    scores: Scores,
    labels: Sequence[str],
    as_of: int,
    books: Books | None,
    events: EventBooks | None,
    mapped: bool,
    metadata: Mapping[str, str],
    title: str = "",
    perspective: str = "us",
    written: Sequence[str] = (),
) -> None:
    """Print the report of a scored log; `books` and `events` are None where no row was read."""
    report = _Report(console, scores, labels, perspective)
    console.print(Text(f"Loyalty as of {date_text(as_of)}", style="bold"))
    if title:
        report.say(title)
    told = "" if events is None else f", {counted(events.scored, 'event')}"
    report.say(f"{counted(report.total, 'relationship')}{told}")
    report.rungs()
    report.money()
    report.quality()
    report.next_steps()
    report.unseen()
    if books is not None and events is not None:
        report.books(books, events, mapped)
    aside = scores.counts["with_set_aside"]
    if aside:
        who = f"{counted(aside, 'relationship')} {'has' if aside == 1 else 'have'}"
        told = any("set aside" in line for line in written)
        hint = "" if told else " --rejects FILE lists them."
        report.say(f"{who} rows set aside, which a flag tells.{hint}", "yellow")
    console.print()
    for line in written:
        report.say(line)
    prints = f"policy {metadata['loyalty.policy']}, loyalty {metadata['loyalty.version']}"
    report.say(prints, "dim")


def night_lines(
    manifest: Manifest, fresh: Sequence[Input], again: Sequence[Input], gone: int
) -> list[str]:
    """What a night did to a portfolio that lives in a file, a line each."""
    lines = [f"applied: {one.name} ({one.bytes:,} bytes)" for one in fresh]
    for one in again:
        night = manifest.night_of(one.sha256)
        when = "" if night is None else f" as of {night.as_of}"
        lines.append(f"not applied again: {one.name}, whose content was applied{when}")
    if gone:
        lines.append(f"erased: {counted(gone, 'relationship')}")
    nights = len(manifest.nights)
    lines.append(f"{counted(nights, 'night')} so far, {counted(len(manifest.inputs), 'file')}")
    return lines


#: Colours of the rungs from prospect to partner on a terminal.
RUNG_COLOURS = ("bright_black", "blue", "cyan", "green", "yellow", "magenta")


def stacked(shares: Sequence[float], width: int, blocks: bool) -> Text:
    """Shares as one bar of `width` characters, each in its colour; the largest remainders round up."""
    drawn = Text()
    exact = [max(share, 0) * width if share == share else 0 for share in shares]
    cells = [int(x) for x in exact]
    rest = round(sum(exact)) - sum(cells)
    for k in sorted(range(len(exact)), key=lambda k: cells[k] - exact[k])[:rest]:
        cells[k] += 1
    for k, cell in enumerate(cells):
        drawn.append(("█" if blocks else str(k)) * cell, RUNG_COLOURS[k])
    return drawn


def print_history(
    console: Console,
    history: History,
    books: Books,
    mapped: bool,
    title: str = "",
    written: Sequence[str] = (),
) -> None:
    """Print the rung mix over time, who moved, and what became of the rows."""
    report = _Report(
        console, {"relationship": np.array(list(history), object)}, history.policy.labels, "us"
    )
    console.print(Text("Loyalty over time", style="bold"))
    if title:
        report.say(title)
    report.say(f"{_timeline.span(history)}, {counted(history.books.scored, 'event')}")
    labels = report.labels
    rows = _timeline.mix_rows(history, 36)
    if rows:
        report.heading("Rung mix")
        # A bar where there is room beside the numbers.
        room = console.width - 22 - sum(max(len(label), 4) + 1 for label in labels) - 6
        wide = room >= 12 and console.is_terminal and report.blocks
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
        table.add_column("", width=1)
        table.add_column("date", no_wrap=True)
        table.add_column("known", justify="right", no_wrap=True)
        for label, colour in zip(labels, RUNG_COLOURS, strict=True):
            table.add_column(label, justify="right", header_style=colour)
        table.add_column("quality", justify="right", no_wrap=True)
        if wide:
            table.add_column("", no_wrap=True)
        for row in rows:
            quality = "" if row["quality"] != row["quality"] else f"{row['quality']:.1f}"
            cells: list[str | Text] = [
                "", row["date"], f"{row['relationships']:,}",
                *(_timeline.share_text(share) for share in row["shares"]), quality,
            ]  # fmt: skip
            if wide:
                cells.append(stacked(row["shares"], min(room, 24), report.blocks))
            table.add_row(*cells)
        console.print(table)
        if len(rows) < len(history.dates):
            report.say(f"{len(rows)} of {len(history.dates)} dates are shown.", "dim")
    found = _timeline.moves(history)
    if found:
        report.heading("Who moved")
        most = max(n for _, _, n in found)
        table = report.table(("", "left"), ("", "left"), ("times", "right"), ("", "left"))
        for start, end, n in found:
            table.add_row(
                "",
                f"{labels[start]} to {labels[end]}",
                "up" if start < end else "down",
                f"{n:,}",
                Text(bar(n / most, 30, report.blocks), "green" if start < end else "red"),
            )
        console.print(table)
    for note in _timeline.notes(history):
        report.say(note, "yellow")
    report.books(books, history.books, mapped)
    console.print()
    for line in written:
        report.say(line)
    prints = f"policy {history.metadata['loyalty.policy']}, loyalty {history.metadata['loyalty.version']}"
    report.say(prints, "dim")


def print_forecast(
    console: Console,
    past: History,
    ahead: Forecast,
    title: str = "",
    written: Sequence[str] = (),
) -> None:
    """Print the rung mix ahead, how long the way up takes, and the mix of mere purchases."""
    report = _Report(
        console, {"relationship": np.array(list(past), object)}, past.policy.labels, "us"
    )
    console.print(Text("Loyalty ahead", style="bold"))
    if title:
        report.say(title)
    report.say(_timeline.span(past))
    if ahead.mix.status.usable:
        report.heading("Rung mix of today's relationships (months from now)")
        head, *rows = ahead.mix._lines()
        table = report.table(*((word, "right" if i else "left") for i, word in enumerate(head)))
        for row in reversed(rows):
            table.add_row("", *row)
        console.print(table)
        report.say("5-95 %: of the last column; what is not known of the moves, and chance.", "dim")
    report.say(ahead.mix.status.sentence, "" if ahead.mix.status.usable else "yellow")
    found = [climb for climb in ahead.climbs if climb[2].status.end != "too_little_data"]
    if found:
        report.heading("When half of them have climbed")
        table = report.table(
            ("from", "left"), ("to, or above", "left"), ("month", "right"), ("5-95 %", "right")
        )
        for start, to, passage in found:
            early, late = passage.median_interval
            around = (
                "" if early is None else f"{early:.0f}-{'later' if late is None else f'{late:.0f}'}"
            )
            followed = len(passage.to_frame("dict")["time"]) - 1
            half = f"{passage.median:,.0f}" if passage.median is not None else "never"
            if passage.median is not None and passage.median > followed:
                half = f"after {followed}"  # so far ahead the prior speaks, not the log
            table.add_row("", start, to, half, around)
        console.print(table)
    report.heading("Beside it: mere purchases of the last 365 days")
    shown = ahead.null.rungs("dict")
    if len(shown["rung"]):
        table = report.table(
            ("purchases", "left"), ("seen", "right"), ("expected", "right"), ("5-95 %", "right")
        )
        for i, words in enumerate(("none", "one: buyer", "more: client")):
            table.add_row(
                "",
                words,
                f"{100 * shown['observed'][i]:.1f} %",
                f"{100 * shown['expected'][i]:.1f} %",
                f"{100 * shown['low'][i]:.1f}-{100 * shown['high'][i]:.1f} %",
            )
        console.print(table)
    report.say(ahead.null.status.sentence, "" if ahead.null.status.usable else "yellow")
    console.print()
    for line in written:
        report.say(line)
    prints = f"policy {past.metadata['loyalty.policy']}, loyalty {past.metadata['loyalty.version']}"
    report.say(prints, "dim")
