"""Looks a query's names up in the schema and checks what each word may mean; computes nothing.

An aggregate is bound to the foreign keys that lead from its table to the entity table, and to
its window as two spans. The target and ASSUMING look forward, WHERE outside looks back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from workbench.query import ast
from workbench.query.binder import Binder, Scope
from workbench.query.kinds import ColumnTypes, check_comparable
from workbench.query.resolved import ResolvedQuery, Source
from workbench.query.targets import Target, target_of
from workbench.schema import Schema, Table
from workbench.temporal import Span


def resolve(
    query: ast.Query, schema: Schema, types: ColumnTypes, empty: Collection[str] = ()
) -> ResolvedQuery:
    """Bind a query to a schema; ``empty`` names the tables without a row.

    Raises
    ------
    QueryError
        If a name is unknown or a word is used where it has no meaning; points at the word.
    """
    binder = Binder(query.text, schema, types, empty)
    entity = _entity(query.entity, binder)
    static = not any(ast.aggregates(query.target))
    _bind_target(query.target, binder, entity.name)
    target = target_of(query, schema, types)
    query = _follow(query, target, binder)
    if query.assuming is not None:
        if static:
            raise binder.error(
                query.assuming.place,
                "ASSUMING was asked for",
                "a target without an aggregate has no future to assume anything of",
                do="Select rows with WHERE, or predict an aggregate over a window",
            )
        binder.condition(query.assuming, Scope("ASSUMING", entity.name))
    horizon = _horizon(binder.sources.values())
    if query.where is not None:
        binder.condition(query.where, Scope("WHERE", entity.name, static=static))
    for literal in query.keys:
        check_comparable(query.text, types, query.entity, literal)
    return ResolvedQuery(query, entity, target, binder.sources, horizon, types)


def _entity(ref: ast.ColumnRef, binder: Binder) -> Table:
    schema = binder.schema
    if not ref.table:
        key = schema[ref.column].primary_key if ref.column in schema else None
        do = f"Write {ref.column}.{key}" if key else ""
        raise binder.error(ref.place, "the entity was asked for", f"got {ref.column!r}", "table.key", do)
    table = binder.table(ref)
    if not table.is_node_type or table.primary_key is None:
        kind = "is folded into edges" if table.edge else f"is a history of {table.history_of}"
        why = "has no primary key" if table.is_node_type else kind
        known = [f"{t.name}.{t.primary_key}" for t in schema if t.primary_key and t.is_node_type]
        do = f"Before the ingest, tables.split({table.name!r}, key=column) makes a table of keys"
        asked, got = "the entity was asked for", f"table {table.name!r} {why}"
        raise binder.error(ref.table_place, asked, got, ", ".join(known), "" if known else do)
    if ref.column != table.primary_key:
        right = f"{table.name}.{table.primary_key}"
        asked = "the entity's primary key was asked for"
        raise binder.error(ref.place, asked, f"got {ref}", right, f"Write {right}")
    return table


def _bind_target(target: ast.Expression, binder: Binder, entity: str) -> None:
    """A value, or a condition, that looks forward."""
    scope = Scope("the target", entity)
    if isinstance(target, (ast.Aggregate, ast.ColumnRef)):
        binder.operand(target, scope)
    else:
        binder.condition(target, scope)


def _follow(query: ast.Query, target: Target, binder: Binder) -> ast.Query:
    """The query, its target being that of all steps of a forecast, or of the rows that are ranked."""
    asked = query.target
    if not isinstance(asked, ast.Aggregate):
        return query
    source = binder.sources.pop(asked)
    if target.table is not None:
        source = replace(source, ranked=binder.schema[target.table])
    named = replace(asked, steps=target.steps, ranked=target.table is not None)
    binder.sources[named] = replace(source, aggregate=named)
    return replace(query, target=named)


def _horizon(sources: Collection[Source]) -> tuple[Span, ...]:
    """Where the last window of each aggregate ends."""
    ends = [source.window(source.aggregate.steps - 1)[1] for source in sources]
    return tuple(dict.fromkeys(end for end in ends if end is not None))
