"""Tables streamed into a file: whole or not at all, and CSV of lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.errors import TrainingError
from workbench.training.writing import checked_target, write_tables


def test_a_target_has_a_known_suffix_and_a_folder(tmp_path: Path) -> None:
    target = checked_target(tmp_path / "a" / "b" / "P.CSV")
    assert target.parent.is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="the disk refused"):
        checked_target(tmp_path / "file" / "p.csv")
    with pytest.raises(TrainingError, match="a path, as str"):
        checked_target(None)  # type: ignore[arg-type]


def test_the_draft_becomes_the_file(tmp_path: Path) -> None:
    draft = tmp_path / "draft"

    def tables():
        for number in range(3):
            yield pa.table({"a": [number]})
            assert draft.exists()
            assert not (tmp_path / "p.parquet").exists()

    write_tables(tmp_path / "p.parquet", tables(), draft)
    assert pq.read_table(tmp_path / "p.parquet")["a"].to_pylist() == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]


def test_lists_are_parted_by_bars_in_csv(tmp_path: Path) -> None:
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(4) / 2), 2)
    table = pa.table({"open": [["a", "b"], []], "fixed": fixed})
    lines = write_tables(tmp_path / "p.csv", iter([table])).read_text().splitlines()
    assert lines == ['"open","fixed"', '"a|b","0|0.5"', '"","1|1.5"']
