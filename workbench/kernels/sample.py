"""The fused sampler: a whole batch, any schema, in one call that holds no GIL.

``stores/hop_driver.py`` says what is computed; this file says how. A sampled edge costs about one
cache miss, so the kernel's work is to have many misses in flight:

    block of 16 expanded nodes      offsets prefetched one block ahead
      -> window of visible edges    lockstep binary search of the cut among row ids, 16 lanes
      -> draws                      Floyd per node from keyed draws; each position prefetched
    chunk of 256 drawn positions
      -> neighbour, hash            each hash slot prefetched
      -> relabel                    hash of u32 epoch(8)|local(24), or u64 epoch(32)|local(32), verified
                                    through ``nodes[local]``; cleared only when the epoch wraps

Tables of addresses (int64) stand in for lists of arrays, so there is one compilation for any schema.

Arrays
------
plan        int64[steps, 11]      P_* columns
node_table  int64[node types, 6]  N_* columns; COUNT holds the seeds, then grows
edge_table  int64[edge types, 9]  E_* columns; EID is NBR in the fact layout, ROWS the edge table's rows
cuts        int64[bounds, lanes]  row-id bounds that steps name; a lane is a seed (joint: all seeds)
keys        uint64[lanes]         seed keys
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.hop import COLUMN, EDGES
from workbench.kernels.jit import kernel
from workbench.kernels.raw import load, prefetch, store, width
from workbench.kernels.rng import draw_below, node_key

P_HOP, P_EDGE, P_DST, P_SRC, P_LAYOUT, P_FANOUT, P_RECENT, P_HIGH, P_LOW, P_NODE, P_SALT = range(11)
N_NODES, N_BATCH, N_HASH, N_MASK, N_CAPACITY, N_COUNT = range(6)
E_INDPTR, E_NBR, E_EID, E_ROW, E_COL, E_OUT, E_CAPACITY, E_COUNT, E_ROWS = range(9)

LANES: int = 16
"""Expanded nodes per block: enough misses in flight, few enough to stay in L1."""

CHUNK: int = 256
"""Drawn positions per relabel pass."""

SCAN: int = 64
"""Up to this many draws per node, Floyd looks back through a list; above, through a hash set."""

_B_NODE, _B_LANE, _B_BEGIN, _B_END, _B_CUT, _B_SIZE, _B_ACTIVE = range(7)
_K_POSITION, _K_COL, _K_LANE, _K_NODE, _K_SLOT = range(5)
BLOCK_ROWS, PICK_ROWS = 7, 5


@kernel
def slot_of(node, lane, mask):
    """First hash slot of a (node, lane)."""
    bits = np.uint64(node) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(lane) * np.uint64(0xD1B54A32D192ED03)
    return np.int64((bits ^ (bits >> np.uint64(29))) >> np.uint64(3)) & mask


@kernel
def find_or_add(
    id_like, slot_like, local_like, disjoint, epoch, hash_at, mask, nodes_at, batch_at, count, node, lane,
    slot,
):  # fmt: skip
    """Local id of (node, lane), appended to the type's nodes if it is new; returns (local, count)."""
    shift = 24 if width(slot_like) == 4 else 32
    local = np.int64(-1)
    while local < 0:
        at = hash_at + slot * width(slot_like)
        entry = load(slot_like, at)
        if entry >> shift != epoch:
            local = count
            store(slot_like, at, (epoch << shift) | local)
            store(id_like, nodes_at + local * width(id_like), node)
            store(local_like, batch_at + local * 4, lane if disjoint else -1)
            count += 1
        else:
            found = entry & ((1 << shift) - 1)
            same = load(id_like, nodes_at + found * width(id_like)) == node
            if same and (not disjoint or load(local_like, batch_at + found * 4) == lane):
                local = found
            else:
                slot = (slot + 1) & mask
    return local, count


@kernel
def _flush(
    id_like, slot_like, local_like, disjoint, epoch, step, node_table, edge_table, picks, filled, need
):
    """Turn drawn positions into edges: gather, relabel, write. Returns 0, or what is too small."""
    edge, nodes = edge_table[step[P_EDGE]], node_table[step[P_SRC]]
    if nodes[N_COUNT] + filled > nodes[N_CAPACITY]:
        need[0] = nodes[N_COUNT] + filled
        return 1 + step[P_SRC]
    if edge[E_COUNT] + filled > edge[E_CAPACITY]:
        need[0] = edge[E_COUNT] + filled
        return -1 - step[P_EDGE]
    # in locals, because a raw store might alias the tables and would have them loaded again each time
    layout, hash_at, mask, eid_at = step[P_LAYOUT], nodes[N_HASH], nodes[N_MASK], edge[E_EID]
    nodes_at, batch_at, count, nbr_at = nodes[N_NODES], nodes[N_BATCH], nodes[N_COUNT], edge[E_NBR]
    out = edge[E_COUNT]
    row_at, col_at, out_at = edge[E_ROW] + out * 4, edge[E_COL] + out * 4, edge[E_OUT] + out * width(id_like)
    positions, cols, lanes = picks[_K_POSITION], picks[_K_COL], picks[_K_LANE]
    drawn, slots = picks[_K_NODE], picks[_K_SLOT]
    for p in range(filled):
        node = load(id_like, nbr_at + positions[p] * width(id_like))
        slot = slot_of(node, lanes[p], mask)
        prefetch(hash_at + slot * width(slot_like))
        drawn[p], slots[p] = node, slot
    for p in range(filled):
        local, count = find_or_add(
            id_like, slot_like, local_like, disjoint, epoch, hash_at, mask, nodes_at, batch_at, count,
            drawn[p], lanes[p], slots[p],
        )  # fmt: skip
        store(local_like, row_at + p * 4, local)
    for p in range(filled):
        edge_id = drawn[p]
        if layout == COLUMN:
            edge_id = positions[p]
        elif layout == EDGES:
            edge_id = load(id_like, eid_at + positions[p] * width(id_like))
        store(local_like, col_at + p * 4, cols[p])
        store(id_like, out_at + p * width(id_like), edge_id)
    nodes[N_COUNT], edge[E_COUNT] = count, out + filled
    return 0


@kernel
def _lockstep(id_like, ids_at, block, lanes, target):
    """Move ``block[target]`` up to the first of SIZE ids that is CUT or more, all lanes at once."""
    bases, lengths, cuts, lane_of = block[target], block[_B_SIZE], block[_B_CUT], block[_B_ACTIVE]
    active = 0
    for i in range(lanes):
        if lengths[i] > 0:
            lane_of[active] = i
            active += 1
            prefetch(ids_at + (bases[i] + (lengths[i] >> 1)) * width(id_like))
    while active > 0:
        still = 0
        for a in range(active):
            i = lane_of[a]
            base, length = bases[i], lengths[i]
            half = length >> 1
            less = load(id_like, ids_at + (base + half) * width(id_like)) < cuts[i]
            base = base + half + 1 if less else base
            length = length - half - 1 if less else half
            bases[i], lengths[i] = base, length
            prefetch(ids_at + (base + (length >> 1)) * width(id_like))
            lane_of[still] = i
            still += length > 0
        active = still


@kernel
def _windows(id_like, long_like, local_like, disjoint, step, nodes, edge, cuts, block, start, lanes):
    """Fill the block's nodes, lanes and windows [begin, end) of positions of visible edges."""
    size = width(id_like)
    high, low = step[P_HIGH], step[P_LOW]
    for i in range(lanes):
        node = load(id_like, nodes[N_NODES] + (start + i) * size)
        lane = load(local_like, nodes[N_BATCH] + (start + i) * 4) if disjoint else np.int64(0)
        begin = load(long_like, edge[E_INDPTR] + node * 8)
        end = load(long_like, edge[E_INDPTR] + node * 8 + 8)
        block[_B_NODE, i], block[_B_LANE, i], block[_B_BEGIN, i] = node, lane, begin
        block[_B_CUT, i] = cuts[high, lane] if high >= 0 else edge[E_ROWS]
        # a cut at or above the last row bounds nothing: no search, no miss
        bounded = block[_B_CUT, i] < edge[E_ROWS]
        block[_B_SIZE, i] = end - begin if bounded else 0
        block[_B_END, i] = begin if bounded else end
    _lockstep(id_like, edge[E_EID], block, lanes, _B_END)
    if low >= 0:
        for i in range(lanes):
            block[_B_CUT, i] = cuts[low, block[_B_LANE, i]]
            block[_B_SIZE, i] = block[_B_END, i] - block[_B_BEGIN, i]
        _lockstep(id_like, edge[E_EID], block, lanes, _B_BEGIN)


@kernel
def _is_taken(value, drawn, ranks, taken, stamp):
    """Whether a rank was drawn before; above :data:`SCAN` draws it is noted in the hash set as well."""
    hit = False
    if len(ranks) <= SCAN:
        for earlier in range(drawn):
            hit |= ranks[earlier] == value
        return hit
    mask = np.int64(len(taken) - 1)
    slot = (value * 2654435761) & mask
    while taken[slot] >> 32 == stamp and not hit:
        hit = taken[slot] & 0xFFFFFFFF == value
        slot = (slot + 1) & mask
    return hit


@kernel
def _floyd(key, count, ranks, taken, stamp):
    """Floyd's sampling of ``len(ranks)`` distinct ranks below ``count``, in draw order.

    Arrays
    ------
    ranks  int64[take]   out
    taken  int64[power of two >= 2 * take]  hash set of ``stamp << 32 | rank``, for many draws
    """
    take = len(ranks)
    mask = np.int64(len(taken) - 1)
    counter, filter64 = np.uint64(0), np.uint64(0)
    for drawn in range(take):
        last = count - take + drawn
        value, counter = draw_below(key, counter, np.uint64(last + 1))
        rank = np.int64(value)
        # a 64-bit filter answers most "is it taken?" without looking back
        maybe = (filter64 >> (value & np.uint64(63))) & np.uint64(1)
        if maybe and _is_taken(rank, drawn, ranks, taken, stamp):
            rank = last
        filter64 |= np.uint64(1) << (np.uint64(rank) & np.uint64(63))
        ranks[drawn] = rank
        if take > SCAN:
            slot = (rank * 2654435761) & mask
            while taken[slot] >> 32 == stamp:
                slot = (slot + 1) & mask
            taken[slot] = (stamp << 32) | rank


@kernel
def _filtered(id_like, nbr_at, begin, end, node_cut, visible):
    """Positions in the window whose neighbour is visible itself; returns how many."""
    found = 0
    for position in range(begin, end):
        visible[found] = position
        found += load(id_like, nbr_at + position * width(id_like)) < node_cut
    return found


@kernel
def _expand_rows(
    id_like, slot_like, local_like, long_like, disjoint, epoch, step, node_table, edge_table, cuts, keys,
    first, last, block, picks, ranks, taken, visible, need,
):  # fmt: skip
    """Run a step over an edge type with offsets, block by block. Returns 0, or what is too small."""
    size, nodes, edge = width(id_like), node_table[step[P_DST]], edge_table[step[P_EDGE]]
    fanout, node_row, filled = step[P_FANOUT], step[P_NODE], 0
    nbr_at, eid_at, stored_ids = edge[E_NBR], edge[E_EID], step[P_LAYOUT] == EDGES
    positions, cols, lane_of = picks[_K_POSITION], picks[_K_COL], picks[_K_LANE]
    for start in range(first, last, LANES):
        lanes = min(np.int64(LANES), last - start)
        for i in range(start + lanes, min(start + lanes + LANES, last)):
            prefetch(edge[E_INDPTR] + load(id_like, nodes[N_NODES] + i * size) * 8)
        _windows(id_like, long_like, local_like, disjoint, step, nodes, edge, cuts, block, start, lanes)
        for i in range(lanes):
            begin, lane = block[_B_BEGIN, i], block[_B_LANE, i]
            count = block[_B_END, i] - begin
            if node_row >= 0:
                count = _filtered(
                    id_like, nbr_at, begin, block[_B_END, i], cuts[node_row, lane], visible
                )  # fmt: skip
            take = count if fanout < 0 or count <= fanout else fanout
            first_rank = count - take
            ordered = take == count or step[P_RECENT] == 1
            if not ordered:
                need[1] += 1
                key = node_key(keys[lane], np.uint64(step[P_SALT]), np.uint64(block[_B_NODE, i]))
                _floyd(key, count, ranks[:take], taken, need[1])
            for r in range(take):
                rank = first_rank + r if ordered else ranks[r]
                position = visible[rank] if node_row >= 0 else begin + rank
                prefetch(nbr_at + position * size)
                if stored_ids:
                    prefetch(eid_at + position * size)
                positions[filled], cols[filled], lane_of[filled] = position, start + i, lane
                filled += 1
                if filled == CHUNK:
                    full = _flush(
                        id_like, slot_like, local_like, disjoint, epoch, step, node_table, edge_table,
                        picks, filled, need,
                    )  # fmt: skip
                    if full != 0:
                        return full
                    filled = 0
    return _flush(
        id_like, slot_like, local_like, disjoint, epoch, step, node_table, edge_table, picks, filled, need
    )


@kernel
def _expand_column(
    id_like, slot_like, local_like, disjoint, epoch, step, node_table, edge_table, cuts, first, last, picks,
    need,
):  # fmt: skip
    """Run a step over a foreign-key column: at most one neighbour per node. Returns as above."""
    size, nodes, edge = width(id_like), node_table[step[P_DST]], edge_table[step[P_EDGE]]
    nothing = 0xFFFFFFFF if size == 4 else -1
    high, low, node_row = step[P_HIGH], step[P_LOW], step[P_NODE]
    for start in range(first, last, CHUNK):
        stop, filled = min(start + CHUNK, last), 0
        for i in range(start, stop):
            node = load(id_like, nodes[N_NODES] + i * size)
            prefetch(edge[E_NBR] + node * size)
        for i in range(start, stop):
            node = load(id_like, nodes[N_NODES] + i * size)
            lane = load(local_like, nodes[N_BATCH] + i * 4) if disjoint else np.int64(0)
            neighbor = load(id_like, edge[E_NBR] + node * size)
            seen = neighbor != nothing
            seen &= high < 0 or node < cuts[high, lane]
            seen &= low < 0 or node >= cuts[low, lane]
            seen &= node_row < 0 or neighbor < cuts[node_row, lane]
            picks[_K_POSITION, filled], picks[_K_COL, filled], picks[_K_LANE, filled] = node, i, lane
            filled += seen
        full = _flush(
            id_like, slot_like, local_like, disjoint, epoch, step, node_table, edge_table, picks, filled, need
        )
        if full != 0:
            return full
    return 0


@kernel
def _add_seeds(id_like, slot_like, local_like, disjoint, epoch, table):
    """Enter the seeds, which lie in ``nodes`` already, into the hash; of equal ones, the first."""
    for local in range(table[N_COUNT]):
        node = load(id_like, table[N_NODES] + local * width(id_like))
        lane = load(local_like, table[N_BATCH] + local * 4)
        slot = slot_of(node, lane if disjoint else 0, table[N_MASK])
        # ``count`` = local writes the seed's own node again; only its batch must be kept in joint mode
        find_or_add(
            id_like, slot_like, local_like, disjoint, epoch, table[N_HASH], table[N_MASK], table[N_NODES],
            table[N_BATCH], local, node, lane, slot,
        )  # fmt: skip
        store(local_like, table[N_BATCH] + local * 4, lane)


@kernel
def sample_batch(
    id_like, slot_like, local_like, long_like, disjoint, epoch, plan, node_table, edge_table, cuts, keys,
    ends, step_edges, block, picks, ranks, taken, visible, need,
):  # fmt: skip
    """Sample one batch into the arena that the tables point at.

    Arrays
    ------
    id_like, slot_like, local_like, long_like  empty arrays that carry dtypes: ids, hash slots, int32, int64
    ends        int64[types, hops + 2]  nodes of each type after hop h at column h + 1; column 0 is 0
    step_edges  int64[steps]  out
    block       int64[7, LANES];  picks int64[5, CHUNK];  ranks int64[largest fanout drawn];
    taken       int64[power of two >= 2 * ranks];  visible int64[largest degree + 1]   scratch
    need        int64[2]      out: the capacity that was missing; in/out: stamp of ``taken``
    returns     int64         0; 1 + type or -(1 + edge type) if its capacity was too small: run again
    """
    for t in range(len(node_table)):
        _add_seeds(id_like, slot_like, local_like, disjoint, epoch, node_table[t])
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
                id_like, slot_like, local_like, disjoint, epoch, step, node_table, edge_table, cuts, first,
                last, picks, need,
            )  # fmt: skip
        else:
            full = _expand_rows(
                id_like, slot_like, local_like, long_like, disjoint, epoch, step, node_table, edge_table,
                cuts, keys, first, last, block, picks, ranks, taken, visible, need,
            )  # fmt: skip
        if full != 0:
            return full
        step_edges[s] = edge_table[step[P_EDGE], E_COUNT] - before
    while hop < ends.shape[1] - 1:
        hop += 1
        ends[:, hop] = node_table[:, N_COUNT]
    return 0
