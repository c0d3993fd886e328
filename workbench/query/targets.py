"""What kind of value a query predicts: the task type, and what belongs to it.

condition, column of true or false      binary
number                                  regression, with FORECAST n TIMEFRAMES forecast
category, or number CLASSIFY            multiclass
LIST_DISTINCT of a column               multilabel
LIST_DISTINCT, FIRST, LAST of a key     ranking; CLASSIFY makes classes of its keys
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from workbench.query import ast
from workbench.query.kinds import ColumnTypes, Kind, kind_of_operand
from workbench.query.pointing import query_error
from workbench.schema import Schema, Stype
from workbench.stores.sql import quote_name

TASK_TYPES = ("binary", "regression", "multiclass", "multilabel", "forecast", "ranking")

MAX_CLASSES = 1_000
"""More distinct values than these are no classes."""

MAX_STEPS = 1_000
"""Windows of a forecast."""

MAX_TOP = 10_000
"""Of ``RANK TOP k``."""


@dataclass(frozen=True)
class Target:
    """What a task predicts.

    Attributes
    ----------
    task_type : str  one of :data:`TASK_TYPES`
    column : (table, column) or None  whose values are the classes, or the keys that are ranked
    table : str or None  ranking: the table of the candidates
    top_k : int or None  of ``RANK TOP k``
    steps : int  forecast: how many windows
    classes : pyarrow.Array[C] or None
        multiclass, multilabel: every value of the column, ascending; labels are positions in it
    """

    task_type: str
    column: tuple[str, str] | None = None
    table: str | None = None
    top_k: int | None = None
    steps: int = 1
    classes: pa.Array | None = field(default=None, compare=False)

    def with_classes(self, con: Any, query: ast.Query) -> Target:
        """The same with the classes that the tables hold.

        Raises
        ------
        QueryError
            If there are none, or more than :data:`MAX_CLASSES`.
        """
        if self.column is None or self.table is not None:
            return self
        table, column = map(quote_name, self.column)
        sql = f"SELECT DISTINCT f.{column} AS v FROM {table} AS f WHERE f.{column} IS NOT NULL "
        found = con.sql(f"{sql} ORDER BY v LIMIT {MAX_CLASSES + 1}").to_arrow_table()["v"].combine_chunks()
        if 1 < len(found) <= MAX_CLASSES:
            return replace(self, classes=found)
        name, count = ".".join(self.column), f"more than {MAX_CLASSES:,}" if len(found) > 1 else len(found)
        raise query_error(
            query.text,
            query.target.place,
            f"classes of {name} were asked for",
            f"it has {count} distinct value{'s' * (len(found) != 1)}",
            f"2 .. {MAX_CLASSES:,}",
            "Predict a condition on it" if len(found) > 1 else "Predict another column",
        )


def target_of(query: ast.Query, schema: Schema, types: ColumnTypes) -> Target:
    """The target of a query whose names are known.

    Raises
    ------
    QueryError
        If the value cannot be predicted, or not in the way that ``CLASSIFY``, ``RANK`` or ``FORECAST``
        ask for.
    """
    if not any(ast.aggregates(query.target)):
        _check_hidden(query, schema)
    found, mode = _plain(query, schema, types), query.mode
    if mode is None:
        return found
    count = _count(query, mode)
    match mode.word, found.task_type:
        case "FORECAST", "regression" if isinstance(query.target, ast.Aggregate):
            return replace(found, task_type="forecast", steps=count)
        case "RANK", "multiclass" | "multilabel" | "ranking":
            return replace(found, top_k=count)
        case "CLASSIFY", "binary" | "multiclass" | "multilabel":
            return found
        case "CLASSIFY", "ranking":
            kind = "multilabel" if _lists(query.target) else "multiclass"
            return replace(found, task_type=kind, table=None)
        case "CLASSIFY", "regression" if (column := _one_of_a_column(query.target)) is not None:
            return Target("multiclass", (column.table, column.column))
    raise query_error(
        query.text,
        mode.place,
        f"{mode.word} of a target was asked for",
        f"the target is of type {found.task_type}",
        {
            "FORECAST": "an aggregate that is a number, such as SUM(table.column, 0, 7, days)",
            "RANK": "LIST_DISTINCT, FIRST or LAST of a foreign key or of a category",
            "CLASSIFY": "a condition, a category, or LIST_DISTINCT, FIRST, LAST, MIN or MAX of a column",
        }[mode.word],
    )


def _plain(query: ast.Query, schema: Schema, types: ColumnTypes) -> Target:
    """The target as it is without CLASSIFY, RANK and FORECAST."""
    target = query.target
    if not isinstance(target, (ast.Aggregate, ast.ColumnRef)):
        return Target("binary")
    column = _one_of_a_column(target)
    if column is not None:
        return _of_column(query, column, schema, types)
    return Target("regression")


def _of_column(query: ast.Query, column: ast.ColumnRef, schema: Schema, types: ColumnTypes) -> Target:
    table, kind = schema[column.table], kind_of_operand(column, types)
    pair = (column.table, column.column)
    smallest = isinstance(query.target, ast.Aggregate) and query.target.function in ("MIN", "MAX")
    linked = [key.table for key in table.foreign_keys if key.column == column.column]
    if linked and not smallest:
        return Target("ranking", pair, linked[0])
    if kind in (Kind.TIME, Kind.OTHER):
        raise query_error(
            query.text, column.place, "a target was asked for", f"{column} holds {kind.value}",
            "numbers, categories or conditions", "Predict a condition on it",
        )  # fmt: skip
    if _lists(query.target):
        return Target("multilabel", pair)
    if kind is Kind.BOOLEAN:
        return Target("binary")
    category = any(c.name == column.column and c.stype is Stype.CATEGORICAL for c in table.columns)
    return (
        Target("multiclass", pair)
        if kind is Kind.TEXT or (category and not smallest)
        else Target("regression")
    )


def _check_hidden(query: ast.Query, schema: Schema) -> None:
    """A static target is hidden from the features: that is impossible for what the graph is made of."""
    for part in ast.walk(query.target):
        if not isinstance(part, ast.ColumnRef):
            continue
        table = schema[part.table]
        linked = [key.table for key in table.foreign_keys if key.column == part.column]
        if linked:
            got = (
                f"{part} is a link to {linked[0]!r}, which the graph holds: its answer is among the features"
            )
            do = f"Predict later links: LIST_DISTINCT({part}, 0, 30, days) FOR EACH key of another table"
        elif part.column == table.primary_key:
            got, do = f"{part} is the key of its table", "Predict another column"
        elif part.column in (table.time, table.end_time):
            got = f"{part} says when a row exists, which the graph holds: its answer is among the features"
            do = "Predict another column"
        else:
            continue
        raise query_error(query.text, part.place, "a target was asked for", got, do=do)


def _one_of_a_column(target: ast.Expression) -> ast.ColumnRef | None:
    """The column whose values the target's are; None where they are computed."""
    match target:
        case ast.ColumnRef():
            return target
        case ast.Aggregate(
            function="FIRST" | "LAST" | "MIN" | "MAX" | "LIST_DISTINCT", value=ast.ColumnRef() as ref
        ):
            return ref
    return None


def _lists(target: ast.Expression) -> bool:
    return isinstance(target, ast.Aggregate) and target.function == "LIST_DISTINCT"


def _count(query: ast.Query, mode: ast.Mode) -> int:
    """The k of RANK TOP k, the n of FORECAST n TIMEFRAMES."""
    if mode.count is None:
        return 1
    most = MAX_TOP if mode.word == "RANK" else MAX_STEPS
    value = mode.count.value
    if isinstance(value, int) and 1 <= value <= most:
        return value
    got, asked = query.text[slice(*mode.count.place)], f"how many {mode.word} wants was asked"
    raise query_error(query.text, mode.count.place, asked, f"got {got}", f"a whole number of 1 .. {most:,}")
