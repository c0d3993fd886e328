"""kill -9 at every named moment of an ingest leaves the old dataset or none, and the next ingest succeeds.

One child process imports everything once and forks a grandchild per moment, so that each dies alone.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from workbench.ingestion.build import ingest
from workbench.ingestion.failpoints import NAMES
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores import catalog
from workbench.stores.dataset import DATA_FOLDERS, Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.verify import verify

COMMITTED = ("after-commit", "after-collect")
"""Moments at which the new snapshot is in place."""

CHILD = """
import json, os, sys
from workbench.ingestion.build import ingest
from workbench.kernels.csc import csc_from_column
from workbench.schema import Schema
import numpy, pyarrow.parquet
root, names, schema = sys.argv[1], json.loads(sys.argv[2]), Schema.from_dict(json.loads(sys.argv[3]))
csc_from_column(numpy.zeros(1, numpy.uint32), 1)  # compiled once, here
users = {"user_id": [5, 3, 8]}
orders = {"user_id": [3, 5, 3, 9], "amount": [1.5, 2.5, 3.5, 4.5]}

def run(path):
    import pyarrow as pa
    tables = {"users": pa.table(users), "orders": pa.table(orders)}
    ingest(tables, schema, path, order="key")

ends = {}
for name in names:
    for kind in ("old", "none"):
        child = os.fork()
        if not child:
            os.environ["WORKBENCH_FAILPOINT"] = name
            run(os.path.join(root, name, kind))
            os._exit(0)
        ends[name + "/" + kind] = os.waitpid(child, 0)[1]
print(json.dumps(ends))
"""

SCHEMA = Schema(
    (
        Table("users", (Column("user_id", Stype.ID),), "user_id"),
        Table(
            "orders",
            (Column("user_id", Stype.ID), Column("amount", Stype.NUMERICAL)),
            foreign_keys=(ForeignKey("user_id", "users"),),
        ),
    )
)
FIRST = {
    "users": pa.table({"user_id": [1, 2]}),
    "orders": pa.table({"user_id": [1, 1, 2], "amount": [1.0, 2.0, 3.0]}),
}


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """Folders ``<moment>/old`` (with a dataset) and ``<moment>/none``, and how each ingest there ended."""
    root = tmp_path_factory.mktemp("crash")
    for name in NAMES:
        ingest(FIRST, SCHEMA, root / name / "old")
    command = [sys.executable, "-c", CHILD, str(root), json.dumps(NAMES), json.dumps(SCHEMA.to_dict())]
    child = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return root, json.loads(child.stdout)


def test_there_are_at_least_ten_moments() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_a_kill_leaves_the_old_dataset_or_none(name: str, crashes: tuple[Path, dict[str, int]]) -> None:
    root, ends = crashes
    assert {ends[f"{name}/old"], ends[f"{name}/none"]} == {signal.SIGKILL}, "the moment was not reached"
    old, none = root / name / "old", root / name / "none"
    committed = name in COMMITTED
    assert Dataset.open(old).snapshot == (2 if committed else 1)
    assert Dataset.open(old).manifest.rows("orders") == (4 if committed else 3)
    assert catalog.exists(none) == committed
    GraphArrays.open(Dataset.open(old))
    for path in (old, none):
        before = catalog.find(path)
        report = ingest(FIRST, SCHEMA, path)
        assert report.snapshot == (before.manifest.snapshot + 1 if before else 1)
        assert report.rows == {"users": 2, "orders": 3}
        assert not verify(path).problems
        named = {entry.path for entry in Dataset.open(path).manifest.files}
        found = [file for folder in DATA_FOLDERS for file in (path / folder).rglob("*") if file.is_file()]
        assert {file.relative_to(path).as_posix() for file in found} == named
