"""What is in the page cache is told from what is not."""

import mmap
import os

import numpy as np
import pytest

from workbench.errors import CorruptStoreError
from workbench.stores import residency
from workbench.stores.residency import cached_share, is_seen, load_pages
from workbench.testing.evict import evict

PAGES = 512


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(PAGES * mmap.PAGESIZE))
    evict(path)
    with path.open("rb") as handle:
        mapped = mmap.mmap(handle.fileno(), 0, prot=mmap.PROT_READ)
    mapped.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(mapped, np.uint8).reshape(-1, 1024)


def test_share_of_pages(rows):
    everything = np.arange(len(rows))
    before = cached_share(rows, everything)
    if before == 1:
        pytest.skip("this file system keeps its files in memory")
    assert before == 0
    rows[: len(rows) // 2 : 4].sum()  # one byte of each page of the first half at least
    assert cached_share(rows, everything[: len(rows) // 2]) == 1
    assert 0.4 <= cached_share(rows, everything) <= 0.6
    assert cached_share(rows, everything[:0]) == 1


def test_only_memory_pages_can_be_asked_about():
    nowhere = np.lib.stride_tricks.as_strided(np.empty(1, np.uint8), (1 << 40, 4096))
    with pytest.raises(OSError, match="mincore"):
        cached_share(nowhere, np.array([1 << 35]))


def test_own_files_are_seen(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    assert is_seen(tmp_path / "file") == hasattr(os, "posix_fadvise")


@pytest.mark.parametrize("old", [False, True])
def test_loading_brings_every_page(rows, monkeypatch, old):
    real = residency._advise
    if old:  # a system that cannot populate a map
        monkeypatch.setattr(
            residency, "_advise", lambda at, size, advice: 22 if advice == 22 else real(at, size, advice)
        )
    monkeypatch.setattr(residency, "PIECE", 5 * mmap.PAGESIZE)
    load_pages(rows)
    assert cached_share(rows, np.arange(len(rows)), sample=10_000) == 1
    load_pages(rows[:0])


def test_a_disk_that_fails_is_told(rows, monkeypatch):
    monkeypatch.setattr(residency, "_advise", lambda at, size, advice: 14)
    with pytest.raises(CorruptStoreError, match="brought into memory: the disk failed"):
        load_pages(rows)
