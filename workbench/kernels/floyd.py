"""Draws without replacement: Floyd's algorithm, sixteen nodes side by side.

    for d in 0 .. take - 1:  last = count - take + d;  t = draw below last + 1
                             rank = last if t is taken, else t

Draw d of a node is a hash of (key, d), so sixteen nodes are hashed in vectors, and "is it taken?" is one
vector compare with each earlier row (Bentley and Floyd, "A Sample of Brilliance", CACM 1987).
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import part
from workbench.kernels.lanes import WIDE, floyd16
from workbench.kernels.raw import set_word, set_word32, word, word32
from workbench.kernels.rng import draw_below

ROWS: int = 128
"""Largest fanout that is drawn side by side; above, node by node."""

SCAN: int = 64
"""Up to this many draws per node, :func:`is_taken` looks back through a list; above, through a hash set."""


@part
def floyd_rows(keys, counts, takes, ranks, rows):
    """Ranks of sixteen nodes: lane i gets ``takes[i]`` distinct ranks below ``counts[i]``, in draw order.

    Arrays, as addresses
    ------
    keys, counts, takes  uint64[16], int64[16], int64[16]
    ranks   int32[ROWS, 16]  out; rows from ``takes[i]`` on are of no use to lane i

    Counts are below 2^31. Cost: takes^2 / 2 vector compares.
    """
    again = floyd16(keys, counts, takes, ranks, rows)
    if again != 0:  # about one draw in 2^32 / count
        for i in range(WIDE):
            count, take, key = word(counts, i), word(takes, i), np.uint64(word(keys, i))
            for drawn in range(take):
                last = count - take + drawn
                rank = np.int64(draw_below(key, np.uint64(drawn), np.uint64(last + 1)))
                for earlier in range(drawn):
                    rank = last if word32(ranks, earlier * WIDE + i) == rank else rank
                set_word32(ranks, drawn * WIDE + i, rank)


@part
def is_taken(rank, drawn, ranks, take, taken, mask, stamp):
    """Whether a rank is among the ``drawn`` ones; of many draws it is looked up in the hash set.

    Arrays, as addresses
    ------
    ranks  int64[drawn]
    taken  int64[mask + 1]  a power of two >= 2 * take: ``stamp << 32 | rank``, where ``take`` > SCAN
    """
    hit = False
    if take <= SCAN:
        for earlier in range(drawn):
            hit |= word(ranks, earlier) == rank
        return hit
    slot = (rank * 2654435761) & mask
    while word(taken, slot) >> 32 == stamp and not hit:
        hit = word(taken, slot) & 0xFFFFFFFF == rank
        slot = (slot + 1) & mask
    return hit


@part
def take_in(rank, taken, mask, stamp):
    """Put a rank into the hash set."""
    slot = (rank * 2654435761) & mask
    while word(taken, slot) >> 32 == stamp:
        slot = (slot + 1) & mask
    set_word(taken, slot, (stamp << 32) | rank)


@part
def floyd_one(key, count, take, ranks, taken, mask, stamp):
    """The same for one node and any number of draws: ``take`` distinct ranks below ``count``.

    Arrays, as addresses
    ------
    ranks  int64[take]   out
    taken  int64[mask + 1]  as in :func:`is_taken`
    """
    filter64 = np.uint64(0)
    for drawn in range(take):
        last = count - take + drawn
        value = draw_below(key, np.uint64(drawn), np.uint64(last + 1))
        rank = np.int64(value)
        # a 64-bit filter answers most "is it taken?" without looking back
        maybe = (filter64 >> (value & np.uint64(63))) & np.uint64(1)
        if maybe and is_taken(rank, drawn, ranks, take, taken, mask, stamp):
            rank = last
        filter64 |= np.uint64(1) << (np.uint64(rank) & np.uint64(63))
        set_word(ranks, drawn, rank)
        if take > SCAN:
            take_in(rank, taken, mask, stamp)
