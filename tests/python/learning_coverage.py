# SPDX-License-Identifier: MIT
"""Prints the tables of docs/learning.md: how well truth is recovered, and how often 5-95 % intervals hold it."""

from __future__ import annotations

import sys

import loyalty
import numpy as np
from loyalty.learning import fit_beta_binomial, fit_gamma_rate

LOGS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
DAY = 86400
CENTURY = 36500


def outcomes(rng, law: str, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One company: owner, day and trait of 1 to 24 outcomes of each relationship over three years."""
    name, first, second = law.replace("(", " ").replace(",", "").replace(")", "").split()
    a, b = float(first), float(second)
    owner = np.repeat(np.arange(n), rng.integers(1, 25, n))
    trait = rng.beta(a, b, n) if name == "Beta" else rng.gamma(a, 1 / b, n)
    return owner, rng.uniform(0, 1095, len(owner)), trait[owner]


def log(rng, law: str, n: int) -> dict[str, np.ndarray]:
    """The same as events: guarantees kept or not, or requests and their answers."""
    owner, day, trait = outcomes(rng, law, n)
    time = (day * DAY).astype(np.int64)
    if law.startswith("Beta"):
        kept = (rng.random(len(owner)) < trait).astype(float)
        kind = np.full(len(owner), "guarantee", object)
        return {"relationship": owner, "time": time, "kind": kind, "value": kept}
    wait = np.minimum(rng.exponential(1 / trait), 30.0001)  # later than 30 targets: unanswered
    answer = time + (wait * DAY).astype(np.int64)
    return {
        "relationship": owner,
        "time": answer,
        "kind": np.full(len(owner), "response", object),
        "since": time,
    }


def plain(rng, law: str, n: int):
    """Without time: the fit of plain counts."""
    owner, _, trait = outcomes(rng, law, n)
    if law.startswith("Beta"):
        kept = rng.random(len(owner)) < trait
        fit = fit_beta_binomial(np.bincount(owner, kept, n), np.bincount(owner, ~kept, n))
    else:
        wait = rng.exponential(1 / trait)
        fit = fit_gamma_rate(
            np.bincount(owner, wait <= 30, n), np.bincount(owner, np.minimum(wait, 30), n)
        )
    return fit.first, fit.second, fit.ended


def faded(rng, law: str, n: int, days: float):
    """From a log, under a half-life."""
    stream, keys = ("guarantees", ("prior_kept", "prior_breached"))
    section = "commitment"
    if law.startswith("Gamma"):
        stream, keys, section = "responses", ("prior_answers", "prior_time"), "responsiveness"
    policy = loyalty.Policy.from_dict({"half_life_days": {stream: days}})
    fit = loyalty.Policy.fit(log(rng, law, n), policy, as_of=1130 * DAY, learn="priors")
    table = fit.changes("dict")
    found = []
    for key in keys:
        at = table["key"].tolist().index(f"roles.consumer.{section}.{key}")
        value, low, high = (table[name][at] for name in ("estimate", "low", "high"))
        found.append(loyalty.learning.Estimate(value, np.nan, low, high))
    return (*found, table["ended"][at])


def line(law: str, n: int, title: str, truth: tuple[float, float], draw) -> None:
    """One row of the table."""
    fits = [draw() for _ in range(LOGS)]
    good = [f for f in fits if f[2] == "converged"]
    held = [100 * np.mean([f[k].low <= truth[k] <= f[k].high for f in good]) for k in range(2)]
    middle = [np.median([f[k].value for f in good]) for k in range(2)]
    print(
        f"| {law} | {n} | {title} | {truth[0]:.3g}, {truth[1]:.3g} | {middle[0]:.3g}, {middle[1]:.3g} "
        f"| {held[0]:.1f} %, {held[1]:.1f} % | {LOGS - len(good)} |",
        flush=True,
    )


def main() -> None:
    rng = np.random.default_rng(20241231)
    print(
        "| law | relationships | evidence | truth | median fit | intervals hold it | other ends |"
    )
    print("|---|---|---|---|---|---|---|")
    for law, truth in (("Beta(4, 1)", (4, 1)), ("Beta(9, 2)", (9, 2)), ("Gamma(2, 1)", (2, 1))):
        for n in (50, 200, 1000):
            line(law, n, "counts", truth, lambda law=law, n=n: plain(rng, law, n))
        line(law, 200, "a log", truth, lambda law=law: faded(rng, law, 200, CENTURY))
        for days in (730, 180):
            first, second, _ = faded(rng, law, 60_000, days)
            best = (first.value, second.value)
            line(
                law,
                200,
                f"half-life {days} d",
                best,
                lambda law=law, d=days: faded(rng, law, 200, d),
            )


if __name__ == "__main__":
    main()
