"""suggest_plan: a first plan from the schema, the task and a pilot sample, with a reason for each choice."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from workbench.advise.hops import choose_hops
from workbench.loading.order import batch_order
from workbench.plan.fanout import Fanout, replace_fields
from workbench.plan.model_plan import ModelPlan, ModelSettings, Optimisation
from workbench.query.seed_table import SeedTable
from workbench.sampling.profile import profile
from workbench.stores.features import GroupLayout
from workbench.stores.protocols import FeatureStore, GraphStore

PILOT = 256
"""Seeds that are sampled to see what a fanout costs."""

SHARED = 64
"""Seeds per anchor from which on sharing their neighbourhoods pays."""

STEPS = 1_500
"""Optimiser steps that a first run should take, about."""

BATCH_NODES = 150_000
"""Nodes that a batch should have, at most."""


class OpenStores(Protocol):
    """The part of ``training.Parts`` that advice needs."""

    @property
    def graph(self) -> GraphStore:
        """The graph."""
        ...

    @property
    def features(self) -> FeatureStore:
        """The features."""
        ...


def suggest_plan(task: Any, parts: OpenStores) -> ModelPlan:
    """A plan to begin with.

    Parameters
    ----------
    task : Task
    parts : Parts, or anything with ``graph`` and ``features``

    Raises
    ------
    TaskError
        If the task has no training seeds.
    """
    seeds = task.seeds("train")
    graph = parts.graph
    hops = choose_hops(graph.schema, graph, seeds)
    fanout, sharing = _mode(hops.fanout, seeds)
    batch_size, batching = _batch_size(len(seeds), fanout, seeds)
    fanout, sizing = _fit(graph, dict(parts.features.groups), fanout, seeds, batch_size)
    model, shaping = _model(len(seeds), fanout)
    steps, training = _optimisation(task.task_type, batch_size, _steps(fanout, seeds, batch_size))
    reasons = [*hops.reasons, sharing, sizing, batching, shaping, training]
    metric = "auroc" if task.task_type == "binary" else "mae"
    return ModelPlan(fanout, model, steps, metric, reasons=tuple(reasons))


def _mode(fanout: Fanout, seeds: SeedTable) -> tuple[Fanout, tuple[str, str]]:
    """Joint sampling where many seeds share an anchor and the draws do not depend on the seed."""
    anchors = len(np.unique(seeds.visible_until))
    shared = len(seeds) / max(anchors, 1)
    if fanout.strategy == "recent" and shared > SHARED:
        why = f"about {shared:.0f} seeds share each anchor: they share their neighbours too, sampled once"
        return replace_fields(fanout, disjoint=False), ("joint", why)
    return fanout, ("disjoint", f"{shared:.0f} seeds per anchor: each seed has a neighbourhood of its own")


def _batch_size(count: int, fanout: Fanout, seeds: SeedTable) -> tuple[int, tuple[str, str]]:
    """At least 64 steps an epoch where there are seeds for it, within [32, 512]."""
    size = int(np.clip(1 << int(np.log2(max(count / 64, 1))), 32, 512))
    why = f"{_steps(fanout, seeds, size):,} steps an epoch over {count:,} seeds"
    return size, (f"batch_size {size}", why)


def _fit(
    graph: GraphStore, groups: dict[str, GroupLayout], fanout: Fanout, seeds: SeedTable, batch_size: int
) -> tuple[Fanout, tuple[str, str]]:
    """Halve the fanouts of many neighbours, the last hop first, until a batch is small enough."""
    pilot = _pilot(seeds, fanout)
    cost = profile(graph, groups, fanout, pilot.seed_set(), batch_size=batch_size)
    start = fanout
    while cost.nodes > BATCH_NODES:
        smaller = _halved(fanout)
        if smaller == fanout:
            break
        fanout = smaller
        cost = profile(graph, groups, fanout, pilot.seed_set(), batch_size=batch_size)
    what = f"a batch has about {cost.nodes:,.0f} nodes and takes {cost.milliseconds:.0f} ms to sample"
    note = "" if fanout == start else f"; halved until a batch stays under {BATCH_NODES:,} nodes"
    return fanout, ("fanout size", what + note)


def _pilot(seeds: SeedTable, fanout: Fanout) -> SeedTable:
    """Late seeds, whose histories are the longest; of one anchor for a joint fanout."""
    order = np.argsort(seeds.visible_until, kind="stable")
    late = order[-4 * PILOT :]
    if not fanout.disjoint:
        stamps = seeds.visible_until[late]
        common, counts = np.unique(stamps, return_counts=True)
        late = late[stamps == common[np.argmax(counts)]]
        return seeds[late]
    return seeds[late[:: max(1, len(late) // PILOT)]]


def _halved(fanout: Fanout) -> Fanout:
    hops = [dict(hop) for hop in fanout.hops]
    for hop in reversed(hops):
        widest = max(hop.values(), default=0)
        if widest > 4:
            changed = {name: max(4, k // 2) if k > 4 else k for name, k in hop.items()}
            hop.update(changed)
            break
    return replace_fields(fanout, hops=[{name or "default": k for name, k in hop.items()} for hop in hops])


def _model(count: int, fanout: Fanout) -> tuple[ModelSettings, tuple[str, str]]:
    """Small and regularised where there are few seeds."""
    channels, dropout = (32, 0.3) if count < 20_000 else (64, 0.2) if count < 200_000 else (64, 0.1)
    model = ModelSettings(channels, fanout.hops_deep, ("mean", "count"), dropout)
    why = f"one layer per hop; {count:,} training seeds carry a model of this size"
    return model, (f"{channels} channels, dropout {dropout:g}", why)


def _steps(fanout: Fanout, seeds: SeedTable, batch_size: int) -> int:
    """Batches of an epoch: joint ones never mix two anchors."""
    anchors = None if fanout.disjoint else seeds.visible_until
    return len(batch_order(len(seeds), batch_size, anchors=anchors))


def _optimisation(task_type: str, batch_size: int, per_epoch: int) -> tuple[Optimisation, tuple[str, str]]:
    epochs = int(np.clip(STEPS // max(per_epoch, 1), 4, 15))
    limit = None if per_epoch <= STEPS // 3 else STEPS // 3
    steps = Optimisation(
        epochs=epochs,
        max_steps=limit,
        learning_rate=0.003,
        weight_decay=0.01,
        batch_size=batch_size,
        patience=3,
        loss="bce" if task_type == "binary" else "l1",
    )
    total = epochs * min(per_epoch, limit or per_epoch)
    return steps, (f"{epochs} epochs", f"about {total:,} steps, fewer if the metric stops improving")
