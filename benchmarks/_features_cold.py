"""Cold reads: rows of an evicted file against fio on the same file, in turns; runs of rows; the row cache."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from _report import BenchReport

from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.uring import is_allowed
from workbench.testing.evict import evict
from workbench.types import Int64Array

GROUP = "g"
RUN = 20
BARS = {"io_uring": 0.9, "pread": 0.7}
CPU_BAR = 5.0
"""Microseconds of CPU per cold row."""

SKEW = 1.1
CACHED = 0.1
"""Exponent of the power law of the cache's trace, and the share of rows that the cache may hold."""


@dataclass(frozen=True)
class Reading:
    """Seconds, and seconds of CPU of all threads, per row."""

    wall: float
    cpu: float


def cold(report: BenchReport, dataset: Dataset, *, quick: bool) -> None:
    """Cases ``cold-random`` of every way, its CPU, and ``cold-runs``."""
    file, rows = _file(dataset), dataset.manifest.groups[0].rows
    ways = ["io_uring", "pread"] if is_allowed() else ["pread"]
    if len(ways) == 1:
        print("io_uring is refused here: rows are read by pread, and that way has no figures", flush=True)
    stores = {way: SsdFeatures.open(dataset, resident_bytes=0, cold=way) for way in ways}
    rng, count = np.random.default_rng(2), 5_000 if quick else 20_000
    fio: list[float] = []
    random: dict[str, list[Reading]] = {way: [] for way in ways}
    runs: dict[str, list[Reading]] = {way: [] for way in ways}
    for _ in range(3 if quick else 6):
        evict(file)
        fio += _fio(file, 1 if quick else 3)
        for way, store in stores.items():
            random[way].append(_read(store, rng.integers(0, rows, count)))
            starts = rng.integers(0, rows - RUN, count // 4)
            runs[way].append(_read(store, (starts[:, None] + np.arange(RUN)).ravel()))
    for way in ways:
        case = "cold-random" if way == ways[0] else f"cold-random, {way}"
        _add_random(report, case, way, random[way][1:], fio[1:])  # the first round loads code
        wall = [one.wall for one in runs[way][1:]]
        ratio = median(many.wall / few for many, few in zip(random[way][1:], wall, strict=True))
        name = "cold-runs" if way == ways[0] else f"cold-runs, {way}"
        report.add(name, 1 / median(wall), "rows/s", reference="random rows", ratio=ratio, bar=5.0, way=way)


def _add_random(report: BenchReport, case: str, way: str, found: list[Reading], fio: list[float]) -> None:
    rate = 1 / median(one.wall for one in found)
    if fio:
        ratio = median(1 / one.wall / iops for one, iops in zip(found, fio, strict=True))
        reference = "fio, queue depth 256"
        report.add(
            case, rate, "rows/s", reference=reference, ratio=ratio, bar=BARS[way], fio=round(median(fio))
        )
    else:
        print("fio is not installed: cold reads have no reference (apt-get install fio)", flush=True)
        report.add(case, rate, "rows/s", way=way)
    cpu = median(one.cpu for one in found) * 1e6
    report.add(f"{case}, CPU", cpu, "us/row", reference=f"{CPU_BAR:g} us", ratio=CPU_BAR / cpu, bar=1.0)


def row_cache(report: BenchReport, dataset: Dataset, *, quick: bool) -> None:
    """Case ``row-cache``: rows per second of a power-law trace, with a cache and without, in turns."""
    file, rows = _file(dataset), dataset.manifest.groups[0].rows
    share = int(rows * dataset.manifest.groups[0].stride * CACHED)
    stores = [SsdFeatures.open(dataset, resident_bytes=0, cache_bytes=size) for size in (0, share)]
    rng, count = np.random.default_rng(3), 5_000 if quick else 20_000
    evict(file)
    seconds: list[list[float]] = [[], []]
    learning = min(rows // 2 // count, 100)
    for _ in range(learning):
        _read(stores[1], _popular(rng, rows, count))
    before = stores[1].describe()[GROUP].cache
    for _ in range(6 if quick else 12):
        ids = _popular(rng, rows, count)
        for store, times in zip(stores, seconds, strict=True):
            times.append(_read(store, ids).wall)
    after = stores[1].describe()[GROUP].cache
    assert before is not None
    assert after is not None
    hits, misses = after.hits - before.hits, after.misses - before.misses
    ratio = median(without / with_ for without, with_ in zip(*seconds, strict=True))
    rate, hit_rate = 1 / median(seconds[1]), round(hits / (hits + misses), 3)
    more = {"hit_rate": hit_rate, "cache_share": CACHED, "skew": SKEW}
    report.add("row-cache", rate, "rows/s", reference="without a cache", ratio=ratio, **more)


def _popular(rng: np.random.Generator, rows: int, count: int) -> Int64Array:
    """Rows by a power law, the popular ones anywhere in the file."""
    rank = (rows ** rng.random(count) if SKEW == 1 else _inverse(rng.random(count), rows)).astype(np.int64)
    return np.minimum(rank, rows - 1) * 7_368_787 % rows


def _inverse(uniform: np.typing.NDArray[np.float64], rows: int) -> np.typing.NDArray[np.float64]:
    """Ranks from 1 on whose density falls as rank ** -SKEW."""
    power = 1 - SKEW
    ranks: np.typing.NDArray[np.float64] = (1 + uniform * (rows**power - 1)) ** (1 / power)
    return ranks


def _read(store: SsdFeatures, ids: Int64Array) -> Reading:
    wall, cpu = time.perf_counter(), time.process_time()
    store.multi_get([Read(GROUP, ids)])
    return Reading((time.perf_counter() - wall) / len(ids), (time.process_time() - cpu) / len(ids))


def _fio(file: Path, seconds: int) -> list[float]:
    """Reads per second of random 512-byte blocks by fio; nothing where it is not installed."""
    fio = shutil.which("fio")
    if fio is None:
        return []
    engine = "io_uring" if is_allowed() else "libaio"
    options = {
        "name": "random",
        "filename": str(file),
        "rw": "randread",
        "bs": "512",
        "direct": "1",
        "ioengine": engine,
        "iodepth": "256",
        "runtime": str(seconds),
        "output-format": "json",
    }
    command = [fio, "--readonly", "--time_based", *(f"--{name}={value}" for name, value in options.items())]
    answer = subprocess.run(command, check=True, capture_output=True, timeout=60, text=True).stdout
    return [float(json.loads(answer[answer.index("{") :])["jobs"][0]["read"]["iops"])]


def _file(dataset: Dataset) -> Path:
    file = dataset.file("features", GROUP)
    assert file is not None
    return file
