"""Draws in proportion to a weight: binary search in cumulative masses, whatever the degree.

Masses are inclusive cumulative sums over the stored neighbours of a node (``stores/mass.py``): plain for
a column's weights, as base-2 logarithms for ages, where a sum of very different magnitudes would not fit
a float. A window of neighbours is a range of them. Without replacement, what was drawn before is drawn
again; a node that runs out of tries, or whose visible neighbours are no range, is scanned: exact,
O(degree), and counted.
"""

from __future__ import annotations

import math

import numpy as np

from workbench.kernels.floyd import SCAN, is_taken, take_in
from workbench.kernels.jit import part, stage
from workbench.kernels.raw import load, prefetch, real, set_real, set_word, word
from workbench.kernels.rng import share
from workbench.kernels.tables import (
    B_BEGIN,
    B_KEY,
    B_NODE,
    C_BLOCK,
    C_COUNT,
    C_EDGE,
    C_LISTED,
    C_MANY,
    C_NODE,
    C_RUNNING,
    C_SLOW,
    C_STAMP,
    C_STEP,
    C_TAKE,
    C_TAKEN,
    C_TAKEN_MASK,
    C_TARGETS,
    C_VISIBLE,
    DECAY,
    E_EID,
    E_STRIDE,
    P_HALF_LIFE,
    P_MASS,
    P_REPLACE,
    P_STRATEGY,
    P_TIMES,
    P_WEIGHTS,
)
from workbench.kernels.windows import offset_at

FEW: int = 128
"""Masses that are all prefetched: a search among them waits for nothing, so what it costs is branches."""

SCANNED: int = 1 << 63
"""Added to the index of a draw that is made by a scan."""


@part
def _ends(masses, first, count, log):
    """(mass before ``count`` positions, mass at their end), as :func:`_target` takes them."""
    last = real(masses, count - 1)
    if first:
        return 0.0, last
    before = real(masses, -1)
    return 2.0 ** (before - last) if log else before, last


@part
def _target(before, last, log, u):
    """The mass, as stored, at a share ``u`` between two; of logarithms, ``before`` is a share of the last."""
    if log:
        at = before + u * (1.0 - before)
        return last + math.log2(at) if at > 0.0 else -np.inf
    return before + u * (last - before)


@part
def _guess(masses, count, target):
    """Where a target would lie if masses grew evenly: mostly a few cache lines away from where it does."""
    low, high = real(masses, 0), real(masses, count - 1)
    if not low < target < high:
        return np.int64(0) if target <= low else count - 1
    return np.int64((target - low) / (high - low) * (count - 1))


@part
def _refined(masses, count, target, guess):
    """A second guess, from the mass at the first: off by the root of what the first is off by."""
    low, high, here = real(masses, 0), real(masses, count - 1), real(masses, guess)
    if not low < high:
        return guess
    nearer = guess + np.int64((target - here) / (high - low) * (count - 1))
    return min(max(nearer, np.int64(0)), count - 1)


@part
def _first_above(masses, count, target, guess):
    """Rank of the first of ``count`` masses that exceeds a target; ``count`` if none does.

    It gallops away from the guess by cache lines, so the cost is the logarithm of the guess's error.
    """
    low, high, step = np.int64(0), count, np.int64(8)
    if real(masses, guess) > target:
        high = guess
        while high > 0:
            probe = max(high - step, 0)
            if not real(masses, probe) > target:
                low = probe + 1
                break
            high, step = probe, step * 8
    else:
        low = guess + 1
        while low < count:
            probe = min(low + step, count) - 1
            if real(masses, probe) > target:
                high = probe
                break
            low, step = probe + 1, step * 8
    while low < high:
        middle = (low + high) >> 1
        above = real(masses, middle) > target
        low = low if above else middle + 1
        high = middle if above else high
    return low


@part
def _first_of_few(masses, count, target):
    """The same by plain halving, without a branch: what is near is looked at sooner than guessed."""
    base, length = np.int64(0), count
    while length > 1:
        half = length >> 1
        base = base if real(masses, base + half - 1) > target else base + half
        length -= half
    return base if real(masses, base) > target else base + 1


@part
def _try(masses, before, last, count, log, u):
    """The rank that a share of the masses falls on."""
    target = _target(before, last, log, u)
    if count <= FEW:
        return _first_of_few(masses, count, target)
    return _first_above(masses, count, target, _guess(masses, count, target))


@part
def _side_by_side(masses, count, take, picks, targets):
    """The first mass above each target by binary search without a branch, one halving for all at a time."""
    for d in range(take):
        set_word(picks, d, 0)
    length = count
    while length > 1:
        half = length >> 1
        for d in range(take):
            base = word(picks, d)
            above = real(masses, base + half - 1) > real(targets, d)
            set_word(picks, d, base if above else base + half)
        length -= half
    for d in range(take):
        base = word(picks, d)
        set_word(picks, d, base if real(masses, base) > real(targets, d) else base + 1)


@part
def _first_tries(masses, before, last, count, log, key, take, picks, targets):
    """Attempt 0 of every draw; of many masses, all guesses are prefetched before the first is looked at."""
    if count <= FEW:
        for d in range(take):
            set_real(targets, d, _target(before, last, log, share(key, np.uint64(d))))
        _side_by_side(masses, count, take, picks, targets)
        return
    for d in range(take):
        target = _target(before, last, log, share(key, np.uint64(d)))
        guess = _guess(masses, count, target)
        prefetch(masses + guess * 8)
        set_real(targets, d, target)
        set_word(picks, d, guess)
    for d in range(0 if log else take):
        guess = _refined(masses, count, real(targets, d), word(picks, d))
        prefetch(masses + guess * 8)
        set_word(picks, d, guess)
    for d in range(take):
        set_word(picks, d, _first_above(masses, count, real(targets, d), word(picks, d)))


@part
def _weight(like, call, i, rank, listed, newest):
    """Weight of a visible neighbour; ages are counted from the time ``newest``."""
    step, edge = word(call, C_STEP), word(call, C_EDGE)
    begin = word(word(call, C_BLOCK) + B_BEGIN, i)
    position = word(word(call, C_VISIBLE), rank) if listed else begin + rank
    row = load(like, word(edge, E_EID) + position * word(edge, E_STRIDE))
    if word(step, P_STRATEGY) == DECAY:
        return 2.0 ** ((word(word(step, P_TIMES), row) - newest) / real(step, P_HALF_LIFE))
    return real(word(step, P_WEIGHTS), row)


@part
def _newest(like, call, i, rank, listed):
    """Time of a visible neighbour's edge, where weights are ages."""
    step, edge = word(call, C_STEP), word(call, C_EDGE)
    if word(step, P_STRATEGY) != DECAY:
        return np.int64(0)
    begin = word(word(call, C_BLOCK) + B_BEGIN, i)
    position = word(word(call, C_VISIBLE), rank) if listed else begin + rank
    row = load(like, word(edge, E_EID) + position * word(edge, E_STRIDE))
    return word(word(step, P_TIMES), row)


@part
def _weigh_rest(like, call, i, count, listed):
    """Weights of what is not drawn yet into RUNNING, where drawn ranks hold -1; returns their sum."""
    running, last = word(call, C_RUNNING), count - 1
    while last > 0 and real(running, last) < 0.0:
        last -= 1
    newest, total = _newest(like, call, i, last, listed), 0.0
    for rank in range(count):
        if real(running, rank) >= 0.0:
            weight = _weight(like, call, i, rank, listed, newest)
            set_real(running, rank, weight)
            total += weight
    return total


@part
def _scan(like, call, i, count, listed, done, take):
    """Draws ``done`` and later from the weights of all that is not drawn yet; returns how many there are."""
    running, picks = word(call, C_RUNNING), word(call, C_MANY)
    key = np.uint64(word(word(call, C_BLOCK) + B_KEY, i))
    for rank in range(count):
        set_real(running, rank, 0.0)
    for d in range(done):
        set_real(running, word(picks, d), -1.0)
    for d in range(done, take):
        total = _weigh_rest(like, call, i, count, listed)
        if not total > 0.0:
            return d
        target, reached, pick = share(key, np.uint64(d) + np.uint64(SCANNED)) * total, 0.0, count - 1
        for rank in range(count):
            if real(running, rank) > 0.0:
                pick, reached = np.int64(rank), reached + real(running, rank)
                if reached > target:
                    break
        set_real(running, pick, -1.0)
        set_word(picks, d, pick)
    return take


@part
def _cumulate(like, call, i, count, listed):
    """Cumulative masses of listed neighbours, plain; returns their address."""
    running, newest, total = word(call, C_RUNNING), _newest(like, call, i, count - 1, listed), 0.0
    for rank in range(count):
        total += _weight(like, call, i, rank, listed, newest)
        set_real(running, rank, total)
    return running


@part
def _accept(like, call, i, masses, before, last, log, count, take, listed, scanned):
    """Turn first tries into draws without replacement, in order; returns how many there are."""
    picks, key = word(call, C_MANY), np.uint64(word(word(call, C_BLOCK) + B_KEY, i))
    taken, mask = word(call, C_TAKEN), word(call, C_TAKEN_MASK)
    stamp, tries, filter64 = word(call, C_STAMP) + 1, np.int64(0), np.uint64(0)
    set_word(call, C_STAMP, stamp)
    for d in range(take):
        pick, attempt = word(picks, d), np.uint64(0)
        while True:
            if tries == 4 * take + 16:
                set_word(call, C_SLOW, word(call, C_SLOW) + (not scanned))
                return _scan(like, call, i, count, listed, d, take)
            tries += 1
            # of up to 64 ranks a word of bits knows which are taken; of more, which may be
            bit = np.uint64(1) << (np.uint64(pick) & np.uint64(63))
            if pick < count and filter64 & bit == 0:
                break
            if pick < count and count > 64 and not is_taken(pick, d, picks, take, taken, mask, stamp):
                break
            attempt += np.uint64(1)
            u = share(key, np.uint64(d) + (attempt << np.uint64(32)))
            pick = _try(masses, before, last, count, log, u)
        filter64 |= bit
        set_word(picks, d, pick)
        if take > SCAN:
            take_in(pick, taken, mask, stamp)
    return take


@part
def _again(call, i, masses, before, last, log, count, take):
    """Turn first tries into draws with replacement: only what found nothing is tried again."""
    picks, key = word(call, C_MANY), np.uint64(word(word(call, C_BLOCK) + B_KEY, i))
    for d in range(take):
        attempt = np.uint64(0)
        while word(picks, d) >= count:
            attempt += np.uint64(1)
            u = share(key, np.uint64(d) + (attempt << np.uint64(32)))
            set_word(picks, d, _try(masses, before, last, count, log, u))
    return take


@part
def _all_positive(like, call, i, count, listed):
    """Ranks of all that weigh something, in stored order; returns how many."""
    step, picks, found = word(call, C_STEP), word(call, C_MANY), np.int64(0)
    masses = word(step, P_MASS) + word(word(call, C_BLOCK) + B_BEGIN, i) * 8
    for rank in range(count):
        set_word(picks, found, rank)
        # a mass that grew says so at once; another may have been swallowed by the one before it
        grew = not listed and rank > 0 and real(masses, rank) > real(masses, rank - 1)
        found += grew or _weight(like, call, i, rank, listed, np.int64(0)) > 0.0
    return found


@stage
def draw_weighted(like, call):
    """Ranks among the COUNT visible neighbours of NODE of the block, into MANY; returns how many."""
    i, count, take, listed = (
        word(call, C_NODE),
        word(call, C_COUNT),
        word(call, C_TAKE),
        word(call, C_LISTED) != 0,
    )
    step, picks = word(call, C_STEP), word(call, C_MANY)
    block, log = word(call, C_BLOCK), word(step, P_STRATEGY) == DECAY
    if take >= count and word(step, P_REPLACE) == 0:
        if not log:
            return _all_positive(like, call, i, count, listed)
        for rank in range(count):
            set_word(picks, rank, rank)
        return count
    begin, node = word(block + B_BEGIN, i), word(block + B_NODE, i)
    masses, first = word(step, P_MASS) + begin * 8, begin == offset_at(word(call, C_EDGE), node)
    scanned = listed or word(step, P_MASS) == 0
    # weights that a mass before them swallowed are summed up anew
    if not scanned and not log:
        scanned = real(masses, count - 1) <= (0.0 if first else real(masses, -1))
    if scanned:
        set_word(call, C_SLOW, word(call, C_SLOW) + 1)
        masses, first, log = _cumulate(like, call, i, count, listed), True, False
        if not real(masses, count - 1) > 0.0:
            return np.int64(0)
    key, (before, last) = np.uint64(word(block + B_KEY, i)), _ends(masses, first, count, log)
    _first_tries(masses, before, last, count, log, key, take, picks, word(call, C_TARGETS))
    if word(step, P_REPLACE):
        return _again(call, i, masses, before, last, log, count, take)
    return _accept(like, call, i, masses, before, last, log, count, take, listed, scanned)
