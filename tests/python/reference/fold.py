# SPDX-License-Identifier: MIT
"""Acts to exact sums, and the ladder by continuous evaluation (docs/model.md, 3).

All times are whole UTC seconds, all numbers are ``int`` or ``Fraction``: nothing in this file rounds by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import mpmath

STEPS = 4096  # table steps in one half-life
DAY = 86400
YEAR = 365 * DAY
PARTS = 256  # an act's evidence is given in 1/256: sixteenths, 256ths of the target and minor units all fit
UNIT_BITS = 56  # a sum is an integer in units of 2^-56

# sum -> the half-life that fades it
SUMS = {
    "guarantees_kept": "guarantees",
    "guarantees_breached": "guarantees",
    "promises_kept": "trust",
    "promises_broken": "trust",
    "promises_grave": "trust",
    "answered": "responses",
    "answer_time": "responses",
    "granted": "concessions",
    "refused": "concessions",
    "given": "reciprocity",
    "received": "reciprocity",
    "purchases": "purchases",
    "elsewhere": "purchases",
    "support": "support",
    "advocacy": "advocacy",
    "partnership": "partnership",
    "margin": "margin",
    "cost": "cost",
}
HALF_LIVES = {
    "guarantees": 730 * DAY,
    "trust": 730 * DAY,
    "responses": 365 * DAY,
    "concessions": 365 * DAY,
    "reciprocity": 365 * DAY,
    "purchases": 365 * DAY,
    "support": 365 * DAY,
    "advocacy": 365 * DAY,
    "partnership": 365 * DAY,
    "margin": 365 * DAY,
    "cost": 365 * DAY,
}
LADDER_STREAMS = ("purchases", "support", "advocacy", "partnership")
WINDOW = 30  # half-lives on either side of the landmark


def _table() -> list[int]:
    context = mpmath.MPContext()
    context.dps = 40
    return [
        int(context.nint(context.mpf(2) ** (16 + (context.mpf(2 * j + 1)) / 8192)))
        for j in range(STEPS)
    ]


TABLE = _table()


def half_even_shift(number: int, bits: int) -> int:
    """number / 2^bits, to the nearest integer, ties to the even one; bits >= 0."""
    if bits == 0:
        return number
    whole = number >> bits
    rest = number - (whole << bits)
    half = 1 << (bits - 1)
    if rest > half or (rest == half and whole & 1):
        whole += 1
    return whole


def half_even(x: Fraction) -> int:
    """The nearest integer, ties to the even one."""
    return round(x)


class Clock:
    """One half-life: what an instant weighs."""

    __slots__ = ("half_life", "origin")

    def __init__(self, half_life: int, landmark: int):
        self.half_life = half_life
        self.origin = landmark // half_life

    def step(self, t: int) -> int:
        """Index of the table step that holds second t, counted from 1970."""
        return STEPS * t // self.half_life

    def step_start(self, step: int) -> int:
        """The first whole second of a table step."""
        return -(-step * self.half_life // STEPS)

    def contribution(self, parts: int, t: int) -> int:
        """parts/256 of evidence that happened at t, in units of 2^-56."""
        step = self.step(t)
        shift = (step >> 12) - self.origin - 16 - 8 + UNIT_BITS
        number = parts * TABLE[step & 4095]
        return number << shift if shift >= 0 else half_even_shift(number, -shift)

    def unit(self, t: int) -> int:
        """w(t) in units of 2^-56: what one whole event at t adds; a sum is read by dividing by it."""
        step = self.step(t)
        shift = (step >> 12) - self.origin - 16 + UNIT_BITS
        if shift < 0:
            raise ValueError("t lies outside the window of the landmark")
        return TABLE[step & 4095] << shift


class Clocks(dict):
    """A clock for every half-life of a policy, by the half-life's name, and by sum through ``of``."""

    def __init__(self, policy: dict):
        lives = {**HALF_LIVES, **policy.get("half_life", {})}
        unknown = set(lives) - set(HALF_LIVES)
        if unknown:
            raise ValueError(f"unknown half-lives: {sorted(unknown)}")
        super().__init__((name, Clock(h, policy["landmark"])) for name, h in lives.items())
        self.of = {name: self[stream] for name, stream in SUMS.items()}

    def shortest(self) -> int:
        return min(clock.half_life for clock in self.values())

    def staircase_start(self, landmark: int) -> int:
        return landmark - WINDOW * min(self[name].half_life for name in LADDER_STREAMS)


@dataclass(slots=True)
class Act:
    """What one row, or the passing of a deadline, does to a relationship.

    ``when`` is the second from which it is known, ``stamp`` the second that it is about. ``adds`` holds
    (sum, parts of 1/256, second whose weight it carries).
    """

    when: int
    stamp: int
    adds: tuple = ()
    count: int = 1
    n: int = 0
    spend: int = 0
    opened: int = 0
    opened_at: int = 0
    until: int | None = None
    purchase: bool = False
    elsewhere: bool = False


@dataclass(slots=True)
class State:
    sums: dict = field(default_factory=lambda: dict.fromkeys(SUMS, 0))
    open_requests: int = 0
    open_time_sum: int = 0
    n: int = 0
    first_event: int | None = None
    first_purchase: int | None = None
    last_purchase: int | None = None
    contract_until: int | None = None
    spend: int = 0
    newest: int | None = None
    events: int = 0
    elsewhere_seen: bool = False

    def as_dict(self) -> dict:
        plain = {
            name: getattr(self, name)
            for name in (
                "open_requests",
                "open_time_sum",
                "n",
                "first_event",
                "first_purchase",
                "last_purchase",
                "contract_until",
                "spend",
                "newest",
                "events",
            )
        }
        return {**self.sums, **plain}


def _least(a, b):
    return b if a is None else min(a, b)


def _most(a, b):
    return b if a is None else max(a, b)


def fold(acts: list[Act], clocks: Clocks, as_of: int) -> State:
    """The sums over every act known by ``as_of``; the order of the acts has no influence."""
    state = State()
    sums = state.sums
    for act in acts:
        if act.when > as_of:
            continue
        for name, parts, at in act.adds:
            sums[name] += clocks.of[name].contribution(parts, at)
        state.events += act.count
        state.n += act.n
        state.spend += act.spend
        state.open_requests += act.opened
        state.open_time_sum += act.opened * act.opened_at
        state.first_event = _least(state.first_event, act.stamp)
        state.newest = _most(state.newest, act.stamp)
        if act.purchase:
            state.first_purchase = _least(state.first_purchase, act.stamp)
            state.last_purchase = _most(state.last_purchase, act.stamp)
        if act.until is not None:
            state.contract_until = _most(state.contract_until, act.until)
        state.elsewhere_seen |= act.elsewhere
    return state


def value(state: State, clocks: Clocks, name: str, now: int) -> Fraction:
    """A sum as it reads at ``now``: decayed evidence, targets or minor units."""
    return Fraction(state.sums[name], clocks.of[name].unit(now))


# --- the ladder -----------------------------------------------------------------------------------------------------

DEFAULT_LADDER = {
    "client": {"purchases": ("1.5", "0.75")},
    "supporter": {"support": ("0.75", "0.375")},
    "advocate": {"advocacy": ("0.75", "0.375"), "share": ("0.8", "0.7")},
    "partner": {"partnership": ("0.75", "0.375")},
}


class Criteria:
    """The thresholds of the ladder as exact (numerator, denominator), enter first, keep second."""

    def __init__(self, policy: dict):
        given = policy.get("ladder", {})

        def pair(rung, name):
            texts = given.get(rung, {}).get(name, DEFAULT_LADDER[rung][name])
            return tuple((f.numerator, f.denominator) for f in (Fraction(str(x)) for x in texts))

        self.client = pair("client", "purchases")
        self.support = pair("supporter", "support")
        self.advocacy = pair("advocate", "advocacy")
        self.share = pair("advocate", "share")
        self.partnership = pair("partner", "partnership")

    def enter(self, name: str) -> Fraction:
        return Fraction(*getattr(self, name)[0])


class View:
    """What the ladder looks at, as it stands after some acts. Everything is compared exactly."""

    __slots__ = ("clocks", "criteria", "elsewhere", "n", "sums", "until")

    def __init__(self, criteria: Criteria, clocks: Clocks):
        self.criteria = criteria
        self.clocks = clocks
        self.sums = dict.fromkeys((*LADDER_STREAMS, "elsewhere"), 0)
        self.n = 0
        self.until = None
        self.elsewhere = False

    def take(self, act: Act) -> None:
        for name, parts, at in act.adds:
            if name in self.sums:
                self.sums[name] += self.clocks.of[name].contribution(parts, at)
        self.n += act.n
        if act.until is not None:
            self.until = _most(self.until, act.until)
        self.elsewhere |= act.elsewhere

    def _reaches(self, name: str, threshold, t: int) -> bool:
        top, bottom = threshold
        return self.sums[name] * bottom >= top * self.clocks[name].unit(t)

    def holds(self, rung: int, which: int, t: int) -> bool:
        """Does the criterion of one rung hold at second t? which: 0 enter, 1 keep."""
        criteria = self.criteria
        if rung == 1:
            return self.n >= 1
        if rung == 2:
            runs = self.until is not None and t <= self.until
            return (self.n >= 1 and runs) or (
                self.n >= 2 and self._reaches("purchases", criteria.client[which], t)
            )
        if rung == 3:
            return self._reaches("support", criteria.support[which], t)
        if rung == 4:
            if not self._reaches("advocacy", criteria.advocacy[which], t):
                return False
            if not self.elsewhere:
                return True
            top, bottom = criteria.share[which]
            bought = self.sums["purchases"]
            return bought * bottom >= top * (bought + self.sums["elsewhere"])
        return self._reaches("partnership", criteria.partnership[which], t)

    def kept(self, t: int) -> int:
        """K: the highest k whose keep criteria 1..k all hold."""
        k = 0
        while k < 5 and self.holds(k + 1, 1, t):
            k += 1
        return k

    def entered(self, t: int, kept: int) -> int:
        """E: the highest k whose enter criterion holds and whose keep criteria 1..k-1 hold."""
        for k in range(kept, 0, -1):  # entering is harder than keeping, so E <= K
            if self.holds(k, 0, t):
                return k
        return 0


@dataclass(slots=True)
class Ladder:
    rung: int = 0
    peak: int = 0
    since: int | None = None
    at_least: bool = False
    tape: list = field(default_factory=list)  # (second, from rung, to rung), every change
    share_waived: bool = True
    lower: int = 0  # E at the assessment
    upper: int = 0  # K at the assessment


class _Walk:
    """The rung as it moves, second by second; only the seconds that are looked at differ between the two walks."""

    def __init__(self, since: int | None, at_least: bool):
        self.ladder = Ladder(since=since, at_least=at_least)

    def look(self, view: View, t: int) -> None:
        kept = view.kept(t)
        entered = view.entered(t, kept)
        self.move(min(max(self.ladder.rung, entered), kept), t)

    def move(self, rung: int, t: int) -> None:
        ladder = self.ladder
        if rung != ladder.rung:
            ladder.tape.append((t, ladder.rung, rung))
            ladder.rung = rung
            ladder.since = t
            ladder.peak = max(ladder.peak, rung)


def _stages(acts: list[Act], clocks: Clocks, landmark: int, as_of: int):
    """The seconds at which something happens with what happens there, from the staircase's start on."""
    start = clocks.staircase_start(landmark)
    known = [act for act in acts if act.when <= as_of]
    first = min((act.stamp for act in known), default=None)
    early = first is not None and first < start
    batches: dict[int, list[Act]] = {}
    if early:
        batches[start] = []
    for act in known:
        batches.setdefault(max(act.when, start), []).append(act)
    since = first if not early else start
    return since, early, sorted(batches.items())


def _finish(walk: _Walk, view: View, as_of: int) -> Ladder:
    ladder = walk.ladder
    ladder.share_waived = not view.elsewhere
    ladder.upper = view.kept(as_of)
    ladder.lower = view.entered(as_of, ladder.upper)
    return ladder


def climb(acts: list[Act], clocks: Clocks, criteria: Criteria, landmark: int, as_of: int) -> Ladder:
    """The ladder when E and K are evaluated at every whole second.

    While nothing happens every criterion can only cease to hold (sums fade together, contracts end), so K does not
    rise and the second of each fall is found by bisection over the seconds of the quiet time.
    """
    since, early, stages = _stages(acts, clocks, landmark, as_of)
    walk = _Walk(since, early)
    view = View(criteria, clocks)
    for index, (second, batch) in enumerate(stages):
        for act in batch:
            view.take(act)
        walk.look(view, second)
        last = stages[index + 1][0] - 1 if index + 1 < len(stages) else as_of
        while walk.ladder.rung and view.kept(last) < walk.ladder.rung:
            holds, fails = second, last
            while fails - holds > 1:
                middle = (holds + fails) // 2
                if view.kept(middle) < walk.ladder.rung:
                    fails = middle
                else:
                    holds = middle
            walk.move(view.kept(fails), fails)
            second = fails
    return _finish(walk, view, as_of)


def climb_every_step(
    acts: list[Act], clocks: Clocks, criteria: Criteria, landmark: int, as_of: int
) -> Ladder:
    """The same by brute force: E and K looked at in the first second of every table step of every stream, in the
    second after every contract's end, and at every event. Far too slow for years, so only for checking ``climb``."""
    since, early, stages = _stages(acts, clocks, landmark, as_of)
    walk = _Walk(since, early)
    view = View(criteria, clocks)
    for index, (second, batch) in enumerate(stages):
        for act in batch:
            view.take(act)
        walk.look(view, second)
        last = stages[index + 1][0] - 1 if index + 1 < len(stages) else as_of
        looks = {last}
        if view.until is not None:
            looks.add(view.until + 1)
        for name in LADDER_STREAMS:
            clock = clocks[name]
            looks.update(map(clock.step_start, range(clock.step(second) + 1, clock.step(last) + 1)))
        for t in sorted(t for t in looks if second < t <= last):
            walk.look(view, t)
    return _finish(walk, view, as_of)
