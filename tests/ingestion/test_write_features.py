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


def test_widths_are_the_most_frequent_ones(job: Job) -> None:
    assert embedding_widths(job.file("table", "t"), COLUMNS) == {"v": 3}


@pytest.mark.parametrize(
    ("lists", "widths"),
    [
        ([[], [1.0, 2.0], [3.0, 4.0]], {"v": 2}),
        ([[1.0], [1.0, 2.0], [3.0, 4.0], None], {"v": 2}),
        ([[1.0], [1.0, 2.0]], {"v": 2}),
        ([[], [], [], [1.0]], {"v": 1}),
        ([[], None, []], {}),
    ],
)
def test_odd_first_lists_do_not_set_the_width(
    lists: list[list[float] | None], widths: dict[str, int], tmp_path: Path
) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"v": pa.array(lists, pa.list_(pa.float32()))}), file, row_group_size=2)
    assert embedding_widths(file, COLUMNS[2:]) == widths


def test_a_table_without_features_has_no_segment(job: Job) -> None:
    assert write_features(job, Table("t", (Column("n", Stype.ID),)), ROWS) is None
    assert len(job.files) == 1
