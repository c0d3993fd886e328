"""From drawn positions to edges where an edge may be left out or merged: budgets, metapaths, path cutoffs.

A chunk is settled as soon as it is full: positions are prefetched, neighbours read and their hash lines
prefetched, then each edge is entered or not, one after another.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.hop import COLUMN, EDGES
from workbench.kernels.jit import part, stage
from workbench.kernels.raw import load, prefetch, set_word, set_word32, store, width, word, word32
from workbench.kernels.relabel import enter, hash_of, line_of, lookup
from workbench.kernels.tables import (
    C_AT_NEW,
    C_BUDGET,
    C_BY_PATH,
    C_DISJOINT,
    C_DROPPED,
    C_DST,
    C_EDGE,
    C_FRONTIER,
    C_FRONTIER_ROOM,
    C_LANE_NODES,
    C_LOW,
    C_NEED,
    C_NEW,
    C_NUMBER,
    C_PATH,
    C_SPANS,
    C_SRC,
    C_STEP,
    C_TREE,
    C_TYPES,
    E_COL,
    E_COUNT,
    E_EID,
    E_HASH,
    E_LINES,
    E_MASKS,
    E_NBR,
    E_OUT,
    E_ROW,
    E_STRIDE,
    K_COL,
    K_EDGE,
    K_HASH,
    K_LANE,
    K_NODE,
    N_BATCH,
    N_CAPACITY,
    N_CLOCK,
    N_COUNT,
    N_HASH,
    N_LINES,
    N_NODES,
    N_SEEN,
    P_CLOCK,
    P_LAYOUT,
    P_PATHS,
    P_SRC,
    P_TIMES,
)


@part
def _clock(call, col, edge_id):
    """Cutoff of a node that is reached from ``col`` over an edge."""
    clock = word(word(word(call, C_DST), N_CLOCK), col)
    step = word(call, C_STEP)
    return min(clock, word(word(step, P_TIMES), edge_id)) if word(step, P_CLOCK) else clock


@part
def _gather(like, call):
    """Read neighbour and edge id of every position of the chunk, and prefetch where they belong."""
    step, edge, nodes, chunk = word(call, C_STEP), word(call, C_EDGE), word(call, C_SRC), word(call, C_AT_NEW)
    layout, stride, nbr_at, eid_at = (
        word(step, P_LAYOUT),
        word(edge, E_STRIDE),
        word(edge, E_NBR),
        word(edge, E_EID),
    )
    path = word(call, C_PATH)
    for p in range(word(call, C_NEW)):
        prefetch(nbr_at + word(chunk, p) * stride)
        prefetch(eid_at + word(chunk, p) * stride)
    for p in range(word(call, C_NEW)):
        position = word(chunk, p)
        node = load(like, nbr_at + position * stride)
        edge_id = position if layout == COLUMN else node
        if layout == EDGES:
            edge_id = load(like, eid_at + position * stride)
        # a node that stands for many instants would otherwise fill one line, and all that follow it
        clock = _clock(call, word32(chunk + K_COL, p), edge_id) if path else np.int64(0)
        hashed = hash_of(node, word(chunk + K_LANE, p) ^ clock)
        prefetch(word(nodes, N_HASH) + (line_of(hashed, word(nodes, N_LINES)) << 6))
        set_word(chunk + K_NODE, p, node)
        set_word(chunk + K_EDGE, p, edge_id)
        set_word(chunk + K_HASH, p, hashed)


@part
def _local_of(like, call, p):
    """Local id of the neighbour of edge ``p``; -1 where the budget leaves no room for it."""
    nodes, chunk = word(call, C_SRC), word(call, C_AT_NEW)
    lane, node, hashed = word(chunk + K_LANE, p), word(chunk + K_NODE, p), word(chunk + K_HASH, p)
    count, path, disjoint = word(nodes, N_COUNT), word(call, C_PATH), word(call, C_DISJOINT)
    clock = _clock(call, word32(chunk + K_COL, p), word(chunk + K_EDGE, p)) if path else np.int64(0)
    slot = np.int64(0)
    if word(call, C_TREE) == 0:
        local = lookup(
            like, word(call, C_LOW), word(nodes, N_HASH), word(nodes, N_LINES),
            word(nodes, N_NODES), word(nodes, N_BATCH) if disjoint else np.int64(0), np.int64(0),
            word(nodes, N_CLOCK) if path else np.int64(0), node, lane, np.int64(0), clock, hashed,
        )  # fmt: skip
        if local >= 0:
            return local
        slot = -local
    held, budget = word(call, C_LANE_NODES), word(call, C_BUDGET)
    if budget > 0:
        if word(held, lane) >= budget:
            set_word(word(call, C_DROPPED), lane, word(word(call, C_DROPPED), lane) + 1)
            return np.int64(-1)
        set_word(held, lane, word(held, lane) + 1)
    if slot != 0:
        enter(slot, word(call, C_LOW), hashed, count)
    store(like, word(nodes, N_NODES) + count * width(like), node)
    set_word32(word(nodes, N_BATCH), count, lane if disjoint else -1)
    if path:
        set_word(word(nodes, N_CLOCK), count, clock)
    if word(call, C_BY_PATH):
        set_word(word(nodes, N_SEEN), count, 0)
    set_word(nodes, N_COUNT, count + 1)
    return count


@part
def _note_drawn(call, local):
    """Put a node that this step drew on the step's list, once."""
    seen, number = word(word(call, C_SRC), N_SEEN), word(call, C_NUMBER)
    bit, end = np.int64(1) << number, word(call, C_SPANS) + (number + 1) * 8
    if word(seen, local) & bit == 0:
        set_word(seen, local, word(seen, local) | bit)
        set_word32(word(call, C_FRONTIER), word(end, 0), local)
        set_word(end, 0, word(end, 0) + 1)


@part
def _append(like, call, p, local):
    """Enter edge ``p``; in a metapath plan an edge that is there already only gets the step's paths."""
    edge, chunk = word(call, C_EDGE), word(call, C_AT_NEW)
    col, edge_id, count = word32(chunk + K_COL, p), word(chunk + K_EDGE, p), word(edge, E_COUNT)
    out_at, masks, paths = word(edge, E_OUT), word(edge, E_MASKS), word(word(call, C_STEP), P_PATHS)
    if word(call, C_BY_PATH):
        if word(call, C_TREE) == 0:
            hashed, low = hash_of(edge_id, col), word(call, C_LOW)
            known = lookup(
                like, low, word(edge, E_HASH), word(edge, E_LINES), out_at,
                word(edge, E_COL), word(edge, E_ROW), np.int64(0), edge_id, col, local, np.int64(0), hashed,
            )  # fmt: skip
            if known >= 0:
                set_word(masks, known, word(masks, known) | paths)
                return
            enter(-known, low, hashed, count)
        set_word(masks, count, paths)
    set_word32(word(edge, E_ROW), count, local)
    set_word32(word(edge, E_COL), count, col)
    store(like, out_at + count * width(like), edge_id)
    set_word(edge, E_COUNT, count + 1)


@stage
def settle(like, call):
    """Make edges of the new chunk; returns 0, or what is too small. Room for its edges was checked."""
    nodes, news, step = word(call, C_SRC), word(call, C_NEW), word(call, C_STEP)
    if word(nodes, N_COUNT) + news > word(nodes, N_CAPACITY):
        set_word(call, C_NEED, word(nodes, N_COUNT) + news)
        return 1 + word(step, P_SRC)
    by_path = word(call, C_BY_PATH)
    drawn = word(word(call, C_SPANS), word(call, C_NUMBER) + 1) + news if by_path else np.int64(0)
    if drawn > word(call, C_FRONTIER_ROOM):
        set_word(call, C_NEED, drawn)
        return 1 + word(call, C_TYPES)
    _gather(like, call)
    for p in range(news):
        local = _local_of(like, call, p)
        if local >= 0:
            if by_path:
                _note_drawn(call, local)
            _append(like, call, p, local)
    set_word(call, C_NEW, 0)
    return np.int64(0)
