# SPDX-License-Identifier: MIT
"""How many moved from rung to rung last month, and what that says about the year ahead."""

import loyalty

moves = loyalty.dynamics.Transitions(
    [[160, 14, 0, 26], [8, 240, 6, 6], [0, 3, 45, 0], [7, 0, 0, 185]],  # from a row to a column
    states=["buyer", "client", "advocate", "lapsed"],
    today=[170, 260, 50, 220],
)
print(moves.status)

ahead = moves.forecast(12).to_frame("dict")
share, low, high = (
    100 * ahead[name][(ahead["period"] == 12) & (ahead["state"] == "advocate")][0]
    for name in ("share", "low", "high")
)
print(f"advocates in a year {share:.1f} % ({low:.1f} to {high:.1f})")

climb = moves.first_passage("advocate", "client")
print(f"half of the clients have been advocates by month {climb.median:.0f}")

value = loyalty.value.by_rung(
    moves,
    {"buyer": 5, "client": 20, "advocate": 60},
    discount=loyalty.DiscountRate(0.15, per="year"),
)
client = value.of("client")
print(f"a client is worth {client.value:.0f} ({client.low:.0f} to {client.high:.0f})")
