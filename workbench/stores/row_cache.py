"""RowCache: rows of one group that are asked for often, within a byte budget.

    unique rows -> held ones are copied out -> the rest is read by the caller -> offered: the frequent stay

Which rows stay is decided by how often they were asked for of late (``kernels/row_cache.py``), so one pass
over everything does not wash out what is needed all the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.kernels.row_cache import FREE, MISSED, WAYS, admit, cool, copy_held, find, put_at
from workbench.stores.fork_lock import ForkLock
from workbench.types import AnyArray, ByteArray, Int64Array

_COOL_AFTER = 8
"""The counts are halved when each place was asked for so often, on average."""

_ROW_EXTRA = 17
"""Bytes of a place beside its row: id, heat and its share of the sketch."""


@dataclass(frozen=True)
class CacheStats:
    """What a cache held and how often it helped; counts of distinct rows of each batch.

    Attributes
    ----------
    places : int  rows that it can hold
    hits, misses : int  rows that were held when they were asked for, and that were not
    taken : int  rows that were let in
    """

    places: int
    hits: int
    misses: int
    taken: int

    @property
    def hit_rate(self) -> float:
        """Share of rows that were held; 0 if none were asked for."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class RowCache:
    """Frequent rows of a feature group. Safe between threads and after a fork.

    Parameters
    ----------
    stride : int  bytes of a row, a multiple of 8
    budget : int  bytes that rows and counts may take; memory is taken at the first read, and as rows come
    """

    def __init__(self, stride: int, budget: int) -> None:
        self._sets = max(1, budget // (WAYS * (stride + _ROW_EXTRA)))
        self._bits = max(10, (self._sets * WAYS * 4).bit_length())
        self._words = stride // 8
        self._made: _Tables | None = None
        self._hits = self._misses = self._taken = self._since = 0
        self._lock = ForkLock()

    def read(self, rows: Int64Array, out: ByteArray, load: Callable[[Int64Array], ByteArray]) -> None:
        """Rows from the cache, and the others from elsewhere.

        Parameters
        ----------
        rows : int64[n]  distinct
        out : uint8[n, stride]  C-contiguous
        load : what reads the rows that are missing, int64[k] -> uint8[k, stride], and is not locked
        """
        words = out.reshape(-1).view(np.uint64)
        missed = self._find(rows, words)
        if not len(missed):
            return
        wanted = rows[missed]
        loaded = load(wanted).reshape(-1).view(np.uint64)
        put_at(loaded, self._words, missed, words)
        with self._lock:
            one = self._tables()
            self._taken += admit(
                one.ids, one.heat, one.sketch, self._bits, one.held, self._words, wanted, loaded
            )

    def _find(self, rows: Int64Array, out: AnyArray) -> Int64Array:
        """Copy out what is held; positions of what is not."""
        places = np.empty(len(rows), np.int64)
        with self._lock:
            one = self._tables()
            hits = int(find(one.ids, one.heat, one.sketch, self._bits, rows, places))
            copy_held(one.held, self._words, places, out)
            self._hits, self._misses = self._hits + hits, self._misses + len(rows) - hits
            self._since += len(rows)
            if self._since > _COOL_AFTER * self._sets * WAYS:
                cool(one.heat, one.sketch)
                self._since = 0
        return np.flatnonzero(places == MISSED)

    def _tables(self) -> _Tables:
        """The tables, made when they are first needed: opening a store must not wait for memory."""
        if self._made is None:
            self._made = _Tables(
                np.full((self._sets, WAYS), FREE, np.int64),
                np.zeros((self._sets, WAYS), np.uint8),
                np.zeros(1 << self._bits, np.uint8),
                np.empty(self._sets * WAYS * self._words, np.uint64),
            )
        return self._made

    def stats(self) -> CacheStats:
        """Places, hits and misses so far."""
        return CacheStats(self._sets * WAYS, self._hits, self._misses, self._taken)


@dataclass(frozen=True)
class _Tables:
    """What ``kernels/row_cache.py`` works on: ids and heat by set, the sketch, and the rows."""

    ids: Int64Array
    heat: ByteArray
    sketch: ByteArray
    held: AnyArray
