"""What an append of the last 1% of the rows costs, against an ingest of all of them.

    python benchmarks/append.py [--rows 2e6 1e7] [--repeats 3] [--folder DIR] [--quick] [--json FILE]

Both write the same generated shop, in turns (A B A B). The ratio is the ingest's seconds over the append's:
20 says that the append costs 5%. CPU seconds are of all threads; wall seconds say as much about the disk.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from _report import BenchReport, arguments

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.report import IngestReport
from workbench.ingestion.tables import read_tables
from workbench.schema import Schema
from workbench.testing.commerce import commerce

ROWS_PER_USER = 33
"""Rows of the generated shop per user, orders and reviews included."""

LAST = 0.01
"""Share of the rows of every table of times that is appended."""

Cost: TypeAlias = tuple[float, float]
"""Wall seconds, CPU seconds."""


def write_parts(tables: Mapping[str, pa.Table], schema: Schema, folder: Path) -> int:
    """Parquet files of all rows, of the earlier and of the last ones; how many rows are the last."""
    last = 0
    for name, table in tables.items():
        parts = {"all": table, "base": table}
        if time_column := schema[name].time:
            order = pc.sort_indices(table[time_column])
            cut = int(len(table) * (1 - LAST))
            parts["base"], parts["new"] = table.take(order[:cut]), table.take(order[cut:])
            last += len(table) - cut
        for part, rows in parts.items():
            (folder / part).mkdir(parents=True, exist_ok=True)
            pq.write_table(rows, folder / part / f"{name}.parquet")
    return last


def restore(base: Path, path: Path) -> None:
    """A dataset as it was before the append: immutable files are linked, its catalog is copied."""
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(base, path, copy_function=os.link)
    for name in ("catalog.lmdb", "catalog.seal"):
        target = path / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        (shutil.copytree if (base / name).is_dir() else shutil.copyfile)(base / name, target)


def timed(run: Callable[[], IngestReport]) -> tuple[Cost, IngestReport]:
    """Run once, with everything that was written before on disk."""
    os.sync()
    wall, cpu = time.perf_counter(), time.process_time()
    report = run()
    return (time.perf_counter() - wall, time.process_time() - cpu), report


def add(bench: BenchReport, name: str, tables: Mapping[str, pa.Table], folder: Path, repeats: int) -> None:
    """Ingest and append in turns; medians of both clocks, and the stages of the last append."""
    schema = infer_schema(dict(tables))
    last, rows = write_parts(tables, schema, folder), sum(map(len, tables.values()))
    base, store = folder / "base-store", folder / "store"
    ingest(read_tables(str(folder / "base")), schema, base)
    found: dict[str, list[Cost]] = {"ingest": [], "append": []}
    for _ in range(repeats):
        shutil.rmtree(store, ignore_errors=True)
        cost, _ = timed(lambda: ingest(read_tables(str(folder / "all")), schema, store))
        found["ingest"].append(cost)
        restore(base, store)
        cost, report = timed(lambda: ingest(read_tables(str(folder / "new")), schema, store, append=True))
        found["append"].append(cost)
    facts: dict[str, Any] = {"rows": rows, "appended": report.total_rows}
    assert report.total_rows == last, "every appended row follows"
    for number, clock in ((1, "CPU"), (0, "wall")):
        whole, new = (statistics.median(cost[number] for cost in found[way]) for way in found)
        bench.add(
            f"append, {name}, {clock}", new, "s", reference="ingest of all rows", ratio=whole / new, **facts
        )
        facts = {}
    for stage, seconds in report.seconds.items():
        bench.add(f"append, {name}, stage {stage}", seconds, "s")
    shutil.rmtree(folder)


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--rows", type=float, nargs="+", default=[2e6, 1e7], help="rows of generated shops")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write; some 300 bytes a row")
    options = parser.parse_args()
    sizes, repeats = ([50_000], 1) if options.quick else (map(int, options.rows), options.repeats)
    bench = BenchReport("append")
    with tempfile.TemporaryDirectory(prefix="bench-append-", dir=options.folder) as scratch:
        add(BenchReport("warm"), "tiny", commerce(100).tables, Path(scratch) / "tiny", 1)
        for rows in sizes:
            tables = commerce(max(2, rows // ROWS_PER_USER)).tables
            total = sum(map(len, tables.values()))
            add(bench, f"1% of {total / 1e6:.1f} M rows", tables, Path(scratch) / "shop", repeats)
    bench.finish(options.json)


if __name__ == "__main__":
    main()
