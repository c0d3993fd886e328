"""What a sampled edge costs, how much of it is memory latency, and what an edge occupies.

    python benchmarks/sampling.py [--quick] [--json FILE] [--scale 0.1] [--only CASE ...]

Figures are thread-CPU nanoseconds per sampled edge: the median over batches of different seeds, each with
the last-level cache flushed. The reference is a plain gather of as many random ids from the largest array
of neighbours, run right beside each batch: a sampled edge cannot cost less than its miss. ``--quick`` runs
on graphs of a hundredth of the size, most of which the caches hold: it shows that it runs, not how fast.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from _report import BenchReport, arguments
from _sampling_graphs import Case, cases, homogeneous, hubs
from _sampling_jit import cold_and_warm
from _sampling_keys import draw_ns
from _sampling_measure import Rate, dispatch_us, gathers, sampling, together
from _sampling_others import others

import workbench as wb
from workbench.schema import EdgeType
from workbench.stores.ram_graph import RamGraph

GATHER = "gather of as many random ids"
NAIVE = "an id and a time of 8 bytes each"


def add_case(report: BenchReport, case: Case, count: int, size: int, scale: float) -> float:
    """One row against the gather and one against each other library; the median of ours."""
    costs = sampling(case, others(case), count, size)
    ours, floor = costs.pop("ours"), costs.pop("gather")
    facts: dict[str, Any] = {"edges_per_batch": int(ours.edges), "seeds": size, "scale": scale}
    if case.bar is not None:
        facts["bar"] = case.bar
    report.add(
        case.name, ours.median, "ns/edge", reference=GATHER, ratio=ours.median / floor.median,
        less_is_better=True, gather_ns=round(floor.median, 2), **ours.spread(), **facts,
    )  # fmt: skip
    for library, theirs in costs.items():
        report.add(
            case.name, ours.median, "ns/edge", reference=library, ratio=ours.median / theirs.median,
            less_is_better=True, theirs_ns=round(theirs.median, 2),
            their_edges_per_batch=int(theirs.edges), scale=scale,
        )  # fmt: skip
    return ours.median


def add_hubs(report: BenchReport, count: int, size: int, scale: float) -> None:
    """Weighted draws of one user among 1,000 orders and among a million."""
    found = hubs(scale)
    few, many = (add_case(report, case, count, size, scale) for case in found)
    report.add(
        "temporal-weighted-degree", many, "ns/edge", reference=found[0].name, ratio=many / few,
        less_is_better=True, bar=2.0,
    )  # fmt: skip


def add_threads(report: BenchReport, case: Case, rounds: int, size: int, scale: float) -> None:
    """Two threads beside one, for the sampler and for the plain gather; no flush, which would be shared."""
    source, edges = case.largest, int(case.graph.sample(case.requests(1, size, 0)[0]).num_edges)
    rates: dict[tuple[str, int], list[Rate]] = {}
    for number in range(rounds):
        for threads in (1, 2):
            asked = [case.requests(6, size, 100 * number + 10 * t) for t in range(threads)]
            samples = [[_sample(case.graph, request) for request in own] for own in asked]
            loads = [[gathers(source, edges, 7 * t + i) for i in range(6)] for t in range(threads)]
            rates.setdefault(("ours", threads), []).append(together(samples))
            rates.setdefault(("gather", threads), []).append(together(loads))
    cpu = {key: statistics.median(rate.cpu_ns for rate in found) for key, found in rates.items()}
    speed = {key: statistics.median(rate.per_second for rate in found) for key, found in rates.items()}
    gain, plain = (speed[name, 2] / speed[name, 1] for name in ("ours", "gather"))
    report.add(
        "threads-2", cpu["ours", 2], "ns/edge", reference="one thread (ratio: wall speed-up)", ratio=gain,
        cpu_of_one=round(cpu["ours", 2] / cpu["ours", 1], 3), gather_speed_up=round(plain, 3),
        of_gather_speed_up=round(gain / plain, 3), bars="cpu_of_one 1.15, of_gather_speed_up 0.85",
        million_edges_per_second=round(speed["ours", 2] / 1e6, 1), scale=scale,
    )  # fmt: skip


def _sample(graph: RamGraph, request: Any) -> Any:
    return lambda: graph.sample(request).num_edges


def add_bytes(report: BenchReport, rows: int) -> None:
    """Bytes per stored edge and per node, of a dataset that was ingested and opened."""
    rng = np.random.default_rng(4)
    users = rng.integers(0, rows // 30, rows)
    times = pa.array(np.arange(rows) * 1000).cast(pa.timestamp("us"))
    tables = {
        "users": pa.table({"user_id": np.arange(rows // 30)}),
        "items": pa.table({"item_id": np.arange(rows // 60)}),
        "orders": pa.table({"order_id": np.arange(rows), "user_id": users, "at": times}),
        "views": pa.table({"user_id": users, "item_id": rng.integers(0, rows // 60, rows), "at": times}),
    }
    read = wb.read_tables(tables)
    schema = wb.infer_schema(read).as_edge("views", "user_id", "item_id")
    with tempfile.TemporaryDirectory() as folder:
        wb.ingest(read, schema, Path(folder) / "store")
        graph = wb.open(Path(folder) / "store").graph
        for name, edge in (
            ("bytes-per-edge-id-cutoff", EdgeType("orders", "user_id", "users")),
            ("bytes-per-edge-time", EdgeType("users", "views", "items")),
        ):
            arrays = graph.arrays.edges[edge]
            offsets = 0 if arrays.indptr is None else arrays.indptr.nbytes
            each = (arrays.nbytes - offsets) / graph.num_edges(edge)
            facts: dict[str, Any] = {"less_is_better": True, "edges": graph.num_edges(edge)}
            report.add(name, each, "bytes", reference=NAIVE, ratio=each / 16, **facts)
        offsets = max(
            part.indptr.nbytes / graph.num_nodes(edge.dst)
            for edge, part in graph.arrays.edges.items()
            if part.indptr is not None
        )
        report.add(
            "bytes-per-node", offsets, "bytes", reference="an offset of 8 bytes", ratio=offsets / 8,
            less_is_better=True,
        )  # fmt: skip


def add_dispatch(report: BenchReport) -> None:
    """One seed without neighbours: what handing a batch to the kernel costs, and the whole of ``sample``."""
    graph = homogeneous(1000, 0)
    plan = wb.Fanout([15, 10, 5]).compile(graph.schema, ["nodes"])
    request = wb.SampleRequest((wb.SeedSet.of("nodes", np.array([7])),), plan, 1)
    whole, handed = dispatch_us(lambda: graph.sample(request))
    for name, cost, bar in (("dispatch", handed, 5), ("dispatch, whole sample()", whole, None)):
        quarters = np.quantile(cost.each, [0.25, 0.75]).round(2).tolist()
        report.add(name, cost.median, "us/batch", quartiles=quarters, calls=len(cost.each), bar=bar)


def add_jit(report: BenchReport) -> None:
    """CPU seconds to compile every sampling kernel, and to the first batch where they are compiled."""
    cold, warm = cold_and_warm()
    for name, took, part, bar in (("jit-cold", cold, "every", 8), ("jit-warm", warm, "first", 1)):
        with_import = round(took["start"] + took[part], 2)
        report.add(name, took[part], "CPU s", with_start_and_import=with_import, bar=bar)


def main() -> None:
    """Run every case, or those named."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--scale", type=float, help="sizes relative to 5 M nodes and 100 M edges (default 1)")
    parser.add_argument("--batch", type=int, help="seeds per batch (default: as many as each case says)")
    parser.add_argument("--batches", type=int, default=24, help="batches per case (default 24)")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="only the cases whose names begin so")
    given = parser.parse_args()
    scale = given.scale or (0.01 if given.quick else 1.0)
    report, asked = BenchReport("sampling"), given.only or [""]

    def wanted(name: str) -> bool:
        return any(name.startswith(one) or (one and one.startswith(name)) for one in asked)

    if wanted("jit"):
        add_jit(report)  # first, while nothing else of this process keeps the processor warm
    if wanted("draws"):
        keyed, running = draw_ns(1_000 if given.quick else 10_000)
        report.add(
            "draws, keyed per node", keyed, "ns/draw", reference="one running state, node by node",
            ratio=keyed / running, less_is_better=True,
        )  # fmt: skip
    if wanted("dispatch"):
        add_dispatch(report)
    if wanted("bytes"):
        add_bytes(report, 30_000 if given.quick else 300_000)
    found = cases(scale)
    for case in found:
        if wanted(case.name):
            add_case(report, case, given.batches, given.batch or case.seeds, scale)
    if wanted("threads-2"):
        add_threads(report, found[0], 3 if given.quick else 7, given.batch or found[0].seeds, scale)
    del found
    if wanted("temporal-weighted"):
        add_hubs(report, given.batches, given.batch or 1024, scale)
    report.finish(given.json)


if __name__ == "__main__":
    main()
