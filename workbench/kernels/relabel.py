"""From global ids to local ids: a hash table whose bucket is one cache line.

    line of 8 slots      | check 32 | epoch 8 | local 24 |  ...  filled from the left
    a lookup             one vector compare finds the wanted slot or the first empty one

A slot of an earlier epoch is empty, so a table is wiped only when the epochs run out; batches of more than
2^24 nodes of a type use one bit of epoch and 31 of local id, and wipe each time. ``check`` is half of the
hash; a slot that agrees in it is verified through the node's own row, so equal checks never confuse.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import inlined, kernel
from workbench.kernels.lanes import lowest_bit, match_line
from workbench.kernels.raw import load, load32, load64, store, store32, store64, width
from workbench.kernels.tables import (
    N_BATCH,
    N_HASH,
    N_LINES,
    N_NODES,
)

NARROW_TAG: int = 0xFF << 24
"""Bits of the epoch in a slot whose local id has 24 bits."""

WIDE_TAG: int = 1 << 31
"""Bit of the epoch in a slot whose local id has 31 bits."""

CHECK: int = -1 << 32
"""Bits of the check in a slot."""


@inlined
def hash_of(node, lane):
    """64 mixed bits: the low half checks, the high half chooses a line."""
    return np.int64(
        np.uint64(node) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(lane) * np.uint64(0xD1B54A32D192ED03)
    )


@inlined
def line_of(hashed, lines):
    """Number of the cache line where a hash belongs; ``lines`` is a power of two less one."""
    return np.int64(np.uint64(hashed) >> np.uint64(35)) & lines


@kernel
def relabel_at_once(
    id_like, disjoint, tag_mask, tag, at, lines, nodes_at, batch_at, count, node, lane, hashed
):
    """Local id of a node if the first slot that matches is the right one, ``count`` if it is new; or -1.

    It is the right one but for full lines and equal checks, which hardly ever are: -1 asks for
    :func:`find_or_add`. A new node is appended; the caller counts it. ``at`` is the address of the lines.
    """
    low, wanted = np.int64(0xFFFFFFFF) ^ tag_mask, (hashed << 32) | tag
    line_at = at + (line_of(hashed, lines) << 6)
    found = match_line(line_at, CHECK | tag_mask, wanted, tag_mask, tag)
    if found == 0:
        return np.int64(-1)
    slot_at = line_at + (lowest_bit(found) << 3)
    slot = load64(slot_at)
    if slot & tag_mask != tag:
        store64(slot_at, wanted | count)
        store(id_like, nodes_at + count * width(id_like), node)
        store32(batch_at + count * 4, lane if disjoint else -1)
        return count
    local = slot & low
    if load(id_like, nodes_at + local * width(id_like)) != node:
        return np.int64(-1)
    if disjoint and load32(batch_at + local * 4) != lane:
        return np.int64(-1)
    return local


@kernel
def find_or_add(id_like, tag_mask, tag, table, count, node, batch, hashed):
    """Local id of a node, appended if it is new; returns (local, nodes now).

    Arrays
    ------
    table  int64[6]  N_* columns of the node's type

    ``batch`` is the seed that the node belongs to, or -1 in joint mode, where nodes belong to all.
    """
    lines, low = table[N_LINES], np.int64(0xFFFFFFFF) ^ tag_mask
    line, wanted = line_of(hashed, lines), (hashed << 32) | tag
    while True:
        line_at = table[N_HASH] + (line << 6)
        found = match_line(line_at, CHECK | tag_mask, wanted, tag_mask, tag)
        while found != 0:
            slot_at = line_at + (lowest_bit(found) << 3)
            slot = load64(slot_at)
            if slot & tag_mask != tag:
                store64(slot_at, wanted | count)
                store(id_like, table[N_NODES] + count * width(id_like), node)
                store32(table[N_BATCH] + count * 4, batch)
                return count, count + 1
            local = slot & low
            same = load(id_like, table[N_NODES] + local * width(id_like)) == node
            if same and (batch < 0 or load32(table[N_BATCH] + local * 4) == batch):
                return local, count
            found &= found - 1
        line = (line + 1) & lines
