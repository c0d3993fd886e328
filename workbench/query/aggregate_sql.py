"""The functions of aggregates as SQL: of all rows at once, and added up from anchor to anchor."""

from __future__ import annotations

from workbench.query import ast
from workbench.query.expressions import Columns, render
from workbench.query.kinds import Kind, kind_of
from workbench.query.resolved import Source
from workbench.stores.sql import ROW, quote_name

ORDERED = ("FIRST", "LAST")
"""Functions that go by time."""

AS_IT_IS = ("COUNT", "COUNT_DISTINCT", "LIST_DISTINCT", *ORDERED)
"""Functions that take a value as its column holds it; all others calculate."""


def value_sql(source: Source, columns: Columns) -> str:
    """What is aggregated; NULL counts for nothing."""
    aggregate = source.aggregate
    if source.ranked is not None:
        return f"c.{quote_name(ROW)}"
    if not isinstance(aggregate.value, ast.ColumnRef):
        return render(aggregate.value, columns)
    if aggregate.value.column == "*":
        return "1"
    value, kind = render(aggregate.value, columns), kind_of(columns.types[aggregate.value.column])
    calculated = kind is Kind.NUMBER and aggregate.function not in AS_IT_IS
    return f"CAST({value} AS DOUBLE)" if calculated else value


def aggregate_sql(aggregate: ast.Aggregate, value: str, order: str) -> str:
    """The function over the rows of a group; ``order`` is what FIRST and LAST go by."""
    match aggregate.function:
        case "SUM" | "AVG":
            # Kahan summation: the sum does not depend on how threads share the rows.
            return f"f{aggregate.function.lower()}({value})"
        case "COUNT_DISTINCT":
            return f"count(DISTINCT {value})"
        case "LIST_DISTINCT":
            return f"list_sort(list(DISTINCT {value}) FILTER (WHERE {value} IS NOT NULL))"
        case "FIRST" | "LAST":
            known = f"FILTER (WHERE {value} IS NOT NULL)"
            return f"{aggregate.function.lower()}({value} ORDER BY {order}) {known}"
    return f"{aggregate.function.lower()}({value})"


def parts_sql(aggregate: ast.Aggregate, key: str, value: str, order: str, seen: str) -> str:
    """Columns ``key``, ``n`` and what :func:`added_up` needs of the facts between two anchors.

    Parameters
    ----------
    key, value, order : str  SQL of the entity's key, of what is aggregated, of what FIRST and LAST go by
    seen : str  ``facts ASOF JOIN anchors AS b WHERE ...``: each fact beside the first anchor that sees it
    """
    if aggregate.function == "COUNT_DISTINCT":
        # A value counts at the first anchor that sees it.
        first = f"SELECT {key} AS key, {value} AS v, min(b.n) AS n FROM {seen} GROUP BY {key}, {value}"
        return f"SELECT d.key AS key, d.n AS n, count(d.v) AS part FROM ({first}) AS d GROUP BY d.key, d.n"
    if aggregate.function in ("SUM", "AVG"):
        part = f"fsum({value}) AS part, count({value}) AS known"
    else:
        part = f"{aggregate_sql(aggregate, value, order)} AS part"
    return f"SELECT {key} AS key, b.n AS n, {part} FROM {seen} GROUP BY {key}, b.n"


def added_up(aggregate: ast.Aggregate) -> str:
    """The value at an anchor, of the parts up to it."""
    match aggregate.function:
        case "COUNT" | "COUNT_DISTINCT":
            return "sum(p.part) OVER w"
        case "SUM":
            return "fsum(p.part) OVER w"
        case "AVG":
            return "fsum(p.part) OVER w / nullif(sum(p.known) OVER w, 0)"
        case "FIRST" | "LAST":
            return f"{aggregate.function.lower()}_value(p.part IGNORE NULLS) OVER w"
    return f"{aggregate.function.lower()}(p.part) OVER w"
