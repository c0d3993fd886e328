"""The catalog: all or nothing, clear errors, no signal, one writer, any number of readers."""

import json
import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time

import lmdb
import pytest

from workbench.errors import CorruptStoreError, StoreError
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores import catalog, records
from workbench.stores.features import GroupColumn, GroupLayout
from workbench.stores.manifest import FileEntry, Manifest, Partition
from workbench.stores.seal import write_seal
from workbench.testing.sizes import cases

HOSTILE = 'x"; DROP TABLE y; -- \x00 ' + "long" * 300


def manifest(snapshot=1, report=None):
    users = Table("users", (Column("id", Stype.ID, "int64"), Column("b", Stype.CATEGORICAL)), "id", "t")
    orders = Table("orders", (Column("u", Stype.ID),), foreign_keys=(ForeignKey("u", "users"),))
    entry = FileEntry("features", "users", "features/p1/0.seg", 4096, "00")
    layout = GroupLayout("users", 3, (GroupColumn("b", "categorical", 0, 1, 3),))
    partition = Partition("p1", {"users": 3, "orders": 5}, (entry,))
    return Manifest(
        snapshot, Schema((users, orders)), (partition,), (layout,), "uint32", {"users": 3}, (), report or {}
    )


def test_what_is_committed_is_read(tmp_path):
    words = ["", "ä", 'a "b"', "\x00", "line\nbreak"]
    catalog.commit(tmp_path / "new" / "deep", manifest(), {("users", "b"): words, (HOSTILE, HOSTILE): []})
    state = catalog.read(tmp_path / "new" / "deep")
    assert state.manifest == manifest()
    assert state.dictionary("users", "b") == words
    assert state.dictionary(HOSTILE, HOSTILE) == []
    with pytest.raises(StoreError, match=r"dictionary of users\.c was asked for.*users\.b"):
        state.dictionary("users", "c")


def test_a_commit_replaces_everything(tmp_path):
    catalog.commit(tmp_path, manifest(1), {("users", "b"): ["x"] * 100_000})
    catalog.commit(tmp_path, manifest(2), {("users", "c"): ["y"]})
    state = catalog.read(tmp_path)
    assert state.manifest.snapshot == 2
    assert list(state.dictionaries) == [("users", "c")]


def test_many_commits_do_not_grow_the_file(tmp_path):
    sizes = []
    for snapshot in range(1, 15):
        catalog.commit(tmp_path, manifest(snapshot), {("users", "b"): ["word"] * 20_000})
        sizes.append((tmp_path / "catalog.lmdb/data.mdb").stat().st_size)
    assert sizes[-1] == sizes[4]


def test_a_dictionary_larger_than_the_default_map(tmp_path):
    values = [f"{i:0100d}" for i in range(900_000)]  # 90 MB, the map starts with room for 64
    catalog.commit(tmp_path, manifest(), {("users", "b"): values})
    assert catalog.read(tmp_path).dictionary("users", "b")[-1] == values[-1]


def test_there_is_no_dataset(tmp_path):
    for path, message in [
        (tmp_path / "none", "there is nothing at that path"),
        (tmp_path / ("x" * 9_999), "there is nothing at that path"),
        (tmp_path, "nothing was ever committed in that folder"),
        (tmp_path / "file", "that is a file"),
    ]:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match=message) as error:
            catalog.read(path)
        assert not isinstance(error.value, CorruptStoreError)
        assert "ingest first" in str(error.value)
        assert not catalog.exists(path)


def test_another_format_is_named(tmp_path, monkeypatch):
    real = Manifest.to_dict
    monkeypatch.setattr(Manifest, "to_dict", lambda self: {**real(self), "format": 99})
    catalog.commit(tmp_path, manifest(), {})
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"its format is 99.*format 1, 2 or 3.*Ingest the tables again"):
        catalog.read(tmp_path)


def test_a_truncated_catalog_is_an_error_not_a_signal(tmp_path):
    catalog.commit(tmp_path, manifest(), {("users", "b"): ["x"] * 5000})
    data = tmp_path / "catalog.lmdb/data.mdb"
    whole = data.read_bytes()
    for size in (0, 1, 100, 4096, 8192, 8193, len(whole) - 4096, len(whole) - 1):
        data.write_bytes(whole[:size])
        with pytest.raises(CorruptStoreError, match=r"catalog\.lmdb/data\.mdb in .* does not match"):
            catalog.read(tmp_path)


def test_missing_pieces_are_named(tmp_path):
    catalog.commit(tmp_path, manifest(), {})
    (tmp_path / "catalog.seal").rename(tmp_path / "kept")
    with pytest.raises(CorruptStoreError, match=r"catalog\.seal is missing"):
        catalog.read(tmp_path)
    (tmp_path / "kept").rename(tmp_path / "catalog.seal")
    (tmp_path / "catalog.lmdb").rename(tmp_path / "kept")
    with pytest.raises(CorruptStoreError, match=r"data\.mdb .* is missing"):
        catalog.read(tmp_path)


def test_reading_writes_nothing(tmp_path):
    catalog.commit(tmp_path, manifest(), {})
    (tmp_path / "catalog.lmdb/lock.mdb").unlink()
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    catalog.read(tmp_path)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_one_writer_at_a_time(tmp_path):
    with (
        catalog.writing(tmp_path),
        pytest.raises(StoreError, match="another process or thread is writing"),
        catalog.writing(tmp_path),
    ):
        pass
    with catalog.writing(tmp_path):
        pass


def test_an_error_inside_writing_is_not_disguised(tmp_path):
    with pytest.raises(BlockingIOError), catalog.writing(tmp_path):
        raise BlockingIOError("mine")


def test_readers_see_whole_snapshots_while_a_writer_commits(tmp_path):
    catalog.commit(tmp_path, manifest(1, {"n": 1}), {("users", "b"): ["1"] * 3000})
    seen, errors, stop = set(), [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                state = catalog.read(tmp_path)
                number = state.manifest.report["n"]
                assert state.dictionary("users", "b") == [str(number)] * 3000
                seen.add(number)
            except Exception as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(3)]
    child = multiprocessing.get_context("spawn").Process(target=_commit_many, args=(tmp_path,))
    for thread in threads:
        thread.start()
    child.start()
    child.join(60)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert max(seen) >= 2
    assert catalog.read(tmp_path).manifest.report["n"] == 25


def _commit_many(path):
    now = catalog.read(path).manifest.snapshot
    for n in range(now + 1, now + 25):
        catalog.commit(path, manifest(n, {"n": n}), {("users", "b"): [str(n)] * 3000})


KILL = """
import json, os, signal, sys
from pathlib import Path
from workbench.stores import catalog, records
from workbench.stores.manifest import Manifest

where, root = sys.argv[1], Path(sys.argv[2])
write_records, replace, renamed = catalog.write_records, Path.replace, []

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def die_inside_the_transaction(root, items, size):
    environment = records._open(root, readonly=False, map_size=1 << 27)
    with environment.begin(write=True) as transaction:
        for key, record in items.items():
            transaction.put(key, record)
        die()

def die_after_the_transaction(*arguments):
    write_records(*arguments)
    die()

def die_at_the_second_rename(self, target):
    renamed.append(self)
    return die() if len(renamed) == 2 else replace(self, target)

if where == "before the seal":
    catalog.write_seal = die
elif where == "after the first seal":
    catalog.write_records = die
elif where == "inside the transaction":
    catalog.write_records = die_inside_the_transaction
elif where == "after the transaction":
    catalog.write_records = die_after_the_transaction
elif where == "before the second seal's rename":
    Path.replace = die_at_the_second_rename
catalog.commit(root, Manifest.from_dict(json.loads(sys.argv[3])), {("users", "b"): ["new"] * 2000})
"""
MOMENTS = [
    "before the seal",
    "after the first seal",
    "inside the transaction",
    "after the transaction",
    "before the second seal's rename",
]


@pytest.mark.parametrize("first", [True, False], ids=["first commit", "later commit"])
@pytest.mark.parametrize("where", MOMENTS)
def test_kill_9_leaves_the_old_snapshot_or_the_new_one(tmp_path, where, first):
    if not first:
        catalog.commit(tmp_path, manifest(1), {("users", "b"): ["old"] * 1000})
    number = 1 if first else 2
    new = json.dumps(manifest(number).to_dict())
    child = subprocess.run([sys.executable, "-c", KILL, where, tmp_path, new], capture_output=True, text=True)
    assert child.returncode == -9, child.stderr
    state = catalog.find(tmp_path)
    if where in MOMENTS[-2:]:
        assert state.manifest.snapshot == number
        assert state.dictionary("users", "b") == ["new"] * 2000
    elif first:
        assert state is None
    else:
        assert state.manifest.snapshot == 1
        assert state.dictionary("users", "b") == ["old"] * 1000
    catalog.commit(tmp_path, manifest(3), {})
    assert catalog.read(tmp_path).manifest.snapshot == 3


def test_kill_9_at_any_moment(tmp_path):
    catalog.commit(tmp_path, manifest(1, {"n": 1}), {("users", "b"): ["1"] * 3000})
    context = multiprocessing.get_context("fork")
    for trial in range(8):
        child = context.Process(target=_commit_many, args=(tmp_path,))
        child.start()
        time.sleep(0.02 + 0.017 * trial)
        os.kill(child.pid, 9)
        child.join()
        state = catalog.read(tmp_path)
        assert state.dictionary("users", "b") == [str(state.manifest.report["n"])] * 3000


def test_damage_after_a_crash_is_found_by_the_child_process(tmp_path):
    catalog.commit(tmp_path, manifest(1), {("users", "b"): ["old"] * 3000})
    new = json.dumps(manifest(2).to_dict())
    subprocess.run([sys.executable, "-c", KILL, "after the transaction", tmp_path, new], check=False)
    data = tmp_path / "catalog.lmdb/data.mdb"
    whole = data.read_bytes()
    for damage in (
        whole[:8192],
        b"\xff" * len(whole),
        whole.replace(b"new", b"nwe"),
        whole[: len(whole) // 2],
    ):
        data.write_bytes(damage)
        with pytest.raises(CorruptStoreError, match=r"data\.mdb"):
            catalog.read(tmp_path)
    data.write_bytes(whole)
    assert catalog.read(tmp_path).manifest.snapshot == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), lmdb.DiskError("no space")])
def test_a_full_disk_leaves_the_old_snapshot(tmp_path, monkeypatch, error):
    catalog.commit(tmp_path, manifest(1), {})

    def full(*_, **__):
        raise error

    for target in ("write_records", "write_seal"):
        with monkeypatch.context() as patch:
            patch.setattr(catalog, target, full)
            with pytest.raises(StoreError, match=r"(?i)no space.*free some space"):
                catalog.commit(tmp_path, manifest(2), {})
        assert catalog.read(tmp_path).manifest == manifest(1)


def test_a_real_full_map_leaves_the_old_snapshot(tmp_path, monkeypatch):
    catalog.commit(tmp_path, manifest(1), {})
    monkeypatch.setattr(records, "_MAP_ROOM", -(5 << 19))
    with pytest.raises(StoreError, match="MDB_MAP_FULL"):
        catalog.commit(tmp_path, manifest(2), {("users", "b"): ["x" * 100] * 7000})
    monkeypatch.undo()
    assert catalog.read(tmp_path).manifest == manifest(1)


def test_a_read_only_folder_can_be_read(tmp_path):
    catalog.commit(tmp_path, manifest(1), {})
    for folder in (tmp_path, tmp_path / "catalog.lmdb"):
        folder.chmod(0o555)
    try:
        assert catalog.read(tmp_path).manifest == manifest(1)
    finally:
        for folder in (tmp_path, tmp_path / "catalog.lmdb"):
            folder.chmod(0o755)


def test_a_catalog_of_another_snapshot_is_not_believed(tmp_path):
    catalog.commit(tmp_path, manifest(1), {})
    older = (tmp_path / "catalog.lmdb/data.mdb").read_bytes()
    catalog.commit(tmp_path, manifest(2), {})
    (tmp_path / "catalog.lmdb/data.mdb").write_bytes(older)
    write_seal(tmp_path, 2, committing=False)
    with pytest.raises(CorruptStoreError, match="is not of snapshot 2"):
        catalog.read(tmp_path)


def test_torn_images_of_a_commit(tmp_path):
    """Whatever part of a commit's pages a power loss leaves, the old snapshot or an error is read.

    LMDB never writes over pages of the last snapshot, and writes its meta page (0 or 1) last. Images with
    the new meta page are those of a disk that lied about its flush.
    """
    data, seal = tmp_path / "catalog.lmdb/data.mdb", tmp_path / "catalog.seal"
    for snapshot in (1, 2, 3):
        catalog.commit(tmp_path, manifest(snapshot), {("users", "b"): [str(snapshot)] * 4000})
    old = data.read_bytes()
    write_seal(tmp_path, 4, committing=True)
    committing = seal.read_bytes()
    catalog.commit(tmp_path, manifest(4), {("users", "b"): ["4"] * 9000})
    new = data.read_bytes()
    pages = range(0, len(new), 4096)
    changed = [at for at in pages if old[at : at + 4096] != new[at : at + 4096]]
    assert {0, 4096} & set(changed)
    rng = random.Random(0)
    for _ in range(cases(25, 500)):
        with_meta = rng.random() < 0.3
        image = bytearray(old.ljust(rng.choice([len(old), len(new)]), b"\0"))
        for at in changed:
            if rng.random() < 0.5 and (at > 4096 or with_meta):
                image[at : at + 4096] = new[at : at + 4096].ljust(4096, b"\0")
        data.write_bytes(image)
        seal.write_bytes(committing)
        try:
            state = catalog.find(tmp_path)
        except CorruptStoreError:
            assert with_meta
            continue
        assert state.manifest.snapshot in ((3, 4) if with_meta else (3,))
        words = {3: ["3"] * 4000, 4: ["4"] * 9000}[state.manifest.snapshot]
        assert state.dictionary("users", "b") == words


@pytest.mark.parametrize("left", [b"", b"\0" * 8192, b"half a page", bytes(range(256)) * 32])
def test_a_first_commit_that_never_ended_is_no_dataset(tmp_path, left):
    (tmp_path / "catalog.lmdb").mkdir()
    write_seal(tmp_path, 1, committing=True)
    (tmp_path / "catalog.lmdb/data.mdb").write_bytes(left)
    assert catalog.find(tmp_path) is None
    catalog.commit(tmp_path, manifest(), {})
    assert catalog.read(tmp_path).manifest == manifest()
