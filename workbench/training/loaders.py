"""Loaders of a run: the same sampler settings for training, evaluation and online prediction."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch

from workbench.errors import IdError, TrainingError, explain
from workbench.events import Callback
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import BETWEEN_CLASSES
from workbench.pyg.loader import PyGLoader
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.door import check_numbering
from workbench.stores.protocols import GraphStore
from workbench.temporal import iso, visible
from workbench.training.parts import Parts
from workbench.training.past_labels import Attach, PastLabels
from workbench.training.stale import stale_view
from workbench.types import BoolArray


def train_loader(
    parts: Parts,
    plan: ModelPlan,
    seeds: SeedTable,
    key: int,
    *,
    expand: bool,
    callbacks: Sequence[Callback] = (),
    device: torch.device | None = None,
    past: PastLabels | None = None,
) -> PyGLoader:
    """Shuffled batches of the training seeds: a fresh order and fresh draws per epoch.

    Seeds whose own row is not visible are left out: see :func:`seen`. For CUDA the batches arrive on the
    device, moved while the step before computes.
    """
    found = seen(parts.graph, plan, seeds)
    return PyGLoader(
        NeighborSampler(parts.graph, plan.fanout, key=key, purpose="train"),
        parts.features,
        found,
        plan.optimisation.batch_size,
        shuffle=True,
        expand=expand,
        callbacks=callbacks,
        device=_ahead(device),
        transform=None if past is None else Attach(past, found),
        view=stale_view(parts.graph, plan, key),
    )


def predict_loader(
    parts: Parts,
    plan: ModelPlan,
    seeds: SeedTable,
    key: int,
    *,
    expand: bool,
    device: torch.device | None = None,
    past: PastLabels | None = None,
    sampler: NeighborSampler | None = None,
) -> PyGLoader:
    """Unshuffled batches, in which what a seed sees depends on (seed, anchor) alone.

    Parameters
    ----------
    sampler : of :func:`predict_sampler`, where one is at hand: it has its plan compiled

    Raises
    ------
    TrainingError
        If a seed's own row is not visible to it.
    """
    check_seen(parts.graph, plan, seeds)
    return PyGLoader(
        predict_sampler(parts, plan, seeds.node_type, key, expand=expand) if sampler is None else sampler,
        parts.features,
        frozen(plan, seeds),
        plan.optimisation.batch_size,
        shuffle=False,
        expand=expand,
        device=_ahead(device),
        transform=None if past is None else Attach(past, seeds),
    )


def predict_sampler(
    parts: Parts, plan: ModelPlan, seed_type: str, key: int, *, expand: bool
) -> NeighborSampler:
    """What evaluation and prediction sample with: every seed as if it were alone.

    They sample disjointly, because in joint mode a seed's neighbours can depend on who else is in its
    batch, and an online prediction would differ from a batch one. Where they provably cannot, a joint plan
    stays joint, which is many times cheaper.
    """
    alone = plan.fanout.disjoint or not _sharing_is_exact(parts, plan, seed_type, expand)
    fanout = plan.fanout.with_choices(disjoint=alone)
    return NeighborSampler(parts.graph, fanout, key=key, purpose="predict")


def _ahead(device: torch.device | None) -> torch.device | None:
    """The device that the loader's threads move batches to; None: the training thread moves them.

    CUDA reads pinned buffers on its own while a step computes. Elsewhere nothing would overlap.
    """
    return device if device is not None and device.type == "cuda" else None


def _sharing_is_exact(parts: Parts, plan: ModelPlan, seed_type: str, own_module: bool) -> bool:
    """Only of the built-in model do we know how far it looks; modules of users get expanded batches."""
    if own_module or plan.model.layers > plan.fanout.hops_deep:
        return False
    return plan.fanout.compile(parts.schema, [seed_type]).sharing_is_exact([seed_type])


def frozen(plan: ModelPlan | None, seeds: SeedTable) -> SeedTable:
    """The seeds under the plan's ``until`` as well as their own, whichever is earlier."""
    return seeds if plan is None else seeds.frozen(plan.until)


def unseen(graph: GraphStore, seeds: SeedTable) -> BoolArray:
    """bool[n]: seeds whose own row is newer than all that they may see; none where rows have no time."""
    times = graph.times(seeds.node_type)
    if times is None:
        return np.zeros(len(seeds), bool)
    return ~visible(times[seeds.node_id], seeds.visible_until)


def seen(graph: GraphStore, plan: ModelPlan | None, seeds: SeedTable) -> SeedTable:
    """The frozen seeds without those whose own row came later: a model would read it, and it is future.

    Warns of how many that are.
    """
    found = frozen(plan, seeds)
    hidden = unseen(graph, found)
    if not hidden.any():
        return found
    warnings.warn(_unseen(found, hidden, "they are left out"), stacklevel=2)
    return found[~hidden]


def check_seen(graph: GraphStore, plan: ModelPlan, seeds: SeedTable) -> None:
    """Refuse to predict for seeds whose own row came after all that they may see.

    Raises
    ------
    TrainingError
        Saying how many they are.
    IdError
        If their ids are of another numbering.
    """
    check_numbering(graph, f"seeds of {seeds.node_type!r}", seeds.numbering)
    rows = graph.num_nodes(seeds.node_type)
    if len(seeds) and seeds.node_id.max() >= rows:
        got = f"some were appended since: the run reads snapshot {graph.snapshot}, which has {rows:,} rows"
        do = "Load the run where they are: engine = engine.refresh(); engine.load_run(folder) after run.save"
        raise IdError(
            explain(f"{len(seeds):,} seeds of {seeds.node_type!r} were to be predicted", got, do=do)
        )
    found = frozen(plan, seeds)
    hidden = unseen(graph, found)
    if hidden.any():
        raise TrainingError(_unseen(found, hidden, "there is nothing to predict from"))


def _unseen(seeds: SeedTable, hidden: BoolArray, so: str) -> str:
    first = int(np.flatnonzero(hidden)[0])
    return explain(
        f"{len(seeds):,} {seeds.split} seeds",
        f"the rows of {int(hidden.sum()):,} in {seeds.node_type!r} are not visible to them, so {so} "
        f"(the first is {seeds.key[first].as_py()!r}, which sees up to {iso(seeds.visible_until[first])})",
        "entities that are there by the anchor, and by until= where features are frozen",
    )


def check_labels(seeds: SeedTable, plan: ModelPlan, task_type: str) -> None:
    """Refuse seeds that nothing can be learned from or measured on.

    Raises
    ------
    TrainingError
        If there are no seeds, no labels, or only one class where learning, or the metric, needs two.
    """
    asked = f"{seeds.split} seeds for {plan.metric}"
    if not len(seeds):
        raise TrainingError(explain(asked, "there are none", do="Check the task's splits: print(task)"))
    if seeds.label is None:
        raise TrainingError(explain(asked, "they have no labels", do="Take them from task.seeds('train')"))
    two = seeds.split != "val" or plan.metric in BETWEEN_CLASSES
    if two and task_type in ("binary", "multiclass") and len(np.unique(seeds.label)) < 2:
        got = f"all {len(seeds):,} labels are {seeds.label[0]:g}"
        raise TrainingError(
            explain(asked, got, "labels of two classes at least", "Change the query or the splits")
        )
