"""The benchmark of features runs, and reports every case that it promises, each against its reference."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "features.py"

CASES = {
    "warm-gather": {"memcpy", "np.take(out=)", "np.take(out=, mode='clip')", "torch.index_select(out=)"},
    "decode-bf16": {"f32 gather"},
    "decode-int8": {"f32 gather"},
    "cold-random": {"fio, queue depth 256"} if shutil.which("fio") else {None},
    "cold-runs": {"random rows"},
    "bulk-load": {"sequential direct write"},
    "ingest": {"pq.read_table"},
    "open": {"50 ms"},
    "row-cache": {"without a cache"},
}


@pytest.mark.slow
def test_every_promised_case_is_there(tmp_path):
    command = [sys.executable, str(SCRIPT), "--quick", "--json", str(tmp_path / "rows.json")]
    subprocess.run(command, check=True, capture_output=True, timeout=400, cwd=tmp_path)
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    for case, references in CASES.items():
        found = [row for row in rows if row["case"] == case]
        assert {row["reference"] for row in found} == references
        assert all(row["ratio"] > 0 for row in found if row["reference"])
    cached = next(row for row in rows if row["case"] == "row-cache")
    assert 0.2 < cached["hit_rate"] < 1
    assert not list(tmp_path.glob("tmp*"))
