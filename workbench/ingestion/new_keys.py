"""Keys of new rows: none is there already, and links find those of old and of new rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import IngestError, explain
from workbench.ingestion.new_rows import NewRows
from workbench.stores.dataset import Dataset
from workbench.stores.key_map import KeyMap, normalise_keys
from workbench.stores.late import late_column
from workbench.types import Int64Array


@dataclass(frozen=True)
class GrownKeys:
    """Keys of a table's stored rows, and of the new ones that follow them.

    Attributes
    ----------
    stored, new : KeyMap  ``new`` with the node ids that its rows get

    Notes
    -----
    They are searched one after the other: to merge them would cost a sort of all keys.
    """

    stored: KeyMap
    new: KeyMap

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.stored.table

    @property
    def type(self) -> pa.DataType:
        """int64 or large_string; an empty table's keys are of no type yet."""
        return self.stored.type if self.stored.rows else self.new.type

    @property
    def rows(self) -> int:
        """Stored and new ones."""
        return self.stored.rows + self.new.rows

    def lookup(self, keys: Any) -> Int64Array:
        """int64[n]: node id of each key, -1 where it is null or unknown."""
        found = self.new.lookup(keys)
        return np.where(found >= 0, found, self.stored.lookup(keys)) if self.stored.rows else found


def new_keys(dataset: Dataset, new: NewRows, stored: KeyMap) -> KeyMap:
    """The keys of the rows that follow the stored ones, with the node ids that they get.

    Raises
    ------
    IngestError
        If a key is null, occurs twice, or is there already: in a stored row, a deleted one, or a late one.
    """
    table, first = new.table, dataset.manifest.rows(new.table.name)
    assert table.primary_key is not None
    values = new.column(table.primary_key)
    every = KeyMap.build(table.name, table.primary_key, values)
    keys = normalise_keys(values)
    assert keys is not None  # or no map could have been built
    there = pa.array(replace(stored, deleted=stored.deleted[:0]).lookup(keys) >= 0)
    waiting = late_column(dataset, table.name, table.primary_key)
    if len(waiting):
        there = pc.or_(there, pc.is_in(keys, value_set=normalise_keys(waiting)))
    known = keys.filter(there)
    if len(known):
        asked = f"keys of table {table.name!r} were appended"
        got = f"{len(known):,} of {len(keys):,} are there already, such as {known[:5].to_pylist()}"
        do = "Change rows with wb.edit, or leave them out; keys of deleted rows are not free again"
        raise IngestError(explain(asked, got, do=do))
    if new.late:
        every = KeyMap.build(table.name, table.primary_key, values[new.begin : new.end])
    return every.explicit(first)
