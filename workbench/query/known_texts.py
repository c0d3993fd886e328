"""Texts that a query looks for and no row has: mostly misspelt, so the nearest known ones are named."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from workbench.errors import explain
from workbench.query import ast
from workbench.query.expressions import MATCH
from workbench.query.kinds import Kind, kind_of_operand
from workbench.query.pointing import pointer
from workbench.query.resolved import ResolvedQuery
from workbench.stores.sql import quote_name, quote_text

SHOWN = 3
"""How many known texts a warning names."""


class Sought(NamedTuple):
    """A text that a query looks for in a column; ``how`` is ``=`` or a pattern's word."""

    column: ast.ColumnRef
    how: str
    literal: ast.Literal


def warn_of_unknown_texts(con: Any, query: ResolvedQuery) -> None:
    """Warn of each text or pattern that a column is compared with and no row of it has.

    A warning, not an error: the value may still come.
    """
    text = query.query
    for clause in (text.target, text.where, text.assuming):
        for column, how, literal in _sought(clause, query):
            name, table = f"f.{quote_name(column.column)}", f"{quote_name(column.table)} AS f"
            value = quote_text(str(literal.value))
            found = MATCH[how].format(name, value) if how in MATCH else f"{name} = {value}"
            if con.execute(f"SELECT 1 FROM {table} WHERE {found} LIMIT 1").fetchone():
                continue
            near = con.execute(
                f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL GROUP BY {name} "
                f"ORDER BY jaro_winkler_similarity(lower({name}), lower({value})) DESC, {name} LIMIT {SHOWN}"
            ).fetchall()
            known = f"The nearest: {', '.join(repr(str(row[0])) for row in near)}" if near else ""
            holds = (
                f"matches {how} {str(literal.value)!r}" if how in MATCH else f"holds {str(literal.value)!r}"
            )
            message = explain(f"{column} was compared", f"no row {holds}", do=known)
            warnings.warn(f"{message}\n{pointer(text.text, literal.place)}", stacklevel=3)


def _sought(clause: ast.Expression | None, query: ResolvedQuery) -> Iterator[Sought]:
    values: tuple[ast.Literal, ...]
    for part in ast.walk(clause):
        match part:
            case ast.Comparison(left=operand, op="=" | "!=", right=ast.Literal() as value):
                how, values = "=", (value,)
            case ast.Membership(operand=operand, values=several):
                how, values = "=", several
            case ast.TextMatch(operand=operand, how=how, pattern=value):
                values = (value,)
            case _:
                continue
        column = operand.value if isinstance(operand, ast.Aggregate) else operand
        if isinstance(column, ast.ColumnRef) and kind_of_operand(operand, query.types) is Kind.TEXT:
            yield from (Sought(column, how, value) for value in values)
