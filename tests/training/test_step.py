"""Targets, outputs and the optimiser of a step."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.data import HeteroData

from workbench.errors import TrainingError
from workbench.plan.model_plan import Optimisation
from workbench.training.step import Target, optimiser_of, outputs, seed_type_of, seeded, unshaped


def batch(count: int = 3) -> HeteroData:
    data = HeteroData()
    data["items"].x = torch.ones(5, 2)
    data["users"].x = torch.ones(4, 2)
    data["users"].batch_size = count
    return data


class Gives(nn.Module):
    """A model that puts out a fixed tensor."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value

    def forward(self, data: HeteroData) -> object:
        return self.value


def test_outputs_are_one_number_per_seed() -> None:
    assert outputs(Gives(torch.ones(3)), batch()).shape == (3,)
    assert outputs(Gives(torch.ones(3, 1)), batch()).shape == (3,)
    assert outputs(Gives(torch.ones(3, dtype=torch.long)), batch()).dtype == torch.float32


@pytest.mark.parametrize("value", [torch.ones(4), torch.ones(3, 2), torch.ones(()), {"a": 1}, None])
def test_other_outputs_are_refused(value: object) -> None:
    with pytest.raises(TrainingError, match=r"one number per seed of 3 seeds"):
        outputs(Gives(value), batch())


def test_the_seed_type_is_the_one_with_a_batch_size() -> None:
    assert seed_type_of(batch()) == "users"
    with pytest.raises(TrainingError, match="batch_size"):
        seed_type_of(HeteroData(items={"x": torch.ones(1, 1)}))


def test_regression_targets_are_standardised_and_scaled_back() -> None:
    target = Target("regression", "l1", mean=10.0, scale=2.0)
    raw, label = torch.tensor([0.5, -1.0]), torch.tensor([11.0, 8.0])
    assert float(target.loss(raw, label)) == 0.0
    assert np.allclose(target.predictions(raw), [11.0, 8.0])
    for name in ("mse", "huber"):
        assert float(Target("regression", name, 10.0, 2.0).loss(raw, label + 1)) > 0


def test_binary_targets_are_probabilities() -> None:
    target = Target("binary", "bce")
    assert np.allclose(target.predictions(torch.tensor([0.0])), [0.5])
    assert float(target.loss(torch.tensor([50.0]), torch.tensor([1]))) < 1e-6


@pytest.mark.parametrize("task_type", ["binary", "regression"])
def test_what_is_a_view_of_a_parameter_is_predicted_too(task_type: str) -> None:
    bias = nn.Parameter(torch.zeros(1))
    with torch.no_grad():
        raw = bias.expand(3)
    assert raw.requires_grad
    expected = [0.5] * 3 if task_type == "binary" else [7.0] * 3
    assert Target(task_type, "mse", mean=7.0).predictions(raw).tolist() == expected


def test_vectors_are_not_decayed() -> None:
    decayed, plain = optimiser_of(nn.Linear(2, 2), Optimisation(weight_decay=0.5)).param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.5, 0.0)
    assert [p.dim() for p in decayed["params"]] == [2]
    with pytest.raises(TrainingError, match="no parameters"):
        optimiser_of(Gives(1), Optimisation())


def test_lazy_parameters_and_buffers_have_no_shape_yet() -> None:
    lazy = nn.Sequential(nn.LazyLinear(2), nn.LazyBatchNorm1d(affine=False))
    assert unshaped(lazy) == ["0.weight", "0.bias", "1.running_mean", "1.running_var"]
    lazy(torch.ones(3, 4))
    assert unshaped(lazy) == []


def test_users_models_draw_by_their_keys_also_in_two_threads_at_once() -> None:
    model, cpu = nn.Linear(1, 1), torch.device("cpu")
    entered, going = threading.Barrier(2), threading.Event()

    def draws(key: int) -> list[float]:
        entered.wait(10)
        found = []
        for _ in range(200):
            with seeded(model, key, cpu):
                for _ in range(3):
                    found.append(float(torch.rand(())))
                    going.wait(0.0002)  # let the other thread in
        return found

    before = torch.get_rng_state()
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(draws, (1, 2)))
    for key, found in zip((1, 2), both, strict=True):
        generator = torch.Generator().manual_seed(key)
        alone = [float(torch.rand((), generator=generator)) for _ in range(3)]
        assert found == alone * 200
    assert torch.equal(torch.get_rng_state(), before)


def test_a_users_model_draws_by_the_key_and_the_users_own_state_comes_back() -> None:
    model, cpu = nn.Linear(1, 1), torch.device("cpu")
    before = torch.get_rng_state()
    with seeded(model, 5, cpu):
        first = torch.rand(3)
    with seeded(model, 5, cpu):
        second = torch.rand(3)
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
