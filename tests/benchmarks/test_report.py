"""The benchmarks' helper writes the promised JSON and the same rows as a table."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location(
    "bench_report", Path(__file__).resolve().parents[2] / "benchmarks" / "_report.py"
)
assert SPEC is not None
assert SPEC.loader is not None
bench = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = bench  # dataclasses look their module up
SPEC.loader.exec_module(bench)


def test_json_and_table_hold_the_same_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = bench.BenchReport("sampling")
    report.add("uniform", 24.123, "ns/edge", reference="plain", ratio=1.5, edges=266_000)
    report.add("recent", 1234.5, "ns/edge")
    report.finish(tmp_path / "new" / "sampling.json")
    data = json.loads((tmp_path / "new" / "sampling.json").read_text())
    assert data["rows"] == [
        {
            "case": "uniform",
            "value": 24.123,
            "unit": "ns/edge",
            "reference": "plain",
            "ratio": 1.5,
            "edges": 266_000,
        },
        {"case": "recent", "value": 1234.5, "unit": "ns/edge", "reference": None, "ratio": None},
    ]
    assert {"processor", "cores", "memory_gib", "python", "libraries", "date"} <= set(data["machine"])
    out = capsys.readouterr().out
    assert "24.12" in out
    assert "edges=266,000" in out
    assert "1,234" in out


def test_a_benchmark_that_measured_nothing_does_not_report() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        bench.BenchReport("x").add("empty", float("nan"), "s")


def test_every_benchmark_has_both_options() -> None:
    given = bench.arguments("what it measures").parse_args(["--json", "x.json", "--quick"])
    assert given.json == Path("x.json")
    assert given.quick
