# SPDX-License-Identifier: MIT
"""Every public function, class and method has a docstring, and it names the arguments."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import loyalty
import loyalty.purchase
import pytest

#: Modules of their own that are no part of the Python interface.
INTERNAL = {"command"}
MODULES = [
    "loyalty",
    *(
        f"loyalty.{module.name}"
        for module in pkgutil.iter_modules(loyalty.__path__)
        if not module.name.startswith("_") and module.name not in INTERNAL
    ),
    *(
        f"loyalty.purchase.{module.name}"
        for module in pkgutil.iter_modules(loyalty.purchase.__path__)
    ),
]
#: Classes that functions make and nobody calls: their fields and properties speak for themselves.
MADE = {
    "loyalty.changes.Change",
    "loyalty.changes.Changes",
    "loyalty.dynamics.FirstPassage",
    "loyalty.dynamics.MixForecast",
    "loyalty.dynamics.NullMix",
    "loyalty.dynamics.StationaryMix",
    "loyalty.guess.Guess",
    "loyalty.histories.History",
    "loyalty.histories.RelationshipHistory",
    "loyalty.learning.PolicyFit",
    "loyalty.mapping.Mapping",
    "loyalty.portfolio.Assessment",
    "loyalty.portfolio.Result",
    "loyalty.reading.EventTable",
    "loyalty.reading.Rejects",
    "loyalty.value.RungValue",
}
#: Whose docstrings do not name every argument yet. This list only ever gets shorter.
LACKING: set[str] = set()


def own(name: str) -> list[tuple[str, Any]]:
    """The public functions and classes of a module, each under the module that defines it."""
    module = importlib.import_module(name)
    public = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    found = []
    for public_name in public:
        value = getattr(module, public_name)
        if (inspect.isclass(value) or inspect.isroutine(value)) and value.__module__ == name:
            found.append((f"{name}.{public_name}", value))
    return found


def members(path: str, value: Any) -> Iterator[tuple[str, Any, list[str]]]:
    """A function, or a class and its public methods: path, object, names of the arguments."""
    if not inspect.isclass(value):
        yield path, value, arguments(value)
        return
    fields = issubclass(value, tuple) or dataclasses.is_dataclass(value) or path in MADE
    yield path, value, [] if fields else arguments(value)
    for name, member in vars(value).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield f"{path}.{name}", member, []
        elif isinstance(member, classmethod | staticmethod):
            yield f"{path}.{name}", member.__func__, arguments(member.__func__)
        elif inspect.isfunction(member):
            yield f"{path}.{name}", member, arguments(member)


def arguments(function: Any) -> list[str]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # an exception class
        return []
    return [
        name
        for name, parameter in signature.parameters.items()
        if name not in ("self", "cls", "args", "kwargs", "args_", "kwds")
        and not name.startswith("_")
        and parameter.kind is not parameter.VAR_KEYWORD
    ]


ALL = [
    pytest.param(path, member, names, id=path)
    for module in MODULES
    for defined, value in own(module)
    for path, member, names in members(defined, value)
]


def test_there_is_something_to_look_at() -> None:
    assert len(ALL) > 60


@pytest.mark.parametrize(("path", "member", "names"), ALL)
def test_docstring_names_the_arguments(path: str, member: Any, names: list[str]) -> None:
    text = inspect.getdoc(member) or ""
    unsaid = [name for name in names if not re.search(rf"\b{re.escape(name)}\b", text)]
    if path in LACKING and unsaid:
        pytest.xfail(f"does not name {', '.join(unsaid)}")
    assert len(text.split()) >= 2, f"{path} has no docstring"
    assert not text.startswith(path.rsplit(".", 1)[-1] + "("), f"{path} has a generated docstring"
    assert not unsaid, f"the docstring of {path} does not name {', '.join(unsaid)}"
