"""The one foreign key that leads from an aggregated table to the entity table."""

from __future__ import annotations

from collections.abc import Collection

from workbench.query import ast
from workbench.query.kinds import ColumnTypes
from workbench.query.pointing import query_error
from workbench.schema import Schema, Table
from workbench.stores.sql import quote_name


def key_to(
    text: str,
    schema: Schema,
    types: ColumnTypes,
    ref: ast.ColumnRef,
    table: Table,
    entity: str,
    empty: Collection[str] = (),
) -> str:
    """The column of ``table`` that holds the key of ``entity``.

    Parameters
    ----------
    text : str  the query
    schema : Schema
    types : column types of every table
    ref : ColumnRef  the aggregated column: errors point at its table
    table : Table  the aggregated table
    entity : str  name of the entity table
    empty : names of the tables without a row, whose links no schema can be inferred from

    Raises
    ------
    QueryError
        If there is none, or more than one; where a second table lies between, with the call that
        brings the key here.
    """
    found = [key.column for key in table.foreign_keys if key.table == entity]
    if len(found) == 1:
        return found[0]
    linked = [t.name for t in schema if sum(k.table == entity for k in t.foreign_keys) == 1]
    if found:
        got = f"{table.name!r} has {len(found)}: {', '.join(found)}"
        do = f"Keep one with schema.unlink({table.name!r}, column)"
    elif table.name in empty:
        got = f"{table.name!r} has none: it is empty, and links are found by values"
        do = f"Ingest it with rows, or with schema.link({table.name!r}, column, {entity!r})"
    else:
        got, do = f"{table.name!r} has none", _derivation(schema, types, table, entity)
    raise query_error(
        text,
        ref.table_place,
        f"a table with exactly one foreign key to {entity!r} was asked for",
        got,
        ", ".join(linked) or f"no table has exactly one foreign key to {entity!r}",
        do,
    )


def _derivation(schema: Schema, types: ColumnTypes, table: Table, entity: str) -> str:
    """What to do about a path of two hops: the call that copies the key into ``table``."""
    for first in table.foreign_keys:
        middle = schema[first.table]
        onward = [key.column for key in middle.foreign_keys if key.table == entity]
        if len(onward) != 1 or middle.primary_key is None:
            continue
        column = onward[0] if onward[0] not in types[table.name] else f"{middle.name}_{onward[0]}"
        # The names of the inner query are ours, so that the outer table's column is found by its own.
        pair = f"{quote_name(middle.primary_key)} AS __k, {quote_name(onward[0])} AS __v"
        before, after = (
            f"(SELECT __v FROM (SELECT {pair} FROM (",
            f")) WHERE __k = {quote_name(first.column)})",
        )
        sql = f"{before!r} + tables.sql({middle.name!r}) + {after!r}"
        call = f"tables = tables.derive({table.name!r}, {column!r}, {sql})"
        return f"It reaches {entity!r} through {middle.name!r}: bring the key along before the ingest: {call}"
    return f"Bring the key of {entity!r} into it with tables.derive(...) before the ingest"
