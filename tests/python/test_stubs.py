# SPDX-License-Identifier: MIT
"""The stubs say what the compiled half is: the same names, parameters, defaults and plain types."""

from __future__ import annotations

import ast
import inspect
import types
from pathlib import Path
from typing import Any

import loyalty
import pytest
from loyalty import _core

STUBS = ast.parse((Path(loyalty.__file__).parent / "_core.pyi").read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in STUBS.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name: node for node in STUBS.body if isinstance(node, ast.FunctionDef)}
VALUES = {
    node.target.id: ast.unparse(node.annotation)
    for node in STUBS.body
    if isinstance(node, ast.AnnAssign)
    and isinstance(node.target, ast.Name)
    and ast.unparse(node.annotation) != "TypeAlias"
}
#: How pybind11 writes what Python calls by one name.
PLAIN = {
    "typing.SupportsInt | typing.SupportsIndex": "int",
    "typing.SupportsInt | typing.SupportsIndex | None": "int | None",
    "typing.SupportsFloat | typing.SupportsIndex": "float",
}
CHECKED = {"str", "int", "float", "bool", "bytes", "None", "int | None", "Policy", "Portfolio"}


def parameters(function: ast.FunctionDef) -> list[tuple[str, bool, str | None]]:
    """Name, whether there is a default, and type, without self."""
    arguments = function.args
    others = (arguments.vararg, arguments.kwarg, *arguments.kwonlyargs)
    assert not any(others), function.name
    first_default = len(arguments.args) - len(arguments.defaults)
    return [
        (
            argument.arg,
            position >= first_default,
            None if argument.annotation is None else ast.unparse(argument.annotation),
        )
        for position, argument in enumerate(arguments.args)
        if argument.arg != "self"
    ]


def compiled(function: Any) -> ast.FunctionDef:
    """The signature that pybind11 writes into the first line of a docstring."""
    line = (function.__doc__ or "").splitlines()[0].replace("loyalty._core.", "")
    assert not line.endswith("(*args, **kwargs)"), f"{line} is overloaded: stubs must say how"
    node = ast.parse(f"def {line}: ...").body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def assert_same(name: str, stub: ast.FunctionDef, function: Any) -> None:
    real = compiled(function)
    said, found = parameters(stub), parameters(real)
    assert [(n, d) for n, d, _ in said] == [(n, d) for n, d, _ in found], name
    for (parameter, _, stub_type), (_, _, type_) in zip(said, found, strict=True):
        plain = PLAIN.get(type_ or "", type_)
        if plain in CHECKED:
            assert stub_type == plain, f"{name}({parameter})"
    if real.returns is not None and stub.returns is not None:
        plain = ast.unparse(real.returns)
        if PLAIN.get(plain, plain) in CHECKED:
            assert ast.unparse(stub.returns) == PLAIN.get(plain, plain), f"{name} ->"


def test_every_name_is_in_the_stubs_and_every_stub_exists() -> None:
    assert "__getattr__" not in FUNCTIONS
    names = {name for name in vars(_core) if not name.startswith("_")} | {"__version__"}
    assert names == CLASSES.keys() | FUNCTIONS.keys() | VALUES.keys()
    assert len(names) > 30
    for name in FUNCTIONS:
        assert callable(getattr(_core, name)), name
        assert not inspect.isclass(getattr(_core, name)), name
    for name in CLASSES:
        assert inspect.isclass(getattr(_core, name)), name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    assert_same(name, FUNCTIONS[name], getattr(_core, name))


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name: str) -> None:
    class_ = getattr(_core, name)
    stub = CLASSES[name]
    bases = {ast.unparse(base) for base in stub.bases}
    assert bases == {base.__name__ for base in class_.__bases__} - {"pybind11_object", "object"}
    members = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
    own = {
        member
        for member, value in vars(class_).items()
        if not member.startswith("_")
        # A class that Python cannot make has but a slot as its constructor.
        or (
            member in {"__init__", "__len__", "__contains__"}
            and not isinstance(value, types.WrapperDescriptorType)
        )
    }
    assert own == members.keys()
    for member, node in members.items():
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        value = vars(class_)[member]
        assert isinstance(value, property) == ("property" in decorators), member
        assert isinstance(value, staticmethod) == ("staticmethod" in decorators), member
        if isinstance(value, property):
            assert value.fset is None, f"{member} can be set, the stubs say it cannot"
        else:
            assert_same(f"{name}.{member}", node, getattr(class_, member))


def as_written(value: Any) -> set[str]:
    if isinstance(value, tuple):
        inner = set.union(*(as_written(item) for item in value))
        same = f"tuple[{next(iter(inner))}, ...]" if len(inner) == 1 else ""
        return {same, f"tuple[{', '.join(sorted(inner))}]"} | {
            f"tuple[{', '.join(type(item).__name__ for item in value)}]"
        }
    return {type(value).__name__}


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    value = getattr(_core, name)
    if isinstance(value, tuple):
        item = VALUES[name].removeprefix("tuple[").removesuffix(", ...]")
        assert value
        for element in value:
            assert item in as_written(element), name
    else:
        assert VALUES[name].split("[")[0] in as_written(value)
