"""Vectors against plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.jit import kernel
from workbench.kernels.lanes import SLOTS, lowest_bit, match_line
from workbench.stores.fused import address


@kernel
def _match(line, mask, wanted, tag_mask, tag):
    return match_line(line, mask, wanted, tag_mask, tag)


@kernel
def _lowest(bits):
    return lowest_bit(bits)


slot = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 7)


@given(st.lists(slot, min_size=SLOTS, max_size=SLOTS), st.integers(0, 7), st.integers(0, 7), slot, slot)
def test_match_line(slots, mask, tag_mask, wanted, tag):
    raw = np.zeros(2 * SLOTS, np.int64)
    line = raw[-address(raw) % 64 // 8 :][:SLOTS]
    line[:] = slots
    hits = [i for i, s in enumerate(slots) if s & mask == wanted or s & tag_mask != tag]
    assert _match(address(line), mask, wanted, tag_mask, tag) == sum(1 << i for i in hits)


@given(st.integers(1, 2**62))
def test_lowest_bit(bits):
    assert _lowest(bits) == (bits & -bits).bit_length() - 1
