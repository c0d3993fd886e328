"""HopDriver: a subgraph out of many ``sample_hop`` calls. The contract that every store follows.

The driver is the slow, plain twin of the fused kernel; a sharded or remote store is sampled by it as
it stands. Both give the same bits, which is what the following fixes:

**Nodes.** Local ids count up per node type in the order of discovery. Seeds come first, in order,
duplicates kept. A drawn neighbour that is already in the subgraph (disjoint: in the subgraph of the
same seed) keeps its local id, the first one if a seed was given twice; otherwise it is appended.

**Steps** run in plan order. A step of hop h expands, for its dst type, the nodes first discovered in
hop h - 1 (hop 1: the seeds), in the order of their local ids. Edges are appended in the order (step,
expanded node, draw).

**Visible** neighbours of a node are its edges whose row id lies in the window ``[low, high)`` of the
step and whose src node is visible (``visibility.py``), in stored order, which is time order; let there
be n of them. With fanout k:

* ``k = ALL`` or ``k >= n``: all of them, in stored order;
* ``RECENT``: the last k, in stored order;
* ``UNIFORM``: Floyd's algorithm. For j in n-k .. n-1: draw t below j + 1; take rank t, or rank j if t
  is taken already. The draws come from the node's key, counters 0, 1, 2, ... (``kernels/rng.py``).

**Keys.** Disjoint: one key per seed, from (request key, name of the seed type, seed, anchor). Joint: one
key for all, from (request key, every input id, seed and anchor in order). The key of a node at a step
is ``node_key(seed key, step salt, node)``. No key depends on a position, so thread and shard counts
change nothing, and neither does, in disjoint mode, the rest of the batch.

**batch.** Disjoint: position of the seed over all seed sets. Joint: seeds have their position, other
nodes -1.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from workbench.errors import IdError, explain
from workbench.kernels import rng
from workbench.schema import EdgeType, Schema
from workbench.stores.door import check_request
from workbench.stores.request import HopRequest, HopSample, SampleRequest
from workbench.stores.steps import Step
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import AnyArray, Int64Array, UInt64Array


class HopStore(Protocol):
    """What the driver needs of a store."""

    @property
    def schema(self) -> Schema:
        """Node and edge types."""
        ...

    @property
    def snapshot(self) -> int:
        """Number of the committed state."""
        ...

    @property
    def id_dtype(self) -> np.dtype[Any]:
        """uint32 or int64."""
        ...

    def num_nodes(self, node_type: str) -> int:
        """Nodes of a type."""
        ...

    def sample_hop(self, request: HopRequest, snapshot: int | None = None) -> HopSample:
        """Expand many nodes along one step."""
        ...


def name_salt(name: str) -> int:
    """64-bit FNV-1a of a name: the salt of a node type in seed keys."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def request_keys(request: SampleRequest) -> UInt64Array:
    """uint64[seeds] in disjoint mode, uint64[1] in joint mode: the keys that all draws derive from."""
    if request.plan.disjoint:
        parts = [
            rng.seed_keys(request.key, name_salt(seeds.node_type), seeds.ids, seeds.anchors)
            for seeds in request.seed_sets
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.uint64)
    sets = request.seed_sets
    joined = [
        np.concatenate([getattr(seeds, name) for seeds in sets]) if sets else np.empty(0, np.int64)
        for name in ("input_ids", "ids", "anchors")
    ]
    return np.array([rng.joint_key(request.key, *joined)], np.uint64)


class HopDriver:
    """Samples subgraphs from any store that answers ``sample_hop``.

    Parameters
    ----------
    store : HopStore
    """

    def __init__(self, store: HopStore) -> None:
        self.store = store

    def sample(self, request: SampleRequest, snapshot: int | None = None) -> SampledSubgraph:
        """Sample one batch, one ``sample_hop`` per step.

        Raises
        ------
        IdError, AnchorError, FanoutError
        """
        check_request(self.store, request, snapshot)
        return _Growing(self.store, request).run()


class _Growing:
    """The state of one subgraph while it grows."""

    def __init__(self, store: HopStore, request: SampleRequest) -> None:
        self.store, self.request = store, request
        self.keys, self.anchors = request_keys(request), request.anchors
        types, hops = store.schema.node_types, request.plan.hops
        self.nodes: dict[str, Int64Array] = {name: np.empty(0, np.int64) for name in types}
        self.batch: dict[str, Int64Array] = {name: np.empty(0, np.int64) for name in types}
        self.ends = {name: [0] for name in types}
        named = [t for t in store.schema.edge_types if any(step.edge_type == t for step in request.plan)]
        self.edges: dict[EdgeType, list[tuple[AnyArray, AnyArray, AnyArray]]] = {t: [] for t in named}
        self.edges_per_hop = {t: np.zeros(hops, np.int64) for t in named}
        self.step_edges = np.zeros(len(request.plan), np.int64)

    def run(self) -> SampledSubgraph:
        first = 0
        for seeds in self.request.seed_sets:
            self.nodes[seeds.node_type] = seeds.ids
            self.batch[seeds.node_type] = np.arange(first, first + len(seeds))
            first += len(seeds)
        self._close_hop()
        for hop in range(1, self.request.plan.hops + 1):
            for number, step in enumerate(self.request.plan):
                if step.hop == hop:
                    self._step(number, step)
            self._close_hop()
        return self._result()

    def _close_hop(self) -> None:
        for name, ends in self.ends.items():
            ends.append(len(self.nodes[name]))

    def _step(self, number: int, step: Step) -> None:
        src, _, dst = step.edge_type
        begin, end = self.ends[dst][step.hop - 1 : step.hop + 1]
        frontier, lane = self.nodes[dst][begin:end], self._lane(self.batch[dst][begin:end])
        keys = rng.node_keys(self.keys[lane], np.uint64(step.salt), frontier)
        hop = self.store.sample_hop(HopRequest(step, frontier, self.anchors[lane], keys))
        drawn = np.diff(hop.offsets)
        col = np.repeat(np.arange(begin, end), drawn)
        row = self._relabel(src, hop.neighbors.astype(np.int64), np.repeat(lane, drawn))
        self.edges[step.edge_type].append((row, col, hop.edge_ids))
        self.edges_per_hop[step.edge_type][step.hop - 1] += len(row)
        self.step_edges[number] = len(row)

    def _lane(self, batch: Int64Array) -> Int64Array:
        """Which seed's key and anchor a node uses; joint seeds share both, so lane 0 serves all."""
        return batch if self.request.plan.disjoint else np.zeros_like(batch)

    def _relabel(self, node_type: str, drawn: Int64Array, lane: Int64Array) -> Int64Array:
        """Local ids of drawn nodes; those not in the subgraph yet are appended in order of discovery."""
        known, count = self.nodes[node_type], len(self.nodes[node_type])
        lanes, total = len(self.anchors) + 1, max(self.store.num_nodes(node_type), 1)
        if lanes * total >= 1 << 63:
            raise IdError(explain("a batch was asked for", f"{lanes - 1} seeds", "fewer seeds per batch"))
        every = np.concatenate([known, drawn])
        lane_of = np.concatenate([self._lane(self.batch[node_type]), lane])
        _, first, place = np.unique(lane_of * total + every, return_index=True, return_inverse=True)
        local, new = first.copy(), np.sort(first[first >= count])
        local[first >= count] = count + np.searchsorted(new, first[first >= count])
        fresh = lane_of[new] if self.request.plan.disjoint else np.full(len(new), -1)
        self.nodes[node_type] = np.concatenate([known, every[new]])
        self.batch[node_type] = np.concatenate([self.batch[node_type], fresh])
        return local[place[count:]]

    def _result(self) -> SampledSubgraph:
        dtype, empty = self.store.id_dtype, (np.empty(0, np.int64),) * 3
        joined = {
            name: [np.concatenate(part) for part in zip(empty, *parts, strict=True)]
            for name, parts in self.edges.items()
        }
        return SampledSubgraph(
            request=self.request,
            snapshot=self.store.snapshot,
            node_id={name: ids.astype(dtype) for name, ids in self.nodes.items()},
            batch={name: batch.astype(np.int32) for name, batch in self.batch.items()},
            row={name: parts[0].astype(np.int32) for name, parts in joined.items()},
            col={name: parts[1].astype(np.int32) for name, parts in joined.items()},
            edge_id={name: parts[2].astype(dtype) for name, parts in joined.items()},
            nodes_per_hop={name: np.diff(ends) for name, ends in self.ends.items()},
            edges_per_hop=self.edges_per_hop,
            step_edges=self.step_edges,
        )
