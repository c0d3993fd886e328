"""What a sampled edge costs, how much of it is memory latency, and what an edge occupies.

    python benchmarks/sampling.py [--quick] [--json FILE] [--scale 0.1]

Figures are thread-CPU nanoseconds per sampled edge, the lower quartile over batches of different seeds,
with the last-level cache flushed before each. The reference is an independent random gather from an array
as large as the largest of the graph, in the same run: a sampled edge cannot cost less than its miss.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from _report import BenchReport, arguments

from workbench.kernels.floyd import floyd_one as _floyd
from workbench.kernels.jit import kernel
from workbench.kernels.rng import draw_below, node_key
from workbench.plan.fanout import Fanout
from workbench.schema import Column, EdgeType, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import EdgeArrays, GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.temporal import FOREVER
from workbench.types import AnyArray, Int64Array

FLUSH: Int64Array = np.zeros(8 << 20, np.int64)
"""64 MB, written between batches: more than the last-level cache."""


@dataclass(frozen=True)
class Case:
    """One figure: a graph, where the seeds are, and how they are expanded."""

    name: str
    graph: RamGraph
    seed_type: str
    fanout: Fanout
    anchors: tuple[int, int] | None = None


def table(name: str, keys: tuple[str, ...] = (), time: str | None = None, edge: bool = False) -> Table:
    """A table with keys to other tables, named after them."""
    foreign = tuple(ForeignKey(f"{target}_{i}", target) for i, target in enumerate(keys))
    columns = [Column(key.column, Stype.ID) for key in foreign]
    columns += [Column(time, Stype.TIMESTAMP)] if time else []
    ends = (foreign[0].column, foreign[1].column) if edge else None
    return Table(name, tuple(columns), None, time, None, foreign, ends)


def homogeneous(nodes: int, edges: int) -> RamGraph:
    """Random directed graph without time; edge ids are stored, the reverse direction is left empty."""
    rng = np.random.default_rng(1)
    schema = Schema((table("nodes"), table("links", ("nodes", "nodes"), edge=True)))
    degrees = rng.poisson(edges / nodes, nodes)
    indptr = np.concatenate([[0], np.cumsum(degrees)])
    total = int(indptr[-1])
    forward, reverse = schema.edge_types
    ids = rng.integers(0, nodes, total, dtype=np.uint32)
    arrays = {
        forward: EdgeArrays.side_by_side(indptr, ids, np.arange(total, dtype=np.uint32)),
        reverse: EdgeArrays(np.zeros(nodes + 1, np.int64), ids[:0], ids[:0]),
    }
    times: dict[str, None] = {"nodes": None, "links": None}
    return RamGraph(GraphArrays(schema, {"nodes": nodes, "links": total}, times, arrays))


def shop(users: int, products: int, rows: int, folded: bool) -> RamGraph:
    """Users and products without time; timed rows between them, as fact nodes or folded into edges."""
    rng = np.random.default_rng(2)
    schema = Schema(
        (table("users"), table("products"), table("orders", ("users", "products"), "time", edge=folded))
    )
    keys: dict[tuple[str, str], AnyArray] = {
        ("orders", "users_0"): rng.integers(0, users, rows, dtype=np.uint32),
        ("orders", "products_1"): rng.integers(0, products, rows, dtype=np.uint32),
    }
    counts = {"users": users, "products": products, "orders": rows}
    return RamGraph(GraphArrays.from_columns(schema, counts, {"orders": np.arange(rows) * 1000}, keys))


def batches(case: Case, count: int, size: int, seed: int) -> list[SampleRequest]:
    """Requests of different seeds and keys."""
    rng = np.random.default_rng(seed)
    plan, nodes = (
        case.fanout.compile(case.graph.schema, [case.seed_type]),
        case.graph.num_nodes(case.seed_type),
    )
    requests = []
    for number in range(count):
        anchors: AnyArray | int = FOREVER
        if case.anchors:
            anchors = rng.integers(*case.anchors, size)
            anchors = anchors if plan.disjoint else int(anchors[0])
        seeds = SeedSet.of(case.seed_type, rng.integers(0, nodes, size), anchors)
        requests.append(SampleRequest((seeds,), plan, number))
    return requests


def per_edge(graph: RamGraph, requests: list[SampleRequest]) -> tuple[float, float]:
    """(lower-quartile thread-CPU ns per edge, mean edges per batch), the cache flushed before each batch."""
    costs, edges = [], []
    for request in requests:
        FLUSH[:] += 1
        start = time.thread_time_ns()
        drawn = graph.sample(request).num_edges
        costs.append((time.thread_time_ns() - start) / max(drawn, 1))
        edges.append(drawn)
    return float(np.quantile(costs, 0.25)), statistics.mean(edges)


@kernel
def _gather(array: Any, picks: Any) -> Any:
    """Sum of independent loads.

    Arrays
    ------
    array  ids[n];  picks  int64[m]
    """
    total = np.int64(0)
    for i in range(len(picks)):
        total += array[picks[i]]
    return total


def gather_ns(array: AnyArray, count: int = 300_000) -> float:
    """Thread-CPU ns of one independent random load from an array, the cache flushed before."""
    rng, costs = np.random.default_rng(3), []
    for _ in range(7):
        picks = rng.integers(0, len(array), count)
        FLUSH[:] += 1
        start = time.thread_time_ns()
        _gather(array, picks)
        costs.append((time.thread_time_ns() - start) / count)
    return statistics.median(costs[1:])


@kernel
def _keyed(nodes: Any, take: Any, degree: Any, ranks: Any, taken: Any) -> Any:
    """Draw for many nodes, each from its own key, as the sampler does.

    Arrays
    ------
    ranks  int64[take];  taken  int64[power of two]   scratch
    """
    total = 0
    for node in range(nodes):
        key = node_key(np.uint64(7), np.uint64(11), np.uint64(node))  # type: ignore[no-untyped-call]
        at, set_at, mask = ranks.ctypes.data, taken.ctypes.data, len(taken) - 1
        _floyd(key, degree, take, at, set_at, mask, node)  # type: ignore[no-untyped-call]
        total += ranks[take - 1]
    return total


@kernel
def _unkeyed(nodes: Any, take: Any, degree: Any, ranks: Any) -> Any:
    """The same draws from one running state.

    Arrays
    ------
    ranks  int64[take]  scratch
    """
    total, counter = 0, np.uint64(0)
    for _node in range(nodes):
        seen = np.uint64(0)
        for drawn in range(take):
            last = degree - take + drawn
            value = draw_below(np.uint64(7), counter, np.uint64(last + 1))  # type: ignore[no-untyped-call]
            counter += np.uint64(1)
            rank = np.int64(value)
            if (seen >> (value & np.uint64(63))) & np.uint64(1):
                for earlier in range(drawn):
                    if ranks[earlier] == np.int64(value):
                        rank = last
            seen |= np.uint64(1) << (np.uint64(rank) & np.uint64(63))
            ranks[drawn] = rank
        total += ranks[take - 1]
    return total


def draw_ns(nodes: int, take: int = 15, degree: int = 60) -> tuple[float, float]:
    """Thread-CPU ns per draw: (keyed per node, one running state)."""
    ranks, taken = np.empty(take, np.int64), np.zeros(64, np.int64)
    runs: list[Callable[[], Any]] = [
        lambda: _keyed(nodes, take, degree, ranks, taken),
        lambda: _unkeyed(nodes, take, degree, ranks),
    ]
    keyed, unkeyed = (min(_timed(run) for _ in range(6)) / (nodes * take) for run in runs)
    return keyed, unkeyed


def _timed(run: Callable[[], Any]) -> int:
    start = time.thread_time_ns()
    run()
    return time.thread_time_ns() - start


def threads_ns(case: Case, threads: int, count: int, size: int) -> tuple[float, float]:
    """(thread-CPU ns per edge, million edges per second of wall time), one batch per thread at a time."""
    work = [batches(case, count, size, 100 + number) for number in range(threads)]
    cpu, edges = [0] * threads, [0] * threads

    def run(number: int) -> None:
        case.graph.sample(work[number][0])
        barrier.wait()
        start = time.thread_time_ns()
        edges[number] = sum(case.graph.sample(request).num_edges for request in work[number][1:])
        cpu[number] = time.thread_time_ns() - start

    barrier = threading.Barrier(threads + 1)
    pool = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in pool:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in pool:
        thread.join()
    return sum(cpu) / sum(edges), sum(edges) / (time.perf_counter() - start) / 1e6


def cases(scale: float) -> list[Case]:
    """The graphs of MEASURED sizes times ``scale``, and what is asked of them."""
    users, products, rows = int(1e6 * scale), int(5e5 * scale), int(3e7 * scale)
    links = homogeneous(int(5e6 * scale), int(1e8 * scale))
    folded, facts = shop(users, products, rows, True), shop(users, products, rows, False)
    forward = str(links.schema.edge_types[0])
    wide = Fanout([{forward: 15}, {forward: 10}, {forward: 5}])
    joint = Fanout([{forward: 15}, {forward: 10}, {forward: 5}], disjoint=False)
    late = (rows * 500, rows * 1000)
    found = [
        Case("homogeneous 15-10-5, joint", links, "nodes", joint),
        Case("homogeneous 15-10-5, disjoint", links, "nodes", wide),
    ]
    for name, graph, hops in (
        ("edge table 20-10", folded, [20, 10]),
        ("fact table 20-1-10", facts, [20, 10, 10]),
    ):
        for strategy in ("uniform", "recent"):
            fanout = Fanout(hops, strategy=strategy)
            found.append(Case(f"{name}, temporal {strategy}, disjoint", graph, "users", fanout, late))
    found.append(Case("edge table 20-10, static, joint", folded, "users", Fanout([20, 10], disjoint=False)))
    return found


def main() -> None:
    """Run every case."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--scale", type=float, help="sizes relative to 5 M nodes and 100 M edges (default 1)")
    parser.add_argument("--batch", type=int, default=320, help="seeds per batch (default 320)")
    given = parser.parse_args()
    scale = given.scale or (0.01 if given.quick else 1.0)
    count = 4 if given.quick else 24
    report, found = BenchReport("sampling"), cases(scale)
    keyed, unkeyed = draw_ns(20_000 if given.quick else 200_000)
    report.add(
        "draws, keyed per node", keyed, "ns/draw", reference="one running state", ratio=keyed / unkeyed
    )
    for case in found:
        requests = batches(case, count, given.batch, 5)
        per_edge(case.graph, requests[:2])  # compile, fault the arenas in, learn their sizes
        floor = gather_ns(max((part.nbr for part in case.graph.arrays.edges.values()), key=len))
        cost, edges = per_edge(case.graph, requests[2:])
        report.add(
            case.name, cost, "ns/edge", reference="independent random gather", ratio=cost / floor,
            gather_ns=round(floor, 1), edges_per_batch=int(edges), scale=scale,
        )  # fmt: skip
    for threads in (1, 2, 4):
        cost, rate = threads_ns(found[0], threads, count, given.batch)
        report.add(
            f"homogeneous, {threads} threads", cost, "ns/edge", million_edges_per_second=round(rate, 1)
        )
    add_bytes(report, found)
    report.finish(given.json)


def add_bytes(report: BenchReport, found: list[Case]) -> None:
    """Bytes per stored edge and per node of each layout, from the stores themselves."""
    for name, number, edge in (
        ("edge table", 2, EdgeType("users", "orders", "products")),
        ("fact table", 4, EdgeType("orders", "users_0", "users")),
        ("foreign-key column", 4, EdgeType("users", "rev_users_0", "orders")),
    ):
        graph = found[number].graph
        arrays = graph.arrays.edges[edge]
        offsets = 0 if arrays.indptr is None else arrays.indptr.nbytes
        each = (arrays.nbytes - offsets) / graph.num_edges(edge)
        more = {"per_node": round(offsets / graph.num_nodes(edge.dst), 2)}
        reference = "an id and a time of 8 bytes each"
        report.add(f"{name}, per edge", each, "bytes", reference=reference, ratio=each / 16, **more)


if __name__ == "__main__":
    main()
