"""Communities of a graph: each node takes the label that most of its neighbours have, until few change.

label   0 1 2 3 4 5   ->   1 1 1 4 4 4      a sweep over the nodes in random order, in place, a few times

A label that has spread to ``largest`` nodes takes no more: otherwise one would flood a graph without
clear communities, and say nothing.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel
from workbench.types import AnyArray, Int64Array

SWEEPS = 10
"""Sweeps at most; planted communities are found in four."""

SETTLED = 200
"""Sweeps end once fewer than one node in so many takes another label."""


def communities(indptr: Int64Array, nbr: AnyArray, largest: int, key: int = 0) -> Int64Array:
    """Label the nodes of an undirected graph.

    Parameters
    ----------
    indptr : int64[n + 1], nbr : int32[m] or int64[m]  neighbours of each node, every edge from both its ends
    largest : int  nodes that a label may have
    key : int  which random order of nodes

    Returns
    -------
    int64[n]
        Equal for nodes of one community: the number of one of them.
    """
    count = len(indptr) - 1
    labels, sizes = np.arange(count), np.ones(count, np.int64)
    turns, votes = np.random.default_rng(key).permutation(count), np.zeros(count, np.int64)
    for _ in range(SWEEPS):
        if _sweep(indptr, nbr, turns, largest, labels, sizes, votes) * SETTLED < count:
            break
    return labels


@kernel
def _sweep(indptr, nbr, turns, largest, labels, sizes, votes):
    """One sweep; how many nodes took another label.

    Arrays
    ------
    turns    int64[n]   nodes in the order in which they are asked
    labels   int64[n]
    sizes    int64[n]   nodes of each label
    votes    int64[n]   by label, zeros between two nodes
    Cost: about three cache misses an edge.
    """
    moved = 0
    for turn in range(len(turns)):
        node = turns[turn]
        first, end = indptr[node], indptr[node + 1]
        for edge in range(first, end):
            votes[labels[nbr[edge]]] += 1
        own = labels[node]
        best, most = own, votes[own]
        for edge in range(first, end):
            label = labels[nbr[edge]]
            if votes[label] > most and sizes[label] < largest:
                best, most = label, votes[label]
        for edge in range(first, end):
            votes[labels[nbr[edge]]] = 0
        if best != own:
            sizes[own] -= 1
            sizes[best] += 1
            labels[node] = best
            moved += 1
    return moved
