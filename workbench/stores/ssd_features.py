"""SsdFeatures: the feature rows of a dataset on disk, each group read by the way that suits where it is.

    Read(group, ids) -> ids checked once -> slot[id] if rows are permuted -> rows into a lent buffer

What fits into memory is gathered from it at memory speed (``kernels/gather.py``). What does not is read
from the disk, many places at once (``cold_read.py``); frequent rows are kept (``row_cache.py``).
:meth:`SsdFeatures.describe` says which way each group is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import IdError, StoreError, did_you_mean, explain
from workbench.kernels.gather import extremes
from workbench.stores import arrow
from workbench.stores.buffers import ArenaPool
from workbench.stores.cold_read import Part
from workbench.stores.dataset import Dataset
from workbench.stores.direct_file import WAYS, pread_threads
from workbench.stores.edits import Delta
from workbench.stores.feature_report import FeatureReport, group_report
from workbench.stores.features import FeatureBlock, GroupLayout
from workbench.stores.fork_pool import ForkPool
from workbench.stores.memory import available_memory
from workbench.stores.protocols import BufferPool, Read
from workbench.stores.stored_group import MAPPED, StoredGroup, stored_bytes
from workbench.stores.versions import Histories, resolved, spread
from workbench.temporal import Instant
from workbench.types import AnyArray, Int64Array


class SsdFeatures:
    """A :class:`~workbench.stores.protocols.FeatureStore` over the segments of a dataset.

    Safe between threads; pickles as (path, snapshot) and may be used after a fork.
    Make one with :meth:`open`.

    Attributes
    ----------
    replay : callable or None  how :meth:`locality` samples; an engine sets it
    """

    replay: Callable[..., Any] | None = None

    def __init__(
        self,
        dataset: Dataset,
        groups: Mapping[str, StoredGroup],
        readers: ForkPool,
        options: dict[str, Any],
    ) -> None:
        self._dataset = dataset
        self._stored = dict(groups)
        self._layouts = self.groups
        deltas = {name: Delta.open(dataset, layout) for name, layout in self._layouts.items()}
        self._histories = Histories(dataset)
        self._deltas = {name: delta for name, delta in deltas.items() if delta is not None}
        self._options = options
        self._arenas = ArenaPool()
        self._workers = ForkPool(options["threads"], "workbench-features")
        self._readers = readers

    @classmethod
    def open(
        cls,
        dataset: Dataset | str | Path,
        *,
        snapshot: int | None = None,
        resident_bytes: int | None = None,
        cache_bytes: int | None = None,
        cold: str | None = None,
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
        cache_bytes : int or None
            Frequent rows of the other groups are kept in so many bytes, shared out by the groups' sizes;
            None: what the groups kept in memory leave of ``resident_bytes``.
        cold : str or None
            How other groups are read: ``io_uring``, ``pread`` (in many threads), or ``mapped``, by the page
            cache; None: the first of them that the system allows.
        threads : int  calls of :meth:`fetch` under way at a time

        Raises
        ------
        StoreError, CorruptStoreError
            If there is no such dataset, a segment is missing or torn, or the system refuses the way ``cold``.
        """
        if cold not in (None, MAPPED, *WAYS):
            ways = ", ".join([*WAYS, MAPPED])
            raise StoreError(explain(f"cold rows were to be read by {cold!r}", "there is no such way", ways))
        if not isinstance(dataset, Dataset):
            dataset = Dataset.open(dataset, snapshot)
        budget = available_memory() // 4 if resident_bytes is None else resident_bytes
        readers = pread_threads()
        groups: dict[str, StoredGroup] = {}
        rest: list[GroupLayout] = []
        for layout in sorted(dataset.manifest.groups, key=stored_bytes):
            if stored_bytes(layout) <= budget:
                budget -= stored_bytes(layout)
                groups[layout.group] = StoredGroup.resident(dataset, _stored(dataset, layout))
            else:
                rest.append(layout)
        cached = budget if cache_bytes is None else cache_bytes
        for layout in rest:
            share = cached * stored_bytes(layout) // max(sum(map(stored_bytes, rest)), 1)
            groups[layout.group] = StoredGroup.not_resident(
                dataset, _stored(dataset, layout), readers, cold, share
            )
        options = {
            "resident_bytes": resident_bytes,
            "cache_bytes": cache_bytes,
            "cold": cold,
            "threads": threads,
        }
        return cls(dataset, groups, readers, options)

    def over(self, dataset: Dataset) -> SsdFeatures:
        """The store with the rows that one more edit brings; it shares all that is open, and is not closed.

        Parameters
        ----------
        dataset : Dataset  this one's, after one append
        """
        grown = object.__new__(SsdFeatures)
        grown.__dict__.update(self.__dict__, _dataset=dataset, _histories=Histories(dataset))
        grown._layouts, grown._deltas = grown.groups, dict(self._deltas)
        for entry in dataset.manifest.edits[-1].files:
            if entry.role == "delta":
                layout = grown._layouts[entry.name]
                new = Delta.read(dataset, dataset.locate(entry), layout, layout.rows)
                old = self._deltas.get(entry.name)
                grown._deltas[entry.name] = new if old is None else Delta.merged([old, new])
        return grown

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
        return self._workers.executor().submit(self.multi_get, tuple(reads), pool, snapshot)

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
        reads, found = resolved(self._histories, reads)
        checked = [(self._group(read), check_ids(read.ids, self._layouts[read.group])) for read in reads]
        lender = self._arenas if pool is None else pool
        blocks = self._read(checked, lender)
        return [spread(block, found[i], lender) if i in found else block for i, block in enumerate(blocks)]

    def rows_as_of(self, group: str, ids: AnyArray, as_of: AnyArray | Instant) -> Int64Array:
        """int64[n]: row of a history that was the newest of each id, -1 where there was none yet.

        Raises
        ------
        StoreError
            If the group is no history.
        IdError
            If ids are not those of the table that it is the history of, or there is not one instant each.
        """
        return self._histories[group].rows(ids, as_of)

    def describe(self) -> FeatureReport:
        """Where each group's rows are and which way they are read; prints as a table."""
        names = [layout.group for layout in self._dataset.manifest.groups]
        return FeatureReport(tuple(group_report(self._stored[name]) for name in names))

    def to_arrow(
        self,
        table: str,
        ids: AnyArray,
        columns: Sequence[str] | None = None,
        as_of: AnyArray | Instant | None = None,
    ) -> pa.Table:
        """Rows of a table with their source values, in the order of the ids.

        Parameters
        ----------
        table : str  a node type, a folded table or a history, with features or without
        ids : integers[n]  row ids, with ``as_of`` those of what the table is a history of; may repeat
        columns : names; None: those of the schema
        as_of : instant, int64[n], datetime64[n] or None
            Read the versions that were the newest then; nulls where there was none.

        Raises
        ------
        SchemaError
            If there is no such table or column.
        IdError
            If ids are not integers in one dimension, outside the table, or of rows that are gone.
        StoreError
            If versions are asked for of a table that is no history.
        """
        if as_of is not None:
            found = self.rows_as_of(self._dataset.schema[table].name, ids, as_of)
            places = np.cumsum(found >= 0) - 1
            versions = self.to_arrow(table, found[found >= 0], columns)
            return versions.take(pa.array(places, mask=found < 0))
        rows = GroupLayout(self._dataset.schema[table].name, self._dataset.manifest.rows(table), ())
        return arrow.to_arrow(self._dataset, table, check_ids(ids, rows), columns)

    def scan(
        self, table: str, columns: Sequence[str] | None = None, batch_rows: int = arrow.BATCH_ROWS
    ) -> pa.RecordBatchReader:
        """All rows of a table as a stream of record batches, in id order; see :func:`.arrow.scan`."""
        return arrow.scan(self._dataset, table, columns, batch_rows)

    def locality(self, plan: Any, seeds: Any = None, **options: Any) -> Any:
        """Pages that batches touch, in every order that rows could have; see ``loading/locality.py``.

        Raises
        ------
        StoreError
            If this store is not an engine's: alone it knows no graph to sample batches from.
        """
        if self.replay is None:
            got, do = "the store knows no graph to replay batches of", "Take engine.features"
            raise StoreError(explain("locality was asked for", got, do=do))
        return self.replay(self, plan, seeds, **options)

    def close(self) -> None:
        """Stop the store's threads; mapped segments go when the last array lets go of them."""
        self._workers.close()
        self._readers.close()

    def _read(self, reads: list[tuple[StoredGroup, AnyArray]], pool: BufferPool) -> list[FeatureBlock]:
        """Stored rows, group by group, then what edits say of them; appended rows lie in the edits alone."""
        layouts = [self._layouts[group.layout.group] for group, _ in reads]
        blocks = [
            FeatureBlock(layout, pool.take((len(ids), layout.stride)))
            for layout, (_, ids) in zip(layouts, reads, strict=True)
        ]
        parts: dict[StoredGroup, list[Part]] = {}
        for block, (group, ids) in zip(blocks, reads, strict=True):
            stored = group.layout.rows
            if stored:
                inside = ids if stored == block.layout.rows else np.where(ids < stored, ids, 0)
                parts.setdefault(group, []).append((inside, block.data))
        for group, wanted in parts.items():
            group.read(wanted, self._arenas)
        for block, (_, ids) in zip(blocks, reads, strict=True):
            if block.layout.group in self._deltas:
                self._deltas[block.layout.group].onto(ids, block.data)
        return blocks

    def _group(self, read: Read) -> StoredGroup:
        group = self._stored.get(read.group)
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

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._dataset, self._options)

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


def _stored(dataset: Dataset, layout: GroupLayout) -> GroupLayout:
    """The group as its file has it: rows that were appended lie elsewhere."""
    return replace(layout, rows=dataset.manifest.stored_rows(layout.group))


def _reopen(dataset: Dataset, options: dict[str, Any]) -> SsdFeatures:
    return SsdFeatures.open(dataset, **options)
