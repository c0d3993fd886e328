"""Cold reads: each distinct row once, neighbours together, and what is cached is not read at all."""

import mmap

import numpy as np
import pytest

from workbench.kernels.gather import gather
from workbench.stores import cold_read
from workbench.stores.buffers import ArenaPool
from workbench.stores.cold_read import ColdRows, ask_for_rows
from workbench.stores.direct_file import DirectFile, pread_threads
from workbench.testing.evict import evict

ROWS, STRIDE = 5000, 512


class Counting:
    """A direct file that notes what is asked of it."""

    def __init__(self, inner):
        self.inner, self.reads = inner, []
        self.unit, self.way = inner.unit, inner.way

    def read(self, reads):
        self.reads.append(reads[:, :2].copy())
        self.inner.read(reads)

    @property
    def bytes(self):
        return sum(int(reads[:, 1].sum()) for reads in self.reads)


@pytest.fixture
def stored(tmp_path):
    """(rows, cold rows without a cache or with one, direct file)"""
    path = tmp_path / "file"
    data = np.random.default_rng(0).integers(0, 256, (ROWS, STRIDE), np.uint8)
    path.write_bytes(data.tobytes() + bytes(-data.nbytes % 4096))
    evict(path)
    inner = DirectFile.open(path, pread_threads())
    if inner is None:
        pytest.skip("this file system allows no direct reads")
    file = Counting(inner)

    def make(cache_bytes=0, *, seen=True):
        with path.open("rb") as handle:
            mapped = mmap.mmap(handle.fileno(), data.nbytes, prot=mmap.PROT_READ)
        mapped.madvise(mmap.MADV_RANDOM)
        rows = np.frombuffer(mapped, np.uint8).reshape(ROWS, STRIDE)
        return ColdRows(rows, mapped, file, cache_bytes, seen=seen)

    return data, make, file


def read(cold, places):
    out = np.empty((len(places), STRIDE), np.uint8)
    cold.read([(places, out)], gather, ArenaPool())
    return out


def test_each_distinct_row_is_read_once(stored):
    data, make, file = stored
    places = np.repeat(np.random.default_rng(1).choice(ROWS // 20, 200, replace=False) * 20, 6)
    np.random.default_rng(2).shuffle(places)
    np.testing.assert_array_equal(read(make(), places.astype(np.uint32)), data[places])
    assert file.bytes == 200 * STRIDE


def test_what_several_parts_ask_for_is_read_once(stored):
    data, make, file = stored
    rng = np.random.default_rng(5)
    parts = [rng.choice(ROWS // 40, count) * 40 for count in (90, 1, 70)]
    outs = [np.empty((len(places), STRIDE), np.uint8) for places in parts]
    make().read(list(zip(parts, outs, strict=True)), gather, ArenaPool())
    for places, out in zip(parts, outs, strict=True):
        np.testing.assert_array_equal(out, data[places])
    assert file.bytes == len(np.unique(np.concatenate(parts))) * STRIDE


def test_neighbours_are_read_together(stored):
    data, make, file = stored
    places = (np.arange(0, ROWS, 100)[:, None] + np.arange(20)).ravel()
    np.testing.assert_array_equal(read(make(), places), data[places])
    assert sum(map(len, file.reads)) == ROWS // 100


def test_large_batches_are_read_in_chunks(stored, monkeypatch):
    monkeypatch.setattr(cold_read, "CHUNK_ROWS", 7)
    data, make, file = stored
    places = np.random.default_rng(3).integers(0, ROWS, 100)
    np.testing.assert_array_equal(read(make(), places), data[places])
    assert len(file.reads) == -(-len(np.unique(places)) // 7)


def test_cached_rows_are_gathered_from_the_page_cache(stored):
    data, make, file = stored
    cold = make()
    cold._rows.sum()
    places = np.random.default_rng(4).integers(0, ROWS, 500)
    np.testing.assert_array_equal(read(cold, places), data[places])
    assert not file.reads
    unseen = make(seen=False)  # where the system does not tell, rows are read from the disk
    np.testing.assert_array_equal(read(unseen, places), data[places])
    assert file.reads


def test_the_row_cache_spares_the_disk(stored):
    data, make, file = stored
    cold = make(1 << 20)
    places = np.arange(0, ROWS, 10)
    read(cold, places)
    before = file.bytes
    np.testing.assert_array_equal(read(cold, places), data[places])
    assert file.bytes - before < before / 2
    assert cold.cache.hits > len(places) / 2
    assert make().cache is None


def test_asking_never_reaches_beyond_the_map(tmp_path):
    (tmp_path / "file").write_bytes(bytes(10_000))
    with (tmp_path / "file").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 10_000, prot=mmap.PROT_READ)
    ask_for_rows(mapped, np.array([0, 1249, 600]), 8)
    ask_for_rows(mapped, np.empty(0, np.int64), 8)
