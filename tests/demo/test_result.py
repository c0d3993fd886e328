"""The demo's JSON has the promised form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.demo.result import DemoResult

RESULT = DemoResult(
    rows={"flights": 10, "planes": 2},
    nodes=12,
    edges=20,
    seeds={"train": 5, "val": 2, "test": 3},
    metric="auroc",
    higher_is_better=True,
    keys={"val": [0.7, 0.8], "test": [0.6, 0.7]},
    past_rate=0.5,
    boosting=0.64,
    seconds={"read": 1.23456},
    audited=1_000_000,
    violations=0,
    predictions=Path("p.parquet"),
    report=Path("r.html"),
)


def test_json_is_exactly_what_was_promised(tmp_path: Path) -> None:
    RESULT.write(tmp_path / "new" / "demo.json")
    data = json.loads((tmp_path / "new" / "demo.json").read_text())
    assert list(data) == [
        "rows", "nodes", "edges", "seeds", "metric", "higher_is_better", "value", "baseline", "seconds",
        "audit", "predictions",
    ]  # fmt: skip
    assert data["value"] == pytest.approx({"val": 0.75, "test": 0.65})
    assert data["baseline"] == {"past_rate": 0.5, "boosting": 0.64}
    assert data["audit"] == {"edges": 1_000_000, "violations": 0}


def test_the_table_names_both_baselines_and_both_paths() -> None:
    text = str(RESULT)
    for part in (
        "0.6500",
        "0.6400",
        "0.5000",
        "1,000,000",
        "0 violations",
        "p.parquet",
        "r.html",
        "higher is",
    ):
        assert part in text
