"""StoredGroup: the rows of one feature group in a mapped segment, read by the way that suits where they are.

resident   read once in file order (the page cache then holds them in large pieces), then gathered
cold       what does not fit into memory: direct reads and a row cache (``cold_read.py``)
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbench.errors import CorruptStoreError, explain
from workbench.kernels.decode import gather_decoded
from workbench.kernels.gather import gather
from workbench.stores.codecs import packing
from workbench.stores.cold_read import ColdRows, Part
from workbench.stores.dataset import Dataset
from workbench.stores.direct_file import DirectFile
from workbench.stores.features import GroupLayout
from workbench.stores.fork_lock import ForkLock
from workbench.stores.fork_pool import ForkPool
from workbench.stores.protocols import BufferPool
from workbench.stores.replaced import gone
from workbench.stores.residency import is_seen, load_pages
from workbench.stores.seal import RESTORE
from workbench.types import AnyArray, ByteArray

MAPPED = "mapped"
"""Way of cold reads that leaves them to the page cache, beside ``direct_file.WAYS``."""


class StoredGroup:
    """One group's rows; ``slot[id]`` is the place of a row, None where it is the id itself.

    Attributes
    ----------
    layout : GroupLayout
    rows : uint8[n, stored stride]  the mapped segment
    cold : ColdRows or None  None: the rows are kept in memory
    """

    def __init__(self, layout: GroupLayout, rows: ByteArray, slot: AnyArray | None) -> None:
        self.layout, self.rows = layout, rows
        self.cold: ColdRows | None = None
        self.lock = ForkLock()
        self._slot, self._fields = slot, packing(layout).fields
        self._loaded = False

    @classmethod
    def resident(cls, dataset: Dataset, layout: GroupLayout) -> StoredGroup:
        """Map a group that is to be kept in memory; nothing is read yet.

        Raises
        ------
        StoreError, CorruptStoreError
            If its segment is missing, torn, or was replaced by a later ingest.
        """
        rows, slot, _ = _mapped(dataset, layout)
        return cls(layout, rows, slot)

    @classmethod
    def not_resident(
        cls, dataset: Dataset, layout: GroupLayout, threads: ForkPool, way: str | None, cache_bytes: int
    ) -> StoredGroup:
        """Map a group that stays on disk.

        Parameters
        ----------
        threads : ForkPool  of the store, for reads by ``pread``
        way : str or None  ``io_uring``, ``pread`` or ``mapped``; None: the quickest that is allowed
        cache_bytes : int  budget of its row cache

        Raises
        ------
        StoreError, CorruptStoreError
            As :meth:`resident`; or the way is not allowed here.
        """
        rows, slot, mapped = _mapped(dataset, layout)
        group = cls(layout, rows, slot)
        if mapped is not None:
            mapped.madvise(mmap.MADV_RANDOM)  # readahead would fetch megabytes for every row
            path = _segment(dataset, layout)
            try:
                file = None if way == MAPPED else DirectFile.open(path, threads, way)
                group.cold = ColdRows(rows, mapped, file, cache_bytes, seen=is_seen(path))
            except FileNotFoundError as error:
                raise gone(dataset, error.filename) from error
        return group

    def read(self, parts: Sequence[Part], arenas: BufferPool) -> None:
        """For each part (ids, out), ``out[i]`` = the row of ``ids[i]``; ids are checked."""
        asked = [part for part in parts if len(part[0])]
        if not asked:
            return
        self._load()
        wanted = [(ids if self._slot is None else self._slot[ids], out) for ids, out in asked]
        if self.cold is not None:
            self.cold.read(wanted, self._gather, arenas)
            return
        for places, out in wanted:
            self._gather(self.rows, places, out)

    def _gather(self, rows: ByteArray, places: AnyArray, out: ByteArray) -> None:
        """``out[i]`` = the plain row of the stored row ``rows[places[i]]``."""
        if self._fields is None:
            gather(rows, places, out)
        else:
            gather_decoded(rows, places, self._fields, out)

    def _load(self) -> None:
        """Bring what is to be there into memory, once: a resident group, and the slots of any."""
        if self._loaded:
            return
        with self.lock:
            if self._loaded:
                return
            if self._slot is not None:
                load_pages(self._slot)
            if self.cold is None:
                load_pages(self.rows)
            self._loaded = True


def _segment(dataset: Dataset, layout: GroupLayout) -> Path:
    file = dataset.file("features", layout.group)
    if file is None:
        what = f"no segment of feature group {layout.group!r} is registered"
        raise CorruptStoreError(explain(f"the dataset {dataset.path} was opened", what, do=RESTORE))
    return file


def _mapped(dataset: Dataset, layout: GroupLayout) -> tuple[ByteArray, AnyArray | None, mmap.mmap | None]:
    """Rows, slots, and the rows' map."""
    file, slot_file = _segment(dataset, layout), dataset.file("slot", layout.group)
    try:
        slot = None if slot_file is None else _bytes(_map(slot_file, 4 * layout.rows)).view(np.uint32)
        mapped = _map(file, stored_bytes(layout))
    except FileNotFoundError as error:
        raise gone(dataset, error.filename) from error
    return _bytes(mapped).reshape(layout.rows, packing(layout).stride), slot, mapped


def stored_bytes(layout: GroupLayout) -> int:
    """Bytes of a group's rows as they are stored."""
    return layout.rows * packing(layout).stride


def _map(file: Path, size: int) -> mmap.mmap | None:
    """Map the first ``size`` bytes of a file; None if there are none: nothing cannot be mapped."""
    try:
        with file.open("rb") as handle:
            have = os.fstat(handle.fileno()).st_size
            if have < size:  # a map beyond the end would end the process at the first touch
                got = f"{file} has {have} bytes instead of at least {size}"
                raise CorruptStoreError(explain("a segment was mapped", got, do=RESTORE))
            return mmap.mmap(handle.fileno(), size, prot=mmap.PROT_READ) if size else None
    except FileNotFoundError:
        raise  # lost, or replaced by a later ingest: the caller knows of which snapshot it is
    except OSError as error:
        raise CorruptStoreError(
            explain("a segment was mapped", f"{file} cannot be read ({error.strerror})", do=RESTORE)
        ) from error


def _bytes(mapped: mmap.mmap | None) -> ByteArray:
    return np.empty(0, np.uint8) if mapped is None else np.frombuffer(mapped, np.uint8)
