"""The sampling benchmark runs, and reports every case that it promises, each against its reference."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "sampling.py"

AGAINST_GATHER = (
    "static-joint",
    "hops-8",
    "temporal-uniform-disjoint",
    "temporal-recent-tree",
    "temporal-weighted",
    "metapath",
)
COMPARED = ("bytes-per-edge-id-cutoff", "bytes-per-edge-time", "bytes-per-node", "threads-2")


@pytest.mark.slow
def test_every_promised_case_is_there(tmp_path):
    only = [*AGAINST_GATHER, *COMPARED, "dispatch", "draws"]  # compiling again is left to `make bench`
    options = ["--scale", "0.0005", "--batch", "32", "--batches", "20", "--only", *only]
    command = [sys.executable, str(SCRIPT), "--quick", "--json", str(tmp_path / "rows.json"), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=400)
    rows = {row["case"]: row for row in json.loads((tmp_path / "rows.json").read_text())["rows"]}
    for name in AGAINST_GATHER:
        row = rows[name]
        assert row["reference"] == "gather of as many random ids"
        assert row["ratio"] == pytest.approx(row["value"] / row["gather_ns"], rel=0.05)
        assert row["min"] <= row["value"] + 0.01
        assert row["value"] <= row["max"] + 0.01
        assert row["batches"] == 20
        assert row["edges_per_batch"] > 32
    assert all(rows[name]["ratio"] is not None for name in COMPARED)
    assert rows["bytes-per-edge-id-cutoff"]["value"] == 4
    assert rows["bytes-per-edge-time"]["value"] == 8
    assert rows["dispatch"]["calls"] == 2000
