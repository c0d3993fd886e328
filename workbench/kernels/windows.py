"""Which edges of sixteen nodes are visible: a window of positions each, found in lockstep."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel
from workbench.kernels.raw import load, load32, load64, prefetch, store64, width
from workbench.kernels.tables import (
    B_ACTIVE,
    B_BEGIN,
    B_COUNT,
    B_CUT,
    B_END,
    B_LANE,
    B_NODE,
    B_SIZE,
    B_TAKE,
    E_EID,
    E_INDPTR,
    E_ROWS,
    E_STRIDE,
    LANES,
    N_BATCH,
    N_NODES,
    P_DST,
    P_EDGE,
    P_FANOUT,
    P_HIGH,
    P_LOW,
    P_RECENT,
)


@kernel
def _lockstep(id_like, ids_at, stride, block, lanes, target):
    """Move ``block[target]`` up to the first of SIZE ids that is CUT or more, all lanes at once."""
    bases, lengths = block + target, block + B_SIZE
    cuts, lane_of = block + B_CUT, block + B_ACTIVE
    active = 0
    for i in range(lanes):
        length = load64(lengths + i * 8)
        if length > 0:
            store64(lane_of + active * 8, i)
            active += 1
            prefetch(ids_at + (load64(bases + i * 8) + (length >> 1)) * stride)
    while active > 0:
        still = 0
        for a in range(active):
            i = load64(lane_of + a * 8)
            base, length = load64(bases + i * 8), load64(lengths + i * 8)
            half = length >> 1
            less = load(id_like, ids_at + (base + half) * stride) < load64(cuts + i * 8)
            base = base + half + 1 if less else base
            length = length - half - 1 if less else half
            store64(bases + i * 8, base)
            store64(lengths + i * 8, length)
            prefetch(ids_at + (base + (length >> 1)) * stride)
            store64(lane_of + still * 8, i)
            still += length > 0
        active = still


@kernel
def windows(call, step, start, lanes):
    """Fill the block's nodes, lanes and windows [begin, end) of positions of visible edges."""
    id_like, size, high, low = call.id_like, width(call.id_like), step[P_HIGH], step[P_LOW]
    nodes, edge, cuts, block = (
        call.nodes[step[P_DST]],
        call.edges[step[P_EDGE]],
        call.cuts,
        call.block.ctypes.data,
    )
    nodes_at, batch_at = nodes[N_NODES] + start * size, nodes[N_BATCH] + start * 4
    indptr_at, rows = edge[E_INDPTR], edge[E_ROWS]
    for i in range(lanes):
        node = load(id_like, nodes_at + i * size)
        lane = load32(batch_at + i * 4) if call.disjoint else np.int64(0)
        begin, end = load64(indptr_at + node * 8), load64(indptr_at + node * 8 + 8)
        at = block + i * 8
        store64(at + B_NODE, node)
        store64(at + B_LANE, lane)
        store64(at + B_BEGIN, begin)
        cut = cuts[high, lane] if high >= 0 else rows
        # a cut at or above the last row bounds nothing: no search, no miss
        store64(at + B_CUT, cut)
        store64(at + B_SIZE, end - begin if cut < rows else 0)
        store64(at + B_END, begin if cut < rows else end)
    if high >= 0:
        _lockstep(id_like, edge[E_EID], edge[E_STRIDE], block, lanes, B_END)
    if low >= 0:
        for i in range(lanes):
            at = block + i * 8
            store64(at + B_CUT, cuts[low, load64(at + B_LANE)])
            store64(at + B_SIZE, load64(at + B_END) - load64(at + B_BEGIN))
        _lockstep(id_like, edge[E_EID], edge[E_STRIDE], block, lanes, B_BEGIN)


@kernel
def takes(call, step, lanes):
    """Fill the block's counts and takes; returns (edges of the block, whether any node draws at random)."""
    block, fanout, recent = call.block.ctypes.data, step[P_FANOUT], step[P_RECENT]
    edges, random = np.int64(0), np.int64(0)
    for i in range(LANES):
        at = block + i * 8
        count = load64(at + B_END) - load64(at + B_BEGIN) if i < lanes else np.int64(0)
        take = count if fanout < 0 or count <= fanout else fanout
        store64(at + B_COUNT, count)
        store64(at + B_TAKE, take)
        edges += take
        random += 1 if take < count and recent == 0 else 0
    return edges, random > 0
