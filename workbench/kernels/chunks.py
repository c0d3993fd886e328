"""The end of the chunks that are under way: is there room, where does the next col go, and out with them."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import part
from workbench.kernels.raw import call_at, set_word, word
from workbench.kernels.tables import (
    C_ADVANCE,
    C_AT_NEW,
    C_EDGE,
    C_GENERAL,
    C_MET,
    C_MID,
    C_NEED,
    C_NEW,
    C_OLD,
    E_CAPACITY,
    E_COL,
    E_COUNT,
    K_COL,
)


@part
def _under_way(call):
    """Edges that are in the chunks."""
    return word(call, C_NEW) + word(call, C_MID) + word(call, C_MET) + word(call, C_OLD)


@part
def drain(like, call):
    """Make edges of all chunks."""
    full = np.int64(0)
    while full == 0 and _under_way(call) > 0:
        full = call_at(word(call, C_ADVANCE), like, call)
    return full


@part
def has_room(call, edges):
    """Whether so many more edges fit beside those in the chunks; otherwise what is missing is noted."""
    edge = word(call, C_EDGE)
    wanted = word(edge, E_COUNT) + _under_way(call) + edges
    if wanted > word(edge, E_CAPACITY):
        set_word(call, C_NEED, wanted)
        return False
    return True


@part
def col_at_end(call):
    """Address of the col of the next edge: in the output, or in the chunk where edges may be left out."""
    if word(call, C_GENERAL):
        return word(call, C_AT_NEW) + K_COL + word(call, C_NEW) * 4
    edge = word(call, C_EDGE)
    return word(edge, E_COL) + (word(edge, E_COUNT) + _under_way(call)) * 4
