"""Versions: features that change over time, read as they were at an anchor.

A table with a time and one foreign key is the history of what it points at: ``user_changes(user_id, since,
city, plan)`` of users. Its edge type already orders the rows of each user by time, so nothing more is stored:

    Read("user_changes", user_ids, as_of=anchors)      row of each user that was the newest at its anchor
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import CorruptStoreError, IdError, StoreError, explain
from workbench.kernels.as_of import DAMAGED, NONE, rows_as_of
from workbench.schema import EdgeSpec, Schema
from workbench.stores.appended import with_new_edges, with_new_times
from workbench.stores.deleted import deleted_masks, kept_edges
from workbench.stores.features import FeatureBlock
from workbench.stores.protocols import Read
from workbench.stores.replaced import gone
from workbench.stores.seal import RESTORE
from workbench.temporal import NO_TIME
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

    @classmethod
    def open(cls, dataset: Dataset) -> dict[str, Versions]:
        """Every history of a dataset, by table; files are mapped and read when they are needed.

        Raises
        ------
        StoreError
            If a file is gone because the dataset was replaced.
        """
        specs = [spec for spec in dataset.schema.edge_specs if _is_history(dataset.schema, spec)]
        deleted = deleted_masks(dataset) if specs else {}
        ids, found = np.dtype(dataset.manifest.id_dtype), {}
        for spec in specs:
            name = str(spec.edge_type)
            times = _mapped(dataset, "time", spec.table, np.dtype(np.int64))
            times = with_new_times(dataset, spec.table, times)
            stored = (
                _mapped(dataset, "indptr", name, np.dtype(np.int64)),
                _mapped(dataset, "nbr", name, ids),
            )
            kept = kept_edges(spec, *with_new_edges(dataset, spec, *stored, None), deleted)
            assert kept[0] is not None
            found[spec.table] = cls(spec.table, spec.edge_type.dst, kept[0], kept[1], times)
        return found

    def rows(self, ids: AnyArray, as_of: AnyArray) -> Int64Array:
        """int64[n]: row of the table that was the newest of each node, -1 where there was none yet.

        Raises
        ------
        IdError
            If ids are no integers in range, or there is not one instant per id.
        CorruptStoreError
            If the stored history is damaged.
        """
        asked = f"rows of feature group {self.table!r} were asked for as of a time"
        nodes, when = np.asarray(ids), np.asarray(as_of)
        if nodes.ndim != 1 or (len(nodes) and nodes.dtype.kind not in "iu"):
            got = f"ids are {nodes.dtype}{list(nodes.shape)}"
            raise IdError(explain(asked, got, f"integers in one row: ids of {self.of!r}"))
        if when.dtype.kind != "i" or when.shape not in (nodes.shape, ()):
            got = f"as_of is {when.dtype}{list(when.shape)} for {len(nodes)} ids"
            raise IdError(explain(asked, got, "one instant per id, int64 microseconds"))
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


def resolved(versions: dict[str, Versions], reads: Sequence[Read]) -> tuple[list[Read], dict[int, BoolArray]]:
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
        if read.as_of is None:
            continue
        if read.group not in versions:
            raise StoreError(
                explain(
                    f"rows of feature group {read.group!r} were asked for as of a time",
                    "it is not versioned: each row has one state",
                    ", ".join(versions) or "tables with a time, no end time, and one foreign key",
                    "Read it without as_of; put values that change into a table with a time and a key",
                )
            )
        rows = versions[read.group].rows(read.ids, read.as_of)
        found[number] = rows != NONE
        plain[number] = replace(read, ids=rows[found[number]], as_of=None)
    return plain, found


def spread(block: FeatureBlock, found: BoolArray) -> FeatureBlock:
    """The rows that were found at their places; zeros, which means missing, at the others."""
    data = np.zeros((len(found), block.layout.stride), np.uint8)
    data[found] = block.data
    return FeatureBlock(block.layout, data)


def _is_history(schema: Schema, spec: EdgeSpec) -> bool:
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
