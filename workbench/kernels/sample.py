"""The fused sampler: a whole batch, any schema and plan, in one call that holds no GIL.

``stores/hop_driver.py`` says what is computed; this file says how. A sampled edge costs about one
cache miss, so the kernel's work is to have many misses in flight, and to compute while they are:

    block of 16 expanded nodes      offsets prefetched one block ahead
      -> window of visible edges    kernels/windows.py: lockstep binary search of the cut among row ids
      -> draws                      kernels/floyd.py: sixteen nodes side by side
                                    kernels/weighted.py: the draws of a node side by side
    chunk of 256 or more positions  kernels/stream.py: prefetched, gathered and relabelled, three at once
                                    kernels/settle.py: one at a time, where edges may be left out or merged

Tables of addresses (``kernels/tables.py``) stand in for lists of arrays, so there is one compilation for
any schema.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel, part
from workbench.kernels.raw import call_at, load, set_word, width, word, word32
from workbench.kernels.relabel import enter, hash_of, lookup, wipe
from workbench.kernels.tables import (
    C_BY_PATH,
    C_DISJOINT,
    C_DST,
    C_EDGE,
    C_EDGES,
    C_ENDS,
    C_FIRST,
    C_FRONTIER,
    C_HOPS,
    C_LAST,
    C_LIST,
    C_LOW,
    C_NODES,
    C_NUMBER,
    C_PATH,
    C_PLAN,
    C_SPANS,
    C_SRC,
    C_STEP,
    C_STEP_EDGES,
    C_STEPS,
    C_TREE,
    C_TYPES,
    E_COUNT,
    E_HASH,
    E_LINES,
    E_WORDS,
    N_BATCH,
    N_CLOCK,
    N_COUNT,
    N_HASH,
    N_LINES,
    N_NODES,
    N_WORDS,
    P_DST,
    P_EDGE,
    P_EXPAND,
    P_HOP,
    P_PARENT,
    P_SRC,
    P_WORDS,
)


@part
def _begin_step(call, number, hop):
    """Note a step, its tables, and the first and last of the nodes that it expands."""
    step = word(call, C_PLAN) + number * (P_WORDS * 8)
    nodes, dst = word(call, C_NODES), word(step, P_DST)
    set_word(call, C_STEP, step)
    set_word(call, C_NUMBER, number)
    set_word(call, C_SRC, nodes + word(step, P_SRC) * (N_WORDS * 8))
    set_word(call, C_DST, nodes + dst * (N_WORDS * 8))
    set_word(call, C_EDGE, word(call, C_EDGES) + word(step, P_EDGE) * (E_WORDS * 8))
    spans, parent = word(call, C_SPANS), word(step, P_PARENT)
    if spans != 0:
        set_word(spans, number + 1, word(spans, number))
    chosen = spans != 0 and parent >= 0
    set_word(call, C_LIST, word(call, C_FRONTIER) if chosen else 0)
    ends = word(call, C_ENDS) + dst * ((word(call, C_HOPS) + 2) * 8)
    set_word(call, C_FIRST, word(spans, parent) if chosen else word(ends, hop - 1))
    set_word(call, C_LAST, word(spans, parent + 1) if chosen else word(ends, hop))


@part
def _close_hop(call, hop):
    """Note how many nodes of each type there are at the end of a hop."""
    ends, nodes = word(call, C_ENDS), word(call, C_NODES)
    for t in range(word(call, C_TYPES)):
        set_word(ends, t * (word(call, C_HOPS) + 2) + hop + 1, word(nodes, t * N_WORDS + N_COUNT))


@part
def _add_seeds(like, call, table):
    """Enter the seeds, which lie in the node table already, into the hash; of equal ones, the first."""
    disjoint, path = word(call, C_DISJOINT), word(call, C_PATH)
    nodes_at, batch_at = word(table, N_NODES), word(table, N_BATCH)
    for local in range(word(table, N_COUNT)):
        node = load(like, nodes_at + local * width(like))
        lane = word32(batch_at, local) if disjoint else np.int64(0)
        clock = word(word(table, N_CLOCK), local) if path else np.int64(0)
        hashed = hash_of(node, lane ^ clock)
        slot = lookup(
            like, word(call, C_LOW), word(table, N_HASH), word(table, N_LINES), nodes_at,
            batch_at if disjoint else np.int64(0), np.int64(0),
            word(table, N_CLOCK) if path else np.int64(0), node, lane, np.int64(0), clock, hashed,
        )  # fmt: skip
        if slot < 0:
            enter(-slot, word(call, C_LOW), hashed, local)


@part
def _wipe_tables(call):
    """Empty the hash tables of this batch."""
    for t in range(word(call, C_TYPES)):
        table = word(call, C_NODES) + t * (N_WORDS * 8)
        if word(table, N_HASH) != 0:
            wipe(word(table, N_HASH), word(table, N_LINES))
    for number in range(word(call, C_STEPS) if word(call, C_BY_PATH) else 0):
        step = word(call, C_PLAN) + number * (P_WORDS * 8)
        edge = word(call, C_EDGES) + word(step, P_EDGE) * (E_WORDS * 8)
        if word(edge, E_HASH) != 0:
            wipe(word(edge, E_HASH), word(edge, E_LINES))


@kernel
def sample_batch(like, call):
    """Sample one batch into the arena that the tables point at.

    Parameters
    ----------
    like : one id  carries the dtype of ids
    call : int64  address of the call

    Returns
    -------
    int64
        0; or what was too small, to be run again with more: 1 + node type, 1 + node types for the lists of
        drawn nodes, or -(1 + edge type). What it needs is in NEED.
    """
    hop = np.int64(1)
    if word(call, C_TREE) == 0:
        _wipe_tables(call)
        for t in range(word(call, C_TYPES)):
            _add_seeds(like, call, word(call, C_NODES) + t * (N_WORDS * 8))
    _close_hop(call, np.int64(0))
    for number in range(word(call, C_STEPS)):
        step = word(call, C_PLAN) + number * (P_WORDS * 8)
        while hop < word(step, P_HOP):
            _close_hop(call, hop)
            hop += 1
        _begin_step(call, number, hop)
        edge = word(call, C_EDGE)
        before = word(edge, E_COUNT)
        full = call_at(word(step, P_EXPAND), like, call)
        if full != 0:
            return full
        set_word(word(call, C_STEP_EDGES), number, word(edge, E_COUNT) - before)
    while hop < word(call, C_HOPS) + 1:
        _close_hop(call, hop)
        hop += 1
    return np.int64(0)
