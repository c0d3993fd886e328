"""Versioned features as they were: what pandas.merge_asof says of the source tables."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import CorruptStoreError, IdError, StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.temporal import FOREVER
from workbench.testing.sizes import cases

SCHEMA = Schema(
    (
        Table("users", (Column("user_id", Stype.ID),), "user_id"),
        Table(
            "changes",
            (
                Column("user_id", Stype.ID),
                Column("since", Stype.TIMESTAMP),
                Column("plan", Stype.CATEGORICAL),
                Column("price", Stype.NUMERICAL),
            ),
            time="since",
            foreign_keys=(ForeignKey("user_id", "users"),),
        ),
    )
)


def make(path, rng, users=6, changes=40):
    begin = np.datetime64("2026-01-01", "us")
    frame = pd.DataFrame(
        {
            "user_id": rng.integers(0, users, changes),
            "since": begin + np.sort(rng.integers(0, 20, changes)).astype("m8[D]"),
            "plan": rng.choice(["free", "paid", "gold"], changes),
            "price": rng.integers(0, 99, changes).astype(np.float32),
        }
    )
    tables = {"users": pa.table({"user_id": np.arange(users)}), "changes": pa.Table.from_pandas(frame)}
    ingest(tables, SCHEMA, path)
    return frame


def check(path, frame, rng):
    """Reads as of random instants, in one call with plain ones, are those of the frame's living rows."""
    dataset = Dataset.open(path)
    store, users = SsdFeatures.open(dataset), dataset.manifest.rows("users")
    ids = rng.integers(0, users, 50).astype(np.uint32)
    when = pd.Timestamp("2025-12-31") + pd.to_timedelta(np.sort(rng.integers(0, 26, 50)), "D")
    asked = pd.DataFrame({"since": when.astype("datetime64[us]"), "user_id": ids.astype(np.int64)})
    known = frame.astype({"since": "datetime64[us]"})
    expected = pd.merge_asof(asked, known, on="since", by="user_id")
    as_of = when.to_numpy().astype("M8[us]").astype(np.int64)
    block, plain = store.multi_get([Read("changes", ids, as_of), Read("changes", np.arange(len(frame))[:0])])
    assert (len(block), len(plain)) == (50, 0)
    there = expected["price"].notna().to_numpy()
    np.testing.assert_array_equal(block.present(), np.stack([there, there], 1))
    words = ["", *dataset.dictionary("changes", "plan")]
    assert [words[code] for code in block.column("plan")] == expected["plan"].fillna("").tolist()
    np.testing.assert_array_equal(block.column("price"), expected["price"].fillna(0))


@given(key=st.integers(0, 2**32))
@settings(max_examples=cases(8, 100))
def test_against_merge_asof_through_edits_deletes_and_compaction(tmp_path_factory, key):
    path, rng = tmp_path_factory.mktemp("v") / "s", np.random.default_rng(key)
    frame = make(path, rng)
    check(path, frame, rng)
    with edit(path) as editing:
        editing.update("changes", {"price": [1000.0, 1001.0]}, ids=[0, 3])
        lost = rng.permutation(len(frame))[:8]
        lost = lost[(lost != 0) & (lost != 3)]
        editing.delete("changes", ids=lost)
    frame.loc[[0, 3], "price"] = [1000.0, 1001.0]
    frame = frame.drop(index=lost)
    check(path, frame, rng)
    compact(path)
    check(path, frame, rng)


def test_one_instant_for_all_and_the_boundary_is_inclusive(tmp_path):
    frame = make(tmp_path, np.random.default_rng(0))
    store = SsdFeatures.open(tmp_path)
    first = frame.iloc[0]
    at = np.int64(first["since"].value // 1000)
    ids = np.full(1, first["user_id"])
    assert store.multi_get([Read("changes", ids, np.asarray(at))])[0].present().all()
    assert not store.multi_get([Read("changes", ids, np.asarray(at - 1))])[0].data.any()


@pytest.mark.parametrize(
    ("ids", "as_of", "message"),
    [
        ([6], [0], "0 to 5"),
        ([-1], [0], "0 to 5"),
        ([0.5], [0], "integers"),
        ([1, 2], [0], "one instant per id"),
        ([1], [0.5], "one instant per id"),
    ],
)
def test_bad_reads_are_refused(tmp_path, ids, as_of, message):
    make(tmp_path, np.random.default_rng(0))
    with pytest.raises(IdError, match=message):
        SsdFeatures.open(tmp_path).multi_get([Read("changes", np.array(ids), np.array(as_of))])


def test_what_is_no_history_is_refused(tmp_path):
    make(tmp_path, np.random.default_rng(0))
    with pytest.raises(StoreError, match=r"not versioned.*changes"):
        SsdFeatures.open(tmp_path).multi_get([Read("users", np.array([1]), np.array([0]))])


def test_a_version_without_a_time_is_never_valid(tmp_path):
    times = pa.array([0, None], pa.timestamp("us"))
    changes = {"user_id": [0, 0], "since": times, "plan": ["a", "b"], "price": [1.0, 2.0]}
    ingest({"users": pa.table({"user_id": [0]}), "changes": pa.table(changes)}, SCHEMA, tmp_path)
    read = Read("changes", np.array([0]), np.array([FOREVER]))
    assert SsdFeatures.open(tmp_path).multi_get([read])[0].column("price").tolist() == [1]


def test_no_versions_at_all(tmp_path):
    make(tmp_path, np.random.default_rng(0), changes=0)
    block = SsdFeatures.open(tmp_path).multi_get([Read("changes", np.array([1, 2]), np.array([0, 0]))])[0]
    assert block.data.shape[0] == 2
    assert not block.data.any()


def test_a_damaged_history_is_an_error_not_a_signal(tmp_path):
    make(tmp_path, np.random.default_rng(0))
    file = Dataset.open(tmp_path).file("indptr", "changes-user_id->users")
    file.write_bytes(np.full(7, 2**40).tobytes())
    with pytest.raises(CorruptStoreError, match="damaged"):
        SsdFeatures.open(tmp_path).multi_get([Read("changes", np.array([1]), np.array([0]))])
