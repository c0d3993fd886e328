"""The compilation policy: no GIL, a cache on disk, no Python fallback."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numba.core.errors import TypingError

from workbench.kernels.jit import inlined, kernel


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
