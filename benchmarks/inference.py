"""How long a prediction takes: one entity online, alone and among 8 callers, rows of the call, and batches.

    python benchmarks/inference.py [--quick] [--json FILE]

Over rel-f1 where it is at hand, and a generated shop otherwise: the suggested plan, and the same model over
two hops of 16 and 8. An online call is ``run.predict(at=now, entities=[key])``, from the key to the number;
``cpu_ms`` is what the process computed meanwhile, per call. Models are trained for a few steps: what they
know changes no time. Callers are threads of one process; that their answers are those of one caller alone is
checked. torch computes in one thread.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from _races import LAST_DAY, open_races
from _report import BenchReport, arguments

import workbench as wb
from workbench.training.run import Run

CALLERS = 8
WARM = 10
ORDERS = "PREDICT COUNT(orders.*, 0, 30, days) > 0 FOR EACH users.user_id"


def milliseconds(calls: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    p50, p99 = np.percentile(np.asarray(calls) * 1e3, [50, 99])
    return float(p50), float(p99)


def timed(ask: Callable[[Any], Any], what: Any) -> tuple[float, Any]:
    """Seconds of a call, and its answer."""
    began = time.perf_counter()
    answer = ask(what)
    return time.perf_counter() - began, answer


def add_online(report: BenchReport, name: str, run: Run, at: str, keys: list[Any], calls: int) -> None:
    """One entity per call: one caller, then several."""
    asked = [keys[i % len(keys)] for i in range(calls)]

    def ask(key: Any) -> Any:
        return run.predict(at=at, entities=[key]).values

    for key in asked[:WARM]:
        ask(key)
    cpu = time.process_time()
    alone = [timed(ask, key) for key in asked]
    cpu = (time.process_time() - cpu) / calls * 1e3
    p50, p99 = milliseconds([seconds for seconds, _ in alone])
    report.add(f"{name}: online, p50", p50, "ms", cpu_ms=cpu, calls=calls)
    report.add(f"{name}: online, p99", p99, "ms")
    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(ask, asked[: 2 * CALLERS]))
        began = time.perf_counter()
        together = list(threads.map(lambda key: timed(ask, key), asked))
        seconds = time.perf_counter() - began
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(alone, together, strict=True))
    p50, p99 = milliseconds([each for each, _ in together])
    report.add(f"{name}: {CALLERS} callers, p50", p50, "ms")
    report.add(f"{name}: {CALLERS} callers, p99", p99, "ms")
    report.add(f"{name}: {CALLERS} callers", calls / seconds, "calls/s")


def add_rows(report: BenchReport, name: str, run: Run, rows: dict[str, pa.Table], calls: int) -> None:
    """An entity that is not stored, with rows of its own."""
    (table, new), key = next(iter(rows.items())), run.parts.schema[run.seed_type].primary_key
    assert table == run.seed_type, "the new entity comes first"
    assert key is not None
    entity = new[key][0].as_py()
    at = wb.iso(LATER)

    def ask(_: int) -> Any:
        return run.predict(at=at, entities=[entity], rows=rows).values

    ask(0)
    cpu = time.process_time()
    p50, p99 = milliseconds([timed(ask, number)[0] for number in range(calls)])
    cpu = (time.process_time() - cpu) / calls * 1e3
    report.add(f"{name}: online with rows of the call, p50", p50, "ms", cpu_ms=cpu, calls=calls)
    report.add(f"{name}: online with rows of the call, p99", p99, "ms")


def add_batch(report: BenchReport, name: str, run: Run, seeds: wb.SeedTable, folder: Path) -> None:
    """Many seeds: predictions into a file, and vectors."""
    run.predict(seeds[:1000])
    seconds, _ = timed(lambda path: run.predict(seeds).write(path), folder / "p.parquet")
    report.add(f"{name}: batch, predictions into Parquet", len(seeds) / seconds, "seeds/s", seeds=len(seeds))
    seconds, _ = timed(lambda some: run.embed(some).values, seeds)  # many are computed when asked for
    report.add(f"{name}: batch, embeddings", len(seeds) / seconds, "seeds/s")


LATER = wb.instant("2030-01-01")
"""When the rows of a call happened: after all that is stored."""


def rows_like(engine: wb.Engine, seed_type: str, events: str) -> dict[str, pa.Table]:
    """One new entity and two events of it, as copies of stored rows under other keys."""
    found = {}
    for name, count in ((seed_type, 1), (events, 2)):
        table = engine.schema[name]
        rows = engine.features.to_arrow(name, np.arange(engine.graph.num_nodes(name))[-count:])
        fresh = 10**9 + np.arange(count)
        changed = {table.primary_key: pa.array(fresh)}
        changed |= {
            key.column: pa.array([10**9] * count) for key in table.foreign_keys if key.table == seed_type
        }
        if table.time:
            changed[table.time] = pa.array([LATER] * count).cast(pa.timestamp("us"))
        for column, values in changed.items():
            place = rows.column_names.index(str(column))
            rows = rows.set_column(place, str(column), values)
        found[name] = rows
    return found


def measure(report: BenchReport, name: str, engine: wb.Engine, task: wb.Task, at: str, options: Any) -> None:
    """Both plans of one dataset."""
    plan = engine.suggest_plan(task)
    two_hops = plan.replace(fanout=wb.Fanout([16, 8], strategy="recent", disjoint=True), layers=2)
    calls, batch = (40, 500) if options.quick else (500, 10_000)
    for title, each in (("[16, 8]", two_hops), ("suggested", plan)):
        run = engine.train(task, each.replace(epochs=1, max_steps=20), callbacks=[], device="cpu").wait()
        seeds = task.seeds("train")
        keys = task.seeds(at=at).key.to_pylist()
        add_online(report, f"{name}, {title}", run, at, keys, calls)
        rows = rows_like(engine, run.seed_type, "results" if name == "rel-f1" else "orders")
        add_rows(report, f"{name}, {title}", run, rows, calls // 10)
        with tempfile.TemporaryDirectory() as folder:
            many = seeds[np.arange(batch) % len(seeds)]
            add_batch(report, f"{name}, {title}", run, many, Path(folder))


def main() -> None:
    """Run and report."""
    options = arguments(str(__doc__).split("\n")[0]).parse_args()
    report = BenchReport("inference")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        races = open_races(Path(folder) / "f1")
        if races is not None:
            measure(report, "rel-f1", *races, LAST_DAY, options)
        else:
            shop = wb.commerce(300 if options.quick else 4_000, periods=12)
            wb.ingest(shop.tables, wb.infer_schema(shop.tables), Path(folder) / "shop")
            engine = wb.open(Path(folder) / "shop")
            when = {"val": shop.val, "test": shop.test, "begin": shop.start, "observed_until": shop.end}
            measure(report, "shop", engine, engine.task(ORDERS, **when), wb.iso(shop.end), options)
    report.finish(options.json)


if __name__ == "__main__":
    main()
