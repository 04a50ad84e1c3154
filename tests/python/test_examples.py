# SPDX-License-Identifier: MIT
"""Every Python example runs and prints what examples/expected says; a C++ twin is held to the same file."""

from __future__ import annotations

import difflib
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
# An empty list is an error on collection: see empty_parameter_set_mark in pyproject.toml.
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


def expected_file(script: Path) -> Path:
    """expected/<name>.py.txt where the Python twin prints something of its own, else expected/<name>.txt."""
    own = EXAMPLES / "expected" / f"{script.name}.txt"
    return own if own.is_file() else EXAMPLES / "expected" / f"{script.stem}.txt"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_example_prints_what_is_expected(script: Path) -> None:
    expected = expected_file(script)
    assert expected.is_file(), f"{script.name} has no {expected.relative_to(EXAMPLES)}"
    run = subprocess.run(
        [sys.executable, str(script)],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    wanted = expected.read_text(encoding="utf-8")
    difference = "".join(
        difflib.unified_diff(
            wanted.splitlines(keepends=True),
            run.stdout.splitlines(keepends=True),
            str(expected.name),
            "printed",
        )
    )
    assert run.stdout == wanted, difference
