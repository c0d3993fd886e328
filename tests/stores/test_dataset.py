"""Dataset: a path, a manifest, views; orphans go, registered files stay."""

import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import CorruptStoreError, IdError, SchemaError, StoreError
from workbench.stores import catalog
from workbench.stores.dataset import Dataset, collect_orphans, shown
from workbench.stores.sql import quote_name
from workbench.testing.feature_data import WORDS, group_layout, random_group, write_feature_dataset

NAMES = ["users", 'hostile "name"; DROP TABLE users; --', "select"]


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(0)
    layouts = [group_layout(name, 10 + i, {"numerical": 1, "categorical": 1}) for i, name in enumerate(NAMES)]
    return write_feature_dataset(tmp_path / "it's [a] *", [random_group(layout, rng) for layout in layouts])


def test_its_parts(dataset):
    assert dataset.snapshot == 1
    assert dataset.schema.node_types == tuple(NAMES)
    assert dataset.file("features", "users") == dataset.path / "features/p1/0.seg"
    assert dataset.file("slot", "users") is None
    assert dataset.table_files("select") == [dataset.path / "tables/p1/2.parquet"]
    assert dataset.dictionary(NAMES[1], "categorical_0") == WORDS
    assert "snapshot 1, rows: users: 10" in repr(dataset)
    with pytest.raises(SchemaError, match="table 'usres'"):
        dataset.table_files("usres")


def test_views_count_rows_from_zero(dataset):
    connection = dataset.duckdb()
    for i, name in enumerate(NAMES):
        rows = connection.sql(f"SELECT number, __row__ FROM {quote_name(name)}").fetchall()
        assert rows == [(n, n) for n in range(10 + i)]


def test_one_row(dataset):
    assert dataset.row(NAMES[1], 10) == {"number": 10}
    for row_id in (-1, 11):
        with pytest.raises(IdError, match=f"row {row_id} of table .*0 to 10"):
            dataset.row(NAMES[1], row_id)


def test_pickles_as_path_and_snapshot(dataset):
    copy = pickle.loads(pickle.dumps(dataset))
    assert (copy.path, copy.manifest) == (dataset.path, dataset.manifest)
    stale = pickle.dumps(dataset)
    write_feature_dataset(dataset.path, [])
    with pytest.raises(StoreError, match="its snapshot is now 2: it was ingested again"):
        pickle.loads(stale)


def test_open_takes_text_and_relative_paths(dataset, monkeypatch):
    monkeypatch.chdir(dataset.path.parent)
    opened = Dataset.open(dataset.path.name)
    monkeypatch.chdir("/")
    assert opened.duckdb().sql("SELECT count(*) FROM users").fetchall() == [(10,)]


def test_missing_and_torn_files_are_named(dataset):
    segment = dataset.file("features", "users")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-1])
    with pytest.raises(CorruptStoreError, match=r"features/p1/0\.seg has 4095 bytes instead of 4096"):
        Dataset.open(dataset.path)
    segment.unlink()
    with pytest.raises(CorruptStoreError, match=r"features/p1/0\.seg cannot be read \(No such file"):
        Dataset.open(dataset.path)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "features/../../x"])
def test_a_registered_path_never_leaves_the_dataset(dataset, path):
    old = dataset.manifest
    part = old.partitions[0]
    entry = replace(part.files[0], path=path)
    manifest = replace(old, snapshot=2, partitions=(replace(part, files=(entry,)),))
    catalog.commit(dataset.path, manifest, {})
    with pytest.raises(CorruptStoreError, match="lies outside the dataset"):
        Dataset.open(dataset.path)


def test_orphans_are_collected_and_nothing_else(dataset):
    (dataset.path / "features/p2/deep").mkdir(parents=True)
    for file in ["features/p2/deep/0.seg", "tables/p1/9.parquet", "notes.txt"]:
        (dataset.path / file).write_text("x")
    assert collect_orphans(dataset.path) == ["features/p2/deep/0.seg", "tables/p1/9.parquet"]
    assert not (dataset.path / "features/p2").exists()
    assert (dataset.path / "notes.txt").exists()
    assert Dataset.open(dataset.path).manifest == dataset.manifest
    assert collect_orphans(dataset.path) == []


def test_the_files_of_the_previous_snapshot_are_orphans(dataset):
    before = {entry.path for entry in dataset.manifest.files}
    layout = group_layout("users", 3, {"numerical": 1})
    write_feature_dataset(dataset.path, [random_group(layout, np.random.default_rng(0))])
    assert set(collect_orphans(dataset.path)) == before
    assert Dataset.open(dataset.path).manifest.rows("users") == 3


def test_views_of_a_snapshot_that_is_gone(dataset):
    write_feature_dataset(dataset.path, [])
    collect_orphans(dataset.path)
    with pytest.raises(StoreError, match=r"0\.parquet of snapshot 1 is gone: it was ingested again"):
        dataset.duckdb()
    shutil.rmtree(dataset.path)
    with pytest.raises(StoreError, match=r"0\.parquet of snapshot 1 is gone: the dataset was removed"):
        dataset.duckdb()


@pytest.mark.parametrize("path", [None, 3])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(StoreError, match=r"the folder of a dataset was asked for: got a .*Allowed: a path"):
        Dataset.open(path)


def test_orphans_where_nothing_was_ever_committed(tmp_path):
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph/0").write_text("x")
    assert collect_orphans(tmp_path) == ["graph/0"]
    assert collect_orphans(tmp_path / "none") == []


def test_a_path_is_shown_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "stores" / "shop") == "stores/shop"
    assert shown(tmp_path.parent / "shop") == str(tmp_path.parent / "shop")
    assert shown("given/as/relative") == "given/as/relative"
