"""Feature segments: many row groups, read back row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.ingestion.job import Job, pool
from workbench.ingestion.write_features import embedding_widths, write_features
from workbench.schema import Column, Stype, Table
from workbench.stores.durable import adopt_file
from workbench.stores.features import FeatureBlock

COLUMNS = (Column("n", Stype.NUMERICAL), Column("c", Stype.CATEGORICAL), Column("v", Stype.EMBEDDING))
TABLE = Table("t", COLUMNS)
ROWS = 10_000
RNG = np.random.default_rng(0)
NUMBERS, KINDS = RNG.random(ROWS).astype(np.float32), RNG.choice(["x", "y", "z"], ROWS)
VECTORS = RNG.random((ROWS, 3)).astype(np.float32)


@pytest.fixture
def job(tmp_path: Path):
    (tmp_path / "tables").mkdir()
    source = pa.table({"n": NUMBERS, "c": KINDS, "v": [None, *VECTORS[1:].tolist()]})
    pq.write_table(source, tmp_path / "tables" / "t.parquet", row_group_size=700)
    with pool() as threads:
        made = Job(tmp_path, "p1", threads)
        made.add(adopt_file(tmp_path, "tables/t.parquet", "table", "t"))
        yield made


def test_segments_hold_every_row(job: Job) -> None:
    written = write_features(job, TABLE, ROWS)
    assert written is not None
    layout, coder = written
    assert layout.column("c").cardinality == 4
    data = np.fromfile(job.file("features", "t"), np.uint8)[: ROWS * layout.stride]
    block = FeatureBlock(layout, data.reshape(ROWS, layout.stride))
    assert (block.column("n") == NUMBERS).all()
    assert (np.array(["", *coder.dictionary("c")])[block.column("c")] == KINDS).all()
    assert (block.column("v")[1:] == VECTORS[1:]).all()
    assert block.present()[:2].tolist() == [[True, True, False], [True, True, True]]
    assert job.done == ROWS


def test_widths_are_those_of_the_first_list(job: Job) -> None:
    assert embedding_widths(job.file("table", "t"), COLUMNS) == {"v": 3}


def test_a_table_without_features_has_no_segment(job: Job) -> None:
    assert write_features(job, Table("t", (Column("n", Stype.ID),)), ROWS) is None
    assert len(job.files) == 1
