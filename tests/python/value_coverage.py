# SPDX-License-Identifier: MIT
"""Prints the table of docs/value.md: prospects of public tables against what came. LOYALTY_DATA names their folder."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
from loyalty import DiscountRate, _core, purchase, value
from loyalty._dates import DAY, instant
from loyalty.command._engine import whole
from loyalty.mapping import load_mapping

SHARE = 0.3
TABLES = (
    ("uk_retail", "online_retail_uci", "2011-06-30", "2011-11-30"),
    ("households", "completejourney", "2017-06-30", "2017-12-31"),
    ("northwind_customers", "northwind", "1997-09-30", "1998-04-30"),
)


def main() -> None:
    for mapping, folder, until, to in TABLES:
        table = load_mapping(mapping).events(Path(os.environ["LOYALTY_DATA"], folder))
        columns = whole(table)
        first, last = instant(until), instant(to)
        made = value.by_relationship(
            columns,
            as_of=until,
            margin=SHARE,
            discount=DiscountRate(0.0, per="year"),
            horizon=purchase.days((last - first) / DAY),
        ).to_frame("dict")
        time, bought = columns["time"], columns["kind"] == _core.kind_names.index("purchase")
        rows = np.flatnonzero(
            bought & (time > first) & (time <= last) & ~np.isnan(columns["amount"])
        )
        came = dict.fromkeys(made["relationship"].tolist(), 0.0)
        for row in rows.tolist():
            if columns["relationship"][row] in came:
                came[columns["relationship"][row]] += SHARE * columns["amount"][row]
        used = np.isfinite(made["prospect_low"]) & (made["cost"] == 0)
        brought = np.array(list(came.values()))[used]
        below = (brought < made["prospect_low"][used] - 1e-9).mean()
        above = (brought > made["prospect_high"][used] + 1e-9).mean()
        shares = " | ".join(f"{100 * share:.1f} %" for share in (1 - below - above, below, above))
        expected = math.fsum(made["prospect"][used])
        sums = f"{used.sum():,} | {expected:,.0f} | {math.fsum(brought):,.0f}"
        print(f"| {mapping} | {until} | {to} | {sums} | {shares} |")


if __name__ == "__main__":
    main()
