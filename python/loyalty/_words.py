# SPDX-License-Identifier: MIT
"""Words, shares and bars for people: what the summary and the report of the command have in common."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty import _core

PARAMETERS = ("commitment", "responsiveness", "reciprocity", "trust")
#: Which events would show a parameter, or the rung ("purchases").
SHOWN_BY: Mapping[str, str] = _core.shown_by
#: What to do next, by its word in the column `next_step`.
STEPS: Mapping[str, str] = _core.next_step_words
#: What became of rows, by the word in the books.
FATES = {
    "after_as_of": "after the as-of date",
    "joined": "joined to another purchase of the same day",
    "repeated": "an event_id that came before",
    "retracted": "events taken back, and the rows that take them back",
    "nothing_open": "answer or close what is not open",
    "already_open": "open what is open already",
    "missing_relationship": "no counterparty",
    "unmapped": "no rule of the mapping covers them",
    "unmatched": "the mapping's join finds nothing for them",
}


def bar(share: float, width: int = 30, blocks: bool = True) -> str:
    """A bar of `share` (0..1) of `width` characters; something, however small, shows."""
    if not share > 0:
        return ""
    if not blocks:
        return "#" * max(round(share * width), 1)
    eighths = max(round(share * width * 8), 1)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]


def percent(part: float, whole: float) -> str:
    """A share for a reader; what is not nothing is not shown as 0 %."""
    if not whole:
        return ""
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1 %"
    if 99 < share < 100:
        return ">99 %"
    return f"{share:.0f} %"


def fates(skipped: Mapping[str, int], aside: Mapping[str, int]) -> list[tuple[int, str, bool]]:
    """How many rows were left out, why, and whether they were set aside; the most frequent reasons first."""
    lines = [(n, f"skipped: {FATES.get(why, why)}", False) for why, n in skipped.items()]
    lines.sort(key=lambda line: -line[0])
    lost = [
        (n, f"set aside: {code} ({FATES[code]})" if code in FATES else f"set aside: {code}", True)
        for code, n in aside.items()
    ]
    return lines + sorted(lost, key=lambda line: -line[0])
