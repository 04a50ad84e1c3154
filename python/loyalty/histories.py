# SPDX-License-Identifier: MIT
"""The past of a log: every change of rung, and quality and parameters as of any date."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

import numpy as np

from loyalty import _core, frames
from loyalty._dates import CALENDAR, DAY, ahead_of_utc, check_zone, date_text, instant, time_text
from loyalty._events import NO_TIME, event_columns, native_columns
from loyalty.policy import Policy
from loyalty.portfolio import Books, with_observes

__all__ = ["History", "RelationshipHistory", "history"]

#: Name, type (number, integer, time, text, flag) and meaning of the columns of each table.
RELATIONSHIP_COLUMNS = (
    ("relationship", "text", "identifier of the counterparty"),
    ("known_since", "time", "its first row with a time"),
    ("rung", "text", "where it stands on the last date; null where the log records no purchases"),
    ("rung_since", "time", "second in which that rung was entered; null where it never moved"),
    ("changes", "integer", "rows of the tape"),
)
TAPE_COLUMNS = (
    ("relationship", "text", "identifier of the counterparty"),
    ("time", "time", "first second on the new rung"),
    ("from_rung", "text", "the rung that was left"),
    ("to_rung", "text", "its neighbour, entered"),
    (
        "at_least",
        "flag",
        "events lie before the staircase starts: there may have been more changes",
    ),
)
SNAPSHOT_COLUMNS = (
    ("date", "time", "the last second that counts"),
    ("relationship", "text", "identifier of the counterparty"),
    ("rung", "text", "where it stood; null where the log had recorded no purchases"),
    ("rung_peak", "text", "highest rung held by then"),
    ("at_least", "flag", "events lie before the staircase starts: the peak is at least this"),
    ("quality", "number", "how well the company treated it, 0..100; null below minimum coverage"),
    ("quality_low", "number", "5 % point of the quality"),
    ("quality_high", "number", "95 % point of the quality"),
    ("coverage", "number", "share of real evidence in the quality, 0..1"),
    ("commitment", "number", "guarantees and long-term obligations, 0..1"),
    ("responsiveness", "number", "speed of answer and readiness to concede, 0..1"),
    ("reciprocity", "number", "balance of give and take, 0..1"),
    ("trust", "number", "did we do what we said, 0..1"),
)
RUNG_MIX_COLUMNS = (
    ("date", "time", "the last second that counts"),
    ("relationships", "integer", "known by then"),
    *((rung, "integer", "relationships on this rung") for rung in _core.rung_names),
    ("unknown", "integer", "without a rung: no purchase was recorded by then"),
    *((f"{rung}_share", "number", "of those with a rung, 0..1") for rung in _core.rung_names),
    ("published", "integer", "relationships with a quality"),
    ("mean_quality", "number", "of those, 0..100"),
)


def history(
    events: Any,
    policy: Policy | None = None,
    *,
    until: Any = None,
    dates: Any = None,
    zone: str | None = None,
    observes: Iterable[str] | None = None,
) -> History:
    """The history of a log: its exact rung tape, and snapshots of every relationship along time.

    Args:
        events: a pandas, polars or pyarrow frame or a dict of NumPy columns, as for :meth:`Portfolio.apply`: the whole
            history of its relationships, in any order.
        policy: a :class:`Policy`; all defaults where left out. Without a landmark in it, the staircase starts with the
            log, as far as the window reaches (60 of the shortest half-life before `until`).
        until: last date; rows after it are not used. Without it, the day of the newest row.
        dates: of the snapshots: "week", "month" or "quarter" for the ends of each, or an iterable of dates (their last
            seconds), none after `until`. Without it, the ends of months and `until`. Empty: the tape alone.
        zone: the zone of naive times, such as "Europe/London"; days and months end in it, in UTC without one.
        observes: the kinds of event that the log records, where that is known; else the kinds seen by each date.

    A snapshot is what a fresh fold of the rows up to its date says, but for events that were taken back later: those
    are absent from all of the history. Raises ValueError or TypeError as `Portfolio.apply`, for a log without dated
    rows, and for dates after `until`; :class:`loyalty.WindowError` for dates far from the landmark.
    """
    check_zone(zone)
    policy = policy or Policy()
    if observes is not None:
        policy = with_observes(policy, observes)
    columns = event_columns(events, zone)
    kind = native_columns(events)[1]
    seconds = _core.utc_seconds("time", columns["time"])
    seconds = seconds[(seconds >= CALENDAR[0]) & (seconds <= CALENDAR[1])]
    if until is None:
        if not seconds.size:
            raise ValueError("this log has no rows with a time, and no `until` is stated")
        last = _end_of_day(int(seconds.max()), zone)
    else:
        last = instant(until, zone)
    first = int(seconds.min(initial=last))
    looks = _dates(dates, policy, first, last, zone)
    made = _core.history(columns, policy._core, last, looks)
    return History(made, policy, kind if kind in get_args(frames.Kind) else "pandas", zone)


def _end_of_day(second: int, zone: str | None) -> int:
    """The last second of the day, in a zone, in which a second lies."""
    at = np.array([second])
    local = at if zone is None else at + ahead_of_utc(at, zone)
    return int(_of_clocks(local // DAY * DAY + DAY - 1, zone)[0])


def _of_clocks(local: np.ndarray, zone: str | None) -> np.ndarray:
    return local if zone is None else local - ahead_of_utc(local, zone, local=True)


def period_dates(past: History, period: str, first: int) -> list[int]:
    """The last seconds of the periods of a history that end from `first` or its first row on, in its zone."""
    if period not in _core.period_names:
        raise ValueError(
            f"period = {period!r}: allowed are {', '.join(map(repr, _core.period_names))}"
        )
    known = past._made["known_since"]
    begin = max(first, int(known.min(initial=past.until)))
    return _dates(period, past.policy, begin, past.until, past._zone)


def _dates(given: Any, policy: Policy, first: int, last: int, zone: str | None) -> list[int]:
    """UTC seconds of the dates that a caller asks for."""
    periods = _core.period_names
    if given is not None and not isinstance(given, str):
        if not isinstance(given, Iterable):
            given = (given,)
        return [instant(date, zone) for date in given]
    if given is not None and given not in periods:
        try:
            return [instant(given, zone)]
        except ValueError:
            raise ValueError(
                f"dates = {given!r}: allowed are {', '.join(map(repr, periods))}, a date, or several"
            ) from None
    begin = max(first, _core.history_window(policy._core, first, last)[1])
    ends = np.array([begin, last])
    if zone is not None:
        ends = ends + ahead_of_utc(ends, zone)
    period = periods.index(given or "month")
    found = _of_clocks(_core.period_ends(period, int(ends[0]), int(ends[1])), zone).tolist()
    if given is None and last not in found:
        found.append(last)
    return found


class History:
    """The past of every relationship of a log, ordered by the bytes of their identifiers."""

    def __init__(
        self, made: dict[str, Any], policy: Policy, kind: str, zone: str | None = None
    ) -> None:
        self._made = made
        self._policy = policy
        self._kind: Any = kind
        self._zone = zone
        self._names: np.ndarray = made["relationships"]
        self._positions: dict[str, int] | None = None
        self._words = np.array([*policy.labels] + [None] * (256 - len(policy.labels)), object)
        self._first_change = np.searchsorted(
            made["tape"]["relationship"], np.arange(len(self._names) + 1)
        )

    # --- what it rests on

    @property
    def until(self) -> int:
        """UTC second of the last date; rows after it were not used."""
        return self._made["until"]

    @property
    def start(self) -> int:
        """UTC second in which the staircase starts; the rungs of older events were not followed."""
        return self._made["start"]

    @property
    def landmark(self) -> int:
        """UTC second of the landmark."""
        return self._made["landmark"]

    @property
    def dates(self) -> np.ndarray:
        """UTC seconds of the snapshots."""
        return self._made["snapshots"]["dates"]

    @property
    def policy(self) -> Policy:
        """The policy."""
        return self._policy

    @property
    def books(self) -> Books:
        """What became of the rows; those after the last date are skipped as ``after_as_of``."""
        books = dict(self._made["books"])
        later = self._made["later"]
        if later:
            books["read"] += later
            books["skipped"] = {"after_as_of": later} | books["skipped"]
        return Books.of(books)

    @property
    def metadata(self) -> dict[str, str]:
        """What is stamped on every output: policy fingerprints, version and last date."""
        prints = self._policy.fingerprints
        return {
            "loyalty.version": _core.__version__,
            "loyalty.as_of": time_text(self.until),
            "loyalty.policy": prints["policy"],
            "loyalty.policy.fold": prints["fold"],
            "loyalty.policy.ladder": prints["ladder"],
        }

    # --- tables

    def relationships(self, kind: frames.Kind | None = None) -> Any:
        """One row a relationship: since when it is known, where it stands on the last date and since when.

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        return self._frame(self._relationships(), RELATIONSHIP_COLUMNS, kind)

    def tape(self, kind: frames.Kind | None = None) -> Any:
        """Every change of rung, exact to the second, one row for each rung passed, by relationship, then time.

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        return self._frame(self._tape(), TAPE_COLUMNS, kind)

    def snapshots(self, kind: frames.Kind | None = None) -> Any:
        """Rung, quality and parameters of everybody known on each date, by date, then relationship.

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        return self._frame(self._snapshots(), SNAPSHOT_COLUMNS, kind)

    def rung_mix(self, kind: frames.Kind | None = None) -> Any:
        """How many stood on each rung on each date, their shares, and the mean of the published qualities.

        Of the kind of frame that came in; or `kind` "pandas", "polars", "pyarrow" or "dict".
        """
        return self._frame(self._made["mix"], RUNG_MIX_COLUMNS, kind)

    def _frame(
        self,
        columns: Mapping[str, np.ndarray],
        described: Iterable[tuple[str, str, str]],
        kind: Any,
    ) -> Any:
        times = {name for name, type_, _ in described if type_ == "time"}
        return frames.to_frame(columns, times, kind or self._kind, metadata=self.metadata)

    def _relationships(self) -> dict[str, np.ndarray]:
        tape, ends = self._made["tape"], self._first_change
        moved = np.flatnonzero(np.diff(ends))
        rung = np.zeros(len(self._names), np.uint8)
        since = np.full(len(self._names), NO_TIME)
        if moved.size:
            rung[moved] = tape["to_rung"][ends[moved + 1] - 1]
            since[moved] = tape["time"][ends[moved + 1] - 1]
        elif not self._bought():
            rung[:] = 255
        return {
            "relationship": self._names,
            "known_since": self._made["known_since"],
            "rung": self._words[rung],
            "rung_since": since,
            "changes": np.diff(ends),
        }

    def _bought(self) -> bool:
        """Whether the log can speak of rungs."""
        return bool(len(self._made["tape"]["time"])) or bool(
            (self._made["snapshots"]["rung"] != 255).any()
        )

    def _tape(self, rows: slice = slice(None)) -> dict[str, np.ndarray]:
        tape = self._made["tape"]
        return {
            "relationship": self._names[tape["relationship"][rows]],
            "time": tape["time"][rows],
            "from_rung": self._words[tape["from_rung"][rows]],
            "to_rung": self._words[tape["to_rung"][rows]],
            "at_least": tape["at_least"][rows].astype(bool),
        }

    def _snapshots(self, rows: Any = slice(None)) -> dict[str, np.ndarray]:
        held = self._made["snapshots"]
        return {
            "date": held["dates"][held["date"][rows]],
            "relationship": self._names[held["relationship"][rows]],
            "rung": self._words[held["rung"][rows]],
            "rung_peak": self._words[held["rung_peak"][rows]],
            "at_least": held["at_least"][rows].astype(bool),
        } | {name: held[name][rows] for name, type_, _ in SNAPSHOT_COLUMNS if type_ == "number"}

    def _columns(self) -> _core.HistoryColumns:
        """What the compiled half counts moves from."""
        if not self._bought():
            raise ValueError("this log records no purchases, so that nobody has a rung")
        made = self._made
        return _core.HistoryColumns(made["known_since"], made["tape"], made["purchases"])

    # --- one relationship

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, relationship: object) -> bool:
        return str(relationship) in self._index()

    def _index(self) -> dict[str, int]:
        if self._positions is None:
            self._positions = {name: i for i, name in enumerate(self._names)}
        return self._positions

    def __getitem__(self, relationship: Any) -> RelationshipHistory:
        try:
            return RelationshipHistory(self, self._index()[str(relationship)])
        except KeyError:
            raise KeyError(f"no relationship '{relationship}' in this history") from None

    # --- for people

    def summary(self) -> str:
        """The rung mix over time, who moved where, and what became of the rows: 80 columns of text."""
        from loyalty._timeline import summary_text

        return summary_text(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        count = f"{len(self):,} relationship{'' if len(self) == 1 else 's'}"
        changes = f"{len(self._made['tape']['time']):,} changes of rung"
        return f"History({count} until {date_text(self.until)}, {changes}, {len(self.dates)} dates)"

    def _repr_html_(self) -> str:
        from loyalty._timeline import summary_html

        return summary_html(self)


class RelationshipHistory:
    """The past of one relationship: a strip of text, and its rows of the tape and of the snapshots."""

    def __init__(self, whole: History, position: int) -> None:
        self._whole = whole
        self._position = position

    @property
    def relationship(self) -> str:
        """Its identifier."""
        return self._whole._names[self._position]

    @property
    def known_since(self) -> int:
        """UTC second of its first row with a time."""
        return int(self._whole._made["known_since"][self._position])

    def tape(self, kind: frames.Kind | None = None) -> Any:
        """Its changes of rung, exact to the second, as a frame (of another `kind`, where stated)."""
        return self._whole._frame(self._tape(), TAPE_COLUMNS, kind)

    def snapshots(self, kind: frames.Kind | None = None) -> Any:
        """Its rung, quality and parameters on each date, as a frame (of another `kind`, where stated)."""
        return self._whole._frame(self._snapshots(), SNAPSHOT_COLUMNS, kind)

    def _tape(self) -> dict[str, np.ndarray]:
        ends = self._whole._first_change
        return self._whole._tape(slice(int(ends[self._position]), int(ends[self._position + 1])))

    def _snapshots(self) -> dict[str, np.ndarray]:
        held = self._whole._made["snapshots"]["relationship"]
        return self._whole._snapshots(np.flatnonzero(held == self._position))

    def strip(self, width: int = 80, blocks: bool = True) -> str:
        """Its ladder and quality along time, and every change, `width` columns wide; `blocks` allows block marks."""
        from loyalty._timeline import strip_text

        return strip_text(self, width, blocks)

    def __str__(self) -> str:
        return self.strip()

    def __repr__(self) -> str:
        return self.strip()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.strip())}</pre>"
