"""Prefix masses: cumulative weights of each node's edges, so that a weighted draw is a binary search.

    edges of a node     0    1    2    3        weights 1, 0, 2, 1
    mass (inclusive)    1    1    3    4        a target of 1.5 falls on edge 2: the first with mass > 1.5

Sums run from left to right and start anew at every node. Masses by age double every half-life, so they
are kept as logarithms, relative to the node's first edge: two edges may lie any number of half-lives
apart and their ratio stays exact enough, up to :data:`MOST_HALF_LIVES`.
"""

from __future__ import annotations

import math

import numpy as np

from workbench.kernels.jit import inlined, kernel

MOST_HALF_LIVES = 2.0**31
"""A node whose edges span more has logarithms too coarse to draw from: its masses are scanned."""


@kernel
def cumulate(indptr, eid, weights, masses):
    """Sum the weights of each node's edges.

    Arrays
    ------
    indptr   uint32 or int64[num_dst + 1]  offsets
    eid      ids[edges]          row of each edge
    weights  float64[rows]       finite, 0 or more
    masses   float64[edges]      out: inclusive cumulative sums, anew at every node
    """
    for node in range(len(indptr) - 1):
        total = 0.0
        for position in range(np.int64(indptr[node]), np.int64(indptr[node + 1])):
            total += weights[eid[position]]
            masses[position] = total


@kernel
def cumulate_ages(indptr, eid, times, never, half_life, masses):
    """Sum ``2 ** ((time - first time) / half_life)`` over each node's edges, as base-2 logarithms.

    Arrays
    ------
    indptr, eid  as in :func:`cumulate`
    times      int64[rows]     ascending along each node's edges
    never      int64           the time of rows without one; they stand last and add nothing
    half_life  float64         microseconds
    masses     float64[edges]  out
    returns    bool            False: a node spans too many half-lives, the masses are of no use
    """
    for node in range(len(indptr) - 1):
        begin, total = np.int64(indptr[node]), 0.0
        for position in range(begin, np.int64(indptr[node + 1])):
            time = times[eid[position]]
            if position > begin and time != never:
                age = float(time - times[eid[begin]]) / half_life
                if age > MOST_HALF_LIVES:
                    return False
                total = log_sum(total, age)
            masses[position] = total
    return True


@inlined
def log_sum(a, b):
    """``log2(2 ** a + 2 ** b)``, without leaving the range of float64."""
    return max(a, b) + math.log2(1.0 + np.exp2(-abs(a - b)))


@inlined
def linear_target(before, last, share):
    """The mass that a share in [0, 1) of the edges between two masses falls on."""
    return before + share * (last - before)


@inlined
def log_target(before, last, share):
    """:func:`linear_target` of logarithms; ``before`` is -inf where nothing comes before."""
    part = np.exp2(before - last)
    return last + math.log2(part + share * (1.0 - part))
