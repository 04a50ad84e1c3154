# SPDX-License-Identifier: MIT
"""One relationship, event by event."""

import loyalty
import pandas as pd

history = pd.DataFrame(
    [
        {"kind": "purchase", "time": "2024-01-10", "amount": 60},
        {"kind": "promise", "time": "2024-01-10", "due": "2024-01-14", "done": "2024-01-13"},
        {"kind": "purchase", "time": "2024-03-02", "amount": 85},
        {"kind": "response", "time": "2024-03-09 15:00", "since": "2024-03-09 09:00"},
        {"kind": "review", "time": "2024-03-20", "rating": 5, "scale": "1..5"},
        {"kind": "gift", "time": "2024-05-01", "value": 1},
        {"kind": "promise", "time": "2024-06-01", "due": "2024-06-05"},
    ]
).assign(relationship="anna")
for column in ("time", "due", "done", "since"):
    history[column] = pd.to_datetime(history[column], utc=True, format="ISO8601")

portfolio = loyalty.Portfolio()
portfolio.apply(history)
anna = portfolio.assess("2024-06-30")["anna"]
print(f"rung {anna.rung} since {anna.rung_since:%Y-%m-%d}")
print(f"quality {anna.quality:.1f} ({anna.quality_low:.1f} to {anna.quality_high:.1f})")
why = ", ".join(
    f"{name} {anna[f'why_{name}'] or 0:+.1f}"
    for name in ("commitment", "responsiveness", "reciprocity", "trust")
)
print(f"why: {why} points")
