"""A table larger than memory allows is ingested, and an epoch of batches served from it; the peak is shown.

    python benchmarks/larger_than_ram.py [--quick] [--json FILE] [--gib 8] [--limit 2] [--folder DIR]

The source lies in no order of time, so the ingest has to sort it. Ingest and epoch run in processes of their
own, in a cgroup whose limit counts the page cache too; where none may be made, RSS and resident pages are
watched instead. Each row that is served is compared with what was generated. Disk: 5 times the table. With
``--folder`` the files stay, and what is finished there is not done again.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _memory_limit import Limit, Used, watched
from _report import BenchReport, arguments

import workbench as wb
from workbench.testing.evict import evict

WIDTH, ROW_BYTES = 127, 512
"""Floats of an event's embedding, and bytes of its feature row: 508, and the mask."""

EVENTS_PER_USER = 80
BEGIN, YEAR = 1_735_689_600, 365 * 86_400
"""2025-01-01 and the length of a year, in seconds."""

MARKS = 1 << 20
BLOCK = 122_880
SEEDS = 100_000
FANOUT = 20
PHASES = ("ingest", "epoch")


def generate(folder: Path, rows: int) -> None:
    """Write the source: users, and events of random users at random seconds, each marked with its second."""
    rng, users = np.random.default_rng(5), rows // EVENTS_PER_USER + 1
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"user_id": np.arange(users) * 7}), folder / "users.parquet")
    writer = None
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        seconds = BEGIN + rng.integers(0, YEAR, count)
        values = rng.random((count, WIDTH), np.float32)
        values[:, 0] = marks(seconds * 1_000_000)
        columns = {
            "user_id": rng.integers(0, users, count) * 7,
            "at": (seconds * 1_000_000).astype("M8[us]"),
            "embedding": pa.FixedSizeListArray.from_arrays(values.reshape(-1), WIDTH),
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(folder / "events.parquet", table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def marks(instants: Any) -> Any:
    """float32[n]: what the first number of an event's embedding must be, by its time in microseconds."""
    return (instants // 1_000_000 % MARKS).astype(np.float32)


def ingest(folder: Path) -> dict[str, Any]:
    """Ingest the source, and say how long it took."""
    started = time.perf_counter()
    tables = wb.read_tables(folder / "source")
    schema = wb.infer_schema(tables)
    report = wb.ingest(tables, schema, folder / "store")
    return {"seconds": time.perf_counter() - started, "rows": report.total_rows, "stages": report.seconds}


def epoch(folder: Path) -> dict[str, Any]:
    """Serve an epoch of batches of users, each with random events of its past; every row is checked."""
    started = time.perf_counter()
    engine = wb.open(folder / "store")
    opened = time.perf_counter() - started
    users = engine.graph.num_nodes("users")
    rng = np.random.default_rng(3)
    chosen = engine.keys("users").keys_of(rng.integers(0, users, min(SEEDS, users)))
    anchors = (BEGIN + rng.integers(YEAR // 2, YEAR, len(chosen))).astype("M8[s]")
    seeds = engine.seeds("users", chosen, at=anchors, label=np.zeros(len(chosen)))
    sampler = wb.NeighborSampler(engine.graph, wb.Fanout([FANOUT]))
    rows, batches, started = 0, 0, time.perf_counter()
    for batch in wb.Loader(sampler, engine.features, seeds, 512, shuffle=True):
        events = batch.nodes["events"]
        found = events.block.column("embedding")[events.index, 0]
        if not np.array_equal(found, marks(batch.node_time["events"])):
            raise AssertionError(f"batch {batch.index} has rows of other events")
        rows, batches = rows + len(events.block), batches + 1
    seconds = time.perf_counter() - started
    group = engine.features.describe()["events"]
    hits = {} if group.cache is None else {"hit_rate": round(group.cache.hit_rate, 4)}
    return {"seconds": seconds, "rows": rows, "batches": batches, "opened": opened, "way": group.way, **hits}


def phase(name: str, folder: Path) -> None:
    """Do one phase in this process, and leave what it found beside the data."""
    found = {"ingest": ingest, "epoch": epoch}[name](folder)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found["cpu"] = usage.ru_utime + usage.ru_stime
    (folder / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")


def limited(name: str, folder: Path, limit: int) -> tuple[dict[str, Any], Used] | None:
    """Run a phase under the limit, unless it is done; None where memory can be neither held nor seen."""
    done = folder / f"{name}.used.json"
    if not done.exists():
        for file in folder.rglob("*"):
            if file.is_file():
                evict(file)  # what lies in the page cache already would count for nobody
        options = ["--phase", name, "--folder", str(folder)]
        used = _run([sys.executable, __file__, *options], folder, limit)
        if used is None:
            return None
        done.write_text(json.dumps(vars(used)), encoding="utf-8")
    found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return found, Used(**json.loads(done.read_text(encoding="utf-8")))


def _run(command: list[str], folder: Path, size: int) -> Used | None:
    cgroup = Limit.make(size)
    if cgroup is None:
        return watched(command, folder)
    with cgroup:
        return cgroup.run(command)


def measure(report: BenchReport, folder: Path, size: int, limit: int) -> None:
    """Every phase, and its rows of the report."""
    rows = size // ROW_BYTES
    source = folder / "source"
    if not (folder / "generated").exists():
        generate(source, rows)
        (folder / "generated").touch()
    for name in PHASES:
        found = limited(name, folder, limit)
        if found is None:
            print(
                "SKIPPED: this system allows no cgroup of ours and tells no resident pages", file=sys.stderr
            )
            return
        facts, used = found
        case = f"{name}, {size / 2**30:g} GiB in {limit / 2**30:g} GiB"
        report.add(
            case,
            facts["rows"] / facts["seconds"],
            "rows/s",
            **{k: v for k, v in facts.items() if k != "stages"},
        )
        report.add(
            f"{case}: peak memory", used.total / 2**30, "GiB",
            reference="the table", ratio=size / used.total, without_page_cache=used.own / 2**30, how=used.how,
        )  # fmt: skip


def main() -> None:
    """Measure and report, or do one phase."""
    parser = arguments(__doc__.split("\n", 1)[0])
    parser.add_argument("--gib", type=float, help="size of the table (default 8)")
    parser.add_argument("--limit", type=float, help="memory that is allowed, in GiB (default 2)")
    parser.add_argument("--folder", type=Path, help="where the files are made, and stay")
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    size = int((given.gib or (0.25 if given.quick else 8)) * 2**30)
    limit = int((given.limit or 2) * 2**30)
    if given.phase:
        phase(given.phase, given.folder)
        return
    report = BenchReport("larger_than_ram")
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
        measure(report, given.folder, size, limit)
    else:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:  # the system's /tmp may be in memory
            measure(report, Path(scratch), size, limit)
    report.finish(given.json)


if __name__ == "__main__":
    main()
