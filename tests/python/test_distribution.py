# SPDX-License-Identifier: MIT
"""What is handed out: the source distribution is whole, the wheel brings stubs, both say what a build needs."""

from __future__ import annotations

import importlib.metadata
import re
import tarfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_installed_files() -> None:
    names = {str(path) for path in importlib.metadata.files("loyalty") or []}
    assert {"loyalty/py.typed", "loyalty/_core.pyi", "loyalty/mappings/uk_retail.toml"} <= names
    assert any(re.fullmatch(r"loyalty/_core\..*\.(so|pyd)", name) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    outside = {n for n in names if not re.match(r"loyalty(-[\d.]+\.dist-info)?/|.*bin/loyalty", n)}
    assert not outside, "the wheel installs more than the package"


def test_source_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = pytest.importorskip("scikit_build_core.build")
    monkeypatch.chdir(ROOT)
    name = build.build_sdist(str(tmp_path))
    with tarfile.open(tmp_path / name) as archive:
        names = {member.partition("/")[2] for member in archive.getnames()}
        readme = archive.extractfile(name.removesuffix(".tar.gz") + "/README.md")
        assert readme is not None
        text = readme.read().decode()
    for folder in ("include/loyalty", "src", "python", "cmake", "tests", "examples", "docs"):
        here = {
            str(path.relative_to(ROOT))
            for path in (ROOT / folder).rglob("*")
            if path.suffix in {".hpp", ".cpp", ".py", ".pyi", ".toml", ".cmake", ".in", ".md"}
        }
        assert here, folder
        assert here <= names, f"missing: {sorted(here - names)[:5]}"
    assert {"CMakeLists.txt", "LICENSE", "pyproject.toml", "python/loyalty/py.typed"} <= names
    assert not {name for name in names if re.match(r"(build|\.venv|\.ci|\.git)/", name)}

    # What find_package needs is what the README tells to install.
    needed = re.findall(r"(lib\w+-dev|g\+\+|cmake|ninja-build)", comment_on_packages())
    assert len(needed) >= 6
    for package in needed:
        assert package in text, f"README.md does not name {package}"


def comment_on_packages() -> str:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(project)["project"]["readme"] == "README.md"
    found = re.search(r"^# *apt-get install (.*)$", project, re.MULTILINE)
    assert found, "pyproject.toml names no system packages"
    return found.group(1)
