"""Row groups are of about equal bytes, whatever lies in a row."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.ingestion.build import ingest
from workbench.ingestion.row_groups import BYTES, LARGEST, SMALLEST, row_group, stored_row_group
from workbench.ingestion.tables import read_tables
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.dataset import Dataset


def group_of(values, stype=Stype.EMBEDDING):
    tables = read_tables({"items": pa.table({"value": values})})
    kind = tables.duckdb("items").types[0]
    return row_group(tables, Table("items", (Column("value", stype),)), {"value": str(kind)})


def fixed(width, rows=50):
    flat = pa.array(np.zeros(width * rows, np.float32))
    return pa.FixedSizeListArray.from_arrays(flat, width)


@pytest.mark.parametrize(
    ("values", "width"),
    [
        (fixed(127), 508),
        (fixed(768), 3072),
        (pa.array([[1.0] * 500, None, [1.0] * 1500], pa.list_(pa.float64())), 8000),
    ],
)
def test_wide_rows_are_few(values, width):
    rows = group_of(values)
    assert rows % SMALLEST == 0
    assert BYTES / 2 < rows * width <= BYTES


def test_narrow_rows_are_many_and_huge_ones_as_few_as_can_be():
    assert group_of(pa.array([1.0, None]), Stype.NUMERICAL) == LARGEST
    assert group_of(pa.array([[], None], pa.list_(pa.float32()))) == LARGEST
    assert group_of(pa.array([None, None], pa.list_(pa.float32()))) == LARGEST
    assert group_of(fixed(30_000, 2)) == SMALLEST


def test_an_ingest_writes_them(tmp_path):
    schema = Schema((Table("items", (Column("value", Stype.EMBEDDING),)),))
    ingest({"items": pa.table({"value": fixed(3000, 3000)})}, schema, tmp_path / "s")
    metadata = pq.read_metadata(Dataset.open(tmp_path / "s").table_files("items")[0])
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [2048, 952]


@pytest.mark.parametrize(("width", "group"), [(1, LARGEST), (3000, SMALLEST)])
@pytest.mark.parametrize("rows", [0, 30, 3000])
def test_more_rows_of_a_stored_table_lie_as_its_rows_do(tmp_path, width, group, rows):
    values = np.random.default_rng(0).random((rows, width)).astype(np.float32)
    table = pa.table({"value": pa.FixedSizeListArray.from_arrays(values.reshape(-1), width)})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=2048 if width > 1 else LARGEST)
    assert stored_row_group(tmp_path / "t.parquet") == (group if rows else LARGEST)
