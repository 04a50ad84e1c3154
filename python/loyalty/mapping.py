# SPDX-License-Identifier: MIT
"""Turns any table into event rows, by a mapping written in TOML, and keeps the books of every source row.

A mapping says which table, who the counterparty is, which rows to reject or skip, and which events the others make::

    source = "incidents.csv.gz"   # anything DuckDB reads
    relationship = "caller_id"
    timezone = "UTC"
    observes = ["request", "response"]
    null = ["?"]
    reject = [{ when = "opened_at IS NULL", code = "no_open_time" }]
    skip = [{ when = "incident_state = 'Awaiting'", why = "no news" }]
    event = [
      { kind = "request", by = "number", time = "min(opened_at)", refers_to = "number" },
      { kind = "response", by = "number", refers_to = "number",
        time = "min(sys_updated_at) FILTER (incident_state <> 'New')" },
    ]

Every source row has exactly one fate, the first of these that applies: *set aside* by a reject rule; *skipped* by a
skip rule; *set aside* because a declared column is unreadable or the counterparty is missing; *scored* when at least
one event uses it; *set aside* with the code of the event that could not be made; *skipped* as ``after_as_of``; *set
aside* as ``missing_time`` or, where no rule covers it, ``unmapped``. So ``scored + skipped + set aside = read``.

The text of every rule is SQL over the columns of the source. Text files are read as text; ``columns`` declares what is
a number or a time, strictly: ``columns = { amount = "decimal", ordered = "timestamp %d/%m/%Y %H:%M" }``.
"""

from __future__ import annotations

import difflib
import fnmatch
import os
import re
import tomllib
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty import _core, _files, _sql, reading
from loyalty._dates import ZoneError, check_zone, instant
from loyalty._files import DEFAULT_MAX_LINE, RAW_SHOWN, Workspace, plain_error
from loyalty._sql import SourceError, quote_name, quote_text
from loyalty.reading import (
    COLUMNS,
    KINDS,
    OBSERVABLE,
    ROLES,
    SQL_TYPES,
    Books,
    EventTable,
    read_events,
)

__all__ = ["Mapping", "MappingError", "load_mapping", "read_events", "shipped_mappings"]


class MappingError(ValueError):
    """A mapping does not hold: an unknown key, a wrong value, or SQL that fails. Names the mapping and the key."""


#: The mappings that come with the package.
SHIPPED = Path(__file__).with_name("mappings")
#: Keys of an event rule beside the event columns.
RULE_KEYS = ("kind", "by", "when", "per_day", "scale")
#: What an event of a kind must state beside its time, any one of each group.
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    kind: tuple(tuple(group.split("|")) for group in required.split())
    for kind, required, *_ in _core.kind_infos
}
#: Words that stand for themselves in these columns; anything else there is SQL.
WORDS: dict[str, tuple[str, ...]] = {
    "side": ("us", "them"),
    "role": ROLES,
    "parameter": ("trust", "commitment"),
}
#: Columns that a table may state once for all its events.
COMMON = ("role", "currency", "manager", "account")
TABLE_KEYS = (
    "source",
    "relationship",
    "columns",
    "null",
    "encoding",
    "decimal",
    "known_at",
    "from",
    "with",
    "per_day",
    "reject",
    "skip",
    "event",
    *COMMON,
)
MAPPING_KEYS = (
    "title",
    "description",
    "observes",
    "perspective",
    "timezone",
    "lookup",
    "table",
    *TABLE_KEYS,
)
TYPES = "text, integer, decimal, decimal(18,4), number, boolean, date, timestamp, timestamptz"


@dataclass(frozen=True)
class EventRule:
    """How one kind of event is made from the rows of a table."""

    place: str
    kind: str
    by: tuple[str, ...]
    when: str
    per_day: bool
    values: dict[str, str]  #: column of the event row: SQL

    @property
    def observes(self) -> tuple[str, ...]:
        """What it makes observed: its kind; of a survey, what it may ask about."""
        asks = self.values.get("parameter", "'trust'")
        if self.kind != "survey" or asks == "'trust'":
            return (self.kind,)
        return ("survey:commitment",) if asks == "'commitment'" else ("survey", "survey:commitment")


@dataclass(frozen=True)
class TableRule:
    """How the rows of one table are read."""

    name: str
    source: str
    relationship: str
    columns: dict[str, str]
    null: tuple[str, ...]
    encoding: str | None
    decimal: str
    known_at: str | None
    from_sql: str | None
    with_sql: dict[str, str]
    common: dict[str, str]
    reject: tuple[tuple[str, str], ...]  #: (condition, code)
    skip: tuple[tuple[str, str], ...]  #: (condition, reason)
    events: tuple[EventRule, ...]


# --- loading ------------------------------------------------------------------------------------


def shipped_mappings() -> dict[str, str]:
    """Names and titles of the mappings that come with the package."""
    titles = {}
    for entry in sorted(SHIPPED.iterdir()):
        if entry.name.endswith(".toml"):
            parsed = tomllib.loads(entry.read_text(encoding="utf-8"))
            titles[entry.name.removesuffix(".toml")] = str(parsed.get("title", ""))
    return titles


def load_mapping(given: str | os.PathLike[str] | MappingType[str, Any]) -> Mapping:
    """A mapping from a TOML file, from the name of one that comes with the package, or from a dictionary.

    Raises MappingError, which names the mapping, the key, the value given and what is allowed.
    """
    if isinstance(given, MappingType):
        return Mapping(dict(given), "mapping", Path.cwd())
    path = Path(given)
    if path.suffix == ".toml" or path.is_file():
        try:
            return parse_mapping(path.read_bytes(), str(path), path.parent)
        except OSError as error:
            raise MappingError(f"{path}: the mapping cannot be read: {error.strerror}") from error
    known = shipped_mappings()
    if str(given) not in known:
        raise MappingError(
            f"mapping {str(given)!r}: there is no such file, and no mapping of that name comes with the package"
            f"{close_to(str(given), known)}; those are: {', '.join(known)}"
        )
    return parse_mapping((SHIPPED / f"{given}.toml").read_bytes(), str(given), Path.cwd())


def parse_mapping(data: bytes, name: str, folder: Path) -> Mapping:
    """A mapping from the bytes of its TOML text.

    Parameters
    ----------
    data
        The text, in UTF-8.
    name
        What errors call it.
    folder
        Where its sources are looked for when no paths are given.

    Raises MappingError, as load_mapping.
    """
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MappingError(f"{name}: the mapping is not UTF-8 text: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{name}: not valid TOML: {error}") from error
    except RecursionError:
        raise MappingError(f"{name}: not a mapping: lists or tables nested too deep") from None
    return Mapping(document, name, folder)


def close_to(word: str, known: Any) -> str:
    """A remark on the known word that comes closest, or nothing."""
    close = difflib.get_close_matches(word, list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


class Mapping:
    """What a table means, as events; see the module for the words of a mapping.

    Attributes
    ----------
    name, title, description
        What it is called, in the file and for a reader.
    observes
        Kinds that the table records, whether or not one occurs.
    perspective
        Whose conduct the mapping is made to judge: "us", "them" or None.
    timezone
        The zone of times that carry none, or None.
    """

    def __init__(self, document: dict[str, Any], name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._check_keys(document, MAPPING_KEYS, "")
        self.title: str = self._get(document, "title", str, "")
        self.description: str = self._get(document, "description", str, "")
        self.timezone: str | None = self._get(document, "timezone", str, None)
        self._check_zone(self.timezone)
        self.perspective: str | None = self._get(document, "perspective", str, None)
        if self.perspective not in (None, "us", "them"):
            self._fail("perspective", document["perspective"], 'one of "us", "them"')
        self._lookups: dict[str, str] = self._get(document, "lookup", dict, {})
        for lookup, source in self._lookups.items():
            if not isinstance(source, str):
                self._fail(f"lookup.{lookup}", source, "the name of a file")
        tables = self._get(document, "table", list, [])
        if tables and ("source" in document or "event" in document):
            raise MappingError(f"{name}: state either source and event, or [[table]] sections")
        shared = {key: document[key] for key in TABLE_KEYS if key in document}
        if not tables:
            tables = [{}]
        self._tables: list[TableRule] = []
        for number, table in enumerate(tables, 1):
            where = f"[[table]] {number}" if "table" in document else ""
            if not isinstance(table, dict):
                self._fail("table", table, "sections written [[table]]")
            self._check_keys(table, TABLE_KEYS, where)
            self._tables.append(self._table({**shared, **table}, where, number))
        rules = [rule for table in self._tables for rule in table.events]
        self.kinds: tuple[str, ...] = tuple(k for k in KINDS if k in {rule.kind for rule in rules})
        shown = {word for rule in rules for word in rule.observes}
        observes = self._get(document, "observes", list, [w for w in OBSERVABLE if w in shown])
        for word in observes:
            if word not in OBSERVABLE:
                self._fail("observes", word, "kinds: " + ", ".join(OBSERVABLE))
        self.observes: tuple[str, ...] = tuple(observes)

    @property
    def sources(self) -> dict[str, str]:
        """Names of the tables (rows of which are counted) and of the lookups, and the files they are looked for in."""
        return {table.name: table.source for table in self._tables} | self._lookups

    # --- words to rules

    def _where(self, where: str, key: str) -> str:
        return f"{self.name}: {where + ', ' if where else ''}{key}"

    def _fail(self, key: str, given: Any, allowed: str, where: str = "") -> None:
        raise MappingError(f"{self._where(where, key)} = {given!r}: allowed is {allowed}")

    def _check_keys(self, given: dict[str, Any], allowed: tuple[str, ...], where: str) -> None:
        for key in given:
            if key not in allowed:
                place = f"{self.name}: {where + ', ' if where else ''}"
                raise MappingError(
                    f"{place}unknown key {key!r}{close_to(key, allowed)}; allowed are {', '.join(allowed)}"
                )

    def _get(
        self, given: dict[str, Any], key: str, kind: type, default: Any, where: str = ""
    ) -> Any:
        if key not in given:
            return default
        value = given[key]
        names = {str: "text", list: "a list", dict: "a table of names", bool: "true or false"}
        if not isinstance(value, kind):
            self._fail(key, value, names[kind], where)
        return value

    def _check_zone(self, zone: str | None) -> None:
        try:
            check_zone(zone)
        except ZoneError as error:
            raise MappingError(f"{self.name}: timezone: {error}") from None

    def _table(self, given: dict[str, Any], where: str, number: int) -> TableRule:
        for key in ("source", "relationship", "event"):
            if key not in given:
                place = f"{self.name}: {where + ', ' if where else ''}"
                raise MappingError(f"{place}key {key!r} is missing")
        source = self._get(given, "source", str, "", where)
        null = self._get(given, "null", list, [], where)
        if not all(isinstance(text, str) for text in null):
            self._fail("null", null, 'a list of texts, such as ["NULL", "?"]', where)
        decimal = self._get(given, "decimal", str, ".", where)
        if decimal not in (".", ","):
            self._fail("decimal", decimal, 'one of ".", ","', where)
        columns = self._get(given, "columns", dict, {}, where)
        for column, declared in columns.items():
            if not isinstance(declared, str) or column_type(declared) is None:
                self._fail(
                    f"columns.{column}",
                    declared,
                    f"one of {TYPES}; a date or timestamp may be followed by its form, "
                    'as in "timestamp %d/%m/%Y %H:%M"',
                    where,
                )
        reject = self._rules(given, "reject", "code", where)
        for _, code in reject:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", code):
                self._fail("reject.code", code, "lower-case letters, digits and _", where)
        skip = self._rules(given, "skip", "why", where)
        common = {
            key: sql_of(key, self._get(given, key, str, "", where))
            for key in COMMON
            if key in given
        }
        per_day = self._get(given, "per_day", bool, True, where)
        events = []
        listed = self._get(given, "event", list, [], where)
        if not listed:
            self._fail("event", listed, "a list of at least one rule", where)
        for nth, rule in enumerate(listed, 1):
            events.append(self._event(rule, nth, where, per_day))
        name = re.sub(r"\W", "_", Path(source.replace("*", "")).name.split(".")[0]).strip("_")
        with_sql = self._get(given, "with", dict, {}, where)
        for view, sql in with_sql.items():
            if not isinstance(sql, str):
                self._fail(f"with.{view}", sql, "SQL that begins with SELECT", where)
        return TableRule(
            name=name or f"table_{number}",
            source=source,
            relationship=self._get(given, "relationship", str, "", where),
            columns=columns,
            null=tuple(null),
            encoding=self._get(given, "encoding", str, None, where),
            decimal=decimal,
            known_at=self._get(given, "known_at", str, None, where),
            from_sql=self._get(given, "from", str, None, where),
            with_sql=with_sql,
            common=common,
            reject=reject,
            skip=skip,
            events=tuple(events),
        )

    def _rules(
        self, given: dict[str, Any], key: str, label: str, where: str
    ) -> tuple[tuple[str, str], ...]:
        rules = []
        for nth, rule in enumerate(self._get(given, key, list, [], where), 1):
            if not isinstance(rule, dict) or set(rule) != {"when", label}:
                self._fail(f"{key} {nth}", rule, f'{{ when = "SQL", {label} = "text" }}', where)
            if not isinstance(rule["when"], str) or not isinstance(rule[label], str):
                self._fail(f"{key} {nth}", rule, f'{{ when = "SQL", {label} = "text" }}', where)
            rules.append((rule["when"], rule[label]))
        return tuple(rules)

    def _event(self, given: Any, nth: int, where: str, per_day: bool) -> EventRule:
        if not isinstance(given, dict):
            self._fail(f"event {nth}", given, '{ kind = "…", time = "SQL", … }', where)
        kind = given.get("kind")
        place = f"{where + ', ' if where else ''}event {nth} (kind = {kind!r})"
        if kind not in KINDS:
            raise MappingError(
                f"{self.name}: {place}: unknown kind{close_to(str(kind), KINDS)}; allowed are {', '.join(KINDS)}"
            )
        allowed = (*RULE_KEYS, *(c for c in COLUMNS if c not in ("relationship", "kind")))
        self._check_keys(given, allowed, place)
        if "time" not in given:
            raise MappingError(
                f"{self.name}: {place}: key 'time' is missing: the SQL of when it happened"
            )
        for group in NEEDS[kind]:
            if not any(key in given for key in group):
                raise MappingError(f"{self.name}: {place}: needs {' or '.join(group)}")
        values: dict[str, str] = {}
        for key, value in given.items():
            if key == "scale":
                ends = re.fullmatch(r"\s*(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)\s*", str(value))
                if not ends:
                    self._fail("scale", value, 'text such as "1..5"', place)
                else:
                    values["scale_low"], values["scale_high"] = ends.groups()
            elif key not in RULE_KEYS:
                if not isinstance(value, str | int | float | bool):
                    self._fail(key, value, "SQL, a number, true or false", place)
                values[key] = sql_of(key, value)
        by = given.get("by", [])
        by = [by] if isinstance(by, str) else by
        if not isinstance(by, list) or not all(isinstance(text, str) for text in by):
            self._fail("by", by, "a column, or a list of columns", place)
        if "per_day" in given and kind != "purchase":
            self._fail("per_day", given["per_day"], "only in purchase rules", place)
        return EventRule(
            place=place,
            kind=kind,
            by=tuple(by),
            when=self._get(given, "when", str, "true", place),
            per_day=self._get(given, "per_day", bool, per_day, place) and kind == "purchase",
            values=values,
        )

    # --- rules to events

    def events(
        self,
        paths: Any = None,
        as_of: Any = None,
        zone: str | None = None,
        *,
        max_line: int = DEFAULT_MAX_LINE,
        memory: str | None = None,
        threads: int | None = None,
    ) -> EventTable:
        """Read the table or tables and make their events.

        Parameters
        ----------
        paths
            Files, folders or patterns; a data frame; or a dictionary of them by table name. Where a mapping has
            several tables, each file goes to the one whose ``source`` its name fits. None looks for ``source`` beside
            the mapping.
        as_of
            What became known later (``known_at``, else the events' times) is counted and left out. A date means the
            end of its day in the mapping's zone.
        zone
            Time zone of times that carry none; outranks the mapping's ``timezone``.
        max_line, memory, threads
            As in `read_events`.

        Raises
        ------
        MappingError
            Where a rule's SQL fails; the message names the rule and quotes it.
        SourceError, ZoneError
            Where a file cannot be read, or times carry no zone.
        """
        zone = check_zone(zone) or self.timezone
        limit = None if as_of is None else instant(as_of, zone)
        bound = self._bind(paths)
        workspace = Workspace(memory, threads)
        books = Books()
        for table in self._tables:
            load(workspace, table.name, bound[table.name], table, max_line)
        for name in self._lookups:
            load(workspace, name, bound[name], None, max_line)
            workspace.run(
                f"CREATE TEMP VIEW {quote_name(name)} AS SELECT * EXCLUDE (_file) "
                f"FROM {quote_name('raw_' + name)}"
            )
        workspace.lock()
        typed = ", ".join(f'"{name}" {SQL_TYPES[role]}' for name, role in COLUMNS.items())
        workspace.run(
            f"CREATE TEMP TABLE all_events (_source VARCHAR, _file INTEGER, _row BIGINT, {typed}, "
            "_amount DECIMAL(38, 6), _margin DECIMAL(38, 6), _day DATE)"
        )
        for table in self._tables:
            _Making(self, table, workspace, books, zone, limit).run()
        reading.resolve_ids(workspace, books, rows=False)
        join_days(workspace)
        reading.finish_events(workspace, books)
        if not books.read:
            raise SourceError(f"{self.name}: the table has no rows")
        return EventTable(workspace, books, self.observes, self.perspective, declared=True)

    def _bind(self, paths: Any) -> dict[str, Any]:
        """Which files, or which frame, each table and lookup is read from."""
        sources = self.sources
        if isinstance(paths, MappingType) and set(paths) & set(sources):
            unknown = set(paths) - set(sources)
            if unknown:
                raise MappingError(
                    f"{self.name}: no table is called {', '.join(sorted(unknown))}; "
                    f"they are {', '.join(sources)}"
                )
            bound = dict(paths)
        elif paths is not None and _files.is_frame(paths):
            bound = {self._tables[0].name: paths}
        elif paths is None:
            bound = {
                name: _files.expand(self._folder / pattern) for name, pattern in sources.items()
            }
        else:
            given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
            folders = [Path(p) for p in given if os.path.isdir(p)]
            files = (
                _files.expand([p for p in given if not os.path.isdir(p)])
                if len(folders) < len(given)
                else []
            )
            bound = {}
            for name, pattern in sources.items():
                here = [f for f in files if fits(f, pattern)]
                for folder in folders:
                    here += [
                        str(folder / entry)
                        for entry in sorted(os.listdir(folder))
                        if fits(entry, pattern)
                    ]
                if here:
                    bound[name] = here
            spare = [f for f in files if not any(f in got for got in bound.values())]
            only = self._tables[0].name
            if spare and len(self._tables) == 1 and only not in bound:
                bound[only], spare = spare, []
            elif spare and len(self._tables) == 1:
                bound[only] = [*bound[only], *spare]
                spare = []
            if spare:
                raise MappingError(
                    f"{self.name}: {', '.join(spare)} fits none of its tables: "
                    + ", ".join(f"{name} ({pattern})" for name, pattern in sources.items())
                )
            beside = {os.path.dirname(f) for f in files} | {str(f) for f in folders}
            for name, pattern in self._lookups.items():
                if name not in bound:
                    bound[name] = [
                        os.path.join(folder, entry)
                        for folder in sorted(beside)
                        for entry in sorted(os.listdir(folder or "."))
                        if fits(entry, pattern)
                    ]
        for name, pattern in sources.items():
            if name not in bound or (isinstance(bound[name], list) and not bound[name]):
                raise MappingError(
                    f"{self.name}: table {name} was not given: a file whose name fits {pattern!r}"
                )
        return bound


def sql_of(key: str, value: Any) -> str:
    """The SQL of a value in a mapping: numbers and the words of a column stand for themselves."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if value in WORDS.get(key, ()) or (key == "currency" and re.fullmatch("[A-Z]{3}", value)):
        return quote_text(value)
    return str(value)


def fits(path: str, pattern: str) -> bool:
    """Whether the name of a file fits a table's ``source``, whatever its form and compression."""
    name, wanted = os.path.basename(path).lower(), os.path.basename(pattern).lower()
    endings = r"(\.(csv|tsv|txt|psv|parquet|pq|json|jsonl|ndjson))?(\.(gz|zst))?$"
    return fnmatch.fnmatch(name, wanted) or fnmatch.fnmatch(
        re.sub(endings, "", name), re.sub(endings, "", wanted)
    )


def load(
    workspace: Workspace, name: str, given: Any, table: TableRule | None, max_line: int
) -> None:
    """Load the files or the frame of a table or lookup."""
    if _files.is_frame(given):
        _files.load_frame(workspace, name, given)
        return
    null = table.null if table else ("NULL",)
    encoding = table.encoding if table else None
    _files.load_files(workspace, name, _files.expand(given), null, encoding, max_line)


def column_type(declared: str) -> tuple[str, str | None] | None:
    """A declared column type and its form: ("timestamp", "%d/%m/%Y"), or None where it is not known."""
    match = re.fullmatch(
        r"(text|integer|number|boolean|timestamptz|decimal(?:\(\d+ *, *\d+\))?)|(date|timestamp)(?: +(.+))?",
        declared.strip(),
    )
    return (match[1] or match[2], match[3]) if match else None


def typed_column(column: str, sql_type: str, declared: str, decimal: str) -> tuple[str, str]:
    """SQL that reads a column as declared, NULL where it does not fit, and the code of what does not."""
    kind, form = column_type(declared) or ("text", None)
    text = f"trim(CAST({column} AS VARCHAR))"
    is_text = sql_type == "VARCHAR"
    if kind == "text":
        return f"CAST({column} AS VARCHAR)", "bad_text"
    if kind == "integer":
        whole = f"regexp_full_match({text}, '[+-]?\\d+(\\.0*)?')"
        return f"CASE WHEN {whole} THEN TRY_CAST({text} AS BIGINT) END", "bad_number"
    if kind == "number" or kind.startswith("decimal"):
        plain = text if decimal == "." else f"replace({text}, ',', '.')"
        if decimal == "," and is_text:
            plain = f"CASE WHEN contains({text}, '.') THEN NULL ELSE {plain} END"
        target = "DOUBLE" if kind == "number" else "DECIMAL(18, 6)" if kind == "decimal" else kind
        fit = f"regexp_full_match({plain}, '{_sql.PLAIN_NUMBER}')"
        return f"CASE WHEN {fit} THEN TRY_CAST({plain} AS {target}) END", "bad_number"
    if kind == "boolean":
        flag = _sql.flag_sql(f"CAST({column} AS VARCHAR)", "VARCHAR")
        return (flag or ("", ""))[0], "bad_flag"
    if not is_text:
        target = {"date": "DATE", "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMPTZ"}[kind]
        return f"TRY_CAST({column} AS {target})", "bad_time"
    if kind == "timestamptz":
        whole = f"regexp_full_match(upper({text}), '{_sql.ISO_DATE}[T ]{_sql.ISO_CLOCK}{_sql.ISO_OFFSET}')"
        return f"CASE WHEN {whole} THEN TRY_CAST(upper({text}) AS TIMESTAMPTZ) END", "bad_time"
    if form:
        moment = f"try_strptime({text}, {quote_text(form)})"
    else:
        whole = f"regexp_full_match(upper({text}), '{_sql.ISO_DATE}([T ]{_sql.ISO_CLOCK})?')"
        moment = f"CASE WHEN {whole} THEN TRY_CAST({text} AS TIMESTAMP) END"
    if kind == "date":
        moment = f"CASE WHEN {moment} = date_trunc('day', {moment}) THEN CAST({moment} AS DATE) END"
    return moment, "bad_time"


def join_days(workspace: Workspace) -> None:
    """Join the purchases that carry a day to one per relationship, day, role and currency, stamped with the first."""
    if not workspace.one("SELECT count(_day) FROM all_events"):
        workspace.run("ALTER TABLE all_events DROP COLUMN _day")
        return
    keep = {"relationship", "kind", "currency", "role", "side"}
    shown = []
    for name, role in COLUMNS.items():
        if name in keep:
            shown.append(f'"{name}"')
        elif name == "time":
            shown.append("min(time) AS time")
        elif role == "number":
            shown.append(f'CAST(sum(CAST("{name}" AS DECIMAL(38, 6))) AS DOUBLE) AS "{name}"')
        elif name == "event_id":
            shown.append("CASE WHEN count(*) = 1 THEN min(event_id) END AS event_id")
        else:
            shown.append(
                f'min_by("{name}", (time, "{name}")) FILTER ("{name}" IS NOT NULL) AS "{name}"'
            )
    groups = ", ".join(f'"{name}"' for name in sorted(keep))
    workspace.run(
        f"""CREATE TEMP TABLE day_events AS
        SELECT min(_source) AS _source, CAST(min_by(_file, (_source, _row)) AS INTEGER) AS _file,
            min_by(_row, (_source, _row)) AS _row, {", ".join(shown)},
            CAST(sum(_amount) AS DECIMAL(38, 6)) AS _amount, CAST(sum(_margin) AS DECIMAL(38, 6)) AS _margin
        FROM all_events WHERE _day IS NOT NULL GROUP BY _day, {groups}"""
    )
    workspace.run("DELETE FROM all_events WHERE _day IS NOT NULL")
    workspace.run("ALTER TABLE all_events DROP COLUMN _day")
    workspace.run("INSERT INTO all_events BY NAME SELECT * FROM day_events")
    workspace.run("DROP TABLE day_events")


class _Making:
    """The making of events from one table; each step is one method and leaves tables for the next."""

    def __init__(
        self,
        mapping: Mapping,
        table: TableRule,
        workspace: Workspace,
        books: Books,
        zone: str | None,
        limit: int | None,
    ) -> None:
        self.mapping = mapping
        self.table = table
        self.workspace = workspace
        self.books = books
        self.zone = zone
        self.limit = limit
        self.raw = quote_name("raw_" + table.name)
        self.declared: dict[str, str] = {}
        #: Columns that rules may name, by their names in lower case.
        self.names: dict[str, str] = {}

    def run(self) -> None:
        """Read, sort out, make the events and close the books of this table."""
        self.sort_out()
        for rule in self.table.events:
            self.make(rule)
        self.close()

    # --- errors that name the rule

    def try_run(self, sql: str, key: str, given: str) -> None:
        try:
            self.workspace.run(sql)
        except self.workspace.duckdb.Error as error:
            self.blame(error, key, given)

    def blame(self, error: Exception, key: str, given: str) -> None:
        message = plain_error(error).rstrip(".") + "."
        where = f"{self.mapping.name}: "
        if len(self.mapping._tables) > 1:
            where += f"table {self.table.name}, "
        columns = [c for c in self.workspace.describe(self.raw) if c != "_file"]
        hint = ""
        if re.search(
            r"No function matches|explicit type cast|Could not (choose|convert)|Cannot (compare|mix)",
            message,
        ):
            hint = (
                ' Columns of text files are text: declare the type, as in columns = { amount = "decimal", '
                'ordered = "timestamp" }.'
            )
        elif "must appear in the GROUP BY" in message:
            hint = " A rule with `by` makes one event from several rows: say which, with min(), max(), sum() …"
        raise MappingError(
            f"{where}{key} = {given!r}: the SQL does not run: {message}{hint} "
            f"Columns of the table: {', '.join(columns)}."
        ) from error

    def named(self, sql: str) -> str:
        """SQL of an expression; what is the very name of a column means that column, whatever its letters."""
        name = self.names.get(sql.strip().lower())
        return quote_name(name) if name else f"({sql})"

    # --- rows

    def sort_out(self) -> None:
        """Type the rows and give those that no event may use their fate, in the table ``base``."""
        w, table = self.workspace, self.table
        described = w.describe(self.raw)
        described.pop("_file")
        shown, bad = [], []
        self.names = names = {name.lower(): name for name in described}
        for column in table.columns:
            if column.lower() not in names:
                raise MappingError(
                    f"{self.mapping.name}: columns.{column}: the table has no such column"
                    f"{close_to(column, described)}; it has {', '.join(described)}"
                )
        declared = {names[c.lower()]: d for c, d in table.columns.items()}
        for name, sql_type in described.items():
            column = quote_name(name)
            if name in declared:
                value, code = typed_column(column, sql_type, declared[name], table.decimal)
                shown.append(f"{value} AS {column}")
                filled = f"{column} IS NOT NULL"
                if sql_type == "VARCHAR":
                    filled = f"trim({column}) <> ''"
                bad.append((name, code, f"{filled} AND ({value}) IS NULL"))
            else:
                shown.append(column)
        self.declared = declared
        unread = " ".join(f"WHEN {when} THEN {quote_text(name)}" for name, _, when in bad)
        unread = f"CASE {unread} END" if bad else "CAST(NULL AS VARCHAR)"
        w.run("DROP VIEW IF EXISTS source")
        w.run("DROP VIEW IF EXISTS typed")
        w.run(
            f"CREATE TEMP VIEW typed AS SELECT rowid AS _row, _file, {unread} AS _unread, "
            f"{', '.join(shown)} FROM {self.raw}"
        )
        known = "CAST(NULL AS BIGINT)"
        self.check_known_at()
        if table.known_at and self.limit is not None:
            known = self.known_sql
        later = f"({known}) > {self.limit}" if self.limit is not None else "false"
        w.run(
            f"CREATE TEMP VIEW source AS SELECT * EXCLUDE (_file, _unread) FROM typed "
            f"WHERE coalesce(NOT ({later}), true)"
        )
        if table.name != "source":
            w.run(f"CREATE OR REPLACE TEMP VIEW {quote_name(table.name)} AS SELECT * FROM source")
        for view, sql in table.with_sql.items():
            self.try_run(
                f"CREATE OR REPLACE TEMP TABLE {quote_name(view)} AS {sql}", f"with.{view}", sql
            )
        origin = table.from_sql or "source"
        self.try_run(
            f"CREATE OR REPLACE TEMP TABLE joined AS SELECT * FROM {origin}", "from", origin
        )
        if "_row" not in w.describe("joined"):
            self.mapping._fail("from", origin, "a join that begins with source")
        total, distinct = w.rows("SELECT count(*), count(DISTINCT _row) FROM joined")[0]
        if total != distinct:
            raise MappingError(
                f"{self.mapping.name}: from = {origin!r}: the join makes {total:,} rows of {distinct:,} source rows; "
                "join to a table that has one row for each key (GROUP BY in `with`)"
            )
        self.place_fates()

    def check_known_at(self) -> None:
        self.known_sql = ""
        given = self.table.known_at
        if not given:
            return
        try:
            sql_type = self.workspace.describe(f"(SELECT {self.named(given)} AS t FROM typed)")["t"]
        except self.workspace.duckdb.Error as error:
            self.blame(error, "known_at", given)
            return
        read = self.time(self.named(given), sql_type, False, "known_at", "typed", given)
        self.known_sql = read.value

    def place_fates(self) -> None:
        """Give each row its identity and, where a rule says so, its fate before any event."""
        w, table = self.workspace, self.table
        self.names = {n.lower(): n for n in w.describe("joined") if n != "_row"}
        identity = self.named(table.relationship)
        try:
            sql_type = w.describe(f"(SELECT {identity} AS r FROM joined)")["r"]
        except w.duckdb.Error as error:
            self.blame(error, "relationship", table.relationship)
            return
        ident = _sql.id_sql(identity, sql_type)
        if ident is None:
            raise MappingError(
                f"{self.mapping.name}: relationship = {table.relationship!r} has the type {sql_type}, "
                "which cannot hold an identifier"
            )
        cases = []
        for nth, (when, code) in enumerate(table.reject, 1):
            self.check_condition(when, f"reject {nth}, when")
            cases.append(f"WHEN ({when}) THEN {quote_text('a' + code)}")
        for nth, (when, why) in enumerate(table.skip, 1):
            self.check_condition(when, f"skip {nth}, when")
            cases.append(f"WHEN ({when}) THEN {quote_text('s' + why)}")
        cases.append("WHEN u._unread IS NOT NULL THEN 'u'")
        if self.known_sql:
            cases.append("WHEN u._known IS NULL THEN 'k'")
        cases.append(f"WHEN _unfit THEN {quote_text('abad_relationship')}")
        cases.append(f"WHEN _relationship IS NULL THEN {quote_text('amissing_relationship')}")
        known = self.known_sql or "0"
        self.try_run(
            f"""CREATE OR REPLACE TEMP TABLE base AS
            SELECT *, CASE {" ".join(cases)} END AS _fate
            FROM (SELECT *, {ident[0]} AS _relationship, coalesce({ident[1]}, false) AS _unfit FROM joined) j
            JOIN (SELECT _row, _file, _unread, {known} AS _known FROM typed) u USING (_row)""",
            "relationship",
            table.relationship,
        )
        w.run("DROP TABLE joined")
        w.run(
            "CREATE OR REPLACE TEMP TABLE fates "
            '(_row BIGINT, rank TINYINT, code VARCHAR, "column" VARCHAR, raw VARCHAR)'
        )
        w.run(
            "CREATE OR REPLACE TEMP TABLE bad_events (_row BIGINT, _file INTEGER, relationship VARCHAR, "
            'kind VARCHAR, code VARCHAR, "column" VARCHAR, raw VARCHAR)'
        )

    def check_condition(self, when: str, key: str) -> None:
        """Blame a condition that does not run by itself, so that the message names it."""
        self.try_run(f"SELECT count(*) FROM joined WHERE ({when})", key, when)

    def time(
        self, expression: str, sql_type: str, end: bool, key: str, relation: str, given: str
    ) -> _sql.TimeSql:
        """How to read a time of the mapping; raises where its type is none or a zone is missing."""
        read = _sql.time_sql(expression, sql_type, self.zone, end)
        if read is None:
            raise MappingError(
                f"{self.mapping.name}: {key} = {given!r} has the type {sql_type}, which cannot hold a time; "
                'declare the column, as in columns = { ordered = "timestamp" }'
            )
        if self.zone is None and read.naive != "false":
            naive = self.workspace.rows(
                f"SELECT CAST({expression} AS VARCHAR) FROM {relation} WHERE {read.naive} LIMIT 1"
            )
            if naive:
                raise ZoneError(
                    f"{self.mapping.name}: {key} = {given!r} gives times without a zone, such as {naive[0][0]!r}. "
                    'State their zone: timezone = "Europe/London" in the mapping, or --zone (zone=… in Python).'
                )
        return read

    # --- events

    def make(self, rule: EventRule) -> None:
        """Make the events of one rule and note which rows they use."""
        w = self.workspace
        self.try_run(
            f"SELECT count(*) FROM base WHERE ({rule.when})", f"{rule.place}, when", rule.when
        )
        by = [self.named(sql) for sql in rule.by]
        given = {**self.table.common, **rule.values}
        values = {key: self.named(sql) for key, sql in given.items()}
        if by:
            for key in self.table.common:
                literal = re.fullmatch(r"'[^']*'", self.table.common[key])
                if key not in rule.values and not literal:
                    values[key] = f"min({values[key]})"
        listed = "".join(f', {sql} AS "{key}"' for key, sql in values.items())
        keys = "".join(f", {sql} AS _k{n}" for n, sql in enumerate(by))
        chosen = f"FROM base WHERE _fate IS NULL AND coalesce(({rule.when}), false)"
        groups = ", ".join(["_relationship", *by])
        if by:
            made = (
                f"SELECT _relationship{keys}, min(_row) AS _row, min_by(_file, _row) AS _file{listed} "
                f"{chosen} GROUP BY {groups}"
            )
        else:
            made = f"SELECT _relationship, _row, _file{listed} {chosen}"
        try:
            w.run(f"CREATE OR REPLACE TEMP TABLE made AS {made}")
        except w.duckdb.Error as error:
            self.find_culprit(rule, values, f"{chosen} GROUP BY {groups}" if by else chosen, error)
        self.read_values(rule, given)
        if by:
            pairs = " AND ".join(
                ["c._relationship = m._relationship"]
                + [f"c._k{n} IS NOT DISTINCT FROM m._k{n}" for n in range(len(rule.by))]
            )
            source = f"(SELECT _row, _relationship{keys} {chosen}) c JOIN judged m ON {pairs}"
            row = "c._row"
        else:
            source, row = "judged m", "m._row"
        w.run(f"INSERT INTO fates SELECT {row}, m._rank, m._code, m._column, m._raw FROM {source}")
        w.run(
            f"""INSERT INTO bad_events SELECT _row, _file, _relationship, {quote_text(rule.kind)}, _code,
            _column, _raw FROM judged WHERE _rank = 1"""
        )
        self.books.events_after_as_of += int(w.one("SELECT count(*) FROM judged WHERE _rank = 3"))
        day = "CAST(NULL AS DATE)"
        if rule.per_day:
            day = f"CAST(timezone({quote_text(self.zone or 'UTC')}, to_timestamp(time)) AS DATE)"
        columns = "".join(f', "{key}"' for key in values if key not in ("amount", "margin"))
        money = "".join(f", _{key}" for key in ("amount", "margin") if key in values)
        w.run(
            f"""INSERT INTO all_events BY NAME
            SELECT {quote_text(self.table.name)} AS _source, _file, _row, _relationship AS relationship,
                {quote_text(rule.kind)} AS kind{columns}{money}, {day} AS _day
            FROM judged WHERE _rank = 0"""
        )
        if by and {"DOUBLE", "FLOAT"} & {self.made_types.get(key) for key in ("amount", "margin")}:
            self.books.notes.append(
                f"{rule.place} sums money in floating point, whose last digits depend on the order of rows; "
                "declare the column decimal."
            )

    def find_culprit(
        self, rule: EventRule, values: dict[str, str], chosen: str, error: Exception
    ) -> None:
        """Find the expression of a rule that does not run and blame it; else blame the rule as a whole."""
        for sql in rule.by:
            self.try_run(f"SELECT {self.named(sql)} FROM base", f"{rule.place}, by", sql)
        for key, sql in values.items():
            given = rule.values.get(key, self.table.common.get(key, sql))
            self.try_run(f"SELECT {sql} AS v {chosen}", f"{rule.place}, {key}", given)
        self.blame(error, rule.place, rule.kind)

    def read_values(self, rule: EventRule, given: dict[str, str]) -> None:
        """Bring what a rule made into the form of event columns, with a rank: 0 fit, 1 unfit, 3 later, 4 no time."""
        w = self.workspace
        self.made_types = types = w.describe("made")
        shown, codes, raws = [], [], []
        bad_time = "false"
        for key, stated in given.items():
            column, sql_type = quote_name(key), types[key]
            role = COLUMNS[key]
            if role in ("start", "end"):
                time = self.time(
                    column, sql_type, role == "end", f"{rule.place}, {key}", "made", stated
                )
                value, code = time.value, f"CASE WHEN {time.unreadable} THEN 'bad_time' END"
                if key == "time":
                    bad_time = f"coalesce({time.unreadable}, false)"
            elif key in ("amount", "margin"):
                value, code = self.money(column, sql_type, rule, key, stated)
                shown.append(f'{value} AS "_{key}"')
            else:
                try:
                    value, code = reading.column_sql(key, role, column, sql_type, self.zone, "", [])
                except SourceError:
                    raise MappingError(
                        f"{self.mapping.name}: {rule.place}, {key} = {stated!r} has the type {sql_type}, "
                        f"which cannot hold what {key} needs"
                    ) from None
            if key not in ("amount", "margin"):
                shown.append(f"{value} AS {column}")
            codes.append((key, code))
            raws.append(f"WHEN {quote_text(key)} THEN left(CAST({column} AS VARCHAR), {RAW_SHOWN})")
        later = f"_time > {self.limit}" if self.limit is not None else "false"
        unfit = _sql.Codes(codes)
        time_value = next(text for text in shown if text.endswith(' AS "time"')).removesuffix(
            ' AS "time"'
        )
        keys = "".join(f", _k{n}" for n in range(len(rule.by)))
        w.run(
            f"""CREATE OR REPLACE TEMP TABLE judged AS
            SELECT * EXCLUDE ({unfit.hidden}, _bad_time, _time, _fed),
                CASE WHEN _rank = 1 THEN {unfit.first} END AS _code,
                CASE WHEN _rank = 1 THEN {unfit.at} END AS _column,
                CASE WHEN _rank = 1 THEN CASE {unfit.at} {" ".join(r.replace("CAST(", "CAST(_fed.") for r in raws)}
                    END END AS _raw
            FROM (SELECT *, CAST(CASE WHEN _bad_time THEN 1 WHEN _time IS NULL THEN 4 WHEN {later} THEN 3
                    WHEN {unfit.first} IS NOT NULL THEN 1 ELSE 0 END AS TINYINT) AS _rank
                FROM (SELECT _relationship, _row, _file{keys}, {", ".join(shown)}, {unfit.columns},
                    {bad_time} AS _bad_time, {time_value} AS _time, made AS _fed FROM made))"""
        )

    def money(
        self, column: str, sql_type: str, rule: EventRule, key: str, given: str
    ) -> tuple[str, str]:
        """SQL for money as DECIMAL with six digits after the point, so that sums do not depend on the order."""
        target = "DECIMAL(38, 6)"
        value = f"TRY_CAST({column} AS {target})"
        if sql_type in ("FLOAT", "DOUBLE"):
            return (
                f"CASE WHEN isfinite({column}) THEN {value} END",
                f"CASE WHEN NOT isfinite({column}) THEN 'not_finite' WHEN {column} IS NOT NULL AND {value} IS NULL "
                "THEN 'too_large' END",
            )
        if sql_type in _sql.INTEGERS or sql_type.startswith("DECIMAL"):
            return value, f"CASE WHEN {column} IS NOT NULL AND {value} IS NULL THEN 'too_large' END"
        if sql_type == "VARCHAR":
            number = _sql.number_sql(column, sql_type)
            code = (number or ("", "NULL"))[1]
            return f"CASE WHEN ({code}) IS NULL THEN TRY_CAST(trim({column}) AS {target}) END", code
        raise MappingError(
            f"{self.mapping.name}: {rule.place}, {key} = {given!r} has the type {sql_type}, which cannot hold money"
        )

    # --- books

    def close(self) -> None:
        """Give every row its one fate and write the rejects."""
        w, books, name = self.workspace, self.books, self.table.name
        total = int(w.one(f"SELECT count(*) FROM {self.raw}"))
        lost = _files.lost_lines(w, name)
        books.read += total + sum(lost.values())
        columns = ", ".join(quote_name(c) for c in w.describe(self.raw))
        books.repeats += total - int(
            w.one(f"SELECT count(DISTINCT hash({columns})) FROM {self.raw}")
        )
        for code, rows in lost.items():
            books.count("set_aside", code, rows)
        later = "false"
        if self.known_sql and self.limit is not None:
            later = f"coalesce(({self.known_sql}) > {self.limit}, false)"
        codes = {
            column: typed_column("x", "VARCHAR", d, ".")[1] for column, d in self.declared.items()
        }
        unread = " ".join(f"WHEN {quote_text(c)} THEN '{code}'" for c, code in codes.items())
        unread_code = f"CASE b._unread {unread} END" if codes else "'bad_value'"
        relationship, known = (
            quote_text(self.table.relationship),
            quote_text(self.table.known_at or ""),
        )
        w.run(
            f"""CREATE OR REPLACE TEMP TABLE ends AS
            WITH best AS (
                SELECT _row, min({{'rank': rank, 'code': code, 'column': "column", 'raw': raw}}) AS fate
                FROM fates GROUP BY _row)
            SELECT t._row, t._file, b._relationship AS relationship,
                CASE WHEN t.later THEN 'safter_as_of'
                    WHEN b._row IS NULL THEN 'aunmatched'
                    WHEN b._fate = 'u' THEN 'a' || {unread_code}
                    WHEN b._fate = 'k' THEN 'abad_time'
                    WHEN b._fate IS NOT NULL THEN b._fate
                    WHEN e.fate IS NULL THEN 'aunmapped'
                    WHEN e.fate.rank = 0 THEN 'x'
                    WHEN e.fate.rank = 1 THEN 'a' || e.fate.code
                    WHEN e.fate.rank = 3 THEN 'safter_as_of'
                    ELSE 'amissing_time' END AS fate,
                CASE WHEN b._fate = 'u' THEN b._unread
                    WHEN b._fate = 'k' THEN {known}
                    WHEN b._fate IN ('amissing_relationship', 'abad_relationship') THEN {relationship}
                    WHEN b._fate IS NULL AND e.fate.rank = 1 THEN e.fate."column"
                    WHEN b._fate IS NULL AND e.fate.rank = 4 THEN 'time' END AS "column",
                CASE WHEN b._fate IS NULL AND e.fate.rank = 1 THEN e.fate.raw END AS raw
            FROM (SELECT _row, _file, {later} AS later FROM typed) t
            LEFT JOIN base b ON b._row = t._row LEFT JOIN best e ON e._row = t._row"""
        )
        for fate, rows in w.rows("SELECT fate, count(*) FROM ends GROUP BY fate ORDER BY fate"):
            if fate == "x":
                books.scored += int(rows)
            else:
                books.count("skipped" if fate[0] == "s" else "set_aside", fate[1:], rows)
        raws = " ".join(
            f"WHEN {quote_text(c)} THEN left(CAST(r.{quote_name(c)} AS VARCHAR), {RAW_SHOWN})"
            for c in self.declared
        )
        raw = f'coalesce(e.raw, CASE e."column" {raws} END)' if raws else "e.raw"
        files = f"files f ON f.source = {quote_text(name)} AND f._file = e._file"
        w.run(
            f"""INSERT INTO rejects
            SELECT {quote_text(name)}, e._file, f.path, {w.record_number("e._row", "f")}, e."column",
                e.fate[2:], {raw}, e.relationship, NULL, false
            FROM ends e JOIN {self.raw} r ON r.rowid = e._row JOIN {files}
            WHERE e.fate[1] = 'a'"""
        )
        w.run(
            """CREATE OR REPLACE TEMP TABLE unmade AS SELECT v.* FROM bad_events v
            JOIN ends e ON e._row = v._row AND e.fate = 'x'"""
        )
        for code, events in w.rows("SELECT code, count(*) FROM unmade GROUP BY code"):
            books.count("events_set_aside", code, events)
        w.run(
            f"""INSERT INTO rejects
            SELECT {quote_text(name)}, e._file, f.path, {w.record_number("e._row", "f")}, e."column", e.code,
                e.raw, e.relationship, e.kind, false
            FROM unmade e JOIN {files}"""
        )
        for table in ("ends", "unmade", "fates", "bad_events", "base", "made", "judged"):
            w.run(f"DROP TABLE IF EXISTS {table}")
        for view in ("source", "typed", name):
            w.run(f"DROP VIEW IF EXISTS {quote_name(view)}")
        w.run(f"DROP TABLE {self.raw}")
