"""SQL text from names and values: the one place that quotes, tested against hostile names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ROW = "__row__"
"""Column of every table view: the row id, which for a node type is the node id."""


def quote(name: str) -> str:
    """An identifier, safe whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string literal, safe whatever it contains."""
    return "'" + text.replace("'", "''") + "'"


def table_view(name: str, files: Sequence[tuple[Path, int]]) -> str:
    """``CREATE VIEW`` of a table over its Parquet files, each with the row id of its first row."""
    parts = [
        f"SELECT *, CAST(file_row_number AS BIGINT) + {offset} AS {quote(ROW)} "
        f"FROM read_parquet({literal(str(file))})"
        for file, offset in files
    ]
    return f"CREATE VIEW {quote(name)} AS {' UNION ALL '.join(parts)}"
