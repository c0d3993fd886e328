"""Which seeds a training learns from, and which choose its best epoch, as the plan says."""

from __future__ import annotations

from typing import Any

from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.stores.protocols import GraphStore
from workbench.training.loaders import seen


def learned_from(graph: GraphStore, plan: ModelPlan, task: Any) -> tuple[SeedTable, SeedTable | None]:
    """Seeds to train on, and those that judge the epochs; None where val is trained on.

    Test is never among them. Windows of train and val are over before the first test anchor, so whatever
    is fitted up to the last of these anchors knows no test label.
    """
    train, val = (seen(graph, plan, task.seeds(split)) for split in ("train", "val"))
    if plan.optimisation.train_on == "train":
        return train, val
    return train.followed_by(val), None
