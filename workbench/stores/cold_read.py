"""Cold reads: rows of a file that is not in memory, each distinct one once, in file order.

    places -> distinct, sorted -> row cache -> runs of the rest -> direct reads, many in flight -> expanded

A gather from a map that is not in memory waits for one page after the other: some 15 k rows a second on an
SSD that could do 90 k. What happens to lie in the page cache is gathered from there, though, as a sample of
each batch tells; and where no direct reads are allowed, the system is asked for all pages at once.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from workbench.kernels.cold_rows import plan_runs, rows_at
from workbench.stores.direct_file import DirectFile, describe
from workbench.stores.protocols import BufferPool
from workbench.stores.residency import cached_share
from workbench.stores.row_cache import CacheStats, RowCache
from workbench.types import AnyArray, ByteArray, Int64Array

GAP = 4096
"""Bytes between two runs that are read along: a read costs the disk what 20 KiB of it do."""

LONGEST = 128 << 10
"""Bytes of one read."""

CHUNK_ROWS = 1 << 14
"""Rows of which the runs are in memory at a time."""

MOSTLY = 0.98
"""Share of a batch's sampled pages in the page cache from which on it is gathered from the map."""

Part: TypeAlias = tuple[AnyArray, ByteArray]
"""Places of rows, and the buffer that they are read into."""

Gather: TypeAlias = Callable[[ByteArray, AnyArray, ByteArray], None]
"""``(rows, places, out)``"""


class ColdRows:
    """Rows of one segment that is not kept in memory. Safe between threads and after a fork.

    Parameters
    ----------
    rows : uint8[n, stride]  the mapped segment
    mapped : mmap  what the rows lie in
    file : DirectFile or None  the same, for direct reads; None: the page cache reads it
    cache_bytes : int  budget of the row cache; 0: none
    seen : bool  whether the system tells what of the file is in the page cache
    """

    def __init__(
        self, rows: ByteArray, mapped: mmap.mmap, file: DirectFile | None, cache_bytes: int, *, seen: bool
    ) -> None:
        self._rows, self._mapped, self._file, self._seen = rows, mapped, file, seen
        self._cache = RowCache(rows.shape[1], cache_bytes) if cache_bytes and file else None

    @property
    def way(self) -> str:
        """How rows are read, in words."""
        return describe(self._file.way) if self._file else "the page cache, asked for all pages of a batch"

    @property
    def cache(self) -> CacheStats | None:
        """What the row cache did so far; None if there is none."""
        return self._cache.stats() if self._cache else None

    def read(self, parts: Sequence[Part], give: Gather, arenas: BufferPool) -> None:
        """For each part ``out[i]`` = what ``give`` makes of the row at ``places[i]``.

        Parameters
        ----------
        parts : sequence of (places, out)
            ids[n], checked, repetitions allowed, and uint8[n, bytes], C-contiguous. What several parts ask
            for is read once.
        give : gathers rows, as ``kernels.gather.gather`` does
        arenas : BufferPool  lends what is needed on the way

        Raises
        ------
        CorruptStoreError
            If the disk fails or the file is torn.
        """
        places = np.concatenate([part for part, _ in parts]) if len(parts) > 1 else parts[0][0]
        cached = self._seen and cached_share(self._rows, places) >= MOSTLY
        if cached or self._file is None:
            if not cached:
                ask_for_rows(self._mapped, places, self._rows.shape[1])
            for part, out in parts:
                give(self._rows, part, out)
            return
        distinct, index = np.unique(places.astype(np.int64, copy=False), return_inverse=True)
        once = arenas.take((len(distinct), self._rows.shape[1]))
        self._read_once(self._file, distinct, once, arenas)
        end = 0
        for part, out in parts:
            begin, end = end, end + len(part)
            give(once, index[begin:end], out)

    def _read_once(self, file: DirectFile, distinct: Int64Array, out: ByteArray, arenas: BufferPool) -> None:
        def load(missing: Int64Array) -> ByteArray:
            loaded = arenas.take((len(missing), out.shape[1]))
            _read_direct(file, missing, loaded, arenas)
            return loaded

        if self._cache is None:
            _read_direct(file, distinct, out, arenas)
        else:
            self._cache.read(distinct, out, load)


def _read_direct(file: DirectFile, rows: Int64Array, out: ByteArray, arenas: BufferPool) -> None:
    """``out[i]`` = row ``rows[i]``, ascending; neighbours are read together."""
    for begin in range(0, len(rows), CHUNK_ROWS):
        some = rows[begin : begin + CHUNK_ROWS]
        runs, starts, size = plan_runs(some, out.shape[1], file.unit, GAP, LONGEST)
        scratch = arenas.take((1, size)).reshape(-1)
        behind = np.cumsum(runs[:, 1]) - runs[:, 1]
        file.read(np.column_stack([runs, scratch.ctypes.data + behind]))
        rows_at(scratch, starts, out[begin : begin + len(some)])


def ask_for_rows(mapped: mmap.mmap, rows: AnyArray, stride: int) -> None:
    """Have the pages of these rows read, without waiting for them."""
    page, size = mmap.PAGESIZE, len(mapped)
    runs, _, _ = plan_runs(np.unique(rows), stride, page, 0, size)
    for start, length in runs.tolist():
        mapped.madvise(mmap.MADV_WILLNEED, start, min(length, size - start))
