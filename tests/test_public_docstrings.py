"""What public docstrings promise: a list of parameters names each of them, and errors raised are named."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import widgets
import workbench
from workbench import errors

ROOT = Path(__file__).resolve().parents[1]
SECTION = re.compile(r"^Parameters\n-+\n(.*?)(?=^\w+\n-{3,}\n|\Z)", re.DOTALL | re.MULTILINE)
ERRORS = {name for name in dir(errors) if isinstance(getattr(errors, name), type)}

Definition = ast.FunctionDef | ast.ClassDef


@cache
def _defined(module: str) -> tuple[dict[str, Definition], dict[str, str]]:
    """What a module of the project defines at its top, and where the names come from that it imports."""
    body = ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")).body
    imported = {
        alias.name: node.module or ""
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return {node.name: node for node in body if isinstance(node, Definition)}, imported


def _public() -> Iterator[Definition]:
    """Public functions and classes, and the classes of the project that these inherit from."""
    asked = [*workbench._HOMES.items(), *widgets._HOMES.items(), ("open_engine", "workbench.engine")]
    seen = set()
    while asked:
        name, module = asked.pop()
        here, imported = _defined(module)
        if name in here and (name, module) not in seen:
            seen.add((name, module))
            yield here[name]
            bases = [each.id for each in getattr(here[name], "bases", ()) if isinstance(each, ast.Name)]
            homes = {base: imported.get(base, module) for base in bases}
            asked += [pair for pair in homes.items() if pair[1].startswith(("workbench.", "widgets."))]


def _described(node: Definition) -> Iterator[tuple[str, str, list[str], list[ast.FunctionDef]]]:
    """Name, docstring, parameters and bodies of a function, or of a class and each of its public methods."""
    if isinstance(node, ast.FunctionDef):
        yield node.name, ast.get_docstring(node) or "", _arguments(node), [node]
        return
    methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    made = [methods[name] for name in ("__init__", "__post_init__") if name in methods]
    fields = [
        s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
    ]
    taken = _arguments(methods["__init__"])[1:] if "__init__" in methods else fields
    yield node.name, ast.get_docstring(node) or "", [name for name in taken if name[0] != "_"], made
    for name, method in methods.items():
        static = any(
            isinstance(each, ast.Name) and each.id == "staticmethod" for each in method.decorator_list
        )
        if not name.startswith(("_", "on_")):  # views call on_...: what they raise is shown
            names = _arguments(method)[0 if static else 1 :]
            yield f"{node.name}.{name}", ast.get_docstring(method) or "", names, [method]


def _arguments(function: ast.FunctionDef) -> list[str]:
    said = function.args
    every = [*said.posonlyargs, *said.args, *said.kwonlyargs, said.vararg, said.kwarg]
    return [each.arg for each in every if each is not None and each.arg != "_"]


def _listed(docstring: str) -> list[str] | None:
    """The names before the colons of the list of parameters; None where there is no list."""
    section = SECTION.search(docstring)
    heads = [line.split(":")[0] for line in section[1].splitlines() if line[:1].strip()] if section else []
    return [name.strip(" *") for head in heads for name in head.split(",")] if section else None


def _raised(body: ast.FunctionDef) -> set[str]:
    """Errors of the project that a body raises itself, or has ``expect`` raise."""
    found: set[str] = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.add(getattr(node.exc.func, "id", "") or getattr(node.exc.func, "attr", ""))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "expect":
            found |= {each.id for each in node.args if isinstance(each, ast.Name)}
    return found & ERRORS


@pytest.fixture(scope="module")
def described():
    return [each for node in _public() for each in _described(node)]


def test_enough_is_read(described) -> None:
    """Functions, methods, and what they inherit from modules that own no public name."""
    names = {name for name, *_ in described}
    assert {"open_engine", "Engine.train", "Opened.seeds", "Results.write", "Face.publish"} <= names


def test_a_list_of_parameters_names_each_and_no_other(described) -> None:
    wrong = [
        f"{name}: lists {', '.join(listed)}; takes {', '.join(taken)}"
        for name, docstring, taken, _ in described
        if (listed := _listed(docstring)) is not None and set(listed) != set(taken)
    ]
    assert not wrong


def test_errors_that_are_raised_are_named(described) -> None:
    wrong = [
        f"{name}: {error}"
        for name, docstring, _, bodies in described
        for error in sorted(set().union(*map(_raised, bodies)))
        if error not in docstring
    ]
    assert not wrong
