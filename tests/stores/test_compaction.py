"""A compaction changes where rows lie and nothing else; old snapshots stay until the next one."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import StoreError
from workbench.ingestion.edit import edit
from workbench.stores.compaction import compact
from workbench.stores.dataset import DATA_FOLDERS, Dataset
from workbench.stores.edits import deleted_rows
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.testing.edited_shop import check_shop, make_shop, random_edit
from workbench.testing.sizes import cases


@given(key=st.integers(0, 2**32))
@settings(max_examples=cases(6, 300))
def test_every_snapshot_reads_as_it_did(tmp_path_factory, key):
    path, rng = tmp_path_factory.mktemp("shop") / "s", np.random.default_rng(key)
    model = make_shop(path, rng, order={"orders": "user_id"} if key % 2 else "arrival")
    held = [(Dataset.open(path), SsdFeatures.open(path), model.copy())]
    compacted = 0
    for _ in range(6):
        if rng.random() < 0.35:
            done = compact(path)
            compacted += bool(done.tables)
        else:
            with edit(path) as editing:
                random_edit(editing, model, rng)
                random_edit(editing, model, rng)
        held.append((Dataset.open(path), SsdFeatures.open(path), model.copy()))
    newest = Dataset.open(path).manifest
    for dataset, store, then in held:
        assert all(
            (store.multi_get([Read(g, np.arange(n))])[0].data).shape[0] == n for g, n in then.rows.items()
        )
        if newest.at(dataset.snapshot) is None:
            assert compacted > 1
            continue
        check_shop(dataset, store, then)
        again = Dataset.open(path, dataset.snapshot)
        check_shop(again, SsdFeatures.open(again), then)
    checked = verify(path)
    assert checked.ok
    assert not checked.unregistered


@pytest.fixture
def edited(tmp_path):
    path = tmp_path / "s"
    make_shop(path, np.random.default_rng(1))
    with edit(path) as editing:
        editing.update("users", {"age": [5.0], "city": ["Genf"]}, ids=[3])
        editing.delete("users", ids=[8])
    return path


def test_rows_bytes_edges_and_codes_are_the_same(edited):
    before, after = Dataset.open(edited), (compact(edited), Dataset.open(edited))[1]
    assert after.snapshot == before.snapshot + 1
    assert not after.manifest.edits
    rows = [SsdFeatures.open(d).multi_get([Read("users", np.arange(30))])[0].data for d in (before, after)]
    np.testing.assert_array_equal(*rows)
    assert after.dictionaries() == before.dictionaries()
    graphs = [GraphArrays.open(d) for d in (before, after)]
    for a, b in zip(graphs[0].arrays, graphs[1].arrays, strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_edited_tables_are_written_anew(edited):
    before = {e.path for e in Dataset.open(edited).manifest.files}
    done = compact(edited)
    assert (done.tables, done.edits) == (("users",), 1)
    new = [e for e in Dataset.open(edited).manifest.files if e.path not in before]
    assert sorted((e.role, e.name) for e in new) == [(r, "users") for r in ("deleted", "features", "table")]
    assert done.bytes == sum(e.bytes for e in new)


def test_nothing_to_do_makes_no_snapshot(edited):
    compact(edited)
    assert compact(edited).tables == ()
    assert Dataset.open(edited).snapshot == 3


def test_values_of_deleted_rows_are_gone_when_nobody_is_to_read_them(edited):
    deleted = Dataset.open(edited)
    name = pq.read_table(deleted.table_files("users")[0]).to_pylist()[8]
    compact(edited, keep=False)
    dataset = Dataset.open(edited)
    stored = pq.read_table(dataset.table_files("users")[0]).to_pylist()[8]
    assert stored == {**dict.fromkeys(name), "user_id": name["user_id"]}
    assert deleted_rows(dataset, "users").tolist() == [8]
    assert dataset.manifest.previous is None
    with pytest.raises(StoreError, match="ingested again or compacted"):
        Dataset.open(edited, 1)
    files = {
        f.relative_to(edited).as_posix() for d in DATA_FOLDERS for f in (edited / d).rglob("*") if f.is_file()
    }
    assert files == {entry.path for entry in dataset.manifest.files}


def test_the_second_compaction_lets_go_of_what_the_first_kept(edited):
    compact(edited)
    assert Dataset.open(edited, 1).snapshot == 1
    with edit(edited) as editing:
        editing.update("users", {"age": [6.0]}, ids=[3])
    compact(edited)
    with pytest.raises(StoreError):
        Dataset.open(edited, 1)
    assert [Dataset.open(edited, n).row("users", 3)["age"] for n in (3, 4, 5)] == [5, 6, 6]


def test_many_edits_and_compactions_do_not_grow_the_folder(tmp_path):
    make_shop(tmp_path / "s", np.random.default_rng(1), users=300, orders=2000)
    sizes = []
    for n in range(cases(12, 100)):
        with edit(tmp_path / "s") as editing:
            editing.update("orders", {"amount": [float(n)] * 20}, ids=np.arange(20) + n)
        compact(tmp_path / "s")
        sizes.append(sum(f.stat().st_size for f in (tmp_path / "s").rglob("*") if f.is_file()))
    assert sizes[-1] < 1.1 * sizes[3]
