# SPDX-License-Identifier: MIT
"""Plants one wrong include at a time into a copy of the headers and sees that layering.py finds it.

Usage: layering_finds_violations.py REPOSITORY
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# What is planted: a file, a line at its end, and what the complaint must say. No line: the tree is sound.
PLANTED: list[tuple[str, str, str]] = [
    ("include/loyalty/core/time.hpp", "#include <loyalty/events.hpp>", "(layer 2)"),
    ("include/loyalty/core/time.hpp", "#include <loyalty/math/beta.hpp>", "(layer 0)"),
    ("include/loyalty/ladder/rung.hpp", "#include <loyalty/parameters/trust.hpp>", "(layer 1)"),
    ("include/loyalty/events/act.hpp", "#  include <loyalty/scoring/quality.hpp>", "(layer 3)"),
    ("include/loyalty/scoring/quality.hpp", "#include <loyalty/policy.hpp>", "(layer 6)"),
    ("include/loyalty/policy.hpp", "#include <loyalty/batch/books.hpp>", "(layer 7)"),
    ("include/loyalty/batch/books.hpp", "#include <loyalty/io.hpp>", "(layer 8)"),
    ("include/loyalty/core/time.hpp", "#include <loyalty/loyalty.hpp>", "(layer 9)"),
    ("include/loyalty/core/time.hpp", "#include <fmt/format.h>", "only the standard library"),
    ("include/loyalty/core/time.hpp", "#include <Eigen/Dense>", "only the standard library"),
    ("include/loyalty/batch/books.hpp", "#include <sys/mman.h>", "only the standard library"),
    ("include/loyalty/core/time.hpp", '#include "error.hpp"', "write the path"),
    ("include/loyalty/core/time.hpp", "#include <loyalty/core/nothing.hpp>", "does not exist"),
    ("include/loyalty/core/time.hpp", "#include <loyalty/elsewhere/a.hpp>", "has no layer"),
    ("include/loyalty/elsewhere/a.hpp", "#include <vector>", "has no layer"),
    ("src/scoring/describe.cpp", "#include <loyalty/policy.hpp>", "(layer 6)"),
    ("src/core/version.cpp", "#include <loyalty/ladder.hpp>", "(layer 1)"),
]


def run(root: Path, tree: Path) -> tuple[int, str]:
    command = [sys.executable, str(root / "tests" / "layering.py"), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main() -> int:
    root = Path(sys.argv[1]).resolve()
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        status, output = run(root, tree)
        if status == 0:
            wrong.append(f"an empty tree passes: {output}")
        for part in ("include", "src"):
            shutil.copytree(root / part, tree / part)
        status, output = run(root, tree)
        if status != 0:
            wrong.append(f"the tree as it is does not pass: {output}")
        for name, line, complaint in PLANTED:
            path = tree / name
            before = path.read_text(encoding="utf-8") if path.is_file() else None
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((before or "") + line + "\n", encoding="utf-8")
            status, output = run(root, tree)
            if status == 0 or complaint not in output or name not in output:
                wrong.append(f"{name} with {line}: status {status}, said: {output}")
            if before is None:
                path.unlink()
            else:
                path.write_text(before, encoding="utf-8")
    print("\n".join(wrong))
    print(f"{len(PLANTED)} violations planted, {len(wrong)} not found as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
