"""Negative nodes for link tasks: drawn among those that exist at the anchor, by key.

Ids of a type are in time order, so the nodes that exist at an anchor are those below its cut: one draw
below the cut is exact, whatever share of the nodes is older. With weights the same holds for the prefix
of their running sum. A negative may by chance be a true partner; none is known to be false.
"""

from __future__ import annotations

import numpy as np

from workbench.errors import AnchorError, IdError, explain
from workbench.kernels.draws import draw_each_below
from workbench.kernels.rng import mix, seed_keys
from workbench.stores.protocols import GraphStore
from workbench.temporal import cut, iso
from workbench.types import AnyArray, Int64Array, TimeArray


def draw_negatives(
    graph: GraphStore,
    node_type: str,
    input_ids: Int64Array,
    anchors: TimeArray,
    key: int,
    copies: int = 1,
    weights: AnyArray | None = None,
) -> Int64Array:
    """Draw ``copies`` nodes per link that exist at its anchor.

    Parameters
    ----------
    input_ids, anchors : int64[n]  one per positive link; a draw is a function of both, key and copy
    weights : float[num_nodes] or None  unnormalised, non-negative; None = uniform

    Returns
    -------
    int64[copies * n]
        Copy after copy: entry ``c * n + i`` belongs to link i.

    Raises
    ------
    AnchorError
        If no node of the type (of positive weight) exists at an anchor.
    IdError
        If weights are not one finite, non-negative number per node.
    """
    below = visible_nodes(graph, node_type, anchors)
    running = None if weights is None else _running_sum(weights, node_type, graph.num_nodes(node_type))
    room = below if running is None else np.where(below > 0, running[below - 1], 0.0)
    if len(anchors) and not (room > 0).all():
        first = iso(int(anchors[np.argmin(room > 0)]))
        raise AnchorError(
            explain(
                f"negatives of type {node_type!r} were asked for at {first}",
                "no such node exists at that time" + ("" if weights is None else " with a positive weight"),
                do="Drop the links that are older than every node of the type, or give later anchors",
            )
        )
    parts = []
    for copy in range(copies):
        keys = seed_keys(mix(key, *node_type.encode(), copy), 0, input_ids, anchors)
        if running is None:
            parts.append(draw_each_below(keys, below))
        else:
            # 53 bits make a uniform float in [0, 1); "right" skips nodes of weight 0.
            share = (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53
            parts.append(np.minimum(np.searchsorted(running, share * room, side="right"), below - 1))
    return np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)


def _running_sum(weights: AnyArray, node_type: str, count: int) -> AnyArray:
    array = np.asarray(weights, np.float64)
    if array.shape == (count,) and np.isfinite(array).all() and not (array < 0).any():
        return np.cumsum(array)
    got = f"got {array.size:,} of shape {array.shape}"
    if array.shape == (count,):
        got = f"number {int(np.argmin(np.isfinite(array) & (array >= 0)))} is negative or not finite"
    allowed = f"{count:,} numbers of 0 or more, one per node"
    raise IdError(explain(f"negatives of type {node_type!r} were asked for with weights", got, allowed))


def visible_nodes(graph: GraphStore, node_type: str, anchors: TimeArray) -> Int64Array:
    """int64[n]: how many nodes of the type exist at each anchor; their ids are those below."""
    times = graph.times(node_type)
    if times is None:
        return np.full(len(anchors), graph.num_nodes(node_type))
    return cut(times, anchors)
