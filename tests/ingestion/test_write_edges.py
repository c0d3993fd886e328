"""The edge stage: files per layout, warnings per key, counts per edge type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.ingestion.built import Built
from workbench.ingestion.job import Job, pool
from workbench.ingestion.write_edges import write_edges
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.durable import adopt_file
from workbench.stores.key_map import KeyMap

USERS = Table("users", (Column("id", Stype.ID),), "id")
KEYS = (ForeignKey("a", "users"), ForeignKey("b", "users"))
PAIRS = Table("pairs", (Column("a", Stype.ID), Column("b", Stype.ID)), None, None, None, KEYS)


@pytest.fixture
def job(tmp_path: Path):
    (tmp_path / "tables").mkdir()
    pq.write_table(
        pa.table({"a": [10, 10, 30, None], "b": [30, 77, 78, None]}), tmp_path / "tables" / "p.parquet"
    )
    with pool() as threads:
        made = Job(tmp_path, "p1", threads)
        made.add(adopt_file(tmp_path, "tables/p.parquet", "table", "pairs"))
        yield made


@pytest.mark.parametrize(
    ("schema", "roles", "counts"),
    [
        (Schema((USERS, PAIRS)), ["indptr", "nbr", "nbr"] * 2, [3, 3, 1, 1]),
        (Schema((USERS, PAIRS)).as_edge("pairs", "a", "b"), ["indptr", "nbr", "eid"] * 2, [1, 1]),
    ],
)
def test_files_counts_and_warnings(schema: Schema, roles: list[str], counts: list[int], job: Job) -> None:
    built = Built(
        rows={"users": 2, "pairs": 4}, keys={"users": KeyMap.build("users", "id", pa.array([30, 10]))}
    )
    write_edges(job, schema, np.dtype("uint32"), built)
    assert [entry.role for entry in job.files[1:]] == roles
    assert list(built.edges) == [str(edge) for edge in schema.edge_types] == built.follow
    assert list(built.edges.values()) == counts
    assert len(job.warnings) == 1
    assert "pairs.b -> users: 2 of 3 keys dangle (33.3% match), such as 77, 78" in job.warnings[0]
    for entry in job.files[1:]:
        assert (job.root / entry.path).stat().st_size == entry.bytes
