# SPDX-License-Identifier: MIT
"""Prints the two tables of coverage in docs/dynamics.md; takes some minutes. Run it by its name in tests/python."""

from __future__ import annotations

import numpy as np
from loyalty import dynamics
from test_dynamics import DOWN, ROWS, UP, drawn

TRUTH = np.array(ROWS)
START = [0.3, 0.25, 0.2, 0.1, 0.1, 0.05]


def within(table: dict, truth: np.ndarray, names: tuple[str, str] = ("low", "high")) -> np.ndarray:
    low, high = names
    return (table[low] <= truth) & (truth <= table[high])


def months(n: int, past: int, ahead: int = 12, studies: int = 400, seed: int = 1) -> list[str]:
    """Coverage of what is learned from n relationships over some months."""
    rng = np.random.default_rng(seed)
    later = np.linalg.matrix_power(TRUTH, ahead)
    stationary = np.linalg.matrix_power(TRUTH, 10_000)[0]
    outside = TRUTH[:4, :4]
    mean = np.linalg.solve(np.eye(4) - outside, np.ones(4))[0]
    reached = 1 - np.linalg.matrix_power(outside, 24)[0].sum()
    seen: dict[str, list] = {}
    for _ in range(studies):
        states = rng.choice(6, n, p=START)
        counts = np.zeros((6, 6))
        for _ in range(past):
            after = drawn(TRUTH, rng, states)
            np.add.at(counts, (states, after), 1)
            states = after
        today = np.bincount(states, minlength=6)
        moves = dynamics.Transitions(counts, today=today)
        frame = moves.forecast(ahead).to_frame("dict")
        last = {name: column[frame["period"] == ahead] for name, column in frame.items()}
        for _ in range(ahead):
            states = drawn(TRUTH, rng, states)
        passage = moves.first_passage("advocate", "prospect", periods=24)
        at_24 = {name: column[24] for name, column in passage.to_frame("dict").items()}
        possible = TRUTH.ravel() > 0
        for name, hits in (
            ("counted", within(last, np.bincount(states, minlength=6) / n)),
            ("expected", within(last, today / n @ later, ("expected_low", "expected_high"))),
            ("probabilities", within(moves.to_frame("dict"), TRUTH.ravel())[possible]),
            ("stationary", within(moves.stationary().to_frame("dict"), stationary)),
            ("mean", within(passage.mean._asdict(), mean)),
            ("reached", within(at_24, reached)),
        ):
            seen.setdefault(name, []).append(np.mean(hits))
    return [str(n), str(past), *(f"{100 * np.mean(hits):.1f}" for hits in seen.values())]


def continuous(n: int, past: int, studies: int = 120, seed: int = 4) -> list[str]:
    """Coverage of rates from exact times and from monthly snapshots."""
    from loyalty import _core

    rng = np.random.default_rng(seed)
    rates = np.diag(UP, 1) + np.diag(DOWN, -1)
    given = dynamics.Intensities(rates).first_passage("partner", "prospect", times=[60])
    mean, reached = given.mean.mean, given.to_frame("dict")["reached"][0]
    mask = rates > 0
    names = list(dynamics.Intensities(rates).states)
    seen: dict[str, list] = {"exact": [], "snapshots": [], "mean": [], "reached": []}
    at_bound = 0
    for _ in range(studies):
        moves, snapshots, time = np.zeros((6, 6)), np.zeros((6, 6)), np.zeros(6)
        for life in range(n):
            state = life % 6
            for _ in range(past):
                begun, left = state, 1.0
                while left > 0:
                    out = rates[state].sum()
                    stay = rng.exponential(1 / out)
                    time[state] += min(stay, left)
                    left -= stay
                    if left > 0:
                        step = 1 if rng.random() * out < rates[state, min(state + 1, 5)] else -1
                        if state == 5:
                            step = -1
                        moves[state, state + step] += 1
                        state += step
                snapshots[begun, state] += 1
        exact = _core.Intensities.of_times(moves, time, mask, 0.5, 6.0, names)
        fitted = dynamics.intensities_from_snapshots([(1, snapshots)])
        at_bound += fitted.status.end == "boundary"
        found = fitted.to_frame("dict")
        told = ~np.isnan(found["high"])
        passage = exact.first_passage(np.eye(6)[0], [False] * 5 + [True], [60.0])
        seen["exact"].append(((exact.low <= rates) & (rates <= exact.high))[mask].mean())
        seen["snapshots"].append(within(found, rates[mask])[told].mean())
        seen["mean"].append(passage["mean"][2] <= mean <= passage["mean"][3])
        seen["reached"].append(passage["reached"][2][0] <= reached <= passage["reached"][3][0])
    shares = [f"{100 * np.mean(hits):.1f}" for hits in seen.values()]
    return [str(n), str(past), *shares, f"{at_bound} of {studies}"]


if __name__ == "__main__":
    for size in ((50, 6), (200, 12), (1000, 24)):
        print(f"| {' | '.join(months(*size))} |", flush=True)
    for size in ((60, 12), (240, 12), (240, 36)):
        print(f"| {' | '.join(continuous(*size))} |", flush=True)
