"""A cache of rows in sets of eight: what is asked for often stays, what came by once does not get in.

    row id -> set -> ids int64[sets, 8]    FREE where a place holds nothing
                     heat uint8[sets, 8]   how often a held row was asked for of late
                     rows uint8[sets * 8, stride]
    sketch uint8[2 ** bits]                how often rows that are not held were asked for, by two hashes

A row that was missed takes the place of the coolest one of its set if it was asked for more often. Heat and
sketch are halved from time to time, so that what was popular long ago gives way.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.gather import prefetch, settle_stores
from workbench.kernels.jit import inlined, kernel

WAYS = 8
"""Places of a set: their ids fill one cache line."""

FREE = -1

MISSED = -1
"""Place of a row that is not held."""

_AHEAD = 16
_MOST = np.uint8(255)
_GOLDEN, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


@inlined
def _hash(row, factor):
    mixed = np.uint64(row) * factor
    return (mixed ^ (mixed >> np.uint64(29))) * _GOLDEN


@inlined
def _set_of(row, sets):
    """One of ``sets``, fewer than 2**31, as evenly as the hash is."""
    return np.int64(((_hash(row, _GOLDEN) >> np.uint64(32)) * np.uint64(sets)) >> np.uint64(32))


@inlined
def _marks_of(row, bits):
    """The two places of a row in the sketch."""
    shift = np.uint64(64 - bits)
    return np.int64(_hash(row, _OTHER) >> shift), np.int64(_hash(row + 1, _OTHER * _GOLDEN) >> shift)


@inlined
def _more(counts, at):
    if counts[at] != _MOST:
        counts[at] += np.uint8(1)


@kernel
def find(ids, heat, sketch, bits, wanted, places):
    """``places[i]`` = where ``wanted[i]`` is held, or MISSED; notes that it was asked for. Returns hits."""
    count, sets, hits = len(wanted), len(ids), 0
    lines = ids.reshape(-1)
    for i in range(count):
        if i + _AHEAD < count:
            prefetch(lines, _set_of(np.int64(wanted[i + _AHEAD]), sets) * WAYS)
        row = np.int64(wanted[i])
        group = _set_of(row, sets)
        place = MISSED
        for way in range(WAYS):
            if ids[group, way] == row:
                place = group * WAYS + way
                _more(heat[group], way)
        if place == MISSED:
            first, second = _marks_of(row, bits)
            _more(sketch, first)
            _more(sketch, second)
        else:
            hits += 1
        places[i] = place
    return hits


@kernel
def admit(ids, heat, sketch, bits, held, stride, wanted, rows):
    """Take rows in that were missed, if they are asked for often enough; returns how many were.

    Arrays
    ------
    held   uint64[sets * 8 * stride]   rows of the cache, ``stride`` words each
    wanted ids[n]                      what was missed
    rows   uint64[n * stride]          their rows

    A place is free while it is written, so that a process forked meanwhile never reads half a row.
    """
    taken, sets = 0, len(ids)
    for i in range(len(wanted)):
        row = np.int64(wanted[i])
        group = _set_of(row, sets)
        first, second = _marks_of(row, bits)
        often = min(sketch[first], sketch[second])
        coolest, known = 0, False
        for way in range(WAYS):
            if ids[group, way] == row:
                known = True
            if ids[group, coolest] != FREE and (
                ids[group, way] == FREE or heat[group, way] < heat[group, coolest]
            ):
                coolest = way
        if known or (ids[group, coolest] != FREE and often <= heat[group, coolest]):
            continue
        ids[group, coolest] = FREE
        settle_stores()
        place = (group * WAYS + coolest) * stride
        for word in range(stride):
            held[place + word] = rows[i * stride + word]
        settle_stores()
        heat[group, coolest] = often
        ids[group, coolest] = row
        taken += 1
    return taken


@kernel
def cool(heat, sketch):
    """Halve every count."""
    for group in range(len(heat)):
        for way in range(WAYS):
            heat[group, way] >>= 1
    for i in range(len(sketch)):
        sketch[i] >>= 1


@kernel
def copy_held(held, stride, places, out):
    """``out[i]`` = the row at ``places[i]``, where that is one; the others are left as they are."""
    count = len(places)
    for i in range(count):
        if i + _AHEAD < count and places[i + _AHEAD] != MISSED:
            for word in range(0, stride, WAYS):
                prefetch(held, places[i + _AHEAD] * stride + word)
        if places[i] != MISSED:
            for word in range(stride):
                out[i * stride + word] = held[places[i] * stride + word]


@kernel
def put_at(rows, stride, places, out):
    """``out[places[i]] = rows[i]``: the way back of what was missed among what was asked for."""
    for i in range(len(places)):
        for word in range(stride):
            out[places[i] * stride + word] = rows[i * stride + word]
