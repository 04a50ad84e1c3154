# SPDX-License-Identifier: MIT
"""The summary of a result, as text for people: 80 columns, no colour needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loyalty import _core

if TYPE_CHECKING:
    from loyalty.portfolio import Result

#: Which events would make a parameter visible.
LIGHTS = {
    "commitment": "guarantee, contract",
    "responsiveness": "response (with its request), concession",
    "reciprocity": "gift, together with referral, participation, review, suggestion or co_creation",
    "trust": "promise, payment, complaint, guarantee",
    "purchases": "purchase",
}
GRADES = ("none", "thin", "fair", "strong")


def bar(share: float, width: int = 30) -> str:
    """A bar of a share of one; anything above zero shows."""
    filled = round(share * width)
    return "█" * (max(filled, 1) if share > 0 else 0)


def _table(counts: list[tuple[str, int]], total: int) -> list[str]:
    width = max(len(name) for name, _ in counts)
    return [
        f"  {name:<{width}} {n:>9,}  {n / max(total, 1):>6.1%}  {bar(n / max(total, 1))}".rstrip()
        for name, n in counts
    ]


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.0f} {currency}".strip()


def summary_text(result: Result) -> str:
    """Rung mix and money, quality and its coverage, what to do first, what this log cannot show."""
    from loyalty.portfolio import date_text

    counts = result.counts
    total = counts["relationships"]
    currency = result.portfolio._core.currency
    title = f"{total:,} relationship{'' if total == 1 else 's'} as of {date_text(result.as_of)}"
    if total == 0:
        return f"{title}: no rows to assess\n"
    labels = result.portfolio.policy.labels

    rung_lines = ["Where they stand"]
    if counts["rungs_observed"]:
        mix = list(zip(labels, counts["rungs"], strict=True))[::-1]
        rung_lines += _table(mix, total)
        buyers = sum(counts["rungs"][1:])
        top = max(counts["rungs"][1:])
        if buyers >= 20 and top > 0.9 * buyers:
            rung_lines.append(
                "  More than 90 % of the buyers stand on one rung: does purchase_cycle_days fit the trade?"
            )
        rung_lines.append(f"  spent in all: {_money(counts['spend'], currency)}")
    else:
        rung_lines.append("  not known: this log records no purchases")

    quality_lines = ["How well they are treated (quality, 0 to 100)"]
    published = total - counts["grades"][0]
    if published:
        values = result.column("quality")
        known = np.sort(values[~np.isnan(values)])
        low, middle, high = np.quantile(known, [0.1, 0.5, 0.9])
        quality_lines.append(
            f"  known for {published:,} of {total:,}; half have {middle:.1f} or more, the middle 80 % {low:.1f} to {high:.1f}"
        )
        tenths = [
            (f"{10 * i:>2} – {10 * i + 10:<3}", n)
            for i, n in enumerate(counts["quality_tenths"])
            if n
        ]
        quality_lines += _table(tenths, published)
        grades = [f"{name} {n:,}" for name, n in zip(GRADES, counts["grades"], strict=True) if n]
        quality_lines.append("  evidence: " + ", ".join(grades))
    else:
        quality_lines.append(
            "  not known for anybody: too little of our own conduct is in this log"
        )

    # Where most qualities are unknown, the ladder and the money are what there is to say.
    blocks = [rung_lines, quality_lines]

    lit = counts["lit"]
    shown = [name for name in ("commitment", "responsiveness", "reciprocity", "trust") if lit[name]]
    order = ("commitment", "responsiveness", "reciprocity", "trust")
    coverage = [
        f"  {name:<15} {counts['mean_coverage'][order.index(name)]:>6.1%}  {bar(counts['mean_coverage'][order.index(name)])}"
        for name in shown
    ]
    if coverage:
        blocks.append(["How much of it is evidence, not assumption (mean coverage)", *coverage])
    dark = [name for name in (*order, "purchases") if not lit[name]]
    if dark:
        blocks.append(
            ["What this log cannot show, and which events would show it"]
            + [f"  {name:<15} {LIGHTS[name]}" for name in dark]
        )

    steps = result.column("next_step")
    points = result.column("next_step_points")
    words = [word for word in {s for s in steps if s}]
    if words:
        best = sorted(
            (
                (word, int((steps == word).sum()), float(np.nanmedian(points[steps == word])))
                for word in words
            ),
            key=lambda row: (-row[1], row[0]),
        )
        blocks.append(
            ["What to do next (the step that gains most, by relationship)"]
            + [f"  {word:<18} {n:>9,}  median gain {gain:.1f} points" for word, n, gain in best]
        )
    lows = result.column("quality_low")
    known_low = np.flatnonzero(~np.isnan(lows))
    if len(known_low) and counts["grades"][2] + counts["grades"][3] > 0:
        grades = result.column("evidence")
        sure = np.array([i for i in known_low if grades[i] in ("fair", "strong")])
        worst = sure[np.argsort(result.column("quality_high")[sure], kind="stable")][:5]
        names = result.column("relationship")
        quality = result.column("quality")
        high_ends = result.column("quality_high")
        blocks.append(
            ["Treated worst, beyond doubt (by the upper end of the interval)"]
            + [
                f"  {names[i]:<18.18} {quality[i]:>5.1f}  ({lows[i]:.1f} to {high_ends[i]:.1f})  next: {steps[i] or '–'}"
                for i in worst
            ]
        )
    care = []
    if counts["inexact_positions"]:
        care.append(
            f"  {counts['inexact_positions']:,} rungs rest on events out of order: replay them"
        )
    if counts["with_set_aside"]:
        care.append(
            f"  {counts['with_set_aside']:,} relationships have rows set aside: see the flags column"
        )
    books = result.portfolio.books
    care.append(f"  {books}")
    blocks.append(["The books", *care])
    stamp = result.metadata
    text = "\n\n".join([title, *("\n".join(block) for block in blocks)])
    return text + f"\n\nloyalty {_core.__version__}, policy {stamp['loyalty_policy']}\n"
