"""Loads and stores at addresses agree with numpy; prefetching anything is harmless."""

import numpy as np
import pytest

from workbench.kernels.jit import kernel
from workbench.kernels.raw import load, prefetch, store, width


@kernel
def _copy(like, source, target, count):
    for i in range(count):
        prefetch(source + (i + 100_000_000) * 64)
        store(like, target + i * width(like), load(like, source + i * width(like)))
    return width(like)


@pytest.mark.parametrize("dtype", [np.uint32, np.int32, np.int64, np.uint64])
def test_copying_by_address(dtype):
    limits = np.iinfo(dtype)
    source = np.array([limits.min, -1 if limits.min else 1, 7, limits.max], np.dtype(dtype))
    target = np.zeros(6, dtype)
    size = _copy(source[:0], source.ctypes.data, target.ctypes.data + source.itemsize, 4)
    assert size == source.itemsize
    assert target.tolist() == [0, *source.tolist(), 0]


@kernel
def _first(like, source):
    return load(like, source)


def test_unsigned_ids_are_widened_without_a_sign():
    top = np.array([2**32 - 1], np.uint32)
    assert _first(top[:0], top.ctypes.data) == 2**32 - 1
    low = np.array([-1], np.int32)
    assert _first(low[:0], low.ctypes.data) == -1
