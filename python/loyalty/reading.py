# SPDX-License-Identifier: MIT
"""Reads files of event rows, strictly, and keeps the books of every row that was read.

DuckDB does the reading (CSV, Parquet, JSON, compressed or not), the typing and the sorting, and spills to disk, so
memory does not grow with the log. What cannot be read as it stands is set aside with its file, row, column, a code and
the raw value; it is never guessed at and never dropped in silence: ``scored + skipped + set aside = read``.

``loyalty.mapping`` builds on this module: a mapping turns any table into the same event rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from loyalty import _core
from loyalty._dates import ZoneError, check_zone, instant
from loyalty._files import (
    DEFAULT_MAX_LINE,
    RAW_SHOWN,
    Workspace,
    expand,
    form_of,
    is_frame,
    load_files,
    load_frame,
    lost_lines,
    view_parquet,
)
from loyalty._sql import (
    INTEGERS,
    Codes,
    SourceError,
    flag_sql,
    id_sql,
    number_sql,
    quote_name,
    quote_text,
    safe_sql,
    time_sql,
)

__all__ = [
    "ABSENT_TIME",
    "COLUMNS",
    "KINDS",
    "OBSERVABLE",
    "ROLES",
    "Books",
    "EventTable",
    "Rejects",
    "SourceError",
    "ZoneError",
    "instant",
    "read_events",
]

#: Stands for an absent time in the integer time columns: the smallest 64-bit integer.
ABSENT_TIME: int = _core.no_time

#: Every kind of event, as it is written in data.
KINDS: tuple[str, ...] = _core.kind_names

#: What a log can be said to observe: the kinds, and surveys that ask about commitment.
OBSERVABLE: tuple[str, ...] = _core.observable_names

#: The roles that a counterparty can have.
ROLES: tuple[str, ...] = _core.role_names

#: The columns of an event row and how each is read. ``start`` and ``end`` say what a date without a time means.
COLUMNS: dict[str, str] = {
    "relationship": "id",
    "time": "start",
    "kind": "text",
    "value": "number",
    "amount": "number",
    "margin": "number",
    "cost": "number",
    "quantity": "number",
    "currency": "text",
    "due": "end",
    "done": "start",
    "until": "end",
    "since": "start",
    "refers_to": "id",
    "event_id": "id",
    "side": "text",
    "role": "text",
    "manager": "id",
    "account": "id",
    "parameter": "text",
    "rating": "number",
    "scale_low": "number",
    "scale_high": "number",
    "whole_order": "flag",
    "channel": "text",
    "personal": "flag",
    "answered": "flag",
}

SQL_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "start": "BIGINT",
    "end": "BIGINT",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
}

ZONED = "TIMESTAMP WITH TIME ZONE"

REQUIRED = ("relationship", "time", "kind")

#: The columns that hold words of a list, in the order of the numbers that the compiled half knows them by.
WORDS: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "side": _core.side_names,
    "role": ROLES,
    "parameter": _core.survey_names,
}


@dataclass
class Books:
    """What became of every source row; all figures are counts of rows unless they say *events*.

    Attributes
    ----------
    read
        Rows met, including lines that could not be split into fields.
    scored
        Rows that at least one event was made from.
    skipped
        Rows left out on purpose, by reason.
    set_aside
        Rows that could not be used, by code.
    events
        Events handed on, by kind.
    events_after_as_of
        Events stamped after the as-of date, left out.
    events_set_aside
        Events that could not be made although another rule scored their rows, by code.
    events_skipped
        Events left out by ``event_id``: repeated, retracted.
    repeats
        Exact repeats among the source rows (of event rows, those without ``event_id``). They count as any other
        row; this only reports them.
    notes
        Remarks for a reader, one sentence each.
    """

    read: int = 0
    scored: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    events_after_as_of: int = 0
    events_set_aside: dict[str, int] = field(default_factory=dict)
    events_skipped: dict[str, int] = field(default_factory=dict)
    repeats: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def after_as_of(self) -> int:
        """Rows left out because they became known after the as-of date; part of `skipped`."""
        return self.skipped.get("after_as_of", 0)

    @property
    def balanced(self) -> bool:
        """Whether scored + skipped + set aside = read."""
        return self.read == self.scored + sum(self.skipped.values()) + sum(self.set_aside.values())

    def count(self, book: str, reason: str, rows: int) -> None:
        """Add `rows` to `reason` in the book named `skipped`, `set_aside` and so on; nothing when `rows` is 0."""
        if rows:
            entries: dict[str, int] = getattr(self, book)
            entries[reason] = entries.get(reason, 0) + int(rows)

    def __str__(self) -> str:
        """One line for each fate of a row."""
        lines = [f"{self.read:,} rows read", f"{self.scored:,} scored"]
        lines += [f"{n:,} skipped: {why}" for why, n in sorted(self.skipped.items())]
        lines += [f"{n:,} set aside: {code}" for code, n in sorted(self.set_aside.items())]
        return "\n".join(lines)


class Rejects:
    """The rows that were set aside: columns file, row, column, code, raw, relationship, kind.

    ``row`` is the record's number in its file, from 1, the header not counted. ``kind`` is empty where the whole row
    is set aside, else it names the event that could not be made while another rule scored the row.
    """

    NAMES = ("file", "row", "column", "code", "raw", "relationship", "kind")

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __len__(self) -> int:
        """How many rejects there are."""
        return int(self._workspace.one("SELECT count(*) FROM rejects"))

    def columns(self, limit: int | None = None) -> dict[str, np.ndarray]:
        """The first `limit` rejects (all by default) in the order of files and rows, as NumPy columns."""
        return self._workspace.fetch(f"{self.sql()} LIMIT {limit}" if limit else self.sql())

    def sql(self) -> str:
        """The query that yields the rejects, for `Workspace`."""
        return (
            'SELECT file, CAST(row AS BIGINT) AS row, "column", code, raw, relationship, kind '
            "FROM rejects ORDER BY source, _file, row, kind, code"
        )

    def write(self, path: str | os.PathLike[str], spreadsheet_safe: bool = False) -> None:
        """Write all rejects to `path` (.csv or .parquet) through a file beside it that is renamed when complete.

        With `spreadsheet_safe`, text in CSV that a spreadsheet would run as a formula gets an apostrophe before it.
        """
        sql = self.sql()
        if spreadsheet_safe and Path(path).suffix == ".csv":
            shown = ", ".join(
                quote_name(name)
                if name == "row"
                else f"{safe_sql(quote_name(name))} AS {quote_name(name)}"
                for name in self.NAMES
            )
            sql = f"SELECT {shown} FROM ({sql})"
        self._workspace.copy(sql, Path(path))


class EventTable:
    """Event rows sorted by time, ready for a portfolio, with the books of the rows they come from.

    The rows stay in DuckDB; `columns` and `chunks` hand them out as NumPy arrays: times as int64 UTC seconds with
    `ABSENT_TIME` where absent, numbers as float64 with NaN, text as object arrays with None,
    `whole_order` as bool, the other flags as float64 (1, 0, NaN). Columns in which nothing is stated are left out.
    """

    def __init__(
        self,
        workspace: Workspace,
        books: Books,
        observes: Sequence[str],
        perspective: str | None = None,
        declared: bool = False,
        streamed: str | None = None,
        loaded: str | None = None,
        counted: Sequence[int] | None = None,
    ) -> None:
        self._workspace = workspace
        self.books = books
        self.rejects = Rejects(workspace)
        #: Kinds that the log records, whether or not one occurred.
        self.observes = tuple(observes)
        #: Whether `observes` was declared by a mapping, and so outranks the kinds seen.
        self.observes_declared = declared
        #: Whose conduct the mapping is made to judge, "us" or "them"; None leaves it to the policy.
        self.perspective = perspective
        self._columns: dict[str, np.ndarray] | None = None
        counts = (
            workspace.rows(
                f"SELECT count(*), {', '.join(f'count({quote_name(n)})' for n in COLUMNS)} FROM events"
            )[0]
            if counted is None
            else counted
        )
        self._length = int(counts[0])
        self._names = [
            name
            for name, stated in zip(COLUMNS, counts[1:], strict=True)
            if name in REQUIRED or int(stated)
        ]
        #: Where the events are a view of files: what yields them in the order of time, for the fold and for others.
        self._streamed, self._loaded = streamed, loaded

    def __len__(self) -> int:
        """How many events there are."""
        return self._length

    @property
    def names(self) -> list[str]:
        """Names of the columns in which something is stated."""
        return list(self._names)

    @property
    def is_streamed(self) -> bool:
        """Whether the events stay in their files: `stream` reads them there, anything else loads them first."""
        return self._streamed is not None

    def stream(self, names: Sequence[str]) -> EventRows:
        """The columns `names` of the events, read from their files as they are asked for, in the order of time."""
        listed = ", ".join(quote_name(name) for name in names)
        return EventRows(self._workspace, f"SELECT {listed} {self._streamed}", names)

    def _load(self) -> None:
        """Takes the events out of their files, for whoever wants more than to fold them."""
        if self._streamed is None:
            return
        self._workspace.run(f"CREATE TEMP TABLE loaded AS {self._loaded}")
        self._workspace.run("DROP VIEW events")
        self._workspace.run("ALTER TABLE loaded RENAME TO events")
        self._streamed = None

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """All events as NumPy columns, in the order of their times."""
        if self._columns is None:
            self._columns = self._fetch("")
        return self._columns

    def chunks(
        self,
        rows: int = 1_000_000,
        names: Sequence[str] | None = None,
        coded: Mapping[str, Sequence[str]] | None = None,
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield the events in the order of their times, `rows` at a time.

        Of all columns or of those in `names`. Text columns in `coded` come as the position of their words in the list
        given, uint8, 255 where absent, which is several times faster than text.
        """
        for start in range(0, self._length, rows):
            yield self._fetch(
                f"WHERE rowid >= {start} AND rowid < {start + rows}", names, coded or {}
            )

    def only(self, relationship: str) -> dict[str, np.ndarray]:
        """The events of one relationship, as NumPy columns in the order of their times."""
        literal = quote_text(relationship)
        return self._fetch(f"WHERE relationship = {literal}")

    def origin(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """Where events come from: for positions in time order (from 0) the file and the first source row of each."""
        self._load()
        workspace = self._workspace
        wanted = ",".join(f"({int(i)})" for i in positions)
        if not wanted:
            return {"file": np.array([], object), "row": np.array([], np.int64)}
        return workspace.fetch(
            f"""SELECT f.path AS file, r.rows AS row FROM (VALUES {wanted}) w(position)
            JOIN events e ON e.rowid = w.position
            JOIN files f ON f.source = e._source AND f._file = e._file,
            LATERAL (SELECT {workspace.record_number("e._row", "f")} AS rows) r
            ORDER BY w.position"""
        )

    def add_rejects(self, positions: np.ndarray, codes: np.ndarray) -> None:
        """Add events that could not be scored to the rejects: their `positions` in time order, from 0, and `codes`."""
        self._load()  # seldom wanted of a log that is read from its files
        workspace = self._workspace
        names = ", ".join(quote_text(name) for name in COLUMNS)
        raws = " ".join(
            f"WHEN {quote_text(name)} THEN left(CAST({shown_sql(name)} AS VARCHAR), {RAW_SHOWN})"
            for name in self._names
        )
        refused = {"place": np.asarray(positions, np.int64), "code": np.asarray(codes, object)}
        with workspace.columns("_refused", refused):
            workspace.run(
                f"""INSERT INTO rejects
                SELECT _source, _file, path, {workspace.record_number("_row", "w")}, _column, code,
                    CASE _column {raws} END, relationship, kind, true
                FROM (SELECT e.*, f.path, f.base, f.source, r.code, CASE
                        WHEN r.stem IN ({names}) THEN r.stem
                        WHEN code = 'other_currency' THEN 'currency'
                        WHEN code = 'since_after_time' THEN 'since'
                        WHEN code = 'retraction_without_event' THEN 'refers_to'
                        WHEN code = 'out_of_scale' THEN CASE e.kind WHEN 'survey' THEN 'value' ELSE 'rating' END
                        WHEN code = 'negative' THEN
                            CASE WHEN value < 0 THEN 'value' WHEN amount < 0 THEN 'amount' WHEN cost < 0 THEN 'cost' END
                        END AS _column
                    FROM (SELECT place, CAST(code AS VARCHAR) AS code,
                            regexp_replace(CAST(code AS VARCHAR), '^(missing|bad)_', '') AS stem FROM _refused) r
                    JOIN events e ON e.rowid = r.place
                    JOIN files f ON f.source = e._source AND f._file = e._file) w"""
            )

    def near(self, relationship: str, most: int = 3) -> list[str]:
        """At most `most` identifiers that come close to `relationship`, the closest first; often none."""
        likeness = (
            f"jaro_winkler_similarity(lower(relationship), lower({quote_text(relationship)}))"
        )
        found = self._workspace.rows(
            f"""SELECT relationship FROM (SELECT DISTINCT relationship FROM events) WHERE {likeness} > 0.85
            ORDER BY {likeness} DESC, relationship LIMIT {most}"""
        )
        return [name for (name,) in found]

    def set_aside_by_reader(self) -> tuple[np.ndarray, np.ndarray]:
        """The relationships that have rows or events set aside before folding, and how many each."""
        got = self._workspace.fetch(
            """SELECT relationship, count(*) AS rows FROM rejects
            WHERE relationship IS NOT NULL AND NOT refused GROUP BY relationship ORDER BY relationship"""
        )
        return got["relationship"], got["rows"]

    @property
    def set_aside_ids(self) -> np.ndarray:
        """The relationship of every row or event that was set aside and names one; an id comes once for each."""
        got = self._workspace.fetch(
            "SELECT relationship FROM rejects WHERE relationship IS NOT NULL ORDER BY relationship"
        )
        return got["relationship"]

    @property
    def first_time(self) -> int | None:
        """UTC seconds of the earliest event, None without events."""
        return self._workspace.one("SELECT min(time) FROM events")

    @property
    def last_time(self) -> int | None:
        """UTC seconds of the newest event, None without events."""
        return self._workspace.one("SELECT max(time) FROM events")

    def currencies(self) -> list[str]:
        """The currencies that the events state."""
        return [
            r[0]
            for r in self._workspace.rows(
                "SELECT DISTINCT currency FROM events WHERE currency <> '' ORDER BY 1"
            )
        ]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the events to `path` (.csv or .parquet), times as UTC timestamps, through a renamed file."""
        self._load()
        shown = [
            f'to_timestamp("{n}") AS "{n}"' if COLUMNS[n] in ("start", "end") else f'"{n}"'
            for n in self._names
        ]
        self._workspace.copy(f"SELECT {', '.join(shown)} FROM events ORDER BY rowid", Path(path))

    def sample(self, rows: int = 5) -> list[dict[str, Any]]:
        """The first events of every kind, `rows` of each, for a reader: dictionaries with times as ISO text."""
        shown = [f'{shown_sql(n)} AS "{n}"' for n in self._names]
        sql = (
            f"SELECT {', '.join(shown)} FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY time, "
            f"relationship, _row) AS _nth FROM events) WHERE _nth <= {rows} ORDER BY kind, _nth"
        )
        got = self._workspace.con.execute(sql).fetchall()
        return [dict(zip(self._names, row, strict=True)) for row in got]

    def _fetch(  # the rows of a table come in their order: the workspace preserves it
        self,
        where: str,
        names: Sequence[str] | None = None,
        coded: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, np.ndarray]:
        self._load()
        coded = coded or {}
        parts = []
        for name in self._names if names is None else names:
            if name in coded:
                words = ", ".join(quote_text(word) for word in coded[name])
                place = f'list_position([{words}], "{name}")'
                parts.append(f'CAST(coalesce(nullif({place}, 0) - 1, 255) AS UTINYINT) AS "{name}"')
                continue
            role = COLUMNS[name]
            if role in ("start", "end"):
                parts.append(f'coalesce("{name}", {ABSENT_TIME}) AS "{name}"')
            elif role == "number":
                parts.append(f'coalesce("{name}", CAST(\'NaN\' AS DOUBLE)) AS "{name}"')
            elif name == "whole_order":
                parts.append(f'coalesce("{name}", false) AS "{name}"')
            elif role == "flag":
                parts.append(
                    f'coalesce(CAST("{name}" AS DOUBLE), CAST(\'NaN\' AS DOUBLE)) AS "{name}"'
                )
            else:
                parts.append(f'"{name}"')
        return self._workspace.fetch(
            f"SELECT {', '.join(parts)} FROM events {where} ORDER BY rowid"
        )


class EventRows:
    """Rows of a query as an Arrow stream, made anew each time it is asked for."""

    def __init__(self, workspace: Workspace, sql: str, names: Sequence[str]) -> None:
        self._workspace = workspace
        self._sql = sql
        self.columns = list(names)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The capsule of the stream; the workspace has no other query until it is read to its end.

        Where the workspace has more than one thread, batches are read ahead, so that reading and folding overlap.
        """
        rows = self._workspace.con.sql(self._sql)
        if self._workspace.one("SELECT current_setting('threads')") < 2:
            return rows.__arrow_c_stream__()
        return _core.read_ahead(rows)


def shown_sql(name: str) -> str:
    """SQL for a column of ``events`` as a reader sees it: times as ISO text."""
    if COLUMNS[name] in ("start", "end"):
        return f"strftime(make_timestamp(\"{name}\" * 1000000), '%Y-%m-%dT%H:%M:%SZ')"
    return f'"{name}"'


def read_events(
    paths: Any,
    as_of: Any = None,
    zone: str | None = None,
    *,
    max_line: int = DEFAULT_MAX_LINE,
    memory: str | None = None,
    threads: int | None = None,
) -> EventTable:
    """Read files that hold event rows already: relationship, time, kind and what the kind needs.

    Parameters
    ----------
    paths
        One or several files, folders or patterns (CSV, Parquet, JSON; CSV and JSON also gzipped), or a data frame.
    as_of
        Rows with a later time are counted and left out. A date means the end of its day.
    zone
        Time zone of times that carry none, such as "Europe/London". There is no default.
    max_line
        Longest line of a CSV file in bytes; longer ones are set aside.
    memory, threads
        Limits for DuckDB, such as "4GB" and 2.

    Raises
    ------
    SourceError
        Where a file cannot be read as a whole or lacks a needed column.
    ZoneError
        Where times carry no zone and none is stated.
    """
    check_zone(zone)
    limit = None if as_of is None else instant(as_of, zone)
    workspace = Workspace(memory, threads)
    if is_frame(paths):
        load_frame(workspace, "events", paths)
        files = ["<frame>"]
    else:
        files = expand(paths)
        shown = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
        if all(form_of(file) == "parquet" for file in files):
            table = read_in_place(workspace, files, limit, zone, shown)
            if table is not None:
                return table
        load_files(workspace, "events", files, max_line=max_line)
    books = Books()
    shown = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    type_events(workspace, books, zone, shown)
    observed = seen(workspace)
    keep_until(workspace, books, limit, rows=True)
    resolve_ids(workspace, books, rows=True)
    finish_events(workspace, books)
    books.scored = sum(books.events.values())
    return EventTable(workspace, books, observed)


def read_in_place(
    workspace: Workspace, files: Sequence[str], limit: int | None, zone: str | None, shown: str
) -> EventTable | None:
    """Events that stay in Parquet files, so that memory does not grow with them; None where they must be loaded.

    They must be loaded where rows have `event_id` or take others back, since those are resolved among all. One query
    looks through the files for what the books need, another at their times alone for whether they are in order; the
    fold then reads them once more. A log without an unfit value, as most are, is read with nothing between its columns
    and the fold; of any other, each value is looked at.
    """
    view_parquet(workspace, "events", files)
    books = Books()
    typing = typing_of(workspace, books, zone, shown)
    profile = _Profile.of(workspace, typing, typing.hasty(limit))
    clean = profile.unfit == 0 and profile.words_are_known
    typed = typing.sql("_row")
    if not clean:
        profile = _Profile.of(workspace, typing, typing.judged(limit))
    if profile.stated["event_id"] or "retraction" in profile.kinds:
        workspace.run("DROP VIEW raw_events")
        workspace.run("DELETE FROM files")
        return None
    books.read = profile.rows
    if books.read == 0:
        raise SourceError(f"{shown}: there is a header but no row")
    if profile.unfit:
        raws = "".join(
            f", {quote_name(typing.by_name[name])} AS {quote_name('_raw_' + name)}"
            for name, _ in typing.codes
        )
        raw_value = typing.raw_value(lambda name: quote_name("_raw_" + name))
        workspace.run(
            f"""INSERT INTO rejects
            SELECT e._source, e._file, f.path, e._row + 1, e._column, e._code, {raw_value}, e.relationship, NULL, false
            FROM ({typing.sql("_row", raws)}) e JOIN files f ON f.source = e._source AND f._file = e._file
            WHERE e._code IS NOT NULL"""
        )
        for reason, rows in workspace.rows("SELECT code, count(*) FROM rejects GROUP BY code"):
            books.count("set_aside", reason, rows)
    books.count("skipped", "after_as_of", profile.later)
    books.events_after_as_of = profile.later
    books.events = {kind: profile.kinds[kind] for kind in KINDS if profile.kinds.get(kind)}
    books.scored = profile.used
    listed = ", ".join(quote_name(name) for name in COLUMNS)
    fit = "_code IS NULL" if limit is None else f"_code IS NULL AND time <= {limit}"
    workspace.run(
        f"CREATE TEMP VIEW events AS SELECT {listed}, _source, _file, _row FROM ({typed}) WHERE {fit}"
    )
    source = typing.swift(limit if profile.later else None) if clean else "events"
    in_order = workspace.one(
        f"""SELECT coalesce(bool_and(time >= before), true)
        FROM (SELECT time, lag(time) OVER () AS before FROM {source})"""
    )
    order = "" if in_order else " ORDER BY time, _file, _row"
    return EventTable(
        workspace,
        books,
        [word for word in OBSERVABLE if word in profile.observed],
        streamed=f"FROM {source}{order}",
        loaded=f"FROM events{order}",
        counted=[profile.used, *(profile.stated[name] for name in COLUMNS)],
    )


@dataclass
class _Profile:
    """What one look through a log tells of it."""

    rows: int = 0
    unfit: int = 0  #: rows with a value that cannot be used
    used: int = 0  #: fit rows up to the as-of date
    later: int = 0  #: fit rows after it
    kinds: dict[str, int] = field(default_factory=dict)  #: used rows
    observed: set[str] = field(default_factory=set)
    stated: dict[str, int] = field(default_factory=dict)  #: used rows that state a column
    words_are_known: bool = True  #: every word is exactly one of its list

    @classmethod
    def of(cls, workspace: Workspace, typing: _Typing, source: str) -> _Profile:
        """The profile of `source`, rows as `typing` reads them, with ``_code`` where one is unfit, and ``_used``."""
        words = [name for name in WORDS if name in typing.by_name]
        others = [name for name in COLUMNS if name not in WORDS and typing.value(name) is not None]
        counted = "".join(f", count({quote_name(name)})" for name in others)
        groups = workspace.rows(
            f"SELECT _code IS NULL AS _fit, _used, {', '.join(words)}, count(*){counted} FROM {source} GROUP BY ALL"
        )
        profile = cls(stated=dict.fromkeys(COLUMNS, 0))
        for fit, used, *rest in groups:
            said = dict(zip(words, rest, strict=False))
            rows, *stated = rest[len(words) :]
            profile._add(said, rows, fit, used)
            if fit and used:
                for name, count in zip(others, stated, strict=True):
                    profile.stated[name] += count
        return profile

    def _add(self, said: dict[str, str | None], rows: int, fit: bool, used: bool) -> None:
        self.rows += rows
        self.unfit += 0 if fit else rows
        self.used += rows if fit and used else 0
        self.later += rows if fit and not used else 0
        for name, word in said.items():
            self.stated[name] += rows if word and fit and used else 0
            if word not in WORDS[name] and (word or name == "kind"):
                self.words_are_known = False
        kind = said["kind"]
        if not kind or not fit:
            return
        self.kinds[kind] = self.kinds.get(kind, 0) + (rows if used else 0)
        if kind not in _core.conduct_kinds or said.get("side") != "them":
            asks = kind == "survey" and said.get("parameter") == "commitment"
            self.observed.add("survey:commitment" if asks else kind)


def seen(workspace: Workspace) -> list[str]:
    """What ``all_events`` shows to be observed, in the order of `OBSERVABLE`; of conduct, only ours."""
    conduct = ", ".join(quote_text(kind) for kind in _core.conduct_kinds)
    found = {
        word
        for (word,) in workspace.rows(
            f"""SELECT DISTINCT CASE WHEN kind = 'survey' AND parameter = 'commitment' THEN 'survey:commitment'
                ELSE kind END
            FROM all_events WHERE kind NOT IN ({conduct}) OR coalesce(side, 'us') = 'us'"""
        )
    }
    return [word for word in OBSERVABLE if word in found]


@dataclass(frozen=True)
class _Typing:
    """How the columns of raw rows are read: the SQL of each value, and of the code of what is unfit."""

    raw: str
    by_name: dict[str, str]
    values: list[str]
    codes: list[tuple[str, str]]
    types: dict[str, str]
    zone: str | None

    def value(self, name: str) -> str | None:
        """The SQL of a column's value; None where the log has no such column."""
        value = self.values[list(COLUMNS).index(name)].removesuffix(f' AS "{name}"')
        return None if value.startswith("CAST(NULL AS ") else value

    def swift_value(self, name: str) -> str | None:
        """The SQL of a value that is known to be fit: as it lies in the file, where the fold takes that."""
        value = self.value(name)
        if value is None or name not in self.by_name:
            return value
        column, sql_type = quote_name(self.by_name[name]), self.types[name]
        if name in WORDS and sql_type == "VARCHAR":
            listed = ", ".join(quote_text(word) for word in WORDS[name])
            place = f"list_position([{listed}], {column})"
            return f"CAST(coalesce(nullif({place}, 0) - 1, 255) AS UTINYINT)"
        is_utc = sql_type == ZONED or (
            sql_type.startswith("TIMESTAMP") and self.zone in (None, "UTC")
        )
        as_it_lies = {
            "id": sql_type in INTEGERS and not sql_type.endswith("HUGEINT"),
            "start": is_utc,
            "end": is_utc,
            "number": sql_type == "DOUBLE",
        }
        return column if as_it_lies.get(COLUMNS[name]) else value

    def hasty(self, limit: int | None) -> str:
        """As `judged`, of a log that may well be fit: values as they lie, and ``_code`` without saying which."""
        values = []
        for name in COLUMNS:
            if (value := self.swift_value(name)) is not None:
                as_it_lies = name in WORDS and name in self.by_name
                sql = quote_name(self.by_name[name]) if as_it_lies else value
                values.append(f"{sql} AS {quote_name(name)}")
        unfit = [self.unfit(name, code) for name, code in self.codes if name not in WORDS]
        code = f"CASE WHEN {' OR '.join(unfit)} THEN true END AS _code"
        return f"(SELECT {', '.join(values)}, {code}, {self.until(limit)} AS _used FROM {self.raw})"

    def judged(self, limit: int | None) -> str:
        """The query for typed rows with ``_code`` and whether they are up to `limit`."""
        used = "true" if limit is None else f"coalesce(time <= {limit}, false)"
        return f"(SELECT *, {used} AS _used FROM ({self.sql('_row')}))"

    def swift(self, limit: int | None) -> str:
        """The query for the rows of a log in which nothing is unfit, up to `limit`."""
        values = [
            f"{value} AS {quote_name(name)}"
            for name in COLUMNS
            if (value := self.swift_value(name)) is not None
        ]
        return (
            f"(SELECT {', '.join(values)}, _file, _row FROM {self.raw} WHERE {self.until(limit)})"
        )

    def unfit(self, name: str, code: str) -> str:
        """SQL for whether the value of a column is unfit, `code` being the SQL of why."""
        column, sql_type = quote_name(self.by_name[name]), self.types[name]
        if sql_type in ("DOUBLE", "FLOAT") and COLUMNS.get(name) == "number":
            return f"NOT isfinite({column})"
        absent = f"{column} IS NULL" if name in REQUIRED else "false"
        if COLUMNS.get(name) == "id" and sql_type in INTEGERS:
            return absent
        if COLUMNS.get(name) in ("start", "end") and sql_type.startswith("TIMESTAMP"):
            return f"{absent} OR NOT isfinite({column})"
        return f"({code}) IS NOT NULL"

    def until(self, limit: int | None) -> str:
        """SQL for whether the time of a row that has a fit one is at most `limit`."""
        if limit is None:
            return "true"
        column, sql_type = quote_name(self.by_name["time"]), self.types["time"]
        exact = f"{self.value('time')} <= {limit}"
        if not sql_type.startswith(("TIMESTAMP", "DATE")):
            return exact
        # A bound on the column itself passes over whole groups of rows unread. No zone is two days off.
        is_utc = sql_type == ZONED or self.zone in (None, "UTC")
        if is_utc and sql_type != "DATE":
            return f"{column} < make_timestamp({(limit + 1) * 1_000_000})"
        return f"{column} < make_timestamp({(limit + 2 * 86_400) * 1_000_000}) AND {exact}"

    def sql(self, row: str, more: str = "") -> str:
        """The query for typed rows with ``_code`` and ``_column``; `row` is the SQL of the row's number."""
        unfit = Codes(self.codes)
        return f"""SELECT * EXCLUDE ({unfit.hidden}), {unfit.first} AS _code, {unfit.at} AS _column FROM (
            SELECT 'events' AS _source, _file, {row} AS _row, {", ".join(self.values)}{more},
            {unfit.columns} FROM {self.raw})"""

    def raw_value(self, alias: Callable[[str], str]) -> str:
        """SQL for the raw value of ``_column``, where `alias` gives the SQL of each raw column."""
        pick = " ".join(
            f"WHEN {quote_text(name)} THEN left(CAST({alias(name)} AS VARCHAR), {RAW_SHOWN})"
            for name, _ in self.codes
        )
        return f"CASE _column {pick} END"


def typing_of(workspace: Workspace, books: Books, zone: str | None, shown: str) -> _Typing:
    """How the columns of ``raw_events`` are read; what is missing raises, what is not used is noted."""
    raw = "raw_events"
    described = workspace.describe(raw)
    described.pop("_file")
    described.pop("_row", None)
    by_name = {name.strip().lower(): name for name in described}
    missing = [name for name in REQUIRED if name not in by_name]
    if missing:
        raise SourceError(
            f"{shown}: not an event table: column {', '.join(missing)} missing. "
            f"It has: {', '.join(described)}. For another kind of table `loyalty map FILE` proposes a mapping."
        )
    values: list[str] = []
    codes: list[tuple[str, str]] = []
    naive: list[tuple[str, str, str]] = []
    for name, role in COLUMNS.items():
        if name not in by_name:
            values.append(f'CAST(NULL AS {SQL_TYPES[role]}) AS "{name}"')
            continue
        column = quote_name(by_name[name])
        sql_type = described[by_name[name]]
        value, code = column_sql(name, role, column, sql_type, zone, shown, naive)
        values.append(f'{value} AS "{name}"')
        codes.append((name, code))
    if "scale" in by_name and described[by_name["scale"]] == "VARCHAR":
        column = quote_name(by_name["scale"])
        end = r"\s*([+-]?[0-9.]+)\s*"
        pattern = rf"{end}(?:\.\.|to|-|/){end}"
        whole = f"regexp_full_match({column}, '{pattern}')"
        for n, name in ((1, "scale_low"), (2, "scale_high")):
            found = f"TRY_CAST(regexp_extract({column}, '{pattern}', {n}) AS DOUBLE)"
            index = next(i for i, v in enumerate(values) if v.endswith(f' AS "{name}"'))
            stated = values[index].removesuffix(f' AS "{name}"')
            values[index] = f'coalesce({stated}, CASE WHEN {whole} THEN {found} END) AS "{name}"'
        codes.append(("scale", f"CASE WHEN {column} <> '' AND NOT {whole} THEN 'bad_scale' END"))
    check_naive(workspace, raw, naive, zone, shown)
    known = {*COLUMNS, "scale"}
    unused = [name for name in described if name.strip().lower() not in known]
    if unused:
        books.notes.append(
            f"Columns that say nothing about events were not used: {', '.join(unused)}."
        )
    types = {name: described[column] for name, column in by_name.items()}
    return _Typing(raw, by_name, values, codes, types, zone)


def type_events(workspace: Workspace, books: Books, zone: str | None, shown: str) -> None:
    """Turn ``raw_events`` into the typed table ``all_events``; unfit rows go to the rejects."""
    typing = typing_of(workspace, books, zone, shown)
    raw = typing.raw
    amounts = ", CAST(NULL AS DECIMAL(38, 6)) AS _amount, CAST(NULL AS DECIMAL(38, 6)) AS _margin"
    workspace.run(f"CREATE TEMP TABLE all_events AS {typing.sql('rowid', amounts)}")
    read = workspace.one(f"SELECT count(*) FROM {raw}")
    lost = lost_lines(workspace, "events")
    books.read = read + sum(lost.values())
    if books.read == 0:
        raise SourceError(f"{shown}: there is a header but no row")
    for reason, rows in lost.items():
        books.count("set_aside", reason, rows)
    for reason, rows in workspace.rows(
        "SELECT _code, count(*) FROM all_events WHERE _code IS NOT NULL GROUP BY _code"
    ):
        books.count("set_aside", reason, rows)
    raw_value = typing.raw_value(lambda name: f"r.{quote_name(typing.by_name[name])}")
    workspace.run(
        f"""INSERT INTO rejects
        SELECT e._source, e._file, f.path, {workspace.record_number("e._row", "f")}, e._column, e._code,
            {raw_value}, e.relationship, NULL, false
        FROM all_events e JOIN {raw} r ON r.rowid = e._row
        JOIN files f ON f.source = e._source AND f._file = e._file
        WHERE e._code IS NOT NULL"""
    )
    workspace.run("DELETE FROM all_events WHERE _code IS NOT NULL")
    workspace.run("ALTER TABLE all_events DROP COLUMN _code")
    workspace.run("ALTER TABLE all_events DROP COLUMN _column")
    workspace.run(f"DROP TABLE {raw}")


def column_sql(
    name: str,
    role: str,
    column: str,
    sql_type: str,
    zone: str | None,
    shown: str,
    naive: list[tuple[str, str, str]],
) -> tuple[str, str]:
    """SQL for the value of an event column and for the code of what is unfit in it; notes times without a zone."""
    read: tuple[str, str] | None = None
    if sql_type.startswith("ENUM"):
        column, sql_type = f"CAST({column} AS VARCHAR)", "VARCHAR"
    if sql_type in ('"NULL"', "NULL") or (sql_type == "INTEGER" and role == "text"):
        column, sql_type = f"CAST({column} AS VARCHAR)", "VARCHAR"
    if role in ("start", "end"):
        time = time_sql(column, sql_type, zone, role == "end")
        if time:
            naive.append((name, column, time.naive))
            absent = f"WHEN ({time.value}) IS NULL THEN 'missing_time' " if name == "time" else ""
            read = (time.value, f"CASE WHEN {time.unreadable} THEN 'bad_time' {absent}END")
    elif role == "number":
        read = number_sql(column, sql_type)
    elif role == "flag":
        flag = flag_sql(column, sql_type)
        read = flag and (flag[0], f"CASE WHEN {flag[1]} THEN 'bad_flag' END")
    elif role == "id":
        unfit = {"relationship": "bad_relationship"}.get(name, "bad_id")
        ident = id_sql(column, sql_type)
        if ident:
            absent = f"WHEN ({ident[0]}) IS NULL THEN 'missing_relationship' "
            absent = absent if name == "relationship" else ""
            read = (ident[0], f"CASE WHEN {ident[1]} THEN '{unfit}' {absent}END")
    elif sql_type == "VARCHAR":
        text = f"nullif(trim({column}), '')"
        code = "CAST(NULL AS VARCHAR)"
        if name in WORDS:
            unknown = "unknown_kind" if name == "kind" else f"bad_{name}"
            listed = ", ".join(quote_text(word) for word in WORDS[name])
            absent = f"WHEN ({text}) IS NULL THEN '{unknown}' " if name == "kind" else ""
            # Neither `NOT IN` nor list_contains: a long list becomes a join, which does not keep the order of rows.
            place = f"list_position([{listed}], {text})"
            code = f"CASE WHEN {place} IS NULL AND {text} IS NOT NULL THEN '{unknown}' {absent}END"
        read = (text, code)
    if read is None:
        wanted = {
            "start": "a time",
            "end": "a time",
            "flag": "true or false",
            "id": "an identifier",
        }
        raise SourceError(
            f"{shown}: column {name} has the type {sql_type}, which cannot hold {wanted.get(role, 'a ' + role)}"
        )
    return read


def check_naive(
    workspace: Workspace,
    table: str,
    naive: Sequence[tuple[str, str, str]],
    zone: str | None,
    shown: str,
) -> None:
    """Raise ZoneError where a time carries no zone and none is stated."""
    if zone is not None:
        return
    for name, column, condition in naive:
        if condition == "false":
            continue
        rows = workspace.rows(
            f"SELECT CAST({column} AS VARCHAR) FROM {table} WHERE {condition} LIMIT 1"
        )
        if rows:
            raise ZoneError(
                f"{shown}: column {name} holds times without a zone, such as {rows[0][0]!r}. State the zone they "
                "are in: --zone UTC or --zone Europe/London (zone=… in Python), or write times as 2024-12-31T18:00:00Z."
            )


def keep_until(workspace: Workspace, books: Books, limit: int | None, rows: bool) -> None:
    """Leave out of ``all_events`` what is stamped after `limit`, and count it as rows or as events."""
    if limit is None:
        return
    later = int(workspace.one(f"SELECT count(*) FROM all_events WHERE time > {limit}"))
    if not later:
        return
    if rows:
        books.count("skipped", "after_as_of", later)
    books.events_after_as_of += later
    workspace.run(f"DELETE FROM all_events WHERE time > {limit}")


def resolve_ids(workspace: Workspace, books: Books, rows: bool) -> None:
    """Resolve repeats and retractions by ``event_id`` among ``all_events``; count exact repeats without one.

    An ``event_id`` names one event within its relationship. Of rows that repeat it one stays; where they differ it is
    the first by time, then by all columns, so the order of rows does not matter. A retraction takes away itself and the
    event it refers to; one that finds none, such as the second of an event, is set aside.
    """
    book = "skipped" if rows else "events_skipped"
    listed = ", ".join(f'"{name}"' for name in COLUMNS)
    if workspace.one("SELECT count(event_id) FROM all_events WHERE kind <> 'retraction'"):
        workspace.run(
            f"""CREATE TEMP TABLE repeated AS SELECT _rule FROM (
                SELECT rowid AS _rule, row_number() OVER (
                    PARTITION BY relationship, event_id ORDER BY time, kind, {listed}, _source, _row) AS nth
                FROM all_events WHERE event_id IS NOT NULL AND kind <> 'retraction')
            WHERE nth > 1"""
        )
        books.count(book, "repeated", workspace.one("SELECT count(*) FROM repeated"))
        workspace.run("DELETE FROM all_events WHERE rowid IN (SELECT _rule FROM repeated)")
        workspace.run("DROP TABLE repeated")
    if workspace.one("SELECT count(*) FROM all_events WHERE kind = 'retraction'"):
        order = ", ".join(f'r."{name}"' for name in ("time", *COLUMNS))
        workspace.run(
            f"""CREATE TEMP TABLE retracted AS SELECT event, retraction FROM (
                SELECT e.rowid AS event, r.rowid AS retraction, row_number() OVER (
                    PARTITION BY e.rowid ORDER BY {order}, r._source, r._row) AS nth
                FROM all_events r
                JOIN all_events e ON e.relationship = r.relationship AND e.event_id = r.refers_to
                    AND e.kind <> 'retraction'
                WHERE r.kind = 'retraction')
            WHERE nth = 1"""
        )
        gone = "SELECT event FROM retracted UNION SELECT retraction FROM retracted"
        books.count(book, "retracted", workspace.one(f"SELECT count(*) FROM ({gone})"))
        workspace.run(f"DELETE FROM all_events WHERE rowid IN ({gone})")
        workspace.run("DROP TABLE retracted")
        # One that names nothing (no refers_to) is for the fold to judge, as any row without what it needs.
        futile = "kind = 'retraction' AND refers_to IS NOT NULL"
        workspace.run(
            f"""INSERT INTO rejects
            SELECT e._source, e._file, f.path, {workspace.record_number("e._row", "f")}, 'refers_to',
                'retraction_without_event', left(e.refers_to, {RAW_SHOWN}), e.relationship,
                {"NULL" if rows else "e.kind"}, false
            FROM all_events e JOIN files f ON f.source = e._source AND f._file = e._file
            WHERE e.{futile}"""
        )
        books.count(
            "set_aside" if rows else "events_set_aside",
            "retraction_without_event",
            workspace.one(f"SELECT count(*) FROM all_events WHERE {futile}"),
        )
        workspace.run(f"DELETE FROM all_events WHERE {futile}")
    if rows:
        books.repeats = int(
            workspace.one(
                f"""SELECT count(*) - count(DISTINCT hash({listed})) FROM all_events
                WHERE event_id IS NULL AND kind <> 'retraction'"""
            )
        )


def finish_events(workspace: Workspace, books: Books) -> None:
    """Sort ``all_events`` by time into ``events`` and count them by kind."""
    shown = []
    for name in COLUMNS:
        if name in ("amount", "margin"):
            shown.append(f'coalesce("{name}", CAST(_{name} AS DOUBLE)) AS "{name}"')
        else:
            shown.append(f'"{name}"')
    workspace.run(
        f"""CREATE TEMP TABLE events AS SELECT {", ".join(shown)}, _source, _file, _row
        FROM all_events ORDER BY time, relationship, kind, _source, _row"""
    )
    workspace.run("DROP TABLE all_events")
    counted = dict(workspace.rows("SELECT kind, count(*) FROM events GROUP BY kind"))
    books.events = {kind: int(counted[kind]) for kind in KINDS if kind in counted}
