"""The lockstep search against bisection."""

from bisect import bisect_left

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.jit import kernel
from workbench.kernels.tables import B_BEGIN, B_CUT, B_SIZE, BLOCK_ROWS, LANES, ROW
from workbench.kernels.windows import _lockstep
from workbench.stores.fused import address


@kernel
def _search(ids, ids_at, block_at, lanes):
    _lockstep(ids, ids_at, 8, block_at, lanes, B_BEGIN)


@given(st.lists(st.integers(0, 30), max_size=50), st.integers(0, LANES), st.data())
def test_every_lane_finds_its_cut(values, lanes, data):
    ids = np.array([*sorted(values), 0], np.int64)
    block = np.zeros((BLOCK_ROWS, LANES), np.int64)
    begins, sizes, cuts = (block[row // ROW] for row in (B_BEGIN, B_SIZE, B_CUT))
    wanted = []
    for i in range(lanes):
        begins[i] = data.draw(st.integers(0, len(values)))
        sizes[i] = data.draw(st.integers(0, len(values) - begins[i]))
        cuts[i] = data.draw(st.integers(-1, 31))
        wanted.append(bisect_left(sorted(values), cuts[i], begins[i], begins[i] + sizes[i]))
    _search(ids[:0], address(ids), address(block), lanes)
    assert begins[:lanes].tolist() == wanted
