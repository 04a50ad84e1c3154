# SPDX-License-Identifier: MIT
"""The reference itself: against the numbers that docs/model.md prints, against small cases worked by hand, and
against the laws that the model promises. The library does not appear here."""

from __future__ import annotations

import random
import sys
import zlib
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")
pytest.importorskip("mpmath")

from reference import fast_score, fold, generate, portfolio, score, worked  # noqa: E402
from reference.fold import DAY, YEAR, Clock  # noqa: E402

NAMES = score.NAMES


def near(x, expected, digits):
    """Equal when rounded to the printed number of decimals."""
    assert round(float(x), digits) == pytest.approx(expected, abs=0.51 * 10**-digits), (
        float(x),
        expected,
    )


def rows_of(*rows, name="x"):
    return [{"relationship": name, **row} for row in rows]


def policy(**more):
    return {"landmark": 1000 * DAY, **more}


def one(rows, as_of, scores=None, **more):
    """The only relationship of some rows."""
    found = portfolio.assess(rows, as_of, policy(**more), scores)
    assert len(found) == 1
    return found.popitem()[1]


def evidence(found, name, half_life=365 * DAY, as_of=None, landmark=1000 * DAY):
    """A sum in units of one event at ``as_of``."""
    return Fraction(found["state"][name], Clock(half_life, landmark).unit(as_of))


# --- the decay table (source: the model's worked example, J_table) ---------------------------------------------------


def test_table_is_the_published_one():
    assert len(fold.TABLE) == 4096
    assert [fold.TABLE[j] for j in (0, 1, 1024, 2048, 4095)] == [65542, 65553, 77942, 92690, 131061]
    assert zlib.crc32(np.array(fold.TABLE, dtype="<i4").tobytes()) == 0x4A500A76


def test_table_entries_are_nearest_integers():
    for j in range(0, 4096, 97):
        n = fold.TABLE[j]
        power = 1 << (8192 * 17 + 2 * j + 1)  # (2 x)^8192 for x = 2^(16 + (j + 1/2)/4096)
        assert (2 * n - 1) ** 8192 < power < (2 * n + 1) ** 8192


@pytest.mark.parametrize(
    ("number", "bits", "expected"),
    [
        (5, 1, 2),
        (7, 1, 4),
        (6, 1, 3),
        (-5, 1, -2),
        (-7, 1, -4),
        (3, 2, 1),
        (2, 2, 0),
        (6, 2, 2),
        (1, 300, 0),
        (9, 0, 9),
    ],
)
def test_half_even_shift(number, bits, expected):
    assert (
        fold.half_even_shift(number, bits) == expected == fold.half_even(Fraction(number, 2**bits))
    )


def test_contribution_is_exact_within_32_half_lives_and_rounded_by_itself_beyond():
    h = 64 * DAY
    clock = Clock(h, 0)
    for t in (0, 1, -1, 31 * h + 5, -31 * h + 7, 5 * h - 1):
        step = 4096 * t // h
        exact = Fraction(3, 256) * fold.TABLE[step % 4096] * Fraction(2) ** (step // 4096 - 16 + 56)
        assert clock.contribution(3, t) == exact
    old = -40 * h + 100 * h // 4096
    exact = Fraction(3, 256) * fold.TABLE[100] * Fraction(2) ** (-40 - 16 + 56)
    assert exact.denominator > 1
    assert clock.contribution(3, old) == round(exact)
    assert clock.contribution(1, -400 * h) == 0
    with pytest.raises(ValueError, match="window"):
        clock.unit(-60 * h)


def test_decayed_evidence_agrees_with_exact_exponentials():
    """Source: the model's worked example B1 (exact weights); the table's step is 1.7e-4 of a half-life's factor."""
    clock = Clock(180 * DAY, 400 * DAY)
    sums = [0, 0]
    for day, good, weight in (
        (10, 1, 1),
        (100, 1, 1),
        (190, 0, 1),
        (300, 1, 1),
        (370, 1, 2),
        (395, 0, 1),
    ):
        sums[1 - good] += clock.contribution(256 * weight, day * DAY)
    unit = clock.unit(400 * DAY)
    good, bad = (float(Fraction(x, unit)) for x in sums)
    assert good == pytest.approx(2.9998973783766703, rel=2e-4)
    assert bad == pytest.approx(1.4263794467390847, rel=2e-4)
    assert good != pytest.approx(2.9998973783766703, rel=1e-7)  # it is quantised
    mean, variance, _ = score.trust({"promises_kept": good, "promises_broken": bad})
    assert float(mean) == pytest.approx(0.7425940812310815, abs=3e-5)
    assert float(variance) ** 0.5 == pytest.approx(0.13540053498986707, abs=3e-5)


def test_the_window_of_the_landmark_is_enforced():
    row = rows_of({"time": 0, "kind": "purchase"})
    lives = dict.fromkeys(fold.HALF_LIVES, 7 * DAY)
    edge = 1000 * DAY + 30 * 7 * DAY
    one(row, edge, half_life=lives)
    with pytest.raises(ValueError, match="30 half-lives"):
        one(row, edge + 1, half_life=lives)


# --- the worked example (source: docs/model.md, 3; J_worked) ---------------------------------------------------------


@pytest.fixture(scope="module")
def example():
    return portfolio.assess(worked.rows(), worked.AS_OF, worked.POLICY)[worked.NAME]


def test_worked_parameters(example):
    for name, mean, sd, coverage in (
        ("commitment", 0.760514, 0.097296, 0.433533),
        ("responsiveness", 0.502735, 0.154391, 0.46114),
        ("reciprocity", 0.723813, 0.213320, 0.82734),
        ("trust", 0.776298, 0.112588, 0.5863),
    ):
        near(example[name], mean, 6)
        near(example[f"{name}_variance"] ** 0.5, sd, 6)
        near(example[f"{name}_coverage"], coverage, 4)
    near(example["commitment_coverage"], 0.433533, 6)


def test_worked_quality(example):
    assert float(example["quality"]) == pytest.approx(69.89174505174313, abs=1e-12)
    assert float(example["baseline"]) == pytest.approx(70.64843300523572, abs=1e-12)
    near(example["quality_low"], 53.737255, 6)
    near(example["quality_median"], 69.043606, 6)
    near(example["quality_high"], 80.595359, 6)
    assert not example["inverted"]
    assert example["grade"] == "strong"


def test_worked_attribution(example):
    points = [example[f"{name}_points"] for name in NAMES]
    for x, expected in zip(points, (3.331684, -4.398857, 1.155830, -0.845344), strict=True):
        near(x, expected, 6)
    assert abs(sum(points) - (example["quality"] - example["baseline"])) < 1e-25


def test_worked_next_step(example):
    gains = example["gains"]
    near(gains["answer_request"], 2.0553, 4)
    near(gains["give_gift"], 1.6860, 4)
    near(gains["keep_promise"], 0.5844, 4)
    assert example["next_step"] == "answer_request"
    assert example["next_points"] == gains["answer_request"]
    assert "sign_contract" not in gains
    assert "resolve_complaint" not in gains
    reading = portfolio.read(worked.rows(), worked.AS_OF, worked.POLICY)
    e = score.read(
        reading.relationships[worked.NAME].state, reading.clocks, worked.POLICY, worked.AS_OF
    )
    o = score.options(worked.POLICY, "distributor")
    means = [m for m, _, _ in score.moments_of(score.after(e, "keep_guarantee"), o)]
    near(score.quality(means) - example["quality"], 0.2712, 4)


def test_worked_ladder(example):
    days = [(t // DAY, t % DAY, new) for t, _, new in example["tape"]]
    assert days == [(10, 0, 1), (90, 0, 2), (150, 0, 3), (300, 0, 4), (450, 0, 5)]
    assert (example["rung"], example["peak"], example["since"]) == (5, 5, 450 * DAY)
    assert not example["at_least"]
    assert example["share_waived"]
    soft = (0, 0.025357, 0.089044, 0.235519, 0.118671, 0.531410)
    for x, expected in zip(example["soft_rung"], soft, strict=True):
        near(x, expected, 6)


def test_worked_falls():
    later = portfolio.assess(worked.rows(), 2000 * DAY, worked.POLICY, None)[worked.NAME]
    falls = [(round(t / DAY, 1), new) for t, old, new in later["tape"] if new < old]
    assert falls == [(1327.4, 3), (1599.4, 2), (1640.5, 1)]
    assert (later["rung"], later["peak"], later["since"]) == (1, 5, later["tape"][-1][0])
    # each is the first second of a table step
    clock = Clock(365 * DAY, worked.POLICY["landmark"])
    for t, old, new in later["tape"][5:]:
        assert t == clock.step_start(clock.step(t)), (t, old, new)
    for t, old, new in later["tape"][5:]:
        before = portfolio.assess(worked.rows(), t - 1, worked.POLICY, None)[worked.NAME]
        assert before["rung"] == old
        assert new < old


def test_worked_sums_by_an_independent_float_route(example):
    """The sums again, in floating point, straight from the events and the weight 2^((j + 1/2)/4096)."""

    def w(day, h):
        def step(d):
            return int(4096 * d * DAY // (h * DAY))

        return sum_of(step(day)) / sum_of(step(700))

    def sum_of(i):
        return 2.0 ** (i // 4096) * fold.TABLE[i % 4096]

    by_hand = {
        "purchases": ([10, 90, 180, 260, 400, 520, 600, 690], 1, 365),
        "support": ([120], 0.5, 365),
        "promises_kept": ([12, 93, 262, 402, 523, 601, 692, 188], 1, 730),
        "promises_broken": ([185], 1, 730),
        "promises_grave": ([186], 1, 730),
        "guarantees_kept": ([365, 580], 1, 730),
        "advocacy": ([300, 560], 1, 365),
        "partnership": ([450, 660], 1, 365),
        "granted": ([340], 1, 365),
        "refused": ([430], 1, 365),
    }
    by_hand["received"] = ([150, 640, 480], 1, 365), ([300, 560, 450, 660], 2, 365)
    by_hand["given"] = ([200], 3, 365), ([310], 2, 365)
    by_hand["support"] = ([120], 0.5, 365), ([150, 640, 480], 1, 365)
    by_hand["answer_time"] = ([41.25], 1.25, 365), ([500.5], 0.5, 365)
    for name, groups in by_hand.items():
        groups = groups if isinstance(groups[0], tuple) else (groups,)
        expected = sum(v * w(day, h) for days, v, h in groups for day in days)
        h = groups[0][2] * DAY
        found = float(Fraction(example["state"][name], Clock(h, 700 * DAY).unit(700 * DAY)))
        assert found == pytest.approx(expected, rel=1e-13), name
    assert example["state"]["n"] == 8
    assert example["state"]["spend"] == 76000
    assert example["state"]["open_requests"] == 1
    assert example["state"]["open_time_sum"] == 698 * DAY
    assert example["state"]["contract_until"] == 1060 * DAY
    assert (example["state"]["first_event"], example["state"]["newest"]) == (10 * DAY, 698 * DAY)
    assert example["state"]["events"] == len(worked.rows())


# --- the scoring functions against other known numbers (source: the model's worked example B3, B4, C) ----------------


def test_gamma_speed():
    e = {"answered": 3, "answer_time": Fraction(142, 24) - 1}
    p, v, _ = score.responsiveness(e, {"speed_weight": 1})
    assert float(p) == pytest.approx(0.541962240423626, abs=1e-14)
    assert float(v) ** 0.5 == pytest.approx(0.1528789441333159, abs=1e-14)


def test_balance():
    e = {"given": 10, "received": 5}
    m, v, coverage = score.reciprocity(e)
    assert float(m) == pytest.approx(0.8627450980392157, abs=1e-15)
    assert float(v) ** 0.5 == pytest.approx(0.13608524175283027, abs=1e-14)
    assert float(score.probability_we_give_more(e)) == pytest.approx(0.8949432373046875, abs=1e-15)
    assert float(coverage) == pytest.approx(15 / 17)


def test_variance_of_balance_is_the_closed_form():
    for a, b in ((1, 1), (3, 7), (40, 2)):
        s = Fraction(a + b)
        printed = 16 * a * b * (s * (s + 2) / 2 + (a - b) ** 2 * (s + Fraction(3, 2)))
        printed /= s**2 * (s + 1) ** 2 * (s + 2) * (s + 3)
        v = score.reciprocity({"given": a - 1, "received": b - 1})[1]
        assert float(v) == pytest.approx(float(printed), rel=1e-14)


def test_attribution_numbers():
    x, base = (0.8, 0.6, 0.5, 0.9), (0.8, 0.5, 0.5, 0.8)
    assert float(score.quality(x)) == pytest.approx(72.06746603888587, abs=1e-12)
    assert float(score.quality(base)) == pytest.approx(66.28908034679975, abs=1e-12)
    for points, expected in zip(
        score.attribution(x, base), (0, 2.52107075, 0, 3.25731494), strict=True
    ):
        near(points, expected, 8)


def test_interval_numbers():
    laws = [tuple(map(score.mp.mpf, ab)) for ab in ((7, 2), (5, 3), (6, 5), (12, 3))]
    moments = [score.beta(a, b) for a, b in laws]
    interval, inverted = score.quality_interval(moments)
    assert not inverted
    for x, expected in zip(
        interval, (56.67854634431202, 69.28034421904754, 80.10710078307861), strict=True
    ):
        assert float(x) == pytest.approx(expected, abs=1e-10)
    assert float(score.quality_mean(moments)) == pytest.approx(68.95294999016841, abs=1e-10)


def test_normal_quantile_constant():
    assert float(score.Z) == pytest.approx(1.644853626951472714863848907991632, abs=3e-16)


RICH = {
    "promises_kept": 300,
    "guarantees_kept": 200,
    "answered": 100,
    "answer_time": 20,
    "granted": 50,
}


@pytest.mark.parametrize("role", ["consumer", "agent"])
@pytest.mark.parametrize("factor", [Fraction(1, 10), 1, 10])
def test_inversion_agrees_with_simulation(role, factor):
    e = {name: x * factor for name, x in RICH.items()}
    moments = [(m, v) for m, v, _ in score.moments_of(e, score.options({}, role))]
    laws = [score.matched(m, v) for m, v in moments]
    assert score.least_slope(score.cumulants(laws)) < 0
    interval, inverted = score.quality_interval(moments)
    assert inverted
    rng = np.random.default_rng(7)
    draws = np.ones(400_000)
    for (a, b), w in zip(laws, (0.2, 0.2, 0.2, 0.4), strict=True):
        draws *= rng.beta(float(a), float(b), draws.size) ** w
    for x, p in zip(interval, (0.05, 0.5, 0.95), strict=True):
        below = np.mean(100 * draws <= float(x))
        assert abs(below - p) < 5 * (p * (1 - p) / draws.size) ** 0.5
    fast = fast_score.inverted_interval(
        [tuple(map(float, law)) for law in laws], [0.2, 0.2, 0.2, 0.4]
    )
    for x, y in zip(interval, fast, strict=True):
        assert float(x) == pytest.approx(y, abs=2e-7)


def test_inversion_does_not_depend_on_its_step():
    laws = [score.matched(m, v) for m, v, _ in score.moments_of(RICH, score.options({}, "agent"))]
    for v in (0.03, 0.058, 0.0632, 0.12, 0.5, 2):
        coarse = score.below(laws, score.weights(), score.mp.mpf(v))
        fine = score.below(laws, score.weights(), score.mp.mpf(v), 29)
        assert abs(coarse[0] - fine[0]) < 1e-14, v


def test_inversion_of_one_law_is_the_beta_law():
    mp = score.mp
    a, b, w = mp.mpf(5), mp.mpf(2), mp.mpf("0.4")
    for v in ("0.01", "0.1", "0.5", "1.5"):
        v = mp.mpf(v)
        expected = 1 - mp.betainc(a, b, 0, mp.exp(-v / w), regularized=True)
        found, density = score.below([(a, b)], [w], v)
        assert abs(found - expected) < 1e-15
        x = mp.exp(-v / w)
        assert abs(density - x**a * (1 - x) ** (b - 1) / mp.beta(a, b) / w) < 1e-14


def test_baselines_of_the_roles():
    for role, commitment in (("consumer", 0.8), ("supplier", 0.6), ("agent", 0.6)):
        means = [m for m, _, _ in score.moments_of({}, score.options({}, role))]
        assert [float(m) for m in means] == pytest.approx(
            [commitment, 0.6875, 2 / 3, 0.8], abs=1e-15
        )
        assert all(c == 0 for _, _, c in score.moments_of({}, score.options({}, role)))


def test_grades():
    assert [score.grade(c) for c in (0.0499, 0.05, 0.2499, 0.25, 0.4999, 0.5)] == [
        "none", "thin", "thin", "fair", "fair", "strong",
    ]  # fmt: skip


def test_contract_lifts_commitment_while_it_runs():
    rows = rows_of({"time": 0, "kind": "contract", "until": 500 * DAY})
    more = {"default_role": "agent", "landmark": 400 * DAY}
    runs = one(rows, 500 * DAY, "exact", **more)
    over = one(rows, 500 * DAY + 1, "exact", **more)
    year = one(rows, 135 * DAY, "exact", **more)
    assert float(runs["commitment"]) == pytest.approx(0.6)
    assert float(runs["commitment_coverage"]) == 0.25
    assert float(over["commitment"]) == pytest.approx(0.6)
    assert float(over["commitment_coverage"]) == 0
    assert float(year["commitment"]) == pytest.approx(0.6 + 0.125)
    assert float(one(rows, 135 * DAY, "exact", landmark=400 * DAY)["commitment"]) == pytest.approx(
        0.8
    )


# --- promises --------------------------------------------------------------------------------------------------------

D = 100 * DAY


def trust_sums(rows, as_of, **more):
    """(kept, broken, grave) as weights of the seconds they are stamped with, plus events."""
    found = one(rows, as_of, None, **more)["state"]
    clock = Clock(730 * DAY, 1000 * DAY)

    def at(second, units=256):
        return clock.contribution(units, second)

    return found, at


@pytest.mark.parametrize("kind", ["promise", "payment"])
@pytest.mark.parametrize("refers_to", [None, "p"])
@pytest.mark.parametrize(
    ("done", "as_of", "expected"),
    [
        # done or None, as of, what is known: sum and stamp
        (D, D, ("promises_kept", D)),
        (D + 7, D + 7, ("promises_kept", D + 7)),
        (D + 7, D + 6, None),
        (D + 8, D + 8, ("promises_broken", D + 8)),
        (D + 50, D + 8, ("promises_grave", D + 8)),
        (D + 50, D + 49, ("promises_grave", D + 8)),
        (D + 50, D + 50, ("promises_broken", D + 50)),
        (None, D + 7, None),
        (None, D + 8, ("promises_grave", D + 8)),
        (None, D + 9999, ("promises_grave", D + 8)),
    ],
)
def test_promise_outcomes(kind, refers_to, done, as_of, expected):
    """With a grace of 7 s, told on day 5: the outcome counts at ``done``, or in the second after the grace."""
    rows = rows_of(
        {
            "time": 5 * DAY,
            "kind": kind,
            "due": D,
            "done": done,
            "refers_to": refers_to,
            "value": 0.5,
        }
    )
    found, at = trust_sums(rows, as_of, grace_seconds=7)
    sums = {name: found[name] for name in ("promises_kept", "promises_broken", "promises_grave")}
    if expected is None:
        assert not any(sums.values())
        assert found["events"] == 0
        assert found["newest"] is None
        return
    name, stamp = expected
    assert sums.pop(name) == at(stamp, 128)
    assert not any(sums.values())
    assert found["events"] == 1
    assert found["newest"] == stamp


@pytest.mark.parametrize(
    ("told", "done", "name", "stamp", "first"),
    [
        # the news of a promise due at D comes at ``told``
        (D - 5, D - 9, "promises_kept", D - 9, D - 9),
        (D + 1, D, "promises_kept", D, D),  # in the very second of the breach: rows act first
        (D + 2, D, "promises_kept", D, D),  # after it: the breach is taken back
        (D + 2, D - 50, "promises_kept", D - 50, D - 50),
        (D + 90, D + 40, "promises_broken", D + 40, D + 1),
        (D - 5, D + 40, "promises_broken", D + 40, D + 1),
        (D + 90, D + 1, "promises_broken", D + 1, D + 1),
    ],
)
def test_promise_closed_by_a_later_row(told, done, name, stamp, first):
    rows = rows_of(
        {"time": 5 * DAY, "kind": "promise", "due": D, "refers_to": "p", "value": 3},
        {"time": told, "kind": "promise", "done": done, "refers_to": "p"},
    )
    found, at = trust_sums(rows, D + 100)
    sums = {key: found[key] for key in ("promises_kept", "promises_broken", "promises_grave")}
    assert sums.pop(name) == at(stamp, 768)
    assert not any(sums.values())
    assert found["events"] == 1
    assert found["first_event"] == first
    breached = max(D + 1, stamp) if told > D + 1 or done > D else stamp
    assert found["newest"] == breached


def test_promise_row_without_opener_needs_its_own_due():
    rows = rows_of(
        {"time": D, "kind": "promise", "done": D, "refers_to": "p"},
        {"time": D, "kind": "promise", "done": D, "due": D, "refers_to": "q"},
    )
    books = portfolio.books(rows, D, policy())
    assert books.skipped == {"nothing_open": 1}
    assert books.scored == 1


def test_payment_and_promise_with_one_name_are_two():
    rows = rows_of(
        {"time": 1, "kind": "promise", "due": D, "refers_to": "p"},
        {"time": 2, "kind": "payment", "due": D, "refers_to": "p"},
        {"time": 3, "kind": "payment", "due": D + DAY, "refers_to": "p"},
        {"time": 4, "kind": "payment", "done": D, "refers_to": "p"},
    )
    found, at = trust_sums(rows, D + 1)
    assert found["promises_kept"] == at(D)
    assert found["promises_grave"] == at(D + 1)
    assert portfolio.books(rows, D + 1, policy()).skipped == {"already_open": 1}


# --- requests --------------------------------------------------------------------------------------------------------

TAU = DAY
END = D + 30 * TAU


@pytest.mark.parametrize(
    ("answer", "as_of", "answered", "parts", "waiting", "skipped"),
    [
        (D, END + 5, 1, 0, 0, 0),
        (D + TAU // 2, END + 5, 1, 128, 0, 0),
        (END, END + 5, 1, 7680, 0, 0),
        (END + 1, END + 5, 0, 7680, 0, 1),
        (None, END - 1, 0, 0, 1, 0),
        (None, END, 0, 7680, 0, 0),
        (None, END + 9, 0, 7680, 0, 0),
    ],
)
def test_request(answer, as_of, answered, parts, waiting, skipped):
    rows = rows_of({"time": D, "kind": "request", "refers_to": "q"})
    if answer is not None:
        rows += rows_of({"time": answer, "kind": "response", "refers_to": "q"})
    found = one(rows, as_of)["state"]
    clock = Clock(365 * DAY, 1000 * DAY)
    stamp = min(answer or END, END)
    assert found["answered"] == answered * clock.contribution(256, stamp)
    assert found["answer_time"] == clock.contribution(parts, stamp)
    assert (found["open_requests"], found["open_time_sum"]) == (waiting, D * waiting)
    assert found["events"] == (1 if waiting else 2)
    assert portfolio.books(rows, as_of, policy()).skipped.total() == skipped


@pytest.mark.parametrize(
    ("waited", "answered", "parts", "stamp"),
    [
        (0, 1, 0, END),
        (TAU, 1, 256, END),
        (30 * TAU, 1, 7680, END),
        (30 * TAU + 1, 0, 7680, END - 1),
    ],
)
def test_response_that_brings_its_request(waited, answered, parts, stamp):
    found = one(rows_of({"time": END, "kind": "response", "since": END - waited}), END)["state"]
    clock = Clock(365 * DAY, 1000 * DAY)
    assert found["answered"] == answered * clock.contribution(256, stamp)
    assert found["answer_time"] == clock.contribution(parts, stamp)
    assert found["newest"] == stamp
    assert found["events"] == 1


def test_durations_round_half_to_even():
    assert portfolio.duration_parts(27, 512) == 14  # 13.5
    assert portfolio.duration_parts(25, 512) == 12  # 12.5
    assert portfolio.duration_parts(10**9, 60) == 64 * 256


def test_request_opened_again_after_it_ran_out():
    rows = rows_of(
        {"time": D, "kind": "request", "refers_to": "q"},
        {"time": END, "kind": "request", "refers_to": "q"},  # still open in its last second
        {"time": END + 1, "kind": "request", "refers_to": "q"},
        {"time": END + 2, "kind": "response", "refers_to": "q"},
    )
    found = one(rows, END + 2)["state"]
    assert found["open_requests"] == 0
    assert found["events"] == 4
    assert portfolio.books(rows, END + 2, policy()).skipped == {"already_open": 1}


def test_open_requests_count_against_us_as_they_age():
    rows = rows_of({"time": D, "kind": "request"}, {"time": D, "kind": "response", "since": D})
    values = [one(rows, D + age * TAU, "exact")["responsiveness"] for age in (0, 1, 5, 29)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 0.2


# --- other kinds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"kind": "contact", "side": "them"}, {"support": 128}),
        ({"kind": "contact"}, {}),
        ({"kind": "contact", "side": "us"}, {}),
        ({"kind": "participation"}, {"support": 256, "received": 256}),
        (
            {"kind": "participation", "value": 0.15625},
            {"support": 32, "received": 32},
        ),  # 2.5 sixteenths
        (
            {"kind": "participation", "value": 0.09375},
            {"support": 32, "received": 32},
        ),  # 1.5 sixteenths
        ({"kind": "review"}, {"support": 256, "received": 256}),
        ({"kind": "review", "rating": 4, "scale": "1..5"}, {"support": 192, "received": 192}),
        ({"kind": "review", "rating": 1, "scale_low": 1, "scale_high": 5}, {}),
        (
            {"kind": "review", "rating": 4, "scale": "1..5", "value": 2},
            {"support": 384, "received": 384},
        ),
        ({"kind": "attendance", "value": 2}, {"advocacy": 512}),
        ({"kind": "novelty"}, {"advocacy": 256}),
        ({"kind": "referral", "value": 3}, {"advocacy": 256, "received": 768}),
        ({"kind": "suggestion", "value": 3}, {"partnership": 256, "received": 768}),
        ({"kind": "co_creation"}, {"partnership": 256, "received": 256}),
        ({"kind": "gift", "value": 2, "cost": 1.25}, {"given": 512, "cost": 125 * 256}),
        ({"kind": "gift", "side": "them"}, {"received": 256}),
        ({"kind": "guarantee", "value": 1}, {"guarantees_kept": 256}),
        ({"kind": "guarantee", "value": 0}, {"guarantees_breached": 256, "promises_grave": 256}),
        ({"kind": "concession", "value": 1}, {"granted": 256}),
        ({"kind": "concession", "value": 0.7}, {"granted": 176, "refused": 80}),
        ({"kind": "complaint", "value": 2}, {"promises_grave": 512}),
        ({"kind": "survey", "value": 5, "scale": "1..5"}, {"promises_kept": 128, "support": 64}),
        (
            {"kind": "survey", "value": 3, "scale": "0..10"},
            {"promises_kept": 32, "promises_broken": 96, "support": 16},
        ),
        (
            {"kind": "survey", "value": 1, "scale": "1..5", "parameter": "commitment"},
            {"guarantees_breached": 128},
        ),
        ({"kind": "cost", "amount": 12.125}, {"cost": 1212 * 256}),
        (
            {"kind": "purchase", "amount": 3, "margin": -1.5},
            {"purchases": 256, "margin": -150 * 256},
        ),
        ({"kind": "purchase_elsewhere"}, {"elsewhere": 256}),
        (
            {"kind": "return", "value": 1, "amount": 5, "cost": 2},
            {"promises_broken": 256, "margin": -500 * 256, "cost": 200 * 256},
        ),
        ({"kind": "return"}, {}),
    ],
)
def test_effects(row, expected):
    found = one(rows_of({"time": D, **row}), D)["state"]
    lives = {**fold.HALF_LIVES}
    for name, stream in fold.SUMS.items():
        assert found[name] == Clock(lives[stream], 1000 * DAY).contribution(
            expected.get(name, 0), D
        ), name
    assert found["events"] == 1
    assert found["newest"] == D


def test_whole_order_takes_its_purchase_back():
    rows = rows_of(
        {"time": 10 * DAY, "kind": "purchase", "amount": 50},
        {"time": 20 * DAY, "kind": "purchase", "amount": 70},
        {"time": 60 * DAY, "kind": "return", "whole_order": True, "since": 20 * DAY, "amount": 70},
    )
    found = one(rows, 90 * DAY)
    only = one(rows[:1], 90 * DAY)
    assert found["state"]["purchases"] == only["state"]["purchases"]
    assert (found["state"]["n"], found["state"]["spend"]) == (1, 5000)
    assert found["state"]["last_purchase"] == 20 * DAY
    assert [(t // DAY, new) for t, _, new in found["tape"]] == [(10, 1), (20, 2), (60, 1)]


def test_buyer_is_lost_only_when_its_purchases_are_taken_back():
    rows = rows_of(
        {"time": 0, "kind": "purchase"},
        {"time": DAY, "kind": "return", "whole_order": True, "since": 0},
    )
    assert one(rows[:1], 3000 * DAY)["rung"] == 1
    found = one(rows, 3000 * DAY)
    assert (found["rung"], found["peak"], found["since"]) == (0, 1, DAY)


def test_complaint_is_resolved_once():
    rows = rows_of(
        {"time": 0, "kind": "complaint", "refers_to": "c"},
        {"time": 1, "kind": "complaint", "refers_to": "c"},
        {"time": 2, "kind": "complaint"},
        {"time": 3, "kind": "resolution", "refers_to": "c"},
        {"time": 4, "kind": "resolution", "refers_to": "c"},
        {"time": 5, "kind": "complaint", "refers_to": "d"},
    )
    found, at = trust_sums(rows, 5)
    assert found["promises_grave"] == at(0) + at(1) + at(2) + at(5)
    assert found["promises_kept"] == at(3)
    assert portfolio.books(rows, 5, policy()).skipped == {"nothing_open": 1}
    assert one(rows, 5)["open_complaints"] == 1
    scored = one(rows, 5, "exact")
    assert "resolve_complaint" in scored["gains"]
    assert scored["gains"]["resolve_complaint"] == scored["gains"]["keep_promise"]


def test_sides_and_perspective():
    rows = rows_of(
        {"time": 1, "kind": "promise", "due": 1, "done": 1},
        {"time": 2, "kind": "promise", "due": 2, "done": 2, "side": "them"},
        {"time": 3, "kind": "survey", "value": 5, "scale": "1..5", "side": "them"},
        {"time": 4, "kind": "return", "value": 1, "amount": 4, "side": "them"},
        {"time": 5, "kind": "referral", "value": 2},
        {"time": 6, "kind": "gift", "value": 5},
        {"time": 7, "kind": "gift", "value": 3, "side": "them"},
        {"time": 8, "kind": "request", "side": "them"},
    )
    ours, at = trust_sums(rows, 9)
    theirs, _ = trust_sums(rows, 9, perspective="them")
    half = 128
    assert ours["promises_kept"] == at(1)
    assert ours["promises_broken"] == 0
    assert theirs["promises_kept"] == at(2) + at(3, half)
    assert theirs["promises_broken"] == at(4)
    clock = Clock(365 * DAY, 1000 * DAY)
    assert ours["given"] == clock.contribution(5 * 256, 6)
    assert ours["received"] == clock.contribution(2 * 256, 5) + clock.contribution(3 * 256, 7)
    assert theirs["received"] == ours["given"]
    assert theirs["given"] == ours["received"]
    for state in (ours, theirs):
        assert state["support"] == clock.contribution(64, 3)
        assert state["spend"] == -400
        assert state["events"] == 8
    assert (ours["open_requests"], theirs["open_requests"]) == (0, 1)


def test_role_is_that_of_the_newest_row():
    rows = rows_of(
        {"time": 5, "kind": "purchase", "role": "agent"},
        {"time": 9, "kind": "purchase", "role": "supplier"},
        {"time": 9, "kind": "purchase", "role": "agency"},
        {"time": 10, "kind": "purchase"},
    )
    assert one(rows, 10)["role"] == "agency"
    assert one(rows[:1], 10)["role"] == "agent"
    assert one(rows[3:], 10)["role"] == "consumer"
    assert one(rows[3:], 10, default_role="agent")["role"] == "agent"


def test_currency_is_that_of_the_earliest_row():
    rows = rows_of(
        {"time": 5, "kind": "purchase", "amount": 1, "currency": "EUR"},
        {"time": 6, "kind": "purchase", "amount": 1},
        {"time": 7, "kind": "purchase", "amount": 1, "currency": "USD"},
    )
    books = portfolio.books(rows, 10, policy())
    assert books.set_aside == {"other_currency": 1}
    assert books.scored == 2
    assert portfolio.books(rows, 10, policy(currency="USD")).scored == 2
    assert one(rows, 10)["set_aside"] == 1


def test_money_in_minor_units():
    units = portfolio.minor_units
    assert units({"amount": 12.125}, "amount", 2) == 1212
    assert units({"amount": 12.375}, "amount", 2) == 1238
    assert units({"amount": 2.5}, "amount", 0) == 2
    assert units({"amount": 0.1}, "amount", 3) == 100
    assert units({}, "amount", 2) == 0
    assert units({"margin": -0.125}, "margin", 2) == -12


# --- what the log can say --------------------------------------------------------------------------------------------


def test_what_is_not_recorded_is_null_and_stays_at_its_prior():
    rows = rows_of(
        {"time": 0, "kind": "purchase"},
        {"time": 0, "kind": "request"},
        *({"time": t, "kind": "promise", "due": t, "done": t} for t in range(10)),
    )
    found = one(rows, 2 * DAY, "exact")
    assert found["commitment"] is None
    assert found["reciprocity"] is None
    assert found["responsiveness"] is None
    assert found["responsiveness_coverage"] == 0
    assert found["trust"] is not None
    assert found["rung"] == 1
    prior = [m for m, _, _ in score.moments_of({}, score.options({}, "consumer"))]
    assert abs(found["quality"] - score.quality([*prior[:3], found["trust"]])) < 1e-25
    assert found["quality_low"] < found["quality"]
    nothing = one(rows[1:], 2 * DAY, "exact")
    assert nothing["rung"] is None
    assert nothing["peak"] is None
    declared = one(rows, 2 * DAY, "exact", observes=["response", "gift", "review"])
    assert declared["trust"] is None
    assert declared["rung"] is None
    assert declared["responsiveness"] is not None


@pytest.mark.parametrize(
    ("seen", "lit"),
    [
        ({"guarantee"}, {"commitment", "trust"}),
        ({"contract"}, {"commitment"}),
        ({"response"}, {"responsiveness"}),
        ({"concession"}, {"responsiveness"}),
        ({"request"}, set()),
        ({"gift"}, set()),
        ({"gift", "review"}, {"reciprocity"}),
        ({"gift", "gift received"}, {"reciprocity"}),
        ({"review"}, set()),
        ({"promise"}, {"trust"}),
        ({"payment"}, {"trust"}),
        ({"complaint"}, {"trust"}),
        ({"survey commitment"}, {"commitment"}),
        ({"survey trust"}, {"trust"}),
    ],
)
def test_lights(seen, lit):
    assert {name for name, on in portfolio.lights(seen, None).items() if on} == lit


def test_thin_evidence_has_no_quality():
    rows = rows_of(
        {"time": 0, "kind": "gift", "value": 0.25}, {"time": 0, "kind": "review", "value": 0.25}
    )
    found = one(rows, 0, "exact")
    assert found["grade"] == "none"
    assert found["quality"] is None
    assert found["next_step"] is None
    assert found["reciprocity"] is not None
    assert 0 < found["coverage"] < 0.05
    assert one(rows, 0, "exact", minimum_coverage=0.01)["quality"] is not None


# --- the ladder ------------------------------------------------------------------------------------------------------


def climber(last=300):
    """Somebody who stands on the highest rung on that day."""
    kinds = ("purchase", "purchase", "review", "referral", "suggestion")
    return rows_of(*({"time": last * DAY + i, "kind": kind} for i, kind in enumerate(kinds)))


def test_one_rung_after_the_other():
    found = one(climber(), 301 * DAY)
    assert [(t - 300 * DAY, old, new) for t, old, new in found["tape"]] == [
        (0, 0, 1), (1, 1, 2), (2, 2, 3), (3, 3, 4), (4, 4, 5),
    ]  # fmt: skip


def test_a_rung_needs_all_those_below():
    rows = climber()
    assert one(rows[:2] + rows[3:], 301 * DAY)["rung"] == 2  # no support
    assert one(rows[1:], 301 * DAY)["rung"] == 1  # bought once
    assert (
        one(
            rows[2:] + rows_of({"time": 302 * DAY, "kind": "cost", "amount": 1}),
            303 * DAY,
            observes=["purchase"],
        )["rung"]
        == 0
    )


def test_events_of_one_second_are_one_batch():
    rows = [{**row, "time": 300 * DAY} for row in climber()]
    found = one(rows, 301 * DAY)
    assert found["tape"] == [(300 * DAY, 0, 5)]
    assert found["since"] == 300 * DAY


def test_contract_ends_in_the_second_after_until():
    rows = climber()[1:] + rows_of({"time": 299 * DAY, "kind": "contract", "until": 310 * DAY})
    found = one(rows, 330 * DAY)
    assert found["tape"][-1] == (310 * DAY + 1, 5, 1)
    assert one(rows, 310 * DAY)["rung"] == 5


def test_share_of_wallet_counts_once_anything_was_bought_elsewhere():
    rows = climber() + rows_of({"time": 300 * DAY + 10, "kind": "purchase_elsewhere"})
    found = one(rows, 301 * DAY)
    assert found["tape"][-1] == (300 * DAY + 10, 5, 3)
    assert not found["share_waived"]
    # with 7 of 8 bought from us the criterion holds again
    more = rows_of(*({"time": 300 * DAY + 20 + i, "kind": "purchase"} for i in range(5)))
    assert one(rows + more, 301 * DAY)["rung"] == 5
    # 2 of 3 are below the share for keeping, 3 of 4 between keeping and entering
    kept = climber() + more[:1] + rows_of({"time": 300 * DAY + 30, "kind": "purchase_elsewhere"})
    assert one(kept, 300 * DAY + 30)["rung"] == 5
    entering = [{**row, "time": 300 * DAY} for row in kept]
    assert one(entering, 300 * DAY)["rung"] == 5  # partner may enter where advocate is kept
    assert one([row for row in entering if row["kind"] != "suggestion"], 300 * DAY)["rung"] == 3


def test_thresholds_are_exact():
    """1.5 of purchases: three halves of one weight, to the last bit."""
    view = fold.View(fold.Criteria({}), fold.Clocks(policy()))
    view.n = 2
    unit = view.clocks["purchases"].unit(D)
    view.sums["purchases"] = unit * 3 // 2
    assert view.holds(2, 0, D)
    view.sums["purchases"] -= 1
    assert not view.holds(2, 0, D)
    assert view.holds(2, 1, D)


def test_early_events_are_summed_but_not_climbed():
    start = 1000 * DAY - 30 * 10 * DAY
    lives = dict.fromkeys(fold.HALF_LIVES, 365 * DAY) | {"support": 10 * DAY}
    rows = climber(last=690)
    early = one(rows, 701 * DAY, half_life=lives)
    assert early["at_least"]
    assert early["since"] == start
    assert early["tape"][0][0] == start
    assert early["rung"] == 3 + 2
    assert early["peak"] == 5
    just = one(
        [{**row, "time": start + i} for i, row in enumerate(rows)], 701 * DAY, half_life=lives
    )
    assert not just["at_least"]
    assert just["since"] == start + 4
    silent = one(
        rows_of({"time": start - 1, "kind": "cost", "amount": 1}),
        701 * DAY,
        half_life=lives,
        observes=["purchase"],
    )
    assert silent["at_least"]
    assert (silent["rung"], silent["since"], silent["tape"]) == (
        0,
        start,
        [],
    )


def test_prospect_since_its_first_event():
    rows = rows_of({"time": 55, "kind": "cost", "amount": 1}, {"time": 99, "kind": "contact"})
    found = one(rows, 1000, observes=["purchase"])
    assert (found["rung"], found["peak"], found["since"]) == (0, 0, 55)


# --- rows that are not scored ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", portfolio.CODES)
def test_every_code_has_its_row(code):
    for seed in range(8):
        row = generate.invalid(random.Random(seed), "x", policy(), D, code)
        rows = [row, *rows_of({"time": D, "kind": "purchase", "currency": "EUR"}, name="y")]
        books = portfolio.books(rows, D + 9, policy(currency="EUR"))
        assert books.set_aside == {code: 1}, row
        assert books.balance()
        assert books.scored == 1


def test_reasons():
    rows = rows_of(
        {"time": 1, "kind": "purchase", "event_id": "a"},
        {"time": 1, "kind": "purchase", "event_id": "a"},
        {"time": 2, "kind": "purchase", "event_id": "b"},
        {"time": 9, "kind": "retraction", "refers_to": "b"},
        {"time": 3, "kind": "response", "refers_to": "q"},
        {"time": 4, "kind": "request", "refers_to": "r"},
        {"time": 5, "kind": "request", "refers_to": "r"},
        {"time": 6, "kind": "gift"},
        {"time": 6, "kind": "gift"},
        {"time": 11, "kind": "purchase"},
    )
    books = portfolio.books(rows, 10, policy())
    assert books.skipped == {
        "repeated": 1,
        "retracted": 2,
        "nothing_open": 1,
        "already_open": 1,
        "after_as_of": 1,
    }
    assert books.scored == 4
    assert books.exact_repeats == 1
    assert books.balance()
    assert set(books.skipped) == set(portfolio.REASONS)


# --- laws over generated logs ----------------------------------------------------------------------------------------

SEEDS = range(40, 56)


@pytest.fixture(scope="module")
def cases():
    return [generate.portfolio(seed, relationships=30, mixed=True) for seed in SEEDS]


def plain(case, rows=None, as_of=None):
    return portfolio.assess(
        case.rows if rows is None else rows, as_of or case.as_of, case.policy, None
    )


def test_generated_logs_visit_everything(cases):
    books = [portfolio.books(case.rows, case.as_of, case.policy) for case in cases]
    assert all(b.balance() for b in books)
    aside, skipped = Counter(), Counter()
    for b in books:
        aside.update(b.set_aside)
        skipped.update(b.skipped)
    more = [generate.portfolio(seed, 30, faults=0.3, mixed=True) for seed in (1, 2, 3)]
    for case in more:
        aside.update(portfolio.books(case.rows, case.as_of, case.policy).set_aside)
    assert set(portfolio.CODES) == set(aside)
    assert {"repeated", "retracted", "nothing_open", "already_open"} == set(skipped)
    kinds = Counter(row.get("kind") for case in cases for row in case.rows)
    assert set(portfolio.KINDS) <= set(kinds)
    found = [r for case in cases for r in plain(case).values()]
    assert {r["peak"] for r in found} == {r["rung"] for r in found} == set(range(6))
    moves = {(old, new) for r in found for _, old, new in r["tape"]}
    assert {(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 3), (4, 3), (3, 1), (2, 1), (1, 0)} <= moves
    assert {r["at_least"] for r in found} == {True, False} == {r["share_waived"] for r in found}
    assert {r["role"] for r in found} >= {"consumer", "agent", "agency"}
    assert any(
        row["time"] < 0 for case in cases for row in case.rows if isinstance(row.get("time"), int)
    )
    assert any(r["state"]["open_requests"] > 0 for r in found)
    assert {case.policy["perspective"] for case in cases} == {"us", "them"}
    spans = [
        case.as_of - min(r["time"] for r in case.rows if isinstance(r.get("time"), int))
        for case in cases
    ]
    assert max(spans) > 15 * YEAR


def test_the_order_of_the_rows_does_not_matter(cases):
    for case in cases:
        rows = list(case.rows)
        random.Random(5).shuffle(rows)
        assert plain(case, rows) == plain(case)
        assert portfolio.books(rows, case.as_of, case.policy) == portfolio.books(
            case.rows, case.as_of, case.policy
        )


def test_a_retracted_event_never_happened(cases):
    met = 0
    for case in cases:
        gone = {
            row["refers_to"]
            for row in case.rows
            if row.get("kind") == "retraction" and "refers_to" in row
        }
        gone.discard("never-seen")
        seen = set()
        rows = []
        for row in case.rows:
            name = row.get("event_id")
            if (
                row.get("kind") == "retraction"
                or name in gone
                or (name is not None and name in seen)
            ):
                continue
            seen.add(name)
            rows.append(row)
        met += len(gone)

        def without_counts(found):
            return {name: {**r, "set_aside": 0} for name, r in found.items()}

        assert without_counts(plain(case, rows)) == without_counts(plain(case))
    assert met > 20


def test_relationships_do_not_meet(cases):
    for case in cases[:4]:
        whole = plain(case)
        currency = {"currency": case.policy.get("currency", "EUR"), "observes": ["purchase"]}
        for name in list(whole)[:10]:
            rows = [row for row in case.rows if row.get("relationship") == name]
            alone = portfolio.assess(rows, case.as_of, {**case.policy, **currency}, None)
            assert {**alone[name], "set_aside": 0} == {**whole[name], "set_aside": 0}


def test_rows_after_the_date_do_not_count(cases):
    for case in cases[:4]:
        times = sorted(row["time"] for row in case.rows if isinstance(row.get("time"), int))
        # the latest date at which half of the log has happened and which the landmark still allows
        lives = {**fold.HALF_LIVES, **case.policy["half_life"]}
        cut = max(times[len(times) // 2], case.policy["landmark"] - 30 * min(lives.values()))
        rows = [
            row
            for row in case.rows
            if row.get("kind") != "retraction"
            and isinstance(row.get("time"), int)
            and "event_id" not in row
        ]
        before = [row for row in rows if row["time"] <= cut]
        assert plain(case, rows, cut) == plain(case, before, cut)


def test_history_is_not_rewritten_by_looking_later(cases):
    """The tape as of an earlier date is the beginning of the tape as of a later one."""
    grown = 0
    for case in cases:
        reach = 30 * min({**fold.HALF_LIVES, **case.policy["half_life"]}.values())
        limit = case.policy["landmark"] + reach
        later = min(limit, case.as_of + reach // 3)
        now, then = plain(case), plain(case, as_of=later)
        for name, r in now.items():
            after = then[name]["tape"]
            assert [step for step in after if step[0] <= case.as_of] == r["tape"]
            grown += len(after) > len(r["tape"])
    assert grown > 20


def test_falls_by_bisection_are_those_of_every_step():
    """``climb`` against looking at every table step, on logs of a few weeks."""
    moves = 0
    for seed in range(6):
        rng = random.Random(seed)
        lives = {name: rng.choice((7, 8, 11, 16)) * DAY for name in fold.HALF_LIVES}
        chosen = {
            "landmark": 1000 * DAY + rng.randrange(DAY),
            "half_life": lives,
            "target_seconds": 3600,
            "grace_seconds": 0,
            "minor_digits": 2,
            "perspective": "us",
        }
        as_of = 1000 * DAY
        for number in range(5):
            rows = [
                row
                for row in generate.log(rng, f"r{number}", chosen, as_of, 20)
                if row["time"] > as_of - 40 * DAY
            ]
            # a second of everything that climbs
            rows += [
                {**row, "relationship": f"r{number}", "time": row["time"] + 680 * DAY}
                for row in climber()
            ]
            reading = portfolio.read(rows, as_of, chosen)
            acts = reading.relationships[f"r{number}"].acts
            quick = reading.relationships[f"r{number}"].ladder
            slow = fold.climb_every_step(
                acts, reading.clocks, fold.Criteria(chosen), chosen["landmark"], as_of
            )
            assert quick == slow
            moves += sum(new < old for _, old, new in quick.tape)
    assert moves > 20


def test_the_landmark_only_places_the_window():
    h = 128 * DAY
    lives = dict.fromkeys(fold.HALF_LIVES, h)
    rows = [
        {**row, "time": row["time"] + 300 * DAY} for row in generate.log(
            random.Random(3),
            "x",
            {"half_life": lives, "target_seconds": DAY, "grace_seconds": 0, "perspective": "us", "minor_digits": 2},
            700 * DAY,
            60,
        )
    ]  # fmt: skip
    as_of = 1000 * DAY
    rows = [row for row in rows if row["time"] > as_of - 20 * h]
    near_, far = (
        portfolio.assess(rows, as_of, {"landmark": as_of + k * h, "half_life": lives}, None)["x"]
        for k in (0, -9)
    )
    for name in fold.SUMS:
        assert near_["state"][name] * 2**9 == far["state"][name], name
    assert near_["tape"] == far["tape"]
    assert near_["since"] == far["since"]


def test_doubles_agree_with_thirty_digits(cases):
    compared = 0
    for case in cases[:6]:
        reading = portfolio.read(case.rows, case.as_of, case.policy)
        fast = portfolio.assess(case.rows, case.as_of, case.policy, "fast", reading)
        for name in list(reading.relationships)[:5]:
            r = reading.relationships[name]
            slow = score.score(
                r.state,
                reading.clocks,
                case.policy,
                case.as_of,
                r.role,
                reading.lit,
                r.open_complaints,
            )
            for key, x in slow.items():
                y = fast[name][key]
                if key == "soft_rung":
                    assert [float(p) for p in x] == pytest.approx(y, abs=1e-12)
                elif key == "gains":
                    assert {k: float(v) for k, v in (x or {}).items()} == pytest.approx(
                        y or {}, abs=1e-10
                    )
                elif x is None or isinstance(x, str | bool):
                    assert x == y, (key, name)
                elif key in ("margin_now", "cost_now"):
                    assert float(x) == pytest.approx(y, rel=1e-13)
                else:
                    assert float(x) == pytest.approx(y, abs=1e-9), (key, name)
                compared += 1
    assert compared > 800


def test_rich_records_need_the_inversion():
    inverted = 0
    for seed in range(6):
        case = generate.rich(seed)
        found = portfolio.assess(case.rows, case.as_of, case.policy, "fast")
        inverted += sum(bool(r["inverted"]) for r in found.values())
    assert inverted >= 4
