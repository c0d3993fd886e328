"""One hop for many nodes: the plain kernels behind ``sample_hop``.

They are written for reading, one node after another, and share no code with the fused kernel of
``sample.py``, which must give the same bits. Two passes: count, then fill.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from workbench.kernels.hop_draws import aged, by_mass, by_scan, floyd, with_replacement
from workbench.kernels.jit import inlined, kernel
from workbench.types import AnyArray, Float64Array, Int64Array, UInt64Array

FACT, COLUMN, EDGES = 0, 1, 2
"""Layouts of an edge type, as numbers (``schema.EdgeSpec``)."""

UNIFORM, RECENT, WEIGHTED, DECAY = 0, 1, 2, 3
"""``stores.steps.Strategy``."""


class Sight(NamedTuple):
    """What each expanded node may see. Arrays that no test needs are empty.

    layout       int64          FACT, COLUMN or EDGES
    indptr       uint32 or int64[num_dst + 1]  offsets (empty for COLUMN)
    nbr          ids[...]       neighbours
    eid          ids[...]       edge ids, ascending per dst (the same array as ``nbr`` for FACT)
    nothing      int64          the id that means "no neighbour"
    never        int64          the end of rows that do not end
    nodes        int64[n]       what is expanded
    anchors      int64[n]       what has ended by then is not visible
    low, high    int64[n]       edges below are older than the look-back window, from high on too new
    node_cut     int64[n]       neighbours from here on are not visible
    edge_ends    int64[rows]    when each edge ends
    node_ends    int64[nodes]   when each neighbour ends
    hidden_from  int64[n + 1]   node i does not see the edges hidden[hidden_from[i]:hidden_from[i + 1]]
    hidden       int64[...]     edge ids, ascending per node
    """

    layout: int
    indptr: AnyArray
    nbr: AnyArray
    eid: AnyArray
    nothing: np.int64
    never: np.int64
    nodes: Int64Array
    anchors: Int64Array
    low: Int64Array
    high: Int64Array
    node_cut: Int64Array
    edge_ends: Int64Array
    node_ends: Int64Array
    hidden_from: Int64Array
    hidden: Int64Array


class Drawing(NamedTuple):
    """How edges are drawn.

    strategy    int64           UNIFORM, RECENT, WEIGHTED or DECAY
    again       bool            with replacement
    log         bool            masses are base-2 logarithms
    half_life   float64         microseconds (DECAY)
    masses      float64[edges]  prefix masses; empty: they are summed up node by node
    weights     float64[rows]   of edges, by edge id (WEIGHTED)
    times       int64[rows]     of edges, by edge id (DECAY)
    keys        uint64[n]       draw key of each node
    """

    strategy: int
    again: bool
    log: bool
    half_life: float
    masses: Float64Array
    weights: Float64Array
    times: Int64Array
    keys: UInt64Array


@inlined
def first_at_least(ids, begin, end, bound):
    """Find the first position in ``[begin, end)`` whose id is ``bound`` or more; ids ascend."""
    while begin < end:
        middle = (begin + end) >> 1
        if np.int64(ids[middle]) < bound:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel
def edge_id(sight, position):
    """The edge id at a position."""
    return np.int64(position) if sight.layout == COLUMN else np.int64(sight.eid[position])


@kernel
def window(sight, i):
    """Positions of node i's edges that are neither too old nor too new."""
    node, low, high = sight.nodes[i], sight.low[i], sight.high[i]
    if sight.layout == COLUMN:
        there = low <= node < high and np.int64(sight.nbr[node]) != sight.nothing
        return node, node + 1 if there else node
    first, end = np.int64(sight.indptr[node]), np.int64(sight.indptr[node + 1])
    begin = first_at_least(sight.eid, first, end, low)
    return begin, first_at_least(sight.eid, begin, end, high)


@kernel
def is_visible(sight, i, position):
    """Whether node i sees the edge at a position of its window."""
    neighbor, edge = np.int64(sight.nbr[position]), edge_id(sight, position)
    if len(sight.node_cut) and neighbor >= sight.node_cut[i]:
        return False
    if has_ended(sight.node_ends, neighbor, sight.anchors[i], sight.never):
        return False
    if has_ended(sight.edge_ends, edge, sight.anchors[i], sight.never):
        return False
    if len(sight.hidden) == 0:
        return True
    end = sight.hidden_from[i + 1]
    place = first_at_least(sight.hidden, sight.hidden_from[i], end, edge)
    return place == end or sight.hidden[place] != edge


@kernel
def has_ended(ends, row, anchor, never):
    """Whether a row is no more at an anchor; not where no row ends (``ends`` is empty)."""
    return len(ends) > 0 and ends[row] <= anchor and ends[row] != never


@kernel
def visible_positions(sight, i):
    """int64[n]: positions of node i's visible edges, in stored order."""
    begin, end = window(sight, i)
    found, count = np.empty(end - begin, np.int64), 0
    for position in range(begin, end):
        if is_visible(sight, i, position):
            found[count] = position
            count += 1
    return found[:count]


@kernel
def count_visible(sight, counts):
    """How many edges each node sees, into ``counts`` int64[n]."""
    for i in range(len(sight.nodes)):
        counts[i] = len(visible_positions(sight, i))


@kernel
def fill_draws(sight, drawing, takes, offsets, drawn, neighbors, edge_ids):
    """Draw the edges of each node, in the order that ``stores/hop_driver.py`` prescribes.

    Arrays
    ------
    takes      int64[n]      draws per node
    offsets    int64[n + 1]  where each node's draws go, ``takes`` apart
    drawn      int64[n]      out: how many there are; fewer where edges weigh nothing
    neighbors, edge_ids  ids[offsets[n]]  out
    returns    int64         nodes whose edges were scanned to draw by weight or age
    """
    slow = 0
    for i in range(len(sight.nodes)):
        take, out = takes[i], offsets[i]
        drawn[i] = 0
        if take == 0:
            continue
        seen = visible_positions(sight, i)
        ranks = np.empty(take, np.int64)
        if drawing.strategy == WEIGHTED or (
            drawing.strategy == DECAY and (drawing.again or take < len(seen))
        ):
            drawn[i], scanned = weighted_draws(sight, drawing, i, seen, ranks)
            slow += scanned and sight.layout != COLUMN
        else:
            drawn[i] = take
            plain_draws(drawing, drawing.keys[i], len(seen), ranks)
        for j in range(drawn[i]):
            position = seen[ranks[j]]
            neighbors[out + j] = sight.nbr[position]
            edge_ids[out + j] = edge_id(sight, position)
    return slow


@kernel
def plain_draws(drawing, key, count, ranks):
    """Fill ``ranks`` with draws that look at no weight."""
    take = len(ranks)
    if drawing.again:
        with_replacement(key, count, take, ranks)
    elif drawing.strategy == RECENT or take == count:
        for j in range(take):
            ranks[j] = count - take + j
    else:
        floyd(key, count, take, ranks)


@kernel
def weighted_draws(sight, drawing, i, seen, ranks):
    """Draw by weight or age; returns how many were drawn and whether the edges were scanned."""
    count, take, key = len(seen), len(ranks), drawing.keys[i]
    rows = np.empty(count, np.int64)
    for j in range(count):
        rows[j] = edge_id(sight, seen[j])
    weights, times = np.empty(0), np.empty(0, np.int64)
    if drawing.strategy == WEIGHTED:
        weights = drawing.weights[rows]
    else:
        times = drawing.times[rows]
    if take == count and not drawing.again:
        return positive(weights, ranks), False
    masses, begin, end, before, log = drawing.masses, seen[0], seen[-1] + 1, 0.0, drawing.log
    if sight.layout == COLUMN or begin == np.int64(sight.indptr[sight.nodes[i]]):
        before = -math.inf if log else 0.0
    elif len(masses):
        before = masses[begin - 1]
    # not a plain range, or one whose weights were swallowed by the mass before it: summed up anew
    scan = len(masses) == 0 or end - begin != count or masses[end - 1] <= before
    if scan:
        masses, begin, end, before, log = running(weights, times, drawing.half_life), 0, count, 0.0, False
        if masses[-1] <= 0.0:
            return 0, True
    found = by_mass(key, masses, begin, end, before, log, take, drawing.again, ranks)
    if found < take:
        return by_scan(key, weights, times, drawing.half_life, found, take, ranks), True
    return found, scan


@kernel
def positive(weights, ranks):
    """Ranks of all edges that weigh something, in stored order; returns their number."""
    found = 0
    for rank in range(len(weights)):
        if weights[rank] > 0.0:
            ranks[found] = rank
            found += 1
    return found


@kernel
def running(weights, times, half_life):
    """float64[n]: inclusive masses of visible edges, by weight or by age from the latest on."""
    count = max(len(weights), len(times))
    masses, total = np.empty(count), 0.0
    for rank in range(count):
        total += aged(times[rank] - times[-1], half_life) if len(times) else weights[rank]
        masses[rank] = total
    return masses
