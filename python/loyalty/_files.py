# SPDX-License-Identifier: MIT
"""A private DuckDB database in which files and frames are read; what cannot be split into fields is kept apart."""

from __future__ import annotations

import contextlib
import errno
import glob
import gzip
import os
import re
import shutil
import tempfile
import time
import weakref
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from loyalty._sql import SourceError, quote_name, quote_text

if TYPE_CHECKING:
    import duckdb

DEFAULT_MAX_LINE = 2 * 1024 * 1024
MOST_THREADS = 1024
RAW_SHOWN = 200  # characters of a raw value that are kept with a reject
LOST_CODES = {
    "MISSING COLUMNS": "too_few_fields",
    "TOO MANY COLUMNS": "too_many_fields",
    "UNQUOTED VALUE": "bad_quotes",
    "LINE SIZE OVER MAXIMUM": "line_too_long",
    "INVALID ENCODING": "bad_encoding",
    "INVALID UNICODE": "bad_encoding",
}


class OptionError(ValueError):
    """A limit for reading is none: names it, the value given and what is allowed."""


def need_duckdb() -> Any:
    """Import DuckDB or say how to install it."""
    try:
        import duckdb
    except ImportError as error:
        raise ImportError(
            "Reading event files and mappings needs DuckDB: pip install 'loyalty[command]'"
        ) from error
    return duckdb


def plain_error(error: Exception) -> str:
    """DuckDB's message without its picture of the statement."""
    lines = []
    for line in str(error).splitlines():
        if re.match(
            r"\s*(LINE \d+:|Original Line:|Candidate functions:|Possible (solutions|fixes):)", line
        ):
            break
        if line.strip():
            lines.append(line.strip())
    text = " ".join(lines)
    return text if len(text) <= 600 else text[:600] + " …"


#: Folders younger than this may not have been locked yet.
UNLOCKED_SECONDS = 60


def lock_folder(folder: str | os.PathLike[str]) -> int | None:
    """A handle that holds a folder for this process as long as it is open; None where another holds it."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def forget_killed() -> None:
    """Remove the folders that killed runs of this user left: nobody holds them."""
    if os.name != "posix":
        return
    for left in Path(tempfile.gettempdir()).glob("loyalty-duckdb-*"):
        with contextlib.suppress(OSError):  # gone by now, or not ours to touch
            about = left.lstat()
            if about.st_uid != os.geteuid() or time.time() - about.st_mtime < UNLOCKED_SECONDS:
                continue
            handle = lock_folder(left)
            if handle is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(handle)


class Workspace:
    """A private DuckDB database in which one call reads, types and sorts; it spills to a directory of its own."""

    def __init__(self, memory: str | None = None, threads: int | None = None) -> None:
        self.duckdb = need_duckdb()
        forget_killed()
        self.directory = tempfile.mkdtemp(prefix="loyalty-duckdb-")
        held = lock_folder(self.directory) if os.name == "posix" else None
        self.con: duckdb.DuckDBPyConnection = self.duckdb.connect()
        self._finalizer = weakref.finalize(self, self._clean, self.con, self.directory, held)
        self.run(f"SET temp_directory = {quote_text(self.directory)}")
        self.run("SET TimeZone = 'UTC'")
        self.run("SET preserve_insertion_order = true")
        self.run("SET enable_progress_bar = false")
        self._limit(
            "memory", "memory_limit", memory, r"[\d.]+ *[KMGT]i?B", "a size such as 500MB or 4GB"
        )
        self._limit("threads", "threads", threads, r"\d{1,4}", f"1 .. {MOST_THREADS}")
        self.run(
            "CREATE TEMP TABLE files (source VARCHAR, _file INTEGER, path VARCHAR, base BIGINT)"
        )
        self.run(
            "CREATE TEMP TABLE lost (source VARCHAR, _file INTEGER, record BIGINT, nth BIGINT, "
            '"column" VARCHAR, code VARCHAR, raw VARCHAR)'
        )
        self.run(
            "CREATE TEMP TABLE rejects (source VARCHAR, _file INTEGER, file VARCHAR, row BIGINT, "
            '"column" VARCHAR, code VARCHAR, raw VARCHAR, relationship VARCHAR, kind VARCHAR, refused BOOLEAN)'
        )

    def _limit(
        self, option: str, setting: str, given: str | int | None, form: str, allowed: str
    ) -> None:
        """Set a limit of DuckDB; what is none is an error of the call."""
        if given is None:
            return
        refused = OptionError(f"{option} = {given!r}: allowed is {allowed}")
        if not re.fullmatch(form, str(given), re.IGNORECASE) or (
            option == "threads" and int(given) > MOST_THREADS
        ):
            raise refused
        try:
            self.run(f"SET {setting} = {quote_text(str(given))}")
        except self.duckdb.Error:
            raise refused from None

    @staticmethod
    def _clean(con: duckdb.DuckDBPyConnection, directory: str, held: int | None) -> None:
        con.close()
        shutil.rmtree(directory, ignore_errors=True)
        if held is not None:
            os.close(held)

    def close(self) -> None:
        """Give back memory and disk; also happens by itself when nothing refers to the workspace any more."""
        self._finalizer()

    def run(self, sql: str) -> None:
        """Execute a statement for its effect."""
        self.con.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        """The single value that a query yields."""
        rows = self.rows(sql)
        return rows[0][0] if rows else None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query with a small answer."""
        return self.con.execute(sql).fetchall()

    def fetch(self, sql: str) -> dict[str, np.ndarray]:
        """The columns of a query as NumPy arrays; absent text is None."""
        got = self.con.execute(sql).fetchnumpy()
        columns: dict[str, np.ndarray] = {}
        for name, column in got.items():
            if isinstance(column, np.ma.MaskedArray):
                mask = np.ma.getmaskarray(column)
                column = column.data
                if column.dtype == object and mask.any():
                    column = column.copy()
                    column[mask] = None
            columns[name] = np.asarray(column)
        return columns

    @contextlib.contextmanager
    def columns(self, name: str, columns: Mapping[str, np.ndarray]) -> Iterator[None]:
        """Let queries read NumPy columns under `name`; arrays of objects are text."""
        self.run("SET pandas_analyze_sample = 0")
        self.con.register(name, dict(columns))
        try:
            yield
        finally:
            self.con.unregister(name)
            self.run("RESET pandas_analyze_sample")

    def describe(self, relation: str) -> dict[str, str]:
        """Names and SQL types of the columns of a table, view or query in parentheses."""
        described = self.rows(f"DESCRIBE SELECT * FROM {relation}")
        return {row[0]: row[1] for row in described}

    def lock(self) -> None:
        """Forbid files outside the workspace: from here on only the SQL of a mapping runs, on what was loaded."""
        self.run(f"SET allowed_directories = [{quote_text(self.directory)}]")
        self.run("SET enable_external_access = false")

    def record_number(self, row: str, files: str) -> str:
        """SQL for the record number in its file of a `row` (a rowid), `files` being an alias of the files table.

        Lines that could not be split are not among the rows but do count, so each pushes the later ones on by one.
        """
        nth = f"({row} - {files}.base + 1)"
        return (
            f"{nth} + (SELECT count(*) FROM lost l WHERE l.source = {files}.source "
            f"AND l._file = {files}._file AND l.record - l.nth < {nth})"
        )

    def copy(self, sql: str, path: Path) -> None:
        """Write a query to `path` by its suffix, aside first, then synced and renamed into place."""
        form = "FORMAT parquet" if path.suffix == ".parquet" else "FORMAT csv, HEADER"
        made = Path(self.directory, "out" + path.suffix)
        try:
            self.run(f"COPY ({sql}) TO {quote_text(str(made))} ({form})")
            with written_aside(path) as aside, open(made, "rb") as source:
                shutil.copyfileobj(source, aside)
        finally:
            made.unlink(missing_ok=True)


def aside_of(path: Path) -> Path:
    """The file beside `path` in which what shall take its place is written."""
    return path.with_name(f".{path.name}.part")


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside `path` for writing; when the block succeeds it is synced and takes the place of `path`.

    A reader, or a run killed half-way, meets the old file or the new one, never a part of it. The file beside it is
    `.NAME.part`, which the next run takes over.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "cannot be written: it is a folder", str(path))
    aside = aside_of(path)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(aside, flags, 0o666)
    except OSError as error:
        why = "there is no such folder" if error.errno == errno.ENOENT else error.strerror
        raise OSError(error.errno, f"cannot be written: {why}", str(path)) from None
    with os.fdopen(handle, "wb") as file:
        hold(file, aside, path)
        file.truncate(0)  # what a killed run left
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        if os.name == "posix":  # while it is locked, or another run could take it over
            os.replace(aside, path)
    if os.name != "posix":
        os.replace(aside, path)
        return
    with contextlib.suppress(OSError):  # some file systems do not sync folders
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def hold(file: IO[bytes], aside: Path, path: Path) -> None:
    """Lock a file that is being written; OSError where another run writes it, or has just put it in its place."""
    if os.name != "posix":
        return
    import fcntl

    busy = OSError(errno.EBUSY, "cannot be written: another run is writing it", str(path))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
    if not aside.exists() or not os.path.samestat(os.fstat(file.fileno()), aside.stat()):
        raise busy


COMPRESSED = (".gz", ".zst")
DELIMITED = (".csv", ".tsv", ".txt", ".psv")
JSON = (".json", ".ndjson", ".jsonl")


def form_of(path: str) -> str:
    """The form of a file by its name: delimited, parquet or json."""
    name = path.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    if name.endswith(JSON):
        return "json"
    if name.endswith(DELIMITED):
        return "delimited"
    raise SourceError(
        f"{path}: the name does not say what the file holds; "
        "known are .csv .tsv .txt .parquet .json .jsonl, the text ones also with .gz or .zst"
    )


def expand(paths: Any) -> list[str]:
    """Files named by one or several paths, folders or patterns, sorted and each once; none is an error."""
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not given:
        raise SourceError("no file was given")
    found: list[str] = []
    for item in given:
        name = os.fspath(item)
        if os.path.isdir(name):
            inside = sorted(
                os.path.join(name, entry)
                for entry in os.listdir(name)
                if entry.lower().endswith((*DELIMITED, *JSON, *COMPRESSED, ".parquet", ".pq"))
            )
            if not inside:
                raise SourceError(f"{name}: the folder holds no CSV, Parquet or JSON file")
            found += inside
        elif os.path.exists(name):
            found.append(name)
        elif glob.has_magic(name):
            matches = sorted(glob.glob(name, recursive=True))
            if not matches:
                raise SourceError(f"{name}: no file fits the pattern")
            found += matches
        else:
            raise SourceError(f"{name or repr(name)}: there is no such file")
    return list(dict.fromkeys(found))


def head_of(path: str, limit: int = 64 * 1024) -> bytes:
    """The first whole lines of a text file, `limit` bytes at most."""
    opener: Any = gzip.open if path.lower().endswith(".gz") else open
    with opener(path, "rb") as file:
        head: bytes = file.read(limit)
    cut = head.rfind(b"\n")
    return head[: cut + 1] if cut >= 0 else head


def check_whole(workspace: Workspace, path: str) -> None:
    """Raise SourceError for a gzip file that breaks off, which DuckDB before 2.0 takes for the end of the table."""
    if int(workspace.duckdb.__version__.split(".")[0]) >= 2:
        return
    try:
        with gzip.open(path, "rb") as file:
            while file.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: {whole_file_hint(str(error))}") from error


def sniff(workspace: Workspace, path: str, encoding: str | None) -> tuple[str, list[str]]:
    """The delimiter and the column names of a delimited file with a header line."""
    options = "header = true, quote = '\"', escape = '\"', all_varchar = true"
    if encoding:
        options += f", encoding = {quote_text(encoding)}"
    delimiter = {".tsv": "\t", ".psv": "|"}.get(
        Path(path.lower().removesuffix(".gz").removesuffix(".zst")).suffix
    )
    if delimiter:
        options += f", delim = {quote_text(delimiter)}"
    ask = 'SELECT "Delimiter", "Columns" FROM sniff_csv({}, {})'
    # One broken or endless line among the first rows misleads the sniffer: then it sees the first whole lines alone.
    head = head_of(path)
    sample = Path(workspace.directory, "head.csv")
    error: Exception | None = None
    single: tuple[str, list[str]] | None = None
    for lines in (None, head, head[: head.find(b"\n") + 1]):
        if lines is not None:
            sample.write_bytes(lines)
        try:
            answer = workspace.rows(ask.format(quote_text(str(sample if lines else path)), options))
        except workspace.duckdb.IOException:
            raise
        except workspace.duckdb.Error as caught:
            error = caught
            continue
        if answer:
            names = [column["name"] for column in answer[0][1]]
            if len(names) > 1 or not re.search(r"[,;|\t]", names[0]):
                return answer[0][0], names
            single = single or (answer[0][0], names)
    if single:
        return single
    raise SourceError(f"{path}: no table could be made out: {plain_error(error or ValueError())}")


def load_files(
    workspace: Workspace,
    table: str,
    paths: Sequence[str],
    null: Sequence[str] = (),
    encoding: str | None = None,
    max_line: int = DEFAULT_MAX_LINE,
) -> None:
    """Load files into the table `raw_<table>`, text as text, with the number of the file in ``_file``.

    Lines that cannot be split go to the table ``lost``. A file that is empty, truncated or of another form than its
    name says raises SourceError.
    """
    parts = []
    for number, path in enumerate(paths):
        form = form_of(path)
        if os.path.getsize(path) == 0:
            raise SourceError(f"{path}: the file is empty (0 bytes); is it still being written?")
        if path.lower().endswith(".gz"):
            check_whole(workspace, path)
        if form == "delimited":
            try:
                delimiter, names = sniff(workspace, path, encoding)
            except (workspace.duckdb.Error, OSError, EOFError) as error:
                raise SourceError(f"{path}: {whole_file_hint(plain_error(error))}") from error
            columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in names)
            nulls = ", ".join(quote_text(text) for text in ("", *null))
            coded = f", encoding = {quote_text(encoding)}" if encoding else ""
            scan = (
                f"read_csv({quote_text(path)}, columns = {{{columns}}}, auto_detect = false, header = true, "
                f"delim = {quote_text(delimiter)}, quote = '\"', escape = '\"', nullstr = [{nulls}], "
                f"store_rejects = true, strict_mode = true, max_line_size = {max_line}, "
                f"buffer_size = {max(16 * max_line, 32_000_000)}{coded})"
            )
        elif form == "parquet":
            scan = f"read_parquet({quote_text(path)})"
        else:
            scan = f"read_json_auto({quote_text(path)}, sample_size = -1)"
        parts.append(f"SELECT *, CAST({number} AS INTEGER) AS _file FROM {scan}")
    raw = quote_name("raw_" + table)
    workspace.run("DROP TABLE IF EXISTS reject_errors")
    workspace.run("DROP TABLE IF EXISTS reject_scans")
    try:
        workspace.run(f"CREATE TEMP TABLE {raw} AS " + " UNION ALL BY NAME ".join(parts))
    except workspace.duckdb.Error as error:
        message = plain_error(error)
        culprit = next((p for p in paths if p in str(error)), paths[0] if len(paths) == 1 else "")
        prefix = f"{culprit}: " if culprit else ""
        raise SourceError(prefix + whole_file_hint(message)) from error
    note_files(workspace, table, paths)
    if workspace.one("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'"):
        note_lost_lines(workspace, table, paths)
    if null:
        texts = [
            n
            for n, t in workspace.describe(raw).items()
            if t == "VARCHAR" and any(form_of(p) != "delimited" for p in paths)
        ]
        listed = ", ".join(quote_text(text) for text in null)
        for name in texts:
            column = quote_name(name)
            workspace.run(f"UPDATE {raw} SET {column} = NULL WHERE {column} IN ({listed})")


def view_parquet(workspace: Workspace, table: str, paths: Sequence[str]) -> None:
    """Make `raw_<table>` a view of Parquet files, read again by each query; rows have ``_file`` and ``_row``.

    A file that is empty, truncated or of another form raises SourceError.
    """
    parts = []
    for number, path in enumerate(paths):
        if os.path.getsize(path) == 0:
            raise SourceError(f"{path}: the file is empty (0 bytes); is it still being written?")
        parts.append(
            f"SELECT * EXCLUDE (file_row_number), CAST({number} AS INTEGER) AS _file, file_row_number AS _row "
            f"FROM read_parquet({quote_text(path)}, file_row_number = true)"
        )
    raw = quote_name("raw_" + table)
    try:
        workspace.run(f"CREATE TEMP VIEW {raw} AS " + " UNION ALL BY NAME ".join(parts))
    except workspace.duckdb.Error as error:
        message = plain_error(error)
        culprit = next((p for p in paths if p in str(error)), paths[0] if len(paths) == 1 else "")
        prefix = f"{culprit}: " if culprit else ""
        raise SourceError(prefix + whole_file_hint(message)) from error
    for number, path in enumerate(paths):
        workspace.run(
            f"INSERT INTO files VALUES ({quote_text(table)}, {number}, {quote_text(path)}, 0)"
        )


def load_frame(workspace: Workspace, table: str, frame: Any) -> None:
    """Load a data frame (pandas, polars, pyarrow, a dict of NumPy columns) into the table `raw_<table>`."""
    raw = quote_name("raw_" + table)
    copied = f"CREATE TEMP TABLE {raw} AS SELECT *, CAST(0 AS INTEGER) AS _file FROM _frame"
    try:
        if isinstance(frame, Mapping):
            with workspace.columns("_frame", {n: np.asarray(c) for n, c in frame.items()}):
                workspace.run(copied)
        else:
            workspace.con.register("_frame", frame)
            workspace.run(copied)
            workspace.con.unregister("_frame")
    except workspace.duckdb.Error as error:
        raise SourceError(f"the frame cannot be read: {plain_error(error)}") from error
    note_files(workspace, table, ["<frame>"])


def note_files(workspace: Workspace, table: str, paths: Sequence[str]) -> None:
    """Note each file of `raw_<table>` and the rowid at which its rows begin."""
    raw = quote_name("raw_" + table)
    bases = dict(workspace.rows(f"SELECT _file, min(rowid) FROM {raw} GROUP BY _file"))
    for number, path in enumerate(paths):
        workspace.run(
            f"INSERT INTO files VALUES ({quote_text(table)}, {number}, {quote_text(path)}, "
            f"{bases.get(number, 0)})"
        )


def note_lost_lines(workspace: Workspace, table: str, paths: Sequence[str]) -> None:
    """Move DuckDB's account of broken lines into the table ``lost`` and into the rejects."""
    codes = " ".join(f"WHEN '{kind}' THEN {quote_text(code)}" for kind, code in LOST_CODES.items())
    numbers = ", ".join(f"({quote_text(path)}, {n})" for n, path in enumerate(paths))
    workspace.run(
        f"""INSERT INTO lost
        SELECT {quote_text(table)}, n.number, e.line - 1,
            row_number() OVER (PARTITION BY n.number ORDER BY e.line),
            e.column_name, CASE e.error_type {codes} ELSE 'bad_line' END, left(e.csv_line, {RAW_SHOWN})
        FROM (SELECT scan_id, file_id, line, min(column_name) AS column_name,
                min(CAST(error_type AS VARCHAR)) AS error_type, min(csv_line) AS csv_line
            FROM reject_errors GROUP BY scan_id, file_id, line) e
        JOIN reject_scans s ON s.scan_id = e.scan_id AND s.file_id = e.file_id
        JOIN (VALUES {numbers}) n(path, number) ON n.path = s.file_path"""
    )
    workspace.run(
        f"""INSERT INTO rejects
        SELECT l.source, l._file, f.path, l.record, l."column", l.code, l.raw, NULL, NULL, false
        FROM lost l JOIN files f ON f.source = l.source AND f._file = l._file
        WHERE l.source = {quote_text(table)}"""
    )


def whole_file_hint(message: str) -> str:
    """DuckDB's message with what to do next, for files that break off."""
    if "gzip" in message.lower() or "end-of-stream" in message:
        return f"{message} (the compressed file is broken or breaks off: fetch it again)"
    if "magic bytes" in message or "too small to be a Parquet" in message:
        return f"{message} (not a whole Parquet file: fetch it again)"
    return message


def lost_lines(workspace: Workspace, table: str) -> dict[str, int]:
    """Lines of a source that could not be split, by code."""
    return dict(
        workspace.rows(
            f"SELECT code, count(*) FROM lost WHERE source = {quote_text(table)} GROUP BY code"
        )
    )


def is_frame(paths: Any) -> bool:
    """Whether `paths` is a table rather than names of files."""
    if isinstance(paths, str | os.PathLike):
        return False
    return (
        isinstance(paths, Mapping)
        or hasattr(paths, "columns")
        or hasattr(paths, "__arrow_c_stream__")
    )
