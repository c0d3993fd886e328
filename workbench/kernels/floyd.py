"""Draws without replacement: Floyd's algorithm, sixteen nodes side by side.

    for d in 0 .. take - 1:  last = count - take + d;  t = draw below last + 1
                             rank = last if t is taken, else t

Draw d of a node is a hash of (key, d), so sixteen nodes are hashed in vectors, and "is it taken?" is one
vector compare with each earlier row (Bentley and Floyd, "A Sample of Brilliance", CACM 1987).
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel
from workbench.kernels.lanes import WIDE, floyd16
from workbench.kernels.raw import load64
from workbench.kernels.rng import draw_below

ROWS: int = 128
"""Largest fanout that is drawn side by side; above, node by node."""

SCAN: int = 64
"""Up to this many draws per node, :func:`floyd_one` looks back through a list; above, through a hash set."""


@kernel
def floyd_rows(keys, counts, takes, ranks, rows):
    """Ranks of sixteen nodes: lane i gets ``takes[i]`` distinct ranks below ``counts[i]``, in draw order.

    Arrays
    ------
    keys, counts, takes  addresses of uint64[16], int64[16], int64[16]
    ranks   int32[ROWS, 16]  out; rows from ``takes[i]`` on are of no use to lane i

    Counts are below 2^31. Cost: takes^2 / 2 vector compares.
    """
    again = floyd16(keys, counts, takes, ranks.ctypes.data, rows)
    if again != 0:  # about one draw in 2^32 / count
        for i in range(WIDE):
            count, take, key = load64(counts + i * 8), load64(takes + i * 8), np.uint64(load64(keys + i * 8))
            for drawn in range(take):
                last = count - take + drawn
                rank = np.int32(draw_below(key, np.uint64(drawn), np.uint64(last + 1)))
                for earlier in range(drawn):
                    rank = np.int32(last) if ranks[earlier, i] == rank else rank
                ranks[drawn, i] = rank


@kernel
def _is_taken(value, drawn, ranks, taken, stamp):
    """Whether a rank was drawn before; above :data:`SCAN` draws it is looked up in the hash set."""
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
def floyd_one(key, count, ranks, taken, stamp):
    """The same for one node and any number of draws: ``len(ranks)`` distinct ranks below ``count``.

    Arrays
    ------
    ranks  int64[take]   out
    taken  int64[power of two >= 2 * take]  hash set of ``stamp << 32 | rank``, for many draws
    """
    take = len(ranks)
    mask = np.int64(len(taken) - 1)
    filter64 = np.uint64(0)
    for drawn in range(take):
        last = count - take + drawn
        value = draw_below(key, np.uint64(drawn), np.uint64(last + 1))
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
