# SPDX-License-Identifier: MIT
"""score_table: one row per customer in, the same rows scored out."""

from __future__ import annotations

import math
import re
from typing import Any

import loyalty
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from loyalty import frames

PARAMETERS = ("commitment", "responsiveness", "reciprocity", "trust")
COMMITMENT = ("guarantees_kept", "guarantees_breached", "contract_days_left")
RESPONSIVENESS = ("answered", "answer_time", "open_requests", "open_time", "granted", "refused")
RECIPROCITY = ("given", "received")
TRUST = ("promises_kept", "promises_broken", "promises_grave")
LADDER = ("purchases", "regularity", "elsewhere", "support", "advocacy", "partnership", "contract")
# The first row is the worked example of docs/model.md, the second a stranger, the third knows little.
TABLE: dict[str, list[Any]] = {
    "relationship": ["worked", "stranger", "new"],
    "role": ["distributor", "agent", "consumer"],
    "guarantees_kept": [1.6199847708164885, 0, 0],
    "guarantees_breached": [0, 0, 0],
    "contract_days_left": [360, None, None],
    "answered": [0.9708077243028017, 0, 1],
    "answer_time": [0.7000482567014223, 0, 0.5],
    "open_requests": [1, 0, 0],
    "open_time": [2, 0, 0],
    "granted": [0.5047610586591502, 0, 0],
    "refused": [0.5988434544529426, 0, 0],
    "given": [2.114338095738065, 0, 0],
    "received": [7.469095520001291, 0, 0],
    "promises_kept": [5.858761098071231, 0, 2],
    "promises_broken": [0.6133043403173009, 0, 0],
    "promises_grave": [0.613822446560481, 0, 0],
    "purchases": [8, 0, 2],
    "regularity": [4.5, 0, 1.9],
    "elsewhere": [0, 0, 0],
    "support": [2.1, 0, 0.2],
    "advocacy": [1.9, 0, 0],
    "partnership": [1.5, 0, 0],
    "contract": [True, False, False],
}
MAKERS = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": lambda columns: pa.table(columns),
    "dict": lambda columns: columns,
    "dict of arrays": lambda columns: {
        name: np.array([np.nan if v is None else v for v in values])
        for name, values in columns.items()
    },
}


def plain(frame: Any) -> dict[str, list[Any]]:
    """Any frame as lists, null as None."""
    out = {}
    for name in frames.names_of(frame):
        values = list(frames.column_of(frame, name))
        values = [v.as_py() if isinstance(v, pa.Scalar) else v for v in values]
        out[name] = [
            None if v is None or v is pd.NA or (isinstance(v, float) and math.isnan(v)) else v
            for v in values
        ]
    return out


@pytest.mark.parametrize("kind", MAKERS)
def test_worked_example_in_every_kind_of_frame(kind: str) -> None:
    table = MAKERS[kind](TABLE)
    scored = loyalty.score_table(table)
    assert type(scored) is type(table)
    out = plain(scored)
    assert list(out) == [
        "relationship", "role", "rung", "quality", "quality_low", "quality_high", "evidence",
        *PARAMETERS,
        *(f"{p}_{end}" for p in PARAMETERS for end in ("low", "high")),
        *(f"{p}_coverage" for p in PARAMETERS),
        *(f"why_{p}" for p in PARAMETERS),
        "next_step", "next_step_points",
    ]  # fmt: skip
    assert out["relationship"] == TABLE["relationship"]
    assert out["role"] == TABLE["role"]
    assert out["rung"] == ["partner", "prospect", "client"]
    first = {name: values[0] for name, values in out.items()}
    assert [first[p] for p in PARAMETERS] == pytest.approx(
        [0.760514, 0.502735, 0.723813, 0.776298], abs=6e-7
    )
    assert first["quality"] == pytest.approx(69.891745, abs=1e-5)
    assert (first["quality_low"], first["quality_high"]) == pytest.approx(
        (53.737255, 80.595359), abs=1e-5
    )
    assert [first[f"why_{p}"] for p in PARAMETERS] == pytest.approx(
        [3.331684, -4.398857, 1.155830, -0.845344], abs=1e-5
    )
    assert first["evidence"] == "strong"
    assert (first["next_step"], first["next_step_points"]) == (
        "answer_request",
        pytest.approx(2.0553, abs=6e-5),
    )
    stranger = {name: values[1] for name, values in out.items()}
    assert stranger["commitment"] == pytest.approx(0.6)
    for name in (
        "quality",
        "quality_low",
        "quality_high",
        "why_trust",
        "next_step",
        "next_step_points",
    ):
        assert stranger[name] is None
    assert stranger["evidence"] == "none"


def test_equals_the_functions() -> None:
    random = np.random.default_rng(2)
    rows = 300
    numeric = [name for name in TABLE if name not in ("relationship", "role", "contract")]
    table = {name: random.gamma(1, 3, rows) for name in numeric} | {
        "purchases": random.poisson(1, rows),
        "contract": random.random(rows) < 0.5,
    }
    role = "supplier"
    out = loyalty.score_table(table, role=role)
    four = (
        loyalty.commitment(*(table[n] for n in COMMITMENT), role=role),
        loyalty.responsiveness(*(table[n] for n in RESPONSIVENESS), role=role),
        loyalty.reciprocity(*(table[n] for n in RECIPROCITY), role=role),
        loyalty.trust(*(table[n] for n in TRUST), role=role),
    )
    for name, parameter in zip(PARAMETERS, four, strict=True):
        assert np.array_equal(out[name], parameter.mean)
        assert np.array_equal(out[f"{name}_low"], parameter.low)
        assert np.array_equal(out[f"{name}_high"], parameter.high)
        assert np.array_equal(out[f"{name}_coverage"], parameter.coverage)
    assert out["quality"] == pytest.approx(loyalty.quality(*four, role=role), rel=1e-14)
    interval = loyalty.quality_interval(*four, role=role)
    assert np.array_equal(out["quality_low"], interval.low)
    assert np.array_equal(out["quality_high"], interval.high)
    for name, points in zip(PARAMETERS, loyalty.attribution(*four, role=role), strict=True):
        assert np.array_equal(out[f"why_{name}"], points)
    evidence = COMMITMENT + RESPONSIVENESS + RECIPROCITY + TRUST
    step = loyalty.next_step(**{n: table[n] for n in evidence}, role=role)
    assert out["next_step"].tolist() == step.step.tolist()
    assert np.array_equal(out["next_step_points"], step.points)
    assert out["rung"].tolist() == loyalty.rung(**{n: table[n] for n in LADDER}).tolist()


def test_absent_columns_are_not_observed() -> None:
    out = loyalty.score_table({"promises_kept": [20, 0]})
    assert np.isnan(out["commitment"]).all()
    assert out["commitment_coverage"].tolist() == [0, 0]
    assert out["rung"].tolist() == [None, None]
    # The others stand at their priors.
    expected = loyalty.quality(0.8, 0.6875, 2 / 3, loyalty.trust(kept=20))
    assert out["quality"][0] == pytest.approx(expected, rel=1e-14)
    assert math.isnan(out["quality"][1])
    assert out["evidence"].tolist() == ["fair", "none"]
    assert out["why_trust"][0] == pytest.approx(expected - loyalty.quality(0.8, 0.6875, 2 / 3, 0.8))


def test_one_side_of_a_balance_shows_nothing() -> None:
    out = loyalty.score_table({"received": [5.0], "promises_kept": [5]})
    assert math.isnan(out["reciprocity"][0])
    assert out["reciprocity_coverage"][0] == 0


def test_null_makes_its_parameter_null() -> None:
    table = {
        "promises_kept": [8, None],
        "promises_grave": [1, 0],
        "given": [1, 1],
        "received": [2, 2],
        "purchases": [1, None],
    }
    out = loyalty.score_table(pl.DataFrame(table))
    assert out["trust"].is_null().to_list() == [False, True]
    assert out["trust_coverage"].to_list() == [pytest.approx(9 / 14), 0]
    assert out["reciprocity"].null_count() == 0
    assert out["rung"].to_list() == ["buyer", None]
    assert out["why_trust"].is_null().to_list() == [False, True]


def test_contract_days_left_make_a_client() -> None:
    out = loyalty.score_table({"purchases": [1, 1, 1], "contract_days_left": [30, None, -3]})
    assert out["rung"].tolist() == ["client", "buyer", "buyer"]


def test_other_names_and_columns_that_are_not_ours() -> None:
    frame = pd.DataFrame(
        {
            "kundennummer": [17, 4],
            "on_time": [8, 1],
            "complaints": [0, 2],
            "joined": pd.to_datetime(["2020-01-01", None]),
        },
        index=["x", "y"],
    )
    out = loyalty.score_table(
        frame, relationship="kundennummer", promises_kept="on_time", promises_grave="complaints"
    )
    assert out.index.tolist() == ["x", "y"]
    assert out["relationship"].tolist() == [17, 4]
    assert out["relationship"].dtype == frame["kundennummer"].dtype
    assert out["trust"].tolist() == loyalty.trust([8, 1], 0, [0, 2]).mean.tolist()
    assert "joined" not in out
    assert "relationship" not in loyalty.score_table(frame, promises_kept="on_time")


def test_roles() -> None:
    frame = pl.DataFrame({"guarantees_kept": [3, 3, 3], "tier": ["consumer", None, "agency"]})
    assert loyalty.score_table(frame)["commitment"].to_list() == [0.875] * 3
    assert loyalty.score_table(frame, role="agent")["commitment"].to_list() == [0.65625] * 3
    out = loyalty.score_table(frame, role="tier")
    assert out["role"].to_list() == ["consumer", "consumer", "agency"]
    assert out["commitment"].to_list() == [0.875, 0.875, 0.65625]
    policy = loyalty.Policy.from_dict({"default_role": "supplier"})
    assert loyalty.score_table(frame, role="tier", policy=policy)["role"].to_list() == [
        "consumer", "supplier", "agency",
    ]  # fmt: skip


def test_policy() -> None:
    policy = loyalty.Policy.from_dict({"quality": {"minimum_coverage": 0}, "language": "de"})
    out = loyalty.score_table({"promises_kept": [0], "purchases": [1]}, policy=policy)
    assert out["quality"][0] > 0
    assert out["rung"].tolist() == [policy.labels[1]]
    assert out["rung"][0] != "buyer"


def test_table_without_rows() -> None:
    for kind in ("pandas", "polars", "pyarrow", "dict"):
        empty = {
            "promises_kept": np.array([], dtype=float),
            "relationship": np.array([], dtype=object),
        }
        out = loyalty.score_table(frames.to_frame(empty, kind=kind))
        assert len(out["quality"]) == 0


KEPT = {"promises_kept": [1]}


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        (
            KEPT,
            {"promise_kept": "x"},
            "unknown argument 'promise_kept'; did you mean 'promises_kept'",
        ),
        (
            KEPT,
            {"promises_grave": "bad"},
            "no column 'bad' for promises_grave; there are promises_kept",
        ),
        (KEPT, {"relationship": "id"}, "no column 'id' for relationship"),
        (KEPT, {"role": "king"}, "no column 'king' for role (or one of consumer"),
        ({"x": [1]}, {}, "none of the columns guarantees_kept"),
        ({"promise_kept": [1]}, {}, "Perhaps promises_kept='promise_kept'"),
        (
            {"ok": [1, -2]},
            {"promises_kept": "ok"},
            "column 'ok' (promises_kept), row 1 (the first row is 0): -2.0",
        ),
        ({"purchases": [1.5]}, {}, "needs a whole number"),
        ({"answered": [1]}, {}, "column 'answered' needs 'answer_time' beside it"),
        ({"open_time": [1]}, {}, "column 'open_time' needs 'open_requests' beside it"),
        (KEPT | {"promises_grave": [1, 2]}, {}, "'promises_grave' has 2 rows, the others have 1"),
        (
            KEPT | {"role": ["king"]},
            {},
            "(the first row is 0): 'king' is not one of consumer, supplier",
        ),
    ],
)
def test_errors_say_what_to_do(table: Any, arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        loyalty.score_table(table, **arguments)


def test_text_and_what_is_no_table() -> None:
    with pytest.raises(TypeError, match="column 'promises_kept': needs numbers, not text"):
        loyalty.score_table({"promises_kept": ["8"]})
    with pytest.raises(TypeError, match="a table is a pandas, polars or pyarrow frame"):
        loyalty.score_table([1, 2])
