# SPDX-License-Identifier: MIT
"""Where the command meets the library: policies, folding event tables, assessing. The only such place."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import loyalty
from loyalty import _core
from loyalty._words import PARAMETERS
from loyalty.changes import Changes, reread
from loyalty.learning import PolicyFit
from loyalty.portfolio import Books as EventBooks
from loyalty.portfolio import ResultStream
from loyalty.reading import WORDS, EventTable

__all__ = [
    "Fold",
    "Forecast",
    "Scores",
    "change_columns_of",
    "columns_of",
    "diff",
    "empty_portfolio",
    "fit",
    "fold",
    "fold_into",
    "forecast",
    "load_policy",
    "perspective_of",
    "value",
]

#: What the compiled half reads of an event.
FOLDED = (
    "relationship", "time", "kind", "value", "amount", "margin", "cost", "currency", "due", "done", "until", "since",
    "refers_to", "event_id", "side", "role", "parameter", "rating", "scale_low", "scale_high", "whole_order",
    "personal", "answered",
)  # fmt: skip


def load_policy(path: Path | None, perspective: str | None = None) -> Any:
    """The policy of a file, or the default one; `perspective` ("us", "them") replaces the policy's."""
    policy = loyalty.Policy() if path is None else loyalty.Policy.load(path)
    if perspective is not None:
        policy = loyalty.Policy.from_dict({**stated(policy), "perspective": perspective})
    return policy


def perspective_of(path: Path | None) -> str | None:
    """The perspective that a policy's file states; None where it leaves it open."""
    if path is None:
        return None
    loyalty.Policy.load(path)  # a file that does not hold is told by the library's own words
    return tomllib.loads(path.read_text(encoding="utf-8")).get("perspective")


def stated(policy: Any) -> dict[str, Any]:
    """What a policy states beside the defaults."""
    return tomllib.loads(policy.to_toml())


@dataclass
class Fold:
    """A log folded under a policy."""

    portfolio: Any
    policy: Any
    #: Seconds of the fold that went by until the rows were there.
    decoding: float = 0.0

    @property
    def books(self) -> EventBooks:
        """What became of the events, as a read of all of them finds it."""
        return self.portfolio.books

    @property
    def perspective(self) -> str:
        """Whose conduct is judged."""
        return str(stated(self.policy).get("perspective", "us"))

    def assess(self, as_of: int) -> Scores:
        """The assessment of all relationships."""
        return Scores(self.portfolio, as_of)

    def explain(self, relationship: str, as_of: int) -> str:
        """One relationship in words; KeyError where there is none of that name."""
        return str(self.portfolio.explain(relationship, as_of))

    def __contains__(self, relationship: str) -> bool:
        return relationship in self.portfolio


class Scores:
    """What a report needs of the assessments, kept while they stream by."""

    NUMBERS = (
        "spend", "cost", "quality", "next_step_points",
        *PARAMETERS, *(f"{name}_coverage" for name in PARAMETERS),
    )  # fmt: skip
    WORDS = ("rung", "currency", "evidence", "next_step")

    def __init__(self, portfolio: Any, as_of: int) -> None:
        #: The assessments: write them, or leave it to `counts` and others to have them made.
        self.stream = ResultStream(portfolio, as_of, kept=(*self.NUMBERS, *self.WORDS))

    def __len__(self) -> int:
        return len(self.stream)

    @property
    def counts(self) -> dict[str, Any]:
        """What the summary counts."""
        return self.stream.counts

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, NaN where absent."""
        self.stream._finish()
        return np.asarray(self.stream._core.kept(name), np.float64)

    def words(self, name: str) -> dict[str, np.ndarray]:
        """The words of a column, with the rows of each."""
        self.stream._finish()
        if not len(self):
            return {}
        codes, words = self.stream._core.kept(name)
        return {word: np.flatnonzero(codes == code) for code, word in enumerate(words)}

    def relationship(self, row: int) -> str:
        """The identifier of a row."""
        return self.stream._core.id(row)


def fold(
    table: EventTable,
    policy: Any,
    as_of: int,
    advance: Callable[[int], None] = lambda rows: None,
    rows: int = 500_000,
    threads: int = 1,
    note_rejects: bool = True,
) -> Fold:
    """Fold an event table into a new portfolio; see `empty_portfolio` and `fold_into`."""
    portfolio = empty_portfolio(table, policy, as_of, threads)
    decoding = fold_into(portfolio, table, advance, rows, note_rejects)
    return Fold(portfolio, portfolio.policy, decoding)


def fold_into(
    portfolio: Any,
    table: EventTable,
    advance: Callable[[int], None] = lambda rows: None,
    rows: int = 500_000,
    note_rejects: bool = True,
) -> float:
    """Fold an event table in the order of time, `rows` at a time; rows set aside here join the table's rejects, unless
    `note_rejects` says that they have.

    Gives the seconds that went by until the rows were there.
    """
    decoding = 0.0
    names = [name for name in table.names if name in FOLDED]
    if table.is_streamed:
        report = portfolio.apply(table.stream(names), zone="UTC")
        decoding = report.waited
        table.books.repeats = report.repeats
        if note_rejects and len(report.rejects["row"]):
            table.add_rejects(report.rejects["row"], report.rejects["code"])
        advance(len(table))
    else:
        start = 0
        asked = time.perf_counter()
        for chunk in table.chunks(rows, names, WORDS):
            decoding += time.perf_counter() - asked
            report = portfolio.apply(chunk)
            rejects = report.rejects
            if note_rejects and len(rejects.get("row", ())):
                table.add_rejects(np.asarray(rejects["row"]) + start, rejects["code"])
            start += len(chunk["time"])
            advance(len(chunk["time"]))
            asked = time.perf_counter()
    note_flags(portfolio, table)
    return decoding


def note_flags(portfolio: Any, table: EventTable) -> None:
    """Tells a portfolio whose rows the reader set aside."""
    flagged, counts = table.set_aside_by_reader()
    portfolio.note_set_aside(dict(zip(flagged.tolist(), counts.tolist(), strict=True)))


def identifiers(table: EventTable) -> set[str]:
    """The identifiers among the events."""
    found: set[str] = set()
    for chunk in table.chunks(names=["relationship"]):
        found.update(chunk["relationship"])
    return found


def history(
    table: EventTable,
    policy: Any,
    until: int | None,
    dates: Any,
    zone: str | None,
    rows: int = 500_000,
) -> loyalty.History:
    """The history of an event table; rows set aside here join the table's rejects.

    The landmark is the policy's, else the history's own; the kinds observed are the policy's, else those of a mapping.
    """
    columns = whole(table, rows)
    declared = table.observes_declared and "observes" not in stated(policy)
    made = loyalty.history(
        columns,
        policy,
        until=until,
        dates=dates,
        zone=zone,
        observes=list(table.observes) if declared else None,
    )
    rejects = made.books.rejects
    if len(rejects.get("row", ())):
        table.add_rejects(np.asarray(rejects["row"]), rejects["code"])
    return made


def whole(
    table: EventTable, rows: int = 500_000, kinds: tuple[str, ...] = _core.kind_names
) -> dict[str, np.ndarray]:
    """The rows of an event table by column, as the compiled half reads them; those of some `kinds` alone."""
    names = [name for name in table.names if name in FOLDED]
    wanted = np.isin(np.arange(256), [_core.kind_names.index(kind) for kind in kinds])
    chunks = []
    for chunk in table.chunks(rows, names, WORDS):
        if len(kinds) < len(_core.kind_names):
            own = wanted[chunk["kind"]]
            chunk = {name: column[own] for name, column in chunk.items()}
        chunks.append(chunk)
    if not chunks:
        return {
            "relationship": np.array([], object),
            "time": np.array([], np.int64),
            "kind": np.array([], np.uint8),
        }
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def fit(
    table: EventTable, policy: Any, as_of: int, hold_out: Any, learn: list[str], zone: str | None
) -> PolicyFit:
    """What an event table teaches a policy; rows set aside here join the table's rejects."""
    made = loyalty.Policy.fit(
        whole(table), policy, as_of=as_of, hold_out=hold_out, learn=learn, zone=zone
    )
    rejects = made.books.rejects
    if len(rejects.get("row", ())):
        table.add_rejects(np.asarray(rejects["row"]), rejects["code"])
    return made


def empty_portfolio(table: EventTable, policy: Any, as_of: int, threads: int = 1) -> Any:
    """A portfolio for a table: what its policy leaves open is as the table and the date say.

    The landmark is the policy's, else the as-of date; the kinds observed are the policy's, else those of a mapping.
    """
    said = stated(policy)
    options: dict[str, Any] = {}
    if "landmark" not in said:
        options["landmark"] = as_of
    if table.observes_declared and "observes" not in said:
        options["observes"] = list(table.observes)
    return loyalty.Portfolio(policy, threads=threads, **options)


def diff(
    table: EventTable,
    old: Any,
    new: Any,
    as_of: int,
    advance: Callable[[int], None] = lambda rows: None,
) -> Changes:
    """What one policy would change against another; the log is folded twice only where they need it."""
    before = fold(table, old, as_of, advance).portfolio
    wanted = empty_portfolio(table, new, as_of).policy
    after = reread(before, wanted)
    if after is None:
        after = fold(table, new, as_of, note_rejects=False).portfolio
    return Changes(before, after, as_of, as_of, one_log=True)


def columns_of() -> list[tuple[str, str, str]]:
    """Name, type (number, integer, time, text) and meaning of the result's columns, in order."""
    return list(_core.result_columns)


def change_columns_of() -> list[tuple[str, str, str]]:
    """The same of the columns of changes."""
    return list(_core.change_columns)


def proposal(table: EventTable) -> dict[str, Any]:
    """A policy document that fits a log: perspective, purchase cycle, currency, kinds observed."""
    document: dict[str, Any] = {}
    if table.perspective is not None:
        document["perspective"] = table.perspective
    columns = whole(table, kinds=("purchase", "return", "retraction"))
    if len(columns["time"]):
        # A proposal takes what there is; `loyalty fit` says how sure it is.
        fitted = loyalty.Policy.fit(
            columns, as_of=table.last_time, learn="purchase_cycle", least_relationships=2
        )
        cycle = fitted.purchase_cycles["all"].days.value
        if cycle == cycle:
            document["purchase_cycle_days"] = min(max(round(cycle, 2), 0.25), 9125)
    currencies = table.currencies()
    if len(currencies) == 1:
        document["currency"] = currencies[0]
    document["observes"] = list(table.observes)
    return document


def proposal_notes(table: EventTable, document: dict[str, Any]) -> list[str]:
    """What a proposed policy rests on."""
    notes = [f"{len(table):,} events; kinds observed: {', '.join(table.observes)}"]
    if "purchase_cycle_days" in document:
        notes.append(
            f"purchase cycle {document['purchase_cycle_days']} days, the median gap between purchases"
        )
    else:
        notes.append("purchase cycle left at its default: nobody in this log bought twice")
    currencies = table.currencies()
    if len(currencies) > 1:
        notes.append(
            f"several currencies ({', '.join(currencies)}): state one, and rates for the others"
        )
    return notes


@dataclass
class Forecast:
    """What the log says about the months ahead."""

    moves: loyalty.dynamics.Transitions
    mix: loyalty.dynamics.MixForecast
    #: From each rung on which somebody stands to those above: words and first passage.
    climbs: list[tuple[str, str, loyalty.dynamics.FirstPassage]]
    null: loyalty.dynamics.NullMix


def forecast(past: loyalty.History, months: int, lapse_after: float | None) -> Forecast:
    """The rung mix ahead; from each rung the way up; the mix of mere purchases of the last year."""
    moves = loyalty.dynamics.transitions(past, lapse_after_cycles=lapse_after)
    rungs = past.policy.labels
    held = moves.today if moves.today is not None else np.zeros(len(rungs))
    climbs = [
        (rungs[k], rungs[k + 1], moves.first_passage(rungs[k + 1], rungs[k], periods=600))
        for k in range(len(rungs) - 1)
        if held[k] > 0
    ]
    return Forecast(moves, moves.forecast(months), climbs, loyalty.dynamics.null_mix(past))


#: Purchase cycles without a purchase after which nothing more is counted on.
LAPSE_AFTER = 4.0
#: Lapses that must have been seen before a chain says how long relationships last.
LEAST_LAPSES = 5


@dataclass
class Worth:
    """What a log says relationships are worth."""

    each: loyalty.value.RelationshipValue
    #: None where the log does not tell, and `why`.
    by_rung: loyalty.value.RungValue | None
    why: str = ""


def value(
    table: EventTable,
    policy: Any,
    as_of: int,
    options: dict[str, Any],
    discount: loyalty.DiscountRate,
    zone: str | None,
) -> Worth:
    """What relationships are worth, each by itself, and by rung; rows set aside join the table's rejects."""
    columns = whole(table)
    each = loyalty.value.by_relationship(
        columns, as_of=as_of, policy=policy, discount=discount, zone=zone, **options
    )
    try:
        past = loyalty.history(columns, policy, until=as_of, dates=[], zone=zone)
        moves = loyalty.dynamics.transitions(past, lapse_after_cycles=LAPSE_AFTER)
        lapses = moves.counts[:-1, -1].sum()
        if lapses < LEAST_LAPSES:
            raise ValueError(
                f"{lapses:,.0f} relationships in this log were seen to lapse (no purchase for {LAPSE_AFTER:g} purchase "
                f"cycles), and {LEAST_LAPSES} are needed to tell how long relationships last"
            )
        margins, variance = each.margins_by_rung(past.policy, LAPSE_AFTER)
        found = loyalty.value.by_rung(moves, margins, discount=discount, margin_variance=variance)
    except (ValueError, loyalty.WindowError) as error:
        return Worth(each, None, str(error))
    rejects = past.books.rejects
    if len(rejects.get("row", ())):
        table.add_rejects(np.asarray(rejects["row"]), rejects["code"])
    return Worth(each, found)
