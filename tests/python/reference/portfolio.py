# SPDX-License-Identifier: MIT
"""Rows to acts: books, open items, sides, roles, currency (docs/model.md, 4 and 7), and the whole assessment.

A row is a dict; what is absent is missing, None, NaN or an empty text. ``policy`` is a dict:

    landmark          UTC seconds
    half_life         seconds by name, see ``fold.HALF_LIVES``
    target_seconds    the promised answer time, 86400
    grace_seconds     of promises and payments, 0
    perspective       "us" or "them"
    default_role      "consumer"
    currency          None, minor_digits 2
    observes          None, or the kinds that the log records
    commitment, responsiveness, reciprocity, trust, quality, ladder, minimum_coverage   overrides, see ``score``
    roles             {role: {commitment: {contract_weight: ...}, ...}}
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from . import fast_score, score
from .fold import DAY, PARTS, WINDOW, Act, Clocks, Criteria, Ladder, State, climb, fold, half_even

KINDS = (
    "purchase",
    "purchase_elsewhere",
    "return",
    "contact",
    "participation",
    "review",
    "attendance",
    "novelty",
    "referral",
    "suggestion",
    "co_creation",
    "gift",
    "promise",
    "guarantee",
    "contract",
    "request",
    "response",
    "concession",
    "complaint",
    "resolution",
    "payment",
    "survey",
    "cost",
    "retraction",
)
# kinds whose value is a weight: 1 where absent, above zero
WEIGHED = frozenset(
    [
        "participation",
        "review",
        "attendance",
        "novelty",
        "referral",
        "suggestion",
        "co_creation",
        "gift",
        "promise",
        "payment",
        "complaint",
    ]
)
# kinds about the conduct of one side; seen from the other side they are events without that effect
CONDUCT = frozenset(
    [
        "promise",
        "payment",
        "guarantee",
        "request",
        "response",
        "concession",
        "complaint",
        "resolution",
        "survey",
        "return",
    ]
)
FEEDS_BOTH = frozenset(["participation", "review", "referral", "suggestion", "co_creation"])
SIDES = ("us", "them")
SIXTEENTH = PARTS // 16
LARGEST_EVIDENCE = 1 << 20
LARGEST_MONEY = 10**12
EXPIRY = 30  # targets
NUMBERS = ("value", "amount", "margin", "cost", "quantity", "rating", "scale_low", "scale_high")
TIMES = ("due", "done", "until", "since")

CODES = (
    "unknown_kind",
    "missing_relationship",
    "bad_relationship",
    "missing_time",
    "bad_time",
    "missing_due",
    "missing_until",
    "missing_value",
    "missing_since",
    "missing_scale",
    "missing_refers_to",
    "missing_amount",
    "bad_value",
    "not_finite",
    "negative",
    "rounds_to_zero",
    "too_large",
    "out_of_scale",
    "bad_scale",
    "since_after_time",
    "other_currency",
    "bad_side",
    "bad_role",
    "bad_parameter",
    "retraction_without_event",
)
REASONS = ("repeated", "retracted", "nothing_open", "already_open", "after_as_of")


class SetAside(Exception):  # noqa: N818
    """A row that cannot be scored; the only argument is its code."""


def get(row: dict, name: str):
    """The entry of a row, None where absent."""
    x = row.get(name)
    if x is None or x == "" or (isinstance(x, float) and math.isnan(x)):
        return None
    return x


def identifier(x) -> str:
    """Text as it is; integers and integral floats as decimal text."""
    if isinstance(x, bytes):
        return x.decode("utf-8", "surrogateescape")
    if isinstance(x, str):
        return x
    if isinstance(x, float):
        if not x.is_integer():
            raise SetAside("bad_relationship")
        return str(int(x))
    return str(int(x))


def whole_seconds(x) -> int:
    if isinstance(x, str) or (isinstance(x, float) and not x.is_integer()) or abs(x) > 1 << 53:
        raise SetAside("bad_time")
    return int(x)


def later(row: dict, as_of: int) -> bool:
    """Does the row carry a readable time after the assessment?"""
    try:
        return get(row, "time") is not None and whole_seconds(row["time"]) > as_of
    except SetAside:
        return False


def with_whole_seconds(row: dict) -> dict:
    """The row with its times as integers (a column with gaps arrives as floats)."""
    floats = {
        name: int(row[name]) for name in ("time", *TIMES) if isinstance(get(row, name), float)
    }
    return {**row, **floats} if floats else row


# --- values on their grids -------------------------------------------------------------------------------------------


def sixteenths(x: Fraction) -> int:
    return half_even(16 * x)


def weight(row: dict) -> Fraction:
    """The value of a row whose value is a weight."""
    x = get(row, "value")
    if x is None:
        return Fraction(1)
    exact = Fraction(x)
    if sixteenths(exact) == 0:
        raise SetAside("rounds_to_zero")
    if exact > LARGEST_EVIDENCE:
        raise SetAside("too_large")
    return exact


def minor_units(row: dict, name: str, digits: int) -> int:
    """Money in minor units; 0 where absent."""
    x = get(row, name)
    if x is None or x == 0:
        return 0
    units = half_even(Fraction(x) * 10**digits)
    if units == 0:
        raise SetAside("rounds_to_zero")
    if abs(units) > LARGEST_MONEY:
        raise SetAside("too_large")
    return units


def duration_parts(seconds: int, target: int) -> int:
    """A duration in 1/256 of the target, saturating at 64 targets."""
    return min(half_even(Fraction(256 * seconds, target)), 64 * 256)


def scale_of(row: dict) -> tuple[Fraction, Fraction]:
    text = get(row, "scale")
    if text is not None:
        try:
            low, high = (Fraction(part) for part in text.split(".."))
        except ValueError:
            raise SetAside("bad_scale") from None
    else:
        low, high = get(row, "scale_low"), get(row, "scale_high")
        if low is None or high is None:
            raise SetAside("missing_scale")
        low, high = Fraction(low), Fraction(high)
    if low >= high:
        raise SetAside("bad_scale")
    return low, high


def position(row: dict, name: str) -> Fraction:
    """Where a rating stands on its scale, 0..1."""
    low, high = scale_of(row)
    x = Fraction(get(row, name))
    if not low <= x <= high:
        raise SetAside("out_of_scale")
    return (x - low) / (high - low)


# --- what a row is, by itself ----------------------------------------------------------------------------------------


def check(row: dict, digits: int) -> None:
    """Raise SetAside where the row cannot be understood by itself."""
    kind = get(row, "kind")
    name = get(row, "relationship")
    if name is None:
        raise SetAside("missing_relationship")
    identifier(name)
    if kind not in KINDS:
        raise SetAside("unknown_kind")
    if get(row, "time") is None:
        raise SetAside("missing_time")
    time = whole_seconds(row["time"])
    for column in TIMES:
        if get(row, column) is not None:
            whole_seconds(row[column])
    for column in NUMBERS:
        x = get(row, column)
        if x is not None and not math.isfinite(x):
            raise SetAside("not_finite")
    if get(row, "side") not in (None, *SIDES):
        raise SetAside("bad_side")
    if get(row, "role") not in (None, *score.ROLES):
        raise SetAside("bad_role")

    value = get(row, "value")
    if kind in WEIGHED or kind == "return":
        if value is not None and value < 0:
            raise SetAside("negative")
        if kind in WEIGHED or value:
            weight(row)
    for column in ("amount", "cost"):
        if (get(row, column) or 0) < 0:
            raise SetAside("negative")
    for column in ("amount", "margin", "cost"):
        minor_units(row, column, digits)

    since = get(row, "since")
    refers_to = get(row, "refers_to")
    if kind == "return" and get(row, "whole_order") and since is None:
        raise SetAside("missing_since")
    if kind == "response" and refers_to is None and since is None:
        raise SetAside("missing_since")
    if since is not None and kind in ("return", "response") and since > time:
        raise SetAside("since_after_time")
    opens = get(row, "done") is None or refers_to is None
    if kind in ("promise", "payment") and opens and get(row, "due") is None:
        raise SetAside("missing_due")
    if kind == "contract" and get(row, "until") is None:
        raise SetAside("missing_until")
    if kind == "cost" and get(row, "amount") is None:
        raise SetAside("missing_amount")
    if kind in ("resolution", "retraction") and refers_to is None:
        raise SetAside("missing_refers_to")
    if kind in ("guarantee", "concession", "survey") and value is None:
        raise SetAside("missing_value")
    if kind == "guarantee" and value not in (0, 1):
        raise SetAside("bad_value")
    if kind == "concession":
        if not 0 <= value <= 1:
            raise SetAside("bad_value")
        if value and sixteenths(Fraction(value)) == 0:
            raise SetAside("rounds_to_zero")
    if kind == "survey":
        position(row, "value")
        if get(row, "parameter") not in (None, "trust", "commitment"):
            raise SetAside("bad_parameter")
    if kind == "review" and get(row, "rating") is not None:
        position(row, "rating")


# --- one relationship ------------------------------------------------------------------------------------------------


@dataclass
class Promise:
    """A promise or payment that has not been done: when it breaks, what it weighs, when it became known."""

    limit: int  # due + grace
    parts: int
    made: int

    @property
    def broken_at(self) -> int:
        return self.limit + 1


class Ledger:
    """The rows of one relationship in order, with its open items, as acts."""

    def __init__(self, policy: dict):
        self.target = policy.get("target_seconds", DAY)
        self.grace = policy.get("grace_seconds", 0)
        self.perspective = policy.get("perspective", "us")
        self.digits = policy.get("minor_digits", 2)
        self.acts: list[Act] = []
        self.requests: dict[str, int] = {}
        self.promises: dict[tuple[str, str], Promise] = {}
        self.complaints: set[str] = set()
        self.role: str | None = None
        self.role_time: tuple = ()
        self.scored = 0
        self.lit: set[str] = set()

    @staticmethod
    def order(row: dict):
        """Rows of one second: openers before closers, then any fixed order."""
        kind = row["kind"]
        closes = kind in ("response", "resolution") or (
            kind in ("promise", "payment") and get(row, "done") is not None
        )
        return (row["time"], closes, row_bytes(row))

    def act(self, row, *adds, stamp=None, **more) -> None:
        """One act known from the row's own second, about that second unless ``stamp`` names an earlier one."""
        time = row["time"]
        self.acts.append(
            Act(time, time if stamp is None else stamp, tuple(a for a in adds if a[1]), **more)
        )

    def take(self, row: dict) -> str | None:
        """Score a checked row; returns the reason where it is skipped instead."""
        kind = row["kind"]
        side = get(row, "side") or "us"
        conducts = side == self.perspective
        if kind in CONDUCT and kind not in ("survey", "return") and not conducts:
            self.act(row)
            skipped = None
        else:
            skipped = getattr(self, "_" + kind)(row, conducts)
        if skipped is None:
            self.scored += 1
            role = get(row, "role")
            if role is not None:
                self.role_time = max(self.role_time, (row["time"], score.ROLES.index(role)))
                self.role = score.ROLES[self.role_time[1]]
            if conducts or kind not in CONDUCT:
                self.lit.add(kind)
                if kind == "survey":
                    self.lit.add("survey " + (get(row, "parameter") or "trust"))
                if kind == "gift" and not conducts:
                    self.lit.add("gift received")
        return skipped

    # money and purchases

    def _purchase(self, row, _):
        self.act(
            row,
            ("purchases", PARTS, row["time"]),
            ("margin", PARTS * minor_units(row, "margin", self.digits), row["time"]),
            n=1,
            spend=minor_units(row, "amount", self.digits),
            purchase=True,
        )

    def _purchase_elsewhere(self, row, _):
        self.act(row, ("elsewhere", PARTS, row["time"]), elsewhere=True)

    def _return(self, row, conducts):
        time = row["time"]
        amount = minor_units(row, "amount", self.digits)
        adds = [
            ("margin", -PARTS * amount, time),
            ("cost", PARTS * minor_units(row, "cost", self.digits), time),
        ]
        if conducts:
            adds.append(
                ("promises_broken", SIXTEENTH * sixteenths(Fraction(get(row, "value") or 0)), time)
            )
        whole = bool(get(row, "whole_order"))
        if whole:
            adds.append(("purchases", -PARTS, int(row["since"])))
        self.act(row, *adds, n=-1 if whole else 0, spend=-amount)

    def _cost(self, row, _):
        self.act(row, ("cost", PARTS * minor_units(row, "amount", self.digits), row["time"]))

    # what they do

    def _contact(self, row, _):
        theirs = get(row, "side") == "them"
        self.act(row, ("support", PARTS // 2 if theirs else 0, row["time"]))

    def _received(self) -> str:
        """Where what they give goes, seen from the perspective."""
        return "received" if self.perspective == "us" else "given"

    def _shown(self, row, stream, both, y=Fraction(1)):
        parts = SIXTEENTH * sixteenths(weight(row) * y)
        adds = [(stream, parts, row["time"])]
        if both:
            adds.append((self._received(), parts, row["time"]))
        self.act(row, *adds)

    def _participation(self, row, _):
        self._shown(row, "support", True)

    def _review(self, row, _):
        y = position(row, "rating") if get(row, "rating") is not None else Fraction(1)
        self._shown(row, "support", True, y)

    def _attendance(self, row, _):
        self._shown(row, "advocacy", False)

    _novelty = _attendance

    def _giving(self, row, stream):
        points = SIXTEENTH * sixteenths(weight(row))
        self.act(row, (stream, PARTS, row["time"]), (self._received(), points, row["time"]))

    def _referral(self, row, _):
        self._giving(row, "advocacy")

    def _suggestion(self, row, _):
        self._giving(row, "partnership")

    _co_creation = _suggestion

    def _gift(self, row, conducts):
        self.act(
            row,
            ("given" if conducts else "received", SIXTEENTH * sixteenths(weight(row)), row["time"]),
            ("cost", PARTS * minor_units(row, "cost", self.digits), row["time"]),
        )

    # what we do

    def _guarantee(self, row, _):
        if row["value"] == 1:
            self.act(row, ("guarantees_kept", PARTS, row["time"]))
        else:
            self.act(
                row,
                ("guarantees_breached", PARTS, row["time"]),
                ("promises_grave", PARTS, row["time"]),
            )

    def _contract(self, row, _):
        self.act(row, until=int(row["until"]))

    def _concession(self, row, _):
        granted = sixteenths(Fraction(row["value"]))
        self.act(
            row,
            ("granted", SIXTEENTH * granted, row["time"]),
            ("refused", SIXTEENTH * (16 - granted), row["time"]),
        )

    def _survey(self, row, conducts):
        y = position(row, "value")
        adds = [("support", SIXTEENTH * sixteenths(y / 4), row["time"])]
        if conducts:
            good = sixteenths(y / 2)
            sums = (
                ("guarantees_kept", "guarantees_breached")
                if get(row, "parameter") == "commitment"
                else ("promises_kept", "promises_broken")
            )
            adds += [
                (sums[0], SIXTEENTH * good, row["time"]),
                (sums[1], SIXTEENTH * (8 - good), row["time"]),
            ]
        self.act(row, *adds)

    def _complaint(self, row, _):
        self.act(row, ("promises_grave", SIXTEENTH * sixteenths(weight(row)), row["time"]))
        if get(row, "refers_to") is not None:
            self.complaints.add(row["refers_to"])

    def _resolution(self, row, _):
        if row["refers_to"] not in self.complaints:
            return "nothing_open"
        self.complaints.remove(row["refers_to"])
        self.act(row, ("promises_kept", PARTS, row["time"]))

    # requests: open for 30 targets, the last second included

    def _expire(self, opened: int) -> None:
        end = opened + EXPIRY * self.target
        self.acts.append(
            Act(end, end, (("answer_time", EXPIRY * PARTS, end),), opened=-1, opened_at=opened)
        )

    def _waits(self, key: str, time: int) -> bool:
        return key in self.requests and time <= self.requests[key] + EXPIRY * self.target

    def _request(self, row, _):
        time = int(row["time"])
        key = get(row, "refers_to")
        if key is not None and self._waits(key, time):
            return "already_open"
        self.act(row, opened=1, opened_at=time)
        if key is None:
            self._expire(time)
        else:
            if key in self.requests:
                self._expire(self.requests[key])
            self.requests[key] = time

    def _response(self, row, _):
        time = int(row["time"])
        key = get(row, "refers_to")
        if key is None:
            waited = time - int(row["since"])
            if waited > EXPIRY * self.target:
                self.act(
                    row,
                    ("answer_time", EXPIRY * PARTS, time - waited + EXPIRY * self.target),
                    stamp=time - waited + EXPIRY * self.target,
                )
                return None
            more = {}
        else:
            if not self._waits(key, time):
                return "nothing_open"
            opened = self.requests.pop(key)
            waited = time - opened
            more = {"opened": -1, "opened_at": opened}
        self.act(
            row,
            ("answered", PARTS, time),
            ("answer_time", duration_parts(waited, self.target), time),
            **more,
        )

    # promises and payments

    def _outcome(self, promise: Promise, known: int, done: int) -> None:
        """Done after all: ``known`` is the second from which that can count."""
        when = max(known, done)
        if done <= promise.limit:
            self.acts.append(Act(when, done, (("promises_kept", promise.parts, done),)))
        else:
            stamp = promise.broken_at
            self.acts.append(
                Act(when, stamp, (("promises_grave", -promise.parts, stamp),), count=-1)
            )
            self.acts.append(Act(when, done, (("promises_broken", promise.parts, done),)))

    def _break(self, promise: Promise) -> None:
        stamp = promise.broken_at
        self.acts.append(
            Act(max(promise.made, stamp), stamp, (("promises_grave", promise.parts, stamp),))
        )

    def _promise(self, row, _):
        time = int(row["time"])
        key = (row["kind"], get(row, "refers_to"))
        done = get(row, "done")
        found = self.promises.get(key) if key[1] is not None else None
        if done is None:
            if found is not None:
                return "already_open"
            promise = Promise(
                int(row["due"]) + self.grace, SIXTEENTH * sixteenths(weight(row)), time
            )
            if key[1] is None:
                self._break(promise)
            else:
                self.promises[key] = promise
            return None
        done = int(done)
        if found is None:
            if get(row, "due") is None:
                return "nothing_open"  # it closes what is not open
            promise = Promise(
                int(row["due"]) + self.grace, SIXTEENTH * sixteenths(weight(row)), time
            )
            if done > promise.limit:
                self._break(promise)
            self._outcome(promise, time, done)
            return None
        del self.promises[key]
        if done > found.limit:
            self._break(found)
        elif found.made >= found.broken_at or found.broken_at < time:
            # it had already counted as broken when the news came that it had been kept
            self._break(found)
            stamp = found.broken_at
            self.acts.append(Act(time, stamp, (("promises_grave", -found.parts, stamp),), count=-1))
        self._outcome(found, time, done)
        return None

    _payment = _promise

    def close(self) -> list[Act]:
        """What is still open at the end runs out by itself; to be called once."""
        for opened in self.requests.values():
            self._expire(opened)
        for promise in self.promises.values():
            self._break(promise)
        return self.acts


def row_bytes(row: dict) -> str:
    return repr(sorted((k, repr(v)) for k, v in row.items() if get(row, k) is not None))


# --- the portfolio ---------------------------------------------------------------------------------------------------


@dataclass
class Books:
    read: int = 0
    scored: int = 0
    skipped: Counter = field(default_factory=Counter)
    set_aside: Counter = field(default_factory=Counter)
    exact_repeats: int = 0

    def balance(self) -> bool:
        return self.read == self.scored + self.skipped.total() + self.set_aside.total()


@dataclass
class Relationship:
    state: State
    ladder: Ladder
    role: str
    open_complaints: int
    set_aside: int
    acts: list[Act]


@dataclass
class Reading:
    relationships: dict[str, Relationship]
    books: Books
    lit: dict[str, bool]
    purchases_observed: bool
    clocks: Clocks


@lru_cache(maxsize=64)
def _window(landmark: int, shortest: int) -> tuple[int, int]:
    return landmark - WINDOW * shortest, landmark + WINDOW * shortest


def lights(seen: set[str], observes) -> dict[str, bool]:
    """Which parameters the log can say something about."""
    if observes is not None:
        seen = set(observes) | {
            f"survey {p}" for p in ("trust", "commitment") if "survey" in observes
        }
    return {
        "commitment": bool(seen & {"guarantee", "contract", "survey commitment"}),
        "responsiveness": bool(seen & {"response", "concession"}),
        "reciprocity": "gift" in seen and bool(seen & (FEEDS_BOTH | {"gift received"})),
        "trust": bool(seen & {"promise", "payment", "complaint", "guarantee", "survey trust"}),
    }


def read(rows: list[dict], as_of: int, policy: dict, ladder: bool = True) -> Reading:
    """Everything that is known at ``as_of``, exactly."""
    clocks = Clocks(policy)
    criteria = Criteria(policy)
    first, last = _window(policy["landmark"], clocks.shortest())
    if not first <= as_of <= last:
        raise ValueError("the assessment lies more than 30 half-lives from the landmark")
    digits = policy.get("minor_digits", 2)
    books = Books(read=len(rows))
    lost: Counter = Counter()

    def aside(row, code):
        books.set_aside[code] += 1
        name = get(row, "relationship")
        if name is not None and code != "bad_relationship":
            lost[identifier(name)] += 1

    good: list[dict] = []
    for row in rows:
        if later(row, as_of):  # whatever else is the matter with it, it is not known yet
            books.skipped["after_as_of"] += 1
            continue
        try:
            check(row, digits)
        except SetAside as problem:
            aside(row, problem.args[0])
            continue
        good.append(with_whole_seconds(row))
    good.sort(key=lambda row: (row["time"], row_bytes(row)))

    # repeats and retractions
    ids: dict[str, dict] = {}
    retracted: set[str] = set()
    once: list[dict] = []
    for row in good:
        name = get(row, "event_id")
        if name is not None:
            if name in ids:
                books.skipped["repeated"] += 1
                continue
            ids[name] = row
        once.append(row)
    kept: list[dict] = []
    for row in once:
        if row["kind"] == "retraction":
            target = row["refers_to"]
            if target not in ids or target in retracted:
                aside(row, "retraction_without_event")
                continue
            retracted.add(target)
            books.skipped["retracted"] += 2
        else:
            kept.append(row)
    kept = [
        row for row in kept if get(row, "event_id") not in retracted or get(row, "event_id") is None
    ]

    # one currency
    currency = policy.get("currency")
    if currency is None:
        currency = min(
            (
                (row["time"], get(row, "currency"))
                for row in kept
                if get(row, "currency") is not None
            ),
            default=(0, None),
        )[1]
    by_name: dict[str, list[dict]] = defaultdict(list)
    nameless: Counter = Counter()
    for row in kept:
        if get(row, "currency") not in (None, currency):
            aside(row, "other_currency")
            continue
        if get(row, "event_id") is None:
            nameless[row_bytes(row)] += 1
        by_name[identifier(row["relationship"])].append(row)
    books.exact_repeats = sum(n - 1 for n in nameless.values())

    seen: set[str] = set()
    out: dict[str, Relationship] = {}
    for name in sorted(by_name, key=lambda text: text.encode("utf-8", "surrogateescape")):
        ledger = Ledger(policy)
        for row in sorted(by_name[name], key=Ledger.order):
            try:
                reason = ledger.take(row)
            except SetAside as problem:
                aside(row, problem.args[0])
                continue
            if reason is not None:
                books.skipped[reason] += 1
        books.scored += ledger.scored
        if not ledger.scored:
            continue
        seen |= ledger.lit
        acts = ledger.close()
        out[name] = Relationship(
            fold(acts, clocks, as_of),
            climb(acts, clocks, criteria, policy["landmark"], as_of) if ladder else Ladder(),
            ledger.role or policy.get("default_role", "consumer"),
            len(ledger.complaints),
            0,
            acts,
        )
    for name, relationship in out.items():
        relationship.set_aside = lost[name]
    observes = policy.get("observes")
    return Reading(
        out,
        books,
        lights(seen, observes),
        "purchase" in (seen if observes is None else observes),
        clocks,
    )


def books(rows: list[dict], as_of: int, policy: dict) -> Books:
    return read(rows, as_of, policy, ladder=False).books


def entry(reading: Reading, relationship: Relationship) -> dict:
    """What is known of a relationship before any score."""
    ladder = relationship.ladder
    seen = reading.purchases_observed
    return {
        "state": relationship.state.as_dict(),
        "rung": ladder.rung if seen else None,
        "peak": ladder.peak if seen else None,
        "since": ladder.since if seen else None,
        "at_least": ladder.at_least,
        "tape": ladder.tape,
        "rung_lower": ladder.lower,
        "rung_upper": ladder.upper,
        "share_waived": ladder.share_waived,
        "role": relationship.role,
        "open_complaints": relationship.open_complaints,
        "set_aside": relationship.set_aside,
    }


def assess(
    rows: list[dict],
    as_of: int,
    policy: dict,
    scores: str | None = "exact",
    reading: Reading | None = None,
) -> dict[str, dict]:
    """Every relationship by its identifier. ``scores``: "exact" (30 digits), "fast" (double), or None."""
    reading = reading or read(rows, as_of, policy)
    out = {name: entry(reading, r) for name, r in reading.relationships.items()}
    every = list(reading.relationships.values())
    if scores == "exact":
        for name, r in reading.relationships.items():
            out[name].update(
                score.score(
                    r.state, reading.clocks, policy, as_of, r.role, reading.lit, r.open_complaints
                )
            )
    elif scores == "fast" and every:
        found = fast_score.score(
            [r.state for r in every],
            reading.clocks,
            policy,
            as_of,
            [r.role for r in every],
            reading.lit,
            [r.open_complaints for r in every],
        )
        for name, row in zip(reading.relationships, found, strict=True):
            out[name].update(row)
    return out
