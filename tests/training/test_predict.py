"""Predictions: in order, streamed, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.errors import TrainingError
from workbench.query.seed_table import SeedTable
from workbench.temporal import FOREVER
from workbench.training import predict
from workbench.training.predict import Predictions
from workbench.training.writing import write_tables


def seeds(count: int = 10, static: bool = False) -> SeedTable:
    anchors = np.full(count, FOREVER) if static else np.arange(count, dtype=np.int64) * 10**9
    return SeedTable("users", np.arange(count), pa.array([f"u{i}" for i in range(count)]), anchors)


def values(table: SeedTable) -> np.ndarray:
    return table.node_id / 10.0


def test_columns_and_order(tmp_path: Path) -> None:
    table = pq.read_table(Predictions(seeds(), values).write(tmp_path / "deep" / "p.parquet"))
    assert table.column_names == ["entity", "anchor_time", "prediction"]
    assert table["entity"].to_pylist() == [f"u{i}" for i in range(10)]
    assert table["prediction"].to_pylist() == [i / 10 for i in range(10)]
    assert table["anchor_time"].cast(pa.int64()).to_pylist() == [i * 10**9 for i in range(10)]


def test_many_seeds_are_predicted_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "HELD", 5)
    monkeypatch.setattr(predict, "PIECE", 3)
    asked: list[int] = []

    def counting(table: SeedTable) -> np.ndarray:
        asked.append(len(table))
        return values(table)

    lazy = Predictions(seeds(), counting)
    assert asked == []
    assert "10" in repr(lazy)
    path = lazy.write(tmp_path / "p.parquet")
    assert asked == [3, 3, 3, 1]
    assert pq.read_table(path)["prediction"].to_pylist() == lazy.values.tolist()
    assert pq.ParquetFile(path).num_row_groups >= 4


def test_static_seeds_and_no_seeds(tmp_path: Path) -> None:
    assert Predictions(seeds(3, static=True), values).to_arrow()["anchor_time"].null_count == 3
    empty = Predictions(seeds(0), values)
    assert pq.read_table(empty.write(tmp_path / "p.parquet")).num_rows == 0
    assert len(empty) == 0
    assert repr(empty) == "Predictions(0 x users)"


def test_the_suffix_says_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "HELD", 4)
    monkeypatch.setattr(predict, "PIECE", 3)
    given = Predictions(seeds(), values)
    frame = pd.read_csv(given.write(tmp_path / "p.CSV"), parse_dates=["anchor_time"])
    pd.testing.assert_frame_equal(frame, given.to_pandas(), check_dtype=False)
    assert pd.read_csv(Predictions(seeds(0), values).write(tmp_path / "none.csv")).empty

    def never(table: SeedTable) -> np.ndarray:
        raise AssertionError("nothing is to be computed")

    for name, got in (("p.xlsx", "ends in '.xlsx'"), ("p", "no suffix")):
        with pytest.raises(TrainingError, match=rf"{got}\. Allowed: \.parquet, \.csv"):
            Predictions(seeds(), never).write(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none.csv", "p.CSV"]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Predictions(seeds(), values).write(tmp_path / "p.parquet")
    before = target.read_bytes()
    monkeypatch.setattr(predict, "HELD", 0)

    def broken(table: SeedTable) -> np.ndarray:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        Predictions(seeds(), broken).write(target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]
    with pytest.raises(TrainingError, match="the disk refused"):
        Predictions(seeds(), values).write(target / "under a file.csv")


def test_what_is_written_can_be_read_by_others(tmp_path):
    path = write_tables(tmp_path / "p.parquet", iter([pa.table({"a": [1]})]))
    (tmp_path / "plain").write_text("")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.parquet", "plain"]
