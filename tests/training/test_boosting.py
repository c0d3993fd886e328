"""Boosting finds a signal, chooses on val, and repeats itself by key."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.training.boosting import boost
from workbench.training.metrics import metric
from workbench.training.window_features import FlatTable


def tables(rows: int = 400) -> tuple[dict[str, FlatTable], dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    made, labels = {}, {}
    for split in ("train", "val", "test"):
        frame = pd.DataFrame({"x": rng.normal(size=rows), "c": rng.integers(0, 4, rows).astype(float)})
        frame.loc[rng.random(rows) < 0.1, "x"] = np.nan
        labels[split] = ((frame["x"] > 0) ^ (frame["c"] == 2)).to_numpy().astype(float)
        made[split] = FlatTable(frame, ("c",))
    return made, labels


@pytest.mark.parametrize(("name", "task_type"), [("auroc", "binary"), ("mae", "regression")])
def test_it_finds_the_signal_and_repeats_itself(name: str, task_type: str) -> None:
    made, labels = tables()
    one, two = (boost(made, labels, name, task_type, 3) for _ in range(2))
    assert np.array_equal(one.predictions["test"], two.predictions["test"])
    assert one.chosen == two.chosen
    value = metric(name, task_type, labels["test"], one.predictions["test"])
    assert value > 0.9 if name == "auroc" else value < 0.2


def test_columns_that_training_never_saw_are_left_out() -> None:
    made, labels = tables()
    for split, table in made.items():
        late = np.nan if split == "train" else 1.0
        made[split] = FlatTable(table.frame.assign(late=late, kind=late), ("c", "kind"))
    found = boost(made, labels, "auroc", "binary", 3)
    assert metric("auroc", "binary", labels["test"], found.predictions["test"]) > 0.9
