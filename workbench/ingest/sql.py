"""Quoting for DuckDB: the only place where names and texts become SQL."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.errors import TableError, explain


def quote_name(name: str) -> str:
    """A table or column name as an SQL identifier, whatever characters it holds.

    Raises
    ------
    TableError
        If the name is empty or holds a NUL, which no SQL identifier can.
    """
    if not name or "\x00" in name:
        raise TableError(
            explain("a table or column name was asked for", f"got {name!r}", "a text without NUL characters")
        )
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text as an SQL string literal.

    Raises
    ------
    TableError
        If the text holds a NUL, which no SQL literal can.
    """
    if "\x00" in text:
        raise TableError(explain("a text was put into a query", f"got {text!r}", "no NUL characters"))
    return "'" + text.replace("'", "''") + "'"


def quote_names(names: Iterable[str]) -> str:
    """Several names, comma separated."""
    return ", ".join(quote_name(name) for name in names)
