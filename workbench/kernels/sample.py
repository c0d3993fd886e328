"""The fused sampler: a whole batch, any schema, in one call that holds no GIL.

``stores/hop_driver.py`` says what is computed; this file says how. A sampled edge costs about one
cache miss, so the kernel's work is to have many misses in flight:

    block of 16 expanded nodes      offsets prefetched one block ahead
      -> window of visible edges    lockstep binary search of the cut among row ids, 16 lanes
      -> draws                      Floyd, 16 nodes side by side; each position prefetched
    chunk of 256 or more positions
      -> neighbour, edge id         each hash line prefetched
      -> relabel                    kernels/relabel.py

Tables of addresses (int64) stand in for lists of arrays, so there is one compilation for any schema.

Arrays
------
plan        int64[steps, 11]      P_* columns
node_table  int64[node types, 6]  N_* columns; COUNT holds the seeds, then grows
edge_table  int64[edge types, 10] E_* columns; EID is NBR in the fact layout, ROWS the edge table's rows,
                                  STRIDE the bytes between neighbours (and between edge ids)
cuts        int64[bounds, lanes]  row-id bounds that steps name; a lane is a seed (joint: all seeds)
keys        uint64[lanes]         seed keys
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.floyd import ROWS, floyd_one, floyd_rows
from workbench.kernels.hop import COLUMN, EDGES
from workbench.kernels.jit import kernel
from workbench.kernels.lanes import lowest_bit, match_line
from workbench.kernels.raw import load, load32, load64, loadu32, prefetch, store, store32, store64, width
from workbench.kernels.relabel import (
    CHECK,
    N_BATCH,
    N_CAPACITY,
    N_COUNT,
    N_HASH,
    N_LINES,
    N_NODES,
    find_or_add,
    hash_of,
    line_of,
)
from workbench.kernels.rng import node_key

P_HOP, P_EDGE, P_DST, P_SRC, P_LAYOUT, P_FANOUT, P_RECENT, P_HIGH, P_LOW, P_NODE, P_SALT = range(11)
E_INDPTR, E_NBR, E_EID, E_ROW, E_COL, E_OUT, E_CAPACITY, E_COUNT, E_ROWS, E_STRIDE = range(10)

LANES: int = 16
"""Expanded nodes per block: enough misses in flight, few enough to stay in L1."""

CHUNK: int = 256
"""Drawn positions after which a chunk is relabelled."""

ROOM: int = 2 * CHUNK
"""Drawn positions that a chunk can hold; a node with more than :data:`CHUNK` draws is split."""

_B_NODE, _B_LANE, _B_BEGIN, _B_END, _B_CUT, _B_SIZE, _B_ACTIVE, _B_COUNT, _B_TAKE, _B_KEY = range(10)
_ROW = 8 * LANES
_K_POSITION, _K_LANE, _K_NODE, _K_HASH = range(4)
_LANE_AT, _NODE_AT, _HASH_AT = 8 * ROOM, 16 * ROOM, 24 * ROOM
BLOCK_ROWS, PICK_ROWS = 10, 4


@kernel
def _stream(id_like, disjoint, tag_mask, tag, step, nodes, edge, new, mid, old, counts, begin, begin_old):
    """Prefetch a chunk, gather the chunk before it and relabel the one before that, edge by edge.

    Arrays
    ------
    new, mid, old  addresses of int64[4, ROOM]: positions and lanes drawn; ids and hashes; to be relabelled
    counts         int64[3]        edges of each
    returns        int64  where the first slot that matches was not the right one (a full line, an equal
                          check: hardly ever), or the end of the longest chunk

    One loop, because a core overlaps computing with waiting only over a few hundred instructions.
    """
    # in locals, because a raw store might alias the tables and would have them loaded again each time
    layout, stride, nbr_at, eid_at = step[P_LAYOUT], edge[E_STRIDE], edge[E_NBR], edge[E_EID]
    slots_at, lines, low = nodes[N_HASH], nodes[N_LINES], np.int64(0xFFFFFFFF) ^ tag_mask
    nodes_at, batch_at, count, mask = nodes[N_NODES], nodes[N_BATCH], nodes[N_COUNT], CHECK | tag_mask
    row_at, out_at = edge[E_ROW] + edge[E_COUNT] * 4, edge[E_OUT] + (edge[E_COUNT] + counts[2]) * width(id_like)
    # addresses, because a subscript would test each index for being negative
    fresh, positions, apart = new, mid, layout == EDGES and eid_at - nbr_at >= stride
    mid_lanes, ids, hashes = mid + _LANE_AT, mid + _NODE_AT, mid + _HASH_AT
    lanes, drawn, checks = old + _LANE_AT, old + _NODE_AT, old + _HASH_AT
    news, mids, olds = counts[0], counts[1], counts[2]
    end = max(news, max(mids, olds))
    for p in range(begin, end):
        if begin_old <= p < olds:
            hashed, node = load64(checks + p * 8), load64(drawn + p * 8)
            wanted = (hashed << 32) | tag
            line_at = slots_at + (line_of(hashed, lines) << 6)
            found = match_line(line_at, mask, wanted, tag_mask, tag)
            if found == 0:
                end = p
                break
            slot_at = line_at + (lowest_bit(found) << 3)
            slot = load64(slot_at)
            local = slot & low
            if slot & tag_mask != tag:
                local = count
                store64(slot_at, wanted | count)
                store(id_like, nodes_at + count * width(id_like), node)
                store32(batch_at + count * 4, load64(lanes + p * 8) if disjoint else -1)
                count += 1
            elif load(id_like, nodes_at + local * width(id_like)) != node or (
                disjoint and load32(batch_at + local * 4) != load64(lanes + p * 8)
            ):
                end = p
                break
            store32(row_at + p * 4, local)
        if p < mids:
            position = load64(positions + p * 8)
            node = load(id_like, nbr_at + position * stride)
            hashed = hash_of(node, load64(mid_lanes + p * 8))
            prefetch(slots_at + (line_of(hashed, lines) << 6))
            store64(ids + p * 8, node)
            store64(hashes + p * 8, hashed)
            edge_id = node
            if layout == COLUMN:
                edge_id = position
            elif layout == EDGES:
                edge_id = load(id_like, eid_at + position * stride)
            store(id_like, out_at + p * width(id_like), edge_id)
        if p < news:
            position = load64(fresh + p * 8)
            prefetch(nbr_at + position * stride)
            if apart:
                prefetch(eid_at + position * stride)
    nodes[N_COUNT] = count
    return end


@kernel
def _advance(id_like, disjoint, tag_mask, tag, step, nodes, edge, ring, counts, need):
    """Move the three chunks on by one stage; the oldest becomes edges. Returns 0, or what is too small.

    Arrays
    ------
    nodes   int64[6]   row of the node table, of the step's src
    edge    int64[10]  row of the edge table; room for all chunks was checked, their cols are written
    ring    int64[3, 4, ROOM];  counts  int64[4]  edges of new, mid, old; then the number of the turn
    """
    if nodes[N_COUNT] + counts[2] > nodes[N_CAPACITY]:
        need[0] = nodes[N_COUNT] + counts[2]
        return 1 + step[P_SRC]
    turn = counts[3]
    new, mid, old = ring[turn % 3], ring[(turn + 2) % 3], ring[(turn + 1) % 3]
    new_at, mid_at, old_at = new.ctypes.data, mid.ctypes.data, old.ctypes.data
    end = max(counts[0], max(counts[1], counts[2]))
    done = _stream(id_like, disjoint, tag_mask, tag, step, nodes, edge, new_at, mid_at, old_at, counts, 0, 0)
    while done < end:
        batch = old[_K_LANE, done] if disjoint else np.int64(-1)
        local, nodes[N_COUNT] = find_or_add(
            id_like, tag_mask, tag, nodes, nodes[N_COUNT], old[_K_NODE, done], batch, old[_K_HASH, done]
        )
        store32(edge[E_ROW] + (edge[E_COUNT] + done) * 4, local)
        done = _stream(
            id_like, disjoint, tag_mask, tag, step, nodes, edge, new_at, mid_at, old_at, counts, done, done + 1
        )
    edge[E_COUNT] += counts[2]
    counts[0], counts[1], counts[2], counts[3] = 0, counts[0], counts[1], turn + 1
    return 0


@kernel
def _drain(id_like, disjoint, tag_mask, tag, step, nodes, edge, ring, counts, need):
    """Make edges of all chunks."""
    full = 0
    while full == 0 and counts[0] + counts[1] + counts[2] > 0:
        full = _advance(id_like, disjoint, tag_mask, tag, step, nodes, edge, ring, counts, need)
    return full


@kernel
def _lockstep(id_like, ids_at, stride, block, lanes, target):
    """Move ``block[target]`` up to the first of SIZE ids that is CUT or more, all lanes at once."""
    bases, lengths = block + target * _ROW, block + _B_SIZE * _ROW
    cuts, lane_of = block + _B_CUT * _ROW, block + _B_ACTIVE * _ROW
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
def _windows(id_like, disjoint, step, nodes, edge, cuts, block, start, lanes):
    """Fill the block's nodes, lanes and windows [begin, end) of positions of visible edges."""
    size, high, low, rows = width(id_like), step[P_HIGH], step[P_LOW], edge[E_ROWS]
    nodes_at, batch_at, indptr_at = nodes[N_NODES] + start * size, nodes[N_BATCH] + start * 4, edge[E_INDPTR]
    for i in range(lanes):
        node = load(id_like, nodes_at + i * size)
        lane = load32(batch_at + i * 4) if disjoint else np.int64(0)
        begin, end = load64(indptr_at + node * 8), load64(indptr_at + node * 8 + 8)
        at = block + i * 8
        store64(at + _B_NODE * _ROW, node)
        store64(at + _B_LANE * _ROW, lane)
        store64(at + _B_BEGIN * _ROW, begin)
        cut = cuts[high, lane] if high >= 0 else rows
        # a cut at or above the last row bounds nothing: no search, no miss
        store64(at + _B_CUT * _ROW, cut)
        store64(at + _B_SIZE * _ROW, end - begin if cut < rows else 0)
        store64(at + _B_END * _ROW, begin if cut < rows else end)
    if high >= 0:
        _lockstep(id_like, edge[E_EID], edge[E_STRIDE], block, lanes, _B_END)
    if low >= 0:
        for i in range(lanes):
            at = block + i * 8
            store64(at + _B_CUT * _ROW, cuts[low, load64(at + _B_LANE * _ROW)])
            store64(at + _B_SIZE * _ROW, load64(at + _B_END * _ROW) - load64(at + _B_BEGIN * _ROW))
        _lockstep(id_like, edge[E_EID], edge[E_STRIDE], block, lanes, _B_BEGIN)


@kernel
def _takes(step, block, lanes):
    """Fill the block's counts and takes; returns (edges of the block, whether any node draws at random)."""
    fanout, recent, edges, random = step[P_FANOUT], step[P_RECENT], np.int64(0), False
    for i in range(LANES):
        at = block + i * 8
        count = load64(at + _B_END * _ROW) - load64(at + _B_BEGIN * _ROW) if i < lanes else np.int64(0)
        take = count if fanout < 0 or count <= fanout else fanout
        store64(at + _B_COUNT * _ROW, count)
        store64(at + _B_TAKE * _ROW, take)
        edges += take
        random |= take < count and recent == 0
    return edges, random


@kernel
def _filtered(id_like, nbr_at, stride, begin, end, node_cut, visible):
    """Positions in the window whose neighbour is visible itself; returns how many."""
    found = 0
    for position in range(begin, end):
        visible[found] = position
        found += load(id_like, nbr_at + position * stride) < node_cut
    return found


@kernel
def _draw_rows(step, keys, block, lanes, ranks):
    """Ranks of the whole block."""
    salt = np.uint64(step[P_SALT])
    for i in range(lanes):
        at = block + i * 8
        key = node_key(keys[load64(at + _B_LANE * _ROW)], salt, np.uint64(load64(at + _B_NODE * _ROW)))
        store64(at + _B_KEY * _ROW, np.int64(key))
    floyd_rows(block + _B_KEY * _ROW, block + _B_COUNT * _ROW, block + _B_TAKE * _ROW, ranks, step[P_FANOUT])


@kernel
def _has_room(edge, step, edges, need):
    """Whether so many more edges fit; otherwise what is missing is in ``need``."""
    if edge[E_COUNT] + edges > edge[E_CAPACITY]:
        need[0] = edge[E_COUNT] + edges
        return False
    return True


@kernel
def _expand_rows(
    id_like, disjoint, tag_mask, tag, step, node_table, edge_table, cuts, keys, first, last, scratch, need
):
    """Run a step whose draws are ranges or :func:`floyd_rows`, block by block; returns as :func:`_flush`."""
    block, ring, ranks, counts = scratch[0].ctypes.data, scratch[1], scratch[2], scratch[6]
    size, nodes, edge = width(id_like), node_table[step[P_DST]], edge_table[step[P_EDGE]]
    found, filled = node_table[step[P_SRC]], 0
    picks_at, ranks_at = ring[counts[3] % 3].ctypes.data, ranks.ctypes.data
    for start in range(first, last, LANES):
        lanes = min(np.int64(LANES), last - start)
        for i in range(start + lanes, min(start + lanes + LANES, last)):
            prefetch(edge[E_INDPTR] + load(id_like, nodes[N_NODES] + i * size) * 8)
        _windows(id_like, disjoint, step, nodes, edge, cuts, block, start, lanes)
        edges, random = _takes(step, block, lanes)
        if not _has_room(edge, step, filled + counts[1] + counts[2] + edges, need):
            return -1 - step[P_EDGE]
        if random:
            _draw_rows(step, keys, block, lanes, ranks)
        for i in range(lanes):
            at = block + i * 8
            begin, count = load64(at + _B_BEGIN * _ROW), load64(at + _B_COUNT * _ROW)
            take, lane = load64(at + _B_TAKE * _ROW), load64(at + _B_LANE * _ROW)
            drawn = step[P_RECENT] == 0 and take < count
            begin += 0 if drawn else count - take
            done = 0
            while done < take:
                col_at = edge[E_COL] + (edge[E_COUNT] + counts[2] + counts[1] + filled) * 4
                part = min(take - done, ROOM - filled)
                pick_at, rank_at = picks_at + filled * 8, ranks_at + done * 64 + i * 4
                for r in range(part):
                    position = begin + (loadu32(rank_at + r * 64) if drawn else done + r)
                    store64(pick_at + r * 8, position)
                    store64(pick_at + _LANE_AT + r * 8, lane)
                    store32(col_at + r * 4, start + i)
                done, filled = done + part, filled + part
                if filled >= CHUNK:
                    counts[0] = filled
                    full = _advance(id_like, disjoint, tag_mask, tag, step, found, edge, ring, counts, need)
                    if full != 0:
                        return full
                    picks_at, filled = ring[counts[3] % 3].ctypes.data, 0
    counts[0] = filled
    return _drain(id_like, disjoint, tag_mask, tag, step, found, edge, ring, counts, need)


@kernel
def _expand_one_by_one(
    id_like, disjoint, tag_mask, tag, step, node_table, edge_table, cuts, keys, first, last, scratch, need
):
    """Run a step that filters neighbours or draws more than ``ROWS``, node by node; returns as above."""
    block, ring, taken = scratch[0].ctypes.data, scratch[1], scratch[3]
    visible, many, counts = scratch[4], scratch[5], scratch[6]
    nodes, edge = node_table[step[P_DST]], edge_table[step[P_EDGE]]
    found, stride, node_row, filled = node_table[step[P_SRC]], edge[E_STRIDE], step[P_NODE], 0
    positions, lane_of = ring[counts[3] % 3, _K_POSITION], ring[counts[3] % 3, _K_LANE]
    for start in range(first, last, LANES):
        lanes = min(np.int64(LANES), last - start)
        _windows(id_like, disjoint, step, nodes, edge, cuts, block, start, lanes)
        for i in range(lanes):
            at = block + i * 8
            begin, end = load64(at + _B_BEGIN * _ROW), load64(at + _B_END * _ROW)
            lane, count = load64(at + _B_LANE * _ROW), end - begin
            if node_row >= 0:
                node_cut = cuts[node_row, lane]
                count = _filtered(id_like, edge[E_NBR], stride, begin, end, node_cut, visible)
            take = count if step[P_FANOUT] < 0 or count <= step[P_FANOUT] else step[P_FANOUT]
            drawn = step[P_RECENT] == 0 and take < count
            if not _has_room(edge, step, filled + counts[1] + counts[2] + take, need):
                return -1 - step[P_EDGE]
            if drawn:
                need[1] += 1
                key = node_key(keys[lane], np.uint64(step[P_SALT]), np.uint64(load64(at + _B_NODE * _ROW)))
                floyd_one(key, count, many[:take], taken, need[1])
            for r in range(take):
                rank = many[r] if drawn else count - take + r
                position = visible[rank] if node_row >= 0 else begin + rank
                store32(edge[E_COL] + (edge[E_COUNT] + counts[2] + counts[1] + filled) * 4, start + i)
                positions[filled], lane_of[filled] = position, lane
                filled += 1
                if filled == CHUNK:
                    counts[0] = filled
                    full = _advance(id_like, disjoint, tag_mask, tag, step, found, edge, ring, counts, need)
                    if full != 0:
                        return full
                    positions, lane_of = ring[counts[3] % 3, _K_POSITION], ring[counts[3] % 3, _K_LANE]
                    filled = 0
    counts[0] = filled
    return _drain(id_like, disjoint, tag_mask, tag, step, found, edge, ring, counts, need)


@kernel
def _side_by_side(step, edge_table):
    """Whether :func:`floyd_rows` can make the draws: not too many a node, and ranks of 31 bits."""
    return step[P_FANOUT] <= ROWS and edge_table[step[P_EDGE], E_ROWS] < 1 << 31


@kernel
def _expand_column(
    id_like, disjoint, tag_mask, tag, step, node_table, edge_table, cuts, first, last, scratch, need
):
    """Run a step over a foreign-key column: at most one neighbour per node. Returns as above."""
    size, nodes, edge = width(id_like), node_table[step[P_DST]], edge_table[step[P_EDGE]]
    found, nothing = node_table[step[P_SRC]], 0xFFFFFFFF if size == 4 else -1
    high, low, node_row, ring, counts = step[P_HIGH], step[P_LOW], step[P_NODE], scratch[1], scratch[6]
    for start in range(first, last, CHUNK):
        picks = ring[counts[3] % 3]
        stop, filled = min(start + CHUNK, last), 0
        if not _has_room(edge, step, counts[1] + counts[2] + stop - start, need):
            return -1 - step[P_EDGE]
        for i in range(start, stop):
            node = load(id_like, nodes[N_NODES] + i * size)
            prefetch(edge[E_NBR] + node * size)
        col_at = edge[E_COL] + (edge[E_COUNT] + counts[2] + counts[1]) * 4
        for i in range(start, stop):
            node = load(id_like, nodes[N_NODES] + i * size)
            lane = load32(nodes[N_BATCH] + i * 4) if disjoint else np.int64(0)
            neighbor = load(id_like, edge[E_NBR] + node * size)
            seen = neighbor != nothing
            seen &= high < 0 or node < cuts[high, lane]
            seen &= low < 0 or node >= cuts[low, lane]
            seen &= node_row < 0 or neighbor < cuts[node_row, lane]
            picks[_K_POSITION, filled], picks[_K_LANE, filled] = node, lane
            store32(col_at + filled * 4, i)
            filled += seen
        counts[0] = filled
        full = _advance(id_like, disjoint, tag_mask, tag, step, found, edge, ring, counts, need)
        if full != 0:
            return full
    return _drain(id_like, disjoint, tag_mask, tag, step, found, edge, ring, counts, need)


@kernel
def _add_seeds(id_like, disjoint, tag_mask, tag, table):
    """Enter the seeds, which lie in ``nodes`` already, into the hash; of equal ones, the first."""
    for local in range(table[N_COUNT]):
        node = load(id_like, table[N_NODES] + local * width(id_like))
        batch = load32(table[N_BATCH] + local * 4)
        lane = batch if disjoint else np.int64(0)
        # ``count`` = local writes the seed's own node again; only its batch must be kept in joint mode
        find_or_add(id_like, tag_mask, tag, table, local, node, batch if disjoint else -1, hash_of(node, lane))
        store32(table[N_BATCH] + local * 4, batch)


@kernel
def sample_batch(
    id_like, disjoint, tag_mask, tag, plan, node_table, edge_table, cuts, keys, ends, step_edges, scratch, need
):
    """Sample one batch into the arena that the tables point at.

    Arrays
    ------
    id_like     ids[0]    carries the dtype of ids
    tag_mask, tag         this epoch in hash slots (``kernels/relabel.py``)
    ends        int64[types, hops + 2]  nodes of each type after hop h at column h + 1; column 0 is 0
    step_edges  int64[steps]  out
    scratch     tuple of  block int64[10, LANES];  ring int64[3, 4, ROOM];  ranks int32[ROWS, LANES];
                taken int64[power of two >= 2 * many];
                visible int64[largest degree + 1];  many int64[largest fanout drawn];
                counts int64[4]
    need        int64[2]  out: the capacity that was missing; in/out: stamp of ``taken``
    returns     int64     0; 1 + type or -(1 + edge type) if its capacity was too small: run again
    """
    scratch[6][:3] = 0
    for t in range(len(node_table)):
        _add_seeds(id_like, disjoint, tag_mask, tag, node_table[t])
        ends[t, 1] = node_table[t, N_COUNT]
    hop = 1
    for s in range(len(plan)):
        step = plan[s]
        while hop < step[P_HOP]:
            hop += 1
            ends[:, hop] = node_table[:, N_COUNT]
        before = edge_table[step[P_EDGE], E_COUNT]
        first, last = ends[step[P_DST], hop - 1], ends[step[P_DST], hop]
        if step[P_LAYOUT] == COLUMN:
            full = _expand_column(
                id_like, disjoint, tag_mask, tag, step, node_table, edge_table, cuts, first, last, scratch,
                need,
            )  # fmt: skip
        elif step[P_NODE] >= 0 or (step[P_RECENT] == 0 and not _side_by_side(step, edge_table)):
            full = _expand_one_by_one(
                id_like, disjoint, tag_mask, tag, step, node_table, edge_table, cuts, keys, first, last,
                scratch, need,
            )  # fmt: skip
        else:
            full = _expand_rows(
                id_like, disjoint, tag_mask, tag, step, node_table, edge_table, cuts, keys, first, last,
                scratch, need,
            )  # fmt: skip
        if full != 0:
            return full
        step_edges[s] = edge_table[step[P_EDGE], E_COUNT] - before
    while hop < ends.shape[1] - 1:
        hop += 1
        ends[:, hop] = node_table[:, N_COUNT]
    return 0
