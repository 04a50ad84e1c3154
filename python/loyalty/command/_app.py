# SPDX-License-Identifier: MIT
"""The verbs of the command, their options, and what becomes of errors."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text
from typer.core import TyperCommand

import loyalty
from loyalty import reading
from loyalty._dates import ZoneError, check_zone, instant, time_text
from loyalty._files import MOST_THREADS, OptionError, need_duckdb, plain_error, written_aside
from loyalty._sql import SourceError
from loyalty._states import page, wrapped
from loyalty.command import BAD_CALL, BAD_DATA, DONE, INTERRUPTED, SET_ASIDE, _engine
from loyalty.mapping import MappingError, load_mapping, shipped_mappings
from loyalty.nights import Manifest, Night, NightError, identify, locked
from loyalty.reading import EventTable, read_events

__all__ = ["app", "run"]


class CallError(ValueError):
    """The call is wrong: says which option, what was given, and what is allowed."""


class Verb(TyperCommand):
    """A verb whose help names arguments as documents do: without braces and without the types of Python."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`[OPTIONS] EVENTS... ID`."""
        pieces = [re.sub(r"\{([^{}]+)\}", r"\1", p) for p in super().collect_usage_pieces(ctx)]
        return [piece.replace("[ID]...", "[ID]") for piece in pieces]

    def get_help(self, ctx: Any) -> str:
        """The help; columns stay where they are."""
        return re.sub(r" <[^<>]+>(?=  )", lambda kind: " " * len(kind[0]), super().get_help(ctx))


app = typer.Typer(
    name="loyalty",
    help="Which rung of the loyalty ladder everyone stands on, how well we treat them, and what to do next.",
    epilog="Exit codes: 0 done, 1 the data cannot be used, 2 the call, mapping or policy is wrong, "
    "3 done but rows were set aside (with --strict), 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help and errors, legible in any width and encoding
    context_settings={"help_option_names": ["-h", "--help"]},
)
policy_app = typer.Typer(help="Propose a policy, check one, or compare two.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")


def output_option(what: str) -> Any:
    """The option of the file that a verb writes, with its help."""
    return typer.Option("--output", "-o", metavar="FILE", help=what)


Events = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders or patterns: CSV, Parquet, JSON; CSV and JSON also gzipped.",
        metavar="EVENTS",
    ),
]
AsOf = Annotated[
    str,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="Date of the score: the end of the day, or a time such as 2024-12-31T18:00:00Z.",
    ),
]
MappingName = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        "-m",
        metavar="NAME",
        help="A mapping's file, or the name of one that comes along (loyalty map --list).",
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", "-p", metavar="FILE", help="A policy's TOML file; defaults without."),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--zone", metavar="ZONE", help="Zone of times that carry none, such as Europe/London."
    ),
]
Perspective = Annotated[
    str | None,
    typer.Option(
        "--perspective",
        metavar="us|them",
        help="Whose conduct is judged: us, or them (a supplier's). Default: the policy's.",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Most memory for reading, such as 4GB; more spills to disk.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        help="Threads for reading, folding, assessing and writing; all cores without. No result depends on it.",
        min=1,
        max=MOST_THREADS,
    ),
]
Timings = Annotated[
    bool,
    typer.Option(
        "--timings",
        help="Tell on standard error how long each stage took and how much memory, also where that is no terminal.",
    ),
]
Output = Annotated[
    str | None,
    output_option("Where the scores go: a .parquet or .csv file, or - for CSV on standard output."),
]
RejectsFile = Annotated[
    Path | None,
    typer.Option(
        "--rejects",
        metavar="FILE",
        help="Where the rows that were set aside go (.csv, .parquet): file, row, column, code, raw value.",
    ),
]
MaxRejects = Annotated[
    str | None,
    typer.Option(
        "--max-rejects",
        metavar="N|P%",
        help="Most rows that may be set aside, a count or a share of those read; more, and nothing is replaced.",
    ),
]
ChangesOutput = Annotated[
    str | None,
    output_option(
        "Where the changes go: a .parquet or .csv file, or - for CSV on standard output."
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="End with exit code 3 where rows were set aside.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No report and no progress.")]
SpreadsheetSafe = Annotated[
    bool,
    typer.Option(
        "--spreadsheet-safe",
        help="In CSV, put an apostrophe before text that would run as a formula.",
    ),
]
MaxLine = Annotated[
    int,
    typer.Option(
        "--max-line",
        metavar="BYTES",
        help="Longest line of a text file in bytes; longer ones are set aside.",
        min=1024,
    ),
]


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; what went wrong is said on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what the terminal cannot show must not end the run
            stream.reconfigure(errors="replace")
    try:
        app(args=list(arguments), prog_name="loyalty")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else (DONE if end.code is None else BAD_CALL)
    except KeyboardInterrupt:
        return fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone; nothing more to say, also not when Python closes the stream.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (CallError, MappingError, NightError, ZoneError) as error:
        return fail(str(error), BAD_CALL)
    except (loyalty.PolicyError, OptionError, ImportError) as error:
        return fail(str(error), BAD_CALL)
    except (SourceError, loyalty.Error) as error:
        return fail(str(error), BAD_DATA)
    except duckdb_errors() as error:
        return fail(f"the files cannot be read to the end: {plain_error(error)}", BAD_DATA)
    except MemoryError:
        return fail("there is not enough memory", BAD_DATA)
    except OSError as error:
        return fail(
            f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "), BAD_DATA
        )
    return DONE


def duckdb_errors() -> tuple[type[Exception], ...]:
    """Errors of the reader that nothing foresaw: no memory or disk left, for example."""
    try:
        return (need_duckdb().Error,)
    except ImportError:
        return ()


def fail(message: str, code: int) -> int:
    """Say what went wrong on standard error."""
    print(f"error: {message}", file=sys.stderr)
    return code


def console(stderr: bool) -> Console:
    """Where the report goes: at most 100 columns, 80 where the width is not known."""
    out = Console(stderr=stderr, highlight=False, markup=False)
    if not out.is_terminal:
        return Console(stderr=stderr, highlight=False, markup=False, width=80)
    return Console(stderr=stderr, highlight=False, markup=False, width=min(out.width, 100))


@contextlib.contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str, int | None], Callable[[int], None]]]:
    """Progress on standard error where that is a terminal. Yields a function that begins a stage."""
    screen = Console(stderr=True)
    if quiet or not screen.is_terminal:
        yield lambda _name, _total: lambda _n: None
        return
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        console=screen, transient=True,
    ) as shown:  # fmt: skip
        last: list[Any] = []

        def begin(name: str, total: int | None) -> Callable[[int], None]:
            if last:
                shown.remove_task(last.pop())
            last.append(shown.add_task(name, total=total))
            return lambda n: shown.advance(last[-1], n)

        yield begin


class Clock:
    """Where the time of a run goes, and how much memory it took."""

    def __init__(self) -> None:
        self._begun = self._last = time.perf_counter()
        self._stages: list[tuple[str, float]] = []

    def stage(self, name: str, seconds: float | None = None) -> None:
        """Note the stage that ends now; `seconds` of it where others share the time since the last."""
        now = time.perf_counter()
        took = now - self._last if seconds is None else seconds
        self._last = now if seconds is None else self._last + seconds
        self._stages.append((name, took))

    def tell(self, rows: int, always: bool) -> None:
        """One line on standard error, where that is a terminal or `always`."""
        screen = Console(stderr=True)
        if not (always or screen.is_terminal):
            return
        spent = time.perf_counter() - self._begun
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self._stages)
        line = f"{rows:,} rows in {spent:.1f} s ({parts})"
        if (peak := peak_memory()) is not None:
            line += f", at most {peak / 1e9:.2f} GB of memory"
        if screen.is_terminal:
            screen.print(Padding(Text(line, style="dim"), (0, 0, 0, 2), expand=False))
        else:
            print(line, file=sys.stderr)


def peak_memory() -> int | None:
    """Most memory in bytes that this process has held; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


def as_of_seconds(text: str, zone: str | None) -> int:
    """The as-of date as UTC seconds."""
    check_zone(zone)
    try:
        return instant(text, zone)
    except ValueError as error:
        raise CallError(f"--as-of: {error}") from None


def zone_of_days(mapping: str | None, zone: str | None) -> str | None:
    """The zone in which days end: the one given, else that of the mapping, if any."""
    return zone or (None if mapping is None else load_mapping(mapping).timezone)


def read(
    events: list[str],
    as_of: str | None,
    mapping: str | None,
    zone: str | None,
    limits: dict[str, Any],
) -> tuple[EventTable, str, int | None]:
    """The events of files, through a mapping if one is named; its title; the as-of date in seconds."""
    if mapping is None:
        seconds = None if as_of is None else as_of_seconds(as_of, zone)
        return read_events(events, seconds, zone, **limits), "", seconds
    words = load_mapping(mapping)
    seconds = None if as_of is None else as_of_seconds(as_of, zone or words.timezone)
    return words.events(events, seconds, zone, **limits), words.title, seconds


def folded(
    table: EventTable,
    policy: Path | None,
    perspective: str | None,
    seconds: int,
    advance: Callable[[int], None],
    threads: int = 1,
) -> _engine.Fold:
    """The events folded under the policy of a file or the default one."""
    chosen = chosen_policy(table, policy, perspective)
    return _engine.fold(table, chosen, seconds, advance, threads=threads)


def chosen_policy(
    table: EventTable, policy: Path | None, perspective: str | None, option: str = "--policy = "
) -> loyalty.Policy:
    """The policy of a file or the default one, with the perspective of the option or of the table's mapping."""
    if perspective not in (None, "us", "them"):
        raise CallError(f"--perspective = {perspective!r}: allowed is us or them")
    check_policy(policy, option)
    if perspective is None and table.perspective is not None:
        stated = _engine.perspective_of(policy)
        if stated not in (None, table.perspective):
            raise CallError(
                f"the mapping is made for perspective = {table.perspective!r}, but {policy} states {stated!r}; "
                "say which with --perspective, or leave it out of the policy"
            )
        perspective = table.perspective
    return _engine.load_policy(policy, perspective)


def most_rejects(given: str | None) -> tuple[float, bool] | None:
    """The limit of --max-rejects: a number, and whether it is a share."""
    if given is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", given.strip())
    if not found or (not found[2] and "." in found[1]) or (found[2] and float(found[1]) > 100):
        raise CallError(
            f"--max-rejects = {given!r}: allowed is a count such as 100, or a share such as 0.5%"
        )
    return (float(found[1]) / 100, True) if found[2] else (float(found[1]), False)


def refuse_too_many(
    table: EventTable,
    most: tuple[float, bool] | None,
    given: str | None,
    rejects: Path | None,
    spreadsheet_safe: bool,
) -> None:
    """End where more rows were set aside than --max-rejects allows; their file is still written, and nothing else."""
    if most is None:
        return
    limit = most[0] * table.books.read if most[1] else most[0]
    aside = len(table.rejects)
    if aside <= limit:
        return
    where = " --rejects FILE would list them."
    if rejects is not None:
        table.rejects.write(rejects, spreadsheet_safe)
        where = f" They are in {rejects}."
    share = 100 * aside / max(1, table.books.read)
    raise SourceError(
        f"{aside:,} of {table.books.read:,} rows were set aside ({share:.3g} %), more than --max-rejects {given}; "
        f"nothing was replaced.{where}"
    )


def check_policy(path: Path | None, option: str = "") -> None:
    """Refuse a policy that is no file."""
    if path is not None and not path.exists():
        raise CallError(f"{option}{str(path)!r}: there is no such file")
    if path is not None and path.is_dir():
        raise CallError(f"{option}{str(path)!r}: a folder, not a policy's file")


@app.command(cls=Verb, short_help="Score every relationship as of a date.")
def score(
    events: Events,
    as_of: AsOf,
    mapping: MappingName = None,
    policy: PolicyFile = None,
    output: Output = None,
    rejects: RejectsFile = None,
    max_rejects: MaxRejects = None,
    zone: Zone = None,
    perspective: Perspective = None,
    strict: Strict = False,
    quiet: Quiet = False,
    spreadsheet_safe: SpreadsheetSafe = False,
    max_line: MaxLine = reading.DEFAULT_MAX_LINE,
    memory: Memory = None,
    threads: Threads = None,
    timings: Timings = False,
) -> None:
    """Score every relationship of a log as of a date.

    Rows after the date are counted and not used. Times without a zone need --zone. The report goes to standard output,
    or to standard error when the scores go there (-o -).
    """
    check_target(output, "--output", allow_dash=True)
    check_target(None if rejects is None else str(rejects), "--rejects", allow_dash=False)
    most = most_rejects(max_rejects)
    limits = {"max_line": max_line, "memory": memory, "threads": threads}
    clock = Clock()
    with progress(quiet) as begin:
        begin("reading", None)
        table, title, seconds = read(events, as_of, mapping, zone, limits)
        if seconds is None:
            raise CallError("--as-of is missing")
        clock.stage("looking through")
        work = folded(
            table, policy, perspective, seconds, begin("folding", len(table)), threads or 0
        )
        clock.stage("decoding", work.decoding)
        clock.stage("folding")
        refuse_too_many(table, most, max_rejects, rejects, spreadsheet_safe)
        begin("assessing", None)
        scores = work.assess(seconds)
        metadata = scores.stream.metadata
        written = []
        if output is not None:
            begin("writing", None)
            from loyalty.command import _output

            _output.write_result(
                scores.stream,
                _engine.columns_of(),
                metadata,
                output,
                spreadsheet_safe,
                threads=threads,
            )
            if output != "-":
                written.append(f"scores: {output}")
        if rejects is not None:
            table.rejects.write(rejects, spreadsheet_safe)
            written.append(f"rows set aside: {rejects}")
        _ = scores.counts
        clock.stage("assessing", scores.stream._core.seconds)
        clock.stage("writing")
    if not quiet:
        from loyalty.command._report import print_report

        print_report(
            console(stderr=output == "-"), scores, work.policy.labels, seconds, table.books,
            work.books, mapping is not None, metadata, title, work.perspective, written,
        )  # fmt: skip
    if timings or not quiet:
        clock.tell(table.books.read, timings)
    if strict and len(table.rejects):
        raise typer.Exit(SET_ASIDE)


@app.command(cls=Verb, short_help="Apply what is new to a portfolio that lives in a file.")
def update(
    portfolio: Annotated[
        Path,
        typer.Argument(help="The portfolio's file; made where there is none.", metavar="PORTFOLIO"),
    ],
    as_of: AsOf,
    events: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders or patterns with new rows; those applied before are recognised.",
            metavar="EVENTS",
        ),
    ] = None,
    mapping: MappingName = None,
    policy: PolicyFile = None,
    output: Output = None,
    rejects: RejectsFile = None,
    max_rejects: MaxRejects = None,
    zone: Zone = None,
    perspective: Perspective = None,
    rebase: Annotated[
        str | None,
        typer.Option(
            "--rebase",
            metavar="DATE",
            help="Move the landmark first, so that later dates can be assessed.",
        ),
    ] = None,
    forget: Annotated[
        list[str] | None,
        typer.Option(
            "--forget",
            metavar="ID",
            help="Erase a relationship and all that is kept of it; may be repeated.",
        ),
    ] = None,
    strict: Strict = False,
    quiet: Quiet = False,
    spreadsheet_safe: SpreadsheetSafe = False,
    max_line: MaxLine = reading.DEFAULT_MAX_LINE,
    memory: Memory = None,
    threads: Threads = None,
    timings: Timings = False,
) -> None:
    """Apply what is new to a portfolio that lives in a file, and score everybody as of a date.

    Files that were applied before, whatever they are called now, change nothing. All files must end by the date. The
    portfolio is replaced in one step, before the scores are written: a run that was killed is simply run again.
    """
    check_target(output, "--output", allow_dash=True)
    check_target(None if rejects is None else str(rejects), "--rejects", allow_dash=False)
    if portfolio.suffix in (".parquet", ".csv"):
        raise CallError(
            f"PORTFOLIO = {str(portfolio)!r}: a table's name; portfolios are named such as base.loyalty"
        )
    most = most_rejects(max_rejects)
    limits = {"max_line": max_line, "memory": memory, "threads": threads}
    title = ""
    table = tonight = None
    written = []
    clock = Clock()
    with progress(quiet) as begin, locked(portfolio):
        begin("reading", None)
        exists = portfolio.exists()
        chosen = None if policy is None else policy_of_file(policy)
        live = loyalty.Portfolio.load(portfolio, chosen, threads=threads or 0) if exists else None
        manifest = Manifest.parse(live.manifest, str(portfolio)) if live else Manifest()
        seconds = as_of_seconds(as_of, zone or mapping_zone(mapping))
        if manifest.newest is not None and seconds < manifest.newest:
            raise CallError(
                f"--as-of: {portfolio} stands as of {manifest.as_of}; an earlier date needs a fold of its own "
                "(loyalty score)"
            )
        given = identify(reading.expand(events), manifest) if events else []
        fresh, again = manifest.new(given)
        changed = not exists
        if live is not None and rebase is not None:
            moved = {"from": time_text(live.landmark), "as_of": manifest.as_of or ""}
            live.rebase(as_of_seconds(rebase, zone))
            moved["to"] = time_text(live.landmark)
            if moved["to"] != moved["from"]:
                manifest.rebased.append(moved)
                changed = True
        if fresh:
            paths = {
                one.sha256: path for one, path in zip(given, reading.expand(events), strict=True)
            }
            table, title, _ = read(
                [paths[one.sha256] for one in fresh], as_of, mapping, zone, limits
            )
            if table.books.events_after_as_of:
                raise NightError(
                    f"{table.books.events_after_as_of:,} events lie after --as-of {as_of} and would be lost, since "
                    "a file is applied once: give a later date, or files that end by this one"
                )
            if live is None:
                chosen = chosen_policy(table, policy, perspective)
                live = _engine.empty_portfolio(table, chosen, seconds, threads or 0)
            elif manifest.newest is not None:
                live.mark(manifest.newest)
            before = live.books
            clock.stage("looking through")
            decoding = _engine.fold_into(live, table, begin("folding", len(table)))
            clock.stage("decoding", decoding)
            clock.stage("folding")
            refuse_too_many(table, most, max_rejects, rejects, spreadsheet_safe)
            tonight = live.books.since(before)
            manifest.nights.append(
                Night(
                    time_text(seconds), table.books.read, tonight.scored, len(table.rejects), fresh
                )
            )
            changed = True
        if live is None:
            raise CallError(
                f"{portfolio}: there is no such portfolio yet, and no EVENTS to make it from"
            )
        gone = live.forget(*forget) if forget else 0
        manifest.forgotten += gone
        changed = changed or gone > 0
        if time_text(seconds) != manifest.as_of and (changed or manifest.as_of is None):
            manifest.as_of = time_text(seconds)
        scores = _engine.Scores(live, seconds)
        if changed:
            begin("saving", None)
            live.save(portfolio, manifest.text(live))
            written.append(f"portfolio: {portfolio}")
        clock.stage("saving")
        if output is not None:
            begin("writing", None)
            from loyalty.command import _output

            _output.write_result(
                scores.stream,
                _engine.columns_of(),
                scores.stream.metadata,
                output,
                spreadsheet_safe,
                threads=threads,
            )
            if output != "-":
                written.append(f"scores: {output}")
        if rejects is not None and table is not None:
            table.rejects.write(rejects, spreadsheet_safe)
            written.append(f"rows set aside: {rejects}")
        _ = scores.counts
        clock.stage("assessing", scores.stream._core.seconds)
        clock.stage("writing")
    if not quiet:
        from loyalty.command._report import night_lines, print_report

        screen = console(stderr=output == "-")
        print_report(
            screen, scores, live.policy.labels, seconds, table.books if table else None,
            tonight, mapping is not None, scores.stream.metadata, title,
            _engine.Fold(live, live.policy).perspective, [*night_lines(manifest, fresh, again, gone), *written],
        )  # fmt: skip
    if timings or not quiet:
        clock.tell(table.books.read if table else 0, timings)
    if strict and table is not None and len(table.rejects):
        raise typer.Exit(SET_ASIDE)


def policy_of_file(path: Path) -> Any:
    """The policy of a file that is there."""
    check_policy(path, "--policy = ")
    return loyalty.Policy.load(path)


def mapping_zone(mapping: str | None) -> str | None:
    """The zone of a mapping's times, where one is named."""
    return None if mapping is None else load_mapping(mapping).timezone


def check_target(
    target: str | None,
    option: str,
    allow_dash: bool,
    kinds: tuple[str, ...] = (".parquet", ".csv"),
) -> None:
    """Refuse an output that could not be written before any work is done."""
    if target is None or (target == "-" and allow_dash):
        return
    path = Path(target)
    if path.suffix not in kinds:
        raise CallError(
            f"{option} = {target!r}: a name that ends in {' or '.join(kinds)}"
            + (", or -" if allow_dash else "")
        )
    if not path.parent.is_dir():
        raise CallError(f"{option} = {target!r}: there is no folder {path.parent}")


@app.command(cls=Verb, short_help="Explain one relationship in words.")
def explain(
    events: Events,
    relationship: Annotated[
        str, typer.Argument(help="The identifier of the relationship.", metavar="ID")
    ],
    as_of: AsOf,
    mapping: MappingName = None,
    policy: PolicyFile = None,
    zone: Zone = None,
    perspective: Perspective = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Explain where one relationship stands and why, what to do next, and what comes if nothing happens."""
    with progress(quiet) as begin:
        begin("reading", None)
        table, _, seconds = read(events, as_of, mapping, zone, {})
        if seconds is None:
            raise CallError("--as-of is missing")
        work = folded(table, policy, perspective, seconds, begin("folding", len(table)))
    if relationship not in work:
        near = table.near(relationship)
        hint = f"; close to it: {', '.join(near)}" if near else ""
        raise SourceError(
            f"there is no relationship {relationship!r} among the events until that date{hint}"
        )
    print(work.explain(relationship, seconds).rstrip("\n"))


@app.command(cls=Verb, short_help="Look back: rungs over time, or one relationship.")
def history(
    events: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders or patterns, as for score; then, where one relationship is asked for, its identifier.",
            metavar="EVENTS... [ID]",
        ),
    ],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="Last date: the end of the day, or a time. Default: the day of the newest row.",
        ),
    ] = None,
    dates: Annotated[
        str | None,
        typer.Option(
            "--dates",
            metavar="week|month|quarter|D1,D2",
            help="Dates to look at: ends of periods, or dates with commas between. Default: months and the last date.",
        ),
    ] = None,
    mapping: MappingName = None,
    policy: PolicyFile = None,
    output: Annotated[
        str | None,
        output_option(
            "Where rung, quality and parameters of everybody on each date go: a .parquet or .csv file."
        ),
    ] = None,
    tape: Annotated[
        str | None,
        typer.Option(
            "--tape",
            metavar="FILE",
            help="Where every change of rung goes, exact to the second: a .parquet or .csv file.",
        ),
    ] = None,
    zone: Zone = None,
    perspective: Perspective = None,
    quiet: Quiet = False,
    spreadsheet_safe: SpreadsheetSafe = False,
    memory: Memory = None,
    threads: Threads = None,
) -> None:
    """Look back on a log: how many stood on each rung over time and who moved, or the past of one relationship.

    Rungs are followed to the second: climbs in the seconds of events, falls dated exactly. Whatever was taken back is
    absent from all of the past. A last argument that names no file is an identifier.
    """
    check_target(output, "--output", allow_dash=False)
    check_target(tape, "--tape", allow_dash=False)
    relationship = None
    if len(events) > 1 and not names_files(events[-1]):
        *events, relationship = events
    with progress(quiet) as begin:
        begin("reading", None)
        limits = {"memory": memory, "threads": threads}
        table, title, seconds = read(events, as_of, mapping, zone, limits)
        zone = zone_of_days(mapping, zone)
        if not len(table):
            raise SourceError(
                "there are no events to look back on" + (" until that date" if as_of else "")
            )
        if relationship is not None and relationship not in _engine.identifiers(table):
            near = table.near(relationship)
            hint = f"; close to it: {', '.join(near)}" if near else ""
            raise SourceError(
                f"{relationship!r} is neither a file nor a relationship among the events{hint}"
            )
        begin("following", None)
        judged = chosen_policy(table, policy, perspective)
        try:
            past = _engine.history(table, judged, seconds, spoken_dates(dates), zone)
        except (loyalty.LimitError, loyalty.MismatchError, loyalty.PolicyError):
            raise
        except ValueError as error:  # a date that is none, or lies where one cannot look
            raise CallError(f"history: {str(error).removeprefix('history: ')}") from None
        written = []
        if output is not None or tape is not None:
            begin("writing", None)
            from loyalty import histories
            from loyalty.command import _output

            for target, columns, described, key in (
                (output, past.snapshots, histories.SNAPSHOT_COLUMNS, ["date", "relationship"]),
                (tape, past.tape, histories.TAPE_COLUMNS, ["relationship", "time", "to_rung"]),
            ):
                if target is not None:
                    _output.write_result(
                        columns("dict"),
                        list(described),
                        past.metadata,
                        target,
                        spreadsheet_safe,
                        key,
                        threads,
                    )
            if output is not None:
                written.append(f"snapshots: {output}")
            if tape is not None:
                written.append(f"tape: {tape}")
    if quiet:
        return
    out = console(stderr=False)
    if relationship is not None:
        blocks = (out.encoding or "").lower().startswith("utf")
        print(past[relationship].strip(max(out.width, 80), blocks).rstrip("\n"))
        for line in written:
            print(line)
        return
    from loyalty.command._report import print_history

    print_history(out, past, table.books, mapping is not None, title, written)


def names_files(text: str) -> bool:
    """Whether an argument is a file, a folder or a pattern rather than an identifier."""
    return Path(text).exists() or any(mark in text for mark in "*?[") or "://" in text


def spoken_dates(text: str | None) -> Any:
    """What --dates says: a period, or dates with commas between."""
    if text is None or "," not in text:
        return text
    return [part.strip() for part in text.split(",") if part.strip()]


@app.command(cls=Verb, short_help="Forecast how many will stand on each rung.")
def forecast(
    events: Events,
    as_of: AsOf,
    months: Annotated[
        int, typer.Option("--months", metavar="N", help="How far ahead.", min=1, max=600)
    ] = 12,
    lapse_after: Annotated[
        float | None,
        typer.Option(
            "--lapse-after",
            metavar="CYCLES",
            help="Tell those apart who have not bought for so many purchase cycles: lapsed, whatever their rung.",
        ),
    ] = None,
    mapping: MappingName = None,
    policy: PolicyFile = None,
    output: Annotated[
        str | None,
        output_option(
            "Where the mix of every month goes: a .parquet or .csv file, or - for CSV on standard output."
        ),
    ] = None,
    zone: Zone = None,
    perspective: Perspective = None,
    quiet: Quiet = False,
    memory: Memory = None,
    threads: Threads = None,
) -> None:
    """Forecast how many of today's relationships will stand on each rung in the months ahead.

    Moves from one end of month to the next are counted, with what they leave unknown; nobody who is to come is in the
    forecast. Beside it stands the mix that mere purchases would give.
    """
    check_target(output, "--output", allow_dash=True)
    if lapse_after is not None and not 0 < lapse_after <= 1e6:
        raise CallError(f"--lapse-after {lapse_after:g}: allowed is a number above 0, such as 4")
    with progress(quiet) as begin:
        begin("reading", None)
        limits = {"memory": memory, "threads": threads}
        table, title, seconds = read(events, as_of, mapping, zone, limits)
        zone = zone_of_days(mapping, zone)
        if not len(table):
            raise SourceError("there are no events to learn from until that date")
        begin("following", None)
        judged = chosen_policy(table, policy, perspective)
        past = _engine.history(table, judged, seconds, [], zone)
        begin("forecasting", None)
        try:
            ahead = _engine.forecast(past, months, lapse_after)
        except ValueError as error:
            raise SourceError(str(error)) from None
        if output is not None:
            from loyalty.command import _output

            begin("writing", None)
            _output.write_result(
                ahead.mix.to_frame("dict"),
                list(ahead.mix.COLUMNS),
                ahead.mix.metadata,
                output,
                False,
                ["period", "state"],
                threads,
            )
    if quiet:
        return
    from loyalty.command._report import print_forecast

    written = [] if output in (None, "-") else [f"forecast: {output}"]
    print_forecast(console(stderr=output == "-"), past, ahead, title, written)


@app.command(cls=Verb, short_help="Value every relationship: now, in prospect, and by rung.")
def value(
    events: Events,
    as_of: AsOf,
    horizon_years: Annotated[
        float,
        typer.Option("--horizon-years", metavar="YEARS", help="How far ahead, of 365 days each."),
    ] = 3,
    rate: Annotated[
        float, typer.Option("--rate", metavar="SHARE", help="Discount rate a year: 0.1 for 10 %.")
    ] = 0.1,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            metavar="SHARE",
            help="Part of a purchase's value that is margin. Default: what the log's margins say.",
        ),
    ] = None,
    mapping: MappingName = None,
    policy: PolicyFile = None,
    output: Annotated[
        str | None,
        output_option(
            "Where the values go: a .parquet or .csv file, or - for CSV on standard output."
        ),
    ] = None,
    zone: Zone = None,
    perspective: Perspective = None,
    quiet: Quiet = False,
    spreadsheet_safe: SpreadsheetSafe = False,
    memory: Memory = None,
    threads: Threads = None,
) -> None:
    """Tell which relationships cost more than they return, now and in prospect, and what those on each rung are worth.

    A third answer beside rung and quality, and part of neither. Now: margin and cost to serve a year. In prospect: what
    models of purchases and spend, fitted to the log, expect until the horizon, with its uncertainty.
    """
    check_target(output, "--output", allow_dash=True)
    if not 0 < horizon_years <= 1000:
        raise CallError(f"--horizon-years {horizon_years:g}: allowed is above 0, at most 1000")
    if not 0 < rate <= 100:
        raise CallError(f"--rate {rate:g}: allowed is a share above 0, such as 0.1 for 10 % a year")
    if margin is not None and not 0 < margin <= 1:
        raise CallError(f"--margin {margin:g}: allowed is a share above 0 and at most 1")
    with progress(quiet) as begin:
        begin("reading", None)
        limits = {"memory": memory, "threads": threads}
        table, title, seconds = read(events, as_of, mapping, zone, limits)
        zone = zone_of_days(mapping, zone)
        if seconds is None:
            raise CallError("--as-of is missing")
        if not len(table):
            raise SourceError("there are no events to learn from until that date")
        begin("valuing", None)
        judged = chosen_policy(table, policy, perspective)
        options = {"margin": margin, "horizon": loyalty.purchase.years(horizon_years)}
        discount = loyalty.DiscountRate(rate, per="year")
        try:
            found = _engine.value(table, judged, seconds, options, discount, zone)
        except ValueError as error:
            raise SourceError(str(error)) from None
        if output is not None:
            from loyalty.command import _output

            begin("writing", None)
            _output.write_result(
                found.each.to_frame("dict"),
                list(found.each.COLUMNS),
                found.each.metadata,
                output,
                spreadsheet_safe,
                threads=threads,
            )
    if quiet:
        return
    report = [*([title] if title else []), found.each.summary()]
    if found.by_rung is None:
        report.append(page("No value by rung", wrapped(found.why)))
    else:
        report.append(found.by_rung.summary())
    if len(table.rejects):
        aside = f"{len(table.rejects):,} rows were set aside"
        report.append(f"{aside}; loyalty score --rejects FILE lists them.")
    if output not in (None, "-"):
        report.append(f"values: {output}")
    print("\n".join(report), file=sys.stderr if output == "-" else sys.stdout)


@app.command("map", cls=Verb, short_help="Guess a mapping for a table.")
def map_command(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="A table: orders, invoices, tickets, deliveries.", metavar="FILE"),
    ] = None,
    output: Annotated[
        Path | None,
        output_option("Where the mapping goes; standard output without."),
    ] = None,
    zone: Zone = None,
    shipped: Annotated[
        bool, typer.Option("--list", help="List the mappings that come with the package.")
    ] = False,
) -> None:
    """Guess a mapping from the columns of a table, and show what it would do.

    A mapping is a TOML file: source, relationship, timezone, columns, reject, skip and event rules in SQL. The
    mapping goes to standard output, the explanation to standard error.
    """
    if shipped:
        for name, title in shipped_mappings().items():
            print(f"{name:24}{title}")
        return
    if not files:
        raise CallError("map: name a table, or --list the mappings that come with the package")
    from loyalty.guess import GuessError, guess_mapping

    check_zone(zone)
    try:
        guess = guess_mapping(files, zone)
    except GuessError as error:
        raise SourceError(str(error)) from None
    out = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    if output is None:
        print(guess.toml, end="")
    else:
        with written_aside(output) as file:
            file.write(guess.toml.encode())
    out.print(guess.explanation)
    if guess.toml:
        shown = str(output) if output else "mapping.toml"
        out.print(f"\nThen: loyalty score {' '.join(files)} --mapping {shown} --as-of DATE")


@app.command(cls=Verb, short_help="Learn a policy from a log.")
def fit(
    events: Events,
    as_of: AsOf,
    output: Annotated[
        str | None,
        output_option("Where the learned policy goes, a TOML file, or - for standard output."),
    ] = None,
    mapping: MappingName = None,
    policy: PolicyFile = None,
    hold_out: Annotated[
        str | None,
        typer.Option(
            "--hold-out",
            metavar="DATE",
            help="Also try what is learned until this date on what came later.",
        ),
    ] = None,
    learn: Annotated[
        list[str] | None,
        typer.Option(
            "--learn",
            metavar="WHAT",
            help="priors, half_lives or purchase_cycle; may be given several times. Default: all.",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full/--brief", help="Every key, or what differs from the defaults."),
    ] = False,
    zone: Zone = None,
    perspective: Perspective = None,
    quiet: Quiet = False,
    memory: Memory = None,
    threads: Threads = None,
) -> None:
    """Learn a policy from a log: priors of each role, half-lives, the purchase cycle.

    Learning starts from --policy. What the data do not tell stays, and the report says how much more is needed. The
    learned policy carries the report as comments.
    """
    from loyalty.learning import LESSONS

    check_target(output, "--output", allow_dash=True, kinds=(".toml",))
    for lesson in learn or ():
        if lesson not in LESSONS:
            raise CallError(f"--learn = {lesson!r}: allowed is {', '.join(LESSONS)}")
    with progress(quiet) as begin:
        begin("reading", None)
        table, title, seconds = read(
            events, as_of, mapping, zone, {"memory": memory, "threads": threads}
        )
        zone = zone_of_days(mapping, zone)
        if seconds is None:
            raise CallError("--as-of is missing")
        held = None
        if hold_out is not None:
            try:
                held = instant(hold_out, zone)
            except ValueError as error:
                raise CallError(f"--hold-out: {error}") from None
            if held >= seconds:
                raise CallError(
                    f"--hold-out = {hold_out}: allowed is a date before --as-of {as_of}"
                )
        if not len(table):
            raise SourceError("there are no events to learn from until that date")
        begin("learning", None)
        judged = chosen_policy(table, policy, perspective)
        found = _engine.fit(table, judged, seconds, held, list(learn or LESSONS), zone)
    source = ", ".join(events) + (f" through {title or mapping}" if mapping else "")
    if output == "-":
        print(found.to_toml(full, source), end="")
        return
    if output is not None:
        found.save(output, full, source)
    if quiet:
        return
    print(found.summary(), end="")
    aside = len(table.rejects)
    if aside:
        print(f"\n{aside:,} rows were set aside; loyalty score --rejects FILE lists them.")
    print(f"\npolicy: {output}" if output else "\nNothing is written without -o policy.toml.")


@policy_app.command("init", cls=Verb, short_help="Write a policy to start from.")
def policy_init(
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="EVENTS",
            help="Events to propose a policy for; may be given several times.",
        ),
    ] = None,
    mapping: MappingName = None,
    zone: Zone = None,
    output: Annotated[
        Path | None,
        output_option("Where the policy goes; standard output without."),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full/--brief", help="Every key with its default, or what is stated alone."),
    ] = True,
) -> None:
    """Write a policy with every key and its default; with --from, one that fits a log.

    From a log come the purchase cycle (the median gap between the purchases of a relationship), the currency and the
    kinds that are observed.
    """
    document: dict[str, Any] = {}
    if source:
        table, _, _ = read(source, None, mapping, zone, {})
        document = _engine.proposal(table)
        for line in _engine.proposal_notes(table, document):
            print(line, file=sys.stderr)
    text = loyalty.Policy.from_dict(document).to_toml(full=full)
    if output is None:
        print(text, end="")
    else:
        with written_aside(output) as file:
            file.write(text.encode())


@policy_app.command("check", cls=Verb, short_help="Check a policy's file.")
def policy_check(
    file: Annotated[Path, typer.Argument(help="A policy's TOML file.", metavar="FILE")],
) -> None:
    """Check a policy: unknown keys, wrong ranges and criteria that fall are errors that name the key."""
    check_policy(file)
    policy = _engine.load_policy(file)
    prints = policy.fingerprints
    print(f"{file}: the policy holds")
    for name, meaning in (
        ("fold", "what the sums depend on"),
        ("ladder", "the criteria of the rungs"),
        ("policy", "the whole"),
    ):
        print(f"  {name:8}{prints[name]}  {meaning}")
    changed = _engine.stated(policy)
    print(f"  states {', '.join(changed) or 'nothing'} beside the defaults")


@policy_app.command("diff", cls=Verb, short_help="Show what another policy would change.")
def policy_diff(
    old: Annotated[Path, typer.Argument(help="The policy in force.", metavar="OLD")],
    new: Annotated[Path, typer.Argument(help="The policy to compare with it.", metavar="NEW")],
    events: Events,
    as_of: AsOf,
    mapping: MappingName = None,
    output: ChangesOutput = None,
    zone: Zone = None,
    perspective: Perspective = None,
    quiet: Quiet = False,
    spreadsheet_safe: SpreadsheetSafe = False,
) -> None:
    """Show who would move, and why, if another policy held: the same events and date under both.

    The report goes to standard output, or to standard error when the changes go there (-o -).
    """
    check_target(output, "--output", allow_dash=True)
    for path in (old, new):
        check_policy(path)
    with progress(quiet) as begin:
        begin("reading", None)
        table, _, seconds = read(events, as_of, mapping, zone, {})
        if seconds is None:
            raise CallError("--as-of is missing")
        policies = [chosen_policy(table, path, perspective, "") for path in (old, new)]
        found = _engine.diff(table, *policies, seconds, begin("folding", len(table)))
        if output is not None:
            begin("writing", None)
            write_changes(found, output, spreadsheet_safe)
    if not quiet:
        report_changes(found, output)


@app.command("changes", cls=Verb, short_help="Show what changed between two saved portfolios.")
def changes_command(
    before: Annotated[Path, typer.Argument(help="The portfolio of the earlier date.", metavar="A")],
    after: Annotated[Path, typer.Argument(help="The portfolio of the later date.", metavar="B")],
    relationship: Annotated[
        str | None,
        typer.Argument(
            help="One relationship, explained in words.", metavar="[ID]", show_default=False
        ),
    ] = None,
    output: ChangesOutput = None,
    quiet: Quiet = False,
    spreadsheet_safe: SpreadsheetSafe = False,
    threads: Threads = None,
) -> None:
    """Show what changed from one saved portfolio to another: who climbed and fell, and each point's cause.

    Points are split into new events, time passing, corrections and rules. Corrections are known where B was made from A
    by one update.
    """
    check_target(output, "--output", allow_dash=True)
    with progress(quiet) as begin:
        begin("reading", None)
        sides = []
        for path in (before, after):
            side = loyalty.Portfolio.load(path, threads=threads or 0)
            manifest = Manifest.parse(side.manifest, str(path))
            date = side.newest if manifest.newest is None else manifest.newest
            if date is None:
                raise SourceError(f"{path}: this portfolio has no events")
            sides.append((side, manifest, date))
        (earlier, was, since), (later, now, as_of) = sides
        if now.nights[: len(was.nights)] != was.nights:
            later.mark(None)  # its mark speaks of another past
        begin("comparing", None)
        found = later.changes(earlier, since=since, as_of=as_of)
        if output is not None:
            begin("writing", None)
            write_changes(found, output, spreadsheet_safe, threads)
    if relationship is not None:
        try:
            print(found[relationship].explain().rstrip())
        except KeyError:
            raise SourceError(f"{relationship!r} is in neither portfolio") from None
    elif not quiet:
        report_changes(found, output)


def write_changes(
    changes: loyalty.Changes, output: str, spreadsheet_safe: bool, threads: int | None = None
) -> None:
    """Write the columns of changes to a file."""
    from loyalty.command import _output

    _output.write_result(
        changes.to_dict(),
        _engine.change_columns_of(),
        changes.metadata,
        output,
        spreadsheet_safe,
        threads=threads,
    )


def report_changes(changes: loyalty.Changes, output: str | None) -> None:
    """Print the summary of the changes between two portfolios, and where the columns went."""
    out = sys.stderr if output == "-" else sys.stdout
    print(changes.summary(), end="", file=out)
    if output not in (None, "-"):
        print(f"\nchanges: {output}", file=out)


@app.command(cls=Verb, short_help="Simulate a company with known truth.")
def simulate(
    output: Annotated[
        Path,
        output_option("Where the log goes: .parquet or .csv."),
    ],
    relationships: Annotated[
        int,
        typer.Option(
            "--relationships",
            "-n",
            metavar="N",
            help="How many counterparties.",
            min=1,
            max=10_000_000,
        ),
    ] = 1000,
    years: Annotated[
        float, typer.Option("--years", metavar="N", help="Length of the log, at most 30.")
    ] = 3.0,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Equal seeds give equal logs.", min=0)
    ] = 1,
    start: Annotated[
        str, typer.Option("--start", metavar="DATE", help="First day.")
    ] = "2022-01-01",
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth", metavar="FILE", help="Where the truth behind the log goes: .parquet or .csv."
        ),
    ] = None,
) -> None:
    """Simulate the log of a company with known truth: every kind of event, both sides, several roles."""
    from loyalty.simulate import simulate as make

    check_target(str(output), "--output", allow_dash=False)
    check_target(None if truth is None else str(truth), "--truth", allow_dash=False)
    try:
        made = make(relationships, years, seed, start=start)
    except ValueError as error:
        raise CallError(f"simulate: {error}") from None
    made.write(output)
    if truth is not None:
        made.write_truth(truth)
    print(
        f"{output}: {len(made):,} events of {relationships:,} relationships until {made.as_of}\n"
        f"Then: loyalty score {output} --as-of {made.as_of}",
        file=sys.stderr,
    )


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        print(f"loyalty {loyalty.__version__}")
        raise typer.Exit(DONE)


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """Options of the command itself."""
