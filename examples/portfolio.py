# SPDX-License-Identifier: MIT
"""Many relationships at once: open items are matched, and every number can be explained."""

import loyalty
import numpy as np


def day(text: str) -> int:
    return int(np.datetime64(text, "s").astype(int))


rows = [
    ("nordwind", "purchase", "2024-02-01", None, None, None, 900.0),
    ("nordwind", "request", "2024-02-10", "ticket-1", None, None, np.nan),
    ("nordwind", "response", "2024-02-10T06:00", "ticket-1", None, None, np.nan),
    ("nordwind", "complaint", "2024-03-01", "damage-7", None, None, np.nan),
    ("suedwind", "purchase", "2024-02-03", None, None, None, 120.0),
    ("suedwind", "promise", "2024-02-03", None, "2024-02-08", "2024-02-07", np.nan),
]
seconds = [
    [day(t) if t else np.nan for t in column]
    for column in zip(*(row[4:6] for row in rows), strict=True)
]
portfolio = loyalty.Portfolio()
portfolio.apply(
    {
        "relationship": np.array([row[0] for row in rows], dtype=object),
        "kind": np.array([row[1] for row in rows], dtype=object),
        "time": np.array([day(row[2]) for row in rows]),
        "refers_to": np.array([row[3] for row in rows], dtype=object),
        "due": np.array(seconds[0]),
        "done": np.array(seconds[1]),
        "amount": np.array([row[6] for row in rows]),
    }
)
result = portfolio.assess(day("2024-03-31"))
for name in result:
    a = result[name]
    step = loyalty.STEPS[a.next_step]
    print(
        f"{name}: {a.rung}, quality {a.quality:.1f}, next {step}: +{a.next_step_points:.1f} points"
    )
