"""SeedTable: who to predict for, as of when, and the label where it is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.query.label_values import LabelArray, join_labels, to_arrow
from workbench.stores.request import SeedSet
from workbench.temporal import FOREVER, clamp, iso
from workbench.types import AnyArray, Int64Array, TimeArray


@dataclass(frozen=True)
class SeedTable:
    """Rows of (entity, anchor_time, label), of one split.

    Attributes
    ----------
    node_type : str  table of the entities
    node_id : int64[n]
    key : pyarrow.Array[n]  primary keys of the entities, as the user knows them
    anchor_time : int64[n]  microseconds; :data:`~workbench.temporal.FOREVER` for static tasks
    label : one for each row, or None where it is not known
        float64[n], 0/1 for binary tasks; of other task types see :mod:`workbench.query.label_values`.
    split : str  ``train``, ``val``, ``test``, ``predict``, or ``own`` (``engine.seeds``)
    until : int or None  features are frozen at this instant: visibility is min(anchor, until)
    classes : pyarrow.Array or None  what the labels of several classes are positions in
    numbering : str
        Which the node ids are of: a compaction that places late rows gives others, and stores refuse these.
    """

    node_type: str
    node_id: Int64Array
    key: pa.Array
    anchor_time: TimeArray
    label: LabelArray | None = None
    split: str = "predict"
    until: int | None = None
    classes: pa.Array | None = None
    numbering: str = ""

    def __len__(self) -> int:
        return len(self.node_id)

    def __getitem__(self, rows: slice | AnyArray | list[int]) -> SeedTable:
        """The chosen rows, in the chosen order; a slice, indices or a mask."""
        index = np.arange(len(self))[rows]
        label = None if self.label is None else self.label[index]
        return replace(
            self,
            node_id=self.node_id[index],
            key=self.key.take(pa.array(index)),
            anchor_time=self.anchor_time[index],
            label=label,
        )

    def followed_by(self, other: SeedTable) -> SeedTable:
        """The rows of both, these first, under this table's split and ``until``; both of one task."""
        known = self.label is not None and other.label is not None
        return replace(
            self,
            node_id=np.concatenate([self.node_id, other.node_id]),
            key=pa.concat_arrays([_whole(self.key), _whole(other.key)]),
            anchor_time=np.concatenate([self.anchor_time, other.anchor_time]),
            label=join_labels([self.label, other.label]) if known else None,
        )

    def __iter__(self) -> Iterator[SeedTable]:
        return (self[i : i + 1] for i in range(len(self)))

    @property
    def visible_until(self) -> TimeArray:
        """int64[n]: the anchors to sample with, ``min(anchor_time, until)``."""
        return clamp(self.anchor_time, self.until)

    def frozen(self, until: int | None) -> SeedTable:
        """The same seeds, seeing nothing after ``until`` either: the earlier of the two limits holds."""
        if until is None:
            return self
        return replace(self, until=until if self.until is None else min(until, self.until))

    def seed_set(self, rows: AnyArray | None = None) -> SeedSet:
        """The seeds of some rows (all by default), ``input_ids`` being row numbers of this table."""
        index = np.arange(len(self)) if rows is None else np.asarray(rows)
        anchors = self.visible_until[index]
        return SeedSet.of(self.node_type, self.node_id[index], anchors, index, self.numbering)

    def to_arrow(self) -> pa.Table:
        """Columns ``entity``, ``node_id``, ``anchor_time``, and ``label`` where it is known.

        Classes are written by their names: a dictionary of one a row, or a list.
        """
        columns = {
            "entity": self.key,
            "node_id": pa.array(self.node_id),
            "anchor_time": pa.array(self.anchor_time).cast(pa.timestamp("us")),
        }
        if self.label is not None:
            columns["label"] = to_arrow(self.label, self.classes)
        return pa.table(columns)

    def to_pandas(self) -> Any:
        """The same as a pandas frame."""
        return self.to_arrow().to_pandas()

    def __repr__(self) -> str:
        first, last = (self.anchor_time.min(), self.anchor_time.max()) if len(self) else (0, 0)
        times = ", static" if first == FOREVER else f", {iso(first)} .. {iso(last)}" if len(self) else ""
        label: Any = self.label
        plain = isinstance(label, np.ndarray) and label.dtype == np.float64 and label.ndim == 1
        mean = f", mean label {np.mean(label):.4g}" if plain and len(self) else ""
        return f"SeedTable({self.split}: {len(self):,} x {self.node_type}{times}{mean})"


def _whole(keys: pa.Array | pa.ChunkedArray) -> pa.Array:
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
