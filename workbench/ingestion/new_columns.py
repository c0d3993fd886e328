"""New columns of an ingested table: typed, encoded, and laid out behind the columns that it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import SchemaError, did_you_mean, explain
from workbench.ingestion.encode import Coder, decode_column, sections_of
from workbench.ingestion.layout import group_layout
from workbench.schema import Column, Stype, Table
from workbench.stores.compaction import NewColumns
from workbench.stores.features import GroupLayout
from workbench.stores.records import ColumnRef
from workbench.types import Int64Array

NO_VALUES: dict[Stype, pa.DataType] = {
    Stype.NUMERICAL: pa.float64(),
    Stype.TIMESTAMP: pa.timestamp("us"),
    Stype.EMBEDDING: pa.list_(pa.float32()),
}
"""Arrow types of new columns without any value; others are texts."""


NOT_ADDED = (Stype.ID, Stype.SET_ASIDE, Stype.MULTICATEGORICAL)
"""No features; and sets of categories, whose width only an ingest finds."""


def new_table(table: Table, stypes: Mapping[str, Stype | str]) -> Table:
    """The table with further columns.

    Raises
    ------
    SchemaError
        If a column is there already, or a semantic type does not exist or is no feature.
    """
    columns, asked = list(table.columns), f"columns were added to table {table.name!r}"
    allowed = [kind.value for kind in Stype if kind not in NOT_ADDED]
    for name, stype in stypes.items():
        if name.lower() in (column.name.lower() for column in columns):
            raise SchemaError(explain(asked, f"it has a column {name!r}", do="Change it with edit.update"))
        if stype not in allowed:
            got, near = f"{name!r} was to be {str(stype)!r}", did_you_mean(str(stype), allowed)
            raise SchemaError(explain(asked, got, ", ".join(allowed), near))
        columns.append(Column(name, Stype(stype)))
    return replace(table, columns=tuple(columns))


def encoded_columns(
    table: Table,
    new: Sequence[Column],
    layout: GroupLayout | None,
    typed: pa.Table,
    ids: Int64Array,
    rows: int,
    words: dict[ColumnRef, list[str]],
) -> NewColumns:
    """New columns as a compaction writes them; categories join ``words``.

    Parameters
    ----------
    table : Table  with the new columns
    layout : GroupLayout or None  of the table's features so far
    typed : pyarrow.Table[n]  values of some rows; the others have none
    ids : int64[n]  which rows
    rows : int  of the table
    """
    place = np.full(rows, -1)
    place[ids] = np.arange(len(ids))
    at = pa.array(place, mask=place < 0)
    values = {column.name: _filled(column, typed.column(column.name), at) for column in new}
    widths = {c.name: _width(values[c.name]) for c in new if c.stype is Stype.EMBEDDING}
    decoded = [decode_column(c, values[c.name], widths.get(c.name, 1)) for c in new]
    alone = group_layout(Table(table.name, tuple(new)), rows, {}, widths)
    assert alone is not None  # every new column is a feature
    coder = Coder()
    sections, present = sections_of(alone, decoded, coder)
    for name in coder.codes:
        words[table.name, name] = coder.dictionary(name)
    before = () if layout is None else layout.columns
    columns = [
        replace(
            column,
            start=column.start + (0 if layout is None else layout.width(column.section)),
            cardinality=len(coder.codes[column.name]) + 1 if column.name in coder.codes else 0,
        )
        for column in alone.columns
    ]
    wide = GroupLayout(table.name, rows, (*before, *columns))
    stored = [replace(column, dtype=str(values[column.name].type)) for column in new]
    kept = [column for column in table.columns if column not in new]
    whole = replace(table, columns=(*kept, *stored))
    return NewColumns(whole, pa.table(values), wide, sections, present)


def _filled(column: Column, given: pa.ChunkedArray, at: pa.Array) -> pa.Array:
    """Values of every row, from those of some."""
    if given.null_count == len(given):
        return pa.nulls(len(at), NO_VALUES.get(column.stype, pa.string()))
    return given.combine_chunks().take(at)


def _width(lists: pa.Array) -> int:
    """Elements of an embedding: the most frequent length above 0, of several the longest."""
    counts = pc.value_counts(pc.list_value_length(lists)).to_pylist()
    found = [(entry["counts"], entry["values"]) for entry in counts if entry["values"]]
    return int(max(found)[1]) if found else 1
