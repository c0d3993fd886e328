"""Edits: what lies over the files of a dataset's partitions, as each reader needs it.

    edit      Parquet   whole rows of a table, as they are now        -> SQL views, columns that weigh edges
    delta     binary    the same rows of a feature group, encoded     -> the feature store, held in memory
    deleted   Parquet   row ids                                       -> no view, no edge, no key

Node ids are stable: a deleted row keeps its number until the tables are ingested again, but nothing leads to
it. Of a row in several edits the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.errors import CorruptStoreError, explain
from workbench.kernels.overlay import overlay
from workbench.stores.codecs import pack, packing, unpack
from workbench.stores.features import GroupLayout
from workbench.stores.replaced import gone
from workbench.stores.seal import RESTORE
from workbench.stores.sql import ROW
from workbench.types import AnyArray, ByteArray, Int64Array

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset


@dataclass(frozen=True)
class Delta:
    """Edited rows of one feature group.

    Attributes
    ----------
    ids : int64[n]  ascending, each once
    rows : uint8[n, stride]  zeros for a deleted row: every column is missing
    """

    ids: Int64Array
    rows: ByteArray

    @classmethod
    def open(cls, dataset: Dataset, layout: GroupLayout) -> Delta | None:
        """Everything that was edited in a group, in memory; None if nothing was.

        Raises
        ------
        StoreError
            If a file is gone because the dataset was replaced.
        CorruptStoreError
            If one is torn.
        """
        files = dataset.files("delta", layout.group)
        return cls.merged([cls.read(dataset, file, layout, layout.rows) for file in files]) if files else None

    @classmethod
    def merged(cls, parts: list[Delta]) -> Delta:
        """Several as one; of a row in several the last counts."""
        ids = np.concatenate([part.ids for part in parts])
        order = np.argsort(ids, kind="stable")
        last = np.append(ids[order][1:] != ids[order][:-1], True)[: len(ids)]
        kept = order[last]
        return cls(ids[kept], np.concatenate([part.rows for part in parts])[kept])

    @classmethod
    def read(cls, dataset: Dataset, file: Path, layout: GroupLayout, rows: int) -> Delta:
        """One file; its ids are below ``rows``.

        Raises
        ------
        StoreError
            If it is gone because the dataset was replaced.
        CorruptStoreError
            If it is torn.
        """
        try:
            raw = np.frombuffer(file.read_bytes(), np.uint8)
        except FileNotFoundError as error:
            raise gone(dataset, file) from error
        stride = packing(layout).stride
        count, rest = divmod(len(raw), 8 + stride)
        ids = raw[: 8 * count].view(np.int64)
        sound = not rest and (ids[1:] > ids[:-1]).all() and (not count or 0 <= ids[0] <= ids[-1] < rows)
        if not sound:
            raise CorruptStoreError(explain(f"{file} was read", "it is torn or foreign", do=RESTORE))
        return cls(ids, unpack(layout, raw[8 * count :].reshape(count, stride)))

    def to_bytes(self, layout: GroupLayout) -> tuple[Int64Array, ByteArray]:
        """What a file holds: ids, and the rows as the codes of their columns say.

        Raises
        ------
        IngestError
            If a value does not fit its code.
        """
        return self.ids, pack(layout, self.rows)

    def onto(self, ids: AnyArray, out: ByteArray) -> None:
        """Put the edited rows over rows that were read; ``ids`` are checked, uint32[n] or int64[n]."""
        overlay(self._marks, self.ids, self.rows.view(np.uint64), ids, out.view(np.uint64))

    @cached_property
    def _marks(self) -> ByteArray:
        """A bit per id up to the last one that was edited."""
        edited = np.zeros(int(self.ids[-1]) + 1 if len(self.ids) else 0, np.bool_)
        edited[self.ids] = True
        return np.packbits(edited, bitorder="little")


def deleted_rows(dataset: Dataset, table: str) -> Int64Array:
    """int64[n] ascending: rows of a table that were deleted."""
    files = dataset.files("deleted", table)
    if not files:
        return np.empty(0, np.int64)
    return np.unique(np.concatenate([_read_rows(dataset, file) for file in files]))


def current_column(dataset: Dataset, table: str, column: str) -> pa.ChunkedArray:
    """A column of a table as edits left it; deleted rows hold what they held.

    Raises
    ------
    StoreError
        If a file is gone because the dataset was replaced.
    """
    files, edits = dataset.table_files(table), dataset.files("edit", table)
    columns = [read_columns(dataset, file, [column]).column(0) for file in files]
    if not edits:
        return pa.chunked_array([chunk for part in columns for chunk in part.chunks], columns[0].type)
    place = np.arange(dataset.manifest.rows(table))
    for file in edits:
        rows = _read_rows(dataset, file)
        place[rows] = np.arange(len(rows)) + sum(map(len, columns))
        columns.append(read_columns(dataset, file, [column]).column(0).cast(columns[0].type))
    return pa.chunked_array([chunk for part in columns for chunk in part.chunks]).take(pa.array(place))


def current_rows(dataset: Dataset, table: str, ids: Int64Array) -> pa.Table:
    """Whole rows of a table as edits left them, and their ``__row__``; deleted rows hold what they held.

    Parameters
    ----------
    ids : int64[n] ascending, each once, below the table's rows

    Raises
    ------
    StoreError
        If a file is gone because the dataset was replaced.
    """
    parts = list(_stored_rows(dataset, table, ids))
    rows = pa.concat_tables(parts)
    for file in dataset.files("edit", table):
        edited = read_columns(dataset, file, rows.column_names).cast(rows.schema)
        wanted = edited.filter(pc.field(ROW).isin(pa.array(ids)))
        rows = pa.concat_tables([newer_rows(rows, wanted), _without_rows(wanted, rows)])
    return rows


def row_blocks(dataset: Dataset, table: str) -> Iterator[pa.Table]:
    """:func:`current_rows` of a whole table, block after block, in order; the first may be empty."""
    blocks = _stored_rows(dataset, table, np.arange(dataset.manifest.rows(table)))
    first = next(blocks)
    edited = first.schema.empty_table()
    for file in dataset.files("edit", table):
        newer = read_columns(dataset, file, first.column_names).cast(first.schema)
        edited = pa.concat_tables([_without_rows(edited, newer), newer])
    for block in chain([first], blocks):
        yield newer_rows(block, edited)
    stored = dataset.manifest.stored_rows(table)
    appended = edited.filter(pc.field(ROW) >= stored).sort_by(ROW)
    if len(appended):
        yield appended


def _stored_rows(dataset: Dataset, table: str, ids: Int64Array) -> Iterator[pa.Table]:
    """Rows as the partitions have them, and their ``__row__``: an empty block, then one per row group."""
    offset = 0
    for number, file in enumerate(dataset.table_files(table)):
        with _opened(dataset, file) as parquet:
            schema = nullable(parquet.schema_arrow)
            if not number:
                yield schema.empty_table().append_column(ROW, pa.array([], pa.int64()))
            for group in range(parquet.num_row_groups):
                end = offset + parquet.metadata.row_group(group).num_rows
                wanted = ids[np.searchsorted(ids, offset) : np.searchsorted(ids, end)]
                if len(wanted):
                    rows = parquet.read_row_group(group).cast(schema).take(pa.array(wanted - offset))
                    yield rows.append_column(ROW, pa.array(wanted))
                offset = end


def stored_schema(dataset: Dataset, table: str) -> pa.Schema:
    """Columns of a table's files and their types.

    Raises
    ------
    StoreError
        If a file is gone because the dataset was replaced.
    """
    with _opened(dataset, dataset.table_files(table)[0]) as parquet:
        return nullable(parquet.schema_arrow)


def nullable(schema: pa.Schema) -> pa.Schema:
    """The schema for rows that come later: that none of the stored values is missing binds no other."""
    return pa.schema([field.with_nullable(True) for field in schema])


def _without_rows(rows: pa.Table, others: pa.Table) -> pa.Table:
    """Rows that are not among the others."""
    return rows.filter(~pc.field(ROW).isin(others.column(ROW).combine_chunks()))


def newer_rows(rows: pa.Table, edited: pa.Table) -> pa.Table:
    """Rows, those that were edited in their newer form; both have ``__row__``."""
    ids, theirs = rows.column(ROW).to_numpy(), edited.column(ROW).to_numpy()
    _, here, there = np.intersect1d(ids, theirs, assume_unique=True, return_indices=True)
    if not len(here):
        return rows
    place = np.arange(len(ids))
    place[here] = len(ids) + np.arange(len(there))
    return pa.concat_tables([rows, edited.take(pa.array(there))]).take(pa.array(place))


def _read_rows(dataset: Dataset, file: Path) -> Int64Array:
    return np.asarray(read_columns(dataset, file, [ROW]).column(0).to_numpy(), np.int64)


def read_columns(dataset: Dataset, file: Path, columns: list[str]) -> pa.Table:
    """Columns of one Parquet file of a dataset.

    Raises
    ------
    StoreError
        If it is gone because the dataset was replaced.
    """
    with _opened(dataset, file) as parquet:
        rows = parquet.read(columns=columns)
        return rows.cast(nullable(rows.schema))


def _opened(dataset: Dataset, file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except FileNotFoundError as error:
        raise gone(dataset, file) from error
