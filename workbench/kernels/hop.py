"""One hop for many nodes: the plain kernel behind ``sample_hop``.

It is written for reading, one node after another, and shares no code with the fused kernel of
``sample.py``, which must give the same bits. Two passes: count, then fill.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import inlined, kernel
from workbench.kernels.rng import draw_below

FACT, COLUMN, EDGES = 0, 1, 2
"""Layouts of an edge type, as numbers (``schema.EdgeSpec``)."""


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
def count_visible(layout, indptr, nbr, eid, nodes, low, high, node_cut, nothing, begins, ends, counts):
    """Find the window of visible edges of each node, and how many of them lead to a visible node.

    Arrays
    ------
    layout    int64        FACT, COLUMN or EDGES
    indptr    int64[num_dst + 1]  offsets (empty for COLUMN)
    nbr       ids[...]     neighbours
    eid       ids[...]     edge ids, ascending per dst (the same array as ``nbr`` for FACT)
    nodes     int64[n]     what is expanded
    low       int64[n]     edges below are older than the look-back window
    high      int64[n]     edges from here on are not visible
    node_cut  int64[n]     neighbours from here on are not visible; empty: no test is needed
    nothing   int64        the id that means "no neighbour"
    begins, ends, counts  int64[n]  out: window of positions, visible edges in it
    """
    for i in range(len(nodes)):
        node = nodes[i]
        if layout == COLUMN:
            begin, end = node, node + 1
            if node < low[i] or node >= high[i] or np.int64(nbr[node]) == nothing:
                end = begin
        else:
            begin = first_at_least(eid, indptr[node], indptr[node + 1], low[i])
            end = first_at_least(eid, begin, indptr[node + 1], high[i])
        count = end - begin
        if len(node_cut):
            count = 0
            for position in range(begin, end):
                count += np.int64(nbr[position]) < node_cut[i]
        begins[i], ends[i], counts[i] = begin, end, count


@kernel
def fill_draws(
    layout, nbr, eid, keys, node_cut, begins, ends, counts, fanout, recent, offsets, neighbors, edge_ids
):
    """Draw the neighbours of each node, in the order that ``stores/hop_driver.py`` prescribes.

    Arrays
    ------
    keys       uint64[n]     draw key of each node
    begins, ends, counts  int64[n]  from :func:`count_visible`
    fanout     int64         draws per node, or -1 for all
    recent     bool          the latest instead of uniform ones
    offsets    int64[n + 1]  where each node's draws go
    neighbors, edge_ids  ids[offsets[n]]  out
    """
    ranks = np.empty(max(fanout, 0), np.int64)
    for i in range(len(keys)):
        count, out = counts[i], offsets[i]
        take = offsets[i + 1] - out
        if take == 0:
            continue
        if recent or take == count:
            wanted = np.arange(count - take, count)
        else:
            wanted = ranks[:take]
            floyd(keys[i], count, take, wanted)
        if len(node_cut):
            visible = np.empty(count, np.int64)
            found = 0
            for position in range(begins[i], ends[i]):
                if np.int64(nbr[position]) < node_cut[i]:
                    visible[found] = position
                    found += 1
        for j in range(take):
            position = visible[wanted[j]] if len(node_cut) else begins[i] + wanted[j]
            neighbors[out + j] = nbr[position]
            edge_ids[out + j] = position if layout == COLUMN else eid[position]


@inlined
def floyd(key, count, take, wanted):
    """Floyd's sampling: ``take`` distinct ranks below ``count``, in draw order, into ``wanted``."""
    for drawn in range(take):
        last = count - take + drawn
        value = np.int64(draw_below(key, np.uint64(drawn), np.uint64(last + 1)))
        rank = value
        for earlier in range(drawn):
            if wanted[earlier] == value:
                rank = last
        wanted[drawn] = rank
