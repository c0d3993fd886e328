"""How many rows of a typed table lie in a row group: few where they are wide.

A row group is what later stages decode at a time, in several threads and a few ahead: its bytes, not its
rows, are what memory has to hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from workbench.ingestion.tables import Tables
from workbench.schema import Table
from workbench.stores.sql import quote_name

LARGEST, SMALLEST = 122_880, 2048
"""Rows of a row group; DuckDB writes multiples of the smaller number."""

BYTES = 32 << 20
"""Of a row group when it is decoded, about."""

SAMPLE = 1000
"""First rows of a table from which the usual length of its lists is read."""


def row_group(tables: Tables, table: Table, kinds: Mapping[str, str]) -> int:
    """Rows of a row group of a table.

    Parameters
    ----------
    kinds : dict column -> DuckDB's type of it

    Raises
    ------
    TableError
        If the table cannot be read.
    """
    lists = {column.name: kinds[column.name] for column in table.columns if kinds[column.name].endswith("]")}
    width = 8 * len(table.columns) + _list_bytes(tables, table.name, lists)
    return _fitting(width)


def stored_row_group(file: Path) -> int:
    """Rows of a row group for more rows of a table that is stored: as many as its groups have now.

    A single group may be a short one: its bytes then say how wide the rows are.
    """
    stored = pq.read_metadata(file)
    if not stored.num_rows:
        return LARGEST
    first = stored.row_group(0)
    return (
        int(first.num_rows) if stored.num_row_groups > 1 else _fitting(first.total_byte_size / first.num_rows)
    )


def _fitting(width: float) -> int:
    """Rows of so many bytes that a row group may have."""
    return max(SMALLEST, min(LARGEST, int(BYTES / max(width, 1)) // SMALLEST * SMALLEST))


def _list_bytes(tables: Tables, table: str, kinds: Mapping[str, str]) -> float:
    """Bytes of the lists of a usual row."""
    if not kinds:
        return 0.0
    names = {name: quote_name(name) for name in kinds}
    sizes = [f"avg(len(CAST({names[name]} AS {_as_list(kind)})))" for name, kind in kinds.items()]
    first = f"SELECT {', '.join(names.values())} FROM ({tables.sql(table)}) LIMIT {SAMPLE}"
    found = tables.run(f"SELECT {', '.join(sizes)} FROM ({first})", f"lists of table {table!r} were measured")
    lengths = [length or 0 for length in found.fetchone()]
    return float(
        sum(
            n * (4 if kind.startswith("FLOAT") else 8)
            for n, kind in zip(lengths, kinds.values(), strict=True)
        )
    )


def _as_list(kind: str) -> str:
    """The type of a list of any length, where all have the same: ``FLOAT[3]`` is ``FLOAT[]``."""
    return f"{kind[: kind.rindex('[')]}[]"
