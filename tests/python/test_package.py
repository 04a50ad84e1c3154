# SPDX-License-Identifier: MIT
"""The installed package: what pip installed is whole and says the same version everywhere."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import re
from pathlib import Path

import loyalty

ROOT = Path(__file__).parents[2]


def test_version_has_one_source() -> None:
    header = (ROOT / "include/loyalty/core/version.hpp").read_text(encoding="utf-8")
    parts = re.findall(r"#define LOYALTY_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
    assert len(parts) == 3
    assert loyalty.__version__ == ".".join(parts)
    assert importlib.metadata.version("loyalty") == loyalty.__version__


def test_package_is_typed() -> None:
    assert importlib.resources.files("loyalty").joinpath("py.typed").is_file()


def test_core_dependencies_stay_few() -> None:
    required = importlib.metadata.requires("loyalty") or []
    core = {re.split(r"[ <>=!~;\[]", line)[0] for line in required if "extra ==" not in line}
    assert core == {"numpy", "narwhals"}
