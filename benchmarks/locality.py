"""Does the order of rows on disk pay? Pages a batch touches, and rows a second of reads that miss the cache.

    python benchmarks/locality.py [--rows 1e7] [--folder DIR] [--quick] [--json FILE]

Batches of most-recent sampling are replayed over every order that rows could have
(``engine.features.locality``); ``order`` is what that proposes. Seeds of the generated shop are users at
moments spread over the history; it is then ingested again with the proposed order, and the very same rows are
read from both, the files evicted before each read. A graph of planted communities has no keys to order its
nodes by: it is laid out anew where it lies, by ``engine.reorder``. Seeds of rel-f1, which is looked for in
``../shared/data``, are the training seeds of driver-dnf, in small batches, for all of its rows fit into a few
hundred pages.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _report import BenchReport, arguments

import workbench as wb
from workbench.ingestion.pilot import drawn_seeds
from workbench.loading.join import plan_join
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.dataset import Dataset
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.commerce import commerce
from workbench.testing.evict import evict
from workbench.testing.planted import planted
from workbench.types import AnyArray

ORDERS_PER_USER = 27
"""Rows of ``orders`` a user in the generated shop of 16 periods."""

FANOUTS = ([20], [20, 20])
RELATIONAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "rel-f1"
TABLE, BATCH, SMALL_BATCH, BATCHES = "orders", 512, 16, 8


def ingested(
    tables: Mapping[str, pa.Table] | str, path: Path, order: Mapping[str, str] | str = "arrival"
) -> wb.Engine:
    """Ingest and open."""
    source = wb.read_tables(tables)
    wb.ingest(source, wb.infer_schema(source), path, order=order)
    return wb.open(path)


def driver_seeds(engine: wb.Engine) -> wb.SeedTable:
    """Drivers at the moments of the task's training seeds."""
    task = pq.read_table(RELATIONAL / "tasks" / "driver-dnf" / "train.parquet")
    keys, dates = task["driverId"].combine_chunks(), task["date"].cast(pa.timestamp("us")).cast(pa.int64())
    return wb.SeedTable("drivers", engine.node_ids("drivers", keys), keys, dates.to_numpy())


def add_pages(
    report: BenchReport, name: str, engine: wb.Engine, seeds: wb.SeedTable | None, size: int
) -> dict[str, str]:
    """Pages a batch of every fanout; the orders that the first one proposes."""
    proposed: dict[str, str] | None = None
    for fanout in FANOUTS:
        plan = wb.Fanout(list(fanout), strategy="recent")
        found = engine.features.locality(plan, seeds, batch_size=size, batches=BATCHES)
        print(found, flush=True)
        report.add(
            f"{name}, latest {'-'.join(map(str, fanout))}, all tables",
            found.after,
            "pages/batch",
            reference="arrival order",
            ratio=found.before / found.after,
            order=str(found.order),
        )
        for each in found.tables:
            if each.table in found.order:
                report.add(
                    f"{name}, latest {'-'.join(map(str, fanout))}, {each.table} by {each.best}",
                    each.pages[each.best],
                    "pages/batch",
                    reference="arrival order",
                    ratio=each.now / each.pages[each.best],
                    rows=round(each.rows),
                )
        proposed = found.order if proposed is None else proposed
    return proposed or {}


def reads_of(engine: wb.Engine, table: str, size: int) -> list[AnyArray]:
    """Rows of a table that each replayed batch of so many seeds reads."""
    sampler = NeighborSampler(
        engine.graph, wb.Fanout(list(FANOUTS[0]), strategy="recent"), purpose="locality"
    )
    found = []
    for seeds in drawn_seeds(engine.graph, size, BATCHES):
        for read in plan_join(engine.schema, engine.features.groups, sampler.sample(seeds)).reads:
            found += [read.ids] if read.group == table else []
    return found


def cold_rate(dataset: Dataset, table: str, ids: AnyArray) -> float:
    """Rows a second of one read from an evicted file."""
    evict(dataset.file("features", table))
    store = SsdFeatures.open(dataset, resident_bytes=0)
    started = time.perf_counter()
    store.multi_get([wb.Read(table, ids)])
    return len(ids) / (time.perf_counter() - started)


def add_cold(
    report: BenchReport, name: str, table: str, arrival: Dataset, ordered: Dataset, reads: list[AnyArray]
) -> None:
    """Cold reads of the same rows from both orders, in turn."""
    (
        cold_rate(arrival, table, reads[0]),
        cold_rate(ordered, table, reads[0]),
    )  # compiles, opens what opens once
    rates = [(cold_rate(arrival, table, ids), cold_rate(ordered, table, ids)) for ids in reads]
    report.add(
        f"{name}, cold rows of {table}",
        statistics.median(after for _, after in rates),
        "rows/s",
        reference="arrival order",
        ratio=statistics.median(after / before for before, after in rates),
        arrival=statistics.median(before for before, _ in rates),
    )


def add_communities(report: BenchReport, path: Path, nodes: int) -> None:
    """Pages and cold reads of a graph without keys, before and after it is laid out anew."""
    tables, schema = planted(nodes, 60, 20, 0.95, np.random.default_rng(0)).tables(15)
    wb.ingest(tables, schema, path)
    name, engine = f"communities of {nodes:,} nodes", wb.open(path)
    plan = wb.Fanout(list(FANOUTS[0]), strategy="recent")
    found = engine.features.locality(plan, batch_size=SMALL_BATCH, batches=BATCHES)
    print(found, flush=True)
    ratio = found.before / found.after
    reference = "arrival order"
    report.add(f"{name}, latest 20", found.after, "pages/batch", reference=reference, ratio=ratio)
    done = engine.reorder(found.order).result()
    report.add(f"{name}, engine.reorder", done.seconds, "s", rows=nodes)
    reads = reads_of(engine, "nodes", SMALL_BATCH)
    add_cold(report, name, "nodes", engine.dataset, engine.refresh().dataset, reads)


def main() -> None:
    """Parse the options and measure."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--rows", type=float, default=1e7, help="orders of the generated shop")
    parser.add_argument(
        "--folder", type=Path, help="where the data sets are written; default: a temporary one"
    )
    options = parser.parse_args()
    rows = 100_000 if options.quick else int(options.rows)
    report = BenchReport("locality")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        place = Path(folder)
        if RELATIONAL.exists():
            races = ingested(f"{RELATIONAL}/db/*.parquet", place / "f1")
            add_pages(report, f"rel-f1, {SMALL_BATCH} drivers", races, driver_seeds(races), SMALL_BATCH)
        else:
            print("rel-f1 is not in ../shared/data: left out")
        tables = commerce(rows // ORDERS_PER_USER, periods=16).tables
        name = f"shop of {tables[TABLE].num_rows:,} orders"
        engine = ingested(tables, place / "time")
        order = add_pages(report, f"{name}, {BATCH} users", engine, None, BATCH)
        ordered = ingested(tables, place / "key", order)
        add_cold(report, name, TABLE, engine.dataset, ordered.dataset, reads_of(engine, TABLE, BATCH))
        add_communities(report, place / "communities", 20_000 if options.quick else 1_000_000)
    report.finish(options.json)


if __name__ == "__main__":
    main()
