"""Which of a node's visible edges are drawn, as ranks among them: plain kernels, one draw after another.

Draw d, attempt a of a node has index ``d + a * 2^32`` under the node's key. ``stores/hop_driver.py``
says what each function must give; nothing here is shared with the fused kernel.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import inlined, kernel
from workbench.kernels.mass import linear_target, log_target
from workbench.kernels.rng import GOLDEN, draw_below, mix64

SCANNED = np.uint64(1 << 63)
"""Added to the index of a draw that is made by scanning: attempt 2^31."""

_ONE, _SHIFT = np.uint64(1), np.uint64(11)


@inlined
def draw_share(key, index):
    """Draw a number in [0, 1): 53 bits of draw ``index`` of a key."""
    return np.float64(mix64(key + (index + _ONE) * GOLDEN) >> _SHIFT) * 2.0**-53


@kernel
def floyd(key, count, take, ranks):
    """Floyd's sampling: ``take`` distinct ranks below ``count``, in draw order, into ``ranks``."""
    for drawn in range(take):
        last = count - take + drawn
        value = np.int64(draw_below(key, np.uint64(drawn), np.uint64(last + 1)))
        ranks[drawn] = last if is_among(value, ranks, drawn) else value


@inlined
def is_among(rank, ranks, drawn):
    """Whether ``rank`` is one of the first ``drawn`` ranks."""
    found = False
    for earlier in range(drawn):
        found = found or ranks[earlier] == rank
    return found


@kernel
def with_replacement(key, count, take, ranks):
    """Draw ``take`` ranks below ``count``, each uniformly."""
    for drawn in range(take):
        ranks[drawn] = np.int64(draw_below(key, np.uint64(drawn), np.uint64(count)))


@kernel
def by_mass(key, masses, begin, end, before, log, take, again, ranks):
    """Draw edges by prefix masses until ``take`` are drawn or too many attempts met drawn ones.

    Arrays
    ------
    masses  float64[...]  inclusive masses; of positions begin .. end - 1, more than ``before`` in all
    before  float64       the mass before ``begin``
    log     bool          masses are base-2 logarithms
    again   bool          with replacement: no attempt is in vain, but for rounding
    ranks   int64[take]   out: positions drawn, less ``begin``
    returns int64         how many were drawn
    """
    most, tries = 4 * take + 16, 0
    for drawn in range(take):
        index, found = np.uint64(drawn), False
        while not found:
            if not again and tries == most:
                return drawn
            share = draw_share(key, index)
            if log:
                target = log_target(before, masses[end - 1], share)
            else:
                target = linear_target(before, masses[end - 1], share)
            position = first_above(masses, begin, end, target)
            found = position < end and (again or not is_among(position - begin, ranks, drawn))
            ranks[drawn] = position - begin
            index += np.uint64(1 << 32)
            tries += 1
    return take


@inlined
def first_above(masses, begin, end, target):
    """Find the first position whose mass is more than ``target``; ``end`` where there is none."""
    while begin < end:
        middle = (begin + end) >> 1
        if masses[middle] > target:
            end = middle
        else:
            begin = middle + 1
    return begin


@kernel
def by_scan(key, weights, times, half_life, drawn, take, ranks):
    """Go on after ``drawn`` draws without replacement, each over all edges that are left.

    Arrays
    ------
    weights    float64[n]   of the visible edges; empty: they weigh by their age
    times      int64[n]     of the visible edges, ascending
    half_life  float64      microseconds
    ranks      int64[take]  the first ``drawn`` are given, the others are filled in
    returns    int64        how many were drawn: fewer than ``take`` where the rest weighs nothing
    """
    count = max(len(weights), len(times))
    left = np.ones(count, np.bool_)
    for i in range(drawn):
        left[ranks[i]] = False
    load = np.zeros(count)
    for i in range(drawn, take):
        total = weigh_left(weights, times, half_life, left, load)
        if total <= 0.0:
            return i
        target, running, rank = draw_share(key, np.uint64(i) + SCANNED) * total, 0.0, -1
        for other in range(count):
            running += load[other]
            if load[other] > 0.0:
                rank = other
                if running > target:
                    break
        ranks[i], left[rank] = rank, False
    return take


@kernel
def weigh_left(weights, times, half_life, left, load):
    """Weights of the edges that are left into ``load``, 0 for the others; returns their sum.

    Ages count from the latest edge that is left, so that it weighs 1 however old it is.
    """
    latest, total = 0, 0.0
    for i in range(len(times)):
        latest = i if left[i] else latest
    for i in range(len(load)):
        load[i] = 0.0
        if left[i]:
            load[i] = aged(times[i] - times[latest], half_life) if len(times) else weights[i]
        total += load[i]
    return total


@inlined
def aged(later, half_life):
    """The weight of an edge that is ``later`` microseconds later than one that weighs 1."""
    return np.exp2(np.float64(later) / half_life)
