"""Answer one ``sample_hop`` from arrays: bounds, then the plain kernel."""

from __future__ import annotations

import numpy as np

from workbench.kernels.csc import no_neighbor
from workbench.kernels.hop import count_visible, fill_draws
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.request import HopRequest, HopSample
from workbench.stores.steps import Strategy
from workbench.stores.visibility import bounds_of, cuts_of, lows_of

LAYOUTS: dict[str, int] = {"fact": 0, "column": 1, "edges": 2}
"""Numbers of the layouts in the kernels."""


def answer_hop(graph: GraphArrays, request: HopRequest) -> HopSample:
    """Expand nodes along one step; ids and names were checked before (``door.check_hop``)."""
    step = request.step
    spec = graph.schema.edge_spec(step.edge_type)
    bounds, anchors = bounds_of(graph, spec, step), request.anchors
    low = lows_of(graph, bounds.low, anchors, step.window)
    high = cuts_of(graph, bounds.high, anchors)
    node_cut = np.empty(0, np.int64) if bounds.node is None else cuts_of(graph, bounds.node, anchors)
    arrays, layout = graph.edges[spec.edge_type], LAYOUTS[spec.layout]
    eid = arrays.nbr if arrays.eid is None else arrays.eid
    indptr = np.empty(0, np.int64) if arrays.indptr is None else arrays.indptr
    begins, ends, counts = (np.empty(len(request.nodes), np.int64) for _ in range(3))
    nothing = np.int64(no_neighbor(graph.id_dtype))
    count_visible(
        layout, indptr, arrays.nbr, eid, request.nodes, low, high, node_cut, nothing, begins, ends, counts
    )
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts if step.fanout < 0 else np.minimum(counts, step.fanout), out=offsets[1:])
    neighbors, edge_ids = (np.empty(int(offsets[-1]), graph.id_dtype) for _ in range(2))
    recent = step.strategy == Strategy.RECENT
    fill_draws(
        layout, arrays.nbr, eid, request.keys, node_cut, begins, ends, counts, step.fanout, recent, offsets,
        neighbors, edge_ids,
    )  # fmt: skip
    return HopSample(offsets, neighbors, edge_ids)
