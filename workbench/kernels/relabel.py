"""From global ids to local ids: a hash table whose bucket is one cache line.

    line of 16 slots     | check | local id + 1 |  ...  32 bits each, filled from the left; 0 is empty
    a lookup             one vector compare finds the slots that agree in their check and the first empty one

As many bits hold a local id as the batch can need, and the rest of the slot checks; a slot that agrees is
verified through the node's own row, so equal checks never confuse. A batch begins by wiping its tables,
which costs less than a larger slot would: it is a stream, and brings them nearer.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import part
from workbench.kernels.lanes import SLOTS, lowest_bit, match_line
from workbench.kernels.raw import half, load, set_word, set_word32, width, word, word32

LAST_SLOT: int = 1 << (SLOTS - 1)
"""The bit of :func:`match_line` that stands for a line's last slot."""


@part
def wipe(slots, lines):
    """Empty a table of ``lines + 1`` lines."""
    for at in range(slots, slots + ((lines + 1) << 6), 8):
        set_word(at, 0, 0)


@part
def check_of(hashed, low):
    """The bits of a slot that check, where ``low`` is the mask of its local id."""
    return np.int64(np.uint64(hashed) >> np.uint64(32)) & (np.int64(0xFFFFFFFF) ^ low)


@part
def hash_of(node, lane):
    """64 mixed bits, of which the higher half is of use: it chooses a line, and checks."""
    return np.int64(
        np.uint64(node) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(lane) * np.uint64(0xD1B54A32D192ED03)
    )


@part
def line_of(hashed, lines):
    """Number of the cache line where a hash belongs; ``lines`` is a power of two less one."""
    return np.int64(np.uint64(hashed) >> np.uint64(32)) & lines


@part
def lookup(like, low, slots, lines, ids, lanes, rows, clocks, node, lane, row, clock, hashed):
    """Local id of what was entered as (node, lane, row, clock); or the negative address of a free slot.

    Arrays, as addresses; 0 for those that do not count
    ------
    slots   uint32[lines + 1, 16]
    ids     ids[...]    node of each local id
    lanes   int32[...]  its seed; of edges, the dst
    rows    int32[...]  of edges, the src
    clocks  int64[...]
    """
    line, wanted = line_of(hashed, lines), check_of(hashed, low)
    while True:
        found = match_line(slots + (line << 6), wanted, low)
        while found != 0:
            slot_at = slots + (line << 6) + (lowest_bit(found) << 2)
            slot = half(slot_at, 0)
            if slot == 0:
                return -slot_at
            local = (slot & low) - 1
            same = load(like, ids + local * width(like)) == node
            same &= lanes == 0 or word32(lanes, local) == lane
            same &= rows == 0 or word32(rows, local) == row
            if same and (clocks == 0 or word(clocks, local) == clock):
                return local
            found &= found - 1
        line = (line + 1) & lines


@part
def enter(slot_at, low, hashed, local):
    """Note a local id in the free slot that :func:`lookup` found."""
    set_word32(slot_at, 0, check_of(hashed, low) | (local + 1))
