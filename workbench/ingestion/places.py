"""Places: which row comes where once late rows stand among the stored ones and deleted rows are gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.schema import Table
from workbench.stores.appended import clock_of
from workbench.stores.compaction import current_slots
from workbench.stores.dataset import Dataset
from workbench.stores.edits import deleted_rows
from workbench.stores.late import late_column
from workbench.temporal import NO_TIME
from workbench.types import AnyArray, Int64Array, TimeArray


@dataclass(frozen=True)
class Places:
    """The new order of a table.

    Attributes
    ----------
    stored : int  rows with an id, deleted ones among them
    order : int64[rows]  by new id: the old id, or ``stored`` + number of a late row
    """

    stored: int
    order: Int64Array

    @classmethod
    def of(cls, dataset: Dataset, table: Table) -> Places:
        """By time; of equal times stored rows first, late ones as they came: as in one ingest of all."""
        stored, late = dataset.manifest.rows(table.name), dataset.manifest.late_rows(table.name)
        kept = np.setdiff1d(np.arange(stored), deleted_rows(dataset, table.name), assume_unique=True)
        rows = np.concatenate([kept, stored + np.arange(late)])
        if not late:
            return cls(stored, rows)
        clock = np.concatenate([clock_of(dataset, table.name)[kept], _late_clock(dataset, table)])
        return cls(stored, rows[np.argsort(clock, kind="stable")])

    def by_slot(self, dataset: Dataset, table: Table) -> tuple[Int64Array, AnyArray]:
        """Rows as they lie in a segment of an order of its own: as before, late ones behind.

        Returns
        -------
        rows : int64[rows]  as in ``order``
        slots : uint32[rows]  by new id
        """
        late = np.sort(self.order[self.order >= self.stored])
        lying = np.concatenate([np.argsort(current_slots(dataset, table.name)), late])
        place = np.full(self.stored + len(late), -1, np.int64)
        place[self.order] = np.arange(len(self.order))
        lying = lying[place[lying] >= 0]
        slots = np.empty(len(lying), np.uint32)
        slots[place[lying]] = np.arange(len(lying))
        return lying, slots


def _late_clock(dataset: Dataset, table: Table) -> TimeArray:
    stamps = late_column(dataset, table.name, str(table.time)).cast(pa.timestamp("us")).cast(pa.int64())
    return np.asarray(stamps.fill_null(NO_TIME).to_numpy(zero_copy_only=False))
