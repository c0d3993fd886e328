"""The gather kernel against numpy's indexing, for every stride and id type."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.kernels.gather import AHEAD, BLOCK, STREAM, extremes, gather, is_streamed
from workbench.stores.buffers import ArenaPool
from workbench.testing.sizes import cases

STRIDES = [8, 16, 32, 64, 128, 256, 512, 1024, 1536, 4096]


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("count", [0, 1, AHEAD - 1, AHEAD, AHEAD + 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_equals_numpy(stride, dtype, count):
    rng = np.random.default_rng(stride + count)
    source = rng.integers(0, 256, (77, stride), np.uint8)
    ids = rng.integers(0, 77, count).astype(dtype)
    out = np.full((count + 1, stride), 255, np.uint8)
    gather(source, ids, out[:count])
    np.testing.assert_array_equal(out[:count], source[ids])
    assert (out[count] == 255).all()  # nothing is written behind the last row


@pytest.mark.parametrize("stride", [64, 512, 1536])
def test_a_large_buffer_is_written_past_the_caches(stride):
    """The same rows, whatever way they are written; a buffer that lies askew is written through them."""
    rng = np.random.default_rng(stride)
    source = rng.integers(0, 256, (999, stride), np.uint8)
    ids = rng.integers(0, 999, STREAM // stride + 3)
    aligned = ArenaPool().take((len(ids), stride))
    askew = np.empty(len(ids) * stride + 8, np.uint8)[8:].reshape(-1, stride)
    for out in (aligned, askew):
        gather(source, ids, out)
        np.testing.assert_array_equal(out, source[ids])
    assert is_streamed(aligned)
    assert not is_streamed(aligned[:100])
    assert not is_streamed(askew) or askew.ctypes.data % 64 == 0


@given(st.lists(st.integers(-(2**62), 2**62), max_size=50))
@settings(max_examples=cases(100, 1000), deadline=None)
def test_extremes(values):
    expected = (min(values), max(values)) if values else (0, -1)
    assert extremes(np.array(values, np.int64)) == expected


def test_extremes_of_unsigned_ids():
    assert extremes(np.array([2**32 - 1, 0, 5], np.uint32)) == (0, 2**32 - 1)
