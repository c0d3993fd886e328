"""Edits: rows of an ingested dataset are changed or deleted, all of a ``with`` block or nothing.

    with wb.edit("stores/shop") as edit:
        edit.update("users", {"user_id": [17, 42], "city": ["Bern", "Basel"]})
        edit.delete("orders", keys=[1003])

New values lie in small files over those of the ingest (``stores/edits.py``), written and fsynced before one
catalog commit makes a new snapshot of them. What is open reads the snapshot that it opened. Keys, times and
foreign keys are the graph itself and cannot be edited; rows come by an ingest.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import IdError, IngestError, SchemaError, explain
from workbench.ingestion.editable import Encoders
from workbench.ingestion.encoded_rows import encoded_rows
from workbench.ingestion.found_links import expect_links_found
from workbench.ingestion.layout import feature_columns
from workbench.ingestion.new_columns import encoded_columns, new_table
from workbench.ingestion.tables import read_tables
from workbench.ingestion.typed import column_sql
from workbench.ingestion.write_features import dropped_notes
from workbench.schema import Column, Stype, Table
from workbench.stores import catalog
from workbench.stores.compaction import folded
from workbench.stores.dataset import Dataset, collect_orphans, partition_name
from workbench.stores.durable import write_file
from workbench.stores.edits import Delta, current_rows, deleted_rows, newer_rows, stored_schema
from workbench.stores.features import GroupLayout
from workbench.stores.key_map import KeyMap
from workbench.stores.manifest import FileEntry, Manifest
from workbench.stores.records import CatalogState, ColumnRef
from workbench.stores.sql import ROW, quote_name
from workbench.types import AnyArray, Int64Array


@contextmanager
def edit(path: str | Path, *, texts: Mapping[str, Any] | None = None) -> Iterator[Editing]:
    """Change rows of a dataset in one transaction. Public as ``workbench.edit``.

    Everything in the ``with`` block becomes one new snapshot when it ends; if it fails, nothing does.

    Parameters
    ----------
    path : folder that ``ingest`` wrote
    texts : ``'table.column'`` -> the encoder that the ingest got; only where its texts change

    Raises
    ------
    StoreError
        If there is no dataset, another process is writing there, or the disk refuses.
    IngestError
        If an encoder is another than the one of the ingest, or a value does not fit the code of its column.
    """
    root = Dataset.open(path).path
    with catalog.writing(root):
        try:
            collect_orphans(root)  # what a crash left has names that are needed now
            dataset = Dataset.open(root)
            editing = Editing(dataset, Encoders(dataset, texts or {}))
            try:
                yield editing
            finally:
                editing._ended = True
            editing._commit()
        finally:
            collect_orphans(root)


class Editing:
    """The edits of one transaction; made by :func:`edit`. Later calls see what earlier ones changed."""

    def __init__(self, dataset: Dataset, encoders: Encoders) -> None:
        self._dataset, self._encoders = dataset, encoders
        self._rows: dict[str, pa.Table] = {}
        self._changed: dict[str, frozenset[str]] = {}
        self._deleted = {table.name: deleted_rows(dataset, table.name) for table in dataset.schema}
        self._deleted_before = dict(self._deleted)
        self._keys: dict[str, KeyMap] = {}
        self._new: dict[str, tuple[Table, tuple[Column, ...], pa.Table, Int64Array]] = {}
        self._ended = False

    def update(self, table: str, rows: Any, *, ids: Sequence[int] | AnyArray | None = None) -> None:
        """Give some columns of some rows new values; their other columns stay.

        Parameters
        ----------
        table : name
        rows : dict of columns, Arrow table, pandas frame or DuckDB relation
            Columns of features; a missing value makes it missing.
        ids : row ids, one per row; None: ``rows`` has the table's primary key

        Raises
        ------
        SchemaError
            If a column cannot be edited, or a key is not in the table.
        IdError
            If a row does not exist, was deleted, or is named twice.
        IngestError
            If a value cannot be read as its column's type.
        """
        self._change(self._dataset.schema[table], rows, ids, keep=True)

    def put(self, table: str, rows: Any, *, ids: Sequence[int] | AnyArray | None = None) -> None:
        """As :meth:`update`, but columns of features that ``rows`` lacks become missing."""
        self._change(self._dataset.schema[table], rows, ids, keep=False)

    def add_columns(
        self,
        table: str,
        rows: Any,
        *,
        stypes: Mapping[str, Stype | str],
        ids: Sequence[int] | AnyArray | None = None,
    ) -> None:
        """Give a table new columns of features; rows that ``rows`` does not name have no value there.

        The table and its features are written anew, with all edits folded in, as by a compaction.

        Parameters
        ----------
        table, rows, ids : as in :meth:`update`; ``rows`` has the new columns
        stypes : dict new column -> semantic type

        Raises
        ------
        SchemaError, IdError, IngestError
            As :meth:`update`; also if a column is there already, or columns were added to the table before.
        """
        self._expect_open(table)
        asked, known = f"columns were added to table {table!r}", self._dataset.schema[table]
        wide = new_table(known, stypes)
        if known.name in self._new:
            got = "columns were added to it before in this transaction"
            raise SchemaError(explain(asked, got, do="Add them at once"))
        typed = _typed(self._dataset, wide, rows, list(stypes), with_key=ids is None)
        lacking = [name for name in stypes if name not in typed.column_names]
        if lacking or not stypes:
            got = f"the rows have no column {lacking[0]!r}" if lacking else "stypes names no column"
            raise SchemaError(explain(asked, got))
        found, typed = self._named(wide, typed, ids)
        self._new[table] = wide, wide.columns[-len(stypes) :], typed, found

    def delete(
        self,
        table: str,
        *,
        keys: Sequence[Any] | pa.Array | None = None,
        ids: Sequence[int] | AnyArray | None = None,
    ) -> None:
        """Delete rows: they leave the tables, lose their edges and keys, and have no features.

        Ids of other rows do not change. The row's values are removed by the next compaction.

        Raises
        ------
        SchemaError
            If neither or both of ``keys`` and ``ids`` are given, or a key is not in the table.
        IdError
            If a row does not exist, was deleted before, or is named twice.
        """
        self._expect_open(table)
        name = self._dataset.schema[table].name
        if (keys is None) == (ids is None):
            got = "neither keys nor ids were" if keys is None else "both keys and ids were"
            raise SchemaError(explain(f"rows of table {name!r} were deleted", f"{got} given", "one of them"))
        if keys is not None:
            ids = self._found(name, keys if isinstance(keys, pa.Array) else pa.array(list(keys)))
        rows = self._checked(name, np.asarray(ids))
        self._deleted[name] = np.union1d(self._deleted[name], rows)

    def _change(self, table: Table, given: Any, ids: Sequence[int] | AnyArray | None, *, keep: bool) -> None:
        self._expect_open(table.name)
        allowed = [column.name for column in feature_columns(table)]
        typed = _typed(self._dataset, table, given, allowed, with_key=ids is None)
        rows, typed = self._named(table, typed, ids)
        order = np.argsort(rows)
        changed = self._current(table.name, rows[order])
        for column in feature_columns(table):
            place = changed.column_names.index(column.name)
            if column.name in typed.column_names:
                changed = changed.set_column(
                    place, column.name, typed.column(column.name).take(pa.array(order))
                )
            elif not keep:
                nothing = pa.nulls(len(changed), changed.schema.field(place).type)
                changed = changed.set_column(place, column.name, nothing)
        others = frozenset(typed.column_names if keep else allowed)
        self._changed[table.name] = self._changed.get(table.name, frozenset()) | others
        self._stage(table.name, changed)

    def _expect_open(self, table: str) -> None:
        if self._ended:
            got, do = "its with block is over", "Open another one: with wb.edit(path) as edit:"
            raise IngestError(explain(f"rows of table {table!r} were edited in a transaction", got, do=do))

    def _named(
        self, table: Table, typed: pa.Table, ids: Sequence[int] | AnyArray | None
    ) -> tuple[Int64Array, pa.Table]:
        """Which rows are meant, and their new values without the key."""
        if ids is None:
            key = str(table.primary_key)
            ids, typed = (
                self._found(table.name, typed.column(key).combine_chunks()),
                typed.drop_columns([key]),
            )
        rows = self._checked(table.name, np.asarray(ids))
        if len(rows) != len(typed):
            got = f"{len(rows)} row ids came with {len(typed)} rows"
            raise IdError(explain(f"rows of table {table.name!r} were changed", got, "one id per row"))
        return rows, typed

    def _current(self, table: str, ids: Int64Array) -> pa.Table:
        rows = current_rows(self._dataset, table, ids)
        return newer_rows(rows, self._rows[table]) if table in self._rows else rows

    def _stage(self, table: str, rows: pa.Table) -> None:
        if table in self._rows:
            known = newer_rows(self._rows[table], rows)
            new = ~np.isin(rows.column(ROW).to_numpy(), known.column(ROW).to_numpy())
            rows = pa.concat_tables([known, rows.filter(pa.array(new))]).sort_by(ROW)
        self._rows[table] = rows

    def _found(self, table: str, keys: pa.Array) -> Int64Array:
        """Row ids of keys."""
        if self._dataset.schema[table].primary_key is None:
            raise SchemaError(
                explain(f"rows of {table!r} were named by key", "it has no primary key", do="Give ids=")
            )
        if table not in self._keys:
            self._keys[table] = KeyMap.open(self._dataset, table)
        ids = self._keys[table].lookup(keys)
        lacking = keys.filter(pa.array(ids < 0))
        if len(lacking):
            names = ", ".join(map(str, lacking[:5].to_pylist()))
            got = f"{len(lacking)} of {len(keys)} are not in it ({names})"
            raise SchemaError(explain(f"keys of table {table!r} were looked up", got, "keys of stored rows"))
        return ids

    def _checked(self, table: str, ids: AnyArray) -> Int64Array:
        asked, rows = f"rows of table {table!r} were edited", self._dataset.manifest.rows(table)
        if ids.ndim != 1 or (len(ids) and ids.dtype.kind not in "iu"):
            raise IdError(explain(asked, f"ids are {ids.dtype}{list(ids.shape)}", "integers, in one row"))
        exact = ids.astype(np.int64)
        if len(exact) and not 0 <= exact.min() <= exact.max() < rows:
            raise IdError(explain(asked, f"ids are {exact.min()} .. {exact.max()}", f"0 to {rows - 1}"))
        if len(np.unique(exact)) != len(exact):
            raise IdError(explain(asked, "a row is named twice", "each row once in a call"))
        lost = exact[np.isin(exact, self._deleted[table])]
        if len(lost):
            raise IdError(explain(asked, f"row {lost[0]} was deleted", do="Leave it out"))
        return exact

    def _commit(self) -> None:
        manifest, root = self._dataset.manifest, self._dataset.path
        files = _Files(root, manifest.snapshot + 1)
        words, groups = self._dataset.dictionaries(), list(manifest.groups)
        for table in self._dataset.schema:
            gone = np.setdiff1d(self._deleted[table.name], self._deleted_before[table.name])
            rows = self._rows.get(table.name)
            if rows is not None:
                rows = rows.filter(pa.array(~np.isin(rows.column(ROW).to_numpy(), gone)))
                files.table("edit", table.name, rows)
            if len(gone):
                files.table("deleted", table.name, pa.table({ROW: gone}))
            for place, layout in enumerate(groups):
                if layout.group == table.name and (rows is not None or len(gone)):
                    delta = Delta(gone, np.zeros((len(gone), layout.stride), np.uint8))
                    if rows is not None:
                        ids, others = rows.column(ROW).to_numpy(), self._changed[table.name]
                        texts = self._encoders.of(table, ids, others)
                        dropped: Counter[str] = Counter()
                        groups[place], changed = encoded_rows(table, layout, rows, words, texts, dropped)
                        _warn_dropped(table, layout, rows, dropped, others)
                        delta = Delta.merged([changed, delta])
                    files.delta(layout, delta)
        if not (files.entries or self._new):
            return
        after = manifest.edited(files.entries, {}, groups=tuple(groups))
        if self._new:
            after = replace(self._widened(after, words), previous=replace(manifest, previous=None))
        catalog.commit(root, after, words)

    def _widened(self, edited: Manifest, words: dict[ColumnRef, list[str]]) -> Manifest:
        """The manifest of a dataset whose edits are folded in, with the new columns."""
        expect_links_found(self._dataset, f"columns of {self._dataset.path} were to be added")
        layouts = {layout.group: layout for layout in edited.groups}
        new = {
            name: encoded_columns(
                table, columns, layouts.get(name), typed, ids, self._dataset.manifest.rows(name), words
            )
            for name, (table, columns, typed, ids) in self._new.items()
        }
        uncommitted = Dataset(self._dataset.path, CatalogState(edited, {}))
        return folded(uncommitted, edited.snapshot, new)[0]


class _Files:
    """Files of one edit, each on disk once its call returns."""

    def __init__(self, root: Path, snapshot: int) -> None:
        self._root, self._part = root, partition_name(snapshot)
        self.entries: list[FileEntry] = []

    def table(self, role: str, name: str, rows: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink)
        path = f"tables/{self._part}/{len(self.entries)}.parquet"
        self.entries.append(write_file(self._root, path, role, name, memoryview(sink.getvalue())))

    def delta(self, layout: GroupLayout, delta: Delta) -> None:
        path = f"features/{self._part}/{len(self.entries)}.delta"
        self.entries.append(write_file(self._root, path, "delta", layout.group, *delta.to_bytes(layout)))


def _warn_dropped(
    table: Table, layout: GroupLayout, rows: pa.Table, dropped: Mapping[str, int], changed: frozenset[str]
) -> None:
    """Say which new values cannot be features: of the columns that were changed."""
    new = {name: count for name, count in dropped.items() if name in changed}
    widths = {column.name: column.width for column in layout.columns}
    for note in dropped_notes(table.name, len(rows), table.columns, new, widths):
        warnings.warn(note, stacklevel=5)


def _typed(dataset: Dataset, table: Table, given: Any, allowed: list[str], *, with_key: bool) -> pa.Table:
    """Given columns, only allowed ones and the key, in the types in which the table stores them.

    Raises
    ------
    SchemaError
        If a column cannot be edited, or the key is not among them.
    IngestError
        If a value cannot be read as its column's type.
    """
    asked = f"rows of table {table.name!r} were changed"
    if isinstance(given, dict):
        try:
            given = pa.table(given)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise IngestError(explain(asked, f"its columns are no table ({error})")) from error
    tables = read_tables(given, table.name)
    kinds = tables.types(table.name)
    allowed = [*allowed, *([str(table.primary_key)] if with_key and table.primary_key is not None else [])]
    odd = [name for name in kinds if name not in allowed]
    if odd or (with_key and table.primary_key not in kinds):
        got = f"column {odd[0]!r} is not to be edited" if odd else "neither ids= nor the primary key is given"
        do = "Keys, times and links change with an ingest; name rows by ids= or by the primary key"
        raise SchemaError(explain(asked, got, ", ".join(allowed), do))
    stored = stored_schema(dataset, table.name)
    columns = [f"{column_sql(table, name, kind)} AS {quote_name(name)}" for name, kind in kinds.items()]
    typed = tables.query(f"SELECT {', '.join(columns)} FROM {quote_name(table.name)}")
    raw = tables.arrow(table.name)
    for place, name in enumerate(kinds):
        given_values, values = raw.column(name), typed.column(name)
        if given_values.null_count == len(raw):  # of no type at all, perhaps
            kind = stored.field(name).type if name in stored.names else pa.null()
            typed = typed.set_column(place, name, pa.nulls(len(raw), kind))
        elif values.null_count > given_values.null_count:
            lost = values.null_count - given_values.null_count
            got = f"{lost} of {len(raw)} values of {name!r} cannot be read"
            raise IngestError(explain(asked, got, f"what column {table.name}.{name} holds"))
    try:
        fields = [stored.field(n) if n in stored.names else typed.schema.field(n) for n in kinds]
        return typed.cast(pa.schema(fields))
    except pa.ArrowException as error:
        raise IngestError(explain(asked, f"its values are of another type ({error})")) from error
