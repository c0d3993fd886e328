"""Direct writes: every byte in its place whatever the sizes, and every refusal of the disk is heard."""

import errno
import os
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import StoreError
from workbench.stores import direct_write
from workbench.stores.direct_write import DirectWriter
from workbench.stores.durable import DurableFile, checksum
from workbench.testing.sizes import cases


def writer_of(path):
    path.touch()
    writer = DirectWriter.open(path)
    if writer is None:
        pytest.skip("this file system has no direct writes")
    return writer


@given(sizes=st.lists(st.integers(0, 40_000), max_size=12), key=st.integers(0, 99))
@settings(max_examples=cases(30, 1000), deadline=None)
def test_every_byte_in_its_place(tmp_path_factory, sizes, key):
    path = tmp_path_factory.mktemp("direct") / "file"
    content = np.random.default_rng(key).integers(0, 256, sum(sizes), np.uint8).tobytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct_write, "BUFFER", 8192)
        writer, place = writer_of(path), 0
        for size in sizes:
            assert writer.write(memoryview(content)[place : place + size]) == size
            place += size
        writer.flush()
        os.fsync(writer.fileno())
        writer.close()
        writer.close()  # once more does no harm
    assert path.read_bytes() == content


@pytest.mark.parametrize("size", [0, 10, 4096, 5000, 8 << 20, (20 << 20) + 4096])
def test_a_durable_file_written_so(tmp_path, size):
    content, before = os.urandom(size), set(threading.enumerate())
    with DurableFile(tmp_path, "features/0", "features", "g", direct=True) as file:
        file.write(content)
    entry = file.finish()
    assert (tmp_path / "features/0").read_bytes() == content
    assert checksum(tmp_path / "features/0") == (entry.bytes, entry.checksum) == (size, entry.checksum)
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_full_disk_is_heard_whichever_write_met_it(tmp_path, monkeypatch, after):
    real, calls, before = os.write, [], set(threading.enumerate())

    def full(descriptor, view):
        calls.append(len(view))
        if len(calls) > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, view)

    writer_of(tmp_path / "probe").close()
    monkeypatch.setattr(direct_write, "BUFFER", 8192)
    monkeypatch.setattr(direct_write.os, "write", full)
    with (
        pytest.raises(StoreError, match="No space left on device"),
        DurableFile(tmp_path, "features/0", "features", "g", direct=True) as file,
    ):
        file.write(bytes(8192 * 3 + 4096))
    assert not (tmp_path / "features/0").exists()
    assert set(threading.enumerate()) == before


def test_short_writes_are_continued_also_from_odd_places(tmp_path, monkeypatch):
    real = os.write
    writer = writer_of(tmp_path / "file")
    monkeypatch.setattr(direct_write.os, "write", lambda file, view: real(file, view[:1000]))
    content = os.urandom(20_000)
    writer.write(memoryview(content))
    writer.flush()
    writer.close()
    assert (tmp_path / "file").read_bytes() == content


def test_where_there_are_no_direct_writes(tmp_path, monkeypatch):
    real = os.open

    def without(path, flags, *more):
        if flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(path, flags, *more)

    monkeypatch.setattr(direct_write.os, "open", without)
    with DurableFile(tmp_path, "features/0", "features", "g", direct=True) as file:
        file.write(b"123")
    assert (tmp_path / "features/0").read_bytes() == b"123"
