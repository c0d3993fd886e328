"""Hashes and draws in plain Python integers and floats, re-derived from the words of the contract."""

from __future__ import annotations

import math

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def splitmix(x):
    x &= MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def fold(*words):
    state = 0
    for word in words:
        state = splitmix((state ^ splitmix(word & MASK)) + GOLDEN)
    return state


def draw_below(key, index, bound):
    """Draw number ``index`` of a key; attempt a is a function of index + a * 2^32."""
    while True:
        product = (splitmix(key + (index + 1) * GOLDEN) >> 32) * bound
        if product & 0xFFFFFFFF >= (1 << 32) % bound:
            return product >> 32
        index += 1 << 32


def share(key, index):
    return (splitmix(key + (index + 1) * GOLDEN) >> 11) / (1 << 53)


def floyd(key, count, take):
    taken = []
    for index, last in enumerate(range(count - take, count)):
        rank = draw_below(key, index, last + 1)
        taken.append(last if rank in taken else rank)
    return taken


def first_above(target, loads):
    """The first of (rank, load) pairs whose running sum exceeds the target; None where none does."""
    total = 0.0
    for rank, load in loads:
        total += load
        if total > target:
            return rank
    return None


def by_weight(key, take, again, weigh, count):
    """Ranks drawn by weight; ``weigh(ranks)`` gives the weights of the ranks that are still in play."""
    everything = list(zip(range(count), weigh(range(count)), strict=True))
    mass, drawn, tries = sum_of(everything), [], 0
    if mass <= 0:
        return []
    while len(drawn) < take and (again or tries < 4 * take + 16):
        attempt = 0
        while again or tries < 4 * take + 16:
            rank = first_above(share(key, len(drawn) + (attempt << 32)) * mass, everything)
            attempt, tries = attempt + 1, tries + 1
            if rank is not None and (again or rank not in drawn):
                drawn.append(rank)
                break
    while len(drawn) < take:
        left = [rank for rank in range(count) if rank not in drawn]
        loads = list(zip(left, weigh(left), strict=True))
        if sum_of(loads) <= 0:
            break
        rank = first_above(share(key, len(drawn) + (1 << 63)) * sum_of(loads), loads)
        drawn.append(max(r for r, load in loads if load > 0) if rank is None else rank)
    return drawn


def sum_of(loads):
    total = 0.0
    for _, load in loads:
        total += load
    return total


def ranks_drawn(step, key, times, weights):
    """Which of the visible edges are drawn, in draw order: ranks among them."""
    count = len(times)
    if count == 0:
        return []
    take = count if step.fraction is None else math.ceil(step.fraction * count)
    take = take if step.fanout == -1 else min(take, step.fanout)
    if step.replace:
        take = step.fanout
    name = step.strategy.name
    if name in ("UNIFORM", "RECENT"):
        if step.replace:
            return [draw_below(key, d, count) for d in range(take)]
        return list(range(count))[-take:] if name == "RECENT" or take >= count else floyd(key, count, take)
    if take >= count and not step.replace:
        return [rank for rank in range(count) if name == "DECAY" or weights[rank] > 0]

    def weigh(ranks):
        if name == "WEIGHTED":
            return [float(weights[rank]) for rank in ranks]
        latest = max(times[rank] for rank in ranks)
        return [2.0 ** (float(times[rank] - latest) / float(step.half_life)) for rank in ranks]

    return by_weight(key, take, step.replace, weigh, count)
