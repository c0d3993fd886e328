"""Columns of the tables that stand in for lists of arrays: words of 8 bytes, read by ``raw.word``.

The kernels take one number, the address of the *call*; everything else is found from there.

call        int64[C_WORDS]             C_* words
plan        int64[steps, P_WORDS]      P_* columns
node table  int64[node types, N_WORDS] N_* columns; COUNT holds the seeds, then grows
edge table  int64[edge types, E_WORDS] E_* columns
block       int64[B_ROWS, LANES]       B_* rows: what is known of sixteen expanded nodes
chunk       int64[K_ROWS, ROOM_ROW / 8] K_* rows: drawn positions on their way to become edges
"""

from __future__ import annotations

# fmt: off
(
    # set for every call, in this order (``stores/run_batch.py``): the steps; what they may see, by seed;
    # the tables; counts by hop and step; metapaths' lists of drawn nodes, int32[room], begin at SPANS,
    # int64[steps + 1]; budgets by seed; bits of a hash slot that hold a local id (``kernels/relabel.py``)
    C_PLAN, C_HIDDEN, C_CUTS, C_LANES, C_KEYS, C_VIEWS,
    C_NODES, C_EDGES, C_ENDS, C_STEP_EDGES, C_SPANS, C_LANE_NODES, C_DROPPED, C_LOW, C_STAMP,
    # edges of the new, mid, met and old chunk; answers: capacity that was missing, nodes whose weighted
    # draws needed a scan
    C_NEW, C_MID, C_MET, C_OLD, C_NEED, C_SLOW,
    # of a plan: rules, 0 or 1 (a lane is a seed; every draw is a node; cutoffs along the path; the instant
    # itself is not visible; steps expand what their parent drew; chunks need settling); nodes a seed may
    # have; rules of cutoffs along the path, int64[bounds, 4] address of times, dated rows, window or -1,
    # address of knots (``kernels/cuts.py``);
    # addresses of the stages that look at a block of nodes, and that make edges of chunks
    C_STEPS, C_TYPES, C_HOPS, C_DISJOINT, C_TREE, C_PATH, C_BY_PATH, C_GENERAL,
    C_BUDGET, C_BOUNDS, C_FILL, C_ADVANCE,
    # scratch of the worker
    C_BLOCK, C_AT_NEW, C_AT_MID, C_AT_MET, C_AT_OLD, C_RANKS, C_MANY,
    C_TARGETS, C_RUNNING, C_VISIBLE, C_TAKEN, C_TAKEN_MASK, C_FRONTIER, C_FRONTIER_ROOM,
    # state: the step under way and its tables; the block's first node and how many; the node that is
    # drawn for: its lane in the block, visible neighbours, draws, whether they are listed
    C_STEP, C_NUMBER, C_SRC, C_DST, C_EDGE, C_LIST, C_FIRST, C_LAST, C_START, C_WIDTH,
    C_NODE, C_COUNT, C_TAKE, C_LISTED,
) = range(61)
C_EACH, C_WORDS = 21, 61

(
    P_HOP, P_EDGE, P_DST, P_SRC, P_LAYOUT, P_FANOUT, P_STRATEGY, P_SALT,
    # row-id bounds (rows of the cuts), -1 for none: of edges, of the look-back window, of neighbours
    P_HIGH, P_LOW, P_NODE,
    P_REPLACE, P_FRACTION,
    # addresses of cumulative masses, of the edge table's weights and times, or 0; half-life as float64
    P_MASS, P_WEIGHTS, P_TIMES, P_HALF_LIFE,
    # addresses of end times, or 0; 1 where an edge's time is a cutoff; number of the hidden edges, or -1
    P_EDGE_END, P_NODE_END, P_CLOCK, P_HIDDEN,
    P_PARENT, P_PATHS,
    # addresses of the stages that run the step, and that make its draws, or 0
    P_EXPAND, P_DRAW,
) = range(25)
P_WORDS = 25

N_NODES, N_BATCH, N_HASH, N_LINES, N_CAPACITY, N_COUNT, N_CLOCK, N_SEEN = range(8)
N_WORDS = 8

(
    E_INDPTR, E_OFFSET, E_NBR, E_EID, E_ROW, E_COL, E_OUT, E_CAPACITY, E_COUNT, E_ROWS, E_STRIDE,
    E_MASKS, E_HASH, E_LINES,
) = range(14)
E_WORDS = 14
# fmt: on

UNIFORM, RECENT, WEIGHTED, DECAY = range(4)
"""Strategies (``stores.steps.Strategy``)."""

LANES: int = 16
"""Expanded nodes per block: enough misses in flight, few enough to stay in L1."""

CHUNK: int = 256
"""Drawn positions after which a chunk moves on."""

ROOM: int = 2 * CHUNK
"""Drawn positions that a chunk can hold; a node with more than :data:`CHUNK` draws is split."""

ROW: int = 8 * LANES
"""Bytes of a row of the block."""

B_LOCAL, B_NODE, B_LANE, B_VIEW, B_BEGIN, B_END, B_CUT, B_SIZE, B_ACTIVE, B_COUNT, B_TAKE, B_KEY = (
    row * ROW for row in range(12)
)
"""Byte offsets of the rows of a block."""

ROOM_ROW: int = 8 * ROOM + 320
"""Bytes of a row of a chunk: no multiple of 4096, or all rows would share a few sets of the cache."""

K_POSITION, K_LANE, K_NODE, K_HASH, K_COL, K_EDGE = (row * ROOM_ROW for row in range(6))
"""Byte offsets of the rows of a chunk; cols are int32."""

B_ROWS, K_ROWS, CHUNKS = 12, 6, 4
