"""Columns of the tables of addresses that stand in for lists of arrays, and sizes of scratch.

Arrays
------
plan        int64[steps, 11]      P_* columns
node_table  int64[node types, 6]  N_* columns: addresses of ids, batches and hash lines; lines - 1; room;
                                  COUNT holds the seeds, then grows
edge_table  int64[edge types, 10] E_* columns: addresses of offsets, neighbours, edge ids (of the neighbours
                                  again in the fact layout) and outputs; room; edges so far; rows of the
                                  edge table; STRIDE, the bytes between neighbours and between edge ids
block       int64[10, LANES]      B_* rows: what is known of sixteen expanded nodes
chunk       int64[4, ROOM]        K_* rows: drawn positions on their way to become edges
"""

from __future__ import annotations

from typing import Any, NamedTuple

P_HOP, P_EDGE, P_DST, P_SRC, P_LAYOUT, P_FANOUT, P_RECENT, P_HIGH, P_LOW, P_NODE, P_SALT = range(11)
N_NODES, N_BATCH, N_HASH, N_LINES, N_CAPACITY, N_COUNT = range(6)
E_INDPTR, E_NBR, E_EID, E_ROW, E_COL, E_OUT, E_CAPACITY, E_COUNT, E_ROWS, E_STRIDE = range(10)

LANES: int = 16
"""Expanded nodes per block: enough misses in flight, few enough to stay in L1."""

CHUNK: int = 256
"""Drawn positions after which a chunk moves on."""

ROOM: int = 2 * CHUNK
"""Drawn positions that a chunk can hold; a node with more than :data:`CHUNK` draws is split."""

ROW: int = 8 * LANES
"""Bytes of a row of the block."""

B_NODE, B_LANE, B_BEGIN, B_END, B_CUT, B_SIZE, B_ACTIVE, B_COUNT, B_TAKE, B_KEY = (
    row * ROW for row in range(10)
)
"""Byte offsets of the rows of a block."""

K_POSITION, K_LANE, K_NODE, K_HASH = (row * 8 * ROOM for row in range(4))
"""Byte offsets of the rows of a chunk."""

BLOCK_ROWS, CHUNK_ROWS, CHUNKS = 10, 4, 3


class Call(NamedTuple):
    """Everything that the parts of one ``sample_batch`` share.

    Arrays
    ------
    id_like      ids[0]  carries the dtype of ids
    disjoint     bool    a lane is a seed; otherwise all nodes are in lane 0
    tag_mask, tag        this batch's epoch in hash slots (``kernels/relabel.py``)
    plan, nodes, edges   the tables
    cuts         int64[bounds, lanes]  row-id bounds that steps name
    keys         uint64[lanes]         seed keys
    block        int64[10, LANES];  ring  int64[CHUNKS, 4, ROOM];  ranks  int32[floyd.ROWS, LANES]
    taken        int64[power of two >= 2 * many];  many  int64[largest fanout drawn node by node]
    visible      int64[largest degree + 1]
    counts       int64[4]  edges of the new, mid and old chunk; number of the turn
    need         int64[2]  out: the capacity that was missing; in/out: stamp of ``taken``
    """

    id_like: Any
    disjoint: Any
    tag_mask: Any
    tag: Any
    plan: Any
    nodes: Any
    edges: Any
    cuts: Any
    keys: Any
    block: Any
    ring: Any
    ranks: Any
    taken: Any
    many: Any
    visible: Any
    counts: Any
    need: Any
