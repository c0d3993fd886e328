"""How weights are found: what may be chosen, and how it prints."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from workbench.errors import PlanError
from workbench.plan.optimisation import Optimisation


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"optimiser": "adamv"}, "adamw, adam, sgd. Did you mean 'adam'"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'"),
        ({"precision": "float16"}, "float32, bfloat16"),
        ({"warmup": 1.5}, "from 0 to 1"),
        ({"gamma": -1.0}, "from 0"),
        ({"class_weights": "balance"}, "'balanced', a list"),
        ({"class_weights": (1.0, 0.0)}, "numbers above 0"),
        ({"class_weights": ()}, "numbers above 0"),
        ({"class_weights": (1.0, 2.0), "loss": "l1"}, "which has no classes"),
        ({"train_on": "test"}, "train, train+val"),
        ({"schedule_epochs": 9}, "from 10"),
        ({"quantiles": ()}, "rising"),
        ({"quantiles": (0.5, 0.1)}, "rising"),
        ({"quantiles": (0.5, 0.5)}, "rising"),
        ({"quantiles": (0.5, 1.0)}, "between 0 and 1"),
        ({"quantiles": 0.5}, "a list of numbers"),
    ],
)
def test_what_is_not_allowed_is_named(changes: dict[str, Any], allowed: str) -> None:
    with pytest.raises(PlanError) as caught:
        Optimisation(**changes).check()
    assert allowed in str(caught.value)
    assert repr(next(iter(changes))) in str(caught.value)


def test_only_what_is_unusual_is_said_of_later_choices() -> None:
    assert Optimisation().describe() == (
        "bce, AdamW 0.005 (weight decay 0.0001), batches of 512, 10 epochs, patience 4"
    )
    said = Optimisation(
        max_steps=7, loss="focal", gamma=1.5, optimiser="sgd", schedule="cosine", warmup=0.1,
        class_weights="balanced", precision="bfloat16",
    ).describe()  # fmt: skip
    for part in (
        "focal (gamma 1.5), SGD", "10 epochs of at most 7 steps", "cosine schedule", "warm-up of 10 %",
        "class weights balanced", "bfloat16",
    ):  # fmt: skip
        assert part in said
    both = Optimisation(train_on="train+val", schedule="linear", schedule_epochs=20).describe()
    assert "10 epochs, on train+val, all of them, linear schedule over 20 epochs" in both
    assert Optimisation(loss="quantile").describe().startswith("quantile (0.1, 0.5, 0.9)")


def test_choices_that_plans_always_had_are_marked_as_such() -> None:
    first = [each.name for each in fields(Optimisation) if "later" not in each.metadata]
    assert first == [
        *("epochs", "max_steps", "learning_rate", "weight_decay"),
        *("batch_size", "patience", "loss", "clip"),
    ]
