"""Warm reads: gathers from memory against memcpy and its peers, and decoding gathers against plain ones.

Every round runs all variants in another order, for what ran before counts, each with fresh random ids, for
re-used ids flatter. Seconds are thread-CPU time, so that a busy machine counts for less; a ratio is the
median over the rounds.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from _features_data import embedding, write_dataset
from _report import BenchReport

from workbench.kernels.gather import gather
from workbench.stores.buffers import ArenaPool
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.feature_data import group_layout
from workbench.types import AnyArray, ByteArray, Float64Array

Variant = Callable[[AnyArray, ByteArray], object]

EVENT = {"timestamp": 1, "numerical": 9, "categorical": 4}
"""Columns of a typical event row, of 64 bytes."""

FLOATS, CODED = 127, 120
"""Floats of a row of 512 bytes, and of one that is 256 or 128 bytes in codes; the mask takes a byte."""

BARS = {
    "memcpy": 0.8,
    "np.take(out=)": 2.5,
    "np.take(out=, mode='clip')": 2.5,
    "torch.index_select(out=)": 1.4,
}
"""Ratios asked for. As ``multi_get`` does, numpy checks ids, and buffers rows meanwhile, unless it clips.
What memcpy itself reaches against a reference is reported beside it, for no gather is faster than that.
"""

BATCH = 100_000


def warm(report: BenchReport, folder: Path, *, quick: bool) -> None:
    """Cases ``warm-gather`` of rows of 512 and of 64 bytes, of one thread and of two."""
    total = (64 << 20) if quick else (1 << 30)
    layouts = [embedding("512 B", total // 512, FLOATS), group_layout("64 B", total // 64, EVENT)]
    dataset = write_dataset(folder / "warm", layouts)
    for group, threads, case in (
        ("512 B", 2, "warm-gather"),
        ("512 B", 1, "warm-gather, 1 thread"),
        ("64 B", 2, "warm-gather, 64 B rows"),
    ):
        _gathers(report, case, dataset, group, threads, rounds=5 if quick else 15)


def decode(report: BenchReport, folder: Path, *, quick: bool) -> None:
    """Cases ``decode-bf16``, ``decode-int8``, ``decode-f16``: rows per second against plain rows."""
    rows = (64 << 20 if quick else 1 << 30) // 512
    codes = {"f32": "", "decode-bf16": "bfloat16", "decode-int8": "int8", "decode-f16": "float16"}
    dataset = write_dataset(
        folder / "decode", [embedding(name, rows, CODED, code) for name, code in codes.items()]
    )
    store = _loaded(dataset)

    def reader(name: str) -> Variant:
        return lambda ids, _: store.multi_get([Read(name, ids)])

    seconds = _rounds({name: reader(name) for name in codes}, rows, 512, 2, 5 if quick else 15)
    for name, times in seconds.items():
        if name != "f32":
            ratio = float(np.median(seconds["f32"] / times))
            rate = BATCH / float(np.median(times)) / 1e6
            report.add(name, rate, "M rows/s/core", reference="f32 gather", ratio=ratio, bar=0.9)


def _loaded(dataset: Dataset) -> SsdFeatures:
    store = SsdFeatures.open(dataset, resident_bytes=1 << 40)
    for layout in dataset.manifest.groups:
        store.multi_get([Read(layout.group, np.arange(1))])
    return store


def _gathers(report: BenchReport, case: str, dataset: Dataset, group: str, threads: int, rounds: int) -> None:
    store = _loaded(dataset)
    rows = store._stored[group].rows  # every variant reads the same mapped file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the map is read-only: nothing writes to it
        tensor = torch.from_numpy(rows.view(np.int64))
    torch.set_num_threads(1)

    def memcpy(ids: AnyArray, out: ByteArray) -> None:
        start = int(ids[0]) % (len(rows) - len(ids))
        np.copyto(out, rows[start : start + len(ids)])

    def select(ids: AnyArray, out: ByteArray) -> None:
        torch.index_select(tensor, 0, torch.from_numpy(ids), out=torch.from_numpy(out.view(np.int64)))

    variants: dict[str, Variant] = {
        "memcpy": memcpy,
        "multi_get": lambda ids, _: store.multi_get([Read(group, ids)]),
        "kernel": lambda ids, out: gather(rows, ids, out),
        "torch.index_select(out=)": select,
        "np.take(out=)": lambda ids, out: np.take(rows, ids, axis=0, out=out),
        "np.take(out=, mode='clip')": lambda ids, out: np.take(rows, ids, axis=0, out=out, mode="clip"),
    }
    seconds = _rounds(variants, len(rows), rows.shape[1], threads, rounds)
    rate = BATCH / float(np.median(seconds["multi_get"])) / 1e6
    kernel = round(float(np.median(seconds["memcpy"] / seconds["kernel"])), 3)
    for reference, bar in BARS.items():
        ratio = float(np.median(seconds[reference] / seconds["multi_get"]))
        more = {"bar": bar} if group == "512 B" else {}
        copied = round(float(np.median(seconds[reference] / seconds["memcpy"])), 2)
        more |= {"kernel_alone": kernel} if reference == "memcpy" else {"memcpy_itself": copied}
        report.add(case, rate, "M rows/s/core", reference=reference, ratio=ratio, threads=threads, **more)


def _rounds(
    variants: dict[str, Variant], rows: int, stride: int, threads: int, rounds: int
) -> dict[str, Float64Array]:
    """CPU seconds per thread, variant and round, after one round to warm up."""
    rng, pool = np.random.default_rng(1), ArenaPool()
    count = min(BATCH, rows // 4)
    buffers = [pool.take((count, stride)) for _ in range(threads)]
    seconds: dict[str, list[float]] = {name: [] for name in variants}

    def timed(variant: Variant, ids: AnyArray, out: ByteArray) -> float:
        started = time.thread_time()
        variant(ids, out)
        return (time.thread_time() - started) * BATCH / count

    with ThreadPoolExecutor(threads) as workers:
        for _ in range(rounds + 1):
            for name in rng.permutation(list(variants)).tolist():
                ids = [rng.integers(0, rows, count) for _ in range(threads)]
                spent = list(workers.map(timed, [variants[name]] * threads, ids, buffers))
                seconds[name].append(sum(spent) / threads)
    return {name: np.array(times[1:]) for name, times in seconds.items()}
