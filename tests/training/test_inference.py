"""A trained model over stores: batches of any size say the same, in the order of the seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.inference import Inference
from workbench.training.target import Target

PLAN = ModelPlan(Fanout([3], disjoint=True)).replace(layers=1, batch_size=32)
DEVICE = torch.device("cpu")


class Ages(nn.Module):
    """Says the number of a seed's row; notes batches."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.width, self.sizes = width, list[int]()

    def forward(self, data: Any) -> Tensor:
        assert not self.training
        assert not torch.is_grad_enabled()
        self.sizes.append(int(data["users"].batch_size))
        return torch.as_tensor(self.embed(data)[:, 0])

    def embed(self, data: Any) -> Tensor:
        seeds = data["users"].n_id[: data["users"].batch_size]
        return seeds.float()[:, None] + torch.arange(self.width)


def over(shop: Shop, model: nn.Module) -> Inference:
    target = Target("regression", "l1", mean=5.0, scale=2.0)
    return Inference(shop.parts, PLAN, model, target, 0, DEVICE, "users", builtin=False)


def test_values_and_vectors_are_in_the_order_of_the_seeds(shop: Shop) -> None:
    seeds, model = shop.task.seeds("test")[::-1], Ages()
    inference = over(shop, model.train())
    assert len(seeds) > 64
    np.testing.assert_array_equal(inference.values(seeds), seeds.node_id * 2.0 + 5.0)
    assert max(model.sizes) == 32
    np.testing.assert_array_equal(inference.values(seeds[:3]), seeds.node_id[:3] * 2.0 + 5.0)
    vectors = inference.vectors(seeds)
    assert (vectors.dtype, vectors.shape) == (np.dtype(np.float32), (len(seeds), 2))
    np.testing.assert_array_equal(vectors[:, 1], seeds.node_id + 1)
    assert inference.values(seeds[:0]).shape == (0,)


def test_the_plan_of_a_sampler_is_compiled_once_per_store(shop: Shop) -> None:
    inference = over(shop, Ages())
    assert inference._sampler is inference._sampler
    assert inference.over(shop.parts)._sampler is not inference._sampler
    assert inference.over(shop.parts).model is inference.model


def test_modules_without_vectors_are_refused(shop: Shop) -> None:
    class Plain(nn.Module):
        def forward(self, data: Any) -> Tensor:
            raise AssertionError("vectors are not asked of forward")

    seeds = shop.task.seeds("test")[:2]
    with pytest.raises(TrainingError, match=r"Plain has none\. Give it a method embed"):
        over(shop, Plain()).vectors(seeds)
    wrong = Ages()
    wrong.embed = lambda data: torch.zeros(1)  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match=r"embed gave \(1,\)"):
        over(shop, wrong).vectors(seeds)
