"""One number per label, whatever the loss."""

from __future__ import annotations

import pytest
import torch

from workbench.plan.objective import LOSSES
from workbench.training.losses import LOSS
from workbench.training.target import Target


def test_every_loss_of_a_plan_is_there() -> None:
    assert set(LOSS) == set(LOSSES)


@pytest.mark.parametrize("name", ["bce", "focal", "l1", "mse", "huber"])
def test_losses_are_told_per_label(name: str) -> None:
    target = Target("binary", name)
    raw, wanted = torch.tensor([[0.5, -2.0], [3.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    each = LOSS[name](target, raw, wanted)
    assert each.shape == raw.shape
    alone = LOSS[name](target, raw[1:, :1], wanted[1:, :1])
    assert torch.equal(each[1:, :1], alone)


def test_the_pinball_loss() -> None:
    target = Target("regression", "quantile", quantiles=(0.25, 0.75))
    each = LOSS["quantile"](target, torch.tensor([[0.0, 0.0], [2.0, 2.0]]), torch.tensor([1.0, 1.0]))
    assert each.tolist() == [(0.25 + 0.75) / 2, (0.75 + 0.25) / 2]
    one = LOSS["quantile"](
        Target("regression", "quantile", quantiles=(0.9,)), torch.tensor([[0.0], [2.0]]), torch.ones(2)
    )
    assert torch.allclose(one, torch.tensor([0.9, 0.1]))
