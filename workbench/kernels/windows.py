"""Which edges of sixteen nodes are visible: a window of positions each, found in lockstep."""

from __future__ import annotations

import numpy as np

from workbench.kernels.cuts import guess_row, rows_until
from workbench.kernels.jit import part, stage
from workbench.kernels.raw import half, load, prefetch, set_word, width, word, word32
from workbench.kernels.tables import (
    B_ACTIVE,
    B_BEGIN,
    B_COUNT,
    B_CUT,
    B_END,
    B_LANE,
    B_LOCAL,
    B_NODE,
    B_SIZE,
    B_TAKE,
    B_VIEW,
    C_BLOCK,
    C_BOUNDS,
    C_CUTS,
    C_DISJOINT,
    C_DST,
    C_EDGE,
    C_LANES,
    C_LIST,
    C_PATH,
    C_START,
    C_STEP,
    C_VIEWS,
    C_WIDTH,
    E_EID,
    E_INDPTR,
    E_OFFSET,
    E_ROWS,
    E_STRIDE,
    LANES,
    N_BATCH,
    N_CLOCK,
    N_NODES,
    P_FANOUT,
    P_HIGH,
    P_LOW,
    P_STRATEGY,
    RECENT,
)

FOREVER, BEGINNING = np.iinfo(np.int64).max, np.iinfo(np.int64).min


@part
def offset_at(edge, node):
    """Position of the first edge of a node; where fewer than 2^32 edges are stored, offsets have 4 bytes."""
    indptr = word(edge, E_INDPTR)
    return half(indptr, node) if word(edge, E_OFFSET) == 4 else word(indptr, node)


@part
def bound_of(call, bound, lane, view):
    """A row-id bound of one expanded node: its seed's, or its own where cutoffs follow the path."""
    if word(call, C_PATH) == 0:
        return word(word(call, C_CUTS), bound * word(call, C_LANES) + lane)
    rule = word(call, C_BOUNDS) + bound * 32
    dated, window = word(rule, 1), word(rule, 2)
    if dated == 0 or (window >= 0 and (view == FOREVER or view <= BEGINNING + window)):
        return np.int64(0)
    limit = view - max(window, 0)
    return rows_until(word(rule, 0), dated, guess_row(word(rule, 3), dated, limit), limit)


@part
def view_of(call, local, lane):
    """The last instant that an expanded node sees."""
    if word(call, C_PATH) == 0:
        return word(word(call, C_VIEWS), lane)
    return word(word(word(call, C_DST), N_CLOCK), local)


@part
def local_at(call, i):
    """Local id of expanded node number ``i`` of the step."""
    chosen = word(call, C_LIST)
    return word32(chosen, i) if chosen != 0 else i


@part
def _lockstep(like, ids_at, stride, block, lanes, target):
    """Move ``block[target]`` up to the first of SIZE ids that is CUT or more, all lanes at once."""
    bases, lengths = block + target, block + B_SIZE
    cuts, lane_of = block + B_CUT, block + B_ACTIVE
    active = 0
    for i in range(lanes):
        length = word(lengths, i)
        if length > 0:
            set_word(lane_of, active, i)
            active += 1
            prefetch(ids_at + (word(bases, i) + (length >> 1)) * stride)
    while active > 0:
        still = 0
        for a in range(active):
            i = word(lane_of, a)
            base, length = word(bases, i), word(lengths, i)
            half = length >> 1
            less = load(like, ids_at + (base + half) * stride) < word(cuts, i)
            base = base + half + 1 if less else base
            length = length - half - 1 if less else half
            set_word(bases, i, base)
            set_word(lengths, i, length)
            prefetch(ids_at + (base + (length >> 1)) * stride)
            set_word(lane_of, still, i)
            still += length > 0
        active = still


@stage
def fill_block(like, call):
    """Fill the block with WIDTH nodes from START on: lanes, and windows [begin, end) of visible edges."""
    start, lanes = word(call, C_START), word(call, C_WIDTH)
    step, dst, edge, block = word(call, C_STEP), word(call, C_DST), word(call, C_EDGE), word(call, C_BLOCK)
    nodes_at, batch_at, size, disjoint = (
        word(dst, N_NODES),
        word(dst, N_BATCH),
        width(like),
        word(call, C_DISJOINT),
    )
    high, low, rows = word(step, P_HIGH), word(step, P_LOW), word(edge, E_ROWS)
    for i in range(lanes):
        local = local_at(call, start + i)
        node = load(like, nodes_at + local * size)
        lane = word32(batch_at, local) if disjoint else np.int64(0)
        view = view_of(call, local, lane)
        begin, end = offset_at(edge, node), offset_at(edge, node + 1)
        at = block + i * 8
        set_word(at + B_LOCAL, 0, local)
        set_word(at + B_NODE, 0, node)
        set_word(at + B_LANE, 0, lane)
        set_word(at + B_VIEW, 0, view)
        set_word(at + B_BEGIN, 0, begin)
        cut = bound_of(call, high, lane, view) if high >= 0 else rows
        # a cut at or above the last row bounds nothing: no search, no miss
        set_word(at + B_CUT, 0, cut)
        set_word(at + B_SIZE, 0, end - begin if cut < rows else 0)
        set_word(at + B_END, 0, begin if cut < rows else end)
    if high >= 0:
        _lockstep(like, word(edge, E_EID), word(edge, E_STRIDE), block, lanes, B_END)
    if low >= 0:
        for i in range(lanes):
            at = block + i * 8
            set_word(at + B_CUT, 0, bound_of(call, low, word(at + B_LANE, 0), word(at + B_VIEW, 0)))
            set_word(at + B_SIZE, 0, word(at + B_END, 0) - word(at + B_BEGIN, 0))
        _lockstep(like, word(edge, E_EID), word(edge, E_STRIDE), block, lanes, B_BEGIN)
    return np.int64(0)


@part
def takes(call, lanes):
    """Fill the block's counts and takes; returns their sum, or -1 - sum if any is random."""
    step, block = word(call, C_STEP), word(call, C_BLOCK)
    fanout, recent = word(step, P_FANOUT), word(step, P_STRATEGY) == RECENT
    edges, random = np.int64(0), np.int64(0)
    for i in range(LANES):
        at = block + i * 8
        count = word(at + B_END, 0) - word(at + B_BEGIN, 0) if i < lanes else np.int64(0)
        take = count if fanout < 0 or count <= fanout else fanout
        set_word(at + B_COUNT, 0, count)
        set_word(at + B_TAKE, 0, take)
        edges += take
        random += 1 if take < count and not recent else 0
    return -edges - 1 if random > 0 else edges
