"""How fast are feature rows read and written? Each case against what the machine can do at best.

    python benchmarks/features.py [--quick] [--json FILE] [--only PART ...]

A ratio is ours / reference, higher is better, from runs in turns in one process on the same data; ``bar`` is
what was asked for. Warm rates are per core and in thread-CPU time; cold and written ones are wall time.
"""

from __future__ import annotations

import gc
import mmap
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq
from _features_cold import GROUP, cold, row_cache
from _features_data import block_of, embedding, write_dataset, write_segment
from _features_warm import FLOATS, decode, warm
from _report import BenchReport, arguments
from ingest import trials, write_parquet

from workbench.ingestion.infer import infer_schema
from workbench.ingestion.job import Job, pool
from workbench.ingestion.write_features import write_features
from workbench.stores.dataset import Dataset
from workbench.stores.durable import adopt_file
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.commerce import commerce
from workbench.testing.evict import evict

PARTS = ("warm", "decode", "bulk", "ingest", "cold", "open", "cache")

CHUNK = 8 << 20
OPEN_MS, OPEN_BYTES = 50.0, 1 << 20
INGEST_BAR = 500_000.0
"""Rows a second of the whole ingest of a shop."""


def main() -> None:
    """Measure and report."""
    parser = arguments(__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS)
    )
    options = parser.parse_args()
    report, quick, only = BenchReport("features"), options.quick, options.only
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:  # the system's /tmp may be in memory
        folder = Path(scratch)
        if "warm" in only:
            warm(report, folder, quick=quick)
        if "decode" in only:
            decode(report, folder, quick=quick)
        if "bulk" in only:
            bulk_load(report, folder, quick=quick)
        if "ingest" in only:
            ingest(report, folder, quick=quick)
        if {"cold", "open", "cache"} & set(only):
            size = (256 << 20) if quick else (8 << 30)
            dataset = write_dataset(folder / "large", [embedding(GROUP, size // 512, FLOATS)])
            if "cold" in only:
                cold(report, dataset, quick=quick)
            if "open" in only:
                opening(report, dataset)
            if "cache" in only:
                row_cache(report, dataset, quick=quick)
    report.finish(options.json)


def bulk_load(report: BenchReport, folder: Path, *, quick: bool) -> None:
    """Case ``bulk-load``: rows to a segment on disk against a sequential direct write of as many bytes."""
    size = (128 << 20) if quick else (1 << 30)
    layout = embedding(GROUP, size // 512, FLOATS)
    block = block_of(layout)
    ratios, rates = [], []
    for turn in range(4 if quick else 6):
        plain = _sequential_write(folder / "plain", size)
        started = time.perf_counter()
        write_segment(folder, f"{turn}.seg", layout, block)
        ours = time.perf_counter() - started
        (folder / f"{turn}.seg").unlink()
        ratios.append(plain / ours)
        rates.append(size / ours / 1e6)
    reference = "sequential direct write"
    report.add("bulk-load", median(rates), "MB/s", reference=reference, ratio=median(ratios), bar=0.8)


def _sequential_write(file: Path, size: int) -> float:
    """Seconds to write and fsync a file in aligned pieces, past the page cache where that is possible."""
    piece = mmap.mmap(-1, CHUNK)
    piece.write(os.urandom(CHUNK))
    started = time.perf_counter()
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | getattr(os, "O_DIRECT", 0), 0o600)
    for _ in range(size // CHUNK):
        os.write(handle, piece)
    os.fsync(handle)
    os.close(handle)
    seconds = time.perf_counter() - started
    file.unlink()
    return seconds


def ingest(report: BenchReport, folder: Path, *, quick: bool) -> None:
    """Cases ``ingest``: features of a table against reading it, and a whole shop against a rate."""
    source = write_parquet(commerce(1000 if quick else 60_000).tables, folder / "shop")
    file = source / "orders.parquet"
    table = infer_schema(source)["orders"]
    rows = pq.read_metadata(file).num_rows
    ratios, rates = [], []
    for turn in range(5):
        started = time.perf_counter()
        pq.read_table(file)
        reading = time.perf_counter() - started
        with pool() as threads:
            job = Job(folder / f"encoded{turn}", "p1", threads)
            (job.root / "tables").mkdir(parents=True)
            (job.root / "tables/0.parquet").hardlink_to(file)
            job.add(adopt_file(job.root, "tables/0.parquet", "table", "orders"))
            started = time.perf_counter()
            write_features(job, table, rows)
            seconds = time.perf_counter() - started
        ratios.append(reading / seconds)
        rates.append(rows / seconds)
    report.add(
        "ingest", median(rates[1:]), "rows/s", reference="pq.read_table", ratio=median(ratios[1:]), bar=0.5
    )
    found = trials(source, folder / "store", 1 if quick else 3)
    rate = median(trial.report.total_rows / trial.wall for trial in found)
    case, reference = "ingest, whole shop", "500 k rows/s"
    report.add(case, rate, "rows/s", reference=reference, ratio=rate / INGEST_BAR, bar=1.0, rows=rows)


def opening(report: BenchReport, dataset: Dataset) -> None:
    """Case ``open``: milliseconds and bytes read to open an evicted dataset."""
    seconds, read = [], []
    for _ in range(7):
        for file in dataset.path.rglob("*"):
            if file.is_file():
                evict(file)
        gc.collect()
        before, started = _bytes_read(), time.perf_counter()
        store = SsdFeatures.open(dataset.path)
        seconds.append((time.perf_counter() - started) * 1000)
        read.append(_bytes_read() - before)
        del store
    size = sum(entry.bytes for entry in dataset.manifest.files)
    took, most = median(seconds[1:]), max(read[1:])
    ratio = OPEN_MS / took
    report.add("open", took, "ms", reference=f"{OPEN_MS:g} ms", ratio=ratio, bar=1.0, gb=round(size / 1e9, 1))
    ratio = OPEN_BYTES / max(most, 1)
    report.add("open, bytes read", most, "bytes", reference="1 MiB", ratio=ratio, bar=1.0)


def _bytes_read() -> int:
    """Bytes that this process asked for, or had read from the disk, whichever are more."""
    lines = Path("/proc/self/io").read_text(encoding="utf-8").splitlines()
    counts = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return max(counts["rchar"], counts["read_bytes"])


if __name__ == "__main__":
    main()
