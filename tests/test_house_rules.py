"""The numbers of CONTRIBUTING.md, enforced: sizes, docstrings, same-named tests, no machine's paths."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("workbench", "widgets", "benchmarks", "tests")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ASSETS = sorted(path for path in (ROOT / "widgets" / "static").glob("*") if path.suffix in {".js", ".css"})
TEXT = {".py", ".md", ".ipynb", ".js", ".css", ".toml", ".yml", ".yaml", ".txt", ".lark", ".html", ""}

FILE_LINES, FUNCTION_LINES, NOTEBOOK_LINES, WIDGET_LINES = 400, 60, 25, 150

MACHINE_PATHS = re.compile(
    r"(?<![\w.])/(work|root|opt|Users)/|/home/(?!runner)|[A-Z]:\\\\Users|file://" + r"/"
)

GENERATED = {".venv", ".git", ".hypothesis", ".ipynb_checkpoints", "__pycache__", "out", "build", "dist"}

TESTED_ELSEWHERE = {
    "workbench/types.py": "aliases only",
    "workbench/stores/protocols.py": "protocols only; the shipped suites test what implements them",
    "workbench/sampling/audit_sql.py": "tests/sampling/test_audit.py plants every fault that it finds",
    "workbench/sampling/audit_chunk.py": "tests/sampling/test_audit_shape.py breaks what it reads",
    "workbench/sampling/leakage_seeds.py": "tests/sampling/test_leakage.py plants every finding",
    "workbench/sampling/leakage_columns.py": "tests/sampling/test_leakage.py plants every finding",
    "workbench/__main__.py": "tests/test_cli.py starts it",
}
"""Modules without a same-named test, and where they are tested instead."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_files_are_short() -> None:
    assert not [name(path) for path in [*SOURCES, *ASSETS] if len(lines(path)) > FILE_LINES]


def test_widgets_are_shorter_still() -> None:
    files = (ROOT / "widgets").glob("*.py")
    assert not [name(path) for path in files if len(lines(path)) > WIDGET_LINES]


def test_files_say_what_they_are() -> None:
    assert not [name(path) for path in SOURCES if not ast.get_docstring(tree(path))]


def test_functions_are_short() -> None:
    long = [
        f"{name(path)}: {node.name}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= FUNCTION_LINES
    ]
    assert not long


def test_notebooks_are_short() -> None:
    long = []
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "".join("".join(cell["source"]) + "\n" for cell in cells if cell["cell_type"] == "code")
        counted = [line for line in code.splitlines() if line.strip() and not line.strip().startswith("#")]
        if len(counted) > NOTEBOOK_LINES:
            long.append(f"{name(path)}: {len(counted)} code lines")
    assert not long


def test_every_module_has_a_test_of_its_name() -> None:
    missing = []
    for path in SOURCES:
        package, *rest = path.relative_to(ROOT).parts
        if package not in {"workbench", "widgets"} or path.name == "__init__.py":
            continue
        folder = rest[:-1] if package == "workbench" else ["widgets", *rest[:-1]]
        test = ROOT.joinpath("tests", *folder, f"test_{path.stem.lstrip('_')}.py")
        if not test.exists() and name(path) not in TESTED_ELSEWHERE:
            missing.append(f"{name(path)} -> {name(test)}")
    assert not missing


def test_the_list_of_exemptions_is_current() -> None:
    assert all((ROOT / path).exists() for path in TESTED_ELSEWHERE)


def test_test_folders_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_no_path_of_a_machine_is_in_the_project() -> None:
    found = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part in GENERATED or part.endswith("_cache") for part in parts)
        if hidden or not path.is_file() or path.suffix not in TEXT or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [f"{name(path)}: {match[0]}" for match in MACHINE_PATHS.finditer(text)]
    assert not found


def test_nothing_is_left_to_do_in_the_sources() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [
        f"{name(path)}:{i}" for path in SOURCES for i, line in enumerate(lines(path), 1) if marks.search(line)
    ]
    assert not found
