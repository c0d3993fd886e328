"""Where a training stands, written down and read back; models of the user too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch_geometric.data import HeteroData

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.plan.optimisation import OPTIMISERS
from workbench.training.checkpoint import Checkpoint, load_course, save_course
from workbench.training.course import Course
from workbench.training.trainer import Trainer

PLAN = ModelPlan(Fanout([1])).replace(epochs=3, patience=3, learning_rate=0.05)


class Drawing(nn.Module):
    """Lazy layers, running means, and torch's own dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LazyLinear(4), nn.BatchNorm1d(4), nn.Dropout(0.4), nn.LazyLinear(1))

    def forward(self, data: HeteroData) -> torch.Tensor:
        return self.layers(data["users"].x)


def batches(count: int = 4) -> list[HeteroData]:
    generator, made = torch.Generator().manual_seed(1), []
    for _ in range(count):
        data = HeteroData()
        data["users"].x, data["users"].batch_size = torch.randn(16, 3, generator=generator), 16
        data["users"].y = (data["users"].x[:, 0] > 0).float()
        made.append(data)
    return made


class Broken(list[Any]):
    """Batches that fail at one of them in the second epoch, once."""

    def __init__(self, at: int) -> None:
        super().__init__(batches())
        self.at, self.epoch = at, 0

    def with_epoch(self, epoch: int) -> Broken:
        self.epoch = epoch
        return self

    def __iter__(self) -> Iterator[Any]:
        for i, data in enumerate(super().__iter__()):
            if (self.epoch, i) == (1, self.at):
                raise OSError("the disk is gone")
            yield data


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_module_of_yours_goes_on_to_the_same_bits(
    optimiser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.training.trainer.KEEP_SECONDS", 0.0)  # after every step
    plan = PLAN.replace(optimiser=optimiser, schedule="linear")
    whole = Trainer(plan, device="cpu", key=5).fit(batches(), batches(), model=Drawing())
    trainer = Trainer(plan, device="cpu", key=5, keep=lambda course: save_course(tmp_path, course))
    with pytest.raises(OSError, match="the disk is gone"):
        trainer.fit(Broken(2), batches(), model=Drawing())
    kept = load_course(tmp_path)
    assert kept is not None
    assert (kept.numbers["epoch"], kept.numbers["step"], len(kept.numbers["history"])) == (1, 2, 1)
    again = Trainer(plan, device="cpu", key=5).fit(batches(), batches(), model=Drawing(), resume=kept)
    assert [e.train_loss for e in again.history] == [e.train_loss for e in whole.history]
    assert again.best_epoch == whole.best_epoch
    states = zip(again.model.state_dict().values(), whole.model.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in states)


def test_what_belongs_to_another_model_or_optimiser_is_refused(tmp_path: Path) -> None:
    model = nn.Linear(2, 1)
    save_course(tmp_path, Course(model, torch.optim.AdamW(model.parameters())))
    kept = load_course(tmp_path)
    assert kept is not None
    with pytest.raises(
        TrainingError, match="what was kept of a training were put into Drawing: they do not fit"
    ):
        Trainer(PLAN, device="cpu").fit(batches(), model=Drawing(), resume=kept)
    empty = Checkpoint({"epoch": 1}, kept.tensors)
    with pytest.raises(TrainingError, match="what was kept of it does not fit"):
        Course(model, torch.optim.AdamW(model.parameters())).restore(empty.numbers, empty.tensors)
    assert load_course(tmp_path / "nowhere") is None
