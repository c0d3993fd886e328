"""Prefix masses of a graph's edges: built when a weighted step first needs them, then kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.errors import WorkbenchError
from workbench.kernels.mass import cumulate, cumulate_ages
from workbench.schema import EdgeType
from workbench.stores.fork_lock import ForkLock
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.steps import StepPlan
from workbench.stores.weights import ColumnName
from workbench.temporal import NO_TIME
from workbench.types import Float64Array


def _unlimited(_: int) -> None:
    """Whatever is asked for is there."""


class Masses:
    """Cumulative weights of the edges of every node, per edge type and column or half-life. Thread-safe.

    Parameters
    ----------
    graph : GraphArrays
    reserve : callable (bytes)
        Called before anything is built; raises where a budget does not allow it. Negative gives back.

    Attributes
    ----------
    nbytes : int  bytes of what was built, and of the columns that were read for it
    """

    def __init__(self, graph: GraphArrays, reserve: Callable[[int], None] = _unlimited) -> None:
        self._graph, self._reserve = graph, reserve
        self._built: dict[tuple[EdgeType, str | int], Float64Array | None] = {}
        self._lock = ForkLock()
        self.nbytes = 0

    def linear(self, edge_type: EdgeType, column: str) -> Float64Array:
        """float64[edges]: inclusive sums of a column, anew at every dst; ``column`` layout: the column.

        Raises
        ------
        FanoutError
            If the column holds what is no weight.
        OverBudgetError
            If the budget does not allow it.
        """
        masses = self._get(edge_type, column, self._sum_of_column)
        assert masses is not None
        return masses

    def decay(self, edge_type: EdgeType, half_life: int) -> Float64Array | None:
        """float64[edges]: log2 of inclusive sums of ``2 ** ((time - first time) / half_life)``.

        None where a node's edges span too many half-lives; ``column`` layout: all 1.

        Raises
        ------
        OverBudgetError
            If the budget does not allow it.
        """
        return self._get(edge_type, half_life, self._sum_of_ages)

    def missing(self, plan: StepPlan) -> int:
        """Bytes that the weighted steps of a plan would take at most, beside what was built."""
        columns, sums = set[ColumnName](), set[tuple[EdgeType, str | int]]()
        for step in plan:
            name = step.half_life if step.weight is None else step.weight
            if name is None or (step.edge_type, name) in self._built:
                continue
            spec = self._graph.schema.edge_spec(step.edge_type)
            if step.weight is not None:
                columns.add((spec.table, step.weight))
            if step.weight is None or spec.layout != "column":
                sums.add((step.edge_type, name))
        unread = sum(self._graph.num_rows[table] for table, name in columns - set(self._graph.weights))
        return 8 * (unread + sum(len(self._graph.edges[edge_type].nbr) for edge_type, _ in sums))

    def _get(
        self,
        edge_type: EdgeType,
        name: str | int,
        build: Callable[[EdgeType, str | int], Float64Array | None],
    ) -> Float64Array | None:
        with self._lock:
            if (edge_type, name) not in self._built:
                self._built[edge_type, name] = build(edge_type, name)
            return self._built[edge_type, name]

    def _sum_of_column(self, edge_type: EdgeType, name: str | int) -> Float64Array:
        spec, arrays = self._graph.schema.edge_spec(edge_type), self._graph.edges[edge_type]
        weights = self._column((spec.table, str(name)))
        if arrays.indptr is None:  # at most one edge a dst, whose row it is
            return weights
        self._take(8 * len(arrays.nbr))
        masses = np.empty(len(arrays.nbr))
        cumulate(arrays.indptr, arrays.nbr if arrays.eid is None else arrays.eid, weights, masses)
        return masses

    def _sum_of_ages(self, edge_type: EdgeType, name: str | int) -> Float64Array | None:
        arrays = self._graph.edges[edge_type]
        times = self._graph.times[self._graph.schema.edge_spec(edge_type).table]
        assert times is not None
        self._take(8 * len(arrays.nbr))
        masses = np.ones(len(arrays.nbr))
        if arrays.indptr is None:
            return masses
        eid = arrays.nbr if arrays.eid is None else arrays.eid
        if cumulate_ages(arrays.indptr, eid, times, NO_TIME, float(name), masses):
            return masses
        self._take(-masses.nbytes)
        return None

    def _column(self, name: ColumnName) -> Float64Array:
        size = 0 if name in self._graph.weights else 8 * self._graph.num_rows[name[0]]
        self._take(size)
        try:
            return self._graph.weights[name]
        except WorkbenchError:
            self._take(-size)
            raise

    def _take(self, size: int) -> None:
        self._reserve(size)
        self.nbytes += size
