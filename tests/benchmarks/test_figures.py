"""README's table is what the kept JSON says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


figures = load("_figures")
MACHINE = {"cores": 2, "processor": "P", "memory_gib": 24.0, "python": "3.11", "date": "2026-01-01T00:00:00"}


def test_compared_rows_are_shown_and_others_are_not() -> None:
    rows = [
        {"case": "a", "value": 24.126, "unit": "ns", "reference": "b", "ratio": 1.234},
        {"case": "c", "value": 2.0, "unit": "s", "reference": "d", "ratio": 0.5, "less_is_better": True},
        {"case": "quiet", "value": 1.0, "unit": "s", "reference": None, "ratio": None},
    ]
    text = figures.table({"sampling": {"machine": MACHINE, "rows": rows}})
    assert "| sampling | a | 24.13 ns | b | 1.23 |" in text
    assert "| sampling | c | 2 s | d | 0.5 ↓ |" in text
    assert "quiet" not in text
    assert "2 cores (P), 24 GiB" in text


def test_the_text_between_the_markers_is_replaced() -> None:
    readme = f"top\n{figures.BEGIN}\nold\n{figures.END}\nend\n"
    assert figures.insert(readme, "new") == f"top\n{figures.BEGIN}\nnew\n{figures.END}\nend\n"
    with pytest.raises(ValueError, match="needs the lines"):
        figures.insert("no markers", "new")


def test_readme_shows_the_kept_figures() -> None:
    kept = {path.stem: json.loads(path.read_text()) for path in (ROOT / "docs" / "figures").glob("*.json")}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert figures.insert(readme, figures.table(kept)) == readme or not kept
