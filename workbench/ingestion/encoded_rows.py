"""Rows that are changed or added, encoded as rows of the feature group that their table has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from workbench.ingestion.encode import Coder, TextColumn, decode_block, sections_of
from workbench.schema import Table
from workbench.stores.edits import Delta
from workbench.stores.features import GroupLayout
from workbench.stores.records import ColumnRef
from workbench.stores.segments import encode_rows
from workbench.stores.sql import ROW
from workbench.types import ByteArray


def encoded_rows(
    table: Table,
    layout: GroupLayout,
    rows: pa.Table,
    words: dict[ColumnRef, list[str]],
    texts: Mapping[str, TextColumn],
    dropped: Counter[str],
) -> tuple[GroupLayout, Delta]:
    """Rows of a table as rows of its feature group.

    Parameters
    ----------
    rows : pyarrow.Table  with ``__row__``, ascending
    words : dict (table, column) -> categories so far; new ones join them
    texts : dict column -> what encodes its texts, of those that are not hashed
    dropped : Counter column -> values that could not be encoded; those of these rows are added

    Returns
    -------
    layout : GroupLayout  with as many codes as there are now
    delta : Delta
    """
    names = [column.name for column in layout.columns if column.section == "categorical"]
    known = {name: words.get((table.name, name), []) for name in names}
    coder = Coder({name: {word: i for i, word in enumerate(known[name], 1)} for name in names})
    packed = _packed(table, layout, rows, coder, texts, dropped)
    for name in names:
        words[table.name, name] = coder.dictionary(name)
    columns = [
        replace(column, cardinality=len(coder.codes[column.name]) + 1) if column.name in names else column
        for column in layout.columns
    ]
    return replace(layout, columns=tuple(columns)), Delta(rows.column(ROW).to_numpy(), packed)


def _packed(
    table: Table,
    layout: GroupLayout,
    rows: pa.Table,
    coder: Coder,
    texts: Mapping[str, TextColumn],
    dropped: Counter[str],
) -> ByteArray:
    """uint8[n, stride]: rows of a table as feature rows; new categories join the coder."""
    columns = tuple(table.column(column.name) for column in layout.columns)
    widths = {column.name: column.width for column in layout.columns}
    decoded = decode_block(columns, widths, rows, texts)
    dropped.update({column.name: part.dropped for column, part in zip(columns, decoded, strict=True)})
    sections, present = sections_of(layout, decoded, coder)
    return encode_rows(layout, sections, present)
