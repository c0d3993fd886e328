"""Vectors against plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.jit import kernel
from workbench.kernels.lanes import SLOTS, lowest_bit, match_line
from workbench.stores.fused import address


@kernel
def _match(line, wanted, low):
    return match_line(line, wanted, low)


@kernel
def _lowest(bits):
    return lowest_bit(bits)


slot = st.integers(0, 2**32 - 1) | st.integers(0, 7)


@given(st.lists(slot, min_size=SLOTS, max_size=SLOTS), slot, st.sampled_from([0, 1, 7, 2**31 - 1, 2**32 - 1]))
def test_match_line(slots, wanted, low):
    raw = np.zeros(2 * SLOTS, np.uint32)
    line = raw[-address(raw) % 64 // 4 :][:SLOTS]
    line[:] = slots
    hits = [i for i, s in enumerate(slots) if s | low == wanted | low or s == 0]
    assert _match(address(line), wanted, low) == sum(1 << i for i in hits)


@given(st.integers(1, 2**62))
def test_lowest_bit(bits):
    assert _lowest(bits) == (bits & -bits).bit_length() - 1
