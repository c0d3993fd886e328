"""Answer one ``sample_hop`` from arrays: what each node may see, how many it takes, then the plain kernel."""

from __future__ import annotations

import numpy as np

from workbench.kernels.csc import no_neighbor
from workbench.kernels.hop import Drawing, Sight, count_visible, fill_draws
from workbench.schema import EdgeSpec
from workbench.stores.graph_arrays import OFFSETS, GraphArrays
from workbench.stores.mass import Masses
from workbench.stores.request import HopRequest, HopSample
from workbench.stores.steps import ALL, Step, Strategy
from workbench.stores.visibility import bounds_of, cuts_of, lows_of
from workbench.temporal import NO_TIME
from workbench.types import Int64Array, UInt64Array

LAYOUTS: dict[str, int] = {"fact": 0, "column": 1, "edges": 2}
"""Numbers of the layouts in the kernels."""

_NO_IDS, _NO_NUMBERS = np.empty(0, np.int64), np.empty(0)
_NO_OFFSETS = np.empty(0, OFFSETS)


def answer_hop(graph: GraphArrays, request: HopRequest, masses: Masses | None = None) -> HopSample:
    """Expand nodes along one step; ids and names were checked before (``door.check_hop``).

    Parameters
    ----------
    masses : Masses or None  of the graph; None: built for this hop alone

    Raises
    ------
    FanoutError
        If a column that weighs edges holds what is no weight.
    """
    step, spec = request.step, graph.schema.edge_spec(request.step.edge_type)
    sight = _sight(graph, spec, request)
    drawing = _drawing(graph, spec, step, request.keys, masses or Masses(graph))
    counts, drawn = (np.empty(len(request.nodes), np.int64) for _ in range(2))
    count_visible(sight, counts)
    takes = takes_of(step, counts)
    offsets = _offsets(takes)
    neighbors, edge_ids = (np.empty(int(offsets[-1]), graph.id_dtype) for _ in range(2))
    slow = fill_draws(sight, drawing, takes, offsets, drawn, neighbors, edge_ids)
    filled = np.arange(offsets[-1]) - np.repeat(offsets[:-1], takes) < np.repeat(drawn, takes)
    neighbors, edge_ids = neighbors[filled], edge_ids[filled]
    clock = graph.times[spec.table] if request.want_times else None
    times = None if clock is None else clock[edge_ids]
    return HopSample(_offsets(drawn), neighbors, edge_ids, times, slow)


def takes_of(step: Step, counts: Int64Array) -> Int64Array:
    """int64[n]: how many draws nodes with so many visible edges make.

    A share is rounded up, as its float product says.
    """
    if step.replace:
        return np.where(counts > 0, step.fanout, 0)
    share = counts if step.fraction is None else np.ceil(step.fraction * counts).astype(np.int64)
    return np.minimum(share, counts if step.fanout == ALL else step.fanout)


def _offsets(counts: Int64Array) -> Int64Array:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _sight(graph: GraphArrays, spec: EdgeSpec, request: HopRequest) -> Sight:
    bounds, anchors, arrays = (
        bounds_of(graph, spec, request.step),
        request.anchors,
        graph.edges[spec.edge_type],
    )
    hidden_from, hidden = (_NO_IDS, _NO_IDS) if request.hidden is None else request.hidden
    return Sight(
        layout=LAYOUTS[spec.layout],
        indptr=_NO_OFFSETS if arrays.indptr is None else arrays.indptr,
        nbr=arrays.nbr,
        eid=arrays.nbr if arrays.eid is None else arrays.eid,
        nothing=np.int64(no_neighbor(graph.id_dtype)),
        never=np.int64(NO_TIME),
        nodes=request.nodes,
        anchors=anchors,
        low=lows_of(graph, bounds.low, anchors, request.step.window),
        high=cuts_of(graph, bounds.high, anchors),
        node_cut=_NO_IDS if bounds.node is None else cuts_of(graph, bounds.node, anchors),
        edge_ends=_NO_IDS if bounds.edge_end is None else graph.ends[bounds.edge_end],
        node_ends=_NO_IDS if bounds.node_end is None else graph.ends[bounds.node_end],
        hidden_from=hidden_from,
        hidden=hidden,
    )


def _drawing(graph: GraphArrays, spec: EdgeSpec, step: Step, keys: UInt64Array, masses: Masses) -> Drawing:
    loads, weights, times = None, _NO_NUMBERS, _NO_IDS
    if step.weight is not None:
        loads, weights = masses.linear(spec.edge_type, step.weight), graph.weights[spec.table, step.weight]
    if step.half_life is not None:
        clock = graph.times[spec.table]
        assert clock is not None
        loads, times = masses.decay(spec.edge_type, step.half_life), clock
    return Drawing(
        strategy=int(step.strategy),
        again=step.replace,
        log=step.strategy == Strategy.DECAY,
        half_life=float(step.half_life or 0),
        masses=_NO_NUMBERS if loads is None else loads,
        weights=weights,
        times=times,
        keys=keys,
    )
