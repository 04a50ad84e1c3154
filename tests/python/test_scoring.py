# SPDX-License-Identifier: MIT
"""Scoring functions on plain numbers and columns: the model's numbers, and strictness about what comes in."""

from __future__ import annotations

import doctest
import importlib
import math
from typing import Any

import loyalty
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from loyalty import Parameter
from reference import score as reference

# The worked example of docs/model.md: a distributor's decayed sums at day 700.
COMMITMENT = {"kept": 1.6199847708164885, "contract_days_left": 360}
RESPONSIVENESS = {
    "answered": 0.9708077243028017,
    "answer_time": 0.7000482567014223,
    "open": 1,
    "open_time": 2,
    "granted": 0.5047610586591502,
    "refused": 0.5988434544529426,
}
RECIPROCITY = {"given": 2.114338095738065, "received": 7.469095520001291}
TRUST = {"kept": 5.858761098071231, "broken": 0.6133043403173009, "grave": 0.613822446560481}
EVIDENCE = {
    "guarantees_kept": 1.6199847708164885,
    "contract_days_left": 360,
    "answered": 0.9708077243028017,
    "answer_time": 0.7000482567014223,
    "open_requests": 1,
    "open_time": 2,
    "granted": 0.5047610586591502,
    "refused": 0.5988434544529426,
    "given": 2.114338095738065,
    "received": 7.469095520001291,
    "promises_kept": 5.858761098071231,
    "promises_broken": 0.6133043403173009,
    "promises_grave": 0.613822446560481,
}


def worked_example() -> tuple[Parameter, Parameter, Parameter, Parameter]:
    return (
        loyalty.commitment(**COMMITMENT, role="distributor"),
        loyalty.responsiveness(**RESPONSIVENESS, role="distributor"),
        loyalty.reciprocity(**RECIPROCITY, role="distributor"),
        loyalty.trust(**TRUST, role="distributor"),
    )


def beta(a: float, b: float) -> Parameter:
    """The Parameter of a Beta law."""
    return Parameter(a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1)), 0.5)


# --- the model's numbers --------------------------------------------------------------------------


def test_worked_example() -> None:
    four = worked_example()
    assert [p.mean for p in four] == pytest.approx(
        [0.760514, 0.502735, 0.723813, 0.776298], abs=6e-7
    )
    assert [math.sqrt(p.variance) for p in four] == pytest.approx(
        [0.097296, 0.154391, 0.213320, 0.112588], abs=6e-7
    )
    assert [p.coverage for p in four] == pytest.approx([0.4335, 0.4611, 0.8273, 0.5863], abs=6e-5)
    assert loyalty.quality(*four) == pytest.approx(69.891745, abs=1e-5)
    assert loyalty.quality_interval(*four) == pytest.approx(
        (53.737255, 69.043606, 80.595359), abs=1e-5
    )
    why = loyalty.attribution(*four, role="distributor")
    assert why == pytest.approx((3.331684, -4.398857, 1.155830, -0.845344), abs=1e-5)
    assert loyalty.quality(*four) - sum(why) == pytest.approx(70.64843300523572, abs=1e-10)
    step = loyalty.next_step(**EVIDENCE, role="distributor")
    assert step.step == "answer_request"
    assert step.points == pytest.approx(2.0553, abs=6e-5)


def test_baselines_of_roles() -> None:
    stranger = [
        f().mean
        for f in (loyalty.commitment, loyalty.responsiveness, loyalty.reciprocity, loyalty.trust)
    ]
    assert stranger == pytest.approx([0.8, 0.6875, 2 / 3, 0.8], rel=1e-15)
    for role in ("supplier", "distributor", "agency", "agent"):
        assert loyalty.commitment(role=role).mean == pytest.approx(0.6, rel=1e-15)
    assert loyalty.attribution(*stranger) == (0, 0, 0, 0)


def test_decayed_beta() -> None:
    """B1 of the model's test vectors: S and F of exact exponential weights."""
    t = loyalty.trust(kept=2.9998973783766703, broken=1.4263794467390847)
    assert t.mean == pytest.approx(0.7425940812310815, rel=1e-14)
    assert math.sqrt(t.variance) == pytest.approx(0.13540053498986707, rel=1e-13)
    assert (t.low, t.high) == pytest.approx((0.492090005751, 0.932268473844), rel=1e-11)


def test_answer_times() -> None:
    """B3 of the model's test vectors: rate ~ Gamma(5, 142 h), target 24 h."""
    r = loyalty.responsiveness(answered=3, answer_time=142 / 24 - 1)
    assert (r.mean - 0.25 * 0.5) / 0.75 == pytest.approx(0.541962240423626, rel=1e-13)
    speed = (r.variance - 0.25**2 / 12) / 0.75**2
    assert math.sqrt(speed) == pytest.approx(0.1528789441333159, rel=1e-12)


def test_balance() -> None:
    """B4 of the model's test vectors: theta ~ Beta(11, 6)."""
    p = loyalty.reciprocity(given=10, received=5)
    assert p.mean == pytest.approx(0.8627450980392157, rel=1e-15)
    assert math.sqrt(p.variance) == pytest.approx(0.13608524175283027, rel=1e-14)
    assert loyalty.probability_we_give_more(given=10, received=5) == pytest.approx(
        0.8949432373046875, rel=1e-14
    )


def test_quality_under_uncertainty() -> None:
    """C_uncertainty of the model's test vectors: four Beta laws."""
    four = [beta(a, b) for a, b in zip([7, 5, 6, 12], [2, 3, 5, 3], strict=True)]
    expected = [56.67854634431202, 69.28034421904754, 80.10710078307861]
    assert loyalty.quality_interval(*four) == pytest.approx(expected, rel=1e-12)


def test_quality_and_attribution_of_means() -> None:
    """C_power_mean and C_attribution of the model's test vectors."""
    now, before = (0.8, 0.6, 0.5, 0.9), (0.8, 0.5, 0.5, 0.8)
    assert loyalty.quality(*now) == pytest.approx(72.06746603888587, rel=1e-14)
    assert loyalty.quality(*before) == pytest.approx(66.28908034679975, rel=1e-14)
    assert loyalty.attribution(*now, base=before) == pytest.approx(
        (0, 2.52107075, 0, 3.25731494), abs=6e-9
    )


@pytest.mark.parametrize("role", reference.ROLES)
def test_against_the_reference(role: str) -> None:
    """Random evidence against the exact implementation with 30 digits."""
    random = np.random.default_rng(5)
    options = reference.options({}, role)
    for _ in range(40):
        k = random.gamma(1, 4, 13) * (random.random(13) < 0.7)
        days = float(random.uniform(1, 1000)) if random.random() < 0.5 else None
        evidence = dict(
            zip((name for name in EVIDENCE if name != "contract_days_left"), k[:12], strict=True)
        )
        evidence |= {"guarantees_breached": k[12], "contract_days_left": days}
        # Whole requests that wait for 30 targets at most: the reference knows nothing else.
        waiting = evidence["open_requests"] = int(evidence["open_requests"])
        evidence["open_time"] = min(evidence["open_time"], 30 * waiting)
        e = evidence | {"open": waiting}
        four = {
            "commitment": loyalty.commitment(
                e["guarantees_kept"], e["guarantees_breached"], days, role=role
            ),
            "responsiveness": loyalty.responsiveness(
                e["answered"],
                e["answer_time"],
                e["open"],
                e["open_time"],
                e["granted"],
                e["refused"],
                role=role,
            ),
            "reciprocity": loyalty.reciprocity(e["given"], e["received"], role=role),
            "trust": loyalty.trust(
                e["promises_kept"], e["promises_broken"], e["promises_grave"], role=role
            ),
        }
        expected = reference.moments_of(e, options)
        for (name, found), want in zip(four.items(), expected, strict=True):
            numbers = (found.mean, found.variance, found.coverage)
            assert numbers == pytest.approx([float(x) for x in want], rel=1e-12, abs=1e-15), (
                name,
                e,
            )
        means = [m for m, _, _ in expected]
        base = [m for m, _, _ in reference.moments_of({}, options)]
        assert loyalty.quality(*four.values()) == pytest.approx(
            float(reference.quality(means)), rel=1e-13
        )
        why = [float(x) for x in reference.attribution(means, base)]
        assert loyalty.attribution(*four.values(), role=role) == pytest.approx(why, abs=1e-11)
        direction = loyalty.probability_we_give_more(e["given"], e["received"])
        assert direction == pytest.approx(float(reference.probability_we_give_more(e)), abs=1e-13)
        gains = {
            action: float(
                reference.quality(
                    [m for m, _, _ in reference.moments_of(reference.after(e, action), options)]
                )
                - reference.quality(means)
            )
            for action in reference.open_actions(e, options, open_complaints=0)
        }
        step = loyalty.next_step(**evidence, role=role)
        assert step.points == pytest.approx(max(gains.values()), abs=1e-10)
        best = max(gains, key=gains.__getitem__)
        assert step.step == {"sign_contract": "offer_contract"}.get(best, best)


def test_weights() -> None:
    means = (0.8, 0.6, 0.5, 0.9)
    equal = 100 * math.prod(means) ** 0.25
    assert loyalty.quality(*means, weights=(0.25, 0.25, 0.25, 0.25)) == pytest.approx(equal)
    by_name = {"trust": 0.25, "commitment": 0.25, "reciprocity": 0.25, "responsiveness": 0.25}
    assert loyalty.quality(*means, weights=by_name) == pytest.approx(equal)
    only_trust = {"commitment": 0, "responsiveness": 0, "reciprocity": 0, "trust": 1}
    assert loyalty.quality(0.1, 0.2, 0.3, 0.7, weights=only_trust) == pytest.approx(70)
    assert loyalty.quality(0, 0.2, 0.3, 0.7) == 0
    for weights in ((0.3, 0.3, 0.3, 0.3), (1.5, -0.5, 0, 0), (math.nan, 0.5, 0.3, 0.2)):
        with pytest.raises(ValueError, match="weight"):
            loyalty.quality(*means, weights=weights)
    with pytest.raises(ValueError, match="four numbers"):
        loyalty.quality(*means, weights=(0.5, 0.5))
    with pytest.raises(ValueError, match="weights name commitment"):
        loyalty.quality(*means, weights={"commitment": 1})


def test_policy() -> None:
    policy = loyalty.Policy.from_dict(
        {"trust": {"grave_weight": 5}, "ladder": {"supporter": {"enter": 2, "keep": 1}}}
    )
    assert loyalty.trust(kept=4, grave=1, policy=policy).mean == pytest.approx(8 / 14)
    assert loyalty.trust(kept=4, grave=1).mean == pytest.approx(8 / 11)
    assert loyalty.rung(purchases=3, regularity=2, support=1, policy=policy) == "client"
    assert loyalty.rung(purchases=3, regularity=2, support=1) == "supporter"


# --- the ladder -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ({"purchases": 0}, "prospect"),
        ({"purchases": 1}, "buyer"),
        ({"purchases": 1, "contract": True}, "client"),
        ({"purchases": 2, "regularity": 1.5}, "client"),
        ({"purchases": 2, "regularity": 1.4999}, "buyer"),
        ({"purchases": 3, "regularity": 2.2, "support": 0.75}, "supporter"),
        ({"purchases": 3, "regularity": 2.2, "support": 1, "advocacy": 1}, "advocate"),
        (
            {"purchases": 3, "regularity": 4, "elsewhere": 1, "support": 1, "advocacy": 1},
            "advocate",
        ),
        (
            {"purchases": 3, "regularity": 3, "elsewhere": 1, "support": 1, "advocacy": 1},
            "supporter",
        ),
        (
            {"purchases": 3, "regularity": 2.2, "support": 1, "advocacy": 1, "partnership": 1},
            "partner",
        ),
        ({"purchases": 3, "regularity": 2.2, "support": 0.5}, "client"),
        ({"purchases": 3, "regularity": 2.2, "support": 0.5, "held": "partner"}, "supporter"),
        ({"purchases": 3, "regularity": 1.0, "held": "client"}, "client"),
        ({"purchases": None, "regularity": 2}, None),
    ],
)
def test_rung(numbers: dict[str, Any], expected: str | None) -> None:
    assert loyalty.rung(**numbers) == expected
    as_columns = {
        name: np.array([value, value], dtype=object if name == "held" else float)
        for name, value in numbers.items()
    }
    assert loyalty.rung(**as_columns).tolist() == [expected, expected]


def test_rung_errors() -> None:
    with pytest.raises(ValueError, match=r"purchases.*whole number"):
        loyalty.rung(purchases=1.5)
    with pytest.raises(ValueError, match=r"held.*'king' is not one of prospect, buyer"):
        loyalty.rung(purchases=[1, 2], held=["buyer", "king"])
    with pytest.raises(ValueError, match=r"contract.*true or false"):
        loyalty.rung(purchases=1, contract=2)
    with pytest.raises(ValueError, match="'held' has 3 rows"):
        loyalty.rung(purchases=[1, 2], held=["buyer"] * 3)


def test_rung_strength() -> None:
    random = np.random.default_rng(11)
    year = 365 * 86400
    half_lives = dict.fromkeys(("purchases", "support", "advocacy", "partnership"), year)
    enter = {"client": 1.5, "support": 0.75, "advocacy": 0.75, "partnership": 0.75}
    for n in (0, 1, 5):
        sums = dict(
            zip(
                ("regularity", "support", "advocacy", "partnership"),
                random.gamma(1, 2, 4),
                strict=True,
            )
        )
        found = loyalty.rung_strength(purchases=n, years=1.5, **sums)
        evidence = {"purchases": sums["regularity"], **sums}
        expected = [
            float(p) for p in reference.soft_rung(evidence, n, half_lives, enter, year * 3 // 2)
        ]
        assert found == pytest.approx(expected, abs=1e-12)
    columns = loyalty.rung_strength(purchases=[8, 0], years=[1, 2], regularity=3, support=2)
    assert np.sum(np.stack(columns), axis=0) == pytest.approx([1, 1], abs=1e-14)
    assert columns.prospect.tolist() == [0, 1]


# --- columns --------------------------------------------------------------------------------------

COUNTS = [0, 3, 8, 1]


@pytest.mark.parametrize(
    "column",
    [
        np.array(COUNTS, dtype=float),
        np.array(COUNTS, dtype=np.float32),
        np.array(COUNTS, dtype=np.int64),
        np.array(COUNTS, dtype=np.uint8),
        np.array(COUNTS, dtype=">f8"),
        np.array(COUNTS, dtype=">i4"),
        np.repeat(np.array(COUNTS, dtype=float), 3)[::3],
        np.array(COUNTS[::-1], dtype=float)[::-1],
        np.asfortranarray(np.tile(np.array(COUNTS, dtype=float)[:, None], 2))[:, 0],
        COUNTS,
        tuple(COUNTS),
        pd.Series(COUNTS),
        pd.Series(COUNTS, dtype="Int64"),
        pd.Series(COUNTS, dtype="float64[pyarrow]"),
        pl.Series(COUNTS),
        pa.array(COUNTS),
        pa.chunked_array([COUNTS[:1], COUNTS[1:]]),
    ],
    ids=lambda c: (
        f"{type(c).__module__}.{type(c).__name__}-{getattr(c, 'dtype', getattr(c, 'type', ''))}"
    ),
)
def test_columns_equal_numbers(column: Any) -> None:
    found = loyalty.trust(kept=column, broken=1)
    expected = [loyalty.trust(kept=x, broken=1) for x in COUNTS]
    for field in ("mean", "variance", "coverage", "low", "high"):
        values = getattr(found, field)
        library = type(column).__module__.partition(".")[0]
        assert type(values).__module__.partition(".")[0] == library.replace("builtins", "numpy")
        assert np.asarray(values).tolist() == [getattr(e, field) for e in expected]


def test_unaligned_column() -> None:
    raw = np.zeros(8 * 4 + 1, dtype=np.uint8)
    column = raw[1:].view(np.float64)
    column[:] = COUNTS
    assert not column.flags.aligned
    assert np.array_equal(
        loyalty.trust(kept=column).mean, loyalty.trust(kept=np.array(COUNTS, float)).mean
    )


def test_every_function_on_columns() -> None:
    random = np.random.default_rng(3)
    rows = 2500  # more than one block
    numbers = {name: random.gamma(1, 3, rows) for name in EVIDENCE}
    c = loyalty.commitment(
        numbers["guarantees_kept"], 1, numbers["contract_days_left"], role="agent"
    )
    r = loyalty.responsiveness(
        numbers["answered"], numbers["answer_time"], 1, numbers["open_time"], role="agent"
    )
    p = loyalty.reciprocity(numbers["given"], numbers["received"])
    t = loyalty.trust(
        numbers["promises_kept"], numbers["promises_broken"], numbers["promises_grave"]
    )
    q = loyalty.quality(c, r, p, t)
    uneven = loyalty.quality(c, r, p, t, weights=(0.1, 0.2, 0.3, 0.4))
    ends = loyalty.quality_interval(c, r, p, t)
    why = loyalty.attribution(c, r, p, t, role="agent")
    step = loyalty.next_step(**numbers, role="agent")
    for i in (0, 1, 1023, 1024, 2499):
        one = [Parameter(x.mean[i], x.variance[i], x.coverage[i]) for x in (c, r, p, t)]
        assert loyalty.quality(*one) == q[i]
        assert loyalty.quality(*one, weights=(0.1, 0.2, 0.3, 0.4)) == uneven[i]
        assert loyalty.quality_interval(*one) == tuple(end[i] for end in ends)
        assert loyalty.attribution(*one, role="agent") == tuple(w[i] for w in why)
        single = {name: float(column[i]) for name, column in numbers.items()}
        assert loyalty.next_step(**single, role="agent") == (step.step[i], step.points[i])
    assert np.sum(np.stack(why), axis=0) == pytest.approx(
        q
        - loyalty.quality(
            *(
                f(role="agent")
                for f in (
                    loyalty.commitment,
                    loyalty.responsiveness,
                    loyalty.reciprocity,
                    loyalty.trust,
                )
            )
        ),
        abs=1e-10,
    )
    assert (ends.low <= ends.median).all()
    assert (ends.median <= ends.high).all()


def test_numbers_give_python_numbers() -> None:
    t = loyalty.trust(kept=np.int64(8), broken=np.float32(1), grave=True)
    assert {type(t.mean), type(t.variance), type(t.coverage), type(t.low), type(t.high)} == {float}
    assert type(loyalty.quality(t, 0.5, 0.5, 0.5)) is float
    assert t == loyalty.trust(8, 1, 1)
    assert t != loyalty.trust(8, 1, 0)
    with pytest.raises(AttributeError):
        t.mean = 1  # type: ignore[misc]


def test_null_in_a_row() -> None:
    for kept in (
        [8, None, 1],
        [8, math.nan, 1],
        np.array([8, np.nan, 1]),
        pd.Series([8, None, 1], dtype="Int64"),
        pl.Series([8, None, 1]),
        pa.array([8, None, 1]),
    ):
        t = loyalty.trust(kept=kept)
        for column in (t.mean, t.variance, t.coverage, t.low, t.high):
            assert np.isnan(np.asarray(column, dtype=float)).tolist() == [False, True, False]
        q = loyalty.quality(0.5, 0.5, 0.5, t)
        assert np.isnan(np.asarray(q, dtype=float)).tolist() == [False, True, False]
    assert loyalty.trust(kept=pl.Series([8, None])).mean.null_count() == 1
    assert loyalty.trust(kept=pa.array([8, None])).mean.null_count == 1
    assert math.isnan(loyalty.trust(kept=None).mean)
    step = loyalty.next_step(answered=[1, None], answer_time=1)
    assert step.step[0] is not None
    assert step.step[1] is None
    assert np.isnan(step.points).tolist() == [False, True]


def test_null_contract_means_none_runs() -> None:
    days = [None, math.nan, -5, 0, 365, math.inf]
    c = loyalty.commitment(kept=3, contract_days_left=days, role="agency")
    assert c.mean[:3].tolist() == [loyalty.commitment(kept=3, role="agency").mean] * 3
    assert c.coverage.tolist()[:3] == [c.coverage[0]] * 3
    assert c.coverage[3] == pytest.approx(c.coverage[0] + 0.25)
    assert c.mean[3:].tolist() == pytest.approx([0.65625, 0.78125, 0.90625])


def test_pandas_keeps_its_index() -> None:
    frame = pd.DataFrame({"kept": [8, 1], "broken": [0, 2]}, index=["a", "b"])
    t = loyalty.trust(kept=frame.kept, broken=frame.broken)
    assert t.mean.index.tolist() == ["a", "b"]
    assert t.low.index.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="different indexes"):
        loyalty.trust(kept=frame.kept, broken=frame.broken[::-1])


def test_empty_columns() -> None:
    t = loyalty.trust(kept=[], broken=np.array([]))
    assert t.mean.shape == (0,)
    assert loyalty.quality(t, t, t, t).shape == (0,)
    assert loyalty.rung(purchases=[]).shape == (0,)


# --- strictness -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "8",
        b"8",
        ["8"],
        [1, "8"],
        np.array(["8"]),
        pd.Series(["8"]),
        pd.Series([8, "x"]),
        pd.Series(["a"], dtype="category"),
        pd.Series(pd.to_datetime(["2020-01-01"])),
        pl.Series(["8"]),
        pa.array(["8"]),
        np.array([1j]),
        np.array([8], dtype=np.longdouble),
        np.array(["2020"], dtype="datetime64[D]"),
        np.zeros((2, 2)),
        [[1, 2], [3, 4]],
        {8},
        {"a": 8},
        object(),
        pd.DataFrame({"a": [8]}),
    ],
    ids=lambda value: type(value).__name__,  # a repr may hold an address, and workers must agree
)
def test_what_is_no_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(TypeError, match="column 'grave': needs"):
        loyalty.trust(kept=1, grave=value)


def test_negative_and_infinite_are_refused_by_row() -> None:
    with pytest.raises(ValueError, match=r"column 'broken', row 1 .*: -2\.0 is not allowed"):
        loyalty.trust(kept=[1, 2], broken=[0, -2])
    with pytest.raises(ValueError, match="column 'kept': -1"):
        loyalty.trust(kept=-1)
    with pytest.raises(ValueError, match=r"column 'given', row 0 .*: inf"):
        loyalty.reciprocity(given=[math.inf])
    with pytest.raises(
        ValueError, match=r"column 'trust', row 1500 .*: 1\.5 is not allowed; needs 0 to 1"
    ):
        loyalty.quality(0.5, 0.5, 0.5, np.where(np.arange(2000) == 1500, 1.5, 0.5))
    with pytest.raises(ValueError, match="column 'commitment': -0"):
        loyalty.quality(-0.1, 0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match=r"column 'trust'.*above 0"):
        loyalty.attribution(0.5, 0.5, 0.5, 0)


@pytest.mark.parametrize(
    "value",
    [
        2**53 + 1,
        2**53 + 2,
        [2**60],
        np.array([2**60]),
        pd.Series([2**60, None], dtype="Int64"),
        pl.Series([2**60, None]),
    ],
)
def test_integers_without_an_exact_value_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"column 'kept'.*2\^53"):
        loyalty.trust(kept=value)


def test_lengths_must_match() -> None:
    with pytest.raises(ValueError, match="'broken' has 3 rows, column 'kept' has 2"):
        loyalty.trust(kept=[1, 2], broken=[1, 2, 3])
    with pytest.raises(ValueError, match="rows"):
        loyalty.trust(kept=[1, 2], broken=[1])  # a column of one row is not one number for all


def test_unknown_role() -> None:
    with pytest.raises(ValueError, match="unknown role 'king'; known are consumer, supplier"):
        loyalty.trust(1, role="king")


def test_interval_needs_parameters() -> None:
    with pytest.raises(TypeError, match="reciprocity: an interval needs a Parameter"):
        loyalty.quality_interval(*(beta(4, 1), beta(4, 1)), 0.5, beta(4, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("module", ["scoring", "tables", "frames"])
def test_examples_in_docstrings(module: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(f"loyalty.{module}"))
    assert attempted > 0
    assert failed == 0
