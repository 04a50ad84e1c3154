# SPDX-License-Identifier: MIT
"""Checks that every file in include/ and src/ includes only lower layers or its own folder.

Usage: layering.py REPOSITORY checks; layering.py REPOSITORY --library-level lists the headers that
may use Eigen and belong to loyalty::loyalty, one per line. The layers are those of docs/model.md.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LAYERS: dict[str, int] = {
    "core": 0,
    "math": 0,
    "ladder": 1,
    "parameters": 1,
    "events": 2,
    "purchase": 2,
    "dynamics": 2,
    "scoring": 3,
    "value": 4,
    "validity": 4,
    "programme": 5,
    "policy": 6,
    "batch": 7,  # portfolios hold rules
    "io": 8,
    "loyalty": 9,  # the umbrella header
}

# Everyone may include these: they include nothing of the library themselves.
GROUND = {"loyalty/core/config.hpp", "loyalty/core/version.hpp"}

# Headers of loyalty::loyalty, which may use Eigen; all others need the standard library only.
LIBRARY_LEVEL = re.compile(
    r"loyalty/((purchase|dynamics|value|programme|io)(/|\.hpp$)|math/(optimi[sz]|matrix_)|math\.hpp$)"
)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
STANDARD = re.compile(r"[a-z0-9_]+$")
PLATFORM = {"immintrin.h", "intrin.h"}


def folder_of(path: str) -> str:
    """The layer's name of loyalty/<folder>/<file> or loyalty/<folder>.hpp."""
    first = path.split("/")[1]
    return first.removesuffix(".hpp").removesuffix(".cpp")


def headers(root: Path) -> list[str]:
    """All headers, as a program includes them."""
    include = root / "include"
    return sorted(path.relative_to(include).as_posix() for path in include.glob("**/*.hpp"))


def complaints(root: Path) -> tuple[int, list[str]]:
    """The number of files read and what is wrong with them."""
    files = [(root / "include" / name, name) for name in headers(root)]
    files += [
        (path, "loyalty/" + path.relative_to(root / "src").as_posix())
        for pattern in ("src/**/*.cpp", "src/**/*.hpp")
        for path in root.glob(pattern)
    ]
    found: list[str] = []
    for path, name in sorted(files):
        here = path.relative_to(root).as_posix()
        folder = folder_of(name)
        if folder not in LAYERS:
            found.append(f"{here}: the folder '{folder}' has no layer in tests/layering.py")
            continue
        for bracket, target in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if target.startswith("loyalty/"):
                if target in GROUND:
                    continue
                other = folder_of(target)
                if other not in LAYERS:
                    found.append(f"{here}: includes {target}, whose folder has no layer")
                elif other != folder and LAYERS[other] >= LAYERS[folder]:
                    found.append(
                        f"{here} (layer {LAYERS[folder]}): includes {target} (layer {LAYERS[other]})"
                    )
                elif here.startswith("include/") and not (root / "include" / target).is_file():
                    found.append(f"{here}: includes {target}, which does not exist")
            elif here.startswith("include/"):
                if bracket == '"':
                    found.append(f'{here}: includes "{target}"; write the path from loyalty/ on')
                elif LIBRARY_LEVEL.match(name) and target.startswith(
                    ("Eigen/", "unsupported/Eigen/")
                ):
                    continue
                elif not (
                    STANDARD.match(target) or target in PLATFORM or name.startswith("loyalty/io/")
                ):
                    found.append(
                        f"{here}: includes <{target}>; only the standard library may be used here"
                    )
    return len(files), found


def main() -> int:
    root = Path(sys.argv[1]).resolve()
    if "--library-level" in sys.argv:
        print("\n".join(name for name in headers(root) if LIBRARY_LEVEL.match(name)))
        return 0
    count, found = complaints(root)
    for line in found:
        print(line)
    if count == 0:
        print(f"no files found below {root}: nothing was checked")
        return 1
    print(f"{count} files, {len(found)} wrong includes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
