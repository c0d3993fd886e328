"""Durable files: hashed while written, never overwritten, never left half."""

import os
from pathlib import Path

import numpy as np
import pytest
import xxhash

from workbench.errors import StoreError
from workbench.stores import durable
from workbench.stores.durable import DurableFile, adopt_file, checksum, sync_folders, write_file


def test_what_is_written_is_hashed_and_on_disk(tmp_path):
    numbers = np.arange(3_000_000)
    entry = write_file(tmp_path, "graph/p1/0.bin", "nbr", "a-b->c", numbers, b"tail", numbers[::2])
    whole = (tmp_path / "graph/p1/0.bin").read_bytes()
    assert whole == numbers.tobytes() + b"tail" + numbers[::2].tobytes()
    assert (entry.role, entry.name, entry.path) == ("nbr", "a-b->c", "graph/p1/0.bin")
    assert (entry.bytes, entry.checksum) == (len(whole), xxhash.xxh3_64_hexdigest(whole))
    assert checksum(tmp_path / "graph/p1/0.bin") == (entry.bytes, entry.checksum)


def test_an_empty_file(tmp_path):
    entry = write_file(tmp_path, "graph/0", "nbr", "x", np.empty(0, np.uint32))
    assert (entry.bytes, entry.checksum) == (0, xxhash.xxh3_64_hexdigest(b""))


def test_a_file_is_written_once(tmp_path):
    write_file(tmp_path, "keys/0", "keys", "x", b"old")
    with pytest.raises(StoreError, match="File exists"):
        write_file(tmp_path, "keys/0", "keys", "x", b"new")
    assert (tmp_path / "keys/0").read_bytes() == b"old"


def test_short_writes_are_continued(tmp_path):
    file = DurableFile(tmp_path, "keys/0", "keys", "x")
    real = file._file

    class Stingy:
        def write(self, piece):
            return real.write(piece[:1000])

        def __getattr__(self, name):
            return getattr(real, name)

    file._file = Stingy()
    file.write(os.urandom(5500))
    entry = file.finish()
    assert entry.bytes == (tmp_path / "keys/0").stat().st_size == 5500
    assert checksum(tmp_path / "keys/0")[1] == entry.checksum


@pytest.mark.parametrize("when", ["write", "fsync"])
def test_a_full_disk_leaves_no_file(tmp_path, monkeypatch, when):
    def full(*_):
        raise OSError(28, "No space left on device")

    if when == "fsync":
        monkeypatch.setattr(durable.os, "fsync", full)
    else:
        monkeypatch.setattr(DurableFile, "_write_all", full)
    with pytest.raises(StoreError, match=r"No space left on device.*free some space"):
        write_file(tmp_path, "keys/0", "keys", "x", b"123")
    assert not (tmp_path / "keys/0").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_really_full_disk(tmp_path):
    file = DurableFile(tmp_path, "keys/0", "keys", "x")
    file._file.close()
    file._file = open("/dev/full", "wb", buffering=0)  # noqa: PTH123, SIM115
    with pytest.raises(StoreError, match="No space left on device"):
        file.write(b"123")
    file.abandon()


def test_an_error_in_the_block_removes_the_file(tmp_path):
    with pytest.raises(TypeError), DurableFile(tmp_path, "keys/0", "keys", "x") as file:
        file.write([b"1"])
    assert not (tmp_path / "keys/0").exists()


def test_a_finished_file_is_not_abandoned(tmp_path):
    file = DurableFile(tmp_path, "keys/0", "keys", "x")
    file.write(b"1")
    assert file.finish() == file.finish()
    file.abandon()
    assert (tmp_path / "keys/0").read_bytes() == b"1"


def test_adopting_a_file_of_another_library(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/0.parquet").write_bytes(b"PAR1")
    entry = adopt_file(tmp_path, "tables/0.parquet", "table", "t")
    assert (entry.bytes, entry.checksum) == (4, xxhash.xxh3_64_hexdigest(b"PAR1"))
    with pytest.raises(StoreError, match=r"1\.parquet was to be written.*No such file"):
        adopt_file(tmp_path, "tables/1.parquet", "table", "t")


def test_files_are_synced_as_they_are_written_and_folders_once_each(tmp_path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        durable.os, "fsync", lambda n: (synced.append(Path(f"/proc/self/fd/{n}").resolve()), real(n))
    )
    files = ["graph/p1/0", "graph/p1/1", "keys/2"]
    for path in files:
        write_file(tmp_path, path, "nbr", "x", b"1")
    assert synced == [tmp_path / path for path in files]
    synced.clear()
    sync_folders(tmp_path, [tmp_path / path for path in files])
    folders = ["graph/p1", "graph", "keys", "."]
    assert sorted(synced) == sorted((tmp_path / name).resolve() for name in folders)
    assert synced.index(tmp_path / "graph/p1") < synced.index(tmp_path / "graph") < synced.index(tmp_path)
