# SPDX-License-Identifier: MIT
"""Evidence to parameters, quality and everything that is read from them (docs/model.md, 3), with 30 digits.

Evidence is a dict of plain numbers: the sums by their names (decayed, read at the assessment), ``open`` (requests),
``open_time`` (targets), ``contract_days_left`` (None where no contract runs) and ``first_event_age`` (seconds).
"""

from __future__ import annotations

from fractions import Fraction

import mpmath

from . import fold as _fold

mp = mpmath.MPContext()
mp.dps = 30

NAMES = ("commitment", "responsiveness", "reciprocity", "trust")
ROLES = ("consumer", "supplier", "distributor", "agency", "agent")
DEFAULTS = {
    "commitment": {
        "prior_kept": 4,
        "prior_breached": 1,
        "contract_weight": 0,
        "contract_half_life_days": 365,
    },
    "responsiveness": {
        "prior_answers": 2,
        "prior_time": 1,
        "prior_granted": 1,
        "prior_refused": 1,
        "speed_weight": 0.75,
    },
    "reciprocity": {"prior_given": 1, "prior_received": 1},
    "trust": {"prior_kept": 4, "prior_broken": 1, "grave_weight": 2},
}
WEIGHTS = {"commitment": "0.2", "responsiveness": "0.2", "reciprocity": "0.2", "trust": "0.4"}
MINIMUM_COVERAGE = "0.05"
GRADES = (("0.25", "thin"), ("0.5", "fair"))
ACTIONS = (
    "keep_promise",
    "grant_concession",
    "answer_request",
    "resolve_complaint",
    "sign_contract",
    "give_gift",
)
Z = mp.sqrt(2) * mp.erfinv(mp.mpf("0.9"))  # the 95 % quantile of the normal law


def options(policy: dict, role: str) -> dict:
    """The options of the four parameters for one role: defaults, the policy's, the role's own."""
    merged = {name: dict(DEFAULTS[name]) for name in NAMES}
    if role != "consumer":
        merged["commitment"]["contract_weight"] = 0.25
    own = policy.get("roles", {}).get(role, {})
    for name in NAMES:
        merged[name].update(policy.get(name, {}))
        merged[name].update(own.get(name, {}))
    return merged


def number(x):
    """Any exact number as an mpf."""
    if isinstance(x, Fraction):
        return mp.mpf(x.numerator) / x.denominator
    return mp.mpf(x)


def _get(evidence: dict, name: str):
    return number(evidence.get(name, 0) or 0)


def beta(a, b):
    """Mean and variance of Beta(a, b)."""
    s = a + b
    return a / s, a * b / (s * s * (s + 1))


# --- the four parameters: (mean, variance, coverage) -----------------------------------------------------------------


def commitment(e: dict, o: dict | None = None):
    o = {**DEFAULTS["commitment"], **(o or {})}
    kept, breached = _get(e, "guarantees_kept"), _get(e, "guarantees_breached")
    a, b = number(o["prior_kept"]), number(o["prior_breached"])
    omega = number(o["contract_weight"])
    left = e.get("contract_days_left")
    m, v = beta(a + kept, b + breached)
    runs = left is not None
    term = (
        1 - mp.mpf(2) ** (-number(left) / number(o["contract_half_life_days"]))
        if runs
        else mp.mpf(0)
    )
    seen = kept + breached
    coverage = (1 - omega) * seen / (seen + a + b) + omega * (1 if runs else 0)
    return (1 - omega) * m + omega * term, (1 - omega) ** 2 * v, coverage


def responsiveness(e: dict, o: dict | None = None):
    o = {**DEFAULTS["responsiveness"], **(o or {})}
    answered, time = _get(e, "answered"), _get(e, "answer_time")
    waiting = max(_get(e, "open"), mp.mpf(0))
    # the law of an answer within the target, over rate ~ Gamma(a, b)
    a = number(o["prior_answers"]) + answered
    b = number(o["prior_time"]) + time + _get(e, "open_time")
    p = 1 - (b / (b + 1)) ** a
    p_var = (b / (b + 2)) ** a - (b / (b + 1)) ** (2 * a)
    granted, refused = _get(e, "granted"), _get(e, "refused")
    ga, gb = number(o["prior_granted"]), number(o["prior_refused"])
    g, g_var = beta(ga + granted, gb + refused)
    speed = number(o["speed_weight"])
    heard = answered + waiting
    asked = granted + refused
    coverage = speed * heard / (heard + number(o["prior_answers"])) + (1 - speed) * asked / (
        asked + ga + gb
    )
    return speed * p + (1 - speed) * g, speed**2 * p_var + (1 - speed) ** 2 * g_var, coverage


def _balance(e: dict, o: dict | None):
    o = {**DEFAULTS["reciprocity"], **(o or {})}
    return (
        number(o["prior_given"]) + _get(e, "given"),
        number(o["prior_received"]) + _get(e, "received"),
        number(o["prior_given"]) + number(o["prior_received"]),
    )


def reciprocity(e: dict, o: dict | None = None):
    """4 theta (1 - theta) for theta ~ Beta(a, b), by the moments of the beta law."""
    a, b, prior = _balance(e, o)
    s = a + b
    first = 4 * a * b / (s * (s + 1))
    second = 16 * a * (a + 1) * b * (b + 1) / (s * (s + 1) * (s + 2) * (s + 3))
    seen = s - prior
    return first, second - first * first, seen / (seen + prior)


def probability_we_give_more(e: dict, o: dict | None = None):
    a, b, _ = _balance(e, o)
    return 1 - mp.betainc(a, b, 0, mp.mpf(1) / 2, regularized=True)


def trust(e: dict, o: dict | None = None):
    o = {**DEFAULTS["trust"], **(o or {})}
    kept, broken, grave = (
        _get(e, "promises_kept"),
        _get(e, "promises_broken"),
        _get(e, "promises_grave"),
    )
    a, b = number(o["prior_kept"]), number(o["prior_broken"])
    m, v = beta(a + kept, b + broken + number(o["grave_weight"]) * grave)
    seen = kept + broken + grave
    return m, v, seen / (seen + a + b)


FUNCTIONS = {
    "commitment": commitment,
    "responsiveness": responsiveness,
    "reciprocity": reciprocity,
    "trust": trust,
}


# --- quality ---------------------------------------------------------------------------------------------------------


def weights(policy: dict | None = None):
    given = {**WEIGHTS, **(policy or {}).get("quality", {}).get("weights", {})}
    return [number(Fraction(str(given[name]))) for name in NAMES]


def quality(means, w=None):
    w = w or weights()
    return 100 * mp.exp(mp.fsum(wi * mp.log(m) for wi, m in zip(w, means, strict=True)))


def matched(m, v):
    """The beta law of that mean and variance."""
    nu = m * (1 - m) / v - 1
    return m * nu, (1 - m) * nu


def quality_mean(moments, w=None):
    w = w or weights()
    total = mp.mpf(0)
    for wi, (m, v) in zip(w, moments, strict=True):
        a, b = matched(m, v)
        total += mp.loggamma(a + wi) - mp.loggamma(a + b + wi) - mp.loggamma(a) + mp.loggamma(a + b)
    return 100 * mp.exp(total)


def cumulants(laws, w=None):
    """The first four cumulants of the logarithm of Q/100 for beta laws (a, b)."""
    w = w or weights()
    return [
        mp.fsum(
            wi**r * (mp.psi(r - 1, a) - mp.psi(r - 1, a + b))
            for wi, (a, b) in zip(w, laws, strict=True)
        )
        for r in (1, 2, 3, 4)
    ]


def cornish_fisher(k, z):
    """The quantile of ln(Q/100) at the normal quantile z."""
    skew, excess = k[2] / k[1] ** mp.mpf(1.5), k[3] / k[1] ** 2
    x = z + skew * (z**2 - 1) / 6 + excess * (z**3 - 3 * z) / 24 - skew**2 * (2 * z**3 - 5 * z) / 36
    return k[0] + mp.sqrt(k[1]) * x


def least_slope(k):
    """The smallest derivative of the Cornish-Fisher cubic on |z| <= 1.645; not increasing where it is <= 0."""
    skew, excess = k[2] / k[1] ** mp.mpf(1.5), k[3] / k[1] ** 2

    def slope(z):
        return 1 + skew * z / 3 + excess * (z**2 - 1) / 8 - skew**2 * (6 * z**2 - 5) / 36

    edge = mp.mpf("1.645")
    looks = [-edge, edge]
    bend = excess / 8 - skew**2 / 6  # of z^2
    if bend != 0:
        vertex = -(skew / 3) / (2 * bend)
        if abs(vertex) < edge:
            looks.append(vertex)
    return min(slope(z) for z in looks)


ANGLE = 0.4  # of the contour's arms, from the vertical


def saddle(laws, w, v):
    """The real s at which the transform times exp(s v) is least: where the contour has to pass."""
    wall = min(a / wi for wi, (a, _) in zip(w, laws, strict=True))

    def excess(s):
        return v + mp.fsum(
            wi * (mp.psi(0, a + wi * s) - mp.psi(0, a + b + wi * s))
            for wi, (a, b) in zip(w, laws, strict=True)
        )

    low, high = mp.mpf(-60), mp.mpf(60)  # of the logarithm of s + wall, in doublings
    while high - low > mp.mpf("1e-3"):
        middle = (low + high) / 2
        if excess(mp.mpf(2) ** middle - wall) < 0:
            low = middle
        else:
            high = middle
    s = mp.mpf(2) ** low - wall
    bend = mp.fsum(
        wi**2 * (mp.psi(1, a + wi * s) - mp.psi(1, a + b + wi * s))
        for wi, (a, b) in zip(w, laws, strict=True)
    )
    return s, 1 / mp.sqrt(bend)


def below(laws, w, v, steps=16):
    """P(-ln(Q/100) <= v) and its density, by inverting the Laplace transform.

    The transform is a quotient of gamma functions; its poles lie on the negative real axis. The contour is a
    hyperbola through the saddle point whose arms lean to the left: they make exp(s v) fade where the laws fade
    only like a power, and lean too little for the narrow laws of rich records to grow. (A contour through a fixed
    point fails for v below the place of a narrow law, by dozens of orders of magnitude.)
    """
    step = mp.mpf(1) / steps
    s0, width = saddle(laws, w, v)
    if abs(s0) < width:
        s0 = width  # keep clear of the pole at 0
    norm = mp.fsum(mp.loggamma(a + b) - mp.loggamma(a) for a, b in laws)
    sine, cosine = mp.sin(ANGLE), mp.cos(ANGLE)
    # where s0 is negative the arms start at the left of the pole, and the integral is P - 1
    total, density, largest, small = mp.mpf(1 if s0 < 0 else 0), mp.mpf(0), mp.mpf(0), 0
    for k in range(100_000):
        theta = k * step
        s = s0 + width * mp.mpc(sine * (1 - mp.cosh(theta)), cosine * mp.sinh(theta))
        slope = width * mp.mpc(-sine * mp.sinh(theta), cosine * mp.cosh(theta))
        log_term = norm + s * v
        for wi, (a, b) in zip(w, laws, strict=True):
            log_term += mp.loggamma(a + wi * s) - mp.loggamma(a + b + wi * s)
        term = mp.exp(log_term) * slope * step / mp.pi
        if k == 0:
            term /= 2
        total += mp.im(term / s)
        density += mp.im(term)
        largest = max(largest, abs(term))
        small = small + 1 if abs(term) < largest * mp.mpf("1e-22") else 0
        if small == 5:
            return total, density
    raise ArithmeticError("the contour is too long")


def inverted_quantile(laws, w, p, guess):
    """The quantile of Q/100 at p; ``guess`` is a rough value of -ln(Q/100)."""
    target = 1 - mp.mpf(p)
    v, low, high = guess, mp.mpf(0), mp.inf
    for _ in range(200):
        f, density = below(laws, w, v)
        f -= target
        if abs(f) < mp.mpf("1e-15"):
            return mp.exp(-v)
        low, high = (v, high) if f < 0 else (low, v)
        new = v - f / density if density > 0 else mp.inf
        if not low < new < high or new > 3 * v:  # Newton leaves the bracket
            new = 2 * v if high == mp.inf else (low + high) / 2
        v = new
    raise ArithmeticError("the quantile is not found")


def quality_interval(moments, w=None):
    """(5 %, 50 %, 95 %) of Q and whether the numerical inversion was needed."""
    w = w or weights()
    laws = [matched(m, v) for m, v in moments]
    k = cumulants(laws, w)
    if least_slope(k) > 0:
        return [100 * mp.exp(cornish_fisher(k, x)) for x in (-Z, mp.mpf(0), Z)], False
    return [100 * inverted_quantile(laws, w, p, -k[0]) for p in ("0.05", "0.5", "0.95")], True


def beta_quantile(a, b, p):
    """The p quantile of Beta(a, b): Newton's method on the logit, kept within a bracket."""
    low, high = mp.mpf(-2000), mp.mpf(2000)
    spread = mp.sqrt(mp.psi(1, a) + mp.psi(1, b))
    x = mp.psi(0, a) - mp.psi(0, b) + (Z if p > mp.mpf("0.5") else -Z) * spread
    for _ in range(300):
        u = 1 / (1 + mp.exp(-x))
        f = mp.betainc(a, b, 0, u, regularized=True) - p
        if abs(f) < mp.mpf("1e-20"):
            return u
        low, high = (x, high) if f < 0 else (low, x)
        slope = mp.exp(a * mp.log(u) - b * mp.log(1 + mp.exp(x))) / mp.beta(a, b)
        x -= f / slope
        if not low < x < high:
            x = (low + high) / 2
    raise ArithmeticError("the quantile is not found")


def parameter_interval(m, v):
    a, b = matched(m, v)
    return beta_quantile(a, b, mp.mpf("0.05")), beta_quantile(a, b, mp.mpf("0.95"))


def attribution(means, base, w=None):
    """The points of each parameter in the difference of two qualities; they add up to it."""
    w = w or weights()
    now, then = quality(means, w), quality(base, w)
    mean = now if now == then else (now - then) / mp.log(now / then)
    return [mean * wi * mp.log(m / m0) for wi, m, m0 in zip(w, means, base, strict=True)]


def grade(coverage, minimum=None) -> str:
    if coverage < number(Fraction(str(minimum if minimum is not None else MINIMUM_COVERAGE))):
        return "none"
    for bound, word in GRADES:
        if coverage < number(Fraction(bound)):
            return word
    return "strong"


# --- the soft rung ---------------------------------------------------------------------------------------------------


def soft_rung(e: dict, n: int, half_lives: dict, enter: dict, age: int):
    """P(rung = 0..5): rate_k ~ Gamma(1/2 + S_k, 1/2 + W), rates per year of 365 days."""
    q = [mp.mpf(1), mp.mpf(1 if n >= 1 else 0)]
    for stream, threshold in (
        ("purchases", "client"),
        ("support", "support"),
        ("advocacy", "advocacy"),
        ("partnership", "partnership"),
    ):
        h = number(Fraction(half_lives[stream], _fold.YEAR))
        watched = h / mp.log(2) * (1 - mp.mpf(2) ** (-number(Fraction(age, half_lives[stream]))))
        theta = number(enter[threshold]) * mp.log(2) / h
        shape = mp.mpf(1) / 2 + max(_get(e, stream), mp.mpf(0))
        q.append(mp.gammainc(shape, theta * (mp.mpf(1) / 2 + watched), mp.inf, regularized=True))
    out = []
    reach = mp.mpf(1)
    for k in range(6):
        reach *= q[k]
        out.append(reach * (1 - q[k + 1]) if k < 5 else reach)
    return out


# --- one relationship ------------------------------------------------------------------------------------------------


def read(state: _fold.State, clocks: _fold.Clocks, policy: dict, as_of: int) -> dict:
    """The evidence of a state at an instant, as exact fractions."""
    e = {name: _fold.value(state, clocks, name, as_of) for name in _fold.SUMS}
    e["open"] = state.open_requests
    target = policy.get("target_seconds", _fold.DAY)
    waited = Fraction(max(0, state.open_requests * as_of - state.open_time_sum), target)
    e["open_time"] = (
        min(waited, Fraction(64 * state.open_requests)) if state.open_requests > 0 else Fraction(0)
    )
    until = state.contract_until
    e["contract_days_left"] = (
        Fraction(until - as_of, _fold.DAY) if until is not None and as_of <= until else None
    )
    e["first_event_age"] = as_of - state.first_event if state.first_event is not None else 0
    return e


# which evidence each parameter reads; what is not observed is left out, so that the prior remains
READS = {
    "commitment": ("guarantees_kept", "guarantees_breached", "contract_days_left"),
    "responsiveness": ("answered", "answer_time", "granted", "refused", "open", "open_time"),
    "reciprocity": ("given", "received"),
    "trust": ("promises_kept", "promises_broken", "promises_grave"),
}


def visible(e: dict, lit: dict) -> dict:
    """The evidence without what belongs to parameters that are not observed."""
    hidden = {name for parameter, names in READS.items() if not lit[parameter] for name in names}
    return {name: x for name, x in e.items() if name not in hidden}


def moments_of(e: dict, o: dict):
    return [FUNCTIONS[name](e, o[name]) for name in NAMES]


def after(e: dict, action: str) -> dict:
    """The evidence after one such action now."""
    new = dict(e)
    plus = {
        "keep_promise": "promises_kept",
        "resolve_complaint": "promises_kept",
        "grant_concession": "granted",
        "give_gift": "given",
        "keep_guarantee": "guarantees_kept",
    }
    if action in plus:
        new[plus[action]] = new.get(plus[action], 0) + 1
    elif action == "answer_request":
        mean = Fraction(e["open_time"]) / e["open"]
        new["answered"] = e["answered"] + 1
        new["answer_time"] = e["answer_time"] + mean
        new["open"] = e["open"] - 1
        new["open_time"] = e["open_time"] - mean
    elif action == "sign_contract":
        new["contract_days_left"] = 365
    return new


def open_actions(e: dict, o: dict, open_complaints: int) -> list[str]:
    out = ["keep_promise", "grant_concession"]
    if e.get("open", 0) > 0:
        out.append("answer_request")
    if open_complaints:
        out.append("resolve_complaint")
    if o["commitment"]["contract_weight"] > 0 and e.get("contract_days_left") is None:
        out.append("sign_contract")
    if probability_we_give_more(e, o["reciprocity"]) < mp.mpf(1) / 2:
        out.append("give_gift")
    return out


def score(
    state: _fold.State,
    clocks: _fold.Clocks,
    policy: dict,
    as_of: int,
    role: str = "consumer",
    lit: dict | None = None,
    open_complaints: int = 0,
    intervals: bool = True,
) -> dict:
    """Every number of the output of one relationship."""
    lit = lit or dict.fromkeys(NAMES, True)
    o = options(policy, role)
    w = weights(policy)
    every = read(state, clocks, policy, as_of)
    e = visible(every, lit)
    found = moments_of(e, o)
    means = [m for m, _, _ in found]
    moments = [(m, v) for m, v, _ in found]
    base = [m for m, _, _ in moments_of({}, o)]
    out: dict = {}
    for name, (m, v, coverage) in zip(NAMES, found, strict=True):
        out[f"{name}_coverage"] = coverage
        if lit[name]:
            out[name] = m
            out[f"{name}_variance"] = v
            if intervals:
                out[f"{name}_low"], out[f"{name}_high"] = parameter_interval(m, v)
        else:
            out.update(dict.fromkeys((name, f"{name}_variance", f"{name}_low", f"{name}_high")))
    coverage = mp.fsum(wi * c for wi, (_, _, c) in zip(w, found, strict=True)) / mp.fsum(w)
    minimum = policy.get("minimum_coverage", MINIMUM_COVERAGE)
    out["coverage"] = coverage
    out["grade"] = grade(coverage, minimum)
    out["baseline"] = quality(base, w)
    out["gives_more"] = (
        probability_we_give_more(e, o["reciprocity"]) if lit["reciprocity"] else None
    )
    out["trust_even"] = trust(e, {**o["trust"], "grave_weight": 1})[0] if lit["trust"] else None
    names = [
        "quality",
        "quality_mean",
        "quality_low",
        "quality_median",
        "quality_high",
        "next_step",
        "next_points",
    ]
    names += [f"{name}_points" for name in NAMES]
    if out["grade"] == "none":
        out.update(dict.fromkeys(names))
        out["inverted"] = None
    else:
        out["quality"] = now = quality(means, w)
        out["quality_mean"] = quality_mean(moments, w)
        for name, points in zip(NAMES, attribution(means, base, w), strict=True):
            out[f"{name}_points"] = points
        gains = {
            action: quality([m for m, _, _ in moments_of(after(e, action), o)], w) - now
            for action in open_actions(e, o, open_complaints)
        }
        best = max(gains, key=lambda action: (gains[action], -ACTIONS.index(action)))
        out["next_step"], out["next_points"] = best, gains[best]
        out["gains"] = gains
        if intervals:
            (out["quality_low"], out["quality_median"], out["quality_high"]), out["inverted"] = (
                quality_interval(moments, w)
            )
    criteria = _fold.Criteria(policy)
    out["soft_rung"] = soft_rung(
        every,
        state.n,
        {name: clocks[name].half_life for name in _fold.LADDER_STREAMS},
        {name: criteria.enter(name) for name in ("client", "support", "advocacy", "partnership")},
        every["first_event_age"],
    )
    b, elsewhere = every["purchases"], every["elsewhere"]
    out["share_of_wallet"] = (
        number(b / (b + elsewhere)) if state.elsewhere_seen and b + elsewhere > 0 else None
    )
    out["margin_now"] = number(every["margin"])
    out["cost_now"] = number(every["cost"])
    return out
