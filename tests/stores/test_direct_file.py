"""Direct reads give the bytes of the file, in every way that the system allows, from many threads at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from workbench.errors import StoreError
from workbench.stores import direct_file
from workbench.stores.buffers import ArenaPool
from workbench.stores.direct_file import DirectFile, describe, pread_threads
from workbench.stores.uring import is_allowed

UNITS = 300
THREADS = pread_threads()


@pytest.fixture
def content(tmp_path):
    data = np.random.default_rng(0).integers(0, 256, (UNITS, 4096), np.uint8)
    (tmp_path / "file").write_bytes(data.tobytes())
    return data


def opened(tmp_path, way=None):
    if way == "io_uring" and not is_allowed():
        pytest.skip("this system refuses io_uring")
    file = DirectFile.open(tmp_path / "file", THREADS, way)
    if file is None:
        pytest.skip("this file system allows no direct reads")
    return file


def read(file, places, pool):
    out = pool.take((len(places), 4096))
    addresses = out.ctypes.data + np.arange(len(places)) * 4096
    file.read(np.column_stack([places * 4096, np.full(len(places), 4096), addresses]))
    return out


@pytest.mark.parametrize("way", ["io_uring", "pread"])
@pytest.mark.parametrize("count", [1, 5, 2000])
def test_bytes_of_the_file(tmp_path, content, way, count):
    file = opened(tmp_path, way)
    assert file.way == way
    assert file.unit in (512, 4096)
    places = np.random.default_rng(count).integers(0, UNITS, count)
    np.testing.assert_array_equal(read(file, places, ArenaPool()), content[places])


@pytest.mark.parametrize("way", ["io_uring", "pread"])
def test_many_threads(tmp_path, content, way):
    file, pool = opened(tmp_path, way), ArenaPool()

    def one(key):
        places = np.random.default_rng(key).integers(0, UNITS, 200)
        return (read(file, places, pool) == content[places]).all()

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(one, range(60)))


def test_without_io_uring_threads_read(tmp_path, content, monkeypatch):
    monkeypatch.setattr(direct_file, "is_allowed", lambda: False)
    assert opened(tmp_path).way == "pread"
    with pytest.raises(StoreError, match=r"refuses it.*'pread'"):
        DirectFile.open(tmp_path / "file", THREADS, "io_uring")


def test_where_no_more_rings_are_allowed_threads_read(tmp_path, content, monkeypatch):
    file = opened(tmp_path, "io_uring")

    def refused():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(direct_file, "Ring", refused)
    places = np.arange(UNITS)
    with ThreadPoolExecutor(1) as fresh:  # a thread without a ring
        found = fresh.submit(read, file, places, ArenaPool()).result()
    np.testing.assert_array_equal(found, content[places])


def test_where_nothing_is_read_directly_there_is_no_such_file(tmp_path, content, monkeypatch):
    monkeypatch.setattr(direct_file, "_unit", lambda descriptor: 0)
    assert DirectFile.open(tmp_path / "file", THREADS) is None
    with pytest.raises(FileNotFoundError):
        DirectFile.open(tmp_path / "none", THREADS)


def test_words():
    assert "256" in describe("io_uring")
    assert "64 threads" in describe("pread")
