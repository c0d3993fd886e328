"""A long table, a piece at a time: rows as short texts. Plain values, no widget."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from widgets._base import sayable

ROWS = 20
"""Rows of a piece."""

LONGEST = 60
"""Characters of a cell that are shown."""


def table_page(table: pa.Table, start: int) -> dict[str, Any]:
    """The piece of a table that holds a row, as JSON.

    Parameters
    ----------
    table : pyarrow.Table
    start : int  a row; outside of the table the nearest piece is given
    """
    last = max(len(table) - 1, 0) // ROWS * ROWS
    start = min(max(int(start), 0) // ROWS * ROWS, last)
    columns = [[shown(value) for value in column.to_pylist()] for column in table.slice(start, ROWS).columns]
    rows = [list(row) for row in zip(*columns, strict=True)]
    names = [shown(name) for name in table.column_names]
    return {"columns": names, "rows": rows, "start": start, "total": len(table), "step": ROWS}


def shown(value: Any) -> str:
    """A value as one short text."""
    if value is None:
        return ""
    if isinstance(value, list):
        return cut(", ".join(shown(each) for each in value))
    return cut(f"{value:.6g}" if isinstance(value, float) else str(value))


def cut(text: str) -> str:
    """A long text, shortened; half characters are in no message."""
    return " ".join((sayable(text[:LONGEST]) + ("\u2026" if len(text) > LONGEST else "")).split())
