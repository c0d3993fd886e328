"""A subgraph that grows step by step, each by one ``sample_hop``: the work of ``hop_driver.py``."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from workbench.kernels import rng
from workbench.schema import Schema
from workbench.stores.found_edges import FoundEdges
from workbench.stores.found_nodes import DROPPED, FoundNodes
from workbench.stores.request import HopRequest, HopSample, SampleRequest
from workbench.stores.steps import Step
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import just_before
from workbench.types import Int64Array, TimeArray, UInt64Array


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

    def times(self, table: str) -> TimeArray | None:
        """int64[rows] microseconds; None for a table without a time column."""
        ...

    def ends(self, table: str) -> TimeArray | None:
        """int64[rows] microseconds; None for a table without end times."""
        ...

    def sample_hop(self, request: HopRequest, snapshot: int | None = None) -> HopSample:
        """Expand many nodes along one step."""
        ...


class Growing:
    """The state of one subgraph while it grows; the rules are in ``hop_driver.py``.

    Parameters
    ----------
    store : HopStore
    request : SampleRequest  checked
    keys : uint64[lanes]  one per seed, or one in joint mode
    """

    def __init__(self, store: HopStore, request: SampleRequest, keys: UInt64Array) -> None:
        self.store, self.request, self.plan, self.keys = store, request, request.plan, keys
        types, named = store.schema.node_types, {step.edge_type for step in request.plan}
        edge_types = [edge_type for edge_type in store.schema.edge_types if edge_type in named]
        self.nodes, self.edges = FoundNodes(types, self.plan, len(keys)), FoundEdges(edge_types, self.plan)
        self.ends = {name: [0] for name in types}
        self.drawn: dict[int | None, Int64Array] = {}
        self.edges_per_hop = {name: np.zeros(self.plan.hops, np.int64) for name in edge_types}
        self.step_edges = np.zeros(len(self.plan), np.int64)
        self.slow = 0

    def run(self) -> SampledSubgraph:
        """Seeds, then hop after hop."""
        first = 0
        for seeds in self.request.seed_sets:
            sees = just_before(seeds.anchors) if self.plan.strict else seeds.anchors
            self.nodes.seed(seeds.node_type, seeds.ids, first + np.arange(len(seeds)), sees)
            first += len(seeds)
        self._close_hop()
        for hop in range(1, self.plan.hops + 1):
            for number, step in enumerate(self.plan):
                if step.hop == hop:
                    self._step(number, step)
            self._close_hop()
        return self._result()

    def _close_hop(self) -> None:
        for name, ends in self.ends.items():
            ends.append(len(self.nodes.ids[name]))

    def _frontier(self, step: Step) -> Int64Array:
        """Local ids of what a step expands."""
        if step.parent is not None:
            return self.drawn[step.parent]
        return np.arange(*self.ends[step.edge_type.dst][step.hop - 1 : step.hop + 1])

    def _step(self, number: int, step: Step) -> None:
        src, _, dst = step.edge_type
        frontier = self._frontier(step)
        lane, cutoff = self.nodes.lane[dst][frontier], self.nodes.cutoff[dst][frontier]
        hop = self.store.sample_hop(self._request(number, step, frontier))
        parent = np.repeat(np.arange(len(frontier)), np.diff(hop.offsets))
        below = cutoff[parent] if hop.times is None else np.minimum(cutoff[parent], hop.times)
        found = self.nodes.find(src, hop.neighbors.astype(np.int64), lane[parent], below)
        kept = found != DROPPED
        row, col, ids = found[kept], frontier[parent[kept]], hop.edge_ids[kept]
        self.drawn[number] = row[np.sort(np.unique(row, return_index=True)[1])]
        appended = self.edges.append(step, row, col, ids)
        self.edges_per_hop[step.edge_type][step.hop - 1] += appended
        self.step_edges[number] = appended
        self.slow += hop.slow

    def _request(self, number: int, step: Step, frontier: Int64Array) -> HopRequest:
        dst = step.edge_type.dst
        ids, lane, cutoff = (
            part[dst][frontier] for part in (self.nodes.ids, self.nodes.lane, self.nodes.cutoff)
        )
        return HopRequest(
            step,
            ids,
            cutoff,
            rng.node_keys(self.keys[lane], np.uint64(self.plan.salts[number]), ids),
            self.request.hidden_from(self.store.schema, step.edge_type, lane),
            want_times=self.plan.cutoff == "path" and step.temporal,
        )

    def _result(self) -> SampledSubgraph:
        dtype, nodes, edges = self.store.id_dtype, self.nodes, self.edges
        return SampledSubgraph(
            request=self.request,
            snapshot=self.store.snapshot,
            node_id={name: ids.astype(dtype) for name, ids in nodes.ids.items()},
            batch={name: batch.astype(np.int32) for name, batch in nodes.batch.items()},
            row={name: row.astype(np.int32) for name, row in edges.row.items()},
            col={name: col.astype(np.int32) for name, col in edges.col.items()},
            edge_id={name: ids.astype(dtype) for name, ids in edges.ids.items()},
            nodes_per_hop={name: np.diff(ends) for name, ends in self.ends.items()},
            edges_per_hop=self.edges_per_hop,
            step_edges=self.step_edges,
            edge_paths=edges.paths if self.plan.by_path else None,
            cutoffs=nodes.cutoff if self.plan.cutoff == "path" else None,
            dropped=nodes.dropped if self.plan.max_nodes is not None else None,
            slow_draws=self.slow,
        )
