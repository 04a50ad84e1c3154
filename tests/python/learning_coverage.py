# SPDX-License-Identifier: MIT
"""Prints the tables of docs/learning.md: how well truth is recovered, and how often 95 % intervals hold it."""

from __future__ import annotations

import math

import numpy as np
from loyalty.learning import PriorFit, fit_beta_binomial, fit_gamma_rate

LOGS = 1000
DAY = 86400


def shares(rng, a: float, b: float, n: int, half_life: float) -> PriorFit:
    """One company: 1 to 24 outcomes each over three years, faded with a half-life in years."""
    count = rng.integers(1, 25, n)
    share = rng.beta(a, b, n)
    owner = np.repeat(np.arange(n), count)
    weight = 2 ** (-rng.uniform(0, 3, len(owner)) / half_life)
    kept = rng.random(len(owner)) < share[owner]
    good = np.bincount(owner, weight * kept, n)
    return fit_beta_binomial(good, np.bincount(owner, weight * ~kept, n))


def rates(rng, shape: float, rate: float, n: int, half_life: float) -> PriorFit:
    """The same of answers; a request is closed unanswered after 30 targets."""
    count = rng.integers(1, 25, n)
    speed = rng.gamma(shape, 1 / rate, n)
    owner = np.repeat(np.arange(n), count)
    weight = 2 ** (-rng.uniform(0, 3, len(owner)) / half_life)
    wait = rng.exponential(1 / speed[owner])
    answered = np.bincount(owner, weight * (wait <= 30), n)
    return fit_gamma_rate(answered, np.bincount(owner, weight * np.minimum(wait, 30), n))


def main() -> None:
    rng = np.random.default_rng(20241231)
    print(
        "| law | relationships | half-life | mean | weight | mean held | weight held | not usable |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, draw, first, second in (
        ("Beta(4, 1)", shares, 4, 1),
        ("Beta(9, 2)", shares, 9, 2),
        ("Beta(1, 1)", shares, 1, 1),
        ("Gamma(2, 1)", rates, 2, 1),
    ):
        beta = draw is shares
        mean = first / (first + second) if beta else first / second
        weight = first + second if beta else first
        for n in (50, 200, 1000):
            for half_life in (math.inf, 2, 0.5):
                fits = [draw(rng, first, second, n, half_life) for _ in range(LOGS)]
                usable = [f for f in fits if f.usable]
                held = [
                    100 * np.mean([e.low <= truth <= e.high for e in estimates])
                    for truth, estimates in (
                        (mean, [f.mean for f in usable]),
                        (weight, [f.weight for f in usable]),
                    )
                ]
                middle = [
                    np.median([f.mean.value for f in usable]),
                    np.median([f.weight.value for f in usable]),
                ]
                fade = "none" if half_life == math.inf else f"{half_life:g} years"
                print(
                    f"| {name} | {n} | {fade} | {middle[0]:.3f} | {middle[1]:.2f} | {held[0]:.1f} % | {held[1]:.1f} % "
                    f"| {LOGS - len(usable)} |"
                )


if __name__ == "__main__":
    main()
