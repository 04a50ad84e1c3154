# SPDX-License-Identifier: MIT
"""Results into files: Parquet and CSV, written aside, synced and renamed, stamped with what they rest on.

Parquet carries version, as-of date and policy fingerprints in its key-value metadata. A CSV file has no place for
them, so its metadata go beside it, into ``NAME.csv-metadata.json`` after the W3C recommendation "CSV on the Web": the
same stamps, name, type and meaning of every column, and the hash of the file that they belong to.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loyalty._files import Workspace, aside_of, plain_error, quote_name, quote_text, written_aside
from loyalty._sql import safe_sql
from loyalty.portfolio import ResultStream

__all__ = ["metadata_path", "write_result"]

CSVW_TYPES = {
    "number": "double",
    "integer": "integer",
    "time": "dateTimeStamp",
    "text": "string",
    "flag": "boolean",
}


def metadata_path(path: Path) -> Path:
    """Where the metadata of a CSV file lie."""
    return path.with_name(path.name + "-metadata.json")


def write_result(
    result: Any,
    described: list[tuple[str, str, str]],
    metadata: Mapping[str, str],
    target: str,
    spreadsheet_safe: bool = False,
    key: str | list[str] = "relationship",
    threads: int | None = None,
) -> None:
    """Write a result to `target`: a .parquet or .csv file, or "-" for CSV on standard output.

    `result` is a result, whose columns DuckDB reads where they lie, or NumPy columns by name. `key` names the columns
    that tell rows apart. Times are UTC; what is absent is null, in CSV empty. With `spreadsheet_safe`, text in CSV that
    a spreadsheet would run as a formula is written with an apostrophe before it. DuckDB writes on at most `threads`.
    """
    parquet = target != "-" and Path(target).suffix == ".parquet"
    workspace = Workspace(threads=threads)
    shown = [
        f"{cell(name, kind, parquet, spreadsheet_safe)} AS {quote_name(name)}"
        for name, kind, _ in described
    ]
    if parquet:
        pairs = ", ".join(
            f"{quote_text(key)}: {quote_text(value)}" for key, value in metadata.items()
        )
        form = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, KV_METADATA {{{pairs}}}"
    else:
        form = "FORMAT csv, HEADER"
    form += ", USE_TMP_FILE false"
    by_column = isinstance(result, Mapping)

    def copy(table: str, made: Path) -> None:
        columns = ", ".join(shown)
        workspace.run(f"COPY (SELECT {columns} FROM {table}) TO {quote_text(str(made))} ({form})")

    def make(made: Path) -> None:
        if by_column:
            typed = ", ".join(
                f"{typed_sql(name, kind)} AS {quote_name(name)}" for name, kind, _ in described
            )
            with workspace.columns("result", result):
                copy(f"(SELECT {typed} FROM result)", made)
            return
        batched = result if isinstance(result, ResultStream) else _Batches(result)
        workspace.con.register("result", batched)
        copy("result", made)
        workspace.con.unregister("result")

    if target == "-":
        made = Path(workspace.directory, "result")
        make(made)
        with open(made, "rb") as source:
            shutil.copyfileobj(source, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        path = Path(target)
        rows = len(next(iter(result.values())) if by_column else result)
        with written_aside(path):
            try:
                make(aside_of(path))
            except workspace.duckdb.IOException as error:
                raise OSError(
                    errno.EIO, f"cannot be written: {plain_error(error)}", target
                ) from None
            document = None if parquet else csv_metadata(path, described, metadata, rows, key)
        if document is not None:
            with written_aside(metadata_path(path)) as file:
                file.write(document.encode())
    workspace.close()


class _Batches:
    """A result in batches, so that DuckDB holds one at a time in its own form."""

    ROWS = 16_384

    def __init__(self, result: Any) -> None:
        self._result = result

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._result.arrow_stream(self.ROWS)


def typed_sql(name: str, kind: str) -> str:
    """SQL that gives a NumPy column the type and the nulls that a result's own stream has."""
    column = quote_name(name)
    if kind == "number":
        return f"CASE WHEN NOT isnan(CAST({column} AS DOUBLE)) THEN CAST({column} AS DOUBLE) END"
    if kind == "time":
        return f"timezone('UTC', CAST({column} AS TIMESTAMP))"
    sql_type = {"flag": "BOOLEAN", "integer": "BIGINT"}.get(kind, "VARCHAR")
    return f"CAST({column} AS {sql_type})"


def cell(name: str, kind: str, parquet: bool, spreadsheet_safe: bool) -> str:
    """SQL for a column of the result."""
    column = quote_name(name)
    if parquet:
        return column
    if kind == "time":
        return f"strftime(timezone('UTC', {column}), '%Y-%m-%dT%H:%M:%SZ')"
    if kind == "text" and spreadsheet_safe:
        return safe_sql(column)
    return column


def csv_metadata(
    path: Path,
    described: list[tuple[str, str, str]],
    metadata: Mapping[str, str],
    rows: int,
    key: str | list[str],
) -> str:
    """The metadata of a CSV file that is about to take its place."""
    digest = hashlib.sha256()
    with open(aside_of(path), "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": path.name,
        "notes": [{**metadata, "rows": rows, "sha256": digest.hexdigest()}],
        "tableSchema": {
            "primaryKey": key,
            "columns": [
                {
                    "name": name,
                    "datatype": CSVW_TYPES.get(kind, "string"),
                    "dc:description": meaning,
                }
                for name, kind, meaning in described
            ],
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
