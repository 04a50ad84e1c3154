# SPDX-License-Identifier: MIT
# ruff: noqa: B023 - every function is called at once
"""Makes references.csv: what the purchase models say, in 50 digits, by the textbook formulas.

Usage: make_references.py FILE. Needs mpmath. The formulas are those of the papers, with hypergeometric functions
and the differences that overflow or cancel in double precision; here they have 120 digits. Derivatives are
differences of step 1e-30. What has no closed form is integrated by mpmath.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mpmath as mp

mp.mp.dps = 120
STEP = mp.mpf(10) ** -30
Numbers = tuple[mp.mpf, ...]


def ends_until(horizon: mp.mpf) -> list[mp.mpf]:
    """Ends of intervals for a discounted integral; what lies beyond 65536 is less than e^-170."""
    ends = [0, 1, 4, 16, 64, 256, 1024, 4096, 16384]
    return [e for e in ends if e < horizon] + [min(horizon, mp.mpf(65536))]


# --- beta-geometric: P. Fader, B. Hardie, K. Lee (2005), equations 6 and 10; E. Batislam et al. (2007) ---------------


def bg_parts(q: Numbers, x: int, t_x: mp.mpf, t: mp.mpf, once: int) -> tuple[mp.mpf, mp.mpf]:
    """The likelihood's part of who is alive, and of who is gone."""
    r, alpha, a, b = q
    common = mp.gamma(r + x) * alpha**r / mp.gamma(r) / mp.beta(a, b)
    alive = common * mp.beta(a, b + x + once) * (alpha + t) ** -(r + x)
    gone = mp.mpf(0)
    if x + once > 0:
        gone = common * mp.beta(a + 1, b + x + once - 1) * (alpha + t_x) ** -(r + x)
    return alive, gone


def bg_log_likelihood(q, h, once):
    return mp.log(sum(bg_parts(q, *h, once)))


def bg_p_alive(q, h, once):
    alive, gone = bg_parts(q, *h, once)
    return alive / (alive + gone)


def bg_p_no_purchase(q, h, once, horizon):
    x, t_x, t = h
    return mp.exp(bg_log_likelihood(q, (x, t_x, t + horizon), once) - bg_log_likelihood(q, h, once))


def bg_while_alive(shape, rate, a, b, horizon):
    if a == 1:
        a += mp.mpf(10) ** -50  # a removable singularity
    z = horizon / (rate + horizon)
    f = mp.hyp2f1(shape, b, a + b - 1, z)
    return (a + b - 1) / (a - 1) * (1 - (1 - z) ** shape * f)


def bg_expected_purchases(q, h, once, horizon):
    r, alpha, a, b = q
    x, _, t = h
    return bg_p_alive(q, h, once) * bg_while_alive(r + x, alpha + t, a, b + x + once, horizon)


def bg_expected_purchases_new(q, once, time):
    r, alpha, a, b = q
    stays = b / (a + b) if once else 1
    return stays * bg_while_alive(r, alpha, a, b + once, time)


def bg_discounted(q, h, once, force, horizon):
    r, alpha, a, b = q
    x, _, t = h
    shape, rate, b = r + x, alpha + t, b + x + once

    def flow(v):
        return mp.exp(-force * v) * mp.hyp2f1(shape + 1, a, a + b, -v / rate)

    with mp.workdps(30):
        total = mp.quad(flow, ends_until(horizon))
    return bg_p_alive(q, h, once) * shape / rate * total


def bg_p_count(q, once, k, time):
    r, alpha, a, b = q

    def count(j):
        z = time / (alpha + time)
        return mp.rf(r, j) / mp.factorial(j) * z**j * (1 - z) ** r

    p = mp.beta(a, b + k + once) / mp.beta(a, b) * count(k)
    if k + once > 0:
        p += (
            mp.beta(a + 1, b + k + once - 1) / mp.beta(a, b) * (1 - sum(count(j) for j in range(k)))
        )
    return p


# --- Pareto/NBD: P. Fader and B. Hardie, A Note on Deriving the Pareto/NBD Model (2005) -----------


def pareto_parts(q: Numbers, x: int, t_x: mp.mpf, t: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    r, alpha, s, beta = q
    common = mp.gamma(r + x) * alpha**r * beta**s / mp.gamma(r)
    n = r + s + x

    def f(y):
        if alpha >= beta:
            return (alpha + y) ** -n * mp.hyp2f1(n, s + 1, n + 1, (alpha - beta) / (alpha + y))
        return (beta + y) ** -n * mp.hyp2f1(n, r + x, n + 1, (beta - alpha) / (beta + y))

    alive = common * (alpha + t) ** -(r + x) * (beta + t) ** -s
    return alive, common * s / n * (f(t_x) - f(t))


def pareto_log_likelihood(q, h):
    return mp.log(sum(pareto_parts(q, *h)))


def pareto_p_alive(q, h):
    alive, gone = pareto_parts(q, *h)
    return alive / (alive + gone)


def pareto_p_no_purchase(q, h, horizon):
    x, t_x, t = h
    return mp.exp(pareto_log_likelihood(q, (x, t_x, t + horizon)) - pareto_log_likelihood(q, h))


def pareto_while_alive(shape, rate, s, beta, horizon):
    if s == 1:
        s += mp.mpf(10) ** -50
    return shape / rate * beta / (s - 1) * (1 - (beta / (beta + horizon)) ** (s - 1))


def pareto_expected_purchases(q, h, horizon):
    r, alpha, s, beta = q
    x, _, t = h
    return pareto_p_alive(q, h) * pareto_while_alive(r + x, alpha + t, s, beta + t, horizon)


def pareto_expected_purchases_new(q, time):
    return pareto_while_alive(*q, time)


def pareto_discounted(q, h, force, horizon):
    r, alpha, s, beta = q
    x, _, t = h
    scale = beta + t
    with mp.workdps(30):
        flow = mp.quad(
            lambda v: mp.exp(-force * v) * (scale / (scale + v)) ** s, ends_until(horizon)
        )
    return pareto_p_alive(q, h) * (r + x) / (alpha + t) * flow


def pareto_p_count(q, k, time):
    r, alpha, s, beta = q

    def count(v):
        return mp.rf(r, k) / mp.factorial(k) * (alpha / (alpha + v)) ** r * (v / (alpha + v)) ** k

    def flow(w):
        v = time * mp.exp(-w)
        return count(v) * s / beta * (beta / (beta + v)) ** (s + 1) * v

    with mp.workdps(40):
        ends = [*mp.linspace(0, 3, 25), *range(4, 61, 2), 80]
        size = max(flow(w) for w in ends)  # mpmath's tolerance is absolute
        part, error = mp.quad(
            lambda w: flow(w) / size, ends, method="gauss-legendre", maxdegree=7, error=True
        )
        assert error < 1e-18
        lost = size * part
    return count(time) * (beta / (beta + time)) ** s + lost


# --- Gamma-Gamma: P. Fader and B. Hardie (2013) ---------------------------------------------------


def gg_log_likelihood(q, x, mean):
    p, q_, v = q
    return mp.log(
        mp.gamma(p * x + q_) / mp.gamma(p * x) / mp.gamma(q_) * v**q_ * mean ** (p * x - 1)
        * mp.mpf(x) ** (p * x) / (v + x * mean) ** (p * x + q_)
    )  # fmt: skip


def gg_expected_spend(q, x, mean):
    p, q_, v = q
    return p * (v + x * mean) / (p * x + q_ - 1)


# --- the table ---------------------------------------------------------------------------------------

BG = [
    ("0.2425945", "4.413602", "0.792922", "2.4259068"),  # CDNOW
    ("0.2425945", "4.413602", "1", "2.4259068"),
    ("3.5", "0.75", "0.04", "0.3"),
    ("0.01", "200", "60", "900"),
    ("40", "15", "1e-4", "5e-4"),
    ("8000", "30000", "2.5", "1e5"),
]
PARETO = [
    ("0.553277", "10.5776836", "0.60624", "11.6687349"),  # CDNOW
    ("0.553277", "10.5776836", "1", "10.5776836"),
    ("3.5", "0.75", "0.04", "60"),
    ("0.01", "200", "25", "0.3"),
    ("40", "15", "1e-4", "7"),
    ("8000", "30000", "9000", "2e6"),
    ("1.7", "1e-3", "2.2", "1e4"),
    ("1.7", "1e4", "2.2", "1e-3"),
]
HISTORIES = [
    ("0", "0", "0"),
    ("0", "0", "38.86"),
    ("1", "38.86", "38.86"),
    ("2", "30.43", "38.86"),
    ("5", "0.14", "270"),
    ("26", "30", "31"),
    ("130", "25", "38"),
    ("221", "103.42857", "103.57143"),
    ("300", "1", "40"),
    ("2000", "3", "156"),
    ("2000", "155.9", "156"),
]
HORIZONS = ["0.01", "39", "2600"]


def numbers(texts) -> Numbers:
    return tuple(mp.mpf(t) for t in texts)


def with_gradient(function: Callable[[Numbers], mp.mpf], q: Numbers, wanted: bool) -> list[mp.mpf]:
    found = [function(q)]
    if not wanted:
        return found
    for i in range(len(q)):
        step = q[i] * STEP
        up = tuple(v + step if j == i else v for j, v in enumerate(q))
        down = tuple(v - step if j == i else v for j, v in enumerate(q))
        found.append((function(up) - function(down)) / (2 * step))
    return found


def rows(part: str) -> Iterator[list[str]]:
    def row(model, quantity, parameters, h, argument, function, gradient=True):
        q = numbers(parameters)
        values = with_gradient(function, q, gradient)
        yield [
            model, quantity, *parameters, *[""] * (4 - len(parameters)), *h, argument,
            *(mp.nstr(v, 25) for v in values), *[""] * (5 - len(values)),
        ]  # fmt: skip

    def history(h):
        return int(h[0]), mp.mpf(h[1]), mp.mpf(h[2])

    for once, model in ((0, "BG/NBD"), (1, "MBG/NBD")):
        if model != part:
            continue
        for i, q in enumerate(BG):
            smooth = q[2] != "1"  # else a singularity lies within the differences
            for h in HISTORIES:
                hh = history(h)
                yield from row(
                    model, "log_likelihood", q, h, "", lambda p: bg_log_likelihood(p, hh, once)
                )
                yield from row(model, "p_alive", q, h, "", lambda p: bg_p_alive(p, hh, once))
                for t in HORIZONS:
                    v = mp.mpf(t)
                    yield from row(
                        model, "p_no_purchase", q, h, t, lambda p: bg_p_no_purchase(p, hh, once, v)
                    )
                    yield from row(
                        model, "expected_purchases", q, h, t,
                        lambda p: bg_expected_purchases(p, hh, once, v), smooth,
                    )  # fmt: skip
            # Of the last, at 1e6, the textbook formula loses ten thousand digits.
            for t in ("0.01", "39", "2600", "1e6")[: 4 if i < 5 else 3]:
                v = mp.mpf(t)
                yield from row(
                    model, "expected_purchases_new", q, ("", "", ""), t,
                    lambda p: bg_expected_purchases_new(p, once, v), smooth,
                )  # fmt: skip
            for k in (0, 1, 2, 7, 40):
                for t in ("0.5", "39", "400"):
                    v = mp.mpf(t)
                    yield from row(
                        model, "p_count", q, (str(k), "", ""), t,
                        lambda p: bg_p_count(p, once, k, v), False,
                    )  # fmt: skip
            if i < 3:
                for h in (HISTORIES[1], HISTORIES[3], HISTORIES[5]):
                    for t in ("13", "inf"):
                        hh, force = history(h), mp.mpf("0.0027")
                        yield from row(
                            model, "discounted", q, h, t,
                            lambda p: bg_discounted(p, hh, once, force, mp.mpf(t)), False,
                        )  # fmt: skip
    for q in PARETO if part == "Pareto/NBD" else ():
        smooth = q[2] != "1"
        for h in HISTORIES:
            hh = history(h)
            yield from row(
                "Pareto/NBD", "log_likelihood", q, h, "", lambda p: pareto_log_likelihood(p, hh)
            )
            yield from row("Pareto/NBD", "p_alive", q, h, "", lambda p: pareto_p_alive(p, hh))
            for t in HORIZONS:
                v = mp.mpf(t)
                yield from row(
                    "Pareto/NBD", "p_no_purchase", q, h, t, lambda p: pareto_p_no_purchase(p, hh, v)
                )
                yield from row(
                    "Pareto/NBD", "expected_purchases", q, h, t,
                    lambda p: pareto_expected_purchases(p, hh, v), smooth,
                )  # fmt: skip
        for t in ("0.01", "39", "2600", "1e6"):
            v = mp.mpf(t)
            yield from row(
                "Pareto/NBD", "expected_purchases_new", q, ("", "", ""), t,
                lambda p: pareto_expected_purchases_new(p, v), smooth,
            )  # fmt: skip
        for k in (0, 1, 2, 7, 40):
            for t in ("0.5", "39", "400"):
                v = mp.mpf(t)
                yield from row(
                    "Pareto/NBD",
                    "p_count",
                    q,
                    (str(k), "", ""),
                    t,
                    lambda p: pareto_p_count(p, k, v),
                    False,
                )
        for h in (HISTORIES[1], HISTORIES[3], HISTORIES[5]):
            for t in ("13", "inf"):
                hh, force = history(h), mp.mpf("0.0027")
                yield from row(
                    "Pareto/NBD", "discounted", q, h, t,
                    lambda p: pareto_discounted(p, hh, force, mp.mpf(t)), False,
                )  # fmt: skip
    spends = (
        ("6.24957", "3.74422", "15.44352"),
        ("0.05", "1e3", "2"),
        ("2000", "1.5", "1e6"),
        ("30", "30", "1e-3"),
    )
    for q in spends if part == "Gamma-Gamma" else ():
        for x, mean in (("1", "22.35"), ("2", "0.01"), ("9", "1e7"), ("2000", "35.09")):
            n, m = int(x), mp.mpf(mean)
            yield from row(
                "Gamma-Gamma",
                "log_likelihood",
                q,
                (x, mean, ""),
                "",
                lambda p: gg_log_likelihood(p, n, m),
            )
            yield from row(
                "Gamma-Gamma",
                "expected_spend",
                q,
                (x, mean, ""),
                "",
                lambda p: gg_expected_spend(p, n, m),
            )


MODELS = ("BG/NBD", "MBG/NBD", "Pareto/NBD", "Gamma-Gamma")
HEAD = "model,quantity,q0,q1,q2,q3,x,t_x,T,argument,value,d0,d1,d2,d3"


def part(model: str) -> list[str]:
    return [",".join(line) for line in rows(model)]


if __name__ == "__main__":
    with multiprocessing.Pool() as pool:
        lines = [HEAD, *(line for some in pool.map(part, MODELS, 1) for line in some)]
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines) - 1} references")
