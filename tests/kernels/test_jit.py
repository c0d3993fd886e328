"""The compilation policy: no GIL, a cache on disk, no Python fallback."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba.core.errors import TypingError

from workbench.kernels.jit import inlined, kernel, part, stage
from workbench.kernels.raw import call_at, load, word
from workbench.stores.fused import address


@inlined
def twice(x):
    return x + x


@kernel
def total(values, rounds):
    out = 0
    for _ in range(rounds):
        for value in values:
            out = (out ^ twice(value)) + 1
    return out


def test_helpers_are_compiled_into_kernels() -> None:
    assert total(np.array([1, 2]), 1) == (((0 ^ 2) + 1) ^ 4) + 1


def test_a_kernel_does_not_hold_the_gil() -> None:
    values = np.arange(1000)
    total(values, 1)
    worker = threading.Thread(target=total, args=(values, 300_000))
    worker.start()
    ticks = 0
    while worker.is_alive() and ticks < 5:
        time.sleep(0.001)
        ticks += 1
    assert ticks == 5
    worker.join()


def test_what_cannot_be_compiled_is_an_error_not_slow() -> None:
    @kernel
    def objects(value):
        return value.anything

    with pytest.raises(TypingError):
        objects(1)


@part
def _sum_of_two(like, call):
    return word(call, 0) + load(like, word(call, 1))


@stage
def added(like, call):
    """Add a word to an id."""
    return _sum_of_two(like, call)


@kernel
def _call(at, like, call):
    return call_at(at, like, call)


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
def test_a_stage_is_called_by_address_for_either_dtype_of_ids(dtype):
    ids = np.array([2**32 - 1], dtype)
    call = np.array([5, address(ids)])
    assert _call(added.address(ids.dtype), dtype(0), address(call)) == 2**32 + 4
    assert (added.__name__, added.__doc__) == ("added", "Add a word to an id.")


def test_threads_that_come_first_together_get_one_address():
    fresh = stage(added._function)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fresh.address(np.dtype(np.uint32)), range(8)))
    assert len({fresh.address(np.dtype(np.uint32)), *found}) == 1
