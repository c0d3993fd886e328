"""SQL text from names and values: the one place that quotes, tested against hostile names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import TableError, explain

ROW = "__row__"
"""Column of every table view: the row id, which for a node type is the node id."""


INTERRUPTED = "Query interrupted"
"""What DuckDB says of a Ctrl-C."""


_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
"""A NUL, or half a character (a lone surrogate): no SQL text and no stored text can hold one."""

_HALF = re.compile("[\ud800-\udfff]")


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C in DuckDB as the KeyboardInterrupt that it is."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != INTERRUPTED:
            raise
        raise KeyboardInterrupt from error


def quote_name(name: str) -> str:
    """A table or column name as an SQL identifier, whatever characters it holds.

    Raises
    ------
    TableError
        If the name is empty or holds a NUL or half a character, which no SQL identifier can.
    """
    if not name or _IMPOSSIBLE.search(name):
        allowed = "a text without NUL and without half characters (lone surrogates)"
        asked = "a table or column name was asked for"
        raise TableError(explain(asked, f"got {name!r}", allowed, "Rename it where it comes from"))
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text as an SQL string literal.

    Raises
    ------
    TableError
        If the text holds a NUL or half a character, which no SQL literal can.
    """
    if _IMPOSSIBLE.search(text):
        allowed = "no NUL characters and no half characters (lone surrogates)"
        raise TableError(explain("a text was put into a query", f"got {text!r}", allowed))
    return "'" + text.replace("'", "''") + "'"


def expect_whole(sql: str) -> None:
    """SQL that a user may have written parts of, before it runs.

    Raises
    ------
    TableError
        If it holds half a character, on which DuckDB fails without saying where.
    """
    if half := _HALF.search(sql):
        near = sql[max(half.start() - 20, 0) : half.end() + 20]
        got = f"it holds half a character (a lone surrogate), in {near!r}"
        do = "Put a question mark in its place: sql.encode('utf-8', 'replace').decode()"
        raise TableError(explain("a query was asked for", got, "SQL of whole characters", do))


def quote_names(names: Iterable[str]) -> str:
    """Several names, comma separated."""
    return ", ".join(quote_name(name) for name in names)


def table_view(
    name: str, files: Sequence[tuple[Path, int]], edits: Sequence[Path] = (), deleted: Sequence[Path] = ()
) -> str:
    """``CREATE VIEW`` of a table: its Parquet files, under the rows of its edits, without deleted rows.

    Parameters
    ----------
    files : of the partitions, each with the row id of its first row
    edits, deleted : Parquet files with a column ``__row__``; of a row in several edits the last counts
    """
    base = " UNION ALL ".join(
        f"SELECT *, CAST(file_row_number AS BIGINT) + {offset} AS {quote_name(ROW)} FROM {_parquet([file])}"
        for file, offset in files
    )
    parts = [_without(base, [*edits, *deleted])]
    for number, file in enumerate(edits, 1):
        parts.append(_without(f"SELECT * FROM {_parquet([file])}", [*edits[number:], *deleted]))
    return f"CREATE VIEW {quote_name(name)} AS {' UNION ALL BY NAME '.join(parts)}"


def _without(query: str, hidden: Sequence[Path]) -> str:
    """The rows of a query but those whose row ids are in some files."""
    if not hidden:
        return query
    rows = f"SELECT {quote_name(ROW)} FROM {_parquet(hidden)}"
    return f"SELECT * FROM ({query}) ANTI JOIN ({rows}) USING ({quote_name(ROW)})"


def _parquet(files: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(quote_text(str(file)) for file in files)}])"
