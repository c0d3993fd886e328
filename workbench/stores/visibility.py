"""From anchors to row-id bounds: which rows of which table a step may use, per seed.

The rule is :func:`workbench.temporal.cut`; here it is applied to the tables that a step touches:

* ``high``: edges from here on are too new. A static step waives it, except in the ``fact`` layout,
  where the edge's row *is* the neighbour, and a node's time is never waived.
* ``low``: edges below are older than the look-back window (temporal steps over timed tables).
* ``node``: neighbours from here on are too new; None where that cannot happen.
* ``edge_end``, ``node_end``: edges and neighbours are gone once they have ended. Rows are not in the order
  of their ends, so this is looked up row by row. A static step waives the edge's end too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.schema import EdgeSpec
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.steps import Step
from workbench.temporal import BEGINNING, cut, lookback
from workbench.types import Int64Array, TimeArray


class Bounds(NamedTuple):
    """Tables whose cuts and ends bound a step; None where there is no bound."""

    high: str | None
    low: str | None
    node: str | None
    edge_end: str | None = None
    node_end: str | None = None


def bounds_of(graph: GraphArrays, spec: EdgeSpec, step: Step) -> Bounds:
    """Name the tables whose cuts and ends bound a step."""
    src, edge_timed = spec.edge_type.src, graph.times[spec.table] is not None
    src_timed = graph.times[src] is not None
    high = spec.table if (step.temporal or spec.layout == "fact") and edge_timed else None
    low = spec.table if step.temporal and step.window is not None and edge_timed else None
    implied = spec.layout == "fact" or (step.temporal and str(spec.edge_type) in graph.edges_follow_nodes)
    edge_end = spec.table if step.temporal and spec.layout != "fact" and spec.table in graph.ends else None
    node = src if src_timed and not implied else None
    return Bounds(high, low, node, edge_end, src if src in graph.ends else None)


def cuts_of(graph: GraphArrays, table: str | None, anchors: TimeArray) -> Int64Array:
    """int64[n]: rows of ``table`` visible at each anchor; more than any row id without a table."""
    times = None if table is None else graph.times[table]
    if times is None:
        return np.full(len(anchors), np.iinfo(np.int64).max)
    distinct, place = np.unique(anchors, return_inverse=True)
    return cut(times, distinct)[place]


def lows_of(graph: GraphArrays, table: str | None, anchors: TimeArray, window: int | None) -> Int64Array:
    """int64[n]: the first row of ``table`` inside the look-back window; 0 without one."""
    if table is None or window is None:
        return np.zeros(len(anchors), np.int64)
    ends = lookback(anchors, window)
    return np.where(ends == BEGINNING, 0, cuts_of(graph, table, ends))
