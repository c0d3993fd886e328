"""A dataset that is ingested again while it is opened: the new snapshot opens, nothing is called damaged."""

import os
import shutil
import time

import numpy as np
import pyarrow as pa
import pytest

import workbench as wb
from workbench.errors import CorruptStoreError, StoreError
from workbench.stores import catalog
from workbench.stores.dataset import Dataset, collect_orphans
from workbench.stores.protocols import Read
from workbench.stores.ram_graph import RamGraph
from workbench.stores.replaced import gone, is_current, open_current
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.feature_data import group_layout, random_group, write_feature_dataset


def write(path, rows=50):
    group = random_group(group_layout("g", rows, {"numerical": 3}), np.random.default_rng(rows))
    dataset = write_feature_dataset(path, [group])
    collect_orphans(path)  # as an ingest does
    return dataset, group


def ingest(path, users):
    people = pa.table({"user_id": range(users), "age": np.linspace(20.5, 60.5, users)})
    tables = wb.read_tables({"users": people, "orders": pa.table({"user_id": [0, 1, 1]})})
    wb.ingest(tables, wb.infer_schema(tables), path)


def test_a_file_that_is_gone_is_told_from_a_lost_one(tmp_path):
    dataset, _ = write(tmp_path)
    assert is_current(dataset)
    lost = gone(dataset, "a.seg")
    assert isinstance(lost, CorruptStoreError)
    assert str(lost).startswith("a.seg of snapshot 1 was opened: it is missing. Restore the dataset")
    write(tmp_path)
    assert not is_current(dataset)
    replaced = gone(dataset, "a.seg")
    assert not isinstance(replaced, CorruptStoreError)
    said = "it is missing: the dataset was ingested again or compacted. Open the dataset again."
    assert str(replaced).endswith(said)


@pytest.mark.parametrize("store", [RamGraph, SsdFeatures])
def test_stores_of_a_replaced_snapshot_say_so(tmp_path, store):
    ingest(tmp_path, 5)
    dataset = Dataset.open(tmp_path)
    ingest(tmp_path, 6)
    with pytest.raises(StoreError, match=r"of snapshot 1 was opened.* ingested again") as error:
        store.open(dataset)
    assert not isinstance(error.value, CorruptStoreError)


@pytest.mark.parametrize(("store", "folder"), [(RamGraph, "graph"), (SsdFeatures, "features")])
def test_lost_files_are_damage(tmp_path, store, folder):
    ingest(tmp_path, 5)
    dataset = Dataset.open(tmp_path)
    shutil.rmtree(tmp_path / folder)
    with pytest.raises(CorruptStoreError, match=r"it is missing\. Restore the dataset from a copy"):
        store.open(dataset)
    with pytest.raises(CorruptStoreError, match=r"No such file or directory\)\. Restore the dataset"):
        open_current(tmp_path, store.open)


@pytest.mark.parametrize("store", [RamGraph, SsdFeatures])
def test_an_ingest_before_a_store_opens(tmp_path, monkeypatch, store):
    ingest(tmp_path, 5)
    real = store.open

    def late(dataset, **options):
        if dataset.snapshot < 3:
            ingest(tmp_path, 5 + dataset.snapshot)
        return real(dataset, **options)

    monkeypatch.setattr(store, "open", late)
    engine = wb.open(tmp_path)
    assert engine.dataset.snapshot == engine.graph.snapshot == engine.features.snapshot == 3
    assert engine.graph.num_nodes("users") == 7


def test_an_ingest_between_a_catalog_and_its_files(tmp_path, monkeypatch):
    dataset, _ = write(tmp_path)
    stale = [catalog.read(tmp_path)]
    write(tmp_path)
    real = catalog.read
    monkeypatch.setattr(catalog, "read", lambda path: stale.pop() if stale else real(path))
    assert Dataset.open(tmp_path).snapshot == 2
    stale.append(dataset._state)
    with pytest.raises(StoreError, match="its snapshot is now 2"):
        Dataset.open(tmp_path, snapshot=1)


def test_a_process_that_ingests_on_and_on(tmp_path):
    write(tmp_path)
    child = os.fork()
    if child == 0:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            write(tmp_path)
        os._exit(0)
    seen = set()
    _, group = write(tmp_path / "other")
    while not os.waitpid(child, os.WNOHANG)[0]:
        store = open_current(tmp_path, SsdFeatures.open)
        assert (store.multi_get([Read("g", np.arange(50))])[0].data == group.rows).all()
        seen.add(store.snapshot)
    assert len(seen) > 3
