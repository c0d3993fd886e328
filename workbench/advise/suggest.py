"""suggest_plan: a first plan from the schema, the task and a pilot sample, with a reason for each choice."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from workbench.advise.history import choose_history
from workbench.advise.hops import choose_hops
from workbench.errors import BudgetError
from workbench.loading.order import batch_order
from workbench.plan.architecture import ModelSettings
from workbench.plan.cells import as_draw
from workbench.plan.fanout import Fanout
from workbench.plan.job import TrainingJob
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import USUAL
from workbench.plan.optimisation import Optimisation
from workbench.query.seed_table import SeedTable
from workbench.sampling.profile import Cost, profile
from workbench.stores.features import GroupLayout
from workbench.stores.protocols import FeatureStore, GraphStore
from workbench.stores.request import SampleRequest

PILOT = 256
"""Seeds that are sampled to see what a fanout costs."""

SHARED = 64
"""Seeds per anchor from which on sharing their neighbourhoods pays."""

FEW = 20_000
"""Training seeds below which a model soon knows them by heart: it is small, and takes fewer steps."""

STEPS = 1_500
"""Optimiser steps that a first run should take, about."""

BATCH_NODES = 150_000
"""Nodes that a batch should have, at most."""

UNDER_WAY = 6
"""Batches that a run holds at a time: those that its loader prefetches, and two in use."""

RANKED_BY_FEATURES = 20_000
"""Rows that a ranking encodes at every step, at most."""

FLOORS = ((4, 8), (1, 1))
"""Fewest neighbours, then fewest seeds of a batch, to which a small memory budget takes a plan, in turn."""


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
    BudgetError
        If not even batches of one seed with one neighbour a step fit into the graph's memory budget.
    """
    seeds = task.seeds("train")
    graph = parts.graph
    hops = choose_hops(graph.schema, graph, seeds)
    fanout, sharing = _mode(hops.fanout, seeds, task.task_type)
    fanout, batch_size, sizing = _fit(
        graph, dict(parts.features.groups), fanout, seeds, _batch_size(len(seeds))
    )
    batching = _batching(fanout, seeds, batch_size)
    history = choose_history(task, seeds)
    model, shaping = _model(len(seeds), fanout, history.past_labels)
    steps, training = _optimisation(task.task_type, batch_size, _steps(fanout, seeds, batch_size), len(seeds))
    reasons = (*hops.reasons, sharing, sizing, batching, shaping, training, *history.reasons)
    job = TrainingJob(
        USUAL[task.task_type][1],
        history.candidates,
        averaged=1 + len(history.candidates),
        refit=history.refit,
    )
    plan = ModelPlan(fanout, model, steps, job, until=history.until, reasons=reasons)
    return _ranking(plan, graph.num_nodes(task.target.table)) if task.task_type == "ranking" else plan


def _ranking(plan: ModelPlan, rows: int) -> ModelPlan:
    """Rank by features, where encoding every row at every step costs little."""
    by = "features" if rows <= RANKED_BY_FEATURES else "ids"
    why = {
        "features": f"{rows:,} rows: their columns, and when they were lately chosen, rank new rows too",
        "ids": f"{rows:,} rows are too many to encode at every step: a vector is learned for each",
    }
    reasons = (*plan.reasons, (f"ranked by {by}", why[by]))
    return plan.replace(ranked_by=by, reasons=reasons)


def _mode(fanout: Fanout, seeds: SeedTable, task_type: str) -> tuple[Fanout, tuple[str, str]]:
    """Joint sampling where many seeds share an anchor and the draws do not depend on the seed."""
    anchors = len(np.unique(seeds.visible_until))
    shared = len(seeds) / max(anchors, 1)
    if task_type == "ranking":
        return fanout, ("disjoint", "what a seed itself was close to is what it is likely to come back to")
    if fanout.strategy == "recent" and shared > SHARED:
        why = f"about {shared:.0f} seeds share each anchor: they share their neighbours too, sampled once"
        return fanout.with_choices(disjoint=False), ("joint", why)
    return fanout, ("disjoint", f"{shared:.0f} seeds per anchor: each seed has a neighbourhood of its own")


def _batch_size(count: int) -> int:
    """At least 64 steps an epoch where there are seeds for it, within [32, 512]."""
    return int(np.clip(1 << int(np.log2(max(count / 64, 1))), 32, 512))


def _batching(fanout: Fanout, seeds: SeedTable, size: int) -> tuple[str, str]:
    return f"batch_size {size}", f"{_steps(fanout, seeds, size):,} steps an epoch over {len(seeds):,} seeds"


def _fit(
    graph: GraphStore, groups: dict[str, GroupLayout], fanout: Fanout, seeds: SeedTable, batch_size: int
) -> tuple[Fanout, int, tuple[str, str]]:
    """Halve the fanouts of many neighbours, the widest hop first, until a batch is small enough.

    Where the memory budget asks for it, the pilot, the fanouts and then the batch are halved.
    """
    start, room, pilot = fanout, "", PILOT
    while True:
        try:
            cost = _cost(graph, groups, fanout, seeds, batch_size, pilot)
        except BudgetError:
            smaller = _less(fanout, batch_size, pilot)
            if smaller is None:
                raise
            fanout, batch_size, pilot = smaller
            room = "; halved until it fits into the memory budget"
            continue
        halved = _halved(fanout, FLOORS[0][0])
        if cost.nodes <= BATCH_NODES or halved == fanout:
            break
        fanout = halved
    what = f"a batch has about {cost.nodes:,.0f} nodes and takes {cost.milliseconds:.1f} ms to sample"
    small = "" if fanout == start else f"; halved until a batch stays under {BATCH_NODES:,} nodes"
    return fanout, batch_size, ("fanout size", what + (room or small))


def _cost(
    graph: GraphStore,
    groups: dict[str, GroupLayout],
    fanout: Fanout,
    seeds: SeedTable,
    batch_size: int,
    pilot: int,
) -> Cost:
    """What a batch costs; a BudgetError where the batches that a run holds at a time do not fit."""
    if getattr(graph, "memory_budget", None) is not None:
        batch = _pilot(seeds, fanout, batch_size).seed_set()
        request = SampleRequest((batch,), fanout.compile(graph.schema, [batch.node_type]), 0)
        held = [graph.sample(request) for _ in range(UNDER_WAY)]
        del held
    return profile(graph, groups, fanout, _pilot(seeds, fanout, pilot).seed_set(), batch_size=batch_size)


def _less(fanout: Fanout, batch_size: int, pilot: int) -> tuple[Fanout, int, int] | None:
    """The next smaller thing to try; None if there is none."""
    if pilot > batch_size:
        return fanout, batch_size, max(batch_size, pilot // 2)
    for neighbours, seeds in FLOORS:
        smaller = _halved(fanout, neighbours)
        if smaller != fanout:
            return smaller, batch_size, pilot
        if batch_size > seeds:
            return fanout, batch_size // 2, min(pilot, batch_size // 2)
    return None


def _pilot(seeds: SeedTable, fanout: Fanout, count: int) -> SeedTable:
    """About so many late seeds, whose histories are the longest; of one anchor for a joint fanout."""
    order = np.argsort(seeds.visible_until, kind="stable")
    late = order[-4 * count :]
    if not fanout.disjoint:
        stamps = seeds.visible_until[late]
        common, counts = np.unique(stamps, return_counts=True)
        late = late[stamps == common[np.argmax(counts)]]
        return seeds[late]
    return seeds[late[:: max(1, len(late) // count)]]


def _halved(fanout: Fanout, least: int) -> Fanout:
    """Half the neighbours at the widest hop, the last of equals; none goes below ``least``."""
    hops = [{name or "default": as_draw(cell).most for name, cell in hop} for hop in fanout.hops]
    hop = max(reversed(hops), key=lambda hop: max(hop.values(), default=0))
    hop.update({name: max(least, k // 2) if k > least else k for name, k in hop.items()})
    return fanout.with_choices(hops=hops)


def _model(count: int, fanout: Fanout, past: int) -> tuple[ModelSettings, tuple[str, str]]:
    """Small and regularised where there are few seeds."""
    channels, dropout = (32, 0.4) if count < FEW else (64, 0.2) if count < 10 * FEW else (64, 0.1)
    fading = ("mean", "decay", "count") if fanout.strategy == "recent" else ("mean", "count")
    model = ModelSettings(channels, fanout.hops_deep, fading, dropout, past_labels=past)
    why = f"one layer per hop; {count:,} training seeds carry a model of this size"
    return model, (f"{channels} channels, dropout {dropout:g}", why)


def _steps(fanout: Fanout, seeds: SeedTable, batch_size: int) -> int:
    """Batches of an epoch: joint ones never mix two anchors."""
    anchors = None if fanout.disjoint else seeds.visible_until
    return len(batch_order(len(seeds), batch_size, anchors=anchors))


def _optimisation(
    task_type: str, batch_size: int, per_epoch: int, count: int
) -> tuple[Optimisation, tuple[str, str]]:
    """Few seeds are learned by heart soon: they get fewer steps, which become smaller and smaller."""
    few = count < FEW
    budget = STEPS // 2 if few else STEPS
    epochs = int(np.clip(budget // max(per_epoch, 1), 4, 15))
    limit = None if per_epoch <= STEPS // 3 else STEPS // 3
    steps = Optimisation(
        epochs=epochs,
        max_steps=limit,
        learning_rate=0.002 if few else 0.003,
        weight_decay=0.01,
        batch_size=batch_size,
        patience=4 if few else 3,
        loss=USUAL[task_type][0],
        schedule="cosine" if few else "constant",
        keep="last" if few else "best",
    )
    total = epochs * min(per_epoch, limit or per_epoch)
    ends = "smaller and smaller, the last epoch is kept: val is too small to tell the best"
    ends = ends if few else "fewer if the metric stops improving"
    return steps, (f"{epochs} epochs", f"about {total:,} steps, {ends}")
