# SPDX-License-Identifier: MIT
"""Dates and times that a caller states: what they mean in UTC seconds, in one place."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Any

import numpy as np

from loyalty import _core

ISO_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"


DAY = 86400
SECOND = dt.timedelta(seconds=1)
EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
#: First and last second of the years 1 to 9999, for which Python has dates.
CALENDAR = (-62135596800, 253402300799)


class ZoneError(ValueError):
    """Times carry no zone and none was stated, or the zone stated is not known."""


def check_zone(zone: str | None) -> str | None:
    """`zone` when it names a time zone, else a ZoneError that says what would."""
    if zone is None:
        return None
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneError(
            f"zone = {zone!r} is not a known time zone; give a name such as UTC, Europe/London or Asia/Tokyo"
        ) from None
    return zone


def instant(given: Any, zone: str | None = None, end_of_day: bool = True) -> int:
    """UTC seconds of a date, a time or a number of seconds.

    A date without a time is the end of its day, 23:59:59 (its start where `end_of_day` is false), in `zone`, which is
    UTC unless stated. A time needs a zone of its own or a stated one. Raises ZoneError where it has none, ValueError
    for what is no date, TypeError for what could not be one.
    """
    check_zone(zone)
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return int(given)
    moment, whole_day = _moment(given)
    if moment.tzinfo is None and not whole_day and zone is None:
        raise ZoneError(
            f"{moment.isoformat()} has no zone: write {moment.isoformat()}Z for UTC, state the zone, or give the "
            "date alone for the whole day"
        )
    if whole_day and end_of_day:
        moment = moment.replace(hour=23, minute=59, second=59)
    if moment.tzinfo is None:
        local = (moment - EPOCH.replace(tzinfo=None)) // SECOND
        return local - int(ahead_of_utc(np.array([local]), zone or "UTC", local=True)[0])
    return (moment - EPOCH) // SECOND


def ahead_of_utc(seconds: np.ndarray, zone: str, local: bool = False) -> np.ndarray:
    """By how many seconds the clocks of a zone are ahead at `seconds` of UTC or, where `local`, of those clocks.

    A local time that clocks show twice is the later one; one that they skip counts on from before the gap.
    """
    there = zoneinfo.ZoneInfo(zone)

    def ahead(second: int) -> int:
        second = min(max(second, CALENDAR[0] + DAY), CALENDAR[1] - DAY)
        moment = EPOCH + dt.timedelta(seconds=second)
        if not local:
            return moment.astimezone(there).utcoffset() // SECOND  # type: ignore[operator]
        shown = moment.replace(tzinfo=there)
        return min(shown.replace(fold=fold).utcoffset() // SECOND for fold in (0, 1))  # type: ignore[operator]

    days, which = np.unique(seconds // DAY, return_inverse=True)
    begin = np.array([ahead(int(day) * DAY) for day in days], dtype=np.int64)
    end = np.array([ahead(int(day) * DAY + DAY - 1) for day in days], dtype=np.int64)
    offsets = begin[which]
    for place in np.flatnonzero((begin != end)[which]):  # days on which clocks change
        offsets[place] = ahead(int(seconds[place]))
    return offsets


def _moment(given: Any) -> tuple[dt.datetime, bool]:
    """A date or time as Python has it, and whether it is a date alone."""
    if isinstance(given, np.datetime64):
        given = str(given)
    if isinstance(given, str):
        text = given.strip()
        try:
            return dt.datetime.fromisoformat(text), re.fullmatch(ISO_DATE, text) is not None
        except ValueError:
            raise ValueError(
                f"{given!r} is not a date: write 2024-12-31, or a time such as 2024-12-31T18:00:00Z"
            ) from None
    if isinstance(given, dt.datetime) and given == given:  # pandas' NaT is no date
        return given, False
    if isinstance(given, dt.date) and given == given:
        return dt.datetime(given.year, given.month, given.day), True
    what = given if given != given else type(given).__name__
    raise TypeError(f"a date is needed, such as 2024-12-31, not {what}")


def date_text(seconds: int | None) -> str:
    """`2011-12-09` of UTC seconds; nothing where there are none."""
    return "" if seconds is None or seconds == _core.no_time else str(_core.date_text(seconds))


def time_text(seconds: int) -> str:
    """`2011-12-09T23:59:59Z` of UTC seconds."""
    return (
        f"{date_text(seconds)}T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"
    )
