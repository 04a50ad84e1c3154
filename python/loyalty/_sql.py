# SPDX-License-Identifier: MIT
"""SQL for DuckDB that reads times, numbers, identifiers and flags strictly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty._dates import ISO_DATE

ISO_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?"
ISO_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)"
PLAIN_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"


class SourceError(ValueError):
    """A file cannot be read as a whole: absent, empty, truncated, of an unknown type, or without a needed column."""


def quote_name(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


class Codes:
    """SQL that finds the first unfit column of a row: `codes` are names and SQL of a code, NULL where it is fit."""

    def __init__(self, codes: Sequence[tuple[str, str]]) -> None:
        places = range(len(codes))
        #: Columns to select beside the others, in the inner query.
        self.columns = ", ".join(f"{code} AS _c{i}" for i, (_, code) in enumerate(codes))
        #: Their names, to leave out of what comes of it.
        self.hidden = ", ".join(f"_c{i}" for i in places)
        #: The code of the first unfit column, in the outer query.
        self.first = f"coalesce({self.hidden})"
        found = " ".join(
            f"WHEN _c{i} IS NOT NULL THEN {quote_text(name)}" for i, (name, _) in enumerate(codes)
        )
        #: The name of that column.
        self.at = f"CASE {found} END"


def seconds_of(timestamp: str) -> str:
    """SQL for the UTC second in which a TIMESTAMPTZ, or a TIMESTAMP in UTC, lies."""
    us = f"epoch_us({timestamp})"
    return f"(({us} - (({us} % 1000000) + 1000000) % 1000000) // 1000000)"


@dataclass(frozen=True)
class TimeSql:
    """SQL that reads a time from an expression."""

    value: str  #: UTC seconds, NULL where absent or unreadable
    naive: str  #: whether the value carries no zone
    unreadable: str  #: whether the value is there but no time


def in_zone(timestamp: str, zone: str | None) -> str:
    """SQL that places a naive TIMESTAMP in `zone` and yields something for `seconds_of`."""
    return (
        timestamp if zone in (None, "UTC") else f"timezone({quote_text(zone or '')}, {timestamp})"
    )


def time_sql(expression: str, sql_type: str, zone: str | None, end_of_day: bool) -> TimeSql | None:
    """How to read a time from `expression` of `sql_type`; None where the type cannot hold a time."""
    late = " + INTERVAL 86399 SECOND" if end_of_day else ""
    sql_type = sql_type.upper()
    if sql_type == "DATE":
        value = seconds_of(in_zone(f"(CAST({expression} AS TIMESTAMP){late})", zone))
        fine = f"isfinite({expression})"
        return TimeSql(
            f"CASE WHEN {fine} THEN {value} END", f"{expression} IS NOT NULL", f"NOT {fine}"
        )
    if sql_type in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"):
        fine = f"isfinite({expression})"
        value = f"CASE WHEN {fine} THEN {seconds_of(expression)} END"
        return TimeSql(value, "false", f"NOT {fine}")
    if sql_type.startswith("TIMESTAMP"):
        plain = f"CAST({expression} AS TIMESTAMP)"
        fine = f"isfinite({plain})"
        value = f"CASE WHEN {fine} THEN {seconds_of(in_zone(plain, zone))} END"
        return TimeSql(value, f"{expression} IS NOT NULL", f"NOT {fine}")
    if sql_type in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UINTEGER"):
        return TimeSql(f"CAST({expression} AS BIGINT)", "false", "false")
    if sql_type == "VARCHAR":
        text = f"upper(trim({expression}))"
        form = f"{ISO_DATE}([T ]{ISO_CLOCK}{ISO_OFFSET}?)?"
        whole = f"regexp_full_match({text}, '{form}')"
        day = f"length({text}) = 10"
        zoned = f"regexp_matches({text}, ':[0-9.]+{ISO_OFFSET}$')"
        start = in_zone(f"(TRY_CAST({text} AS TIMESTAMP){late})", zone)
        moment = in_zone(f"TRY_CAST({text} AS TIMESTAMP)", zone)
        value = (
            f"CASE WHEN NOT {whole} THEN NULL WHEN {day} THEN {seconds_of(start)} "
            f"WHEN {zoned} THEN {seconds_of(f'TRY_CAST({text} AS TIMESTAMPTZ)')} "
            f"ELSE {seconds_of(moment)} END"
        )
        read = f"CASE WHEN {whole} THEN TRY_CAST({text} AS TIMESTAMP) END"
        absent = f"({expression} IS NULL OR {text} = '')"
        return TimeSql(
            value,
            f"NOT {absent} AND {whole} AND NOT {zoned}",
            f"NOT {absent} AND ({read}) IS NULL",
        )
    return None


INTEGERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)


def id_sql(expression: str, sql_type: str) -> tuple[str, str] | None:
    """SQL for an identifier and for whether it is unfit; None where the type cannot hold one.

    Text is taken byte for byte, integers and integral floats become decimal text, other floats are unfit.
    """
    sql_type = sql_type.upper()
    if sql_type == "VARCHAR" or sql_type.startswith("ENUM"):
        return f"nullif(CAST({expression} AS VARCHAR), '')", "false"
    if sql_type in INTEGERS or sql_type == "UUID":
        return f"CAST({expression} AS VARCHAR)", "false"
    if sql_type in ("FLOAT", "DOUBLE"):
        fit = f"(isfinite({expression}) AND {expression} = trunc({expression}) AND abs({expression}) < 1e15)"
        value = f"CASE WHEN {fit} THEN CAST(CAST({expression} AS BIGINT) AS VARCHAR) END"
        return value, f"{expression} IS NOT NULL AND NOT {fit}"
    if sql_type.startswith("DECIMAL"):
        fit = f"{expression} = trunc({expression})"
        return (
            f"CASE WHEN {fit} THEN CAST(CAST({expression} AS HUGEINT) AS VARCHAR) END",
            f"NOT ({fit})",
        )
    return None


def number_sql(expression: str, sql_type: str) -> tuple[str, str] | None:
    """SQL for a DOUBLE and for the code of what is no number; None where the type cannot hold one."""
    sql_type = sql_type.upper()
    if sql_type in INTEGERS or sql_type.startswith("DECIMAL"):
        return f"CAST({expression} AS DOUBLE)", "NULL"
    if sql_type in ("FLOAT", "DOUBLE"):
        value = f"CAST({expression} AS DOUBLE)"
        return (
            f"CASE WHEN isfinite({expression}) THEN {value} END",
            f"CASE WHEN NOT isfinite({expression}) THEN 'not_finite' END",
        )
    if sql_type == "VARCHAR":
        text = f"trim({expression})"
        value = f"TRY_CAST({text} AS DOUBLE)"
        plain = f"regexp_full_match({text}, '{PLAIN_NUMBER}')"
        odd = f"regexp_full_match(lower({text}), '[+-]?(nan|inf|infinity)')"
        return (
            f"CASE WHEN {plain} AND isfinite({value}) THEN {value} END",
            f"CASE WHEN {expression} IS NULL OR {text} = '' THEN NULL WHEN {odd} THEN 'not_finite' "
            f"WHEN NOT {plain} THEN 'bad_number' WHEN {value} IS NULL OR NOT isfinite({value}) "
            "THEN 'not_finite' END",
        )
    return None


def flag_sql(expression: str, sql_type: str) -> tuple[str, str] | None:
    """SQL for a BOOLEAN and for whether the value is unfit; None where the type cannot hold one."""
    sql_type = sql_type.upper()
    if sql_type == "BOOLEAN":
        return expression, "false"
    if sql_type in INTEGERS:
        return (
            f"CASE {expression} WHEN 1 THEN true WHEN 0 THEN false END",
            f"{expression} NOT IN (0, 1)",
        )
    if sql_type == "VARCHAR":
        text = f"lower(trim({expression}))"
        value = (
            f"CASE WHEN {text} IN ('true', 't', 'yes', 'y', '1') THEN true "
            f"WHEN {text} IN ('false', 'f', 'no', 'n', '0') THEN false END"
        )
        return value, f"{text} <> '' AND ({value}) IS NULL"
    return None


def safe_sql(column: str) -> str:
    """SQL for a text as a spreadsheet can open it: what would run as a formula gets an apostrophe before it."""
    risky = f"regexp_matches({column}, '^[=+@\\t\\r-]')"
    return f"CASE WHEN {risky} THEN concat('''', {column}) ELSE {column} END"
