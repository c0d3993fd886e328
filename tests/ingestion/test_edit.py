"""Edits: one transaction, what was asked and nothing else, while every reader keeps what it opened."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import IdError, IngestError, SchemaError, StoreError
from workbench.ingestion.edit import edit
from workbench.stores.dataset import DATA_FOLDERS, Dataset
from workbench.stores.key_map import KeyMap
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.testing.edited_shop import check_shop, make_shop, random_edit
from workbench.testing.sizes import cases


@given(key=st.integers(0, 2**32))
@settings(max_examples=cases(6, 400))
def test_edits_are_what_a_model_says_and_readers_keep_their_snapshot(tmp_path_factory, key):
    path, rng = tmp_path_factory.mktemp("shop") / "s", np.random.default_rng(key)
    model = make_shop(path, rng, order={"orders": "user_id"} if key % 2 else "arrival")
    held = [(Dataset.open(path), SsdFeatures.open(path), model.copy())]
    for _ in range(5):
        with edit(path) as editing:
            for _ in range(int(rng.integers(1, 4))):
                random_edit(editing, model, rng)
        held.append((Dataset.open(path), SsdFeatures.open(path), model.copy()))
    for dataset, store, then in held:
        check_shop(dataset, store, then)
        again = Dataset.open(path, dataset.snapshot)
        assert again.manifest == dataset.manifest
        check_shop(again, SsdFeatures.open(again), then)
    assert verify(path).ok
    assert not verify(path).unregistered


@pytest.fixture
def shop(tmp_path):
    return tmp_path / "s", make_shop(tmp_path / "s", np.random.default_rng(0))


def test_an_edit_that_fails_leaves_nothing(shop):
    path, model = shop
    files = _files(path)

    def fail():
        with edit(path) as editing:
            editing.update("users", {"age": [1]}, ids=[0])
            editing.delete("users", ids=[99])

    with pytest.raises(IdError):
        fail()
    assert (Dataset.open(path).snapshot, _files(path)) == (1, files)
    check_shop(Dataset.open(path), SsdFeatures.open(path), model)


def test_an_edit_of_nothing_makes_no_snapshot(shop):
    with edit(shop[0]):
        pass
    assert Dataset.open(shop[0]).snapshot == 1


def test_only_new_files_are_written_and_they_are_small(shop):
    path, _ = shop
    before = {name: (path / name).stat() for name in _files(path)}
    with edit(path) as editing:
        editing.update("orders", {"amount": [7.0]}, ids=[3])
    assert all((path / name).stat().st_mtime_ns == stat.st_mtime_ns for name, stat in before.items())
    new = [path / name for name in _files(path) if name not in before]
    assert {file.suffix for file in new} == {".parquet", ".delta"}
    assert sum(file.stat().st_size for file in new) < 4096


def test_later_calls_of_a_transaction_see_the_earlier_ones(shop):
    path, _ = shop
    with edit(path) as editing:
        editing.update("users", {"age": [1.0]}, ids=[4])
        editing.update("users", {"city": ["Zug"]}, ids=[4])
        editing.update("users", {"age": [2.0]}, ids=[5])
        editing.delete("users", ids=[5])
        with pytest.raises(IdError, match="row 5 was deleted"):
            editing.update("users", {"age": [2.0]}, ids=[5])
    row = Dataset.open(path).row("users", 4)
    assert (row["age"], row["city"]) == (1, "Zug")
    with pytest.raises(IdError, match="row 5 of table 'users': it was deleted"):
        Dataset.open(path).row("users", 5)


def test_the_key_of_a_deleted_row_is_unknown(shop):
    path, model = shop
    keys = model.frames["users"]["user_id"].tolist()
    with edit(path) as editing:
        editing.delete("users", keys=[keys[2]])
    found = KeyMap.open(Dataset.open(path), "users").lookup(keys)
    assert found.tolist() == [0, 1, -1, *range(3, len(keys))]
    with pytest.raises(SchemaError, match=f"1 of 2 are not in it .{keys[2]}"), edit(path) as editing:
        editing.update("users", {"user_id": keys[1:3], "age": [1, 2]})


@pytest.mark.parametrize(
    ("table", "rows", "ids", "error", "message"),
    [
        ("users", {"age": [1]}, [30], IdError, "0 to 29"),
        ("users", {"age": [1]}, [-1], IdError, "0 to 29"),
        ("users", {"age": [1, 2]}, [1, 1], IdError, "named twice"),
        ("users", {"age": [1, 2]}, [1], IdError, "1 row ids came with 2 rows"),
        ("users", {"age": [1]}, [0.5], IdError, "integers"),
        ("users", {"age": ["much"]}, [0], IngestError, "1 of 1 values of 'age' cannot be read"),
        ("users", {"age": [1], "city": [1, 2]}, [0], IngestError, "no table"),
        ("users", {"user_id": [1]}, [0], SchemaError, "'user_id' is not to be edited"),
        ("users", {"age": [1]}, None, SchemaError, "neither ids= nor the primary key"),
        ("users", {"shoe": [1]}, [0], SchemaError, "'shoe' is not to be edited"),
        ("orders", {"at": [1]}, [0], SchemaError, "'at' is not to be edited"),
        ("orders", {"amount": [1]}, None, SchemaError, "neither ids= nor"),
        ("cats", {"age": [1]}, [0], SchemaError, "does not have it"),
    ],
)
def test_what_cannot_be_edited_is_refused(shop, table, rows, ids, error, message):
    with pytest.raises(error, match=message), edit(shop[0]) as editing:
        editing.update(table, rows, ids=ids)
    assert Dataset.open(shop[0]).snapshot == 1


def test_deletes_name_rows_one_way(shop):
    for given_rows in ({}, {"keys": [1], "ids": [1]}):
        with pytest.raises(SchemaError, match="one of them"), edit(shop[0]) as editing:
            editing.delete("users", **given_rows)


def test_one_writer_at_a_time(shop):
    with edit(shop[0]), pytest.raises(StoreError, match="writing there now"), edit(shop[0]):
        pass


def test_there_must_be_a_dataset(tmp_path):
    with pytest.raises(StoreError, match="ingest first"), edit(tmp_path / "none"):
        pass
    assert not (tmp_path / "none").exists()


def test_frames_and_tables_are_taken(shop):
    path, model = shop
    keys = model.frames["users"]["user_id"]
    with edit(path) as editing:
        editing.update("users", model.frames["users"][["user_id"]].assign(age=5.0))
        editing.update("users", pa.table({"user_id": keys[:2], "city": ["x", None]}))
    dataset, store = Dataset.open(path), SsdFeatures.open(path)
    assert [dataset.row("users", i)["age"] for i in (0, 29)] == [5, 5]
    block = store.multi_get([Read("users", np.array([0, 1, 29], np.uint32))])[0]
    assert block.column("age").tolist() == [5, 5, 5]
    assert dataset.dictionary("users", "city")[block.column("city")[0] - 1] == "x"
    assert block.layout.column("city").cardinality == len(dataset.dictionary("users", "city")) + 1


def _files(path):
    return {
        file.relative_to(path).as_posix()
        for folder in DATA_FOLDERS
        for file in (path / folder).rglob("*")
        if file.is_file()
    }


def test_a_transaction_that_is_over_takes_nothing(shop):
    path, _ = shop
    with edit(path) as editing:
        pass
    for late in (
        lambda: editing.update("users", {"age": [1.0]}, ids=[3]),
        lambda: editing.delete("users", ids=[3]),
        lambda: editing.add_columns("users", {"x": [1.0]}, stypes={"x": "numerical"}, ids=[3]),
    ):
        with pytest.raises(IngestError, match="its with block is over"):
            late()


def test_values_that_are_no_features_are_said(shop):
    path, _ = shop
    with (
        pytest.warns(UserWarning, match=r"users\.age: 2 of 3 values are NaN, infinite"),
        edit(path) as editing,
    ):
        editing.update("users", {"age": [np.inf, 1e300, 1.0]}, ids=[3, 4, 5])
    block = SsdFeatures.open(path).multi_get([Read("users", np.array([3, 4, 5]))])[0]
    place = [column.name for column in block.layout.columns].index("age")
    assert block.present()[:, place].tolist() == [False, False, True]
