# SPDX-License-Identifier: MIT
"""Scoring over columns against NumPy and SciPy, ratios in one run, best of several.

The NumPy side is what an analyst would write well; the quality is written in three ways, the last of them possible only
because trust weighs just twice as much as the others. SciPy has no inversion of the law of ln Q: its side takes
Cornish-Fisher for every row, which favours it where the library has to invert.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import _figures
import loyalty
import numpy as np
from scipy.special import polygamma, psi

WEIGHTS = (0.2, 0.2, 0.2, 0.4)
Z95 = 1.6448536269514722


def best(function: Callable[[], Any], rounds: int) -> float:
    """Seconds of the fastest of several runs."""
    function()
    fastest = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def parameters(rows: int) -> tuple[loyalty.Parameter, ...]:
    """Customers with a few dozen events each."""
    random = np.random.default_rng(20111209)

    def counts(mean: float) -> np.ndarray:
        return random.gamma(2, mean / 2, rows)

    return (
        loyalty.commitment(counts(6), counts(0.5)),
        loyalty.responsiveness(counts(10), counts(6), 0, 0, counts(3), counts(1)),
        loyalty.reciprocity(counts(8), counts(8)),
        loyalty.trust(counts(12), counts(1), counts(0.5)),
    )


def numpy_powers(c: Any, r: Any, p: Any, t: Any) -> Any:
    return 100 * c**0.2 * r**0.2 * p**0.2 * t**0.4


def numpy_logs(c: Any, r: Any, p: Any, t: Any) -> Any:
    return 100 * np.exp(0.2 * np.log(c) + 0.2 * np.log(r) + 0.2 * np.log(p) + 0.4 * np.log(t))


def numpy_product(c: Any, r: Any, p: Any, t: Any) -> Any:
    return 100 * (c * r * p * t * t) ** 0.2


def scipy_interval(parameters: tuple[loyalty.Parameter, ...]) -> Any:
    """Cornish-Fisher with four cumulants for every row."""
    kappa = [0.0, 0.0, 0.0, 0.0]
    for w, p in zip(WEIGHTS, parameters, strict=True):
        nu = p.mean * (1 - p.mean) / p.variance - 1
        alpha = p.mean * nu
        kappa[0] = kappa[0] + w * (psi(alpha) - psi(nu))
        for order in (1, 2, 3):
            kappa[order] = kappa[order] + w ** (order + 1) * (
                polygamma(order, alpha) - polygamma(order, nu)
            )
    sd = np.sqrt(kappa[1])
    skew = kappa[2] / (kappa[1] * sd)
    excess = kappa[3] / (kappa[1] * kappa[1])
    ends = []
    for z in (-Z95, 0.0, Z95):
        x = (
            z
            + skew / 6 * (z * z - 1)
            + excess / 24 * z * (z * z - 3)
            - skew**2 / 36 * z * (2 * z * z - 5)
        )
        ends.append(100 * np.exp(kappa[0] + sd * x))
    return ends


def scipy_attribution(parameters: tuple[loyalty.Parameter, ...], base: tuple[float, ...]) -> Any:
    logs = [w * np.log(p.mean / b) for w, p, b in zip(WEIGHTS, parameters, base, strict=True)]
    total = logs[0] + logs[1] + logs[2] + logs[3]
    q0 = 100 * np.prod([b**w for w, b in zip(WEIGHTS, base, strict=True)])
    scale = q0 * np.expm1(total) / total
    return [scale * log for log in logs]


RATIOS: dict[str, list[float]] = {"NumPy": [], "SciPy": []}


def report(name: str, rows: int, ours: float, theirs: float, against: str) -> None:
    RATIOS[against].append(theirs / ours)
    print(
        f"{name:<30} {rows:>9,} rows  loyalty {ours / rows * 1e9:8.1f} ns/row   "
        f"{against} {theirs / rows * 1e9:8.1f} ns/row   ratio {theirs / ours:5.2f}"
    )


def bench_quality(rows: int) -> None:
    means = [p.mean for p in parameters(rows)]
    assert np.allclose(loyalty.quality(*means), numpy_powers(*means), rtol=1e-13)
    ours = best(lambda: loyalty.quality(*means), 15)
    for name, expression in (
        ("c**.2 * r**.2 * ...", numpy_powers),
        ("exp(.2*log(c) + ...)", numpy_logs),
        ("(c*r*p*t*t)**.2", numpy_product),
    ):
        theirs = best(lambda: expression(*means), 15)  # noqa: B023 - called at once
        report("quality: " + name, rows, ours, theirs, "NumPy")
    # The last and fastest expression is possible for some weights only, but it is what the ratio is to.
    figures = {"ours": ours / rows * 1e9, "theirs": theirs / rows * 1e9, "ratio": theirs / ours}
    _figures.note("quality", rows=rows, **figures)


def bench_interval_and_attribution(rows: int) -> None:
    four = parameters(rows)
    base = (
        loyalty.commitment().mean,
        loyalty.responsiveness().mean,
        loyalty.reciprocity().mean,
        loyalty.trust().mean,
    )
    assert np.allclose(loyalty.attribution(*four), scipy_attribution(four, base), rtol=1e-9)
    low, _, high = loyalty.quality_interval(*four)
    scipy_low, _, scipy_high = scipy_interval(four)
    same = np.isclose(low, scipy_low, rtol=1e-9) & np.isclose(high, scipy_high, rtol=1e-9)
    assert same.mean() > 0.9
    ours = best(lambda: (loyalty.quality_interval(*four), loyalty.attribution(*four)), 5)
    theirs = best(lambda: (scipy_interval(four), scipy_attribution(four, base)), 5)
    report("interval and attribution", rows, ours, theirs, "SciPy")
    figures = {"ours": ours / rows * 1e6, "theirs": theirs / rows * 1e6, "ratio": theirs / ours}
    _figures.note("interval", **figures)
    print(f"{'':<30} {1 - same.mean():.2%} of the rows inverted numerically")


def bench_table(rows: int) -> None:
    """No counterpart in NumPy: rung, quality, intervals of everything, reasons, next step."""
    random = np.random.default_rng(1)
    table = {
        name: random.poisson(mean, rows)
        for name, mean in (
            ("guarantees_kept", 2),
            ("answered", 6),
            ("answer_time", 4),
            ("given", 3),
            ("received", 4),
            ("promises_kept", 6),
            ("promises_grave", 1),
            ("purchases", 5),
            ("regularity", 3),
        )
    }
    seconds = best(lambda: loyalty.score_table(table), 3)
    print(f"{'score_table':<30} {rows:>9,} rows  loyalty {seconds / rows * 1e9:8.1f} ns/row")


def main() -> None:
    for rows in (1_000, 10_000, 100_000, 1_000_000):
        bench_quality(rows)
    for rows in (1_000, 100_000):
        bench_interval_and_attribution(rows)
    bench_table(100_000)
    for name, against, aim in (
        ("quality over columns", "NumPy", 1),
        ("interval and attribution", "NumPy with SciPy", 5),
    ):
        worst = min(RATIOS[against.split()[-1]])
        print(f"{name}: at least {worst:.1f} times as fast as {against}; the aim is {aim}")


if __name__ == "__main__":
    main()
