"""Expanding along a single-valued foreign key: a column, without offsets."""

from __future__ import annotations

import numpy as np

from workbench.kernels.chunks import col_at_end, drain, has_room
from workbench.kernels.jit import part, stage
from workbench.kernels.raw import call_at, load, prefetch, real, set_word, set_word32, width, word, word32
from workbench.kernels.tables import (
    C_ADVANCE,
    C_AT_NEW,
    C_DISJOINT,
    C_DST,
    C_EDGE,
    C_FIRST,
    C_LAST,
    C_NEW,
    C_STEP,
    CHUNK,
    E_NBR,
    K_LANE,
    N_BATCH,
    N_NODES,
    P_EDGE,
    P_EDGE_END,
    P_FANOUT,
    P_HIGH,
    P_LOW,
    P_MASS,
    P_NODE,
    P_NODE_END,
    P_REPLACE,
    P_STRATEGY,
    WEIGHTED,
)
from workbench.kernels.visible import first_hidden, hidden_of, is_over
from workbench.kernels.windows import bound_of, local_at, view_of


@part
def _sees_key(like, call, node, neighbor, lane, view):
    """Whether the neighbour that a foreign key of ``node`` names is visible, and may be drawn."""
    step = word(call, C_STEP)
    high, low, bound = word(step, P_HIGH), word(step, P_LOW), word(step, P_NODE)
    seen = neighbor != (0xFFFFFFFF if width(like) == 4 else -1)
    seen &= high < 0 or node < bound_of(call, high, lane, view)
    seen &= low < 0 or node >= bound_of(call, low, lane, view)
    seen &= bound < 0 or neighbor < bound_of(call, bound, lane, view)
    if not seen:
        return False
    edge_end, node_end, hidden_at_lane = word(step, P_EDGE_END), word(step, P_NODE_END), hidden_of(call, lane)
    seen &= edge_end == 0 or not is_over(edge_end, node, view)
    seen &= node_end == 0 or not is_over(node_end, neighbor, view)
    hidden_at, hidden = hidden_at_lane
    place = first_hidden(hidden_at, hidden, node)
    seen &= place == hidden or word(hidden_at, place) != node
    weighs = word(step, P_STRATEGY) == WEIGHTED
    return seen and (not weighs or real(word(step, P_MASS), node) > 0.0)


@stage
def expand_column(like, call):
    """Run a step over a foreign-key column: at most one neighbour per node, once or FANOUT times."""
    step, dst, size, disjoint = word(call, C_STEP), word(call, C_DST), width(like), word(call, C_DISJOINT)
    nodes_at, batch_at, nbr_at = word(dst, N_NODES), word(dst, N_BATCH), word(word(call, C_EDGE), E_NBR)
    times = word(step, P_FANOUT) if word(step, P_REPLACE) else np.int64(1)
    last = word(call, C_LAST)
    for start in range(word(call, C_FIRST), last, CHUNK):
        stop = min(start + CHUNK, last)
        if not has_room(call, (stop - start) * times):
            return -1 - word(step, P_EDGE)
        for i in range(start, stop):
            prefetch(nbr_at + load(like, nodes_at + local_at(call, i) * size) * size)
        for i in range(start, stop):
            local = local_at(call, i)
            node = load(like, nodes_at + local * size)
            lane = word32(batch_at, local) if disjoint else np.int64(0)
            neighbor = load(like, nbr_at + node * size)
            if _sees_key(like, call, node, neighbor, lane, view_of(call, local, lane)):
                for _copy in range(times):
                    filled = word(call, C_NEW)
                    at = word(call, C_AT_NEW)
                    set_word(at, filled, node)
                    set_word(at + K_LANE, filled, lane)
                    set_word32(col_at_end(call), 0, local)
                    set_word(call, C_NEW, filled + 1)
                    full = call_at(word(call, C_ADVANCE), like, call) if filled + 1 >= CHUNK else np.int64(0)
                    if full != 0:
                        return full
    return drain(like, call)
