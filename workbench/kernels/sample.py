"""The fused sampler: a whole batch, any schema, in one call that holds no GIL.

``stores/hop_driver.py`` says what is computed; this file says how. A sampled edge costs about one
cache miss, so the kernel's work is to have many misses in flight, and to compute while they are:

    block of 16 expanded nodes      offsets prefetched one block ahead
      -> window of visible edges    kernels/windows.py: lockstep binary search of the cut among row ids
      -> draws                      kernels/floyd.py: sixteen nodes side by side
    chunk of 256 or more positions  kernels/stream.py: prefetched, gathered and relabelled, three at once

Tables of addresses (``kernels/tables.py``) stand in for lists of arrays, so there is one compilation for
any schema.

Arrays
------
cuts  int64[bounds, lanes]  row-id bounds that steps name; a lane is a seed (joint: all seeds)
keys  uint64[lanes]         seed keys
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.floyd import ROWS, floyd_one, floyd_rows
from workbench.kernels.hop import COLUMN
from workbench.kernels.jit import kernel
from workbench.kernels.raw import load, load32, load64, loadu32, prefetch, store32, store64, width
from workbench.kernels.relabel import find_or_add, hash_of
from workbench.kernels.rng import node_key
from workbench.kernels.stream import advance, chunk_at, drain, has_room, next_col_at
from workbench.kernels.tables import (
    B_BEGIN,
    B_COUNT,
    B_END,
    B_KEY,
    B_LANE,
    B_NODE,
    B_TAKE,
    CHUNK,
    E_COUNT,
    E_INDPTR,
    E_NBR,
    E_ROWS,
    E_STRIDE,
    K_LANE,
    LANES,
    N_BATCH,
    N_COUNT,
    N_NODES,
    P_DST,
    P_EDGE,
    P_FANOUT,
    P_HIGH,
    P_HOP,
    P_LAYOUT,
    P_LOW,
    P_NODE,
    P_RECENT,
    P_SALT,
    ROOM,
)
from workbench.kernels.windows import takes, windows


@kernel
def _draw_rows(call, step, lanes):
    """Ranks of the whole block, side by side."""
    salt, block = np.uint64(step[P_SALT]), call.block.ctypes.data
    for i in range(lanes):
        at = block + i * 8
        key = node_key(call.keys[load64(at + B_LANE)], salt, np.uint64(load64(at + B_NODE)))
        store64(at + B_KEY, np.int64(key))
    floyd_rows(block + B_KEY, block + B_COUNT, block + B_TAKE, call.ranks, step[P_FANOUT])


@kernel
def _expand_blocks(call, step, first, last):
    """Run a step whose draws are ranges or :func:`floyd_rows`, block by block; returns as ``advance``."""
    nodes, edge, size = call.nodes[step[P_DST]], call.edges[step[P_EDGE]], width(call.id_like)
    block, ranks_at, filled = call.block.ctypes.data, call.ranks.ctypes.data, 0
    chunk = chunk_at(call, 0)
    for start in range(first, last, LANES):
        lanes = min(np.int64(LANES), last - start)
        for i in range(start + lanes, min(start + lanes + LANES, last)):
            prefetch(edge[E_INDPTR] + load(call.id_like, nodes[N_NODES] + i * size) * 8)
        windows(call, step, start, lanes)
        edges, random = takes(call, step, lanes)
        if not has_room(call, step, filled + edges):
            return -1 - step[P_EDGE]
        if random:
            _draw_rows(call, step, lanes)
        for i in range(lanes):
            at = block + i * 8
            begin, count, take, lane = (
                load64(at + B_BEGIN),
                load64(at + B_COUNT),
                load64(at + B_TAKE),
                load64(at + B_LANE),
            )
            drawn = step[P_RECENT] == 0 and take < count
            begin += 0 if drawn else count - take
            done = 0
            while done < take:
                part = min(take - done, ROOM - filled)
                col_at, pick_at = next_col_at(call, edge) + filled * 4, chunk + filled * 8
                rank_at = ranks_at + done * 64 + i * 4
                for r in range(part):
                    position = begin + (loadu32(rank_at + r * 64) if drawn else done + r)
                    store64(pick_at + r * 8, position)
                    store64(pick_at + K_LANE + r * 8, lane)
                    store32(col_at + r * 4, start + i)
                done, filled = done + part, filled + part
                if filled >= CHUNK:
                    call.counts[0] = filled
                    full = advance(call, step)
                    if full != 0:
                        return full
                    chunk, filled = chunk_at(call, 0), 0
    call.counts[0] = filled
    return drain(call, step)


@kernel
def _list_visible(call, step, begin, end, lane):
    """List the positions of a window whose neighbour is visible itself; returns how many."""
    edge, found = call.edges[step[P_EDGE]], 0
    nbr_at, stride, node_cut = edge[E_NBR], edge[E_STRIDE], call.cuts[step[P_NODE], lane]
    for position in range(begin, end):
        call.visible[found] = position
        found += load(call.id_like, nbr_at + position * stride) < node_cut
    return found


@kernel
def _expand_nodes(call, step, first, last):
    """Run a step that lists its visible neighbours or draws more than ``ROWS``, node by node."""
    edge, block, many = call.edges[step[P_EDGE]], call.block.ctypes.data, call.many
    listed, filled, chunk = step[P_NODE] >= 0, 0, chunk_at(call, 0)
    for start in range(first, last, LANES):
        lanes = min(np.int64(LANES), last - start)
        windows(call, step, start, lanes)
        for i in range(lanes):
            at = block + i * 8
            begin, end, lane = load64(at + B_BEGIN), load64(at + B_END), load64(at + B_LANE)
            count = _list_visible(call, step, begin, end, lane) if listed else end - begin
            take = count if step[P_FANOUT] < 0 or count <= step[P_FANOUT] else step[P_FANOUT]
            drawn = step[P_RECENT] == 0 and take < count
            if not has_room(call, step, filled + take):
                return -1 - step[P_EDGE]
            if drawn:
                call.need[1] += 1
                key = node_key(call.keys[lane], np.uint64(step[P_SALT]), np.uint64(load64(at + B_NODE)))
                floyd_one(key, count, many[:take], call.taken, call.need[1])
            for r in range(take):
                rank = many[r] if drawn else count - take + r
                store64(chunk + filled * 8, call.visible[rank] if listed else begin + rank)
                store64(chunk + K_LANE + filled * 8, lane)
                store32(next_col_at(call, edge) + filled * 4, start + i)
                filled += 1
                if filled == CHUNK:
                    call.counts[0] = filled
                    full = advance(call, step)
                    if full != 0:
                        return full
                    chunk, filled = chunk_at(call, 0), 0
    call.counts[0] = filled
    return drain(call, step)


@kernel
def _expand_column(call, step, first, last):
    """Run a step over a foreign-key column: at most one neighbour per node. Returns as above."""
    id_like, size, cuts = call.id_like, width(call.id_like), call.cuts
    nodes, edge, nothing = call.nodes[step[P_DST]], call.edges[step[P_EDGE]], 0xFFFFFFFF if size == 4 else -1
    high, low, node_row = step[P_HIGH], step[P_LOW], step[P_NODE]
    for start in range(first, last, CHUNK):
        chunk, stop, filled = chunk_at(call, 0), min(start + CHUNK, last), 0
        if not has_room(call, step, stop - start):
            return -1 - step[P_EDGE]
        for i in range(start, stop):
            prefetch(edge[E_NBR] + load(id_like, nodes[N_NODES] + i * size) * size)
        col_at = next_col_at(call, edge)
        for i in range(start, stop):
            node = load(id_like, nodes[N_NODES] + i * size)
            lane = load32(nodes[N_BATCH] + i * 4) if call.disjoint else np.int64(0)
            neighbor = load(id_like, edge[E_NBR] + node * size)
            seen = neighbor != nothing
            seen &= high < 0 or node < cuts[high, lane]
            seen &= low < 0 or node >= cuts[low, lane]
            seen &= node_row < 0 or neighbor < cuts[node_row, lane]
            store64(chunk + filled * 8, node)
            store64(chunk + K_LANE + filled * 8, lane)
            store32(col_at + filled * 4, i)
            filled += seen
        call.counts[0] = filled
        full = advance(call, step)
        if full != 0:
            return full
    return drain(call, step)


@kernel
def _expand(call, step, first, last):
    """Run a step for the nodes ``first .. last - 1`` of its dst type, in the way that suits it."""
    if step[P_LAYOUT] == COLUMN:
        return _expand_column(call, step, first, last)
    # ranks of floyd_rows have 31 bits
    wide = step[P_FANOUT] > ROWS or call.edges[step[P_EDGE], E_ROWS] >= 1 << 31
    if step[P_NODE] >= 0 or (step[P_RECENT] == 0 and wide):
        return _expand_nodes(call, step, first, last)
    return _expand_blocks(call, step, first, last)


@kernel
def _add_seeds(call, table):
    """Enter the seeds, which lie in ``nodes`` already, into the hash; of equal ones, the first."""
    for local in range(table[N_COUNT]):
        node = load(call.id_like, table[N_NODES] + local * width(call.id_like))
        batch = load32(table[N_BATCH] + local * 4)
        hashed = hash_of(node, batch if call.disjoint else np.int64(0))
        # ``count`` = local writes the seed's own node again; only its batch must be kept in joint mode
        lane = batch if call.disjoint else np.int64(-1)
        find_or_add(call.id_like, call.tag_mask, call.tag, table, local, node, lane, hashed)
        store32(table[N_BATCH] + local * 4, batch)


@kernel
def sample_batch(call, ends, step_edges):
    """Sample one batch into the arena that the tables point at.

    Arrays
    ------
    call        Call
    ends        int64[types, hops + 2]  nodes of each type after hop h at column h + 1; column 0 is 0
    step_edges  int64[steps]  out
    returns     int64     0; 1 + type or -(1 + edge type) if its capacity was too small: run again
    """
    call.counts[:3] = 0
    for t in range(len(call.nodes)):
        _add_seeds(call, call.nodes[t])
        ends[t, 1] = call.nodes[t, N_COUNT]
    hop = 1
    for s in range(len(call.plan)):
        step = call.plan[s]
        while hop < step[P_HOP]:
            hop += 1
            ends[:, hop] = call.nodes[:, N_COUNT]
        before = call.edges[step[P_EDGE], E_COUNT]
        full = _expand(call, step, ends[step[P_DST], hop - 1], ends[step[P_DST], hop])
        if full != 0:
            return full
        step_edges[s] = call.edges[step[P_EDGE], E_COUNT] - before
    while hop < ends.shape[1] - 1:
        hop += 1
        ends[:, hop] = call.nodes[:, N_COUNT]
    return 0
