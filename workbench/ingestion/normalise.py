"""normalise: one flat table into the tables that its columns imply, and the rows that are left.

lines:  InvoiceNo, StockCode, Description, Quantity, InvoiceDate, CustomerID, Country
->      invoices (InvoiceNo, CustomerID), products (StockCode, Description),
        customers (CustomerID, Country), lines (InvoiceNo, StockCode, Quantity, InvoiceDate)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench.errors import TableError, did_you_mean, explain
from workbench.ingestion.tables import Tables, read_tables
from workbench.stores.sql import quote_name


def normalise(
    flat: Any,
    entities: Mapping[str, Sequence[str]],
    *,
    time: str | None = None,
    rest: str = "rows",
    drop_missing: Sequence[str] = (),
) -> Tables:
    """Split one flat table into linked tables; public as ``workbench.normalise``.

    Values stay as they are: a cancelled line of -3 pieces counts -3. Rows without a key are kept, linked to
    nothing, or dropped; either way a note says how many they are. The rest stays as many rows as the flat
    table has, with the keys of the tables that it was split into.

    Parameters
    ----------
    flat : path, frame, Arrow table, or Tables of a single table
    entities : dict name -> columns, the key first
        A column that is another entity's key becomes a link between the two. A column may be moved once.
    time : str, optional
        The time column of the flat table: entities are known from their first row on, and hold what that
        row says; see :meth:`Tables.split`. None: they are known from the beginning of time.
    rest : name of the table of what is left, a row per row of the flat one
    drop_missing : keys without which a row is dropped

    Raises
    ------
    TableError
        If a column is not there, is moved twice, two entities share a key, links go in a circle, or a name
        is taken.

    Examples
    --------
    >>> import pyarrow as pa
    >>> flat = pa.table({"order": [1, 1, 2], "who": [7, 7, None], "city": ["A", "A", "B"], "n": [1, 2, -1]})
    >>> tables = normalise(flat, {"orders": ["order", "who"], "people": ["who", "city"]}, rest="lines")
    >>> tables.arrow("orders").column_names, tables.arrow("lines").column_names
    (['order', 'who'], ['order', 'n'])
    >>> print(tables.notes[0])
    1 of 3 rows have no 'who': they are kept, and belong to no row of 'people'
    """
    tables = _single(flat, rest)
    _check(tables, entities, rest, drop_missing)
    tables = _without(tables, rest, entities, tuple(drop_missing))
    for name in _outermost_first(entities):
        key, *columns = entities[name]
        tables = tables.split(rest, key, columns, name, time)
    return tables


def _single(flat: Any, rest: str) -> Tables:
    """The flat table, under the name of what will be left of it."""
    tables = flat if isinstance(flat, Tables) else read_tables({rest: flat})
    if len(tables) != 1:
        got = f"got {len(tables)}: {', '.join(tables.names)}"
        do = "Pick one: read_tables({'name': path})"
        raise TableError(explain("one flat table was to be split", got, "a single table", do))
    return tables.rename(tables.names[0], rest)


def _check(
    tables: Tables, entities: Mapping[str, Sequence[str]], rest: str, drop_missing: Sequence[str]
) -> None:
    asked, known = f"{rest!r} was to be split into {', '.join(map(repr, entities))}", tables.types(rest)
    if not entities:
        asked = f"{rest!r} was to be split"
    texts = [name for name, columns in entities.items() if isinstance(columns, str) or not columns]
    if not entities or texts:
        got = f"{texts[0]!r} has {entities[texts[0]]!r}" if texts else "got no tables"
        raise TableError(explain(asked, got, "name -> columns, the key first: {'users': ['user_id', 'age']}"))
    if rest in entities:
        raise TableError(explain(asked, f"the name {rest!r} is that of what is left", do="Choose rest="))
    for column in (column for columns in entities.values() for column in columns):
        if column not in known:
            got, do = f"there is no column {column!r}", did_you_mean(column, known)
            raise TableError(explain(asked, got, ", ".join(known), do))
    _check_homes(asked, entities)
    keys = [columns[0] for columns in entities.values()]
    for key in drop_missing:
        if key not in keys:
            got = f"rows without {key!r} were to be dropped, which is no key"
            raise TableError(explain(asked, got, ", ".join(keys), did_you_mean(key, keys)))


def _check_homes(asked: str, entities: Mapping[str, Sequence[str]]) -> None:
    """Refuse a column that two tables would own: which value counts must have one answer."""
    keys: dict[str, str] = {}
    moved: dict[str, str] = {}
    for name, (key, *columns) in entities.items():
        if key in keys:
            got = f"{keys[key]!r} and {name!r} have the same key {key!r}"
            raise TableError(explain(asked, got, "a key of its own for each", "Make them one table"))
        keys[key] = name
        for column in columns:
            if column in moved or column == key:
                got = f"column {column!r} is moved to {moved.get(column, name)!r} and to {name!r}"
                raise TableError(explain(asked, got, "each column once", "Leave it out of one of them"))
            moved[column] = name


def _without(
    tables: Tables, rest: str, entities: Mapping[str, Sequence[str]], drop_missing: tuple[str, ...]
) -> Tables:
    """Drop rows as asked, and note how many have no key."""
    total, notes = tables.count(rest), []
    for name, (key, *_) in entities.items():
        sql = f"SELECT count(*) - count({quote_name(key)}) FROM ({tables.sql(rest)})"
        missing = int(tables.run(sql, f"rows without {key!r} were counted").fetchone()[0])
        if missing:
            what = "are dropped" if key in drop_missing else f"are kept, and belong to no row of {name!r}"
            notes.append(f"{missing:,} of {total:,} rows have no {key!r}: they {what}")
    for key in drop_missing:
        tables = tables.where(rest, f"{quote_name(key)} IS NOT NULL")
    return replace(tables, notes=(*tables.notes, *notes))


def _outermost_first(entities: Mapping[str, Sequence[str]]) -> list[str]:
    """An order in which every key is still in the flat table when its own table is split off.

    Raises
    ------
    TableError
        If each of some tables would hold the key of the next, and the last that of the first.
    """
    holder = {column: name for name, (_, *columns) in entities.items() for column in columns}
    inside = {name: holder.get(columns[0]) for name, columns in entities.items()}
    depth = {}
    for name in entities:
        chain = [name]
        while (above := inside[chain[-1]]) is not None:
            if above in chain:
                got = f"their links go in a circle: {' -> '.join([*chain, above][::-1])}"
                raise TableError(explain("a flat table was to be split", got, do="Leave one of the keys out"))
            chain.append(above)
        depth[name] = len(chain)
    return sorted(entities, key=lambda name: -depth[name])
