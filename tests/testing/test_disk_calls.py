"""Calls are noted in order, of every thread; the one that is to go wrong does, and only inside the folder."""

import os
import signal
import threading
from pathlib import Path

import pytest

from workbench.errors import StoreError
from workbench.testing.disk_calls import Call, can_trace, disk_calls

pytestmark = pytest.mark.skipif(not can_trace(), reason="this system lets no child be traced")


def change(folder):
    """A draft that is written, synced and renamed over an older file."""
    handle = os.open(folder / "draft", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(handle, b"0123456789")
    os.pwrite(handle, b"ab", 4)
    os.fsync(handle)
    os.close(handle)
    (folder / "draft").rename(folder / "kept")
    (folder.parent / "elsewhere").write_bytes(b"not ours")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/kept").write_bytes(b"old")
    return tmp_path / "here"


def test_calls_are_noted_in_order(folder):
    seen = disk_calls(lambda: change(folder), folder)
    assert (seen.signal, seen.error) == (0, "")
    assert seen.calls == [
        Call("create", "draft"),
        Call("write", "draft", 0, b"0123456789"),
        Call("write", "draft", 4, b"ab"),
        Call("sync", "draft", data=b"0123ab6789"),
        Call("rename", "draft", to="kept"),
    ]
    assert (folder / "kept").read_bytes() == b"0123ab6789"


def test_threads_and_folders_are_seen(folder):
    def act():
        thread = threading.Thread(target=(folder / "a/b").mkdir, kwargs={"parents": True})
        thread.start()
        thread.join()
        (folder / "a/b").rmdir()
        (folder / "kept").unlink()

    kinds = [(call.kind, call.path) for call in disk_calls(act, folder).calls]
    assert kinds[-3:] == [("mkdir", "a/b"), ("rmdir", "a/b"), ("unlink", "kept")]
    assert ("mkdir", "a") in kinds


@pytest.mark.parametrize(("at", "left"), [(0, None), (1, b"01234"), (2, b"0123a56789"), (4, b"0123ab6789")])
def test_a_kill_comes_when_half_of_a_write_is_done(folder, at, left):
    seen = disk_calls(lambda: change(folder), folder, at, "kill")
    assert seen.signal == signal.SIGKILL
    assert len(seen.calls) == at + 1
    assert (folder / "kept").read_bytes() == b"old"
    assert (folder / "draft").exists() == (left is not None)
    assert left is None or (folder / "draft").read_bytes() == left


def test_errors_are_those_of_the_system_and_ours_are_told_from_others(folder):
    seen = disk_calls(lambda: change(folder), folder, 3, "EIO")
    assert seen.error == "OSError: [Errno 5] Input/output error"
    assert not seen.expected

    def refuse():
        raise StoreError("no")

    seen = disk_calls(refuse, folder)
    assert (seen.error, seen.expected) == ("StoreError: no", True)


def test_a_full_disk_stays_full_and_a_short_write_comes_once(folder):
    def stubborn():
        for name in ("a", "b"):
            try:
                (folder / name).write_bytes(b"1234")
            except OSError:
                continue

    disk_calls(stubborn, folder, 0, "ENOSPC")
    assert not (folder / "a").exists()
    assert not (folder / "b").exists()
    seen = disk_calls(lambda: change(folder), folder, 1, "short")
    assert (seen.error, Path(folder / "kept").read_bytes()) == ("", b"0123ab")
