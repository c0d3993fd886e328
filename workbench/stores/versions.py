"""Versions: features that change over time, read as they were at an anchor.

A table with a time and one foreign key is the history of what it points at: ``user_changes(user_id, since,
city, plan)`` of users. The edges that its key gives lie in order of time for each user, so nothing more is
stored, whether the schema marks it as a history (``Schema.as_history``) or its rows are nodes as well:

    Read("user_changes", user_ids, as_of=anchors)      row of each user that was the newest at its anchor

Opening maps files and reads nothing; rows that were appended or deleted since are taken into account when a
history is first asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import CorruptStoreError, IdError, StoreError, explain
from workbench.kernels.as_of import DAMAGED, NONE, rows_as_of
from workbench.schema import EdgeSpec, Schema
from workbench.stores.appended import with_new_edges, with_new_times
from workbench.stores.deleted import deleted_masks, kept_edges
from workbench.stores.features import FeatureBlock
from workbench.stores.fork_lock import ForkLock
from workbench.stores.protocols import BufferPool, Read
from workbench.stores.replaced import gone
from workbench.stores.seal import RESTORE
from workbench.stores.units import DataSpan
from workbench.temporal import NO_TIME, Instant, as_instants
from workbench.types import AnyArray, BoolArray, Int64Array, TimeArray

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset


@dataclass(frozen=True)
class Versions:
    """The history that a table is.

    Attributes
    ----------
    table, of : str  names of the table and of what its rows are versions of
    indptr : int64[nodes + 1], nbr : ids[rows]  rows of each node, in time order
    times : int64[rows]  from when on a row is valid
    """

    table: str
    of: str
    indptr: Int64Array
    nbr: AnyArray
    times: TimeArray

    def rows(self, ids: AnyArray, as_of: AnyArray | Instant) -> Int64Array:
        """int64[n]: row of the table that was the newest of each node, -1 where there was none yet.

        Raises
        ------
        IdError
            If ids are no integers in range, or there is not one instant per id.
        AnchorError
            If an instant is none, or of another unit than microseconds.
        CorruptStoreError
            If the stored history is damaged.
        """
        asked = f"rows of feature group {self.table!r} were asked for as of a time"
        nodes, when = np.asarray(ids), as_instants(as_of)
        if nodes.ndim != 1 or (len(nodes) and nodes.dtype.kind not in "iu"):
            got = f"ids are {nodes.dtype}{list(nodes.shape)}"
            raise IdError(explain(asked, got, f"integers in one row: ids of {self.of!r}"))
        if when.dtype.kind != "i" or when.shape not in (nodes.shape, ()):
            got = f"as_of is {when.dtype}{list(when.shape)} for {len(nodes)} ids"
            raise IdError(explain(asked, got, "one instant, or one per id: int64 microseconds or datetime64"))
        if self._span is not None:
            self._span.check(when.reshape(-1))
        exact, count = nodes.astype(np.int64), len(self.indptr) - 1
        if len(exact) and not 0 <= exact.min() <= exact.max() < count:
            got = f"ids are {exact.min()} .. {exact.max()}"
            raise IdError(explain(asked, got, f"ids of {self.of!r}: 0 to {count - 1}"))
        out = np.empty(len(exact), np.int64)
        when = np.minimum(np.broadcast_to(when, nodes.shape), NO_TIME - 1)  # rows without a time are last
        rows_as_of(self.indptr, self.nbr, self.times, exact, when, out)
        if (out == DAMAGED).any():
            raise CorruptStoreError(explain(asked, f"the history of {self.of!r} is damaged", do=RESTORE))
        return out

    @cached_property
    def _span(self) -> DataSpan | None:
        return DataSpan.over([self.times])


class Histories:
    """Every history of a dataset, each made ready when it is first asked for; safe between threads.

    Raises
    ------
    StoreError
        If a file is gone because the dataset was replaced, here or when a history is first asked for.
    CorruptStoreError
        If a file is missing or torn.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset, self._lock = dataset, ForkLock()
        self._stored = {spec.table: _Stored.map(dataset, spec) for spec in _specs(dataset.schema)}
        self._ready: dict[str, Versions] = {}

    @property
    def marked(self) -> list[tuple[str, str]]:
        """Names of the histories that the schema marks, each with the node type that it is of."""
        return [(spec.table, spec.edge_type.dst) for spec in self._dataset.schema.history_specs]

    def __getitem__(self, table: str) -> Versions:
        if table not in self._stored:
            raise StoreError(
                explain(
                    f"rows of feature group {table!r} were asked for as of a time",
                    "it is not versioned: each row has one state",
                    ", ".join(self._stored) or "tables with a time, no end time, and one foreign key",
                    "Read it without as_of; put values that change into a table with a time and a key",
                )
            )
        if table not in self._ready:
            with self._lock:
                if table not in self._ready:
                    self._ready[table] = self._stored[table].versions(self._dataset)
        return self._ready[table]


@dataclass(frozen=True)
class _Stored:
    """Mapped files of one history, without the rows that were appended or deleted since."""

    spec: EdgeSpec
    times: TimeArray
    indptr: Int64Array
    nbr: AnyArray

    @classmethod
    def map(cls, dataset: Dataset, spec: EdgeSpec) -> _Stored:
        name, ids = str(spec.edge_type), np.dtype(dataset.manifest.id_dtype)
        wide = np.dtype(np.int64)
        return cls(
            spec,
            _mapped(dataset, "time", spec.table, wide),
            _mapped(dataset, "indptr", name, wide),
            _mapped(dataset, "nbr", name, ids),
        )

    def versions(self, dataset: Dataset) -> Versions:
        spec = self.spec
        times = with_new_times(dataset, spec.table, self.times)
        grown = with_new_edges(dataset, spec, self.indptr, self.nbr, None)
        indptr, nbr, _ = kept_edges(spec, *grown, deleted_masks(dataset))
        assert indptr is not None
        return Versions(spec.table, spec.edge_type.dst, indptr, nbr, times)


def resolved(histories: Histories, reads: Sequence[Read]) -> tuple[list[Read], dict[int, BoolArray]]:
    """Reads as of a time as reads of rows, and where they found none.

    Returns
    -------
    reads : list of Read  without ``as_of``; only of rows that were found
    found : dict number of the read -> bool[n]  of reads as of a time: False where no row was there yet

    Raises
    ------
    StoreError
        If a table has no versions.
    """
    plain, found = list(reads), {}
    for number, read in enumerate(reads):
        if read.as_of is not None:
            rows = histories[read.group].rows(read.ids, read.as_of)
            found[number] = rows != NONE
            plain[number] = replace(read, ids=rows[found[number]], as_of=None)
    return plain, found


def spread(block: FeatureBlock, found: BoolArray, pool: BufferPool) -> FeatureBlock:
    """The rows that were found at their places; zeros, which means missing, at the others."""
    if found.all():
        return block
    data = pool.take((len(found), block.layout.stride))
    data[~found], data[found] = 0, block.data
    return FeatureBlock(block.layout, data)


def _specs(schema: Schema) -> tuple[EdgeSpec, ...]:
    """Histories by mark, then tables that could be one and whose rows are nodes."""
    return schema.history_specs + tuple(spec for spec in schema.edge_specs if _could_be(schema, spec))


def _could_be(schema: Schema, spec: EdgeSpec) -> bool:
    table = schema[spec.table]
    return (
        spec.layout == "fact"
        and len(table.foreign_keys) == 1
        and table.time is not None
        and table.end_time is None
    )


def _mapped(dataset: Dataset, role: str, name: str, dtype: np.dtype[np.generic]) -> AnyArray:
    file, entry = dataset.file(role, name), dataset.manifest.find(role, name)
    if file is None or entry is None:
        got = f"no {role} file of {name!r} is registered"
        raise CorruptStoreError(explain(f"the dataset {dataset.path} was opened", got, do=RESTORE))
    if not entry.bytes:
        return np.empty(0, dtype)
    try:
        return np.memmap(file, dtype, "r", shape=(entry.bytes // dtype.itemsize,)).view(np.ndarray)
    except FileNotFoundError as error:
        raise gone(dataset, file) from error
    except (OSError, ValueError) as error:
        raise CorruptStoreError(explain(f"{file} was mapped", f"it is torn ({error})", do=RESTORE)) from error
