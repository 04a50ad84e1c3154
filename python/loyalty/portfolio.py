# SPDX-License-Identifier: MIT
"""Portfolios of relationships, and the results of assessing them."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from loyalty import _core, frames
from loyalty._dates import date_text, instant, time_text
from loyalty._events import NO_TIME, clocks, event_columns, event_stream, native_columns
from loyalty._rows import Row
from loyalty.policy import Policy
from loyalty.scoring import Parameter

if TYPE_CHECKING:
    from loyalty.changes import Changes

__all__ = ["Assessment", "Books", "Portfolio", "Result", "ResultStream"]

COLUMNS: tuple[str, ...] = tuple(name for name, _, _ in _core.result_columns)
TIME_COLUMNS = frozenset(name for name, kind, _ in _core.result_columns if kind == "time")
MEANINGS: dict[str, str] = {name: meaning for name, _, meaning in _core.result_columns}

#: Rows of a result that are made at a time, where nobody says otherwise.
ROWS_PER_BATCH = 65_536


@dataclass(frozen=True)
class Books:
    """What became of the rows: ``scored + skipped + set aside = read``, always."""

    read: int
    scored: int
    skipped: dict[str, int]
    set_aside: dict[str, int]
    #: Of the scored rows, exact copies of another row of the same call.
    repeats: int = 0
    #: Position in the call and code of each row that was set aside.
    rejects: dict[str, np.ndarray] = field(repr=False, compare=False, default_factory=dict)
    #: Seconds of the call that went by until the rows of a stream were there.
    waited: float = field(repr=False, compare=False, default=0.0)

    @classmethod
    def of(cls, books: Mapping[str, Any]) -> Books:
        """Books from `books` of the compiled half."""
        codes = np.array(_core.code_names, dtype=object)
        rejects = {"row": books["reject_rows"], "code": codes[books["reject_codes"]]}
        return cls(
            books["read"],
            books["scored"],
            books["skipped"],
            books["set_aside"],
            books["repeats"],
            rejects,
            books.get("waited", 0.0),
        )

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for."""
        return self.scored + sum(self.skipped.values()) + sum(self.set_aside.values()) == self.read

    def since(self, before: Books) -> Books:
        """What became of the rows that came after `before`, earlier books of the same portfolio."""

        def less(now: Mapping[str, int], then: Mapping[str, int]) -> dict[str, int]:
            left = {name: n - then.get(name, 0) for name, n in now.items()}
            return {name: n for name, n in left.items() if n}

        return Books(
            self.read - before.read,
            self.scored - before.scored,
            less(self.skipped, before.skipped),
            less(self.set_aside, before.set_aside),
            self.repeats - before.repeats,
        )

    def __str__(self) -> str:
        def part(name: str, counts: Mapping[str, int]) -> str:
            total = f"{sum(counts.values()):,} {name}"
            detail = ", ".join(f"{word} {n:,}" for word, n in counts.items())
            return f"{total} ({detail})" if detail else total

        return (
            f"{self.read:,} rows read: {self.scored:,} scored, {part('skipped', self.skipped)}, "
            + part("set aside", self.set_aside)
            + (f"; {self.repeats:,} repeat another row exactly, and count" if self.repeats else "")
        )


MOST_THREADS = 1024


class Portfolio:
    """Many relationships under one policy: events in, assessments out.

    Holds a state for each relationship and the open items; memory does not grow with events. The same events give
    the same states to the bit, in any order within a call, in any chunks that follow time, from any kind of frame.

    Args:
        policy: a :class:`Policy`; all defaults where left out.
        landmark: a date near the assessments to come; the policy's, else 2020-01-01. Assessment dates lie within 30
            half-lives of it.
        observes: the kinds of event that the log records, where that is known; else the kinds seen.
        threads: on how many threads events are folded and relationships assessed; 0 means one for each core. No
            result depends on it.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        landmark: Any = None,
        observes: Iterable[str] | None = None,
        threads: int = 1,
    ) -> None:
        policy = policy or Policy()
        if observes is not None:
            policy = with_observes(policy, observes)
        at = None if landmark is None else instant(landmark)
        self._begin(_core.Portfolio(policy._core, at), policy, threads)

    def _begin(self, core: _core.Portfolio, policy: Policy, threads: int) -> None:
        if not 0 <= threads <= MOST_THREADS:
            raise ValueError(f"threads = {threads}: allowed is 0 .. {MOST_THREADS}")
        self._core = core
        self._policy = policy
        self._threads = None if threads == 1 else _core.Threads(threads)
        self._kind: frames.Kind = "pandas"
        self._left_out: dict[str, int] = {}
        self._rejects: dict[str, np.ndarray] = {}
        self._revision = 0  # rises with every call that may change a state

    @classmethod
    def _of(cls, core: _core.Portfolio, policy: Policy, threads: int = 1) -> Portfolio:
        made = cls.__new__(cls)
        made._begin(core, policy, threads)
        return made

    @property
    def policy(self) -> Policy:
        """The policy."""
        return self._policy

    def apply(self, events: Any, *, zone: str | None = None) -> Books:
        """Applies event rows in any order: a pandas, polars or pyarrow frame, a DuckDB relation, a dict of columns.

        Needs the columns `relationship`, `time` and `kind`; see docs/events.md for the others. Times are datetimes
        with a zone, dates, or UTC seconds; naive times need `zone`. Rows that cannot be scored are set aside and
        counted, never raised. Raises ValueError or TypeError for columns that are missing, unknown or of another type.

        A frame in memory is one call: its rows are sorted first. A DuckDB relation is sorted by DuckDB, which spills,
        and folded batch by batch. Any other reader of Arrow batches, such as a pyarrow.RecordBatchReader, is folded
        batch by batch as it comes: rows older than those of an earlier batch are late, as across calls, and a batch
        that fails leaves those before it applied. Where the rows have `event_id`, all batches are one call.
        """
        stream = event_stream(events)
        if stream is not None:
            self._revision += 1
            books = self._core.apply_stream(
                stream.source, clocks(zone), stream.whole, self._threads
            )
            self._answer_as(stream.kind)
            return Books.of(books)
        columns = event_columns(events, zone)
        self._revision += 1
        self._answer_as(native_columns(events)[1])
        return Books.of(self._core.apply(columns, self._threads))

    def _answer_as(self, kind: str) -> None:
        """Results come as the kind of frame that came in; pandas, where it is one that cannot be made."""
        self._kind = kind if kind in get_args(frames.Kind) else "pandas"

    def _count_before(self, skipped: Mapping[str, int], rejects: dict[str, np.ndarray]) -> None:
        """Notes rows that were left out before the fold, and which rows of the caller's table were set aside."""
        self._left_out = {why: rows for why, rows in skipped.items() if rows}
        self._rejects = rejects

    def retract(self, events: Any, *, zone: str | None = None) -> Books:
        """Takes `events` back, each given whole as it was applied: sums are what they would be without them.

        Naive times need `zone`, as in `apply`.
        """
        stream = event_stream(events)
        if stream is not None:
            self._revision += 1
            return Books.of(self._core.retract_stream(stream.source, clocks(zone)))
        columns = event_columns(events, zone)
        self._revision += 1
        return Books.of(self._core.retract(columns))

    def replay(self, events: Any, *, zone: str | None = None) -> Books:
        """Starts the relationships in `events` afresh and applies the rows, which must be their whole history.

        Naive times need `zone`, as in `apply`.
        """
        stream = event_stream(events)
        if stream is not None:
            self._revision += 1
            return Books.of(self._core.replay_stream(stream.source, clocks(zone)))
        columns = event_columns(events, zone)
        self._revision += 1
        return Books.of(self._core.replay(columns, self._threads))

    def merge(self, other: Portfolio) -> None:
        """Adds `other`, a portfolio of the same fold fingerprint, landmark and currency."""
        self._revision += 1
        self._core.merge(other._core)

    def copy(self) -> Portfolio:
        """A portfolio of its own with the same states: what is known now, to compare with later."""
        other = Portfolio(self._policy, landmark=self.landmark)
        other._core = self._core.copy()
        other._kind = self._kind
        other._left_out, other._rejects = dict(self._left_out), dict(self._rejects)
        return other

    def note_set_aside(self, relationships: Iterable[str] | Mapping[str, int]) -> None:
        """Marks relationships whose rows a reader set aside, so that they carry the flag and the count."""
        if isinstance(relationships, Mapping):
            for relationship, rows in relationships.items():
                self._core.note_set_aside(str(relationship), int(rows))
            return
        for relationship in relationships:
            if relationship is not None:
                self._core.note_set_aside(str(relationship), 1)

    def assess(self, as_of: Any, *, intervals: bool = True) -> Result:
        """The assessment of every relationship `as_of` a date (its last second), ordered by identifier.

        `intervals=False` leaves the parameters' own intervals out, which is several times faster. Raises
        :class:`loyalty.WindowError` for a date before the newest row or far from the landmark.
        """
        now = instant(as_of)
        table, summary = self._core.assess(now, intervals, self._threads)
        return Result(self, now, table, summary)

    def stream(
        self, as_of: Any, *, intervals: bool = True, rows_per_batch: int = ROWS_PER_BATCH
    ) -> ResultStream:
        """The assessment of every relationship `as_of` a date as an Arrow stream that makes it as it is read.

        For many relationships: memory is that of the batches that the reader holds, where `assess` has all rows at
        once. Whatever reads Arrow streams takes it, such as DuckDB: ``scores = p.stream("2024-06-30")``, then
        ``duckdb.sql("COPY (FROM scores) TO 'scores.parquet'")``. A batch has at least `rows_per_batch` rows but for the
        last. Rows are ordered by identifier; `intervals` and what is raised are as in `assess`.
        """
        return ResultStream(self, instant(as_of), intervals, rows_per_batch)

    def explain(
        self, relationship: Any, as_of: Any = None, *, since: Portfolio | Result | None = None
    ) -> str:
        """Where one `relationship` stands `as_of` a date and why, as text; without a date, as of the newest row.

        With `since`, the :class:`Result` or the portfolio of an earlier date: what changed from then on, see `changes`.
        """
        now = self._date(as_of)
        if since is None:
            return self._core.explain(str(relationship), now)
        earlier, then = _side(since)
        return self._core.explain_change(str(relationship), earlier._core, then, now)

    def changes(
        self,
        earlier: Portfolio | Result,
        *,
        as_of: Any = None,
        since: Any = None,
        corrected: Portfolio | None = None,
        refolded: Portfolio | None = None,
    ) -> Changes:
        """What changed for each relationship from `earlier` to this portfolio, split by cause: docs/changes.md.

        `earlier` is the portfolio as it was (see `copy`), or a :class:`Result` of it. `since` is its date, `as_of` that
        of this portfolio; by default the result's, else that of the newest row. `corrected` is the log as known now,
        cut at the earlier date; where this portfolio went on from `earlier` and was marked at its date (see `mark`) it
        is not needed; without either, late rows and retractions count as new events. `refolded` is this log under the
        policy of the earlier side, where the policies differ in their fold. Raises :class:`loyalty.WindowError` for
        a date before a portfolio's newest row, :class:`loyalty.MismatchError` for portfolios folded by other rules.
        """
        from loyalty.changes import Changes

        before, then = _side(earlier, since)
        return Changes(before, self, then, self._date(as_of), corrected, refolded)

    def _date(self, as_of: Any) -> int:
        """A date as seconds, else that of the newest row."""
        now = self.newest if as_of is None else instant(as_of)
        if now is None:
            raise ValueError("this portfolio has no events yet")
        return now

    def state(self, relationship: Any, as_of: Any = None) -> dict[str, Any]:
        """The exact state of one relationship: decayed sums as integers in units of 2^-56, and the plain fields.

        Without `as_of`: as of the newest row.
        """
        return self._core.state(str(relationship), None if as_of is None else instant(as_of))

    @property
    def books(self) -> Books:
        """What became of all rows so far."""
        folded = Books.of(self._core.books)
        return replace(
            folded,
            read=folded.read + sum(self._left_out.values()),
            skipped=self._left_out | folded.skipped,
            rejects=self._rejects,
        )

    @property
    def newest(self) -> int | None:
        """UTC second of the newest row."""
        return self._core.newest

    @property
    def open_items(self) -> int:
        """Promises, requests, complaints and payments that wait, of all relationships."""
        return self._core.open_items

    @property
    def landmark(self) -> int:
        """UTC second of the landmark."""
        return self._core.landmark

    def contacts(self, as_of: Any = None) -> Any:
        """The contact profile of everyone who has contacts, as a frame: described, never scored.

        How often, by whom, how many personal, answered, how well rated; shares are of the contacts that say so. Without
        `as_of`: as of the newest row.
        """
        now = self.newest if as_of is None else instant(as_of)
        table = self._core.contacts(NO_TIME if now is None else now)
        columns = {name: table.column(name) for name, _, _ in _core.contact_columns}
        times = frozenset(name for name, kind, _ in _core.contact_columns if kind == "time")
        return frames.to_frame(columns, times, self._kind)

    def save(self, path: str | os.PathLike[str], manifest: str = "") -> None:
        """Saves everything to the file `path`, written aside and renamed, for `load`; `manifest` is any text.

        Equal portfolios give equal files. Raises OSError; the old file is then untouched.
        """
        self._core.save(os.fspath(path), manifest)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], policy: Policy | None = None, *, threads: int = 1
    ) -> Portfolio:
        """Reads the portfolio saved at `path`, with its policy or with `policy`, which needs the same fold fingerprint.

        It goes on with `threads`, as a new one would.

        Under other criteria positions are unset until a replay. Raises :class:`loyalty.MismatchError` for a file that
        is damaged, of a later version or of another policy, and OSError for one that cannot be read.
        """
        core, manifest = _core.Portfolio.load(os.fspath(path), policy and policy._core)
        portfolio = cls._of(core, policy or Policy._of(core.policy), threads)
        portfolio.manifest = manifest
        return portfolio

    def forget(self, *relationships: Any) -> int:
        """Erases relationships and all that is kept of them; returns how many there were."""
        self._revision += 1
        return self._core.forget([str(relationship) for relationship in relationships])

    def rebase(self, landmark: Any) -> None:
        """Moves the landmark, so that later dates can be assessed; every sum is rounded once, half to even.

        Raises :class:`loyalty.WindowError` where rows are newer than the new landmark allows.
        """
        self._revision += 1
        self._core.rebase(instant(landmark))

    def mark(self, as_of: Any) -> None:
        """Keeps apart, from here on, what rows stamped at or before `as_of` change: corrections, for `changes`.

        None ends it.
        """
        self._core.mark(NO_TIME if as_of is None else instant(as_of))

    @property
    def marked(self) -> int | None:
        """UTC second of the last mark."""
        return self._core.marked

    def to_bytes(self) -> bytes:
        """Canonical bytes of everything that was folded: equal for equal rows."""
        return self._core.bytes()

    #: The text that the file was saved with, of a portfolio that was loaded.
    manifest: str = ""

    def __len__(self) -> int:
        return len(self._core)

    def __contains__(self, relationship: object) -> bool:
        return str(relationship) in self._core

    def __repr__(self) -> str:
        newest = date_text(self.newest) or "no events yet"
        return f"Portfolio({len(self):,} relationships, newest row {newest})"


def with_observes(policy: Policy, kinds: Iterable[str]) -> Policy:
    """`policy` with the `kinds` of event that the log records declared in it."""
    lines = [line for line in policy.to_toml().splitlines() if not line.startswith("observes")]
    listed = ", ".join(f'"{kind}"' for kind in kinds)
    return Policy.parse("\n".join([f"observes = [{listed}]", *lines]) + "\n")


def _side(earlier: Portfolio | Result, since: Any = None) -> tuple[Portfolio, int]:
    """The portfolio of an earlier side and its date."""
    if isinstance(earlier, Portfolio):
        return earlier, earlier._date(since)
    if not isinstance(earlier, Result):
        raise TypeError(
            f"the earlier side is a Portfolio or a Result, not {type(earlier).__name__}: a date alone does not hold "
            "what was known then"
        )
    portfolio = earlier.portfolio
    if portfolio._revision != earlier._revision:
        raise ValueError(
            "the portfolio of this result has taken rows since; keep what was known with portfolio.copy() before that"
        )
    return portfolio, earlier.as_of if since is None else instant(since)


class Assessment(Row):
    """One relationship's row: a mapping of the result columns, with `explain()`: where it stands and why."""

    _names = COLUMNS
    _times = TIME_COLUMNS


class _Assessed:
    """What all forms of a result say of themselves."""

    def __init__(self, portfolio: Portfolio, as_of: int) -> None:
        self._portfolio = portfolio
        self._revision = portfolio._revision
        self._as_of = as_of

    @property
    def as_of(self) -> int:
        """UTC second of the assessment."""
        return self._as_of

    @property
    def portfolio(self) -> Portfolio:
        """The portfolio that is assessed."""
        return self._portfolio

    @property
    def metadata(self) -> dict[str, str]:
        """What is stamped on every output: policy fingerprints, version and as-of date."""
        prints = self._portfolio.policy.fingerprints
        return {
            "loyalty.version": _core.__version__,
            "loyalty.as_of": time_text(self._as_of),
            "loyalty.policy": prints["policy"],
            "loyalty.policy.fold": prints["fold"],
            "loyalty.policy.ladder": prints["ladder"],
        }


class ResultStream(_Assessed):
    """Assessments of all relationships `as_of` one date that are made as they are read: see `Portfolio.stream`.

    The portfolio must not take rows while it is read. `intervals` and `rows_per_batch` are those of `Portfolio.stream`;
    columns `kept` stay for `counts` and other reports of the library.
    """

    def __init__(
        self,
        portfolio: Portfolio,
        as_of: int,
        intervals: bool = True,
        rows_per_batch: int = ROWS_PER_BATCH,
        kept: Iterable[str] = (),
    ) -> None:
        if rows_per_batch < 1:
            raise ValueError(f"rows_per_batch = {rows_per_batch}: must be at least 1")
        super().__init__(portfolio, as_of)
        self._rows = rows_per_batch
        self._core = _core.AssessmentStream(
            portfolio._core, as_of, intervals, portfolio._threads, list(kept)
        )

    @property
    def counts(self) -> dict[str, Any]:
        """As :attr:`Result.counts`; assesses what nobody has read."""
        self._finish()
        return self._core.summary

    def __len__(self) -> int:
        """How many relationships there are."""
        return len(self._core)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The capsule of an Arrow stream with the columns of `Result`; each is made anew.

        `requested_schema` is not followed: the consumer casts.
        """
        self._check()
        return self._core.arrow_stream(self.metadata, self._rows)

    def __repr__(self) -> str:
        return f"ResultStream({len(self):,} relationships as of {date_text(self._as_of)})"

    def _finish(self) -> None:
        if not self._core.is_complete:
            self._check()
            self._core.finish(self._rows)

    def _check(self) -> None:
        if self._portfolio._revision != self._revision:
            raise ValueError("the portfolio has taken rows since; ask it for another stream")


class Result(_Assessed):
    """Assessments of all relationships as of one date, ordered by the bytes of their identifiers."""

    def __init__(
        self,
        portfolio: Portfolio,
        as_of: int,
        table: _core.ResultTable,
        summary: dict[str, Any],
    ) -> None:
        super().__init__(portfolio, as_of)
        self._table = table
        self._columns: dict[str, np.ndarray] = {}
        self._summary = summary
        self._positions: dict[str, int] | None = None

    @property
    def counts(self) -> dict[str, Any]:
        """What the summary counts: relationships, rungs, grades of evidence, qualities by ten points, coverages."""
        return dict(self._summary)

    def column(self, name: str) -> np.ndarray:
        """The column called `name` as a NumPy array: numbers with NaN, UTC seconds, texts with None.

        Numbers are those of the result itself, so that they cannot be written to.
        """
        if name not in self._columns:
            if name not in COLUMNS:
                raise KeyError(f"no column '{name}'; there are {', '.join(COLUMNS)}")
            self._columns[name] = self._table.column(name)
        return self._columns[name]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The result as an Arrow stream, which any library that speaks Arrow's C interface reads without a copy.

        Numbers are float64, integers int64, times timestamp[s, UTC], texts large_string (large_binary where a text is
        no UTF-8); what is absent is null; `metadata` is in the schema. May be asked for again and again.
        `requested_schema` is not followed: the consumer casts.
        """
        return self.arrow_stream()

    def arrow_stream(self, rows_per_batch: int = 0) -> object:
        """The capsule of an Arrow stream, as `__arrow_c_stream__`, in batches of `rows_per_batch`; 0: all in one."""
        return self._table.arrow_stream(self.metadata, rows_per_batch)

    def _all(self) -> dict[str, np.ndarray]:
        return {name: self.column(name) for name in COLUMNS}

    def to_dict(self) -> dict[str, np.ndarray]:
        """All columns as NumPy arrays; times are datetime64[s] in UTC, with NaT."""
        return frames.to_frame(self._all(), TIME_COLUMNS, "dict")

    def to_frame(self, kind: frames.Kind | None = None) -> Any:
        """All columns as a frame of the kind that came in; or say "pandas", "polars", "pyarrow" or "dict".

        `metadata` is in the schema of a pyarrow table and in `attrs` of a pandas frame.
        """
        kind = kind or self._portfolio._kind
        if kind == "polars":
            import polars as pl

            seconds = pl.col(*TIME_COLUMNS).dt.cast_time_unit("us")  # as all times of `frames`
            return pl.DataFrame(self).with_columns(seconds)
        if kind == "pyarrow":
            import pyarrow as pa

            return pa.table(self)
        return frames.to_frame(self._all(), TIME_COLUMNS, kind, metadata=self.metadata)

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, relationship: Any) -> Assessment:
        if self._positions is None:
            self._positions = {name: i for i, name in enumerate(self)}
        try:
            return Assessment(self, self._positions[str(relationship)])
        except KeyError:
            raise KeyError(f"no relationship '{relationship}' in this result") from None

    def __contains__(self, relationship: object) -> bool:
        return relationship in self._portfolio

    def __iter__(self) -> Iterator[str]:
        return iter(self.column("relationship"))

    def explain(self, relationship: Any) -> str:
        """Where one relationship stands and why, as text."""
        return self._portfolio.explain(relationship, self._as_of)

    def parameters(self, relationship: Any) -> dict[str, Parameter]:
        """The four parameters of one relationship with their variances, by name; `loyalty.plots.parameters` draws them.

        They are those of the columns of the same names, also where a column is null since the log cannot speak of it:
        then the coverage is 0.
        """
        found = self._portfolio._core.parameters(str(relationship), self._as_of)
        names = ("commitment", "responsiveness", "reciprocity", "trust")
        return {name: Parameter(*numbers) for name, numbers in zip(names, found, strict=True)}

    def summary(self) -> str:
        """What a person wants to know first: who stands where, how well they are treated, what the log cannot show."""
        from loyalty._summary import summary_text

        return summary_text(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"Result({len(self):,} relationship{'' if len(self) == 1 else 's'} as of {date_text(self._as_of)})"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"
