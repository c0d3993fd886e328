"""Labels as arrays, by task type.

binary, regression    float64[n], 0/1 or a number
multiclass            int64[n], positions in the classes
multilabel            uint8[n, classes], 0/1
forecast              float64[n, steps]
ranking               Lists of row ids of the table that is ranked
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.query.targets import Target
from workbench.types import AnyArray, BoolArray, Int64Array


@dataclass(frozen=True, eq=False)
class Lists:
    """A list of integers for each row.

    Attributes
    ----------
    indptr : int64[n + 1]  offsets into values
    values : int64[m]
    """

    indptr: Int64Array
    values: Int64Array

    @classmethod
    def of(cls, rows: Sequence[Sequence[int] | Int64Array]) -> Lists:
        """One list for each row."""
        sizes = np.array([len(row) for row in rows], np.int64)
        values = [np.asarray(row, np.int64) for row in rows]
        joined = np.concatenate(values) if values else np.empty(0, np.int64)
        return cls(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), joined)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, rows: slice | AnyArray | list[int]) -> Lists:
        """The lists of the chosen rows, in the chosen order; a slice, indices or a mask."""
        index = np.arange(len(self))[rows]
        sizes = self.sizes[index]
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        inside = np.arange(indptr[-1]) - np.repeat(indptr[:-1], sizes)
        return Lists(indptr, self.values[np.repeat(self.indptr[index], sizes) + inside])

    def row(self, i: int) -> Int64Array:
        """int64[size]: the list of one row."""
        return self.values[self.indptr[i] : self.indptr[i + 1]]

    @property
    def sizes(self) -> Int64Array:
        """int64[n]: how long each list is."""
        return np.diff(self.indptr)

    def to_arrow(self) -> pa.Array:
        """As an Arrow array of lists."""
        return pa.LargeListArray.from_arrays(pa.array(self.indptr), pa.array(self.values))


LabelArray: TypeAlias = Any
"""Labels of any task type, an array or :class:`Lists`: one for each row; ``labels[rows]`` chooses rows."""


def join_labels(labels: Sequence[LabelArray]) -> LabelArray:
    """Labels of one task type, one after the other; at least one of them."""
    if not isinstance(labels[0], Lists):
        return np.concatenate(labels)
    sizes = np.concatenate([each.sizes for each in labels])
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Lists(indptr, np.concatenate([each.values for each in labels]))


def label_values(found: pa.ChunkedArray, target: Target) -> LabelArray:
    """Labels of values as a query gives them, one step each.

    Parameters
    ----------
    found : pyarrow.ChunkedArray[n]  no nulls
    target : Target  its classes known where it has some
    """
    if target.task_type == "multiclass":
        return _codes(found, target)
    if target.task_type == "ranking" and not pa.types.is_nested(found.type):
        return Lists(np.arange(len(found) + 1), found.to_numpy().astype(np.int64))
    if target.task_type in ("ranking", "multilabel"):
        chunks = found.chunks or [pa.array([], found.type)]
        sizes = np.concatenate([pc.list_value_length(chunk).to_numpy() for chunk in chunks])
        flat = pa.chunked_array([chunk.flatten() for chunk in chunks])
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        if target.task_type == "ranking":
            return Lists(indptr, flat.to_numpy().astype(np.int64))
        return _dense(Lists(indptr, _codes(flat, target)), len(target.classes or ()))
    return found.to_numpy().astype(np.float64)


def _codes(values: pa.ChunkedArray, target: Target) -> Int64Array:
    """int64[n]: positions in the classes, which hold every value of their column."""
    classes = target.classes
    assert classes is not None, "classes are read from the tables before labels are"
    found = pc.index_in(values.cast(classes.type), value_set=classes)
    return np.asarray(found.to_numpy(), np.int64)


def _dense(lists: Lists, classes: int) -> AnyArray:
    """uint8[n, classes]: 1 where the list of the row holds the class."""
    dense = np.zeros((len(lists), classes), np.uint8)
    dense[np.repeat(np.arange(len(lists)), lists.sizes), lists.values] = 1
    return dense


def to_arrow(label: LabelArray, classes: pa.Array | None) -> pa.Array:
    """Labels as an Arrow column: numbers, lists, or the names of classes."""
    if isinstance(label, Lists):
        return label.to_arrow()
    if classes is not None and label.ndim == 2:
        row, column = np.nonzero(label)
        indptr = np.searchsorted(row, np.arange(len(label) + 1))
        return pa.LargeListArray.from_arrays(pa.array(indptr), classes.take(pa.array(column)))
    if classes is not None:
        return pa.DictionaryArray.from_arrays(pa.array(label), classes)
    if label.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(pa.array(label.ravel()), label.shape[1])
    return pa.array(label)


def complete(
    order: Int64Array, node_id: Int64Array, n: Int64Array, values: LabelArray | None, steps: int
) -> tuple[Int64Array, AnyArray | None]:
    """The (entity, anchor) whose every step is known: their first rows, and a line of labels each.

    Parameters
    ----------
    order : int64[rows]  what to choose from
    node_id, n : int64[rows]  sorted by (n, node_id, step)
    values : float64[rows]
    steps : int

    Returns
    -------
    int64[kept]  of ``order``; and float64[kept, steps]
    """
    if not len(order):
        return order, np.empty((0, steps))
    new: BoolArray = np.concatenate([[True], (np.diff(node_id) != 0) | (np.diff(n) != 0)])
    first = np.flatnonzero(new)
    first = first[np.diff(np.append(first, len(order))) == steps]
    lines = np.asarray(values)[first[:, None] + np.arange(steps)]
    return order[first], lines
