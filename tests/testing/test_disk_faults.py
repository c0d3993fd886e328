"""Faults happen at the call that was asked for, and leave the functions as they were."""

import os
from pathlib import Path

import pytest

from workbench.errors import StoreError
from workbench.stores.durable import write_file
from workbench.testing.disk_faults import DiskFaults


def test_calls_are_counted_in_order(tmp_path):
    real = os.fsync, Path.replace, Path.unlink
    with DiskFaults() as disk:
        write_file(tmp_path, "a.bin", "role", "name", bytes(100))
        (tmp_path / "a.bin").replace(tmp_path / "b.bin")
        (tmp_path / "b.bin").unlink()
    assert disk.calls == ["write a.bin", "fsync", "rename", "unlink"]
    assert (os.fsync, Path.replace, Path.unlink) == real


@pytest.mark.parametrize(("at", "left"), [(0, 50), (1, 100)])
def test_a_fault_comes_after_half_of_a_write(tmp_path, monkeypatch, at, left):
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with DiskFaults(at, "ENOSPC"), pytest.raises(StoreError, match="No space left"):
        write_file(tmp_path, "a.bin", "role", "name", bytes(100))
    assert (tmp_path / "a.bin").stat().st_size == left
