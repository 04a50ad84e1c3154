# SPDX-License-Identifier: MIT
"""A company's log with known truth: every kind of event, both sides, several roles, the same for the same seed.

Each relationship has latent traits (how reliable and quick we are toward it, how we share, how close it stands to us)
that are drawn once, and events that follow from them. `Simulation.truth` holds the traits, so that a score can be
compared with what it estimates. Draws come from the raw words of PCG64, whose stream NumPy guarantees, and from
integer arithmetic, so a seed gives the same log everywhere.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loyalty._dates import CALENDAR, date_text, instant
from loyalty.reading import ABSENT_TIME, COLUMNS, ROLES

__all__ = ["Simulation", "simulate"]

HOUR = 3600
DAY = 24 * HOUR
YEAR = 365 * DAY

#: Shares of the roles in a simulated company.
DEFAULT_ROLES: dict[str, float] = {
    "consumer": 0.76,
    "supplier": 0.06,
    "distributor": 0.08,
    "agency": 0.04,
    "agent": 0.06,
}
RUNGS = ("prospect", "buyer", "client", "supporter", "advocate", "partner")
BLOCK = 20_000  # relationships drawn together; the log does not depend on it beyond the seed

# Exponential quantiles -ln((j + ½)/4096) in units of 2^-20: rounded, so equal on every platform.
EXPONENTIAL = np.round(-np.log((np.arange(4096) + 0.5) / 4096) * 2**20).astype(np.int64)


class Dice:
    """Random integers and uniforms from the raw words of PCG64."""

    def __init__(self, seed: int, *salt: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, *salt]))

    def words(self, *shape: int) -> np.ndarray:
        """Uniform integers of 32 bits, as int64."""
        size = int(np.prod(shape)) if shape else 1
        return (self._bits.random_raw(size) >> np.uint64(32)).astype(np.int64).reshape(shape)

    def below(self, limit: int | np.ndarray, *shape: int) -> np.ndarray:
        """Uniform integers in 0 … limit − 1 (limit up to 2^31)."""
        return (self.words(*shape) * limit) >> 32

    def chance(self, probability: float | np.ndarray, *shape: int) -> np.ndarray:
        """True with the given probability, which is rounded to a multiple of 2^-32."""
        return self.words(*shape) < np.round(np.asarray(probability) * 2.0**32).astype(np.int64)

    def order_statistic(self, rank: int, out_of: int, *shape: int) -> np.ndarray:
        """Beta(rank, out_of + 1 − rank) in 0..1: the rank-th smallest of `out_of` uniforms."""
        words = np.partition(self.words(*shape, out_of), rank - 1, axis=-1)
        return (words[..., rank - 1].astype(np.float64) + 0.5) / 2.0**32

    def exponential(self, mean: int | np.ndarray, *shape: int) -> np.ndarray:
        """Exponential waiting times in whole seconds with the given mean (up to 2^40 s)."""
        return (EXPONENTIAL[self.below(4096, *shape)] * mean) >> 20


@dataclass(frozen=True)
class Simulation:
    """A simulated log and the truth behind it.

    Attributes
    ----------
    events
        Event rows as NumPy columns in the order of time: times as int64 UTC seconds (`ABSENT_TIME` where absent),
        numbers as float64 (NaN), text as objects (None), `whole_order` as bool, other flags as float64 (1, 0, NaN).
    truth
        One row per relationship: its latent traits, and the values that the four parameters estimate.
    start, end
        UTC seconds of the first and the last second of the log; `end` suits as the as-of date.
    """

    events: dict[str, np.ndarray]
    truth: dict[str, np.ndarray]
    start: int
    end: int

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.events["time"])

    @property
    def as_of(self) -> str:
        """The date of the last day, as ISO text."""
        return date_text(self.end)

    def frame_columns(self) -> dict[str, Any]:
        """The events as columns for a data frame: times as datetime64[s], what is absent as NaT, NaN or None."""
        columns: dict[str, Any] = {}
        for name, column in self.events.items():
            role = COLUMNS[name]
            if role in ("start", "end"):
                moments = column.astype("datetime64[s]")
                moments[column == ABSENT_TIME] = np.datetime64("NaT")
                columns[name] = moments
            elif role == "flag" and column.dtype == np.float64:
                flags = np.full(len(column), None, dtype=object)
                flags[column == 1] = True
                flags[column == 0] = False
                columns[name] = flags
            else:
                columns[name] = column
        return columns

    def to_frame(self) -> Any:
        """The events as a pandas data frame with UTC times."""
        import pandas as pd

        frame = pd.DataFrame(self.frame_columns())
        for name in frame.columns:
            if COLUMNS[name] in ("start", "end"):
                frame[name] = frame[name].dt.tz_localize("UTC")
        return frame

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the events to `path` (.parquet or .csv, UTC times), aside first and renamed when complete."""
        self._write(self.events, Path(path))

    def write_truth(self, path: str | os.PathLike[str]) -> None:
        """Write the truth to `path` (.parquet or .csv)."""
        self._write(self.truth, Path(path))

    @staticmethod
    def _write(columns: dict[str, np.ndarray], path: Path) -> None:
        from loyalty._files import Workspace, load_frame, quote_name

        workspace = Workspace()
        load_frame(workspace, "log", columns)
        shown = []
        for name in columns:
            column = quote_name(name)
            role = COLUMNS.get(name, "")
            if role in ("start", "end") or name in ("joined", "left"):
                shown.append(f"to_timestamp(nullif({column}, {ABSENT_TIME})) AS {column}")
            elif role == "flag" and columns[name].dtype == np.float64:
                shown.append(f"CASE {column} WHEN 1 THEN true WHEN 0 THEN false END AS {column}")
            elif columns[name].dtype == np.float64:
                shown.append(f"CASE WHEN NOT isnan({column}) THEN {column} END AS {column}")
            elif columns[name].dtype == object:
                shown.append(f"CAST({column} AS VARCHAR) AS {column}")
            else:
                shown.append(column)
        workspace.copy(f"SELECT {', '.join(shown)} FROM raw_log ORDER BY rowid", path)
        workspace.close()


class _Log:
    """Collects rows column by column."""

    def __init__(self) -> None:
        self.parts: list[dict[str, np.ndarray]] = []

    def add(self, kind: str, who: np.ndarray, time: np.ndarray, **columns: Any) -> None:
        """Add rows of one kind; scalars hold for all of them."""
        if len(who) == 0:
            return
        part: dict[str, np.ndarray] = {"who": who, "time": time.astype(np.int64)}
        for name, column in {"kind": kind, **columns}.items():
            values = np.empty(len(who), type_of(name))
            values[:] = column
            part[name] = values
        self.parts.append(part)

    def columns(
        self, start: int, end: int, names: np.ndarray, roles: np.ndarray
    ) -> dict[str, np.ndarray]:
        """All rows within the log's time, sorted by time; ties keep the order in which they were made."""
        who = np.concatenate([part["who"] for part in self.parts])
        time = np.concatenate([part["time"] for part in self.parts])
        order = np.argsort(time, kind="stable")
        order = order[(time[order] >= start) & (time[order] <= end)]
        columns: dict[str, np.ndarray] = {}
        for name in COLUMNS:
            if name == "relationship":
                columns[name] = names[who[order]]
            elif name == "role":
                columns[name] = roles[who[order]]
            elif name == "time":
                columns[name] = time[order]
            elif any(name in part for part in self.parts):
                stacked = np.concatenate(
                    [
                        part[name]
                        if name in part
                        else np.full(len(part["who"]), absent(name), type_of(name))
                        for part in self.parts
                    ]
                )
                columns[name] = stacked[order]
        return columns


def type_of(name: str) -> Any:
    """The NumPy type of an event column."""
    if name == "whole_order":
        return np.bool_
    kinds = {"start": np.int64, "end": np.int64, "number": np.float64, "flag": np.float64}
    return kinds.get(COLUMNS[name], object)


def absent(name: str) -> Any:
    """What stands for an absent value in an event column."""
    if name == "whole_order":
        return False
    gone = {"start": ABSENT_TIME, "end": ABSENT_TIME, "number": np.nan, "flag": np.nan}
    return gone.get(COLUMNS[name])


def simulate(
    relationships: int = 1000,
    years: float = 3.0,
    seed: int = 1,
    *,
    start: str | dt.date = "2022-01-01",
    roles: Mapping[str, float] | None = None,
) -> Simulation:
    """Simulate the log of a company.

    Parameters
    ----------
    relationships
        Number of counterparties, 1 or more. About 40 events each a year at the default shares.
    years
        Length of the log in years of 365 days, above 0 and at most 30.
    seed
        Any integer from 0; equal seeds give equal logs.
    start
        First day of the log, UTC.
    roles
        Shares of the roles, such as ``{"consumer": 0.9, "supplier": 0.1}``.

    Returns
    -------
    Simulation
        The events in the order of time, and the truth.

    Raises
    ------
    ValueError
        Where an argument is out of its range.
    """
    if relationships < 1:
        raise ValueError(f"relationships = {relationships}: at least 1")
    if not 0 < years <= 30:
        raise ValueError(f"years = {years}: above 0, at most 30")
    if seed < 0:
        raise ValueError(f"seed = {seed}: 0 or more")
    shares = dict(DEFAULT_ROLES if roles is None else roles)
    for role in shares:
        if role not in ROLES:
            raise ValueError(f"roles: {role!r} is none of {', '.join(ROLES)}")
    if not sum(shares.values()) > 0 or min(shares.values()) < 0:
        raise ValueError(f"roles = {shares!r}: shares from 0, not all 0")
    first = instant(start, "UTC", end_of_day=False)
    last = first + round(years * YEAR) - 1
    if last > CALENDAR[1]:
        raise ValueError(f"start = {start!r}: the log would end after the year 9999")
    log = _Log()
    truths = []
    for block, begin in enumerate(range(0, relationships, BLOCK)):
        size = min(BLOCK, relationships - begin)
        truths.append(_Company(Dice(seed, block), log, begin, size, first, last, shares).run())
    truth = {name: np.concatenate([t[name] for t in truths]) for name in truths[0]}
    events = log.columns(first, last, truth["relationship"], truth["role"])
    return Simulation(events, truth, first, last)


class _Company:
    """One block of relationships: draws the traits, then the events that follow from them."""

    def __init__(
        self,
        dice: Dice,
        log: _Log,
        begin: int,
        size: int,
        start: int,
        end: int,
        shares: Mapping[str, float],
    ) -> None:
        self.dice, self.log, self.begin, self.size = dice, log, begin, size
        self.start, self.end = start, end
        self.shares = shares

    def run(self) -> dict[str, np.ndarray]:
        """Make all events and return the truth."""
        self.draw_traits()
        self.deals()
        self.promises()
        self.questions()
        self.give_and_take()
        self.ladder()
        self.complaints()
        return self.truth()

    # --- traits

    def draw_traits(self) -> None:
        """Draw what a relationship is: role, closeness, and how each side treats the other."""
        d, n = self.dice, self.size
        names = [role for role in ROLES if self.shares.get(role, 0) > 0]
        cuts = np.cumsum([self.shares[role] for role in names])
        cuts = np.round(cuts / cuts[-1] * 2.0**32).astype(np.int64)
        cuts[-1] = 2**32  # the last share reaches to the end whatever the rounding
        self.role_index = np.searchsorted(cuts, d.words(n), side="right")
        self.roles = np.array(names, object)[self.role_index]
        self.trade = np.array([role != "consumer" for role in names])[self.role_index]
        # Closeness, the rung that the counterparty's ways amount to: most stand low.
        level = np.searchsorted([12, 42, 70, 86, 95], d.below(100, n), side="right")
        self.level = np.where(self.trade & (level < 1), 1, level)
        self.joined = self.start + d.below(max((self.end - self.start) * 6 // 10, 1), n)
        leaves = d.chance(0.18, n)
        stay = d.exponential(2 * YEAR, n) + 90 * DAY
        self.left = np.where(leaves, self.joined + stay, self.end + 1)
        self.left = np.minimum(self.left, self.end + 1)
        # Conduct of ours toward them.
        self.reliability = d.order_statistic(8, 9, n)  # promises kept in time
        self.guarantees = d.order_statistic(9, 10, n)  # guarantees kept
        self.answer = 2 * HOUR + d.exponential(14 * HOUR, n)  # mean time of an answer, s
        self.grants = d.order_statistic(3, 5, n)  # requests for a concession granted
        self.gifts = d.below(61, n) / 10.0  # points given by us a year
        # Conduct of theirs toward us, and their ways.
        self.their_reliability = d.order_statistic(7, 9, n)
        self.buys = np.where(self.level >= 2, 3.0 + d.below(100, n) / 10.0, 0.3)  # a year
        self.buys[self.level == 0] = 0.0
        self.basket = 20_00 + d.exponential(60_00, n)  # mean amount, minor units
        self.basket[self.trade] *= 20
        self.share = np.where(self.level >= 4, 0.9, 0.35 + 0.55 * d.order_statistic(1, 1, n))
        self.watched = d.chance(0.3, n)  # purchases elsewhere are known
        self.manager = np.array([f"M{i:02d}" for i in range(12)], object)[d.below(12, n)]
        prefixes = np.array(
            [{"consumer": "C", "supplier": "S"}.get(r, r[:2].upper()) for r in names], object
        )
        self.names = np.array(
            [f"{p}{self.begin + i:07d}" for i, p in enumerate(prefixes[self.role_index])], object
        )

    def truth(self) -> dict[str, np.ndarray]:
        """The traits, and what the four parameters estimate: means of the conduct that the events show."""
        given = self.gifts
        taken = np.array([0.0, 0.0, 0.0, 2.5, 6.0, 9.0])[self.level]
        side = np.divide(given, given + taken, out=np.full(self.size, 0.5), where=given + taken > 0)
        quick = -np.expm1(-DAY / self.answer)
        return {
            "relationship": self.names,
            "role": self.roles,
            "rung": np.array(RUNGS, object)[self.level],
            "joined": self.joined,
            "left": np.where(self.left > self.end, ABSENT_TIME, self.left),
            "reliability": self.reliability,
            "guarantees_kept": self.guarantees,
            "answer_hours": self.answer / HOUR,
            "grants": self.grants,
            "gifts_a_year": self.gifts,
            "buys_a_year": self.buys,
            "share_of_wallet": self.share,
            "their_reliability": self.their_reliability,
            "commitment": self.guarantees,
            "responsiveness": 0.75 * quick + 0.25 * self.grants,
            "reciprocity": 4 * side * (1 - side),
            "trust": self.reliability,
        }

    # --- events

    def poisson(self, rate: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Times of a Poisson stream with `rate` events a year while a relationship lasts: (index, time)."""
        d = self.dice
        rates = np.broadcast_to(np.asarray(rate, np.float64), (self.size,))
        active = np.flatnonzero(rates > 0)
        if active.size == 0:
            return active, active
        gap = np.round(YEAR / rates[active]).astype(np.int64)
        span = (self.left - self.joined)[active]
        expected = float(np.max(span / gap))
        most = int(expected + 6 * expected**0.5 + 8)
        times = np.cumsum(d.exponential(gap[:, None], active.size, most) + 1, axis=1)
        row, _ = np.nonzero(times < span[:, None])
        moment = times[times < span[:, None]]
        return active[row], self.joined[active[row]] + moment

    def by_level(self, *rates: float) -> np.ndarray:
        """A rate for each relationship by its closeness, prospect to partner."""
        return np.array(rates)[self.level]

    def ids(self, prefix: str, who: np.ndarray) -> np.ndarray:
        """Numbers that no other item of these relationships has."""
        return np.array([f"{prefix}{self.begin + w}-{i}" for i, w in enumerate(who)], object)

    def add(self, kind: str, who: np.ndarray, time: np.ndarray, **columns: Any) -> None:
        """Add rows, with the manager in charge."""
        self.log.add(kind, who + self.begin, time, manager=self.manager[who], **columns)

    def deals(self) -> None:
        """Purchases, elsewhere too; returns of ours to answer for or not; contracts, guarantees and costs."""
        d = self.dice
        who, time = self.poisson(self.buys)
        firsts = np.flatnonzero((self.level == 1) & (self.left > self.joined))  # a buyer has bought
        who, time = np.concatenate([who, firsts]), np.concatenate([time, self.joined[firsts]])
        n = len(who)
        cents = self.basket[who] // 2 + d.below(self.basket[who], n)
        margin = cents * (15 + d.below(30, n)) // 100
        marked = d.chance(0.02, n)
        ids = np.where(marked, self.ids("P", who), None)
        self.add(
            "purchase",
            who,
            time,
            amount=cents / 100,
            margin=margin / 100,
            quantity=1 + d.below(5, n),
            event_id=ids,
            currency="EUR",
        )
        self.bought = (who, time, cents)
        taken = marked & d.chance(0.15, n)
        self.add(
            "retraction",
            who[taken],
            time[taken] + DAY + d.below(20 * DAY, int(taken.sum())),
            refers_to=ids[taken],
        )
        rate = np.where(self.watched, self.buys * (1 - self.share) / self.share, 0.0)
        away, when = self.poisson(rate)
        self.add("purchase_elsewhere", away, when, amount=self.basket[away] / 100)
        back = d.chance(0.05, n) & ~taken
        k = int(back.sum())
        whole = d.chance(0.3, k)
        paid = cents[back]
        self.add(
            "return",
            who[back],
            time[back] + 2 * DAY + d.below(18 * DAY, k),
            amount=np.where(whole, paid, paid // (2 + d.below(3, k))) / 100,
            value=d.chance(1 - self.reliability[who[back]], k),
            cost=(2_00 + d.below(8_00, k)) / 100,
            whole_order=whole,
            since=np.where(whole, time[back], ABSENT_TIME),
        )
        bound = np.flatnonzero(self.trade)
        for year in range(int((self.end - self.start) // YEAR) + 1):
            begin = self.joined[bound] + year * YEAR
            signed = d.chance(0.7, len(bound)) & (begin < self.left[bound])
            self.add("contract", bound[signed], begin[signed], until=begin[signed] + 350 * DAY)
        held, when = self.poisson(np.where(self.trade, 3.0, 0.8))
        self.add("guarantee", held, when, value=d.chance(self.guarantees[held], len(held)))
        spent, when = self.poisson(self.by_level(0.2, 0.3, 0.5, 0.5, 0.8, 1.0))
        self.add("cost", spent, when, amount=(1_00 + d.below(40_00, len(spent))) / 100)

    def promises(self) -> None:
        """Deliveries promised with purchases, promises of theirs, and payments of either side."""
        who, time, _ = self.bought
        some = self.dice.chance(0.8, len(who))
        self.promise("promise", "us", who[some], time[some], self.reliability, 5 * DAY)
        them, when = self.poisson(np.where(self.trade, 4.0, 0.3))
        self.promise("promise", "them", them, when, self.their_reliability, 14 * DAY)
        trade = self.trade[who]
        paid_by_us = trade & (self.roles[who] == "supplier")
        self.promise("payment", "us", who[paid_by_us], time[paid_by_us], self.reliability, 30 * DAY)
        theirs = trade & ~paid_by_us
        self.promise("payment", "them", who[theirs], time[theirs], self.their_reliability, 30 * DAY)

    def promise(
        self, kind: str, side: str, who: np.ndarray, time: np.ndarray, kept: np.ndarray, term: int
    ) -> None:
        """Promises with their ends: kept, late, or never; told in one row, or in two by refers_to."""
        d, n = self.dice, len(who)
        due = time + term
        good = d.chance(kept[who], n)
        never = ~good & d.chance(0.25, n)
        done = np.where(good, due - d.below(term // 2, n), due + HOUR + d.exponential(4 * DAY, n))
        done[never | (done > self.end)] = ABSENT_TIME
        apart = d.chance(0.4, n)
        number = np.where(apart, self.ids(kind[:2].upper() + side[:1], who), None)
        stake = np.where(d.chance(0.1, n), 2.0, 1.0) if kind == "promise" else np.ones(n)
        told = np.where(apart, ABSENT_TIME, done)
        self.add(kind, who, time, side=side, due=due, done=told, value=stake, refers_to=number)
        ends = apart & (done != ABSENT_TIME)
        self.add(
            kind,
            who[ends],
            done[ends],
            side=side,
            due=due[ends],
            done=done[ends],
            value=stake[ends],
            refers_to=number[ends],
        )

    def questions(self) -> None:
        """Requests and their answers on either side; concessions asked for and decided."""
        d = self.dice
        for side, rate, mean in (
            ("us", self.by_level(0.5, 1.5, 4.0, 4.5, 5.0, 6.0), self.answer),
            ("them", np.where(self.trade, 3.0, 0.0), np.full(self.size, 20 * HOUR)),
        ):
            who, time = self.poisson(rate)
            n = len(who)
            wait = 60 + d.exponential(mean[who], n)
            answered = d.chance(0.96, n)
            brief = d.chance(0.1, n)  # told as an answer alone
            number = self.ids("Q" + side[:1], who)
            asked = ~(brief & answered)
            self.add("request", who[asked], time[asked], side=side, refers_to=number[asked])
            told = answered & ~brief
            self.add("response", who[told], (time + wait)[told], side=side, refers_to=number[told])
            alone = answered & brief
            self.add("response", who[alone], (time + wait)[alone], side=side, since=time[alone])
        who, time = self.poisson(self.by_level(0.1, 0.4, 0.8, 1.0, 1.2, 1.5))
        n = len(who)
        value = d.chance(self.grants[who], n).astype(np.float64)
        value[d.chance(0.15, n)] = 0.5
        self.add("concession", who, time, value=value)

    def give_and_take(self) -> None:
        """Gifts of ours and of theirs."""
        d = self.dice
        who, time = self.poisson(self.gifts / 2)
        n = len(who)
        points = 1 + d.below(3, n)
        self.add(
            "gift",
            who,
            time,
            side="us",
            value=points,
            cost=(points * (2_00 + d.below(3_00, n))) / 100,
        )
        who, time = self.poisson(self.by_level(0, 0, 0.1, 0.2, 0.3, 0.4))
        self.add("gift", who, time, side="them", value=1.0)

    def ladder(self) -> None:
        """What they do for us as they come closer, and contacts of either side."""
        d = self.dice
        for kind, rates in (
            ("participation", (0, 0, 0.1, 1.5, 2.0, 2.0)),
            ("attendance", (0, 0, 0, 0.3, 1.2, 1.5)),
            ("novelty", (0, 0, 0, 0.2, 1.5, 1.5)),
        ):
            who, time = self.poisson(self.by_level(*rates))
            self.add(kind, who, time)
        for kind, rates in (
            ("referral", (0, 0, 0, 0, 1.2, 1.2)),
            ("suggestion", (0, 0, 0, 0, 0.1, 1.6)),
            ("co_creation", (0, 0, 0, 0, 0, 1.0)),
        ):
            who, time = self.poisson(self.by_level(*rates))
            self.add(kind, who, time, value=1 + d.below(3, len(who)))
        who, time = self.poisson(self.by_level(0, 0.05, 0.15, 1.0, 1.5, 1.5))
        rating = np.clip(np.round(1 + 4 * self.reliability[who]) + d.below(3, len(who)) - 1, 1, 5)
        self.add("review", who, time, rating=rating, scale_low=1.0, scale_high=5.0)
        who, time = self.poisson(self.by_level(0.1, 0.2, 0.4, 0.5, 0.6, 0.8))
        n = len(who)
        mark = np.clip(np.round(10 * self.reliability[who]) + d.below(5, n) - 2, 0, 10)
        asked = np.where(d.chance(0.7, n), "trust", "commitment").astype(object)
        self.add("survey", who, time, value=mark, scale_low=0.0, scale_high=10.0, parameter=asked)
        channels = np.array(["email", "phone", "visit", "shop"], object)
        for side, rate in (("us", 6.0), ("them", self.by_level(0.1, 0.2, 0.5, 2.5, 3.0, 4.0))):
            who, time = self.poisson(rate)
            n = len(who)
            self.add(
                "contact",
                who,
                time,
                side=side,
                channel=channels[d.below(4, n)],
                personal=d.chance(0.35, n),
                answered=d.chance(0.5, n),
            )

    def complaints(self) -> None:
        """Complaints, most of which are resolved; both where we fail more."""
        d = self.dice
        who, time = self.poisson(np.where(self.level > 0, 2.5 * (1 - self.reliability), 0.0))
        n = len(who)
        number = self.ids("K", who)
        self.add(
            "complaint", who, time, value=np.where(d.chance(0.15, n), 2.0, 1.0), refers_to=number
        )
        solved = d.chance(0.75, n)
        end = time + HOUR + d.exponential(3 * DAY, n)
        self.add("resolution", who[solved], end[solved], refers_to=number[solved])
