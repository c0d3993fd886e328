"""Loading: how fast complete batches come, where the time goes, and what threads bring.

    python benchmarks/loading.py [--quick] [--json FILE]

A shop in memory (users, products, orders, ratings folded into edges), 512 seeds a batch, disjoint
temporal sampling. Figures are wall milliseconds per batch over one epoch, after one batch of warming up.
The reference is PyG's own NodeLoader over the same stores.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from _report import BenchReport, arguments
from torch_geometric.loader import NodeLoader

from workbench.events import Event, StageTimes
from workbench.loading.loader import Loader
from workbench.loading.order import batch_order
from workbench.plan.fanout import Fanout
from workbench.pyg.loader import PyGLoader
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.temporal import MICROSECONDS
from workbench.testing.ram_features import RamFeatures, random_block

BATCH = 512


@dataclass(frozen=True)
class Shop:
    """What a loader is made of."""

    graph: RamGraph
    features: RamFeatures
    seeds: SeedTable
    sampler: NeighborSampler


def table(name: str, keys: tuple[str, ...] = (), time: str | None = None, edge: bool = False) -> Table:
    """A table with keys to other tables, named after them."""
    foreign = tuple(ForeignKey(f"{target}_id", target) for target in keys)
    columns = [Column(key.column, Stype.ID) for key in foreign]
    columns += [Column(time, Stype.TIMESTAMP)] if time else []
    ends = (foreign[0].column, foreign[1].column) if edge else None
    return Table(name, tuple(columns), None, time, None, foreign, ends)


def shop(orders: int, batches: int) -> Shop:
    """A tenth as many users as orders, a hundredth as many products, half as many ratings."""
    rng = np.random.default_rng(0)
    rows = {"users": orders // 10, "products": orders // 100, "orders": orders, "ratings": orders // 2}
    ends = ("users", "products")
    schema = Schema(
        (table("users"), table("products"), table("orders", ends, "at"), table("ratings", ends, "at", True))
    )
    year = 365 * MICROSECONDS["days"]
    times = {name: np.sort(rng.integers(0, year, rows[name])) for name in ("orders", "ratings")}
    keys = {
        (name, f"{end}_id"): rng.integers(0, rows[end], rows[name])
        for name in ("orders", "ratings")
        for end in ends
    }
    graph = RamGraph(GraphArrays.from_columns(schema, rows, times, keys))
    widths = {"numerical": 6, "categorical": 4, "timestamp": 1}
    features = RamFeatures(
        [random_block(name, count, rng, widths) for name, count in rows.items()], threads=2
    )
    ids = rng.integers(0, rows["users"], BATCH * batches)
    anchors = rng.integers(year // 2, year, len(ids))
    seeds = SeedTable("users", ids, pa.array(ids), anchors, rng.random(len(ids)).round(), "train")
    return Shop(graph, features, seeds, NeighborSampler(graph, Fanout([16, 8])))


def per_batch(loader: Iterable[object]) -> float:
    """Wall milliseconds per batch, the first left out."""
    iterator = iter(loader)
    next(iterator)
    began, count = time.perf_counter(), 0
    for _ in iterator:
        count += 1
    return (time.perf_counter() - began) * 1e3 / count


def measure_stages(report: BenchReport, world: Shop) -> None:
    """Milliseconds that each stage takes of one thread, per batch."""
    events: list[Event] = []
    loader = PyGLoader(
        world.sampler, world.features, world.seeds, BATCH, threads=1, callbacks=[events.append]
    )
    count = sum(1 for _ in loader)
    for stage in ("sample", "fetch", "assemble", "convert"):
        spent = sum(event.stages.get(stage, 0.0) for event in events if isinstance(event, StageTimes))
        report.add(f"stage {stage}, 1 thread", spent * 1e3 / count, "ms/batch")


def measure_loaders(report: BenchReport, world: Shop) -> None:
    """Ours with 1, 2 and 4 threads beside the stock loader with 0 and 2 worker processes."""
    parts = (world.sampler, world.features, world.seeds, BATCH)
    subgraph = Loader(*parts).batch(0).subgraph
    size: dict[str, Any] = {"edges": subgraph.num_edges, "nodes": subgraph.num_nodes}
    stock = {}
    for workers in (0, 2):
        loader = NodeLoader(
            (PyGFeatureStore(world.graph, world.features), PyGGraphStore(world.graph)),
            node_sampler=PyGSampler(world.sampler),
            input_nodes=("users", torch.from_numpy(world.seeds.node_id)),
            input_time=torch.from_numpy(world.seeds.anchor_time),
            batch_size=BATCH,
            num_workers=workers,
        )
        stock[workers] = per_batch(loader)
        report.add(f"stock NodeLoader, {workers} workers", stock[workers], "ms/batch", **size)
    best = min(stock.values())
    for threads in (1, 2, 4):
        made_by: dict[str, Iterable[object]] = {
            "Loader": Loader(*parts, threads=threads),
            "PyGLoader": PyGLoader(*parts, threads=threads),
            "PyGLoader, distinct rows": PyGLoader(*parts, threads=threads, expand=False),
        }
        for name, made in made_by.items():
            spent = per_batch(made)
            report.add(
                f"{name}, {threads} threads",
                spent,
                "ms/batch",
                reference="best stock NodeLoader",
                ratio=best / spent,
                **size,
            )


def measure_order(report: BenchReport, count: int) -> None:
    """What shuffling an epoch costs, beside numpy's own permutation."""
    began = time.perf_counter()
    np.random.default_rng(0).permutation(count)
    reference = time.perf_counter() - began
    began = time.perf_counter()
    batch_order(count, BATCH, shuffle=True, key=1)
    spent = time.perf_counter() - began
    report.add(
        f"shuffle {count:,} seeds", spent * 1e3, "ms", reference="numpy permutation", ratio=reference / spent
    )


def main() -> None:
    """Measure and report."""
    options = arguments(__doc__ or "").parse_args()
    world = shop(20_000, 4) if options.quick else shop(2_000_000, 60)
    report = BenchReport("loading")
    batch_order(BATCH, BATCH, shuffle=True)  # compile
    measure_stages(report, world)
    measure_loaders(report, world)
    measure_order(report, 100_000 if options.quick else 5_000_000)
    report.finish(options.json)


if __name__ == "__main__":
    main()
