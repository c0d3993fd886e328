"""Every task type from plan to table: trained, measured, predicted, saved, and beside its baselines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn
from torch_geometric.data import HeteroData

from workbench.advise.suggest import suggest_plan
from workbench.errors import PlanError, TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import USUAL, metrics_of
from workbench.query.seed_table import SeedTable
from workbench.testing.shop import Shop
from workbench.training.baselines import baselines
from workbench.training.begin import load_run, start
from workbench.training.target import Target
from workbench.training.trainer import Trainer

PLAN = ModelPlan(Fanout([4], strategy="recent")).replace(
    channels=4, layers=1, epochs=1, batch_size=64, learning_rate=0.02
)
CLASSES = pa.array(["few", "some", "many"])
COLUMNS = {
    "regression": ["prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"],
    "multiclass": ["prediction", "probability_few", "probability_some", "probability_many"],
    "multilabel": ["prediction", "probability_few", "probability_some", "probability_many"],
    "forecast": ["step_1", "step_2"],
}


@dataclass
class Labelled:
    """The seeds of the shop's task under labels of another kind."""

    shop: Shop
    task_type: str
    hidden: dict[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        task = self.shop.task
        self.horizon, self.resolved = task.horizon, task.resolved
        self.target = SimpleNamespace(classes=CLASSES, top_k=None)

    def seeds(self, split: str) -> SeedTable:
        seeds = self.shop.task.seeds(split)
        number = seeds.node_id % 7 + 0.5 * np.asarray(seeds.label)
        labels: dict[str, Any] = {
            "regression": number,
            "multiclass": (seeds.node_id % 3).astype(np.int64),
            "multilabel": np.stack([number > cut for cut in (1, 3, 5)], axis=1).astype(np.uint8),
            "forecast": np.stack([number, number + 1], axis=1),
        }
        return replace(seeds, label=labels[self.task_type])


def plan_for(kind: str) -> ModelPlan:
    loss, metric = USUAL[kind]
    loss = "quantile" if kind == "regression" else loss
    balanced = "balanced" if kind in ("multiclass", "multilabel") else None
    return PLAN.replace(loss=loss, metric=metric, class_weights=balanced, past_labels=2)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_task_of_each_type_trains_predicts_and_comes_back(shop: Shop, kind: str, tmp_path: Path) -> None:
    task = Labelled(shop, kind, {})
    done = start(shop.parts, task, plan_for(kind), callbacks=[], device="cpu", folder=tmp_path / "run").wait()
    test = task.seeds("test")
    assert list(done.metrics(test)) == metrics_of(kind)
    assert np.isclose(done.metrics("val")[done.plan.metric], done.history[-1].value, atol=1e-9)
    predicted = done.predict(test)
    table = predicted.to_arrow()
    assert table.column_names == ["entity", "anchor_time", *COLUMNS[kind]]
    assert table.num_rows == len(test)
    if kind == "multiclass":
        assert np.allclose(predicted.values.sum(axis=1), 1.0)
    online = done.predict(test[[5]])
    assert np.abs(online.values - predicted.values[[5]]).max() <= 1e-6
    again = load_run(tmp_path / "run", shop.parts)
    assert again.target == done.target
    assert again.predict(test).to_arrow().equals(table)
    for path in (predicted.write(tmp_path / "p.csv"), predicted.write(tmp_path / "p.parquet")):
        assert path.exists()


@pytest.mark.parametrize("kind", [kind for kind in COLUMNS if kind != "forecast"])
def test_each_type_has_its_baselines(shop: Shop, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.training.boosting.ITERATIONS", 10)
    monkeypatch.setattr("workbench.training.boosting.GRID", ((7, 20),))
    task = Labelled(shop, kind, {})
    count = len(task.seeds("test"))
    for baseline in baselines(shop.parts, task, plan_for(kind)).values():
        assert set(baseline.scores["test"]) == set(metrics_of(kind))
        assert np.isfinite(baseline.scores["test"][USUAL[kind][1]])
        shape = (count,) if kind == "regression" else (count, 3)
        assert baseline.predictions["test"].shape == shape


def test_a_plan_is_suggested_for_each_type(shop: Shop) -> None:
    for kind in COLUMNS:
        plan = suggest_plan(Labelled(shop, kind, {}), shop.parts)
        assert (plan.optimisation.loss, plan.metric) == USUAL[kind]


def test_a_plan_for_another_type_names_what_would_fit(shop: Shop) -> None:
    with pytest.raises(PlanError, match=r"loss='cross_entropy', metric='accuracy'"):
        start(shop.parts, Labelled(shop, "multiclass", {}), PLAN)
    unknown = Labelled(shop, "multiclass", {})
    unknown.target = SimpleNamespace(classes=None)
    with pytest.raises(TrainingError, match="its classes or candidates are not known"):
        start(shop.parts, unknown, plan_for("multiclass"))


def test_what_a_query_asks_for_is_no_feature_of_its_model(shop: Shop) -> None:
    task = Labelled(shop, "regression", {"users": ("age",)})
    done = start(shop.parts, task, plan_for("regression"), callbacks=[], device="cpu").wait()
    assert "age" not in [each.column.name for each in done.statistics.tables["users"]]
    with pytest.raises(PlanError, match=r"to predict users\.age: its batches hold that very column"):
        start(shop.parts, task, plan_for("regression"), model=nn.Linear(1, 1))


def test_a_module_of_yours_learns_classes() -> None:
    generator = torch.Generator().manual_seed(0)
    data = HeteroData()
    data["users"].x, data["users"].batch_size = torch.randn(90, 3, generator=generator), 90
    data["users"].y = data["users"].x.argmax(dim=1)

    class Mine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = nn.Linear(3, 3)

        def forward(self, data: HeteroData) -> torch.Tensor:
            return self.line(data["users"].x)

    plan = PLAN.replace(loss="cross_entropy", metric="accuracy", epochs=60, patience=60, learning_rate=0.2)
    fit = Trainer(plan, device="cpu").fit([data], [data], model=Mine())
    assert fit.history[-1].value > 0.95
    known = Target("multiclass", "cross_entropy", classes=("x", "y"))
    with pytest.raises(TrainingError, match="asked for 2 numbers per seed"):
        Trainer(plan, device="cpu", target=known).fit([data], [data], model=Mine())
