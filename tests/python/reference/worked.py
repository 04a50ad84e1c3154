# SPDX-License-Identifier: MIT
"""The worked example of docs/model.md, 3: a distributor, days from 1970-01-01, assessed on day 700."""

from __future__ import annotations

from .fold import DAY

NAME = "distributor"
AS_OF = 700 * DAY
POLICY = {"landmark": 700 * DAY, "default_role": "distributor", "currency": "EUR"}


def _row(kind: str, day: float, **more) -> dict:
    return {"relationship": NAME, "time": int(day * DAY), "kind": kind, **more}


def rows() -> list[dict]:
    out = [
        _row("purchase", day, amount=float(amount))
        for day, amount in (
            (10, 60),
            (90, 80),
            (180, 70),
            (260, 90),
            (400, 120),
            (520, 110),
            (600, 100),
            (690, 130),
        )
    ]
    out += [
        _row("promise", day, due=day * DAY, done=day * DAY)
        for day in (12, 93, 262, 402, 523, 601, 692)
    ]
    # late: the breach is stamped in the second before, and taken back
    out.append(_row("promise", 185, due=185 * DAY - 1, done=185 * DAY))
    out += [_row("complaint", 186, refers_to="c"), _row("resolution", 188, refers_to="c")]
    out += [
        _row("request", 40, refers_to="a"),
        _row("response", 41.25, refers_to="a"),
        _row("request", 500, refers_to="b"),
        _row("response", 500.5, refers_to="b"),
        _row("request", 698, refers_to="c"),
    ]
    out += [
        _row("contact", 120, side="them"),
        _row("review", 150),
        _row("review", 640),
        _row("participation", 480),
    ]
    out += [_row("gift", 200, value=3), _row("gift", 310, value=2)]
    out += [_row("referral", day, value=2) for day in (300, 560)]
    out += [_row("suggestion", day, value=2) for day in (450, 660)]
    out.append(_row("contract", 330, until=1060 * DAY))
    out += [_row("concession", 340, value=1), _row("concession", 430, value=0)]
    out += [_row("guarantee", 365, value=1), _row("guarantee", 580, value=1)]
    return out
