"""The load of this process is that of this process."""

import time

import numpy as np
import pytest

from widgets import _load
from widgets._load import Load, Meter


def test_a_busy_loop_is_about_one_core_and_a_wait_is_none(monkeypatch):
    clock = {"wall": 10.0, "cpu": 5.0}
    monkeypatch.setattr(time, "monotonic", lambda: clock["wall"])
    monkeypatch.setattr(time, "process_time", lambda: clock["cpu"])
    meter = Meter()
    clock |= {"wall": 12.0, "cpu": 8.0}
    assert meter.read().busy == 1.5
    clock |= {"wall": 14.0}
    assert meter.read().busy == 0.0


def test_memory_that_is_written_to_is_counted():
    meter = Meter()
    before = meter.read()
    held = np.ones(60_000_000, np.uint8)
    after = meter.read()
    assert 40_000_000 < after.memory - before.memory < 500_000_000
    assert held.sum() < after.memory < after.memory_total
    assert 1 <= after.cores <= 4096


def test_the_memory_that_it_could_have_is_that_of_its_container(monkeypatch):
    monkeypatch.setattr("workbench.stores.memory.cgroup_limit", lambda: 2 * 10**8)
    assert Meter().read().memory_total == 2 * 10**8


@pytest.mark.skipif(not _load.STATM.exists(), reason="the system has no /proc")
def test_without_proc_the_peak_is_told(monkeypatch, tmp_path):
    now = Meter().read().memory
    monkeypatch.setattr(_load, "STATM", tmp_path / "none")
    assert Meter().read().memory >= 0.9 * now


def test_it_reads_as_one_line():
    assert str(Load(1.26, 2, 1_200_000_000, 24_000_000_000)) == "CPU 1.3 of 2 cores, memory 1.2 of 24 GB"
    on_gpu = Load(1, 16, 10**9, 128 * 10**9, "cuda", 8 * 10**9, 80 * 10**9, 0.73)
    assert str(on_gpu).endswith("memory 1.0 of 128 GB, CUDA 73 %, memory 8.0 of 80 GB")
    unknown = Load(1, 16, 10**9, 128 * 10**9, "cuda", 8 * 10**9, 80 * 10**9)
    assert str(unknown).endswith("CUDA memory 8.0 of 80 GB")
