"""What it costs that every draw is a pure function of its key: keyed draws beside one running state."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from workbench.kernels.floyd import ROWS, floyd_rows
from workbench.kernels.jit import kernel
from workbench.kernels.rng import draw_below, node_key
from workbench.stores.fused import address

LANES = 16


@kernel
def _keyed(blocks: Any, take: Any, keys: Any, at_keys: Any, counts: Any, takes: Any, ranks: Any) -> Any:
    """Sixteen nodes at a time, each from a key of its own, as the sampler draws.

    Arrays
    ------
    keys  uint64[16], also as the address ``at_keys``
    counts, takes  addresses of int64[16];  ranks  address of int32[ROWS, 16]
    """
    for block in range(blocks):
        for lane in range(LANES):
            node = np.uint64(block * LANES + lane)
            keys[lane] = node_key(np.uint64(7), np.uint64(11), node)  # type: ignore[no-untyped-call]
        floyd_rows(at_keys, counts, takes, ranks, take)  # type: ignore[no-untyped-call]


@kernel
def _running(nodes: Any, take: Any, degree: Any, ranks: Any) -> Any:
    """The same draws, node by node, from one running state.

    Arrays
    ------
    ranks  int64[take]  scratch
    """
    total, counter = 0, np.uint64(0)
    for _node in range(nodes):
        for drawn in range(take):
            last = degree - take + drawn
            value = draw_below(np.uint64(7), counter, np.uint64(last + 1))  # type: ignore[no-untyped-call]
            counter += np.uint64(1)
            rank = np.int64(value)
            for earlier in range(drawn):
                if ranks[earlier] == np.int64(value):
                    rank = last
            ranks[drawn] = rank
        total += ranks[take - 1]
    return total


def draw_ns(blocks: int, take: int = 15, degree: int = 60) -> tuple[float, float]:
    """Thread-CPU ns per draw without replacement: (keyed per node, one running state)."""
    keys, ranks = np.zeros(LANES, np.uint64), np.zeros((ROWS, LANES), np.int32)
    counts, takes = np.full(LANES, degree), np.full(LANES, take)
    each = np.zeros(take, np.int64)
    where = (address(keys), address(counts), address(takes), address(ranks))
    best = [float("inf")] * 2
    for _ in range(6):  # the first of them compiles
        start = time.thread_time_ns()
        _keyed(blocks, take, keys, *where)
        middle = time.thread_time_ns()
        _running(blocks * LANES, take, degree, each)
        took = (middle - start, time.thread_time_ns() - middle)
        best = [min(pair) for pair in zip(best, took, strict=True)]
    keyed, running = (ns / (blocks * LANES * take) for ns in best)
    return keyed, running
