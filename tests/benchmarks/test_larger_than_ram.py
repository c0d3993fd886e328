"""The benchmark of memory: what it generates is marked, and what a process occupies is seen."""

import os
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
if BENCHMARKS not in sys.path:
    sys.path.append(BENCHMARKS)

import larger_than_ram  # noqa: E402
from _memory_limit import Limit, cached_bytes, resident, watched  # noqa: E402

SPEND = [sys.executable, "-c", "x = bytearray(b'1') * (80 << 20); import time; time.sleep(1.2)"]


def test_every_event_is_marked_by_its_time(tmp_path):
    larger_than_ram.generate(tmp_path / "source", 5000)
    events = pq.read_table(tmp_path / "source/events.parquet")
    assert len(events) == 5000
    first = events["embedding"].combine_chunks().flatten().to_numpy().reshape(5000, -1)[:, 0]
    instants = events["at"].to_numpy().astype("M8[us]").astype(np.int64)
    assert np.array_equal(first, larger_than_ram.marks(instants))
    assert (np.diff(instants) < 0).any()
    assert set(events["user_id"].to_pylist()) <= set(
        pq.read_table(tmp_path / "source/users.parquet")["user_id"].to_pylist()
    )


def test_what_a_process_and_its_files_occupy(tmp_path):
    (tmp_path / "file").write_bytes(b"1" * (4 << 20))
    (tmp_path / "empty").touch()
    assert cached_bytes(tmp_path / "file") == 4 << 20
    assert cached_bytes(tmp_path / "empty") == cached_bytes(tmp_path / "gone") == 0
    assert resident(os.getpid()) > 10 << 20
    used = watched(SPEND, tmp_path)
    assert 80 << 20 < used.own < used.total < 400 << 20
    assert used.total - used.own == 4 << 20


def test_a_limit_counts_and_goes_away():
    limit = Limit.make(300 << 20)
    if limit is None:  # no cgroup may be made here
        return
    with limit:
        used = limit.run(SPEND)
    assert 80 << 20 < used.own <= used.total < 300 << 20
    assert not limit.folder.exists()
