"""Columns that weigh edges: float64 numbers of a table's rows, read when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import FanoutError, explain
from workbench.stores.edits import current_column, deleted_rows
from workbench.temporal import NO_TIME
from workbench.types import AnyArray, Float64Array, TimeArray

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset

ColumnName = tuple[str, str]
"""(table, column)."""


class Weights(dict[ColumnName, Float64Array]):
    """float64[rows] by (table, column): a name that is not there yet is read, checked and kept.

    Threads may ask at once; each gets the same array.

    Parameters
    ----------
    num_rows : dict table -> rows
    read : callable (table, column) -> numbers[rows], with NaN where there is none
    """

    def __init__(self, num_rows: Mapping[str, int], read: Callable[[ColumnName], AnyArray]) -> None:
        super().__init__()
        self._num_rows, self._read = num_rows, read

    @classmethod
    def of(cls, num_rows: Mapping[str, int], columns: Mapping[ColumnName, AnyArray]) -> Weights:
        """Columns that are in memory; checked when they are first asked for."""
        return cls(num_rows, dict(columns).__getitem__)

    @classmethod
    def stored(cls, dataset: Dataset) -> Weights:
        """Columns of a dataset's tables."""
        rows = {table.name: dataset.manifest.rows(table.name) for table in dataset.schema}
        return cls(rows, partial(_read_numbers, dataset))

    def __missing__(self, name: ColumnName) -> Float64Array:
        weights = checked_weights(name, self._num_rows[name[0]], self._read(name))
        return self.setdefault(name, weights)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns that were read so far."""
        return sum(column.nbytes for column in self.values())


def checked_weights(name: ColumnName, rows: int, numbers: AnyArray) -> Float64Array:
    """The numbers as weights.

    Raises
    ------
    FanoutError
        If there is not one per row, one is missing, negative or infinite, or their sum is; names the row.
    """
    weights = np.ascontiguousarray(numbers, np.float64)
    if weights.shape != (rows,):
        _refuse(name, f"it has {weights.shape} numbers", f"{rows:,}, one per row")
    bad = np.flatnonzero(~((weights >= 0) & np.isfinite(weights)))
    if len(bad):
        value = "no value" if np.isnan(weights[bad[0]]) else f"{weights[bad[0]]:g}"
        got = f"row {bad[0]} has {value} ({len(bad):,} of {len(weights):,} rows are no weights)"
        _refuse(name, got, "finite numbers, 0 or more, in every row")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not np.isfinite(total):
        _refuse(name, "their sum is infinite", "numbers that can be added up")
    return weights


def read_ends(dataset: Dataset, table: str) -> TimeArray | None:
    """int64[rows]: the instant from which each row is no more, ``NO_TIME`` where none is known.

    None for a table without an end time.

    Raises
    ------
    StoreError
        If the table's file is gone.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    end = dataset.schema[table].end_time
    if end is None:
        return None
    instants = pc.cast(current_column(dataset, table, end), pa.int64()).fill_null(NO_TIME)
    return np.ascontiguousarray(instants.to_numpy(), np.int64)


def _read_numbers(dataset: Dataset, name: ColumnName) -> Float64Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = current_column(dataset, *name)
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.uint8())
    # safe=False: a whole number beyond 2^53 becomes the nearest float
    numbers = np.array(pc.cast(column, pa.float64(), safe=False).fill_null(np.nan).to_numpy())
    numbers[deleted_rows(dataset, name[0])] = 0.0  # no edge leads to them
    return numbers


def _refuse(name: ColumnName, got: str, allowed: str) -> None:
    do = "Derive a column without them (tables.derive) and ingest again"
    raise FanoutError(explain(f"edges were weighted by {'.'.join(name)}", got, allowed, do))
