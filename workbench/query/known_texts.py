"""Texts that a query looks for and no row has: mostly misspelt, so the nearest known ones are named."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from workbench.errors import explain
from workbench.query import ast
from workbench.query.kinds import Kind, kind_of
from workbench.query.pointing import pointer
from workbench.query.resolved import ResolvedQuery
from workbench.stores.sql import quote_name, quote_text

SHOWN = 3
"""How many known texts a warning names."""


def warn_of_unknown_texts(con: Any, query: ResolvedQuery) -> None:
    """Warn of each text that is compared with ``=``, ``!=`` or ``IN`` to a column that never holds it.

    A warning, not an error: the value may still come.
    """
    text = query.query
    for clause in (text.target, text.where, text.assuming):
        for column, literal in _texts(clause, query):
            name, table = f"f.{quote_name(column.column)}", f"{quote_name(column.table)} AS f"
            value = quote_text(str(literal.value))
            if con.execute(f"SELECT 1 FROM {table} WHERE {name} = {value} LIMIT 1").fetchone():
                continue
            near = con.execute(
                f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL GROUP BY {name} "
                f"ORDER BY jaro_winkler_similarity(lower({name}), lower({value})) DESC, {name} LIMIT {SHOWN}"
            ).fetchall()
            known = f"The nearest: {', '.join(repr(str(row[0])) for row in near)}" if near else ""
            message = explain(f"{column} was compared", f"no row holds {str(literal.value)!r}", do=known)
            warnings.warn(f"{message}\n{pointer(text.text, literal.place)}", stacklevel=3)


def _texts(
    clause: ast.Expression | None, query: ResolvedQuery
) -> Iterator[tuple[ast.ColumnRef, ast.Literal]]:
    for part in ast.walk(clause):
        match part:
            case ast.Comparison(left=ast.ColumnRef() as column, op="=" | "!=", right=ast.Literal() as value):
                pairs = [(column, value)]
            case ast.Membership(operand=ast.ColumnRef() as column, values=values):
                pairs = [(column, value) for value in values]
            case _:
                continue
        if kind_of(query.types[column.table][column.column]) is Kind.TEXT:
            yield from pairs
