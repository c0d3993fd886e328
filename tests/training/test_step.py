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
from workbench.plan.optimisation import OPTIMISERS, SCHEDULES, Optimisation
from workbench.training.step import learning_rate, optimiser_of, outputs, seed_type_of, seeded, unshaped
from workbench.training.target import Target


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


ONE, MANY, THREE = Target("binary", "bce"), Target("multilabel", "bce"), Target("forecast", "l1", steps=3)


def test_outputs_are_one_number_per_seed_or_as_many_as_the_target_has() -> None:
    assert outputs(Gives(torch.ones(3)), batch(), ONE).shape == (3,)
    assert outputs(Gives(torch.ones(3, 1)), batch(), ONE).shape == (3,)
    assert outputs(Gives(torch.ones(3, dtype=torch.long)), batch(), ONE).dtype == torch.float32
    assert outputs(Gives(torch.ones(3, 7)), batch(), MANY).shape == (3, 7)
    assert outputs(Gives(torch.ones(3, 3)), batch(), THREE).shape == (3, 3)


@pytest.mark.parametrize("value", [torch.ones(4), torch.ones(3, 2), torch.ones(()), {"a": 1}, None])
def test_other_outputs_are_refused(value: object) -> None:
    with pytest.raises(TrainingError, match=r"one number per seed of 3 seeds"):
        outputs(Gives(value), batch(), ONE)


def test_so_are_too_few_or_too_many_numbers() -> None:
    for value in (torch.ones(3), torch.ones(3, 2), torch.ones(2, 3)):
        with pytest.raises(TrainingError, match=r"asked for 3 numbers per seed .* \(3, 3\)"):
            outputs(Gives(value), batch(), THREE)
    with pytest.raises(TrainingError, match=r"several numbers .* \(3, any number\)"):
        outputs(Gives(torch.ones(3)), batch(), MANY)


def test_the_seed_type_is_the_one_with_a_batch_size() -> None:
    assert seed_type_of(batch()) == "users"
    with pytest.raises(TrainingError, match="batch_size"):
        seed_type_of(HeteroData(items={"x": torch.ones(1, 1)}))


def test_vectors_are_not_decayed() -> None:
    decayed, plain = optimiser_of(nn.Linear(2, 2), Optimisation(weight_decay=0.5)).param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.5, 0.0)
    assert [p.dim() for p in decayed["params"]] == [2]
    with pytest.raises(TrainingError, match="no parameters"):
        optimiser_of(Gives(1), Optimisation())
    for name, kind in OPTIMISERS.items():
        assert type(optimiser_of(nn.Linear(2, 2), Optimisation(optimiser=name))).__name__ == kind


def test_learning_rates_rise_over_the_warm_up_and_fall_to_zero() -> None:
    shares = np.linspace(0, 1, 101)[:-1]
    for schedule in SCHEDULES:
        settings = Optimisation(learning_rate=2.0, schedule=schedule, warmup=0.2)
        rates = np.array([learning_rate(settings, share) for share in shares])
        assert np.allclose(rates[:21], np.linspace(0, 2, 21))
        assert (np.diff(rates[20:]) <= 0).all()
        if schedule != "constant":
            assert rates[-1] < 0.05
            assert np.isclose(rates[60], 1.0), "half of the way down, half of the rate"
    assert {learning_rate(Optimisation(), share) for share in shares} == {0.005}
    assert learning_rate(Optimisation(warmup=1.0), 0.5) == 0.0025


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
