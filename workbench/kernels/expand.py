"""Expanding the nodes of a step: windows, draws, positions into chunks; block by block, or node by node."""

from __future__ import annotations

import math

import numpy as np

from workbench.kernels.chunks import col_at_end, drain, has_room
from workbench.kernels.floyd import floyd_one, floyd_rows
from workbench.kernels.jit import part, stage
from workbench.kernels.raw import call_at, load, prefetch, real, set_word, set_word32, width, word, word32
from workbench.kernels.rng import draw_below, node_key
from workbench.kernels.tables import (
    B_BEGIN,
    B_COUNT,
    B_END,
    B_KEY,
    B_LANE,
    B_LOCAL,
    B_NODE,
    B_TAKE,
    B_VIEW,
    C_ADVANCE,
    C_AT_NEW,
    C_BLOCK,
    C_COUNT,
    C_DST,
    C_EDGE,
    C_FILL,
    C_FIRST,
    C_KEYS,
    C_LAST,
    C_LISTED,
    C_MANY,
    C_NEW,
    C_NODE,
    C_RANKS,
    C_STAMP,
    C_START,
    C_STEP,
    C_TAKE,
    C_TAKEN,
    C_TAKEN_MASK,
    C_VISIBLE,
    C_WIDTH,
    CHUNK,
    E_INDPTR,
    E_OFFSET,
    K_LANE,
    LANES,
    N_NODES,
    P_DRAW,
    P_EDGE,
    P_FANOUT,
    P_FRACTION,
    P_MASS,
    P_REPLACE,
    P_SALT,
    P_STRATEGY,
    RECENT,
    ROOM,
    UNIFORM,
    WEIGHTED,
)
from workbench.kernels.visible import list_visible, needs_list
from workbench.kernels.weighted import FEW
from workbench.kernels.windows import local_at, takes


@part
def _push(like, call, start, positions, stride, count, lane, local):
    """Bring ``count`` positions of one node to the chunk: ``start``, plus ranks of 32 bits if there are any.

    ``positions`` is the address of ranks and ``stride`` the int32s between them; 0 for a plain range.
    """
    done = np.int64(0)
    while done < count:
        filled = word(call, C_NEW)
        part, at, col_at = (
            min(count - done, ROOM - filled),
            word(call, C_AT_NEW) + filled * 8,
            col_at_end(call),
        )
        for r in range(part):
            rank = word32(positions, (done + r) * stride) if stride != 0 else done + r
            set_word(at, r, start + rank)
            set_word(at + K_LANE, r, lane)
            set_word32(col_at, r, local)
        done += part
        set_word(call, C_NEW, filled + part)
        if filled + part >= CHUNK:
            full = call_at(word(call, C_ADVANCE), like, call)
            if full != 0:
                return full
    return np.int64(0)


@part
def _look(like, call, start, lanes, last):
    """Fill the block with ``lanes`` nodes from ``start`` on; prefetch the offsets of the next."""
    nodes_at, edge = word(word(call, C_DST), N_NODES), word(call, C_EDGE)
    indptr, size = word(edge, E_INDPTR), word(edge, E_OFFSET)
    for i in range(start + lanes, min(start + lanes + LANES, last)):
        prefetch(indptr + load(like, nodes_at + local_at(call, i) * width(like)) * size)
    set_word(call, C_START, start)
    set_word(call, C_WIDTH, lanes)
    call_at(word(call, C_FILL), like, call)


@part
def _draw_keys(call, lanes):
    """Keys of the block's nodes."""
    step, block = word(call, C_STEP), word(call, C_BLOCK)
    salt, keys = np.uint64(word(step, P_SALT)), word(call, C_KEYS)
    for i in range(lanes):
        lane, node = word(block + B_LANE, i), np.uint64(word(block + B_NODE, i))
        set_word(block + B_KEY, i, np.int64(node_key(np.uint64(word(keys, lane)), salt, node)))


@stage
def expand_blocks(like, call):
    """Run a step whose draws are ranges or :func:`floyd_rows`, block by block; returns as ``advance``."""
    step, block, ranks = word(call, C_STEP), word(call, C_BLOCK), word(call, C_RANKS)
    first, last = word(call, C_FIRST), word(call, C_LAST)
    for start in range(first, last, LANES):
        lanes = min(np.int64(LANES), last - start)
        _look(like, call, start, lanes, last)
        edges = takes(call, lanes)
        random = edges < 0
        if not has_room(call, -edges - 1 if random else edges):
            return -1 - word(step, P_EDGE)
        if random:
            _draw_keys(call, lanes)
            floyd_rows(block + B_KEY, block + B_COUNT, block + B_TAKE, ranks, word(step, P_FANOUT))
        for i in range(lanes):
            begin, count, take = word(block + B_BEGIN, i), word(block + B_COUNT, i), word(block + B_TAKE, i)
            drawn = random and take < count and word(step, P_STRATEGY) == UNIFORM
            start_at = begin if drawn else begin + count - take
            full = _push(
                like, call, start_at, ranks + i * 4, np.int64(LANES) if drawn else np.int64(0), take,
                word(block + B_LANE, i), word(block + B_LOCAL, i),
            )  # fmt: skip
            if full != 0:
                return full
    return drain(like, call)


@part
def _take_of(step, count):
    """How many of ``count`` visible neighbours a step draws."""
    fanout, share = word(step, P_FANOUT), real(step, P_FRACTION)
    if word(step, P_REPLACE):
        return fanout if count > 0 else np.int64(0)
    take = np.int64(math.ceil(share * count)) if share > 0.0 else count
    return take if fanout < 0 else min(take, fanout)


@part
def _draw_one(like, call, i, count, take, listed):
    """Ranks of node ``i`` of the block into MANY; returns how many, negative less one for the last ones."""
    step, key = word(call, C_STEP), np.uint64(word(word(call, C_BLOCK) + B_KEY, i))
    strategy, many = word(step, P_STRATEGY), word(call, C_MANY)
    if strategy >= WEIGHTED:
        set_word(call, C_NODE, i)
        set_word(call, C_COUNT, count)
        set_word(call, C_TAKE, take)
        set_word(call, C_LISTED, listed)
        return call_at(word(step, P_DRAW), like, call)
    if word(step, P_REPLACE):
        for d in range(take):
            set_word(many, d, np.int64(draw_below(key, np.uint64(d), np.uint64(count))))
        return take
    if strategy == RECENT or take >= count:
        return -take - 1
    set_word(call, C_STAMP, word(call, C_STAMP) + 1)
    floyd_one(key, count, take, many, word(call, C_TAKEN), word(call, C_TAKEN_MASK), word(call, C_STAMP))
    return take


@stage
def expand_nodes(like, call):
    """Run a step of any other kind, node by node."""
    step, block = word(call, C_STEP), word(call, C_BLOCK)
    many, visible = word(call, C_MANY), word(call, C_VISIBLE)
    first, last = word(call, C_FIRST), word(call, C_LAST)
    for start in range(first, last, LANES):
        lanes = min(np.int64(LANES), last - start)
        _look(like, call, start, lanes, last)
        _draw_keys(call, lanes)
        masses = word(step, P_MASS)
        for i in range(lanes if masses != 0 else 0):
            begin, end = word(block + B_BEGIN, i), word(block + B_END, i)
            prefetch(masses + end * 8 - 8)
            for position in range(begin, min(end, begin + FEW), 8):
                prefetch(masses + position * 8)
        for i in range(lanes):
            begin, end, lane = word(block + B_BEGIN, i), word(block + B_END, i), word(block + B_LANE, i)
            listed, count = needs_list(like, call, begin, end, lane), end - begin
            if listed:
                count = list_visible(like, call, begin, end, lane, word(block + B_VIEW, i))
                if count > 0 and word(visible, count - 1) - word(visible, 0) == count - 1:
                    listed, begin = False, word(visible, 0)  # a range after all
                    set_word(block + B_BEGIN, i, begin)
            take = _take_of(step, count)
            if not has_room(call, take):
                return -1 - word(step, P_EDGE)
            drawn = _draw_one(like, call, i, count, take, listed) if take > 0 else np.int64(0)
            ranked, total = drawn >= 0, drawn if drawn >= 0 else -drawn - 1
            done = np.int64(0)
            while done < total:
                filled = word(call, C_NEW)
                part, at, col_at = (
                    min(total - done, ROOM - filled),
                    word(call, C_AT_NEW) + filled * 8,
                    col_at_end(call),
                )
                for r in range(part):
                    rank = word(many, done + r) if ranked else count - total + done + r
                    set_word(at, r, word(visible, rank) if listed else begin + rank)
                    set_word(at + K_LANE, r, lane)
                    set_word32(col_at, r, word(block + B_LOCAL, i))
                done += part
                set_word(call, C_NEW, filled + part)
                full = call_at(word(call, C_ADVANCE), like, call) if filled + part >= CHUNK else np.int64(0)
                if full != 0:
                    return full
    return drain(like, call)
