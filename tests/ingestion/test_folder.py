"""The dataset's folder while it is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from workbench.errors import CorruptStoreError, IngestError, StoreError
from workbench.ingestion import folder
from workbench.ingestion.build import ingest
from workbench.ingestion.folder import SPILL, snapshot_before, spilling, writing
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.stores.dataset import Dataset
from workbench.stores.manifest import Manifest
from workbench.stores.seal import DATA
from workbench.stores.verify import verify

TABLES = {"t": pa.table({"n": [1, 2]})}


def test_a_folder_that_was_made_in_vain_is_removed(store_path: Path) -> None:
    with writing(store_path):
        assert store_path.is_dir()
    assert not store_path.exists()
    store_path.mkdir()
    with writing(store_path):
        pass
    assert store_path.is_dir()


def test_one_writer_at_a_time(store_path: Path) -> None:
    store_path.mkdir()
    with writing(store_path), pytest.raises(StoreError, match="is writing there now"), writing(store_path):
        pass


def test_foreign_things_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(IngestError, match=r"holds other things \(mine\)"), writing(tmp_path):
        pass


def test_what_was_committed_before(store_path: Path) -> None:
    assert snapshot_before(store_path) == 0
    ingest(TABLES, infer_schema(TABLES), store_path)
    assert snapshot_before(store_path) == 1
    torn = bytearray((store_path / DATA).read_bytes())
    torn[len(torn) // 2] ^= 1
    (store_path / DATA).write_bytes(torn)
    with pytest.raises(CorruptStoreError, match=r"was to be replaced.*is damaged.*Remove that folder"):
        ingest(TABLES, infer_schema(TABLES), store_path)


def test_what_a_dead_process_spilled_is_removed(store_path: Path) -> None:
    for owner in ("999999999", str(os.getppid())):
        (store_path / f"{SPILL}{owner}").mkdir(parents=True)
    ingest(TABLES, infer_schema(TABLES), store_path)
    assert [path.name for path in store_path.glob(f"{SPILL}*")] == [f"{SPILL}{os.getppid()}"]


def test_settings_come_back(store_path: Path) -> None:
    tables = read_tables(TABLES)
    ask = "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
    before = tables.sources.connect().execute(ask).fetchone()
    with spilling(tables, store_path, "123MB"):
        limit, folder = tables.sources.connect().execute(ask).fetchone()
        assert limit != before[0]
        assert str(store_path) in folder
    assert tables.sources.connect().execute(ask).fetchone() == before


def test_a_table_larger_than_the_memory_limit_passes(store_path: Path, tmp_path: Path) -> None:
    """128 MB of random doubles, sorted by a random time, in 90 MB."""
    rng = np.random.default_rng(0)
    rows = 1_000_000
    columns = {f"x{i}": rng.random(rows) for i in range(15)}
    stamps = rng.integers(0, 10**15, rows)
    table = pa.table({"at": pa.array(stamps, pa.timestamp("us")), **columns})
    pa.parquet.write_table(table, tmp_path / "big.parquet", row_group_size=50_000)
    source = tmp_path / "big.parquet"
    ingest(source, infer_schema(source), store_path, memory_limit="90MB")
    order = np.argsort(stamps, kind="stable")
    found = (
        Dataset.open(store_path).duckdb().execute("SELECT x3 FROM big ORDER BY __row__").fetchnumpy()["x3"]
    )
    assert (found == columns["x3"][order]).all()
    assert not list(store_path.glob(f"{SPILL}*/*"))


def test_a_limit_that_is_too_small_is_said(store_path: Path, tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).random(1_000_000)
    stamps = pa.array((numbers * 10**15).astype(np.int64), pa.timestamp("us"))
    tables = {"big": pa.table({"at": stamps, "x": numbers, "y": numbers})}
    with pytest.raises(IngestError, match=r"table 'big' was sorted.*memory limit.*Raise memory_limit="):
        ingest(tables, infer_schema(tables), store_path, memory_limit="5MB")
    assert not store_path.exists()


@pytest.mark.parametrize("other", [{"format": 0}, {"format": 99}, {"groups": 1}, {"schema": {"format": 0}}])
def test_a_dataset_of_another_version_is_replaced_whole(
    store_path: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    """Until the commit it stays as it was, with every file of its own; a failed ingest leaves none."""
    real, schema = Manifest.to_dict, infer_schema(TABLES)
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "to_dict", lambda self: {**real(self), **other})
        ingest(TABLES, schema, store_path)
    with pytest.raises(StoreError, match=r"Ingest the tables again|malformed"):
        Dataset.open(store_path)
    before = {path: path.read_bytes() for path in store_path.rglob("*") if path.is_file()}
    with monkeypatch.context() as patch:
        patch.setattr("workbench.ingestion.build.catalog.commit", _refuse)
        with pytest.raises(OSError, match="no"):
            ingest(TABLES, schema, store_path)
    assert {path: path.read_bytes() for path in store_path.rglob("*") if path.is_file()} == before
    assert ingest(TABLES, schema, store_path).snapshot == 2
    assert Dataset.open(store_path).snapshot == 2
    assert verify(store_path).ok
    assert verify(store_path).unregistered == ()


def _refuse(*_: object) -> None:
    raise OSError("no")


@pytest.mark.parametrize(("free", "limit"), [(10 << 30, "4.0 GiB"), (1 << 20, "256.0 MiB")])
def test_duckdb_may_hold_a_share_of_what_is_free(tmp_path, monkeypatch, free, limit):
    monkeypatch.setattr(folder, "available_memory", lambda: free)
    tables = read_tables({"t": pa.table({"a": [1]})})
    with folder.spilling(tables, tmp_path, None):
        connection = tables.sources.connect()
        assert connection.sql("SELECT current_setting('memory_limit')").fetchall() == [(limit,)]
    with folder.spilling(tables, tmp_path, "1GiB"):
        assert connection.sql("SELECT current_setting('memory_limit')").fetchall() == [("1.0 GiB",)]
