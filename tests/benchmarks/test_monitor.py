"""The benchmark of the monitor runs in a kernel, and reports each clock against a run without a monitor."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "monitor.py"


@pytest.mark.slow
def test_every_clock_is_compared(tmp_path):
    command = [sys.executable, str(SCRIPT), "--quick", "--json", str(tmp_path / "rows.json")]
    subprocess.run(command, check=True, capture_output=True, timeout=400, cwd=tmp_path)
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert [row["case"].partition(", ")[2] for row in rows] == [
        "training thread, CPU",
        "process, CPU",
        "wall",
    ]
    assert all(row["ratio"] > 0 and row["updates"] > 3 for row in rows)
    assert rows[0]["value"] < rows[1]["value"] * 1.01 + 1
