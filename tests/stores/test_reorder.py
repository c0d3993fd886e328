"""Another order on disk, the same rows by id: at ingest, and of a dataset that is there, edits and all."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.engine import open_engine
from workbench.errors import SchemaError, StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.infer import infer_schema
from workbench.stores import reorder as module
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.reorder import reorder
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.testing.disk_faults import DiskFaults
from workbench.testing.edited_shop import check_shop, make_shop, random_edit
from workbench.testing.sizes import cases

RNG = np.random.default_rng(3)
SHOP = {
    "users": pa.table({"user_id": np.arange(20)}),
    "orders": pa.table(
        {
            "user_id": RNG.integers(0, 22, 500),
            "at": pa.array(RNG.integers(0, 10**6, 500), pa.timestamp("s")),
            "amount": RNG.random(500),
            "kind": RNG.choice(["a", "b", "c"], 500),
        }
    ),
}
SCHEMA = infer_schema(SHOP).link("orders", "user_id", "users")


def slots_of(path: Path) -> np.ndarray | None:
    file = Dataset.open(path).file("slot", "orders")
    return None if file is None else np.fromfile(file, np.uint32)


@pytest.mark.parametrize("order", [{"orders": "user_id"}, {"orders": "key"}, "key"])
def test_the_same_rows_by_id_and_neighbours_side_by_side(tmp_path: Path, order: str | dict[str, str]) -> None:
    ingest(SHOP, SCHEMA, tmp_path / "plain")
    ingest(SHOP, SCHEMA, tmp_path / "slots", order=order)
    plain, slotted = (Dataset.open(tmp_path / name) for name in ("plain", "slots"))
    assert not verify(slotted.path).problems
    assert not verify(slotted.path).unregistered
    ids = RNG.permutation(500)
    one, other = (SsdFeatures.open(d).multi_get([Read("orders", ids)])[0] for d in (plain, slotted))
    assert (one.data == other.data).all()
    users = np.array(plain.duckdb().execute("SELECT user_id FROM orders ORDER BY __row__").fetchall())[:, 0]
    users[users >= 20] = 20  # keys that no user has lie last, in time order
    assert (np.argsort(slots_of(slotted.path)) == np.lexsort((np.arange(500), users))).all()
    assert slots_of(plain.path) is None
    assert slotted.manifest.report["order"] == {"orders": "user_id"}


def test_an_empty_table_may_have_an_order(store_path: Path) -> None:
    empty = {**SHOP, "orders": SHOP["orders"].slice(0, 0)}
    for order in ("key", "measured", "community"):
        ingest(empty, SCHEMA, store_path, order=order)
        assert not verify(store_path).problems


def test_an_order_is_a_word_or_a_key(store_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"'orders' were to lie by 'user'.*Did you mean 'user_id'"):
        ingest(SHOP, SCHEMA, store_path, order={"orders": "user"})
    with pytest.raises(SchemaError, match=r"Allowed: arrival, measured\b"):
        ingest(SHOP, SCHEMA, store_path, order={"users": "key"})
    with pytest.raises(SchemaError, match=r"all tables were to lie by 'keys'.*Did you mean 'key'"):
        ingest(SHOP, SCHEMA, store_path, order="keys")
    with pytest.raises(SchemaError, match=r"an order of rows.*got an? int.*Give a word"):
        ingest(SHOP, SCHEMA, store_path, order=3)  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="table 'order' was asked for"):
        ingest(SHOP, SCHEMA, store_path, order={"order": "key"})
    assert not (store_path / "features").exists()


@pytest.mark.parametrize("window", [None, 3])
def test_a_dataset_with_edits_is_laid_out_anew_and_back(
    tmp_path: Path, window: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an ingest in that order lays it out; who has it open reads on; edits go on after it."""
    if window is not None:  # many passes, each of a few rows
        monkeypatch.setattr(module, "CHUNK", 64 * window)
        monkeypatch.setattr(module, "available_memory", lambda: 0)
    rng = np.random.default_rng(5)
    model = make_shop(tmp_path / "a", rng)
    for _ in range(3):
        with edit(tmp_path / "a") as editing:
            random_edit(editing, model, rng)
    old = open_engine(tmp_path / "a")
    done = old.reorder({"orders": "key"}).result()
    assert done.order == {"orders": "user_id"}
    assert done.snapshot == old.dataset.snapshot + 1
    check_shop(old.dataset, old.features, model)
    new = old.refresh()
    check_shop(new.dataset, new.features, model)
    assert verify(tmp_path / "a").ok
    assert not verify(tmp_path / "a").unregistered
    slots = slots_of(tmp_path / "a")
    assert slots is not None
    before = dict(model.frames)
    with edit(tmp_path / "a") as editing:
        random_edit(editing, model, rng)
        random_edit(editing, model, rng)
    assert model.frames.keys() == before.keys()
    compact(tmp_path / "a")
    assert (slots_of(tmp_path / "a") == slots).all()
    newest = new.refresh()
    check_shop(newest.dataset, newest.features, model)
    assert newest.reorder("arrival").result().order == {"orders": "arrival"}
    assert slots_of(tmp_path / "a") is None
    last = newest.refresh()
    check_shop(last.dataset, last.features, model)
    assert last.reorder("arrival").result().snapshot == last.dataset.snapshot, "there is nothing to do"


def test_rows_that_changed_meanwhile_are_not_reordered(tmp_path: Path) -> None:
    ingest(SHOP, SCHEMA, tmp_path)
    engine = open_engine(tmp_path)
    with edit(tmp_path) as editing:
        editing.update("orders", {"amount": [1.0]}, ids=[3])
    with pytest.raises(StoreError, match=r"at snapshot 2 by now, not at 1.*engine\.refresh\(\)"):
        engine.reorder("key").result()
    assert Dataset.open(tmp_path).snapshot == 2


def test_links_that_a_compaction_will_find_are_not_lost(tmp_path: Path) -> None:
    """Orders of user 20 came before that user: folded without them, they would stay without a user."""
    ingest(SHOP, SCHEMA, tmp_path)
    ingest({"users": pa.table({"user_id": [20]})}, SCHEMA, tmp_path, append=True)
    with pytest.raises(StoreError, match=r"only a compaction links them.*engine\.compact\(\)"):
        open_engine(tmp_path).reorder("key").result()
    engine = open_engine(tmp_path)
    engine.compact().result()
    engine = engine.refresh()
    assert engine.reorder("key").result().order == {"orders": "user_id"}
    (edges,) = (e for name, e in engine.refresh().graph.arrays.edges.items() if name.dst == "users")
    assert int(edges.indptr[21] - edges.indptr[20]) > 0


CHILD = """
import json, os, sys
import numpy
from workbench.kernels.csc import csc_from_column
from workbench.stores.dataset import Dataset
from workbench.stores.reorder import reorder
from workbench.testing.disk_faults import DiskFaults

csc_from_column(numpy.zeros(1, numpy.uint32), 1)  # the first kernel takes a second, so not in each grandchild

ends = {}
for path, at in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        with DiskFaults(at):
            slots = numpy.arange(80, dtype=numpy.uint32)[::-1].copy()
            reorder(path, {"orders": slots, "users": None}, {}, 2)
        os._exit(0)
    ends[path] = os.waitpid(child, 0)[1]
print(json.dumps(ends))
"""


def rows_of(path: Path) -> list[bytes]:
    """All feature rows of a shop."""
    store = SsdFeatures.open(path)
    rows = {name: layout.rows for name, layout in store.groups.items()}
    return [store.multi_get([Read(name, np.arange(count))])[0].data.tobytes() for name, count in rows.items()]


def test_whatever_goes_wrong_the_old_order_or_the_new_is_there(tmp_path: Path) -> None:
    """A kill, and a disk that refuses, at writes, fsyncs, renames, unlinks and the commit."""
    make_shop(tmp_path / "before", np.random.default_rng(3))
    with edit(tmp_path / "before") as editing:
        editing.delete("orders", ids=[5])
    wanted, slots = rows_of(tmp_path / "before"), np.arange(80, dtype=np.uint32)[::-1].copy()

    def fresh(name: str) -> Path:
        return Path(shutil.copytree(tmp_path / "before", tmp_path / name, dirs_exist_ok=True))

    with DiskFaults() as disk:
        reorder(fresh("count"), {"orders": slots, "users": None}, {}, 2)
    assert {"write", "fsync", "commit", "after"} <= {call.split()[0] for call in disk.calls}
    few = [*range(0, len(disk.calls), cases(4, 1)), len(disk.calls) - 1]
    jobs = [(str(fresh(f"kill-{at}")), at) for at in few]
    command = [sys.executable, "-c", CHILD, json.dumps(jobs)]
    ends = json.loads(subprocess.run(command, capture_output=True, timeout=300, check=True).stdout)
    assert set(ends.values()) == {signal.SIGKILL}
    for at in few:
        with DiskFaults(at, ("ENOSPC", "EIO")[at % 2]), pytest.raises(StoreError, match="the disk refused"):
            reorder(fresh(f"refuse-{at}"), {"orders": slots, "users": None}, {}, 2)
    for kind in ("kill", "refuse"):
        states = []
        for at in few:
            path = tmp_path / f"{kind}-{at}"
            assert rows_of(path) == wanted
            states.append(Dataset.open(path).snapshot)
            if states[-1] == 2 and at % cases(8, 1) == 0:
                reorder(path, {"orders": slots, "users": None}, {}, 2)
                assert rows_of(path) == wanted
                assert (slots_of(path) == slots).all()
        assert states == sorted(states)
        assert states[0] == 2
        assert states[-1] == 3
