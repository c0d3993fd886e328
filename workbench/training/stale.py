"""Stale views: what training seeds see, cut off at a random age, for tests of frozen features.

A test whose features are frozen asks of a model what no training seed asks: to predict years after the last
row that it sees. Where the plan says ``stale="40 months"``, each training seed sees up to its anchor minus a
random age of 0 to 40 months; its label stays. Ages are drawn anew in each epoch, and follow from the key.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.kernels.rng import derive_key, seed_keys
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.stores.protocols import GraphStore
from workbench.temporal import FOREVER, Span, visible
from workbench.types import TimeArray

View = Callable[[SeedTable, int], TimeArray]
"""(seeds, epoch) -> int64[n]: up to when each seed sees rows in that epoch."""


def stale_view(graph: GraphStore, plan: ModelPlan, key: int) -> View | None:
    """The views of a run's training seeds; None where each sees all that it may.

    In a joint fanout, whose batches are made of one view each, all seeds of an anchor share their age. A seed
    whose own row would be hidden from it keeps its whole view.
    """
    if plan.optimisation.stale is None:
        return None
    longest = Span.read(plan.optimisation.stale).approximate

    def view(seeds: SeedTable, epoch: int) -> TimeArray:
        latest, own = seeds.visible_until, graph.times(seeds.node_type)
        ids = seeds.node_id if plan.fanout.disjoint else np.zeros_like(seeds.node_id)
        drawn = seed_keys(derive_key(key, "stale", epoch), 0, ids, seeds.anchor_time)
        age = ((drawn >> np.uint64(11)) * 2.0**-53 * (longest + 1)).astype(np.int64)
        moved = np.where(latest == FOREVER, latest, latest - age)
        return moved if own is None else np.where(visible(own[seeds.node_id], moved), moved, latest)

    return view
