# SPDX-License-Identifier: MIT
"""Loyalty ladder, relationship quality and value from a log of events."""

from __future__ import annotations

from loyalty._core import Error, LimitError, MismatchError, PolicyError, WindowError, __version__
from loyalty.orders import from_orders
from loyalty.policy import Policy
from loyalty.portfolio import Assessment, Books, Portfolio, Result

__all__ = [
    "Assessment",
    "Books",
    "Error",
    "LimitError",
    "MismatchError",
    "Policy",
    "PolicyError",
    "Portfolio",
    "Result",
    "WindowError",
    "__version__",
    "from_orders",
]
