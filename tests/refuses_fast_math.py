# SPDX-License-Identifier: MIT
"""Checks that every header with floating point refuses to be compiled with options that change results.

Usage: refuses_fast_math.py COMPILER INCLUDE_FOLDERS [HEADER...]; without names, all that speak of `double`. The first
of the folders, which `;` separates, is the library's; the others are those of packages.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

OPTIONS = ["-ffast-math", "-ffinite-math-only"]
MESSAGE = "must not be compiled with"
COMMENT = re.compile(r"//.*")


def preprocess(compiler: str, folders: list[str], header: str, option: str) -> tuple[int, str]:
    """Exit status and errors of the preprocessor alone: that is where #error acts."""
    own, *others = folders
    searched = ["-I", own, *(word for other in others for word in ("-isystem", other))]
    command = [compiler, "-std=c++20", "-E", "-x", "c++", *searched, option, "-"]
    done = subprocess.run(
        command, input=f"#include <{header}>\n", capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def main() -> int:
    compiler, folders = sys.argv[1], sys.argv[2].split(";")
    include = Path(folders[0])
    named = sys.argv[3:]
    found = named or sorted(
        path.relative_to(include).as_posix()
        for path in include.glob("loyalty/**/*.hpp")
        if re.search(r"\bdouble\b", COMMENT.sub("", path.read_text(encoding="utf-8")))
    )
    wrong = []
    for header in found:
        for option in OPTIONS:
            status, errors = preprocess(compiler, folders, header, option)
            if status == 0:
                wrong.append(f"{header}: accepts {option}; include <loyalty/core/config.hpp>")
            elif MESSAGE not in errors:
                wrong.append(f"{header}: refuses {option} for another reason: {errors}")
    print("\n".join(wrong))
    print(f"{len(found)} headers, {len(wrong)} complaints")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
