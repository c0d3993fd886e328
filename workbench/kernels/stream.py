"""From drawn positions to edges: three chunks in flight at once.

new   positions            -> prefetched
mid   neighbour, edge id   -> read; the hash line of each prefetched
old   local id             -> looked up or added (kernels/relabel.py); the edge is complete
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.hop import COLUMN, EDGES
from workbench.kernels.jit import kernel
from workbench.kernels.raw import load, load64, prefetch, store, store32, store64, width
from workbench.kernels.relabel import find_or_add, hash_of, line_of, relabel_at_once
from workbench.kernels.tables import (
    CHUNKS,
    E_CAPACITY,
    E_COL,
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
    P_EDGE,
    P_LAYOUT,
    P_SRC,
)


@kernel
def _taken_from(chunk, p):
    """(lane, node, hash) of an edge of a chunk that was gathered."""
    at = chunk + p * 8
    return load64(at + K_LANE), load64(at + K_NODE), load64(at + K_HASH)


@kernel
def _stream(call, step, nodes, edge, begin, begin_old):
    """Prefetch the new chunk, gather the one before it and relabel the one before that, edge by edge.

    One loop, because a core overlaps computing with waiting only over a few hundred instructions.

    Arrays
    ------
    nodes    int64[6];  edge  int64[10]  rows of the tables: of the step's src, and of its edge type
    returns  int64  where :func:`relabel_at_once` gave up, or the end of the longest chunk
    """
    # in locals, because a raw store might alias the tables and would have them loaded again each time;
    # by address, because a subscript would test each index for being negative
    id_like, size, disjoint = call.id_like, width(call.id_like), call.disjoint
    layout, stride, nbr_at, eid_at = step[P_LAYOUT], edge[E_STRIDE], edge[E_NBR], edge[E_EID]
    slots_at, lines = nodes[N_HASH], nodes[N_LINES]
    nodes_at, batch_at, count = nodes[N_NODES], nodes[N_BATCH], nodes[N_COUNT]
    new, mid, old = chunk_at(call, 0), chunk_at(call, 1), chunk_at(call, 2)
    news, mids, olds = call.counts[0], call.counts[1], call.counts[2]
    row_at, out_at = edge[E_ROW] + edge[E_COUNT] * 4, edge[E_OUT] + (edge[E_COUNT] + olds) * size
    apart = layout == EDGES and eid_at - nbr_at >= stride
    end = max(news, max(mids, olds))
    for p in range(begin, end):
        if begin_old <= p < olds:
            lane, node, hashed = _taken_from(old, p)
            local = relabel_at_once(
                id_like, disjoint, call.tag_mask, call.tag, slots_at, lines, nodes_at, batch_at, count, node,
                lane, hashed,
            )  # fmt: skip
            if local < 0:
                end = p
                break
            count += local == count
            store32(row_at + p * 4, local)
        if p < mids:
            position = load64(mid + p * 8)
            node = load(id_like, nbr_at + position * stride)
            hashed = hash_of(node, load64(mid + K_LANE + p * 8))
            prefetch(slots_at + (line_of(hashed, lines) << 6))
            store64(mid + K_NODE + p * 8, node)
            store64(mid + K_HASH + p * 8, hashed)
            edge_id = node
            if layout == COLUMN:
                edge_id = position
            elif layout == EDGES:
                edge_id = load(id_like, eid_at + position * stride)
            store(id_like, out_at + p * size, edge_id)
        if p < news:
            position = load64(new + p * 8)
            prefetch(nbr_at + position * stride)
            if apart:
                prefetch(eid_at + position * stride)
    nodes[N_COUNT] = count
    return end


@kernel
def chunk_at(call, age):
    """Address of a chunk: 0 = new, 1 = mid, 2 = old."""
    return call.ring[(call.counts[3] + CHUNKS - age) % CHUNKS].ctypes.data


@kernel
def advance(call, step):
    """Move the three chunks on by one stage; the oldest becomes edges. Returns 0, or what is too small.

    Room for all their edges was checked, and their cols are written.
    """
    nodes, edge, counts = call.nodes[step[P_SRC]], call.edges[step[P_EDGE]], call.counts
    if nodes[N_COUNT] + counts[2] > nodes[N_CAPACITY]:
        call.need[0] = nodes[N_COUNT] + counts[2]
        return 1 + step[P_SRC]
    old, end = chunk_at(call, 2), max(counts[0], max(counts[1], counts[2]))
    done = _stream(call, step, nodes, edge, 0, 0)
    while done < end:
        lane, node, hashed = _taken_from(old, done)
        local, nodes[N_COUNT] = find_or_add(
            call.id_like, call.tag_mask, call.tag, nodes, nodes[N_COUNT], node,
            lane if call.disjoint else np.int64(-1), hashed,
        )  # fmt: skip
        store32(edge[E_ROW] + (edge[E_COUNT] + done) * 4, local)
        done = _stream(call, step, nodes, edge, done, done + 1)
    edge[E_COUNT] += counts[2]
    counts[0], counts[1], counts[2], counts[3] = 0, counts[0], counts[1], counts[3] + 1
    return 0


@kernel
def drain(call, step):
    """Make edges of all chunks; returns as :func:`advance`."""
    full = 0
    while full == 0 and call.counts[0] + call.counts[1] + call.counts[2] > 0:
        full = advance(call, step)
    return full


@kernel
def has_room(call, step, edges):
    """Whether so many more edges fit beside those in the chunks; otherwise what is missing is in ``need``."""
    edge = call.edges[step[P_EDGE]]
    wanted = edge[E_COUNT] + call.counts[1] + call.counts[2] + edges
    if wanted > edge[E_CAPACITY]:
        call.need[0] = wanted
    return wanted <= edge[E_CAPACITY]


@kernel
def next_col_at(call, edge):
    """Address of the col of the next edge that enters the new chunk, were it empty."""
    return edge[E_COL] + (edge[E_COUNT] + call.counts[1] + call.counts[2]) * 4
