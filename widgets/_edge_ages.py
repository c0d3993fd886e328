"""EdgeAges: edges by how long before their anchor they were known. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb

MOST_NODES, MOST_NEIGHBOURS = 256, 100
"""Expanded nodes per hop and edge type, and neighbours of each, that are looked at around a sample."""

FAR = 2**61
"""Leads are kept within this many microseconds (73,000 years), so that they can be added up."""


@dataclass(frozen=True)
class EdgeAges:
    """Edges of one or many samples.

    Attributes
    ----------
    edge_types : tuple of str
    edge_type : int32[m]  position in ``edge_types``
    hop : int32[m]  1 for the seeds' own edges
    lead : int64[m]
        Microseconds from the edge's time to its anchor; negative where it came later. The time is the later
        of the edge's own and its source node's. ``wb.FOREVER`` where there is no time to look at, or no
        anchor; ``wb.BEGINNING`` where a timed row has no time, which is never visible.
    time, anchor : int64[m]  microseconds
    src, dst, edge_id : int64[m]  ids as the sample names them
    sample, seed : int32[m]  position of the sample, and of the edge's seed in it (-1: shared)
    """

    edge_types: tuple[str, ...]
    edge_type: NDArray[Any]
    hop: NDArray[Any]
    lead: NDArray[Any]
    time: NDArray[Any]
    anchor: NDArray[Any]
    src: NDArray[Any]
    dst: NDArray[Any]
    edge_id: NDArray[Any]
    sample: NDArray[Any]
    seed: NDArray[Any]

    def __len__(self) -> int:
        return len(self.lead)

    def late(self, lag: int) -> NDArray[Any]:
        """bool[m]: edges that were not known ``lag`` microseconds before their anchor."""
        return np.asarray(self.lead < lag)

    def counts(self, lag: int) -> dict[tuple[int, str], tuple[int, int]]:
        """(hop, edge type) -> edges, and those of them that are late."""
        width = len(self.edge_types)
        group = self.hop.astype(np.int64) * width + self.edge_type
        found, where = np.unique(group, return_inverse=True)
        edges = np.bincount(where, minlength=len(found))
        late = np.bincount(where[self.late(lag)], minlength=len(found))
        return {
            (int(g) // width, self.edge_types[int(g) % width]): (int(n), int(k))
            for g, n, k in zip(found, edges, late, strict=True)
        }

    def dated(self) -> NDArray[Any]:
        """int64[k]: the leads of edges that have a time and an anchor."""
        return np.asarray(self.lead[(self.lead != wb.FOREVER) & (self.lead != wb.BEGINNING)])


def edge_ages(columns: Sequence[dict[str, Any]]) -> EdgeAges:
    """Put parts together: each with ``name`` (the edge type), arrays of equal length, and no ``lead``."""
    names = tuple(dict.fromkeys(part["name"] for part in columns))
    whole = {
        name: np.concatenate([np.empty(0, np.int64), *(np.asarray(part[name], np.int64) for part in columns)])
        for name in ("hop", "time", "anchor", "src", "dst", "edge_id", "sample", "seed")
    }
    kinds = [np.full(len(part["time"]), names.index(part["name"])) for part in columns]
    time, anchor = whole["time"], whole["anchor"]
    lead = np.clip(anchor, -FAR, FAR) - np.clip(time, -FAR, FAR)
    lead = np.where((time == wb.BEGINNING) | (anchor == wb.FOREVER), wb.FOREVER, lead)
    lead = np.where(time == wb.NO_TIME, wb.BEGINNING, lead)
    return EdgeAges(names, np.concatenate([np.empty(0, np.int64), *kinds]), lead=lead, **whole)


def drawn_ages(subgraphs: Sequence[wb.SampledSubgraph], graph: Any) -> EdgeAges:
    """The edges that samples hold; a step that waives times (static) waives them here.

    A seed is given, not drawn: the way back (``bidirectional``) from it into its own subgraph is no later
    than the edge's own row. Joint, a foreign store may lead it to other seeds, so there its own time counts.
    """
    parts = []
    for i, subgraph in enumerate(subgraphs):
        flat = wb.flatten(subgraph, graph)
        parts += _parts(flat, i, _from_given(subgraph, flat))
    return edge_ages(parts)


def _from_given(subgraph: wb.SampledSubgraph, flat: wb.FlatSubgraph) -> NDArray[Any]:
    """bool[m]: ways back from a seed to what was drawn for it alone."""
    plan = subgraph.request.plan
    if plan.subgraph != "bidirectional" or not plan.disjoint or not len(flat.src):
        return np.zeros(len(flat.src), np.bool_)
    added = np.concatenate([~subgraph.is_drawn(edge_type) for edge_type in flat.edge_types])
    return np.asarray(added & (flat.hop[flat.src] == 0))


def ages_around(subgraphs: Sequence[wb.SampledSubgraph], graph: Any) -> EdgeAges:
    """Neighbours that the graph holds around the expanded nodes, at whatever time, drawn or not.

    At most :data:`MOST_NODES` nodes per hop and edge type of a sample, spread evenly, and
    :data:`MOST_NEIGHBOURS` of each. Rows without a time, and rows that ended, are not among them.
    """
    parts = []
    for i, subgraph in enumerate(subgraphs):
        for step in {(s.hop, s.edge_type): s for s in subgraph.request.plan}.values():
            kind = step.edge_type.dst
            rows = np.flatnonzero(subgraph.node_hops(kind) == step.hop - 1)
            rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_NODES)).astype(int))]
            if not len(rows):
                continue
            draw = wb.Draw(MOST_NEIGHBOURS, static=None if step.temporal else True)
            plan = wb.Fanout([{str(step.edge_type): draw}]).compile(graph.schema, [kind])
            ids = subgraph.node_id[kind][rows]
            seeds = wb.SeedSet.of(kind, ids, np.full(len(ids), wb.FOREVER))
            flat = wb.flatten(graph.sample(wb.SampleRequest((seeds,), plan)), graph)
            anchors = subgraph.node_anchors(kind)[rows]
            parts += [
                {**p, "anchor": anchors[p["seed"]], "hop": p["hop"] * step.hop} for p in _parts(flat, i)
            ]
    return edge_ages(parts)


def _parts(flat: wb.FlatSubgraph, sample: int, given: NDArray[Any] | None = None) -> list[dict[str, Any]]:
    """Columns per edge type; of ``given`` edges the source's own time is not asked."""
    parts, begun = [], flat.time[flat.src]
    if given is not None:
        begun = np.where(given, wb.BEGINNING, begun)
    for k, edge_type in enumerate(flat.edge_types):
        m = np.flatnonzero(flat.edge_type == k)
        src, dst = flat.src[m], flat.dst[m]
        times = {"time": np.maximum(flat.edge_time[m], begun[m]), "anchor": flat.anchor[dst]}
        ids = {"src": flat.node_id[src], "dst": flat.node_id[dst], "edge_id": flat.edge_id[m]}
        place = {"hop": flat.edge_hop[m], "sample": np.full(len(m), sample), "seed": flat.seed[dst]}
        parts.append({"name": str(edge_type), **times, **ids, **place})
    return parts
