"""New rows fall apart into late ones and those that follow, and are read in blocks, in stored types."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.errors import IngestError
from workbench.ingestion.new_rows import NewRows
from workbench.schema import Column, Stype, Table
from workbench.temporal import NO_TIME

TIMED = Table("t", (Column("at", Stype.TIMESTAMP), Column("x", Stype.NUMERICAL)), time="at")
STORED = pa.schema([("at", pa.timestamp("us")), ("x", pa.float64())])


def written(path, times):
    """A sorted file; small row groups, another type of number."""
    at = pa.array([None if t is None else np.datetime64(t, "us") for t in times], pa.timestamp("us"))
    pq.write_table(pa.table({"at": at, "x": pa.array(range(len(times)), pa.int32())}), path, row_group_size=2)
    return path


@pytest.mark.parametrize(
    ("last", "begin", "end"), [(None, 0, 5), (0, 0, 5), (2, 1, 5), (3, 2, 5), (99, 5, 5), (NO_TIME, 5, 5)]
)
def test_rows_follow_from_the_last_stored_time_on(tmp_path, last, begin, end):
    new = NewRows.of(TIMED, written(tmp_path / "f", [1, 2, 3, 3, 7, None]), STORED, last)
    assert (new.begin, new.end, new.count, new.late) == (begin, end, end - begin, 6 - end + begin)
    assert new.times.tolist() == [1, 2, 3, 3, 7][begin:end]
    for ranges in (new.following(), new.others()):
        blocks = list(new.blocks(ranges))
        assert all(block.schema == STORED and len(block) <= 2 for block in blocks)
        wanted = [row for a, b in ranges for row in range(a, b)]
        assert [x for block in blocks for x in block["x"].to_pylist()] == wanted


def test_without_a_time_column_all_rows_follow(tmp_path):
    table = Table("t", TIMED.columns)
    new = NewRows.of(table, written(tmp_path / "f", [1, None]), STORED, None)
    assert (new.count, new.late, new.clock) == (2, 0, None)


def test_values_of_another_type_are_refused(tmp_path):
    pq.write_table(pa.table({"at": pa.array([1], pa.timestamp("us")), "x": ["many"]}), tmp_path / "f")
    new = NewRows.of(TIMED, tmp_path / "f", STORED, None)
    with pytest.raises(IngestError, match="'x' are string, not all of them double"):
        list(new.blocks(new.following()))
    with pytest.raises(IngestError, match="not all of them double"):
        new.column("x")
