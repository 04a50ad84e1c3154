# SPDX-License-Identifier: MIT
"""Loyalty ladder, relationship quality and value from a log of events."""

from __future__ import annotations

from loyalty import dynamics, purchase, value
from loyalty._core import Error, LimitError, MismatchError, PolicyError, WindowError, __version__
from loyalty._fits import DiscountRate, Estimate, FitStatus
from loyalty._words import STEPS
from loyalty.changes import Change, Changes, policy_diff
from loyalty.histories import History, RelationshipHistory, history
from loyalty.learning import PolicyFit
from loyalty.orders import from_orders
from loyalty.policy import Policy
from loyalty.portfolio import Assessment, Books, Portfolio, Result, ResultStream
from loyalty.scoring import (
    Parameter,
    attribution,
    commitment,
    next_step,
    probability_we_give_more,
    quality,
    quality_interval,
    reciprocity,
    responsiveness,
    rung,
    rung_strength,
    trust,
)
from loyalty.tables import score_table

__all__ = [
    "STEPS",
    "Assessment",
    "Books",
    "Change",
    "Changes",
    "DiscountRate",
    "Error",
    "Estimate",
    "FitStatus",
    "History",
    "LimitError",
    "MismatchError",
    "Parameter",
    "Policy",
    "PolicyError",
    "PolicyFit",
    "Portfolio",
    "RelationshipHistory",
    "Result",
    "ResultStream",
    "WindowError",
    "__version__",
    "attribution",
    "commitment",
    "dynamics",
    "from_orders",
    "history",
    "next_step",
    "policy_diff",
    "probability_we_give_more",
    "purchase",
    "quality",
    "quality_interval",
    "reciprocity",
    "responsiveness",
    "rung",
    "rung_strength",
    "score_table",
    "trust",
    "value",
]
