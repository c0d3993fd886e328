"""SsdFeatures: feature rows read from mapped segments by a prefetching gather.

    Read(group, ids) -> ids checked once -> slot[id] if rows are permuted -> gather into a lent buffer

What fits into memory is read once in file order (the page cache then holds it in large pieces and a
gather runs at memory speed). What does not is mapped with ``MADV_RANDOM``, because readahead would fetch
megabytes for every row, and the pages of each batch are asked for at once (``cold_read.py``).
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import CorruptStoreError, IdError, StoreError, did_you_mean, explain
from workbench.kernels.gather import extremes, gather
from workbench.stores.buffers import ArenaPool
from workbench.stores.cold_read import ask_for_rows
from workbench.stores.dataset import Dataset
from workbench.stores.durable import CHUNK
from workbench.stores.edits import Delta
from workbench.stores.features import FeatureBlock, GroupLayout
from workbench.stores.fork_lock import ForkLock
from workbench.stores.memory import available_memory
from workbench.stores.protocols import BufferPool, Read
from workbench.stores.replaced import gone
from workbench.stores.seal import RESTORE
from workbench.stores.versions import Versions, resolved, spread
from workbench.types import AnyArray, ByteArray


@dataclass
class _MappedGroup:
    """One group's rows, mapped; ``slot[id]`` is the place of a row, None where it is the id itself.

    ``descriptor`` is the open file of a resident group until its rows were read: a later ingest removes the
    file's name, not what is open.
    """

    layout: GroupLayout
    rows: ByteArray
    slot: AnyArray | None
    resident: bool
    mapped: mmap.mmap | None
    descriptor: int | None
    lock: ForkLock = field(default_factory=ForkLock)
    loaded: bool = False

    def __post_init__(self) -> None:
        """Close the file with the group, if it was never read."""
        if self.descriptor is not None:
            self._close = weakref.finalize(self, os.close, self.descriptor)

    def prepare(self, places: AnyArray) -> None:
        """Bring a resident group into memory, once; of another, ask for the pages of these rows."""
        if not self.resident:
            if self.mapped is not None:
                ask_for_rows(self.mapped, places, self.layout.stride)
            return
        with self.lock:
            if self.loaded or self.descriptor is None:
                return
            _read_in_order(self.descriptor)
            self.loaded = True  # first: a process forked while the file closes must not read it again
            self._close()


class SsdFeatures:
    """A :class:`~workbench.stores.protocols.FeatureStore` over the segments of a dataset.

    Safe between threads; pickles as (path, snapshot) and may be used after a fork.
    Make one with :meth:`open`.
    """

    def __init__(
        self, dataset: Dataset, groups: Mapping[str, _MappedGroup], threads: int, options: dict[str, Any]
    ) -> None:
        self._dataset = dataset
        self._mapped = dict(groups)
        deltas = {name: Delta.open(dataset, layout) for name, layout in self.groups.items()}
        self._layouts = self.groups
        self._versions = Versions.open(dataset)
        self._deltas = {name: delta for name, delta in deltas.items() if delta is not None}
        self._threads = threads
        self._options = options
        self._arenas = ArenaPool()
        self._workers: tuple[int, ThreadPoolExecutor] | None = None
        self._lock = ForkLock()

    @classmethod
    def open(
        cls,
        dataset: Dataset | str | Path,
        *,
        snapshot: int | None = None,
        resident_bytes: int | None = None,
        threads: int = 2,
    ) -> SsdFeatures:
        """Map every feature group of a dataset; nothing is read yet.

        Parameters
        ----------
        dataset : Dataset or path
        snapshot : int or None  the snapshot that must be committed there
        resident_bytes : int or None
            Groups are kept in memory, smallest first, up to this many bytes in total;
            None: a quarter of the memory that is free.
        threads : int  reads in flight at a time through :meth:`fetch`

        Raises
        ------
        StoreError, CorruptStoreError
            If there is no such dataset or a segment is missing or torn.
        """
        if not isinstance(dataset, Dataset):
            dataset = Dataset.open(dataset, snapshot)
        budget = available_memory() // 4 if resident_bytes is None else resident_bytes
        groups = {}
        for layout in sorted(dataset.manifest.groups, key=lambda group: group.rows * group.stride):
            budget -= layout.rows * layout.stride
            stored = replace(layout, rows=dataset.manifest.stored_rows(layout.group))
            groups[layout.group] = _map_group(dataset, stored, resident=budget >= 0)
        options = {"resident_bytes": resident_bytes, "threads": threads}
        return cls(dataset, groups, threads, options)

    @property
    def snapshot(self) -> int:
        """Number of the committed state that this store reads."""
        return self._dataset.snapshot

    @property
    def groups(self) -> Mapping[str, GroupLayout]:
        """Feature groups by name, in the manifest's order."""
        return {layout.group: layout for layout in self._dataset.manifest.groups}

    def fetch(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> Future[list[FeatureBlock]]:
        """Read several groups in one call, in a thread of the store.

        Parameters
        ----------
        reads : sequence of Read
        pool : BufferPool or None  lends the blocks' memory; None: the store's own arenas
        snapshot : int or None  refuse if the store reads another one

        Returns
        -------
        Future of list of FeatureBlock
            One per read, rows in the order of its ids. Errors of :meth:`multi_get` come from ``result()``.
        """
        return self._executor().submit(self.multi_get, tuple(reads), pool, snapshot)

    def multi_get(
        self, reads: Sequence[Read], pool: BufferPool | None = None, snapshot: int | None = None
    ) -> list[FeatureBlock]:
        """:meth:`fetch` in the calling thread.

        Raises
        ------
        IdError
            If ids are not integers in one dimension, or outside the group; nothing was read then.
        StoreError
            If a group does not exist or is not versioned, or the snapshot is another one.
        BudgetError
            If the rows would not fit into the memory that is free.
        """
        if snapshot is not None and snapshot != self.snapshot:
            got = f"this store reads snapshot {self.snapshot}"
            raise StoreError(
                explain(f"features of snapshot {snapshot} were asked for", got, do="Open it again")
            )
        reads, found = resolved(self._versions, reads)
        checked = [(self._group(read), self._checked_ids(read)) for read in reads]
        lender = self._arenas if pool is None else pool
        blocks = []
        for group, ids in checked:
            layout, stored = self._layouts[group.layout.group], group.layout.rows
            if stored == layout.rows:
                block = _read(group, ids, lender)
            else:  # rows that were appended lie in the delta alone
                inside = np.where(ids < stored, ids, 0) if stored else ids[:0]
                data = _read(group, inside, lender).data if stored else lender.take((len(ids), layout.stride))
                block = FeatureBlock(layout, data)
            if layout.group in self._deltas:
                self._deltas[layout.group].onto(ids, block.data)
            blocks.append(block)
        return [spread(block, found[i]) if i in found else block for i, block in enumerate(blocks)]

    def close(self) -> None:
        """Stop the store's threads; mapped segments go when the last array lets go of them."""
        with self._lock:
            if self._workers is not None and self._workers[0] == os.getpid():
                self._workers[1].shutdown(wait=True)
            self._workers = None

    def _executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._workers is None or self._workers[0] != os.getpid():  # threads do not survive a fork
                pool = ThreadPoolExecutor(self._threads, thread_name_prefix="workbench-features")
                self._workers = (os.getpid(), pool)
            return self._workers[1]

    def _group(self, read: Read) -> _MappedGroup:
        group = self._mapped.get(read.group)
        if group is None:
            raise StoreError(
                explain(
                    f"feature group {read.group!r} was asked for",
                    "the dataset does not have it",
                    ", ".join(self.groups) or "no feature groups are stored",
                    did_you_mean(read.group, self.groups),
                )
            )
        return group

    def _checked_ids(self, read: Read) -> AnyArray:
        return check_ids(read.ids, self._layouts[read.group])

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._dataset.path, self.snapshot, self._options)

    def __repr__(self) -> str:
        groups = ", ".join(f"{g.group}: {g.rows:,} x {g.stride} B" for g in self.groups.values())
        return f"SsdFeatures({str(self._dataset.path)!r}, snapshot {self.snapshot}, {groups or 'no groups'})"


def check_ids(ids: AnyArray, layout: GroupLayout) -> AnyArray:
    """Ids as a contiguous uint32 or int64 array, every one a row of the group.

    Raises
    ------
    IdError
    """
    asked = f"rows of feature group {layout.group!r} were asked for"
    array = np.asarray(ids)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and len(array)) or array.dtype == np.uint64:
        got = f"ids are {array.dtype}{list(array.shape)}"
        raise IdError(explain(asked, got, "a one-dimensional array of uint32, int32 or int64"))
    exact = array if array.dtype in (np.uint32, np.int64) else array.astype(np.int64)
    low, high = extremes(np.ascontiguousarray(exact))
    if low < 0 or high >= layout.rows:
        got = f"id {low if low < 0 else high} is among them"
        raise IdError(
            explain(asked, got, f"0 to {layout.rows - 1}" if layout.rows else "none: it has no rows")
        )
    return np.ascontiguousarray(exact)


def _read(group: _MappedGroup, ids: AnyArray, pool: BufferPool) -> FeatureBlock:
    out = pool.take((len(ids), group.layout.stride))
    if len(ids):
        places = ids if group.slot is None else group.slot[ids]
        group.prepare(places)
        gather(group.rows, places, out)
    return FeatureBlock(group.layout, out)


def _map_group(dataset: Dataset, layout: GroupLayout, *, resident: bool) -> _MappedGroup:
    file = dataset.file("features", layout.group)
    if file is None:
        what = f"no segment of feature group {layout.group!r} is registered"
        raise CorruptStoreError(explain(f"the dataset {dataset.path} was opened", what, do=RESTORE))
    slot_file = dataset.file("slot", layout.group)
    try:
        slot = None if slot_file is None else _bytes(_map(slot_file, 4 * layout.rows)[0]).view(np.uint32)
        mapped, descriptor = _map(file, layout.rows * layout.stride, keep_open=resident)
    except FileNotFoundError as error:
        raise gone(dataset, error.filename) from error
    if mapped is not None and not resident:
        mapped.madvise(mmap.MADV_RANDOM)
    rows = _bytes(mapped).reshape(layout.rows, layout.stride)
    return _MappedGroup(layout, rows, slot, resident, mapped, descriptor)


def _map(file: Path, size: int, *, keep_open: bool = False) -> tuple[mmap.mmap | None, int | None]:
    """Map the first ``size`` bytes of a file; None if there are none: nothing cannot be mapped.

    Also gives a descriptor of the file, for the caller to close, if it is to be kept open.
    """
    try:
        with file.open("rb") as handle:
            have = os.fstat(handle.fileno()).st_size
            if have < size:  # a map beyond the end would end the process at the first touch
                got = f"{file} has {have} bytes instead of at least {size}"
                raise CorruptStoreError(explain("a segment was mapped", got, do=RESTORE))
            if not size:
                return None, None
            mapped = mmap.mmap(handle.fileno(), size, prot=mmap.PROT_READ)
            return mapped, os.dup(handle.fileno()) if keep_open else None
    except FileNotFoundError:
        raise  # lost, or replaced by a later ingest: the caller knows of which snapshot it is
    except OSError as error:
        raise CorruptStoreError(
            explain("a segment was mapped", f"{file} cannot be read ({error.strerror})", do=RESTORE)
        ) from error


def _bytes(mapped: mmap.mmap | None) -> ByteArray:
    return np.empty(0, np.uint8) if mapped is None else np.frombuffer(mapped, np.uint8)


def _read_in_order(descriptor: int) -> None:
    buffer, place = bytearray(CHUNK), 0
    while got := os.preadv(descriptor, [buffer], place):  # at a place: forked processes share the file's own
        place += got


def _reopen(path: Path, snapshot: int, options: dict[str, Any]) -> SsdFeatures:
    return SsdFeatures.open(path, snapshot=snapshot, **options)
