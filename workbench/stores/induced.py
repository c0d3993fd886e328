"""Every edge among the nodes of a subgraph, found by asking for the neighbours of each.

Neighbours of all nodes are far more than the edges among them, so they are asked for in chunks: at most
:data:`ENTRIES` at a time, hubs by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from workbench.schema import EdgeType
from workbench.stores.growing import HopStore
from workbench.stores.memory import Room
from workbench.stores.request import HopRequest
from workbench.stores.steps import ALL, LARGEST, Step, Strategy
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import just_before
from workbench.types import AnyArray, Int64Array, TimeArray

ENTRIES: int = 1 << 18
"""Neighbours that are looked at together."""

FEW: int = 256
"""Neighbours of a node that are looked at first; nodes with more are asked again, for four times as many."""

FOUND_BYTES: int = 96
"""Scratch for each neighbour that is looked at, and for each edge that is offered to a subgraph."""

NODE_BYTES: int = 64
"""Scratch for each node of the subgraph."""


class Ends(NamedTuple):
    """Edges of one type, in any order: local ids of src and dst, rows of the type's table."""

    row: Int64Array
    col: Int64Array
    ids: Int64Array

    @classmethod
    def none(cls) -> Ends:
        """No edges."""
        return cls(*(np.empty(0, np.int64) for _ in range(3)))

    def at(self, places: AnyArray) -> Ends:
        """Some of them."""
        return Ends(*(part[places] for part in self))

    def after(self, *others: Ends) -> Ends:
        """These behind others."""
        return Ends(*(np.concatenate(parts) for parts in zip(*others, self, strict=True)))


class Nodes:
    """Nodes of one type of a subgraph, found by lane and global id.

    Attributes
    ----------
    ids, lane : int64[n]
    cutoff : int64[n]  the last instant that each sees
    """

    def __init__(self, store: HopStore, subgraph: SampledSubgraph, name: str) -> None:
        plan, batch = subgraph.request.plan, subgraph.batch[name].astype(np.int64)
        self.ids = subgraph.node_id[name].astype(np.int64)
        self.lane = batch if plan.disjoint else np.zeros_like(batch)
        if subgraph.cutoffs is not None:
            self.cutoff: TimeArray = subgraph.cutoffs[name]
        else:
            anchors = subgraph.node_anchors(name)
            self.cutoff = just_before(anchors) if plan.strict else anchors
        self._count = store.num_nodes(name)
        keys = self.lane * self._count + self.ids  # lanes times nodes stay far below 2^63
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, ids: Int64Array, lane: Int64Array, room: Room) -> tuple[Int64Array, Int64Array]:
        """(int64[k], int64[k]): which of the asked are here, and the local ids of every copy of each."""
        keys = lane * self._count + ids
        first, last = (np.searchsorted(self._keys, keys, side) for side in ("left", "right"))
        copies = last - first
        room.more(FOUND_BYTES * int(copies.sum()))
        asked = np.repeat(np.arange(len(ids)), copies)
        within = np.arange(len(asked)) - np.repeat(np.cumsum(copies) - copies, copies)
        return asked, self._order[first[asked] + within]


def induced(
    store: HopStore, subgraph: SampledSubgraph, name: EdgeType, nodes: Mapping[str, Nodes], room: Room
) -> Ends:
    """Every edge of a type from a node of the subgraph to one that sees it.

    Parameters
    ----------
    nodes : dict node type -> Nodes  of the subgraph
    room : Room  where scratch is counted

    Raises
    ------
    OverBudgetError
    """
    pending, most = np.arange(len(nodes[name.dst]) if len(nodes[name.src]) else 0), FEW
    found: list[Ends] = []
    while len(pending):
        step = Step(1, name, most if most <= LARGEST else ALL, Strategy.RECENT)
        many, full = max(ENTRIES // most, 1), []
        for begin in range(0, len(pending), many):
            asked = pending[begin : begin + many]
            ends, cut = _among(store, subgraph, step, asked, nodes, room)
            found.append(ends)
            full.append(cut)
        pending, most = np.concatenate(full), 4 * most
    return Ends.none().after(*found)


def _among(
    store: HopStore,
    subgraph: SampledSubgraph,
    step: Step,
    asked: Int64Array,
    nodes: Mapping[str, Nodes],
    room: Room,
) -> tuple[Ends, Int64Array]:
    """Edges into some nodes from nodes of the subgraph, and those of the nodes that may have more."""
    src, dst = nodes[step.edge_type.src], nodes[step.edge_type.dst]
    lane, size = dst.lane[asked], FOUND_BYTES * len(asked) * max(step.fanout, 1)
    room.more(size)
    hidden = subgraph.request.hidden_from(store.schema, step.edge_type, lane)
    keys = np.zeros(len(asked), np.uint64)  # nothing is drawn
    hop = store.sample_hop(HopRequest(step, dst.ids[asked], dst.cutoff[asked], keys, hidden))
    counts = np.diff(hop.offsets)
    cut = counts == step.fanout
    whole = np.flatnonzero(np.repeat(~cut, counts))
    col = np.repeat(asked, counts)[whole]
    place, row = src.find(hop.neighbors[whole].astype(np.int64), dst.lane[col], room)
    col, ids = col[place], hop.edge_ids[whole[place]].astype(np.int64)
    if subgraph.cutoffs is not None:
        early = src.cutoff[row] <= dst.cutoff[col]
        row, col, ids = row[early], col[early], ids[early]
    room.more(-size)
    return Ends(row, col, ids), asked[cut]
