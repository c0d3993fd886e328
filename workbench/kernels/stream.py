"""From drawn positions to edges: four chunks in flight at once.

new   positions            -> prefetched
mid   neighbour, edge id   -> read; the hash line of each prefetched (a tree is done here)
met   hash                 -> the slot where the node is, or belongs
old   local id             -> looked up or added (kernels/relabel.py); the edge is complete
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.hop import COLUMN, EDGES
from workbench.kernels.jit import part, stage
from workbench.kernels.lanes import lowest_bit, match_line
from workbench.kernels.raw import half, load, prefetch, set_word, set_word32, store, width, word, word32
from workbench.kernels.relabel import LAST_SLOT, check_of, enter, hash_of, line_of, lookup
from workbench.kernels.tables import (
    C_AT_MET,
    C_AT_MID,
    C_AT_NEW,
    C_AT_OLD,
    C_DISJOINT,
    C_EDGE,
    C_LOW,
    C_MET,
    C_MID,
    C_NEED,
    C_NEW,
    C_OLD,
    C_SRC,
    C_STEP,
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
    """Every chunk grows a stage older; the oldest is empty and becomes the new one."""
    old = word(call, C_AT_OLD)
    set_word(call, C_AT_OLD, word(call, C_AT_MET))
    set_word(call, C_AT_MET, word(call, C_AT_MID))
    set_word(call, C_AT_MID, word(call, C_AT_NEW))
    set_word(call, C_AT_NEW, old)
    set_word(call, C_OLD, word(call, C_MET))
    set_word(call, C_MET, word(call, C_MID))
    set_word(call, C_MID, word(call, C_NEW))
    set_word(call, C_NEW, 0)


@part
def _fill_slot(like, disjoint, low, nodes, batch, count, at):
    """Local id of a node through the slot that matched, ``count`` if it is new; -1 if the slot is another's.

    A new node is appended; the caller counts it. ``at`` is the address of the edge in its chunk.
    """
    slot_at, lane = word(at, 0), word(at + K_LANE, 0)
    node, hashed = word(at + K_NODE, 0), word(at + K_HASH, 0)
    slot = half(slot_at, 0)
    if slot == 0:
        enter(slot_at, low, hashed, count)
        store(like, nodes + count * width(like), node)
        set_word32(batch, count, lane if disjoint else -1)
        return count
    local = (slot & low) - 1
    same = slot ^ (local + 1) == check_of(hashed, low)
    if same:
        same = load(like, nodes + local * width(like)) == node
        same &= disjoint == 0 or word32(batch, local) == lane
    return local if same else np.int64(-1)


@part
def _meet(call):
    """Prefetch the neighbours of the new chunk; find the slots where the nodes of the third belong.

    Both at once, for one waits and the other computes. Slots are matched a chunk before they are filled: a
    load that follows a store to an address that is not known yet may have to wait for it, and the address
    of a slot is known only when its line has been read.
    """
    edge, nodes, step = word(call, C_EDGE), word(call, C_SRC), word(call, C_STEP)
    stride, nbr_at, eid_at = word(edge, E_STRIDE), word(edge, E_NBR), word(edge, E_EID)
    apart = word(step, P_LAYOUT) == EDGES and eid_at - nbr_at >= stride
    slots, lines, low = word(nodes, N_HASH), word(nodes, N_LINES), word(call, C_LOW)
    new, met, news = word(call, C_AT_NEW), word(call, C_AT_MET), word(call, C_NEW)
    mets = word(call, C_MET) if slots != 0 else np.int64(0)  # no room at all: the next stage asks for it
    for p in range(max(news, mets)):
        if p < mets:
            hashed = word(met + K_HASH, p)
            line_at = slots + (line_of(hashed, lines) << 6)
            found = match_line(line_at, check_of(hashed, low), low)
            # of a full line, the last slot: it is another's, which the next stage sees
            set_word(met, p, line_at + (lowest_bit(found | LAST_SLOT) << 2))
        if p < news:
            position = word(new, p)
            prefetch(nbr_at + position * stride)
            if apart:
                prefetch(eid_at + position * stride)


@part
def _read(like, call):
    """Read neighbours and edge ids of the mid chunk, and prefetch the hash line of each."""
    edge, nodes, mid, size = word(call, C_EDGE), word(call, C_SRC), word(call, C_AT_MID), width(like)
    stride, nbr_at, eid_at = word(edge, E_STRIDE), word(edge, E_NBR), word(edge, E_EID)
    slots, lines = word(nodes, N_HASH), word(nodes, N_LINES)
    before = word(edge, E_COUNT) + word(call, C_OLD) + word(call, C_MET)
    out_at, column = word(edge, E_OUT) + before * size, word(word(call, C_STEP), P_LAYOUT) == COLUMN
    for p in range(word(call, C_MID)):
        position = word(mid, p)
        node = load(like, nbr_at + position * stride)
        hashed = hash_of(node, word(mid + K_LANE, p))
        prefetch(slots + (line_of(hashed, lines) << 6))
        set_word(mid + K_NODE, p, node)
        set_word(mid + K_HASH, p, hashed)
        edge_id = load(like, eid_at + position * stride)
        store(like, out_at + p * size, position if column else edge_id)


@part
def _relabel(like, call, begin):
    """Turn slots into local ids from edge ``begin`` of the old chunk on; returns where it stopped.

    It stops where the slot is another's (hardly ever: a full line, equal checks, a slot that was taken
    since it matched), for :func:`_settle_old`, or at the end.
    """
    edge, nodes, old, olds = word(call, C_EDGE), word(call, C_SRC), word(call, C_AT_OLD), word(call, C_OLD)
    # in locals, because a raw store might alias the tables and would have them loaded again each time
    nodes_at, batch_at, count = word(nodes, N_NODES), word(nodes, N_BATCH), word(nodes, N_COUNT)
    disjoint, low = word(call, C_DISJOINT), word(call, C_LOW)
    row_at, end = word(edge, E_ROW) + word(edge, E_COUNT) * 4, olds
    for p in range(begin, olds):
        local = _fill_slot(like, disjoint, low, nodes_at, batch_at, count, old + p * 8)
        if local < 0:
            end = p
            break
        count += local == count
        set_word32(row_at, p, local)
    set_word(nodes, N_COUNT, count)
    return end


@part
def _settle_old(like, call, p):
    """Relabel edge ``p`` of the old chunk by a full lookup."""
    edge, nodes, at = word(call, C_EDGE), word(call, C_SRC), word(call, C_AT_OLD) + p * 8
    lane, node, hashed = word(at + K_LANE, 0), word(at + K_NODE, 0), word(at + K_HASH, 0)
    disjoint, count = word(call, C_DISJOINT), word(nodes, N_COUNT)
    local = lookup(
        like, word(call, C_LOW), word(nodes, N_HASH), word(nodes, N_LINES),
        word(nodes, N_NODES), word(nodes, N_BATCH) if disjoint else np.int64(0), np.int64(0), np.int64(0),
        node, lane, np.int64(0), np.int64(0), hashed,
    )  # fmt: skip
    if local < 0:
        enter(-local, word(call, C_LOW), hashed, count)
        store(like, word(nodes, N_NODES) + count * width(like), node)
        set_word32(word(nodes, N_BATCH), count, lane if disjoint else -1)
        set_word(nodes, N_COUNT, count + 1)
        local = count
    set_word32(word(edge, E_ROW), word(edge, E_COUNT) + p, local)


@stage
def advance_shared(like, call):
    """Move the chunks on by one stage; the oldest becomes edges. Returns 0, or what is too small.

    Room for all their edges was checked, and their cols are written.
    """
    nodes, edge, olds = word(call, C_SRC), word(call, C_EDGE), word(call, C_OLD)
    if word(nodes, N_COUNT) + olds > word(nodes, N_CAPACITY):
        set_word(call, C_NEED, word(nodes, N_COUNT) + olds)
        return 1 + word(word(call, C_STEP), P_SRC)
    _meet(call)
    _read(like, call)
    done = _relabel(like, call, np.int64(0))
    while done < olds:
        _settle_old(like, call, done)
        done = _relabel(like, call, done + 1)
    set_word(edge, E_COUNT, word(edge, E_COUNT) + olds)
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
    set_word(call, C_MID, 0)
    _turn(call)
    return np.int64(0)
