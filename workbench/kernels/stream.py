"""From drawn positions to edges: three chunks in flight at once.

new   positions            -> prefetched
mid   neighbour, edge id   -> read; the hash line of each prefetched (a tree is done here)
old   local id             -> looked up or added (kernels/relabel.py); the edge is complete
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.hop import COLUMN, EDGES
from workbench.kernels.jit import part, stage
from workbench.kernels.lanes import lowest_bit, match_line
from workbench.kernels.raw import load, prefetch, set_word, set_word32, store, width, word, word32
from workbench.kernels.relabel import CHECK, enter, hash_of, line_of, lookup
from workbench.kernels.tables import (
    C_AT_MID,
    C_AT_NEW,
    C_AT_OLD,
    C_DISJOINT,
    C_EDGE,
    C_MID,
    C_NEED,
    C_NEW,
    C_OLD,
    C_SRC,
    C_STEP,
    C_TAG,
    C_TAG_MASK,
    E_COUNT,
    E_EID,
    E_NBR,
    E_OUT,
    E_ROW,
    E_STRIDE,
    K_HASH,
    K_LANE,
    K_NODE,
    N_BATCH,
    N_CAPACITY,
    N_COUNT,
    N_HASH,
    N_LINES,
    N_NODES,
    P_LAYOUT,
    P_SRC,
)


@part
def _turn(call):
    """Make the new chunk the mid one, the mid one the old one, and the old one new."""
    old = word(call, C_AT_OLD)
    set_word(call, C_AT_OLD, word(call, C_AT_MID))
    set_word(call, C_AT_MID, word(call, C_AT_NEW))
    set_word(call, C_AT_NEW, old)


@part
def _at_once(like, disjoint, tag_mask, tag, slots, lines, nodes, batch, count, node, lane, hashed):
    """Local id of a node if the first slot that matches is the right one, ``count`` if it is new; or -1.

    A new node is appended; the caller counts it.
    """
    wanted, line_at = (hashed << 32) | tag, slots + (line_of(hashed, lines) << 6)
    found = match_line(line_at, CHECK | tag_mask, wanted, tag_mask, tag)
    if found == 0:
        return np.int64(-1)
    slot_at = line_at + (lowest_bit(found) << 3)
    slot = word(slot_at, 0)
    if slot & tag_mask != tag:
        set_word(slot_at, 0, wanted | count)
        store(like, nodes + count * width(like), node)
        set_word32(batch, count, lane if disjoint else -1)
        return count
    local = slot & (np.int64(0xFFFFFFFF) ^ tag_mask)
    same = load(like, nodes + local * width(like)) == node
    same &= disjoint == 0 or word32(batch, local) == lane
    return local if same else np.int64(-1)


@part
def _stream(like, call, begin, begin_old):
    """Prefetch the new chunk, gather the one before it and relabel the one before that, edge by edge.

    One loop, because a core overlaps computing with waiting only over a few hundred instructions. It
    returns where a relabelling was not settled by the first slot that matched (hardly ever: full lines
    and equal checks), for :func:`_settle_old`, or the end of the longest chunk.
    """
    # in locals, because a raw store might alias the tables and would have them loaded again each time
    step, edge, nodes, size = word(call, C_STEP), word(call, C_EDGE), word(call, C_SRC), width(like)
    layout, stride, nbr_at, eid_at = (
        word(step, P_LAYOUT),
        word(edge, E_STRIDE),
        word(edge, E_NBR),
        word(edge, E_EID),
    )
    slots_at, lines = word(nodes, N_HASH), word(nodes, N_LINES)
    nodes_at, batch_at, count = word(nodes, N_NODES), word(nodes, N_BATCH), word(nodes, N_COUNT)
    new, mid, old = word(call, C_AT_NEW), word(call, C_AT_MID), word(call, C_AT_OLD)
    news, mids, olds = word(call, C_NEW), word(call, C_MID), word(call, C_OLD)
    row_at = word(edge, E_ROW) + word(edge, E_COUNT) * 4
    out_at = word(edge, E_OUT) + (word(edge, E_COUNT) + olds) * size
    disjoint, tag_mask, tag = word(call, C_DISJOINT), word(call, C_TAG_MASK), word(call, C_TAG)
    apart = layout == EDGES and eid_at - nbr_at >= stride
    end = max(news, max(mids, olds))
    for p in range(begin, end):
        if begin_old <= p < olds:
            at = old + p * 8
            lane, node, hashed = word(at + K_LANE, 0), word(at + K_NODE, 0), word(at + K_HASH, 0)
            local = _at_once(
                like, disjoint, tag_mask, tag, slots_at, lines, nodes_at, batch_at, count, node, lane, hashed
            )
            if local < 0:
                end = p
                break
            count += local == count
            set_word32(row_at, p, local)
        if p < mids:
            position = word(mid, p)
            node = load(like, nbr_at + position * stride)
            hashed = hash_of(node, word(mid + K_LANE, p))
            prefetch(slots_at + (line_of(hashed, lines) << 6))
            set_word(mid + K_NODE, p, node)
            set_word(mid + K_HASH, p, hashed)
            edge_id = node
            if layout == COLUMN:
                edge_id = position
            elif layout == EDGES:
                edge_id = load(like, eid_at + position * stride)
            store(like, out_at + p * size, edge_id)
        if p < news:
            position = word(new, p)
            prefetch(nbr_at + position * stride)
            if apart:
                prefetch(eid_at + position * stride)
    set_word(nodes, N_COUNT, count)
    return end


@part
def _settle_old(like, call, p):
    """Relabel edge ``p`` of the old chunk by a full lookup."""
    edge, nodes, at = word(call, C_EDGE), word(call, C_SRC), word(call, C_AT_OLD) + p * 8
    lane, node, hashed = word(at + K_LANE, 0), word(at + K_NODE, 0), word(at + K_HASH, 0)
    disjoint, count = word(call, C_DISJOINT), word(nodes, N_COUNT)
    local = lookup(
        like, word(call, C_TAG_MASK), word(call, C_TAG), word(nodes, N_HASH), word(nodes, N_LINES),
        word(nodes, N_NODES), word(nodes, N_BATCH) if disjoint else np.int64(0), np.int64(0), np.int64(0),
        node, lane, np.int64(0), np.int64(0), hashed,
    )  # fmt: skip
    if local < 0:
        enter(-local, word(call, C_TAG), hashed, count)
        store(like, word(nodes, N_NODES) + count * width(like), node)
        set_word32(word(nodes, N_BATCH), count, lane if disjoint else -1)
        set_word(nodes, N_COUNT, count + 1)
        local = count
    set_word32(word(edge, E_ROW), word(edge, E_COUNT) + p, local)


@stage
def advance_shared(like, call):
    """Move the three chunks on by one stage; the oldest becomes edges. Returns 0, or what is too small.

    Room for all their edges was checked, and their cols are written.
    """
    nodes, edge, olds = word(call, C_SRC), word(call, C_EDGE), word(call, C_OLD)
    if word(nodes, N_COUNT) + olds > word(nodes, N_CAPACITY):
        set_word(call, C_NEED, word(nodes, N_COUNT) + olds)
        return 1 + word(word(call, C_STEP), P_SRC)
    end, done, skip = max(word(call, C_NEW), max(word(call, C_MID), olds)), np.int64(0), np.int64(0)
    while True:
        done = _stream(like, call, done, skip)
        if done == end:
            break
        _settle_old(like, call, done)
        skip = done + 1
    set_word(edge, E_COUNT, word(edge, E_COUNT) + olds)
    set_word(call, C_OLD, word(call, C_MID))
    set_word(call, C_MID, word(call, C_NEW))
    set_word(call, C_NEW, 0)
    _turn(call)
    return np.int64(0)


@stage
def advance_tree(like, call):
    """The same for a tree, where every draw is a node of its own: two chunks, and nothing is looked up."""
    step, edge, nodes, size = word(call, C_STEP), word(call, C_EDGE), word(call, C_SRC), width(like)
    count, drawn, news, mids = word(nodes, N_COUNT), word(edge, E_COUNT), word(call, C_NEW), word(call, C_MID)
    if count + mids > word(nodes, N_CAPACITY):
        set_word(call, C_NEED, count + mids)
        return 1 + word(step, P_SRC)
    layout, stride, nbr_at, eid_at = (
        word(step, P_LAYOUT),
        word(edge, E_STRIDE),
        word(edge, E_NBR),
        word(edge, E_EID),
    )
    nodes_at, batch_at = word(nodes, N_NODES) + count * size, word(nodes, N_BATCH) + count * 4
    row_at, out_at = word(edge, E_ROW) + drawn * 4, word(edge, E_OUT) + drawn * size
    new, mid = word(call, C_AT_NEW), word(call, C_AT_MID)
    apart = layout == EDGES and eid_at - nbr_at >= stride
    for p in range(max(news, mids)):
        if p < news:
            position = word(new, p)
            prefetch(nbr_at + position * stride)
            if apart:
                prefetch(eid_at + position * stride)
        if p < mids:
            position = word(mid, p)
            node = load(like, nbr_at + position * stride)
            edge_id = node
            if layout == COLUMN:
                edge_id = position
            elif layout == EDGES:
                edge_id = load(like, eid_at + position * stride)
            store(like, out_at + p * size, edge_id)
            store(like, nodes_at + p * size, node)
            set_word32(batch_at, p, word(mid + K_LANE, p))
            set_word32(row_at, p, count + p)
    set_word(nodes, N_COUNT, count + mids)
    set_word(edge, E_COUNT, drawn + mids)
    set_word(call, C_MID, news)
    set_word(call, C_NEW, 0)
    _turn(call)
    return np.int64(0)
