"""From global ids to local ids: a hash table whose bucket is one cache line.

    line of 8 slots      | check 32 | epoch 8 | local 24 |  ...  filled from the left
    a lookup             one vector compare finds the wanted slot or the first empty one

A slot of an earlier epoch is empty, so a table is wiped only when the epochs run out; batches of more than
2^24 nodes of a type use one bit of epoch and 31 of local id, and wipe each time. ``check`` is half of the
hash; a slot that agrees in it is verified through the node's own row, so equal checks never confuse.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import part
from workbench.kernels.lanes import lowest_bit, match_line
from workbench.kernels.raw import load, set_word, width, word, word32

NARROW_TAG: int = 0xFF << 24
"""Bits of the epoch in a slot whose local id has 24 bits."""

WIDE_TAG: int = 1 << 31
"""Bit of the epoch in a slot whose local id has 31 bits."""

CHECK: int = -1 << 32
"""Bits of the check in a slot."""


@part
def hash_of(node, lane):
    """64 mixed bits: the low half checks, the high half chooses a line."""
    return np.int64(
        np.uint64(node) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(lane) * np.uint64(0xD1B54A32D192ED03)
    )


@part
def line_of(hashed, lines):
    """Number of the cache line where a hash belongs; ``lines`` is a power of two less one."""
    return np.int64(np.uint64(hashed) >> np.uint64(35)) & lines


@part
def lookup(like, tag_mask, tag, slots, lines, ids, lanes, rows, clocks, node, lane, row, clock, hashed):
    """Local id of what was entered as (node, lane, row, clock); or the negative address of a free slot.

    Arrays, as addresses; 0 for those that do not count
    ------
    slots   int64[lines + 1, 8]
    ids     ids[...]    node of each local id
    lanes   int32[...]  its seed; of edges, the dst
    rows    int32[...]  of edges, the src
    clocks  int64[...]
    """
    low = np.int64(0xFFFFFFFF) ^ tag_mask
    line, wanted = line_of(hashed, lines), (hashed << 32) | tag
    while True:
        found = match_line(slots + (line << 6), CHECK | tag_mask, wanted, tag_mask, tag)
        while found != 0:
            slot_at = slots + (line << 6) + (lowest_bit(found) << 3)
            slot = word(slot_at, 0)
            if slot & tag_mask != tag:
                return -slot_at
            local = slot & low
            same = load(like, ids + local * width(like)) == node
            same &= lanes == 0 or word32(lanes, local) == lane
            same &= rows == 0 or word32(rows, local) == row
            if same and (clocks == 0 or word(clocks, local) == clock):
                return local
            found &= found - 1
        line = (line + 1) & lines


@part
def enter(slot_at, tag, hashed, local):
    """Note a local id in the free slot that :func:`lookup` found."""
    set_word(slot_at, 0, (hashed << 32) | tag | local)
