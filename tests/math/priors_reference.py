# SPDX-License-Identifier: MIT
"""Prints the numbers of tests/math/log_rising.cpp and of tests/math/optimise_prior.cpp, by mpmath at 50 digits."""

from __future__ import annotations

import mpmath as mp

mp.mp.dps = 50

POINTS = [
    (0.01, 0.0625), (0.01, 3), (0.3, 1e6), (1, 0.0625), (4, 0.7431), (2.5, 17.25), (37.2, 4.1), (199.9, 0.3),
    (200.1, 0.3), (1234.5, 6789.0), (1e6, 0.0625), (1e6, 12.5), (1e6, 1e6), (1e12, 3.7), (3.3, 1e9), (0.01, 1e9),
]  # fmt: skip


def rising(a: float, k: float) -> list[mp.mpf]:
    """Logarithm of the rising factorial, and its two derivatives by a."""
    a, k = mp.mpf(a), mp.mpf(k)
    return [
        mp.loggamma(a + k) - mp.loggamma(a),
        mp.psi(0, a + k) - mp.psi(0, a),
        mp.psi(1, a + k) - mp.psi(1, a),
    ]


def beta_binomial(good: list[float], bad: list[float], start: tuple[float, float]) -> list[mp.mpf]:
    """Root of the gradient in (ln a, ln b): a, b, the likelihood, and the standard errors of ln a and ln b."""

    def value(x: mp.mpf, y: mp.mpf) -> mp.mpf:
        a, b = mp.e**x, mp.e**y
        return sum(
            mp.log(mp.beta(a + k, b + n)) - mp.log(mp.beta(a, b))
            for k, n in zip(map(mp.mpf, good), map(mp.mpf, bad), strict=True)
        )

    return fitted(value, start)


def gamma_rate(
    events: list[float], exposure: list[float], start: tuple[float, float]
) -> list[mp.mpf]:
    """The same of shape and rate."""

    def value(x: mp.mpf, y: mp.mpf) -> mp.mpf:
        a, b = mp.e**x, mp.e**y
        return sum(
            mp.loggamma(a + r) - mp.loggamma(a) + a * mp.log(b) - (a + r) * mp.log(b + e)
            for r, e in zip(map(mp.mpf, events), map(mp.mpf, exposure), strict=True)
        )

    return fitted(value, start)


def fitted(value, start: tuple[float, float]) -> list[mp.mpf]:
    """Where the derivatives of a function of two logarithms vanish."""

    def slope(i: int, j: int):
        return lambda x, y: mp.diff(value, (x, y), (i, j))

    x, y = mp.findroot([slope(1, 0), slope(0, 1)], [mp.log(s) for s in start], tol=1e-40)
    h = -mp.matrix([[slope(2, 0)(x, y), slope(1, 1)(x, y)], [slope(1, 1)(x, y), slope(0, 2)(x, y)]])
    c = h**-1
    return [mp.e**x, mp.e**y, value(x, y), mp.sqrt(c[0, 0]), mp.sqrt(c[1, 1])]


if __name__ == "__main__":
    for a, k in POINTS:
        print([a, k, *(mp.nstr(v, 17) for v in rising(a, k))])
    k = [3, 5, 8, 2, 0, 9, 7, 4, 10, 6]
    n = [4, 6, 10, 5, 3, 10, 9, 8, 11, 6]
    print(
        [
            mp.nstr(v, 15)
            for v in beta_binomial(
                k, [m - g for g, m in zip(k, n, strict=True)], (5.880618, 2.227904)
            )
        ]
    )
    faded = [2.4375, 0.8125, 9.6875, 0.0625, 1.3125, 1.125, 17.5, 0.5625, 4.0, 6.9375]
    lost = [0.3125, 0.9375, 0.4375, 2.5, 4.0625, 0.0, 1.1875, 3.25, 0.75, 0.0625]
    print([mp.nstr(v, 15) for v in beta_binomial(faded, lost, (1.17333, 0.610614))])
    answers = [3, 5, 0, 9, 2, 4, 1, 12, 6, 2.5]
    times = [1, 4, 2, 3, 3, 2, 2, 1.75, 9, 0.5]
    print([mp.nstr(v, 15) for v in gamma_rate(answers, times, (1.492486, 0.719588))])
