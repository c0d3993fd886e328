"""Visible neighbours one by one, where they are no range: newer or ended nodes, ended or hidden edges."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import part
from workbench.kernels.raw import load, set_word, word
from workbench.kernels.tables import (
    C_EDGE,
    C_HIDDEN,
    C_STEP,
    C_VISIBLE,
    E_EID,
    E_NBR,
    E_STRIDE,
    P_EDGE_END,
    P_HIDDEN,
    P_NODE,
    P_NODE_END,
)
from workbench.kernels.windows import FOREVER, bound_of


@part
def is_over(ends_at, row, view):
    """Whether the row has an end, and it is at or before the view."""
    end = word(ends_at, row)
    return end <= view and end != FOREVER


@part
def hidden_of(call, lane):
    """(address, number) of the edge ids hidden from a lane at this step, ascending."""
    number = word(word(call, C_STEP), P_HIDDEN)
    if number < 0:
        return np.int64(0), np.int64(0)
    entry = word(call, C_HIDDEN) + number * 16
    first, last = word(word(entry, 0), lane), word(word(entry, 0), lane + 1)
    return word(entry, 1) + first * 8, last - first


@part
def first_hidden(hidden_at, hidden, row):
    """Number of the first hidden edge id that is ``row`` or more."""
    base = 0
    while hidden > 0:
        half = hidden >> 1
        less = word(hidden_at, base + half) < row
        base = base + half + 1 if less else base
        hidden = hidden - half - 1 if less else half
    return base


@part
def needs_list(like, call, begin, end, lane):
    """Whether a window may hold neighbours that are not visible."""
    step, edge = word(call, C_STEP), word(call, C_EDGE)
    if word(step, P_NODE) >= 0 or word(step, P_EDGE_END) != 0 or word(step, P_NODE_END) != 0:
        return True
    hidden_at, hidden = hidden_of(call, lane)
    if hidden == 0 or begin == end:
        return False
    eid_at, stride = word(edge, E_EID), word(edge, E_STRIDE)
    place = first_hidden(hidden_at, hidden, load(like, eid_at + begin * stride))
    return place < hidden and word(hidden_at, place) <= load(like, eid_at + (end - 1) * stride)


@part
def list_visible(like, call, begin, end, lane, view):
    """List the positions of a window that are visible; returns how many."""
    step, edge, visible = word(call, C_STEP), word(call, C_EDGE), word(call, C_VISIBLE)
    nbr_at, eid_at, stride = word(edge, E_NBR), word(edge, E_EID), word(edge, E_STRIDE)
    edge_end, node_end, bound = word(step, P_EDGE_END), word(step, P_NODE_END), word(step, P_NODE)
    cut = bound_of(call, bound, lane, view) if bound >= 0 else FOREVER
    hidden_at, hidden = hidden_of(call, lane)
    found = 0
    for position in range(begin, end):
        set_word(visible, found, position)
        neighbor = load(like, nbr_at + position * stride)
        seen = neighbor < cut
        if edge_end != 0 or hidden > 0:
            row = load(like, eid_at + position * stride)
            seen &= edge_end == 0 or not is_over(edge_end, row, view)
            place = first_hidden(hidden_at, hidden, row)
            seen &= place == hidden or word(hidden_at, place) != row
        seen &= node_end == 0 or not is_over(node_end, neighbor, view)
        found += seen
    return found
