r"""Grouping: a subgraph of many nodes as one of a few thousand dots. Plain values, no widget.

Nodes of one type that were found from the same node (or group) are alike; where there are too many dots, so
many of them at a time become one. Inner rings stay whole if grouping the rings beyond them is enough:

    user -- 10,000 orders  ->  user -- 3,334 dots of 3 orders, oldest first
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import workbench as wb

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Grouped:
    """What is drawn.

    Attributes
    ----------
    flat : FlatSubgraph  a row per dot
    first : int64[dots]  the row that each dot stands for, or the first of them
    count : int32[dots]  how many rows it stands for
    dot : int64[n]  the dot of each row
    """

    flat: wb.FlatSubgraph
    first: Rows
    count: NDArray[np.int32]
    dot: Rows


def grouped(flat: wb.FlatSubgraph, most: int, single: NDArray[np.bool_]) -> Grouped:
    """Draw a subgraph as at most so many dots.

    Parameters
    ----------
    single : bool[n]  rows that keep a dot of their own, however many there are
    """
    lead = np.arange(len(flat))
    if len(flat) > most:
        lead = _leads(flat, most, single)
    first, dot, count = np.unique(lead, return_inverse=True, return_counts=True)
    return Grouped(_collapsed(flat, lead), first, count.astype(np.int32), dot)


def _leads(flat: wb.FlatSubgraph, most: int, single: NDArray[np.bool_]) -> Rows:
    """int64[n]: the first row of each row's group."""
    parent, hops, whole = flat.parent, int(flat.hop.max(initial=0)), 0
    every = len(flat)
    for ring in range(hops, 0, -1):  # as many rings as can be left whole
        if _dots(_chunked(flat, parent, single, ring, every)) <= most:
            whole = ring
            break
    inside = int((flat.hop < whole).sum())
    size = max(2, -(-(every - inside) // max(most - inside, 1)))
    while size < every:
        found = _chunked(flat, parent, single, whole, size)
        if _dots(found) <= most:
            return found
        size = size + -(-size // 4)
    return _chunked(flat, parent, single, whole, every)


def _dots(lead: Rows) -> int:
    return int((lead == np.arange(len(lead))).sum())


def _chunked(
    flat: wb.FlatSubgraph, parent: NDArray[np.int32], single: NDArray[np.bool_], whole: int, size: int
) -> Rows:
    """Rings from ``whole`` on in groups of so many siblings; what is late stays apart from what is not."""
    lead = np.arange(len(flat))
    late = flat.late
    for hop in range(whole, int(flat.hop.max(initial=0)) + 1):
        ring = np.flatnonzero((flat.hop == hop) & ~single)
        above = np.where(parent[ring] < 0, -1, lead[parent[ring]])
        family = (above * len(flat.node_types) + flat.type[ring]) * 2 + late[ring]
        order = np.lexsort((flat.time[ring], family))
        ring, family = ring[order], family[order]
        begins = np.r_[True, family[1:] != family[:-1]][: len(ring)]
        start = np.flatnonzero(begins)[np.cumsum(begins) - 1]
        rank = np.arange(len(ring)) - start
        lead[ring] = ring[start + rank // size * size]
    return _least(lead)


def _least(lead: Rows) -> Rows:
    """The same groups, each named by its smallest row, so that dots keep the order of rows."""
    least = np.full(len(lead), len(lead))
    np.minimum.at(least, lead, np.arange(len(lead)))
    return least[lead]


def _collapsed(flat: wb.FlatSubgraph, lead: Rows) -> wb.FlatSubgraph:
    """A row per dot, and one edge between two dots; edges that discovered a dot stand before all others."""
    if _dots(lead) == len(flat):
        return flat
    tree = np.zeros(len(flat.src), bool)
    found = flat.found_by
    tree[found[found >= 0]] = True
    moved = replace(flat, src=lead[flat.src].astype(np.int32), dst=lead[flat.dst].astype(np.int32))
    order = np.argsort(~tree, kind="stable")
    order = order[(moved.src != moved.dst)[order]]
    pair = (lead[flat.dst] * len(flat) + moved.src) * 2 + flat.late_edges
    _, kept = np.unique(pair[order], return_index=True)
    return moved.only(lead == np.arange(len(flat)), order[np.sort(kept)])
