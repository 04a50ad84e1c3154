# SPDX-License-Identifier: MIT
"""Seeded random policies and event logs that visit every kind, every boundary and every rung.

Values are drawn so that an amount or a value has one rounding only, whether it is rounded from the exact rational or
from the nearest double: this file tests the model, not the last bit of a multiplication.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from fractions import Fraction

from . import portfolio as _portfolio
from .fold import DAY, HALF_LIVES, LADDER_STREAMS, WINDOW, YEAR, half_even

HALF_LIFE_DAYS = (7, 8, 14, 30, 32, 64, 91.25, 128, 180, 256, 365, 512, 730, 1024, 1461, 1826)
ODD_UNIT = 675  # seconds: 2^-7 of a day, so that a half-life in days is exact in binary
ERAS = (1971, 1973, 1999, 2012, 2020, 2024, 2045)
# what a weight may be: on the grid, off it, halfway between two of its points, at its smallest, large
WEIGHTS = (
    1,
    1,
    1,
    2,
    3,
    5,
    0.5,
    0.25,
    0.1,
    0.3,
    1.7,
    2.345,
    0.0625,
    0.09375,
    0.15625,
    0.03126,
    40,
    1000.125,
)
SCALES = ((1, 5), (0, 10), (1, 7), (0, 100), (-2, 2), (0, 1))
CHANNELS = ("shop", "phone", "mail", "web")

BASE = {
    "purchase": 30,
    "purchase_elsewhere": 4,
    "return": 4,
    "contact": 8,
    "participation": 4,
    "review": 5,
    "attendance": 3,
    "novelty": 3,
    "referral": 4,
    "suggestion": 3,
    "co_creation": 2,
    "gift": 6,
    "promise": 10,
    "guarantee": 4,
    "contract": 3,
    "request": 9,
    "response": 3,
    "concession": 5,
    "complaint": 5,
    "resolution": 1,
    "payment": 4,
    "survey": 4,
    "cost": 3,
}
PROFILES = (
    {},
    {"purchase": 60, "return": 8},
    # one who climbs
    {"review": 12, "participation": 9, "contact": 12, "referral": 12, "attendance": 7, "suggestion": 12},
    {"purchase": 3, "contract": 12, "review": 12, "referral": 12, "suggestion": 12, "purchase_elsewhere": 3},
    # much conduct, few deals
    {"purchase": 8, "promise": 40, "request": 40, "complaint": 15, "payment": 15, "guarantee": 10},
    {"purchase_elsewhere": 25, "referral": 25, "review": 12},
)  # fmt: skip


@dataclass
class Case:
    """One portfolio: a policy, an assessment date and rows in no particular order."""

    policy: dict
    as_of: int
    rows: list[dict]


def policy(rng: random.Random) -> tuple[dict, int]:
    """A random policy and an assessment date within the window of its landmark."""

    def half_life() -> int:
        if rng.random() < 0.3:
            return ODD_UNIT * rng.randrange(7 * DAY // ODD_UNIT, 5 * YEAR // ODD_UNIT)
        return int(rng.choice(HALF_LIFE_DAYS) * DAY)

    style = rng.random()
    if style < 0.15:
        lives = dict(HALF_LIVES)
    elif style < 0.4:
        lives = dict.fromkeys(HALF_LIVES, half_life())
    else:
        lives = {name: half_life() for name in HALF_LIVES}
    year = 1970 + (rng.choice(ERAS) - 1970)
    as_of = (year - 1970) * YEAR + rng.randrange(YEAR)
    if rng.random() < 0.5:
        as_of = as_of // DAY * DAY + rng.choice((0, DAY - 1))
    reach = WINDOW * min(lives.values())
    where = rng.random()
    if where < 0.15:
        landmark = as_of
    elif where < 0.25:
        landmark = as_of + reach * rng.choice((-1, 1))
    else:
        landmark = as_of + int(reach * rng.uniform(-1, 1))
        if rng.random() < 0.5:
            landmark = min(max(landmark // DAY * DAY, as_of - reach), as_of + reach)
    chosen: dict = {
        "landmark": landmark,
        "half_life": lives,
        "target_seconds": rng.choice((DAY, DAY, 3600, 4 * 3600, 8100, 3 * DAY, 7 * DAY)),
        "grace_seconds": rng.choice((0, 0, 0, 1800, DAY, 5 * DAY)),
        "perspective": "them" if rng.random() < 0.2 else "us",
        "minor_digits": rng.choice((2, 2, 2, 0, 3)),
    }
    if rng.random() < 0.5:
        chosen["currency"] = rng.choice(("EUR", "USD"))
    if rng.random() < 0.3:
        chosen["default_role"] = rng.choice(("supplier", "distributor", "agency", "agent"))
    if rng.random() < 0.3:
        chosen["roles"] = {
            "distributor": {"commitment": {"contract_weight": 0.5}},
            "supplier": {"trust": {"prior_kept": 6, "prior_broken": 2, "grave_weight": 3}},
        }
    if rng.random() < 0.2:
        chosen["responsiveness"] = {"prior_answers": 3, "prior_time": 2, "speed_weight": 0.5}
        chosen["reciprocity"] = {"prior_given": 2, "prior_received": 2}
    return chosen, as_of


class Log:
    """One relationship under way: its rows and what in them can still be answered."""

    def __init__(self, rng: random.Random, name, chosen: dict, as_of: int, size: int):
        self.rng = rng
        self.name = name
        self.policy = chosen
        self.as_of = as_of
        self.size = size
        self.rows: list[dict] = []
        self.counter = 0
        self.target = chosen["target_seconds"]
        self.grace = chosen["grace_seconds"]
        lives = chosen["half_life"]
        shape = rng.random()
        if shape < 0.55:
            span = lives[rng.choice(LADDER_STREAMS)] * rng.uniform(0.3, 6)
        elif shape < 0.8:
            span = math.exp(rng.uniform(math.log(20 * DAY), math.log(20 * YEAR)))
        else:
            span = 20 * YEAR * rng.random()
        span = int(min(max(span, 10 * DAY), 20 * YEAR))
        self.last = as_of - (int(span * rng.random() ** 2) if rng.random() < 0.6 else 0)
        self.first = self.last - span
        self.moments = self._moments()
        mix = {**BASE, **rng.choice(PROFILES)}
        self.kinds, self.shares = zip(*mix.items(), strict=True)
        self.two_sided = chosen["perspective"] == "them" or rng.random() < 0.3
        self.role = rng.choice(
            (None, None, "consumer", "supplier", "distributor", "agency", "agent")
        )
        self.currency = rng.random() < 0.3
        self.identified = rng.random() < 0.4

    def _moments(self) -> list[int]:
        """The times of the log: days, odd seconds, the borders of table steps, and several things at once."""
        rng, span = self.rng, self.last - self.first
        style = rng.random()
        out: list[int] = []
        while len(out) < self.size:
            if out and rng.random() < 0.12:
                out.append(rng.choice(out))
                continue
            t = self.first + int(span * rng.random())
            kind = rng.random() if style < 0.5 else style
            if kind < 0.7:
                t = t // DAY * DAY
            elif kind < 0.85:
                h = self.policy["half_life"][rng.choice(LADDER_STREAMS)]
                t = -(-(4096 * t // h) * h // 4096) + rng.choice((-1, 0, 0, 1))
            out.append(min(max(t, self.first), self.last))
        return sorted(out)

    def key(self, letter: str) -> str:
        self.counter += 1
        return f"{letter}{self.counter}"

    def add(self, kind: str, time: int, **more) -> dict | None:
        if time > self.as_of:
            return None
        row = {"relationship": self.name, "time": int(time), "kind": kind}
        row.update((k, v) for k, v in more.items() if v is not None)
        if (
            self.two_sided
            and kind in (*_portfolio.CONDUCT, "gift", "contact")
            and "side" not in row
        ):
            row["side"] = self.side
        if self.identified:
            row["event_id"] = f"{self.name}/{self.key('e')}"
        self.rows.append(row)
        return row

    def money(self, largest: float = 5000) -> float:
        rng = self.rng
        digits = self.policy["minor_digits"]
        style = rng.random()
        if style < 0.7:
            x = round(rng.random() * largest, digits) + 0.0
        elif style < 0.85:
            x = int(rng.random() * largest * 16) / 16  # halves of a cent among them
        else:
            x = float(rng.randrange(0, 10**7))  # all together stay below the limit of 10^12
        same = half_even(Fraction(x) * 10**digits) == round(x * 10.0**digits)
        zero = x != 0 and half_even(Fraction(x) * 10**digits) == 0
        return x if same and not zero else 17.0

    def weight(self):
        return self.rng.choice(WEIGHTS) if self.rng.random() < 0.4 else None

    def offset(self, limit: int) -> int:
        """A delay around a limit: at it, a second to either side, well within, well beyond, none."""
        rng = self.rng
        style = rng.random()
        if style < 0.3:
            return max(0, limit + rng.choice((-1, 0, 0, 1, 2)))
        if style < 0.7:
            return int(limit * rng.random())
        if style < 0.8:
            return 0
        return limit + int((limit + DAY) * rng.random() * 2)

    def step(self, time: int) -> None:
        rng = self.rng
        kind = rng.choices(self.kinds, self.shares)[0]
        self.side = rng.choice(_portfolio.SIDES)
        getattr(self, "_" + kind, self._plain)(kind, time)

    def _plain(
        self, kind, time
    ):  # participation, attendance, novelty, referral, suggestion, co_creation
        self.add(kind, time, value=self.weight())

    def _purchase(self, kind, time):
        rng = self.rng
        row = self.add(kind, time, amount=self.money() if rng.random() < 0.8 else None)
        if rng.random() < 0.5:
            row["margin"] = self.money(800) * rng.choice((1, 1, -1))
        if rng.random() < 0.2:
            row["quantity"] = rng.randrange(1, 9)
        if rng.random() < 0.3 and self.role:
            row["role"] = (
                self.role if rng.random() < 0.8 else rng.choice(("consumer", "agent", "agency"))
            )
        if self.currency:
            row["currency"] = self.policy.get("currency", "EUR")

    def _purchase_elsewhere(self, kind, time):
        self.add(kind, time, amount=self.money() if self.rng.random() < 0.5 else None)

    def _return(self, kind, time):
        rng = self.rng
        bought = [
            r
            for r in self.rows
            if r["kind"] == "purchase" and r["time"] <= time and not r.get("_back")
        ]
        more = {
            "value": rng.choice((None, None, 0, 1, 0.5, 0.3)),
            "amount": self.money() if rng.random() < 0.6 else None,
            "cost": self.money(60) if rng.random() < 0.3 else None,
        }
        if bought and rng.random() < 0.6:
            purchase = rng.choice(bought)
            purchase["_back"] = True
            more |= {
                "whole_order": True,
                "since": purchase["time"],
                "amount": purchase.get("amount"),
            }
        self.add(kind, time, **more)

    def _contact(self, kind, time):
        rng = self.rng
        row = self.add(kind, time, side=rng.choice(("them", "them", "us", None)))
        if rng.random() < 0.4:
            row["channel"] = rng.choice(CHANNELS)
            row["personal"] = rng.random() < 0.5

    def _review(self, kind, time):
        if self.rng.random() < 0.6:
            rating = self.rating()
            value = self.weight()
            if not _one_rounding(rating, value):
                value = None
            self.add(kind, time, rating=rating[0], value=value, **self.scale(rating))
        else:
            self.add(kind, time, value=self.weight())

    def rating(self):
        rng = self.rng
        low, high = rng.choice(SCALES)
        style = rng.random()
        if style < 0.7 and high - low > 1:
            x = rng.randint(low, high)
        elif style < 0.9:
            x = low + rng.randint(0, 32) / 32 * (high - low)
        else:
            x = rng.choice((low, high))
        return x, low, high

    def scale(self, rating):
        if self.rng.random() < 0.5:
            return {"scale": f"{rating[1]}..{rating[2]}"}
        return {"scale_low": rating[1], "scale_high": rating[2]}

    def _survey(self, kind, time):
        rating = self.rating()
        if not _one_rounding(rating, 1):
            rating = (rating[1], *rating[1:])
        parameter = self.rng.choice((None, "trust", "commitment"))
        self.add(kind, time, value=rating[0], parameter=parameter, **self.scale(rating))

    def _gift(self, kind, time):
        rng = self.rng
        side = rng.choice((None, None, "us", "them")) if not self.two_sided else None
        self.add(
            kind,
            time,
            value=self.weight(),
            side=side,
            cost=self.money(90) if rng.random() < 0.4 else None,
        )

    def _cost(self, kind, time):
        self.add(kind, time, amount=self.money(300))

    def _guarantee(self, kind, time):
        self.add(kind, time, value=self.rng.choice((1, 1, 0)))

    def _contract(self, kind, time):
        until = (
            time
            + int(self.rng.choice((30, 90, 365, 730, 1500)) * DAY * self.rng.random()) // DAY * DAY
            + DAY
            - 1
        )
        self.add(kind, time, until=until if self.rng.random() < 0.9 else time - DAY)

    def _concession(self, kind, time):
        self.add(kind, time, value=self.rng.choice((1, 1, 0, 0.5, 0.25, 0.7, 0.04, 0.99)))

    def _complaint(self, kind, time):
        rng = self.rng
        key = self.key("c") if rng.random() < 0.8 else None
        row = self.add(kind, time, value=self.weight(), refers_to=key)
        side = {"side": row["side"]} if "side" in row else {}
        if key and rng.random() < 0.15:
            self.add(kind, time + self.offset(3 * DAY), refers_to=key, **side)
        if key and rng.random() < 0.7:
            self.add("resolution", time + self.offset(3 * DAY), refers_to=key, **side)
        if key and rng.random() < 0.1:
            self.add("resolution", time + self.offset(60 * DAY), refers_to=key, **side)

    def _resolution(self, kind, time):
        self.add(kind, time, refers_to=self.key("c"))  # of nothing

    def _request(self, kind, time):
        rng = self.rng
        key = self.key("q") if rng.random() < 0.85 else None
        row = self.add(kind, time, refers_to=key)
        side = {"side": row["side"]} if "side" in row else {}
        end = _portfolio.EXPIRY * self.target
        if key is None:
            return
        if rng.random() < 0.1:
            self.add(kind, time + self.offset(end), refers_to=key, **side)
        if rng.random() < 0.75:
            late = self.offset(end if rng.random() < 0.5 else self.target)
            since = time if rng.random() < 0.2 else None
            self.add("response", time + late, refers_to=key, since=since, **side)
            if rng.random() < 0.15:
                self.add("response", time + late + self.offset(self.target), refers_to=key, **side)

    def _response(self, kind, time):
        waited = self.offset(self.rng.choice((1, 1, 30, 30, 64)) * self.target)
        self.add(kind, time, since=time - waited)

    def _promise(self, kind, time):
        rng = self.rng
        due = (
            time + self.offset(rng.choice((5, 20, 200)) * DAY) - rng.choice((0, 0, 0, 0, 10 * DAY))
        )
        limit = due + self.grace
        style = rng.random()
        if style < 0.45:
            # told at once, with the day it was done
            done = self.done(limit)
            self.add(
                kind,
                rng.choice((time, done, max(time, done))),
                due=due,
                done=done,
                value=self.weight(),
            )
        elif style < 0.55:
            self.add(kind, time, due=due, value=self.weight())
        else:
            key = self.key("p")
            row = self.add(kind, time, due=due, refers_to=key, value=self.weight())
            side = {"side": row["side"]} if "side" in row else {}
            if rng.random() < 0.1:
                self.add(kind, time + 1 + self.offset(30 * DAY), due=due + 9, refers_to=key, **side)
            if rng.random() < 0.75:
                done = self.done(limit)
                told = max(
                    time,
                    rng.choice(
                        (done, done, limit + 1, limit, limit + 2, time + DAY, done + 40 * DAY)
                    ),
                )
                value = self.weight() if rng.random() < 0.1 else None
                self.add(kind, told, done=done, refers_to=key, value=value, **side)
                if rng.random() < 0.1:
                    self.add(
                        kind, told + 1 + self.offset(DAY), due=due, done=done, refers_to=key, **side
                    )

    _payment = _promise

    def done(self, limit: int) -> int:
        rng = self.rng
        return limit + rng.choice(
            (0, 0, 1, 2, -1, -DAY, DAY, 30 * DAY, -30 * DAY, int(rng.uniform(-50, 50) * DAY))
        )

    def finish(self) -> list[dict]:
        rng = self.rng
        for row in self.rows:
            row.pop("_back", None)
        if self.identified:
            for row in rng.sample(self.rows, min(len(self.rows), rng.choice((0, 0, 1, 2)))):
                self.rows.append(dict(row))
            for row in rng.sample(self.rows, min(len(self.rows), rng.choice((0, 0, 1, 1, 2)))):
                when = rng.randint(min(row["time"], self.as_of), self.as_of)
                self.rows.append(
                    {
                        "relationship": self.name,
                        "time": when,
                        "kind": "retraction",
                        "refers_to": row["event_id"],
                    }
                )
        elif rng.random() < 0.1:
            self.rows.append(dict(rng.choice(self.rows)))
        return self.rows


def _one_rounding(rating, value) -> bool:
    x, low, high = rating
    exact = (Fraction(x) - Fraction(low)) / (Fraction(high) - Fraction(low))
    about = (x - low) / (high - low)
    v = 1 if value is None else value
    return all(
        half_even(16 * exact * Fraction(v) * Fraction(part)) == round(16.0 * about * v * part)
        for part in (1, 0.5, 0.25)
    )


def log(rng: random.Random, name, chosen: dict, as_of: int, size: int) -> list[dict]:
    """The rows of one relationship; about ``size`` of them, those after ``as_of`` left out."""
    made = Log(rng, name, chosen, as_of, size)
    for time in made.moments:
        if len(made.rows) >= size:
            break
        made.step(time)
    return made.finish()


def invalid(rng: random.Random, name, chosen: dict, time: int, code: str) -> dict:
    """A row with exactly one fault."""
    row: dict = {"relationship": name, "time": time}
    broken = {
        "unknown_kind": {"kind": "telepathy"},
        "missing_relationship": {"kind": "purchase", "relationship": None},
        "bad_relationship": {"kind": "purchase", "relationship": 2.5},
        "missing_time": {"kind": "purchase", "time": None},
        "bad_time": {"kind": "purchase", "time": float("inf")},
        "missing_due": {
            "kind": rng.choice(("promise", "payment")),
            "refers_to": rng.choice((None, "nothing")),
        },
        "missing_until": {"kind": "contract"},
        "missing_value": {"kind": rng.choice(("guarantee", "concession"))},
        "missing_since": rng.choice(
            ({"kind": "response"}, {"kind": "return", "whole_order": True})
        ),
        "missing_scale": rng.choice(
            ({"kind": "survey", "value": 3}, {"kind": "review", "rating": 3})
        ),
        "missing_refers_to": {"kind": rng.choice(("resolution", "retraction"))},
        "missing_amount": {"kind": "cost"},
        "bad_value": rng.choice(
            ({"kind": "guarantee", "value": 0.5}, {"kind": "concession", "value": 1.5})
        ),
        "not_finite": rng.choice(
            ({"kind": "gift", "value": float("inf")}, {"kind": "purchase", "amount": float("-inf")})
        ),
        "negative": rng.choice(
            (
                {"kind": "gift", "value": -1.0},
                {"kind": "purchase", "amount": -5.0},
                {"kind": "return", "amount": -5.0},
                {"kind": "cost", "amount": -5.0},
            )
        ),
        "rounds_to_zero": rng.choice(
            (
                {"kind": "gift", "value": 0.03},
                {"kind": "complaint", "value": 1 / 32},
                {"kind": "concession", "value": 0.01},
                {"kind": "purchase", "amount": 0.0001},
            )
        ),
        "too_large": rng.choice(
            ({"kind": "referral", "value": 2.0**20 + 1}, {"kind": "purchase", "amount": 1e15})
        ),
        "out_of_scale": rng.choice(
            (
                {"kind": "survey", "value": 6, "scale": "1..5"},
                {"kind": "review", "rating": 0, "scale": "1..5"},
            )
        ),
        "bad_scale": {"kind": "survey", "value": 5, "scale_low": 5, "scale_high": 5},
        "since_after_time": rng.choice(
            (
                {"kind": "response", "since": time + 1},
                {"kind": "return", "whole_order": True, "since": time + 1},
            )
        ),
        "other_currency": {"kind": "purchase", "currency": "XTS"},
        "bad_side": {"kind": "contact", "side": "nobody"},
        "bad_role": {"kind": "purchase", "role": "friend"},
        "bad_parameter": {"kind": "survey", "value": 3, "scale": "1..5", "parameter": "love"},
        "retraction_without_event": {"kind": "retraction", "refers_to": "never-seen"},
    }[code]
    row.update(broken)
    return {k: v for k, v in row.items() if v is not None}


# codes whose rows need a column of mixed types
MIXED = ("bad_relationship", "bad_time")


def portfolio(
    seed: int,
    relationships: int = 100,
    smallest: int = 3,
    largest: int = 40,
    faults: float = 0.02,
    mixed: bool = False,
) -> Case:
    """One policy with that many relationships; about one row in 1/``faults`` is invalid."""
    rng = random.Random(seed)
    chosen, as_of = policy(rng)
    rows: list[dict] = []
    codes = [code for code in _portfolio.CODES if mixed or code not in MIXED]
    for number in range(relationships):
        name = f"r{number:04d}"
        size = round(math.exp(rng.uniform(math.log(smallest), math.log(largest))))
        own = log(rng, name, chosen, as_of, size)
        rows += own
        for row in own:
            if rng.random() < faults:
                code = rng.choice(codes)
                if code == "other_currency" and "currency" not in chosen:
                    continue
                rows.append(invalid(rng, name, chosen, row["time"], code))
    if "currency" not in chosen and any("currency" in row for row in rows):
        # the first currency seen is the portfolio's: keep it, and let another come late
        rows.append(
            {
                "relationship": "r0000",
                "time": as_of,
                "kind": "cost",
                "amount": 5.0,
                "currency": "XTS",
            }
        )
    rng.shuffle(rows)
    return Case(chosen, as_of, rows)


def rich(seed: int, relationships: int = 3, size: int = 500) -> Case:
    """Long records of good conduct beside parameters without any evidence: where the laws of quality are skewed."""
    rng = random.Random(f"rich {seed}")
    chosen, as_of = policy(rng)
    chosen["perspective"] = "us"
    lives = chosen["half_life"]
    span = min(lives["trust"], lives["guarantees"], lives["responses"], lives["concessions"])
    rows: list[dict] = []
    for number in range(relationships):
        name = f"rich{number}"
        kinds = rng.choice(
            (
                ("promise", "guarantee", "response", "concession"),
                ("promise", "guarantee"),
                ("promise",),
            )
        )
        for _ in range(size):
            kind = rng.choice(kinds)
            time = as_of - int(rng.random() * span)
            row = {"relationship": name, "time": time, "kind": kind}
            if kind == "promise":
                row |= {"due": time, "done": time}
            elif kind == "response":
                row |= {"since": time - chosen["target_seconds"] // 20}
            else:
                row |= {"value": 1}
            rows.append(row)
    # elsewhere in the portfolio everything is recorded
    rows += log(rng, "other", {**chosen, "currency": "EUR"}, as_of, 200)
    rows.append({"relationship": "other", "time": as_of, "kind": "gift"})
    rows.append({"relationship": "other", "time": as_of, "kind": "referral"})
    rng.shuffle(rows)
    return Case(chosen, as_of, rows)
