"""The edges of a subgraph while it grows; those of metapath plans are there once, marked with their paths."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from workbench.schema import EdgeType
from workbench.stores.groups import first_of_each
from workbench.stores.steps import Step, StepPlan
from workbench.types import AnyArray, Int64Array, UInt64Array


class FoundEdges:
    """Edges of every edge type in the order of discovery.

    Parameters
    ----------
    edge_types : those that the plan names
    plan : StepPlan

    Attributes
    ----------
    row, col : dict edge type -> int64[edges]  local ids of src and dst
    ids : dict edge type -> int64[edges]  rows of the edge type's table
    paths : dict edge type -> uint64[edges]  masks of metapaths; all 0 in fanout plans
    """

    def __init__(self, edge_types: Iterable[EdgeType], plan: StepPlan) -> None:
        self._merges = plan.by_path and not plan.tree
        self.row: dict[EdgeType, Int64Array] = {name: np.empty(0, np.int64) for name in edge_types}
        self.col, self.ids = dict(self.row), dict(self.row)
        self.paths: dict[EdgeType, UInt64Array] = {name: np.empty(0, np.uint64) for name in self.row}

    def append(self, step: Step, row: Int64Array, col: Int64Array, ids: AnyArray) -> int:
        """Put the draws of a step in; returns how many of them are new edges."""
        name, known = step.edge_type, len(self.row[step.edge_type])
        srcs, dsts = np.concatenate([self.row[name], row]), np.concatenate([self.col[name], col])
        rows = np.concatenate([self.ids[name], ids])
        first = first_of_each(srcs, dsts, rows) if self._merges else np.arange(len(dsts))
        new = np.unique(first[first >= known])
        local = np.arange(len(first))
        local[new] = known + np.arange(len(new))
        self.paths[name] = np.concatenate([self.paths[name], np.zeros(len(new), np.uint64)])
        np.bitwise_or.at(self.paths[name], local[first[known:]], np.uint64(step.paths))
        self.row[name] = np.concatenate([self.row[name], srcs[new]])
        self.col[name] = np.concatenate([self.col[name], dsts[new]])
        self.ids[name] = np.concatenate([self.ids[name], rows[new]]).astype(np.int64)
        return len(new)
