"""Room for what is under way, and where its next col goes, against sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.chunks import col_at_end, has_room
from workbench.kernels.jit import kernel
from workbench.kernels.tables import (
    C_AT_NEW,
    C_EDGE,
    C_GENERAL,
    C_MET,
    C_MID,
    C_NEED,
    C_NEW,
    C_OLD,
    C_WORDS,
    E_CAPACITY,
    E_COL,
    E_COUNT,
    E_WORDS,
    K_COL,
)
from workbench.stores.fused import address

FEW = st.integers(0, 300)


@kernel
def _room(call, edges):
    return has_room(call, edges)


@kernel
def _end(call):
    return col_at_end(call)


@pytest.mark.parametrize("general", [False, True])
@given(st.tuples(FEW, FEW, FEW, FEW), FEW, FEW, st.integers(-1, 1))
def test_room_and_end(general, chunks, count, more, spare):
    call, edge = np.zeros(C_WORDS, np.int64), np.zeros(E_WORDS, np.int64)
    call[[C_NEW, C_MID, C_MET, C_OLD]], call[C_EDGE], call[C_GENERAL] = chunks, address(edge), general
    call[C_AT_NEW], edge[E_COL], edge[E_COUNT] = 10_000, 50_000, count
    wanted = count + sum(chunks) + more
    edge[E_CAPACITY] = wanted + spare
    assert bool(_room(address(call), more)) == (spare >= 0)
    assert call[C_NEED] == (0 if spare >= 0 else wanted)
    assert _end(address(call)) == (
        10_000 + K_COL + 4 * chunks[0] if general else 50_000 + 4 * (count + sum(chunks))
    )
