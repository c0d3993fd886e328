"""The foreign keys that lead from an aggregated table to the entity table."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from workbench.errors import did_you_mean
from workbench.query import ast
from workbench.query.pointing import query_error
from workbench.schema import Schema, Table

Path = tuple[tuple[Table, str], ...]
"""(table, column that holds a key of the next table), from the aggregated table to the entity."""

MAX_HOPS = 4
"""Foreign keys of a path that a message proposes."""


def path_to(
    text: str,
    schema: Schema,
    aggregate: ast.Aggregate,
    ref: ast.ColumnRef,
    entity: str,
    empty: Collection[str] = (),
) -> Path:
    """The path that the aggregate names, or the one foreign key of its table to the entity table.

    Parameters
    ----------
    text : str  the query
    schema : Schema
    aggregate : Aggregate
    ref : ColumnRef  a column of the aggregated table: errors point at its table
    entity : str  name of the entity table
    empty : names of the tables without a row, whose links no schema can be inferred from

    Raises
    ------
    QueryError
        If the named path does not lead there, or no name is given and there is none, or more than one;
        proposes the paths that there are.
    """
    table = schema[ref.table]
    if aggregate.path:
        return _named(text, schema, aggregate.path, table, entity)
    found = [key.column for key in table.foreign_keys if key.table == entity]
    if len(found) == 1:
        return ((table, found[0]),)
    linked = [t.name for t in schema if sum(k.table == entity for k in t.foreign_keys) == 1]
    known = [_write(path) for path in paths_between(schema, table, entity)]
    if found:
        got = f"{table.name!r} has {len(found)}: {', '.join(found)}"
    elif table.name in empty and not known:
        got = f"{table.name!r} has none: it is empty, and links are found by values"
    else:
        got = f"{table.name!r} has none"
    if known:
        value = text[slice(*aggregate.value.place)]
        do = f"Name the path: {aggregate.function}({value} {' or '.join(known)}, ...)"
    elif table.name in empty:
        do = f"Ingest it with rows, or with schema.link({table.name!r}, column, {entity!r})"
    else:
        do = f"Bring the key of {entity!r} into it with tables.derive(...) before the ingest"
    raise query_error(
        text,
        ref.table_place,
        f"a table with exactly one foreign key to {entity!r} was asked for",
        got,
        ", ".join(linked) or f"no table has exactly one foreign key to {entity!r}",
        do,
    )


def paths_between(schema: Schema, table: Table, entity: str) -> list[Path]:
    """The shortest paths of at most :data:`MAX_HOPS` foreign keys, a few of them."""
    reached: list[Path] = [()]
    for _ in range(MAX_HOPS):
        reached = [longer for path in reached for longer in _longer(schema, table, path)][:100]
        if found := [path for path in reached if _end(path) == entity]:
            return found[:4]
    return []


def _longer(schema: Schema, table: Table, path: Path) -> Iterator[Path]:
    here = schema[_end(path)] if path else table
    seen = {each.name for each, _ in path}
    return (
        (*path, (here, key.column))
        for key in here.foreign_keys
        if key.table not in seen or key.table == here.name
    )


def _end(path: Path) -> str:
    table, column = path[-1]
    return table.foreign_key(column).table


def _write(path: Path) -> str:
    return "VIA " + " -> ".join(f"{table.name}.{column}" for table, column in path)


def _named(text: str, schema: Schema, path: tuple[ast.ColumnRef, ...], table: Table, entity: str) -> Path:
    """Check that each key of a named path is one of the table that the one before leads to."""
    here, found = table, []
    for ref in path:
        keys = [key.column for key in here.foreign_keys]
        if ref.table not in ("", here.name) or ref.column not in keys:
            raise query_error(
                text,
                ref.place,
                f"a foreign key of {here.name!r} was asked for",
                f"got {ref}",
                ", ".join(f"{here.name}.{column}" for column in keys) or "it has none",
                did_you_mean(ref.column, keys),
            )
        found.append((here, ref.column))
        here = schema[here.foreign_key(ref.column).table]
    if here.name == entity:
        return tuple(found)
    onward = [_write((*found, *more)) for more in paths_between(schema, here, entity)]
    raise query_error(
        text,
        path[-1].place,
        f"a path from {table.name!r} to {entity!r} was asked for",
        f"{path[-1]} leads to {here.name!r}",
        do=f"Write {' or '.join(onward)}" if onward else "",
    )
