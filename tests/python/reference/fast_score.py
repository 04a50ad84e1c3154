# SPDX-License-Identifier: MIT
"""The scores of docs/model.md in double precision for many relationships at once; held to ``score`` by a test."""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from . import fold as _fold
from . import score as _exact

Z = float(_exact.Z)


def _column(states, clocks, name, as_of):
    unit = clocks.of[name].unit(as_of)
    return np.array([state.sums[name] / unit for state in states])


def read(states, clocks, policy, as_of) -> dict:
    e = {name: _column(states, clocks, name, as_of) for name in _fold.SUMS}
    target = policy.get("target_seconds", _fold.DAY)
    e["open"] = np.array([float(max(s.open_requests, 0)) for s in states])
    e["open_time"] = np.array(
        [
            min(max(0, s.open_requests * as_of - s.open_time_sum) / target, 64.0 * s.open_requests)
            if s.open_requests > 0
            else 0.0
            for s in states
        ]
    )
    e["contract_days_left"] = np.array(
        [
            (s.contract_until - as_of) / _fold.DAY
            if s.contract_until is not None and as_of <= s.contract_until
            else np.nan
            for s in states
        ]
    )
    e["first_event_age"] = np.array(
        [float(as_of - s.first_event) if s.first_event is not None else 0.0 for s in states]
    )
    return e


def _beta(a, b):
    s = a + b
    return a / s, a * b / (s * s * (s + 1))


def commitment(e, o):
    left = e["contract_days_left"]
    runs = ~np.isnan(left)
    m, v = _beta(
        o["prior_kept"] + e["guarantees_kept"], o["prior_breached"] + e["guarantees_breached"]
    )
    omega = o["contract_weight"]
    term = np.where(
        runs, -np.expm1(-np.where(runs, left, 0.0) / o["contract_half_life_days"] * np.log(2)), 0.0
    )
    seen = e["guarantees_kept"] + e["guarantees_breached"]
    coverage = (1 - omega) * seen / (seen + o["prior_kept"] + o["prior_breached"]) + omega * runs
    return (1 - omega) * m + omega * term, (1 - omega) ** 2 * v, coverage


def responsiveness(e, o):
    a = o["prior_answers"] + e["answered"]
    b = o["prior_time"] + e["answer_time"] + e["open_time"]
    p = -np.expm1(-a * np.log1p(1 / b))
    p_var = -np.exp(-a * np.log1p(2 / b)) * np.expm1(-a * np.log1p(1 / (b * (b + 2))))
    g, g_var = _beta(o["prior_granted"] + e["granted"], o["prior_refused"] + e["refused"])
    speed = o["speed_weight"]
    heard, asked = e["answered"] + e["open"], e["granted"] + e["refused"]
    coverage = speed * heard / (heard + o["prior_answers"]) + (1 - speed) * asked / (
        asked + o["prior_granted"] + o["prior_refused"]
    )
    return speed * p + (1 - speed) * g, speed**2 * p_var + (1 - speed) ** 2 * g_var, coverage


def reciprocity(e, o):
    a, b = o["prior_given"] + e["given"], o["prior_received"] + e["received"]
    s = a + b
    m = 4 * a * b / (s * (s + 1))
    v = (
        16
        * a
        * b
        * (s * (s + 2) / 2 + (a - b) ** 2 * (s + 1.5))
        / (s**2 * (s + 1) ** 2 * (s + 2) * (s + 3))
    )
    seen = e["given"] + e["received"]
    return m, v, seen / (seen + o["prior_given"] + o["prior_received"])


def trust(e, o):
    m, v = _beta(
        o["prior_kept"] + e["promises_kept"],
        o["prior_broken"] + e["promises_broken"] + o["grave_weight"] * e["promises_grave"],
    )
    seen = e["promises_kept"] + e["promises_broken"] + e["promises_grave"]
    return m, v, seen / (seen + o["prior_kept"] + o["prior_broken"])


FUNCTIONS = {
    "commitment": commitment,
    "responsiveness": responsiveness,
    "reciprocity": reciprocity,
    "trust": trust,
}


def _quality(found, w):
    return 100 * np.exp(sum(wi * np.log(m) for wi, (m, _, _) in zip(w, found, strict=True)))


def _below(laws, w, v):
    """P(-ln(Q/100) <= v) by the contour of ``score.below``."""
    wall = min(a / wi for wi, (a, _) in zip(w, laws, strict=True))

    def excess(x):
        s = np.exp2(x) - wall
        return v + sum(
            wi * (special.digamma(a + wi * s) - special.digamma(a + b + wi * s))
            for wi, (a, b) in zip(w, laws, strict=True)
        )

    s0 = np.exp2(optimize.brentq(excess, -30, 45, xtol=1e-3)) - wall
    bend = sum(
        wi**2 * (special.polygamma(1, a + wi * s0) - special.polygamma(1, a + b + wi * s0))
        for wi, (a, b) in zip(w, laws, strict=True)
    )
    width = 1 / np.sqrt(bend)
    if abs(s0) < width:
        s0 = width
    step, sine, cosine = 1 / 16, np.sin(_exact.ANGLE), np.cos(_exact.ANGLE)
    theta = np.arange(320) * step
    s = s0 + width * (sine * (1 - np.cosh(theta)) + 1j * cosine * np.sinh(theta))
    slope = width * (-sine * np.sinh(theta) + 1j * cosine * np.cosh(theta))
    total = v * s
    for wi, (a, b) in zip(w, laws, strict=True):
        total = total + special.loggamma(a + wi * s) - special.loggamma(a + b + wi * s)
        total = total - special.gammaln(a) + special.gammaln(a + b)
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):
        terms = np.where(total.real > -700, np.exp(total) / s * slope, 0)
    terms[0] /= 2
    return (1.0 if s0 < 0 else 0.0) + step / np.pi * np.sum(terms.imag)


def inverted_interval(laws, w):
    """The 5, 50 and 95 % quantiles of Q by numerical inversion."""
    out = []
    for p in (0.05, 0.5, 0.95):
        low = high = 1.0
        while _below(laws, w, low) > 1 - p:
            low, high = low / 3, low
        while _below(laws, w, high) < 1 - p:
            low, high = high, high * 3
        out.append(
            100
            * np.exp(
                -optimize.brentq(
                    lambda v, p=p: _below(laws, w, v) - (1 - p), low, high, xtol=1e-14, rtol=1e-13
                )
            )
        )
    return out


def _intervals(found, w):
    laws = []
    for m, v, _ in found:
        nu = m * (1 - m) / v - 1
        laws.append((m * nu, (1 - m) * nu))
    k = []
    for r in (1, 2, 3, 4):
        digamma = special.digamma if r == 1 else (lambda x, r=r: special.polygamma(r - 1, x))
        k.append(
            sum(wi**r * (digamma(a) - digamma(a + b)) for wi, (a, b) in zip(w, laws, strict=True))
        )
    skew, excess = k[2] / k[1] ** 1.5, k[3] / k[1] ** 2
    out = []
    for z in (-Z, 0.0, Z):
        x = (
            z
            + skew * (z * z - 1) / 6
            + excess * (z**3 - 3 * z) / 24
            - skew**2 * (2 * z**3 - 5 * z) / 36
        )
        out.append(100 * np.exp(k[0] + np.sqrt(k[1]) * x))

    def slope(z):
        return 1 + skew * z / 3 + excess * (z**2 - 1) / 8 - skew**2 * (6 * z**2 - 5) / 36

    bend = excess / 8 - skew**2 / 6
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = np.nan_to_num(np.clip(-(skew / 3) / (2 * bend), -1.645, 1.645))
    least = np.minimum(np.minimum(slope(-1.645), slope(1.645)), slope(vertex))
    log_mean = sum(
        special.gammaln(a + wi)
        - special.gammaln(a + b + wi)
        - special.gammaln(a)
        + special.gammaln(a + b)
        for wi, (a, b) in zip(w, laws, strict=True)
    )
    return laws, out, least, 100 * np.exp(log_mean)


def score(
    states, clocks, policy, as_of, roles, lit, open_complaints, invert: bool = True
) -> list[dict]:
    """The outputs of ``score.score`` for relationships of one portfolio."""
    out: list[dict] = [{} for _ in states]
    for role in sorted(set(roles)):
        index = [i for i, r in enumerate(roles) if r == role]
        part = _score_role(
            [states[i] for i in index],
            clocks,
            policy,
            as_of,
            role,
            lit,
            [open_complaints[i] for i in index],
            invert,
        )
        for i, row in zip(index, part, strict=True):
            out[i] = row
    return out


def _score_role(states, clocks, policy, as_of, role, lit, open_complaints, invert):
    size = len(states)
    o = _exact.options(policy, role)
    w = [float(x) for x in _exact.weights(policy)]
    every = read(states, clocks, policy, as_of)
    e = dict(every)
    for parameter, names in _exact.READS.items():
        if not lit[parameter]:
            for name in names:
                e[name] = np.full(size, np.nan if name == "contract_days_left" else 0.0)

    def moments_of(evidence):
        return [FUNCTIONS[name](evidence, o[name]) for name in _exact.NAMES]

    found = moments_of(e)
    nothing = {name: np.full(1, np.nan if name == "contract_days_left" else 0.0) for name in e}
    base = moments_of(nothing)
    now, then = _quality(found, w), _quality(base, w)[0]
    laws, cf, least, mean = _intervals(found, w)
    coverage = sum(wi * c for wi, (_, _, c) in zip(w, found, strict=True)) / sum(w)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_mean = np.where(now == then, now, (now - then) / np.log(now / then))
    points = [
        log_mean * wi * np.log(m / m0)
        for wi, (m, _, _), (m0, _, _) in zip(w, found, base, strict=True)
    ]
    gives_more = special.betaincc(
        o["reciprocity"]["prior_given"] + e["given"],
        o["reciprocity"]["prior_received"] + e["received"],
        0.5,
    )
    always = np.full(size, True)
    is_open = {
        "keep_promise": always,
        "grant_concession": always,
        "answer_request": e["open"] > 0,
        "resolve_complaint": np.array(open_complaints) > 0,
        "sign_contract": always
        & (o["commitment"]["contract_weight"] > 0)
        & np.isnan(e["contract_days_left"]),
        "give_gift": gives_more < 0.5,
    }
    gains = {}
    for action in _exact.ACTIONS:
        changed = dict(e)
        if action == "answer_request":
            wait = e["open_time"] / np.maximum(e["open"], 1)
            changed["answered"] = e["answered"] + 1
            changed["answer_time"] = e["answer_time"] + wait
            changed["open"] = e["open"] - 1
            changed["open_time"] = e["open_time"] - wait
        elif action == "sign_contract":
            changed["contract_days_left"] = np.full(size, 365.0)
        else:
            key = {
                "keep_promise": "promises_kept",
                "resolve_complaint": "promises_kept",
                "grant_concession": "granted",
                "give_gift": "given",
            }[action]
            changed[key] = e[key] + 1
        gains[action] = np.where(is_open[action], _quality(moments_of(changed), w) - now, -np.inf)
    table = np.array([gains[action] for action in _exact.ACTIONS])
    best = table.argmax(axis=0)  # the first of equals, in the order of the ties

    criteria = _fold.Criteria(policy)
    q = [np.ones(size), np.array([1.0 if s.n >= 1 else 0.0 for s in states])]
    for stream, threshold in (
        ("purchases", "client"),
        ("support", "support"),
        ("advocacy", "advocacy"),
        ("partnership", "partnership"),
    ):
        h = clocks[stream].half_life
        years = h / _fold.YEAR
        watched = -years / np.log(2) * np.expm1(-every["first_event_age"] / h * np.log(2))
        theta = float(criteria.enter(threshold)) * np.log(2) / years
        q.append(special.gammaincc(0.5 + np.maximum(every[stream], 0), theta * (0.5 + watched)))
    soft, reach = [], np.ones(size)
    for k in range(6):
        reach = reach * q[k]
        soft.append(reach * (1 - q[k + 1]) if k < 5 else reach)

    minimum = float(policy.get("minimum_coverage", _exact.MINIMUM_COVERAGE))
    quantiles = [(special.betaincinv(a, b, 0.05), special.betaincinv(a, b, 0.95)) for a, b in laws]
    even = trust(e, {**o["trust"], "grave_weight": 1})[0]
    out = []
    for i in range(size):
        row: dict = {"least_slope": float(least[i])}
        for j, name in enumerate(_exact.NAMES):
            m, v, c = (x[i] for x in found[j])
            row[f"{name}_coverage"] = float(c)
            for key, x in ((name, m), (f"{name}_variance", v), (f"{name}_low", quantiles[j][0][i]),
                           (f"{name}_high", quantiles[j][1][i])):  # fmt: skip
                row[key] = float(x) if lit[name] else None
        row["coverage"] = float(coverage[i])
        row["baseline"] = float(then)
        row["gives_more"] = float(gives_more[i]) if lit["reciprocity"] else None
        row["trust_even"] = float(even[i]) if lit["trust"] else None
        shown = coverage[i] >= minimum
        row["grade"] = (
            "none"
            if not shown
            else "thin"
            if coverage[i] < 0.25
            else "fair"
            if coverage[i] < 0.5
            else "strong"
        )
        row["quality"] = float(now[i]) if shown else None
        row["quality_mean"] = float(mean[i]) if shown else None
        for j, name in enumerate(_exact.NAMES):
            row[f"{name}_points"] = float(points[j][i]) if shown else None
        row["next_step"] = _exact.ACTIONS[best[i]] if shown else None
        row["next_points"] = float(table[best[i], i]) if shown else None
        row["gains"] = (
            {a: float(gains[a][i]) for a in _exact.ACTIONS if is_open[a][i]} if shown else None
        )
        row["inverted"] = bool(least[i] <= 0) if shown else None
        band = [None] * 3
        if shown and least[i] > 0:
            band = [float(x[i]) for x in cf]
        elif shown and invert:
            band = inverted_interval([(a[i], b[i]) for a, b in laws], w)
        row["quality_low"], row["quality_median"], row["quality_high"] = band
        row["soft_rung"] = [float(x[i]) for x in soft]
        b, elsewhere = every["purchases"][i], every["elsewhere"][i]
        row["share_of_wallet"] = (
            float(b / (b + elsewhere)) if states[i].elsewhere_seen and b + elsewhere > 0 else None
        )
        row["margin_now"] = float(every["margin"][i])
        row["cost_now"] = float(every["cost"][i])
        out.append(row)
    return out
