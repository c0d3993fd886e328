"""The benchmark of appends writes each row once, either way, and starts each append from the same state."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
if BENCHMARKS not in sys.path:
    sys.path.append(BENCHMARKS)

import append  # noqa: E402
from _report import BenchReport  # noqa: E402

from workbench.ingestion.build import ingest  # noqa: E402
from workbench.ingestion.infer import infer_schema  # noqa: E402
from workbench.stores.dataset import Dataset  # noqa: E402
from workbench.stores.verify import verify  # noqa: E402
from workbench.testing.commerce import commerce  # noqa: E402


def test_costs_are_compared_in_turns(tmp_path):
    report = BenchReport("append")
    append.add(report, "tiny", commerce(60, periods=6).tables, tmp_path / "shop", 1)
    cpu, wall = report.rows[:2]
    assert [row["case"] for row in report.rows[:2]] == ["append, tiny, CPU", "append, tiny, wall"]
    assert cpu["rows"] > 50 * cpu["appended"] > 0
    assert cpu["ratio"] > 0
    assert wall["ratio"] > 0
    assert not (tmp_path / "shop").exists()


def test_a_restored_dataset_is_the_one_before(tmp_path):
    tables = commerce(30, periods=5).tables
    schema = infer_schema(tables)
    append.write_parts(tables, schema, tmp_path / "files")
    ingest(str(tmp_path / "files" / "base"), schema, tmp_path / "base")
    for _ in range(2):
        append.restore(tmp_path / "base", tmp_path / "s")
        assert Dataset.open(tmp_path / "s").snapshot == 1
        ingest(str(tmp_path / "files" / "new"), schema, tmp_path / "s", append=True)
    assert Dataset.open(tmp_path / "base").snapshot == 1
    assert verify(tmp_path / "base").ok


@pytest.mark.parametrize("name", ["users", "products", "orders"])
def test_the_parts_are_all_rows(tmp_path, name):
    tables = commerce(30, periods=5).tables
    last = append.write_parts(tables, infer_schema(tables), tmp_path)
    parts = [tmp_path / part / f"{name}.parquet" for part in ("all", "base", "new")]
    rows = [append.pq.read_metadata(part).num_rows if part.exists() else 0 for part in parts]
    assert rows[0] == rows[1] + rows[2] == len(tables[name])
    assert 0 < last < 0.03 * sum(map(len, tables.values()))
