"""Versioned features as they were: what pandas.merge_asof says of the source tables."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import AnchorError, CorruptStoreError, IdError, StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.merge import compact
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.versions import Versions
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

LATE = {
    "user_id": [1],
    "since": pa.array([np.datetime64("2027-01-01", "us")]),
    "plan": ["gold"],
    "price": np.float32([7]),
}


def make(path, rng, users=6, changes=40, schema=SCHEMA):
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
    ingest(tables, schema, path)
    return frame


def check(path, frame, rng, count=50):
    """Reads as of random instants, in one call with plain ones, are those of the frame's living rows."""
    dataset = path if isinstance(path, Dataset) else Dataset.open(path)
    store, users = SsdFeatures.open(dataset), dataset.manifest.rows("users")
    ids = rng.integers(0, users, count).astype(np.uint32)
    when = pd.Timestamp("2025-12-31") + pd.to_timedelta(np.sort(rng.integers(0, 50, count)), "D")
    asked = pd.DataFrame({"since": when.astype("datetime64[us]"), "user_id": ids.astype(np.int64)})
    known = frame.astype({"since": "datetime64[us]"})
    expected = pd.merge_asof(asked, known, on="since", by="user_id")
    as_of = when.to_numpy().astype("M8[us]").astype(np.int64)
    block, plain = store.multi_get([Read("changes", ids, as_of), Read("changes", np.arange(len(frame))[:0])])
    assert (len(block), len(plain)) == (count, 0)
    there = expected["price"].notna().to_numpy()
    np.testing.assert_array_equal(block.present(), np.stack([there, there], 1))
    words = ["", *dataset.dictionary("changes", "plan")]
    assert [words[code] for code in block.column("plan")] == expected["plan"].fillna("").tolist()
    np.testing.assert_array_equal(block.column("price"), expected["price"].fillna(0))


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """A history with appended, edited and deleted rows, and what it holds."""
    path, rng = tmp_path_factory.mktemp("changed") / "s", np.random.default_rng(11)
    frame = make(path, rng, users=40, changes=300, schema=SCHEMA.as_history("changes"))
    new = frame.iloc[:60].assign(since=lambda rows: rows["since"] + pd.Timedelta(20, "D"))
    ingest(
        {"changes": pa.Table.from_pandas(new, preserve_index=False)},
        SCHEMA.as_history("changes"),
        path,
        append=True,
    )
    frame = pd.concat([frame, new], ignore_index=True)
    lost, edited = rng.permutation(len(frame))[:40].reshape(2, 20)
    with edit(path) as editing:
        editing.update("changes", {"price": np.arange(20.0) + 1000}, ids=edited)
        editing.delete("changes", ids=lost)
    frame.loc[edited, "price"] = np.arange(20.0) + 1000
    return Dataset.open(path), frame.drop(index=lost)


@given(key=st.integers(0, 2**32), count=st.integers(0, 60))
@settings(max_examples=cases(100, 2000))
def test_reads_are_those_of_merge_asof(changed, key, count):
    check(changed[0], changed[1], np.random.default_rng(key), count)


@given(key=st.integers(0, 2**32), marked=st.booleans())
@settings(max_examples=cases(8, 100))
def test_against_merge_asof_through_edits_deletes_and_compaction(tmp_path_factory, key, marked):
    path, rng = tmp_path_factory.mktemp("v") / "s", np.random.default_rng(key)
    frame = make(path, rng, schema=SCHEMA.as_history("changes") if marked else SCHEMA)
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
        ([1, 2], [0], "one instant, or one per id"),
        ([1], [0.5], "one instant, or one per id"),
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


def test_opening_reads_no_history(tmp_path):
    make(tmp_path, np.random.default_rng(0))
    ingest({"changes": pa.table(LATE)}, SCHEMA, tmp_path, append=True)
    dataset = Dataset.open(tmp_path)
    entry = next(e for edit in dataset.manifest.edits for e in edit.files if e.role == "link")
    dataset.locate(entry).unlink()
    store = SsdFeatures.open(dataset)  # what was appended is merged when it is first asked for
    with pytest.raises(StoreError, match="it is missing"):
        store.rows_as_of("changes", np.array([1]), np.array([0]))


def test_versions_as_arrow(tmp_path):
    frame = make(tmp_path, np.random.default_rng(0))
    store = SsdFeatures.open(tmp_path)
    at = int(frame["since"].iloc[20].value // 1000)
    seen = frame[frame["since"] <= frame["since"].iloc[20]].groupby("user_id").last()
    lacking = np.setdiff1d(np.arange(6), seen.index)
    ids = np.array([*seen.index, *lacking, 0])
    table = store.to_arrow("changes", ids, ["user_id", "price"], as_of=at)
    expected = [seen["price"].get(user) for user in ids]
    assert table["price"].to_pylist() == expected
    assert table["user_id"].to_pylist() == [
        None if price is None else u for u, price in zip(ids, expected, strict=True)
    ]
    before = store.to_arrow("changes", ids, as_of=np.full(len(ids), at - 10**15))
    assert len(before) == before["plan"].null_count == len(ids)
    with pytest.raises(StoreError, match="not versioned"):
        store.to_arrow("users", ids, as_of=at)


def test_instants_of_any_form_and_of_no_other_unit():
    when = np.array(["2024-01-01", "2024-06-01"], "M8[us]")
    versions = Versions(
        "prices", "items", np.array([0, 2]), np.array([0, 1], np.uint32), when.astype(np.int64)
    )
    assert versions.rows([0, 0], np.array(["2024-02-01", "2024-06-01"], "M8[D]")).tolist() == [0, 1]
    assert versions.rows([0], "2024-05-31").tolist() == [0]
    micro = when.astype(np.int64)
    for wrong in (micro // 1_000_000, micro // 1000, micro * 1000):
        with pytest.raises(AnchorError, match="Give anchors"):
            versions.rows([0, 0], wrong)


def test_versions_of_a_key_that_comes_later_are_found_once_it_has_been_compacted(tmp_path):
    schema, begin = SCHEMA.as_history("changes"), np.datetime64("2026-01-01", "us")
    changes = {"user_id": [0, 9], "since": [begin, begin], "plan": ["a", "b"], "price": [1.0, 2.0]}
    ingest({"users": pa.table({"user_id": [0]}), "changes": pa.table(changes)}, schema, tmp_path)
    ingest({"users": pa.table({"user_id": [9]})}, schema, tmp_path, append=True)
    ids, when = np.array([0, 1]), np.full(2, begin.astype(np.int64))
    found = [SsdFeatures.open(tmp_path).rows_as_of("changes", ids, when).tolist()]
    compact(tmp_path)
    found.append(SsdFeatures.open(tmp_path).rows_as_of("changes", ids, when).tolist())
    assert found == [[0, -1], [0, 1]]
