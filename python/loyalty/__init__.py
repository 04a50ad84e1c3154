# SPDX-License-Identifier: MIT
"""Loyalty ladder, relationship quality and value from a log of events."""

from __future__ import annotations

from loyalty._core import __version__

__all__ = ["__version__"]
