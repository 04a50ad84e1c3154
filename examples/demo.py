# SPDX-License-Identifier: MIT
"""The main job, shown: a simulated company with every kind of event and what comes next, then a real orders table."""

from pathlib import Path

import loyalty
import numpy as np
import pandas as pd
from loyalty.simulate import simulate


def heading(text: str) -> None:
    print(f"\n{'=' * 80}\n{text}\n{'=' * 80}\n")


heading("1. A company and its whole chain: 600 relationships, three years, every kind of event")
log = simulate(600, 3, seed=7)
portfolio = loyalty.Portfolio(landmark=log.end)
portfolio.apply(log.events)
result = portfolio.assess(log.end)
print(result.summary())

heading("2. One of them in full: where it stands, how well it is treated, why, what to do next")
frame = result.to_frame("pandas")
told = frame[(frame.role != "consumer") & (frame.evidence == "strong")].sort_values("quality_high")
print(result.explain(told.relationship.iloc[0]))

heading("3. Does the score find the truth? The simulation knows how reliable we really were")
truth = pd.DataFrame(log.truth).merge(frame, on="relationship", suffixes=("_true", ""))
sure = truth[truth.trust_coverage > 0.5]
print(
    f"{len(sure)} relationships with enough evidence: rank correlation of trust with the true value "
    f"{sure.trust.rank().corr(sure.trust_true.rank()):.2f}\n"
    "(grave failures count double, so trust is not a plain share of promises kept)"
)

heading("4. What comes next: the moves of three years, carried on")
moves = loyalty.dynamics.transitions(loyalty.history(log.events))
print(moves.forecast(12).summary())
print(moves.first_passage("advocate", "client").summary())

heading("5. A real orders table in one line: CDNOW, 1997-1998 (comes with the package lifetimes)")
try:
    import lifetimes
except ImportError:
    print("The package lifetimes is not installed: pip install lifetimes")
else:
    path = Path(lifetimes.__file__).parent / "datasets" / "CDNOW_sample.txt"
    raw = np.loadtxt(path, usecols=(0, 2, 4))
    orders = pd.DataFrame(
        {
            "customer": raw[:, 0].astype(int),
            "day": pd.to_datetime(raw[:, 1].astype(int).astype(str), format="%Y%m%d"),
            "dollars": raw[:, 2],
        }
    )
    print(">>> loyalty.from_orders(orders, customer='customer', time='day', amount='dollars')\n")
    cdnow = loyalty.from_orders(orders, customer="customer", time="day", amount="dollars")
    print(cdnow.summary())
    best = cdnow.to_frame("pandas").sort_values("spend", ascending=False).head(5)
    print("The five who spent most:")
    for row in best.itertuples():
        print(
            f"  {row.relationship:>6}  {row.rung:<9} {row.purchases:>3} purchases  {row.spend:>9,.2f} dollars  "
            f"last {row.last_purchase:%Y-%m-%d}"
        )

    print(
        "\n>>> customers = loyalty.purchase.histories(orders, customer='customer', ..., end='1998-06-30')"
    )
    print(">>> loyalty.purchase.ParetoNBD.fit(customers)\n")
    customers = loyalty.purchase.histories(
        orders, customer="customer", time="day", end="1998-06-30", zone="UTC"
    )
    model = loyalty.purchase.ParetoNBD.fit(customers)
    print(model.summary())
    ahead = model.forecast(customers, loyalty.purchase.weeks(26))
    print(
        f"\n{ahead.p_alive.sum():,.0f} of {len(ahead):,} customers are expected to be alive at the end; "
        f"{ahead.expected_purchases.sum():,.0f} purchases in the 26 weeks after it"
    )
