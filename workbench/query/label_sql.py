"""The statement behind labels: entities x anchors, beside the value of every aggregate.

    anchors      n, anchor, what is visible there, and the ends of every aggregate's window (one column each)
    source i     key, n, value: the aggregate of the rows in the window (source_sql.py)
    rows         entities x anchors that exist and are visible there, LEFT JOIN the sources on (key, n)
    result       node_id, key, n, label, where WHERE and ASSUMING hold and the label is known

A forecast has as many rows of anchors as steps: n is anchor x steps + step. They differ in the window
of the target alone. A static query has one row, without an instant.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from workbench.query import ast
from workbench.query.existence import existence
from workbench.query.expressions import Columns, Computed, render
from workbench.query.kinds import value_type
from workbench.query.resolved import ResolvedQuery, Source
from workbench.query.source_sql import Shape, shape_of, source_sql
from workbench.stores.sql import ROW, quote_name
from workbench.temporal import Span, clamp
from workbench.types import TimeArray


def label_sql(
    query: ResolvedQuery, anchors: TimeArray, name: str, label: bool = True, until: int | None = None
) -> tuple[str, pa.Table]:
    """The statement, and the table of anchors that it reads under the given name.

    Parameters
    ----------
    query : ResolvedQuery
    anchors : int64[n]  microseconds, ascending; ``n`` of the result is a position in it, times the steps
    name : str  of the table of anchors; helper tables extend it
    label : bool  False for the rows to predict for: no target, no ASSUMING
    until : int or None  features are frozen there
    """
    asked = query.query
    clauses = [asked.where, asked.assuming, asked.target] if label else [asked.where]
    used = {query.sources[a]: None for clause in clauses for a in ast.aggregates(clause)}
    aliases = {source: f"{name}{i}" for i, source in enumerate(used)}
    bounds = _bounds(query, anchors, until, tuple(used), query.target.steps if label else 1)
    ctes = [
        f"{quote_name(alias)} AS ({source_sql(source, i, name, bounds, query)})"
        for i, (source, alias) in enumerate(aliases.items())
    ]
    key = f"e.{quote_name(query.entity.primary_key or ROW)}"
    chosen = [f"e.{ROW} AS node_id", f"{key} AS key", "a.n AS n"]
    conditions = _kept(query, aliases, label, until)
    if label or query.static:
        target = _target(query, aliases)
        chosen += [f"{target} AS label"] if label else []
        conditions.append(f"{target} IS {'NOT ' if label else ''}NULL")
    joins = "".join(_join(alias, key, shape_of(source, query)) for source, alias in aliases.items())
    # No helper column stands beside the user's: every name of theirs is read as e."name", of a view of
    # nothing but their table.
    entity = quote_name(query.entity.name)
    sql = (
        (f"WITH {', '.join(ctes)}\n" if ctes else "")
        + f"SELECT {', '.join(chosen)}\nFROM {entity} AS e CROSS JOIN {quote_name(name)} AS a{joins}\n"
        + (f"WHERE {' AND '.join(f'({c})' for c in conditions)}" if conditions else "")
    )
    return sql, bounds


def _columns(query: ResolvedQuery, aliases: dict[Source, str], known_at: str | None) -> Columns:
    computed = {
        s.aggregate: Computed(alias, value_type(s.aggregate, query.types)) for s, alias in aliases.items()
    }
    return Columns("e", query.types[query.entity.name], computed, known_at)


def _kept(query: ResolvedQuery, aliases: dict[Source, str], label: bool, until: int | None) -> list[str]:
    """Conditions on (entity, anchor)."""
    anchor = None if query.static else "a.anchor"
    visible = None if query.static and until is None else "a.visible"
    kept = existence(query.entity, query.types[query.entity.name], "e", anchor, visible)
    if query.query.where is not None:
        kept.append(render(query.query.where, _columns(query, aliases, anchor)))
    if label and query.query.assuming is not None:
        kept.append(render(query.query.assuming, _columns(query, aliases, None)))
    return kept


def _target(query: ResolvedQuery, aliases: dict[Source, str]) -> str:
    found = render(query.query.target, _columns(query, aliases, None))
    if query.task_type in ("binary", "regression", "forecast"):
        return f"CAST({found} AS DOUBLE)"
    return found


def _join(alias: str, key: str, shape: Shape) -> str:
    """The value of an aggregate for each entity and anchor; of a running one, where it changed last."""
    name = quote_name(alias)
    at = {Shape.WINDOW: f" AND a.n = {name}.n", Shape.RUNNING: f" AND a.n >= {name}.n", Shape.FIXED: ""}[
        shape
    ]
    return f"\n{'ASOF ' if shape is Shape.RUNNING else ''}LEFT JOIN {name} ON {name}.key = {key}{at}"


def _bounds(
    query: ResolvedQuery, anchors: TimeArray, until: int | None, sources: tuple[Source, ...], steps: int
) -> pa.Table:
    """Columns ``n``, ``anchor``, ``visible``, and ``low<i>``, ``high<i>`` for the window of source i."""
    rows = len(anchors) * steps
    visible = np.repeat(clamp(anchors, until), steps)
    none = pa.nulls(rows, pa.timestamp("us"))
    columns: dict[str, Any] = {
        "n": pa.array(np.arange(rows)),
        "anchor": none if query.static else _stamps(np.repeat(anchors, steps)),
        "visible": none if query.static and until is None else _stamps(visible),
    }
    for i, source in enumerate(sources):
        low, high = _window(source, anchors, steps)
        columns[f"low{i}"] = none if low is None or query.static else _stamps(low)
        columns[f"high{i}"] = none if high is None or query.static else _stamps(high)
    return pa.table(columns)


def _window(source: Source, anchors: TimeArray, steps: int) -> tuple[TimeArray | None, TimeArray | None]:
    """int64[anchors * steps]: both ends of a source's window; the same at every step but for the target's."""
    windows = [source.window(step) for step in range(steps)]
    return _ends([start for start, _ in windows], anchors), _ends([end for _, end in windows], anchors)


def _ends(spans: list[Span | None], anchors: TimeArray) -> TimeArray | None:
    found = [span.after_each(anchors) for span in spans if span is not None]
    return np.stack(found, 1).ravel() if found else None


def _stamps(times: TimeArray) -> pa.Array:
    return pa.array(times).cast(pa.timestamp("us"))
