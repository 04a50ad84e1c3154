# SPDX-License-Identifier: MIT
"""Portfolios of relationships, and the results of assessing them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from loyalty import _core
from loyalty._events import NO_TIME, event_columns, native_columns
from loyalty.policy import Policy

__all__ = ["Assessment", "Books", "Portfolio", "Result", "instant_of"]

COLUMNS: tuple[str, ...] = tuple(name for name, _, _ in _core.result_columns)
TIME_COLUMNS = frozenset(name for name, kind, _ in _core.result_columns if kind == "time")
MEANINGS: dict[str, str] = {name: meaning for name, _, meaning in _core.result_columns}


def instant_of(given: Any, end_of_day: bool = True) -> int:
    """UTC seconds of a date (its last second), a datetime with a zone, an ISO text or a number of seconds.

    Raises ValueError for a datetime without a zone and for text that is no date.
    """
    if isinstance(given, bool):
        raise TypeError("a date is needed, not a truth value")
    if isinstance(given, int | np.integer):
        return int(given)
    if isinstance(given, np.datetime64):
        given = str(given)
    if isinstance(given, str):
        text = given.strip()
        try:
            given = (
                datetime.date.fromisoformat(text)
                if len(text) == 10
                else datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
            )
        except ValueError:
            raise ValueError(
                f"'{text}' is not a date; write 2011-12-09, or 2011-12-09T18:00:00+00:00"
            ) from None
    if isinstance(given, datetime.datetime):
        if given.tzinfo is None:
            raise ValueError(
                f"{given.isoformat()} has no zone; write {given.isoformat()}+00:00 for UTC"
            )
        return int(given.timestamp() // 1)
    if isinstance(given, datetime.date):
        days = (given - datetime.date(1970, 1, 1)).days
        return days * 86400 + (86399 if end_of_day else 0)
    raise TypeError(f"a date is needed, not {type(given).__name__}")


def date_text(seconds: int | None) -> str:
    """`2011-12-09` of UTC seconds."""
    if seconds is None or seconds == NO_TIME:
        return ""
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=int(seconds))).strftime(
        "%Y-%m-%d"
    )


@dataclass(frozen=True)
class Books:
    """What became of the rows: ``scored + skipped + set aside = read``, always."""

    read: int
    scored: int
    skipped: dict[str, int]
    set_aside: dict[str, int]
    #: Position in the call and code of each row that was set aside.
    rejects: dict[str, np.ndarray] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def of(cls, books: Mapping[str, Any]) -> Books:
        codes = np.array(_core.code_names, dtype=object)
        rejects = {"row": books["reject_rows"], "code": codes[books["reject_codes"]]}
        return cls(books["read"], books["scored"], books["skipped"], books["set_aside"], rejects)

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for."""
        return self.scored + sum(self.skipped.values()) + sum(self.set_aside.values()) == self.read

    def __str__(self) -> str:
        def part(name: str, counts: Mapping[str, int]) -> str:
            total = f"{sum(counts.values()):,} {name}"
            detail = ", ".join(f"{word} {n:,}" for word, n in counts.items())
            return f"{total} ({detail})" if detail else total

        return (
            f"{self.read:,} rows read: {self.scored:,} scored, {part('skipped', self.skipped)}, "
            + part("set aside", self.set_aside)
        )


class Portfolio:
    """Many relationships under one policy: events in, assessments out.

    Holds a state for each relationship and the open items; memory does not grow with events. The same events give
    the same states to the bit, in any order within a call, in any chunks that follow time, from any kind of frame.

    Args:
        policy: a :class:`Policy`; all defaults where left out.
        landmark: a date near the assessments to come; the policy's, else 2020-01-01. Assessment dates lie within 30
            half-lives of it.
        observes: the kinds of event that the log records, where that is known; else the kinds seen.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        landmark: Any = None,
        observes: Iterable[str] | None = None,
    ) -> None:
        policy = policy or Policy()
        if observes is not None:
            kinds = ", ".join(f'"{kind}"' for kind in observes)
            policy = Policy.parse(_with_observes(policy.to_toml(), kinds))
        self._policy = policy
        at = None if landmark is None else instant_of(landmark)
        self._core = _core.Portfolio(policy._core, at)
        self._kind = "pandas"

    @property
    def policy(self) -> Policy:
        """The policy."""
        return self._policy

    def apply(self, events: Any, *, zone: str | None = None) -> Books:
        """Applies event rows in any order: a pandas, polars or pyarrow frame, or a dict of NumPy columns.

        Needs the columns `relationship`, `time` and `kind`; see docs/events.md for the others. Times are datetimes
        with a zone, dates, or UTC seconds; naive times need `zone`. Rows that cannot be scored are set aside and
        counted, never raised. Raises ValueError or TypeError for columns that are missing, unknown or of another type.
        """
        columns = event_columns(events, zone)
        kind = native_columns(events)[1]
        self._kind = kind if kind in ("dict", "polars", "pyarrow", "pandas") else "pandas"
        return Books.of(self._core.apply(columns))

    def retract(self, events: Any, *, zone: str | None = None) -> Books:
        """Takes rows back, each given whole as it was applied: sums are what they would be without them."""
        return Books.of(self._core.retract(event_columns(events, zone)))

    def replay(self, events: Any, *, zone: str | None = None) -> Books:
        """Starts the relationships in `events` afresh and applies the rows, which must be their whole history."""
        return Books.of(self._core.replay(event_columns(events, zone)))

    def merge(self, other: Portfolio) -> None:
        """Adds another portfolio of the same fold fingerprint, landmark and currency."""
        self._core.merge(other._core)

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
        """The assessment of every relationship as of a date (its last second), ordered by identifier.

        `intervals=False` leaves the parameters' own intervals out, which is several times faster. Raises
        :class:`loyalty.WindowError` for a date before the newest row or far from the landmark.
        """
        now = instant_of(as_of)
        columns, summary = self._core.assess(now, intervals)
        return Result(self, now, columns, summary)

    def explain(self, relationship: Any, as_of: Any = None) -> str:
        """Where one relationship stands and why, as text. Without a date: as of the newest row."""
        now = self.newest if as_of is None else instant_of(as_of)
        if now is None:
            raise ValueError("this portfolio has no events yet")
        return self._core.explain(str(relationship), now)

    def state(self, relationship: Any, as_of: Any = None) -> dict[str, Any]:
        """The exact state of one relationship: decayed sums as integers in units of 2^-56, and the plain fields."""
        return self._core.state(str(relationship), None if as_of is None else instant_of(as_of))

    @property
    def books(self) -> Books:
        """What became of all rows so far."""
        return Books.of(self._core.books)

    @property
    def newest(self) -> int | None:
        """UTC second of the newest row."""
        return self._core.newest

    @property
    def landmark(self) -> int:
        """UTC second of the landmark."""
        return self._core.landmark

    def to_bytes(self) -> bytes:
        """Canonical bytes of everything that was folded: equal for equal rows."""
        return self._core.bytes()

    def __len__(self) -> int:
        return len(self._core)

    def __contains__(self, relationship: object) -> bool:
        return str(relationship) in self._core

    def __repr__(self) -> str:
        newest = date_text(self.newest) or "no events yet"
        return f"Portfolio({len(self):,} relationships, newest row {newest})"


def _with_observes(toml: str, kinds: str) -> str:
    lines = [line for line in toml.splitlines() if not line.startswith("observes")]
    return f"observes = [{kinds}]\n" + "\n".join(lines) + "\n"


class Assessment(Mapping[str, Any]):
    """One relationship's row: a mapping of the result columns, with `explain()`."""

    def __init__(self, result: Result, position: int) -> None:
        self._result = result
        self._position = position

    def __getitem__(self, name: str) -> Any:
        value = self._result.column(name)[self._position]
        if name in TIME_COLUMNS:
            return (
                None
                if value == NO_TIME
                else datetime.datetime.fromtimestamp(int(value), datetime.UTC)
            )
        if isinstance(value, np.floating):
            return None if np.isnan(value) else float(value)
        return int(value) if isinstance(value, np.integer) else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in COLUMNS:
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COLUMNS)

    def __len__(self) -> int:
        return len(COLUMNS)

    def explain(self) -> str:
        """Where it stands and why, as text."""
        return self._result.explain(self["relationship"])

    def __repr__(self) -> str:
        return self.explain()

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(self.explain())}</pre>"


class Result:
    """Assessments of all relationships as of one date, ordered by the bytes of their identifiers."""

    def __init__(
        self,
        portfolio: Portfolio,
        as_of: int,
        columns: dict[str, np.ndarray],
        summary: dict[str, Any],
    ) -> None:
        self._portfolio = portfolio
        self._as_of = as_of
        self._columns = columns
        self._summary = summary
        self._positions: dict[str, int] | None = None

    @property
    def as_of(self) -> int:
        """UTC second of the assessment."""
        return self._as_of

    @property
    def portfolio(self) -> Portfolio:
        """The portfolio that was assessed."""
        return self._portfolio

    @property
    def metadata(self) -> dict[str, str]:
        """What is stamped on every output: policy fingerprints, version and as-of date."""
        prints = self._portfolio.policy.fingerprints
        return {
            "loyalty_version": _core.__version__,
            "loyalty_policy": prints["policy"],
            "loyalty_fold": prints["fold"],
            "loyalty_ladder": prints["ladder"],
            "loyalty_as_of": datetime.datetime.fromtimestamp(self._as_of, datetime.UTC).isoformat(),
        }

    @property
    def counts(self) -> dict[str, Any]:
        """What the summary counts: relationships, rungs, grades of evidence, qualities by ten points, coverages."""
        return dict(self._summary)

    def column(self, name: str) -> np.ndarray:
        """One column as a NumPy array: numbers with NaN, times as UTC seconds, texts as objects with None."""
        try:
            return self._columns[name]
        except KeyError:
            raise KeyError(f"no column '{name}'; there are {', '.join(COLUMNS)}") from None

    def to_dict(self) -> dict[str, np.ndarray]:
        """All columns as NumPy arrays; times are datetime64[s] in UTC, with NaT."""
        out = {}
        for name, values in self._columns.items():
            if name in TIME_COLUMNS:
                absent = values == NO_TIME
                dates = np.where(absent, 0, values).astype("datetime64[s]")
                dates[absent] = np.datetime64("NaT")
                out[name] = dates
            else:
                out[name] = values
        return out

    def to_frame(self, kind: str | None = None) -> Any:
        """All columns as a frame of the kind that came in; or say "pandas", "polars", "pyarrow" or "dict"."""
        kind = kind or self._portfolio._kind
        columns = self.to_dict()
        if kind == "dict":
            return columns
        if kind == "pandas":
            import pandas as pd

            return pd.DataFrame(
                {
                    name: pd.Series(values).dt.tz_localize("UTC")
                    if name in TIME_COLUMNS
                    else values
                    for name, values in columns.items()
                }
            )
        if kind == "polars":
            import polars as pl

            made = {}
            for name, values in columns.items():
                if name in TIME_COLUMNS:
                    made[name] = pl.Series(
                        name, values.astype("datetime64[ms]")
                    ).dt.replace_time_zone("UTC")
                elif values.dtype == object:
                    made[name] = pl.Series(name, values.tolist(), dtype=pl.String)
                else:
                    made[name] = pl.Series(name, values, nan_to_null=values.dtype.kind == "f")
            return pl.DataFrame(made)
        if kind == "pyarrow":
            import pyarrow as pa

            arrays = {}
            for name, values in columns.items():
                if name in TIME_COLUMNS:
                    arrays[name] = pa.array(values, type=pa.timestamp("s", tz="UTC"))
                elif values.dtype == object:
                    arrays[name] = pa.array(values, type=pa.string())
                else:
                    arrays[name] = pa.array(values, from_pandas=True)
            return pa.table(arrays).replace_schema_metadata(self.metadata)
        raise ValueError(f"no frame of kind '{kind}'; there are pandas, polars, pyarrow and dict")

    def __len__(self) -> int:
        return len(self._columns["relationship"])

    def __getitem__(self, relationship: Any) -> Assessment:
        if self._positions is None:
            self._positions = {name: i for i, name in enumerate(self._columns["relationship"])}
        try:
            return Assessment(self, self._positions[str(relationship)])
        except KeyError:
            raise KeyError(f"no relationship '{relationship}' in this result") from None

    def __contains__(self, relationship: object) -> bool:
        return relationship in self._portfolio

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns["relationship"])

    def explain(self, relationship: Any) -> str:
        """Where one relationship stands and why, as text."""
        return self._portfolio.explain(relationship, self._as_of)

    def summary(self) -> str:
        """What a person wants to know first: who stands where, how well they are treated, what the log cannot show."""
        from loyalty._summary import summary_text

        return summary_text(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"Result({len(self):,} relationships as of {date_text(self._as_of)})"

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(self.summary())}</pre>"
