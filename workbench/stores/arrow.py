"""Rows of a table as Arrow: some by id, or all of them as a stream.

Values are those of the source, typed as the dataset keeps them: texts and categories as texts, instants as
``timestamp[us]``, numbers unrounded, keys and times among them. They are read through the dataset's SQL
views, so they are what labels, the audit and encoders see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from workbench.errors import IdError, StoreError, explain
from workbench.stores.sql import ROW, quote_name, quote_names
from workbench.types import AnyArray

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset

BATCH_ROWS = 65_536
"""Rows of a record batch."""


def to_arrow(dataset: Dataset, table: str, ids: AnyArray, columns: Sequence[str] | None = None) -> pa.Table:
    """Rows of a table by id, in the order of the ids.

    Costs a scan of the asked columns between the smallest and the largest id.

    Parameters
    ----------
    ids : uint32[n] or int64[n]  node ids, or edge ids of a folded table, in range; may repeat
    columns : names, ``__row__`` (the id) among them; None: those of the schema

    Returns
    -------
    pyarrow.Table[n]

    Raises
    ------
    SchemaError
        If there is no such table or column.
    IdError
        If a row is not there any more.
    """
    names = _columns(dataset, table, columns)
    low, high = (int(ids.min()), int(ids.max())) if len(ids) else (0, -1)
    asked = pa.table({"place": np.arange(len(ids)), "id": ids})
    shown = ", ".join(f"t.{quote_name(name)}" for name in names)
    with dataset.duckdb() as connection:
        connection.register("asked rows", asked)
        found: pa.Table = connection.sql(
            f'SELECT {shown} FROM "asked rows" a JOIN {quote_name(table)} t ON t.{quote_name(ROW)} = a.id '
            f"WHERE t.{quote_name(ROW)} BETWEEN {low} AND {high} ORDER BY a.place"
        ).to_arrow_table()
    if len(found) != len(ids):
        got = f"{len(ids) - len(found):,} of them are not there any more"
        raise IdError(explain(f"{len(ids):,} rows of table {table!r} were asked for", got))
    return found


def scan(
    dataset: Dataset, table: str, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
) -> pa.RecordBatchReader:
    """All rows of a table in id order, batch by batch: what is not read yet takes no memory.

    DuckDB reads it as a table: ``duckdb.sql("SELECT count(*) FROM reader")`` with the reader in a variable
    of that name, or ``connection.register("orders", reader)``. It can be read once.

    Parameters
    ----------
    columns : as in :func:`to_arrow`
    batch_rows : int  rows of a batch, at most

    Raises
    ------
    SchemaError
        If there is no such table or column.
    StoreError
        If ``batch_rows`` is not a positive number.
    """
    names = _columns(dataset, table, columns)
    if isinstance(batch_rows, bool) or not isinstance(batch_rows, int) or batch_rows < 1:
        raise StoreError(
            explain(f"a scan of table {table!r}", f"got batch_rows={batch_rows!r}", "1 or more rows")
        )
    connection = dataset.duckdb()
    reader = connection.sql(f"SELECT {quote_names(names)} FROM {quote_name(table)}").to_arrow_reader(
        batch_rows
    )
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(connection, reader))


def _batches(connection: Any, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The reader's batches; its connection lives as long as they are read."""
    with connection:
        yield from reader


def _columns(dataset: Dataset, table: str, columns: Sequence[str] | None) -> list[str]:
    known = dataset.schema[table]
    if columns is None:
        return [column.name for column in known.columns]
    given = [columns] if isinstance(columns, str) else list(columns)
    if not given:
        raise StoreError(explain(f"rows of table {table!r} were asked for", "no columns were named"))
    return [name if name == ROW else known.column(name).name for name in given]
