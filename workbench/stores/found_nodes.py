"""The nodes of a subgraph while it grows: what is known, what is new, what the budget drops."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from workbench.stores.groups import first_of_each, rank_within
from workbench.stores.steps import StepPlan
from workbench.types import Int64Array, TimeArray

DROPPED = -1
"""Local id of a draw that the budget dropped."""


class FoundNodes:
    """Nodes of every type in the order of discovery.

    Parameters
    ----------
    node_types : names
    plan : StepPlan
    lanes : int  seeds in disjoint mode, 1 in joint mode

    Attributes
    ----------
    ids, lane, batch, cutoff : dict node type -> int64[nodes]
        Global id; the seed whose key and nodes it shares (joint: 0); position of its seed or -1; cutoff.
    dropped : int64[lanes]  draws that the budget dropped
    """

    def __init__(self, node_types: Iterable[str], plan: StepPlan, lanes: int) -> None:
        names = tuple(node_types)
        self._plan = plan
        self._held = np.zeros(lanes, np.int64)
        self.dropped = np.zeros(lanes, np.int64)
        self.ids: dict[str, Int64Array] = {name: np.empty(0, np.int64) for name in names}
        self.lane, self.batch = dict(self.ids), dict(self.ids)
        self.cutoff: dict[str, TimeArray] = dict(self.ids)

    def seed(self, node_type: str, ids: Int64Array, positions: Int64Array, anchors: TimeArray) -> None:
        """Put the seeds of a type in, duplicates and all."""
        lane = positions if self._plan.disjoint else np.zeros_like(positions)
        self._append(node_type, ids, lane, positions, anchors)

    def find(self, node_type: str, ids: Int64Array, lane: Int64Array, cutoff: TimeArray) -> Int64Array:
        """int64[n]: local ids of drawn nodes, new ones appended; :data:`DROPPED` where none is left."""
        known = len(self.ids[node_type])
        first = self._first(node_type, ids, lane, cutoff)
        new = np.unique(first[first >= known]) - known  # in the order of discovery
        most = self._plan.max_nodes
        if most is not None:
            new = new[self._held[lane[new]] + rank_within(lane[new]) < most]
        local = np.concatenate([np.arange(known), np.full(len(ids), DROPPED)])
        local[known + new] = known + np.arange(len(new))
        batch = lane[new] if self._plan.disjoint else np.full(len(new), -1)
        self._append(node_type, ids[new], lane[new], batch, cutoff[new])
        found = local[first]
        np.add.at(self.dropped, lane[found == DROPPED], 1)
        return found

    def _first(self, node_type: str, ids: Int64Array, lane: Int64Array, cutoff: TimeArray) -> Int64Array:
        """Where each drawn node was first, counting from the first known one on."""
        known = len(self.ids[node_type])
        if self._plan.tree:
            return known + np.arange(len(ids))
        pairs = ((self.ids, ids), (self.lane, lane), (self.cutoff, cutoff))
        return first_of_each(*(np.concatenate([old[node_type], drawn]) for old, drawn in pairs))[known:]

    def _append(
        self, node_type: str, ids: Int64Array, lane: Int64Array, batch: Int64Array, cutoff: TimeArray
    ) -> None:
        for column, values in (
            (self.ids, ids), (self.lane, lane), (self.batch, batch), (self.cutoff, cutoff),
        ):  # fmt: skip
            column[node_type] = np.concatenate([column[node_type], values])
        np.add.at(self._held, lane, 1)
