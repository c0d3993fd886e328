"""How fast are feature rows read? Warm gather against memcpy and its peers, first cold figures, packing.

    python benchmarks/features.py [--quick] [--json FILE]

Every round runs all variants one after the other, each with fresh random ids (re-used ids flatter), and a
ratio is the median over the rounds of (reference seconds / seconds). Warm seconds are thread-CPU time, so
that a busy machine hardly counts; rates are per core. Cold and write seconds are wall time.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from _report import BenchReport, arguments

from workbench.kernels.gather import gather
from workbench.stores.buffers import ArenaPool
from workbench.stores.dataset import Dataset
from workbench.stores.features import GroupLayout
from workbench.stores.protocols import Read
from workbench.stores.segments import encode_rows
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.feature_data import WrittenGroup, group_layout, random_group, write_feature_dataset
from workbench.types import AnyArray, ByteArray

Variant = Callable[[AnyArray, ByteArray], object]

SHAPES = {
    "64 B rows": {"timestamp": 1, "numerical": 9, "categorical": 4},
    "512 B rows": {"embedding": 127},
}
"""A typical event row, and 127 floats with their mask: the size of the classic comparison."""


def main() -> None:
    """Measure and report."""
    options = arguments(__doc__.split("\n", 1)[0]).parse_args()
    report = BenchReport("features")
    total = (32 << 20) if options.quick else (1 << 30)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:  # the system's /tmp may be in memory
        for name, widths in SHAPES.items():
            layout = group_layout("g", total // group_layout("g", 0, widths).stride, widths)
            group = _pack(report, name, layout)
            dataset = _write(report, name, Path(folder) / name.split(" ")[0], group)
            for threads in (1, 2):
                _warm(report, f"warm, {name}, {threads} threads", dataset, layout, threads, options.quick)
            _cold(report, f"cold, {name}", dataset, layout, options.quick)
    report.finish(options.json)


def _pack(report: BenchReport, name: str, layout: GroupLayout) -> WrittenGroup:
    group = random_group(layout, np.random.default_rng(0))
    encode_rows(layout, {name: values[:1] for name, values in group.sections.items()}, group.present[:1])
    started = time.thread_time()
    encode_rows(layout, group.sections, group.present)
    seconds = time.thread_time() - started
    report.add(f"pack, {name}", layout.rows / seconds / 1e6, "M rows/s/core", stride=layout.stride)
    return group


def _write(report: BenchReport, name: str, path: Path, group: WrittenGroup) -> Dataset:
    started = time.perf_counter()
    dataset = write_feature_dataset(path, [group])
    seconds = time.perf_counter() - started
    report.add(f"write, hash, fsync and commit, {name}", group.rows.nbytes / seconds / 1e6, "MB/s")
    return dataset


def _warm(
    report: BenchReport, case: str, dataset: Dataset, layout: GroupLayout, threads: int, quick: bool
) -> None:
    store = SsdFeatures.open(dataset, resident_bytes=1 << 40)
    store.multi_get([Read("g", np.arange(1))])  # loads the resident group
    rows = store._stored["g"].rows  # every variant reads the same mapped file
    count = min(100_000, len(rows) // 4)
    tensor = torch.from_numpy(rows.view(np.int64))  # warns that the map is read-only: nothing writes to it
    torch.set_num_threads(1)

    def memcpy(ids: AnyArray, out: ByteArray) -> None:
        start = int(ids[0]) % (len(rows) - count)
        np.copyto(out, rows[start : start + count])

    def select(ids: AnyArray, out: ByteArray) -> None:
        torch.index_select(tensor, 0, torch.from_numpy(ids), out=torch.from_numpy(out.view(np.int64)))

    variants: dict[str, Variant] = {
        "memcpy, contiguous": memcpy,
        "SsdFeatures.multi_get": lambda ids, _: store.multi_get([Read("g", ids)]),
        "gather kernel alone": lambda ids, out: gather(rows, ids, out),
        "torch.index_select(out=)": select,
        "np.take(out=, mode='clip')": lambda ids, out: np.take(rows, ids, axis=0, out=out, mode="clip"),
    }
    seconds = _rounds(variants, len(rows), count, layout=layout, threads=threads, rounds=3 if quick else 15)
    for name, times in seconds.items():
        rate = count / np.median(times) / 1e6
        ratio = float(np.median(seconds["memcpy, contiguous"] / times))
        reference = None if name.startswith("memcpy") else "memcpy, contiguous"
        report.add(
            f"{case}, {name}", rate, "M rows/s/core", reference=reference, ratio=ratio if reference else None
        )


def _rounds(
    variants: dict[str, Variant], rows: int, count: int, *, layout: GroupLayout, threads: int, rounds: int
) -> dict[str, AnyArray]:
    """CPU seconds per thread, variant and round, after one round to warm up."""
    rng, pool = np.random.default_rng(1), ArenaPool()
    buffers = [pool.take((count, layout.stride)) for _ in range(threads)]
    seconds: dict[str, list[float]] = {name: [] for name in variants}

    def timed(variant: Variant, ids: AnyArray, out: ByteArray) -> float:
        started = time.thread_time()
        variant(ids, out)
        return time.thread_time() - started

    with ThreadPoolExecutor(threads) as workers:
        for _ in range(rounds + 1):
            for name, variant in variants.items():
                ids = [rng.integers(0, rows, count) for _ in range(threads)]
                spent = list(workers.map(timed, [variant] * threads, ids, buffers))
                seconds[name].append(sum(spent) / threads)
    return {name: np.array(times[1:]) for name, times in seconds.items()}


def _cold(report: BenchReport, case: str, dataset: Dataset, layout: GroupLayout, quick: bool) -> None:
    """Random reads of a file that is not in the page cache: mapped, and direct reads by many threads."""
    file = dataset.file("features", "g")
    assert file is not None
    count = 500 if quick else 10_000
    rng = np.random.default_rng(2)
    direct = _direct_rate(file, rng.integers(0, layout.rows, count), layout.stride)
    if direct is None:
        print("direct reads are refused by this file system: no cold reference")
    else:
        report.add(f"{case}, direct pread, 64 threads", direct, "rows/s")
    for threads in (1, 32):
        _evict(file)
        store = SsdFeatures.open(dataset, resident_bytes=0)
        parts = np.array_split(rng.integers(0, layout.rows, count), threads)
        with ThreadPoolExecutor(threads) as workers:
            started = time.perf_counter()
            list(workers.map(lambda ids, store=store: store.multi_get([Read("g", ids)]), parts))
            rate = count / (time.perf_counter() - started)
        ratio = rate / direct if direct else None
        name = f"{case}, SsdFeatures.multi_get, {threads} threads"
        report.add(
            name, rate, "rows/s", reference="direct pread, 64 threads" if direct else None, ratio=ratio
        )
        del store


def _direct_rate(file: Path, ids: AnyArray, stride: int, threads: int = 64) -> float | None:
    """Rows per second by ``O_DIRECT`` reads of the 512-byte blocks that hold them; None if refused."""
    _evict(file)
    size = max(stride, 512)
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_DIRECT", 0))
    except OSError:
        return None

    def read(part: AnyArray) -> None:
        buffer = mmap.mmap(-1, mmap.PAGESIZE * -(-size // mmap.PAGESIZE))  # page-aligned, as O_DIRECT wants
        view = memoryview(buffer)[:size]
        for row in part.tolist():
            os.preadv(handle, [view], row * stride // 512 * 512)

    try:
        with ThreadPoolExecutor(threads) as workers:
            started = time.perf_counter()
            list(workers.map(read, np.array_split(ids, threads)))
            return len(ids) / (time.perf_counter() - started)
    except OSError:
        return None
    finally:
        os.close(handle)


def _evict(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    os.fsync(handle)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


if __name__ == "__main__":
    main()
