"""Checkpoints: whole files or the old ones; damage is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import nn

from workbench.errors import TrainingError
from workbench.training.checkpoint import (
    WEIGHTS,
    has_weights,
    load_weights,
    read_json,
    save_weights,
    write_atomic,
    write_json,
)


def test_weights_come_back(tmp_path: Path) -> None:
    one, two = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(tmp_path, one.state_dict())
    load_weights(tmp_path, two)
    assert torch.equal(one.weight, two.weight)
    assert [path.name for path in tmp_path.iterdir()] == [WEIGHTS]


def test_tied_and_strided_weights_can_be_saved(tmp_path: Path) -> None:
    shared = torch.randn(4, 4)
    save_weights(tmp_path, {"a": shared, "b": shared.t(), "c": shared[::2]})
    assert (tmp_path / WEIGHTS).exists()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "run.json"
    write_atomic(target, b"old")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("workbench.training.checkpoint.os.fsync", full)
    with pytest.raises(TrainingError, match="No space left"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_is_on_disk_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    write_atomic(tmp_path / "run.json", b"new")
    assert synced == [(tmp_path / "run.json").stat().st_ino, tmp_path.stat().st_ino]


def test_every_torn_file_is_named(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    save_weights(tmp_path, model.state_dict())
    whole = (tmp_path / WEIGHTS).read_bytes()
    for size in range(len(whole)):
        (tmp_path / WEIGHTS).write_bytes(whole[:size])
        with pytest.raises(TrainingError, match=WEIGHTS):
            load_weights(tmp_path, model)


def test_missing_foreign_and_malformed(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no epoch was finished.*run\.resume\(\)"):
        load_weights(tmp_path, nn.Linear(1, 1))
    with pytest.raises(TrainingError, match=r"the folder is gone.*[Tt]rain again"):
        load_weights(tmp_path / "removed", nn.Linear(1, 1))
    assert not has_weights(tmp_path)
    save_weights(tmp_path, nn.Linear(3, 2).state_dict())
    assert has_weights(tmp_path)
    with pytest.raises(TrainingError, match="do not fit"):
        load_weights(tmp_path, nn.Linear(4, 2))
    with pytest.raises(TrainingError, match=r"no run\.json"):
        read_json(tmp_path / "run.json")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(TrainingError, match="damaged"):
        read_json(tmp_path / "run.json")
    write_json(tmp_path / "run.json", {"a": [1]})
    assert read_json(tmp_path / "run.json") == {"a": [1]}
