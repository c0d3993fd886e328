"""How sampling is measured: thread-CPU ns per edge of cold batches, and the gather beside each of them.

The last-level cache is flushed before every batch, no batch has the seeds of another, and a plain gather
of as many random ids follows each one: ``out[i] = source[picks[i]]``, which any sampler must do at least.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from _sampling_graphs import Case

from workbench.kernels.jit import kernel
from workbench.stores import run_batch
from workbench.types import AnyArray, Int64Array

FLUSH: Int64Array = np.zeros(8 << 20, np.int64)
"""64 MB, written between batches: more than the last-level cache."""

Work = Callable[[], int]
"""Does something and says how many edges it was."""


@dataclass(frozen=True)
class Costs:
    """ns per edge of several runs."""

    each: tuple[float, ...]
    edges: float

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.each)

    def spread(self) -> dict[str, float]:
        """Least and most, for a report."""
        return {"min": round(min(self.each), 2), "max": round(max(self.each), 2), "batches": len(self.each)}


@kernel
def gather(source: Any, picks: Any, out: Any) -> Any:
    """Independent loads, each stored: the batched gather that anyone would write.

    Arrays
    ------
    source  ids[n];  picks  int64[m];  out  ids[m]
    """
    for i in range(len(picks)):
        out[i] = source[picks[i]]


def gathers(source: AnyArray, count: int, seed: int) -> Work:
    """A gather of ``count`` random ids; everything but the loads is done before."""
    picks = np.random.default_rng(seed).integers(0, len(source), count)
    out = np.zeros(count, source.dtype)

    def work() -> int:
        gather(source, picks, out)
        return count

    return work


def cold(work: Work) -> tuple[float, int]:
    """(thread-CPU ns per edge, edges), the cache flushed before."""
    FLUSH[:] += 1
    start = time.thread_time_ns()
    edges = work()
    return (time.thread_time_ns() - start) / max(edges, 1), edges


def interleaved(rounds: Sequence[dict[str, Work]]) -> dict[str, Costs]:
    """Every work of a round after the other, round after round: A B A B."""
    found: dict[str, list[tuple[float, int]]] = {}
    for works in rounds:
        for name, work in works.items():
            found.setdefault(name, []).append(cold(work))
    return {
        name: Costs(tuple(cost for cost, _ in runs), statistics.mean(edges for _, edges in runs))
        for name, runs in found.items()
    }


def sampling(case: Case, others: dict[str, Callable[[Any], int]], count: int, size: int) -> dict[str, Costs]:
    """Costs by name: 'ours', 'gather' and each other library's, on the same requests."""
    requests, source = case.requests(count + 2, size, 5), case.largest
    samplers: dict[str, Callable[[Any], int]] = {"ours": lambda r: case.graph.sample(r).num_edges, **others}
    for sample in samplers.values():
        edges = max(sample(request) for request in requests[:2])  # compile, fault the arenas in, learn sizes
    gathers(source, 10, 0)()
    rounds = []
    for number, request in enumerate(requests[2:]):
        works: dict[str, Work] = {name: _bound(sample, request) for name, sample in samplers.items()}
        rounds.append({**works, "gather": gathers(source, max(edges, 10_000), number)})
    return interleaved(rounds)


def _bound(sample: Callable[[Any], int], request: Any) -> Work:
    return lambda: sample(request)


@dataclass(frozen=True)
class Rate:
    """What several threads did together."""

    cpu_ns: float
    per_second: float


def together(works: Sequence[Sequence[Work]]) -> Rate:
    """Process-CPU ns per edge and edges per second of wall time, one thread for each list of works."""
    edges = [0] * len(works)
    barrier = threading.Barrier(len(works) + 1)

    def run(number: int) -> None:
        barrier.wait()
        edges[number] = sum(work() for work in works[number])

    pool = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in pool:
        thread.start()
    cpu, start = time.process_time_ns(), time.perf_counter()
    barrier.wait()
    for thread in pool:
        thread.join()
    wall = time.perf_counter() - start
    return Rate((time.process_time_ns() - cpu) / sum(edges), sum(edges) / wall)


def dispatch_us(sample: Callable[[], Any], calls: int = 2000) -> tuple[Costs, Costs]:
    """Wall microseconds of (a call that has nothing to do, handing it to the kernel and back).

    The second is taken within the first, from the words of the call to the kernel's answer.
    """
    whole, handed, hand_over = list[float](), list[float](), run_batch._call

    def timed(*given: Any) -> int:
        start = time.perf_counter_ns()
        answer = hand_over(*given)
        handed.append((time.perf_counter_ns() - start) / 1000)
        return answer

    setattr(run_batch, "_call", timed)  # noqa: B010  (mypy refuses the plain assignment)
    try:
        for _ in range(calls + 1):  # the first compiles
            start = time.perf_counter_ns()
            sample()
            whole.append((time.perf_counter_ns() - start) / 1000)
    finally:
        setattr(run_batch, "_call", hand_over)  # noqa: B010
    return Costs(tuple(whole[1:]), 0), Costs(tuple(handed[1:]), 0)
