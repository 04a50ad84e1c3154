# SPDX-License-Identifier: MIT
"""The documentation names what there is: columns, kinds, codes, policy keys, verbs and options."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from loyalty import _core

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_those_of_the_library(tables: ModuleType) -> None:
    """A column or a kind that is added in C++ is in the documentation once `./dev docs` has run."""
    used = set()
    for file in sorted(DOCS.glob("*.md")):
        page = file.read_text(encoding="utf-8")
        used |= {found[2] for found in tables.MARKED.finditer(page)}
        assert tables.with_tables(page) == page, f"docs/{file.name}: run ./dev docs"
    assert used == set(tables.TABLES)


def test_a_stale_table_is_found(tables: ModuleType) -> None:
    page = (DOCS / "events.md").read_text(encoding="utf-8")
    assert tables.with_tables(page.replace("| `gift` |", "| `gifts` |")) == page
    with pytest.raises(KeyError, match="nothing"):
        tables.with_tables("<!-- table: nothing -->\n<!-- /table -->")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("events.md", _core.code_names[1:]),
        ("events.md", _core.skip_names),
        ("events.md", _core.role_names),
        ("results.md", _core.next_step_names),
        ("results.md", _core.evidence_names),
        ("history.md", _core.period_names),
    ],
    ids=["codes", "skips", "roles", "steps", "grades", "periods"],
)
def test_words_are_explained(page: str, words: tuple[str, ...]) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert words
    assert [word for word in words if not re.search(rf"\b{word}\b", text)] == []


def test_every_policy_key_is_explained() -> None:
    text = (DOCS / "policy.md").read_text(encoding="utf-8")
    full = _core.Policy().to_toml(full=True)
    keys = set(re.findall(r"^#? ?([a-z_]+) = ", full, re.MULTILINE))
    assert len(keys) > 30
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", text)) == []


def test_every_verb_and_option_is_explained() -> None:
    import typer.main
    from loyalty.command import _app

    text = (DOCS / "command.md").read_text(encoding="utf-8")
    command = typer.main.get_command(_app.app)
    missing = []

    def walk(group: object, path: str) -> None:
        for name, verb in sorted(getattr(group, "commands", {}).items()):
            whole = f"{path} {name}"
            if not getattr(verb, "hidden", False) and whole not in text:
                missing.append(whole)
            for parameter in verb.params:
                for option in parameter.opts:
                    if option.startswith("--") and option != "--help" and f"`{option}" not in text:
                        missing.append(f"{whole} {option}")
            walk(verb, whole)

    walk(command, "loyalty")
    assert getattr(command, "commands", {})
    assert missing == []
