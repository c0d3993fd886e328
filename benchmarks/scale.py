"""From unordered rows on disk to samples: the out-of-core build, its memory, and what a billion edges cost.

    python benchmarks/scale.py [--edges 1e8] [--folder DIR] [--quick] [--json FILE]

A table of events points at users and at items. Its foreign keys lie on disk as columns of row ids, in no
order; both are sorted into CSC, so ``--edges`` counts the sorted adjacency entries: twice the events. Each
part runs in a process of its own, whose peak memory is therefore its own. Kernels are compiled before the
clock starts. Disk: 12 bytes an edge at most; memory for the samples: 12 bytes an edge, of which times of
events take 4.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from _report import BenchReport, arguments
from _sampling_graphs import table
from _sampling_measure import cold, gathers

from workbench.ingestion.csc_files import build_csc
from workbench.ingestion.flat_files import FileIds
from workbench.plan.fanout import Fanout
from workbench.schema import EdgeType, Schema
from workbench.stores.graph_arrays import EdgeArrays, GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.resident import read_resident

RATE = 8e6
"""Rows a CPU second that the build must reach."""

ROOM = 2 << 30
"""Bytes that the build may take, beside 8 a node."""

EVENTS_PER_USER, EVENTS_PER_ITEM = 30, 60
ENDS = ("users", "items")


def targets(rows: int) -> dict[str, int]:
    """Users and items of a table of events."""
    return {"users": rows // EVENTS_PER_USER + 1, "items": rows // EVENTS_PER_ITEM + 1}


def in_child(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a process that has done nothing else."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        return child.submit(function, *args).result()


def generate(folder: Path, rows: int) -> None:
    """Write both foreign keys: users evenly, items by popularity."""
    rng, counts, step = np.random.default_rng(7), targets(rows), 1 << 22
    with (folder / "users").open("wb") as users, (folder / "items").open("wb") as items:
        for begin in range(0, rows, step):
            size = min(step, rows - begin)
            rng.integers(0, counts["users"], size, dtype=np.uint32).tofile(users)
            (rng.random(size) ** 2 * counts["items"]).astype(np.uint32).tofile(items)


def build(folder: Path, rows: int) -> dict[str, float]:
    """Sort both keys; CPU and wall seconds, peak memory, and the most bytes that lay on disk."""
    build_csc(np.arange(3, dtype=np.uint32), 3, folder / "warm")
    disk = [0]

    def watch(_stage: str, _done: int) -> None:
        disk[0] = max(disk[0], size_of(folder))

    wall, cpu = time.perf_counter(), time.process_time()
    for name, count in targets(rows).items():
        build_csc(FileIds(folder / name), count, folder / f"by-{name}", report=watch)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"cpu": cpu, "wall": wall, "peak": peak, "disk": disk[0]}


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def opened(folder: Path, rows: int) -> RamGraph:
    """The graph in RAM: both directions of both keys."""
    schema = Schema((table("users"), table("items"), table("events", ENDS, "time")))
    edges = {}
    for position, name in enumerate(ENDS):
        key, built = f"{name}_{position}", folder / f"by-{name}"
        indptr, nbr = (load(built / role, kind) for role, kind in (("indptr", np.int64), ("nbr", np.uint32)))
        edges[EdgeType("events", key, name)] = EdgeArrays(indptr, nbr)
        edges[EdgeType(name, f"rev_{key}", "events")] = EdgeArrays(None, load(folder / name, np.uint32))
    times = {"users": None, "items": None, "events": np.arange(0, rows * 1000, 1000)}
    ordered = {edge: edges[edge] for edge in schema.edge_types}
    follow = frozenset(str(edge) for edge in schema.edge_types)
    graph = GraphArrays(schema, targets(rows) | {"events": rows}, times, ordered, follow)
    graph.check()
    return RamGraph(graph)


def load(path: Path, dtype: type) -> Any:
    """A whole file in memory, as a dataset's files are loaded."""
    return read_resident(path, path.stat().st_size, dtype)


def sample(folder: Path, rows: int, batches: int) -> dict[str, Any]:
    """Open and sample; thread-CPU ns per edge by strategy, and what the process occupies."""
    began = time.perf_counter()
    graph = opened(folder, rows)
    found: dict[str, Any] = {"open": time.perf_counter() - began, "report": str(graph.memory())}
    source = graph.arrays.edges[EdgeType("events", "users_0", "users")].nbr
    found["gather"] = statistics.median(cold(gathers(source, 300_000, n))[0] for n in range(7))
    rng = np.random.default_rng(9)
    for strategy in ("uniform", "recent"):
        plan = Fanout([20, 1, 10], strategy=strategy).compile(graph.schema, ["users"])
        costs, edges = [], []
        for number in range(batches + 2):
            anchors = rng.integers(rows * 500, rows * 1000, 320)
            seeds = SeedSet.of("users", rng.integers(0, graph.num_nodes("users"), 320), anchors)
            request = SampleRequest((seeds,), plan, number)
            cost, drawn = cold(lambda request=request: graph.sample(request).num_edges)  # type: ignore[misc]
            costs.append(cost)
            edges.append(drawn)
        found[strategy] = {"costs": costs[2:], "edges": float(np.mean(edges[2:]))}
    found["graph"] = graph.arrays.nbytes
    found["resident"] = resident()
    return found


def resident() -> int:
    """Bytes of this process that lie in memory now."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


def add_build(report: BenchReport, rows: int, built: dict[str, float]) -> None:
    """What the build took, against its bars."""
    edges, nodes = 2 * rows, sum(targets(rows).values())
    size, rate = f"{edges / 1e6:,g} M edges from {rows / 1e6:,g} M rows", rows / built["cpu"]
    report.add(
        f"build of {size}, both directions", rate / 1e6, "M rows/CPU s",
        reference=f"{RATE / 1e6:g} M rows/CPU s", ratio=rate / RATE, rows=rows, nodes=nodes,
        edges=edges, edges_per_cpu_second=round(2 * rate),
    )  # fmt: skip
    report.add(
        "build, wall time", built["wall"], "s", reference="its CPU time",
        ratio=built["wall"] / built["cpu"], less_is_better=True,
    )  # fmt: skip
    allowed = ROOM + 8 * nodes
    report.add(
        "build, peak memory", built["peak"] / 2**30, "GiB",
        reference="2 GiB + 8 bytes a node", ratio=built["peak"] / allowed, less_is_better=True,
    )  # fmt: skip
    report.add(
        "build, most on disk, columns included", built["disk"] / edges, "bytes/edge",
        reference="an id and a time of 8 bytes each", ratio=built["disk"] / edges / 16,
        less_is_better=True, gigabytes=built["disk"] / 1e9,
    )  # fmt: skip


def add_samples(report: BenchReport, rows: int, found: dict[str, Any]) -> None:
    """What opening and sampling took."""
    edges = 2 * rows
    report.add("open and check", found["open"], "s", gigabytes=found["graph"] / 1e9)
    report.add(
        "memory with the graph open, both ways and times", found["resident"] / 2**30, "GiB",
        reference="the graph's arrays", ratio=found["resident"] / found["graph"],
        less_is_better=True, bytes_per_edge=found["resident"] / edges,
    )  # fmt: skip
    for strategy in ("uniform", "recent"):
        costs, drawn = found[strategy]["costs"], found[strategy]["edges"]
        report.add(
            f"temporal {strategy}, disjoint, 20-1-10", float(np.median(costs)), "ns/edge",
            reference="independent random gather", ratio=float(np.median(costs)) / found["gather"],
            less_is_better=True, min=min(costs), max=max(costs), gather_ns=round(found["gather"], 1),
            edges_per_batch=round(drawn),
        )  # fmt: skip


def main() -> None:
    """Generate, build, open, sample; nothing is left on disk."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--edges", type=float, help="sorted adjacency entries (default 1e8)")
    parser.add_argument("--folder", type=Path, help="where the files are made (default: the system's)")
    given = parser.parse_args()
    rows = int(given.edges or (2e6 if given.quick else 1e8)) // 2
    report = BenchReport("scale")
    with tempfile.TemporaryDirectory(prefix="bench-scale-", dir=given.folder) as scratch:
        folder = Path(scratch)
        in_child(generate, folder, rows)
        add_build(report, rows, in_child(build, folder, rows))
        found = in_child(sample, folder, rows, 6 if given.quick else 24)
    add_samples(report, rows, found)
    print(found["report"])
    report.finish(given.json)


if __name__ == "__main__":
    main()
