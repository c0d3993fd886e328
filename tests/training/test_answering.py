"""What a run is asked: seeds of its table, or a call, never both; seeds of another table are refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from workbench.errors import TrainingError
from workbench.testing.shop import Shop
from workbench.training.answering import Answering, known, task_of
from workbench.training.inference import Inference
from workbench.training.predict import NUMBER


def answering(shop: Shop, task: Any = None) -> Answering:
    """Over a model that says each seed's node id."""
    model = SimpleNamespace(
        parts=shop.parts,
        seed_type="users",
        target=NUMBER,
        check=lambda seeds: None,
        values=lambda seeds: seeds.node_id * 1.0,
    )
    return Answering(cast(Inference, model), task, lambda: "name")


def test_a_call_is_the_seeds_that_it_names(shop: Shop) -> None:
    keys, at = shop.truth.user_keys[[7, 2]].tolist(), shop.truth.end
    asked = shop.task.seeds(at=at, entities=keys)
    for task in (shop.task, None):
        said = answering(shop, task).predict(None, at, keys)
        np.testing.assert_array_equal(said.values, asked.node_id)
        assert said.seeds.key.equals(asked.key)
        np.testing.assert_array_equal(said.seeds.anchor_time, asked.anchor_time)
    one = answering(shop, shop.task).predict(None, at, keys[0])
    assert one.values.tolist() == [asked.node_id[0]]
    everyone = answering(shop, shop.task).predict(None, at, None)
    assert everyone.seeds.key.equals(shop.task.seeds(at=at).key)


def test_what_cannot_be_answered(shop: Shop) -> None:
    seeds = shop.task.seeds("test")
    with pytest.raises(TrainingError, match="the run was loaded without its task"):
        answering(shop).predict(None, shop.truth.end, None)
    with pytest.raises(TrainingError, match="the run was trained for rows of 'orders'"):
        known(seeds, "orders")
    with pytest.raises(TrainingError, match=r"Take task\.seeds"):
        known("test", "users")
    assert known(seeds, "users") is seeds
    assert task_of(shop.task, "seeds").seeds("test") is seeds
