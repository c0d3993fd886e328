"""Loaders of a run: the same sampler settings for training, evaluation and online prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.errors import TrainingError, explain
from workbench.events import Callback
from workbench.plan.fanout import replace_fields
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.training.parts import Parts


def train_loader(
    parts: Parts,
    plan: ModelPlan,
    seeds: SeedTable,
    key: int,
    *,
    expand: bool,
    callbacks: Sequence[Callback] = (),
) -> PyGLoader:
    """Shuffled batches of the training seeds: a fresh order and fresh draws per epoch."""
    return PyGLoader(
        NeighborSampler(parts.graph, plan.fanout, key=key, purpose="train"),
        parts.features,
        frozen(plan, seeds),
        plan.optimisation.batch_size,
        shuffle=True,
        expand=expand,
        callbacks=callbacks,
    )


def predict_loader(
    parts: Parts,
    plan: ModelPlan,
    seeds: SeedTable,
    key: int,
    *,
    expand: bool,
    batch_size: int | None = None,
) -> PyGLoader:
    """Unshuffled batches, in which what a seed sees depends on (seed, anchor) alone.

    Evaluation and prediction sample disjointly, because in joint mode a seed's neighbours can depend on
    who else is in its batch, and an online prediction would differ from a batch one. Where they provably
    cannot, a joint plan stays joint, which is many times cheaper.
    """
    fanout = replace_fields(
        plan.fanout, disjoint=plan.fanout.disjoint or not _sharing_is_exact(parts, plan, seeds, expand)
    )
    return PyGLoader(
        NeighborSampler(parts.graph, fanout, key=key, purpose="predict"),
        parts.features,
        frozen(plan, seeds),
        batch_size or plan.optimisation.batch_size,
        shuffle=False,
        expand=expand,
    )


def _sharing_is_exact(parts: Parts, plan: ModelPlan, seeds: SeedTable, own_module: bool) -> bool:
    """Only of the built-in model do we know how far it looks; modules of users get expanded batches."""
    if own_module or plan.model.layers > plan.fanout.hops_deep:
        return False
    return plan.fanout.compile(parts.schema, [seeds.node_type]).sharing_is_exact([seeds.node_type])


def frozen(plan: ModelPlan, seeds: SeedTable) -> SeedTable:
    """The seeds under the plan's ``until`` as well as their own, whichever is earlier."""
    if plan.until is None:
        return seeds
    until = plan.until if seeds.until is None else min(plan.until, seeds.until)
    return replace(seeds, until=until)


def check_labels(seeds: SeedTable, plan: ModelPlan) -> None:
    """Refuse seeds that nothing can be learned from or measured on.

    Raises
    ------
    TrainingError
        If there are no seeds, no labels, or only one class where the metric needs two.
    """
    asked = f"{seeds.split} seeds for {plan.metric}"
    if not len(seeds):
        raise TrainingError(explain(asked, "there are none", do="Check the task's splits: print(task)"))
    if seeds.label is None:
        raise TrainingError(explain(asked, "they have no labels", do="Take them from task.seeds('train')"))
    if plan.task_type == "binary" and len(set(seeds.label.tolist())) < 2:
        got = f"all {len(seeds):,} labels are {seeds.label[0]:g}"
        raise TrainingError(
            explain(asked, got, "labels of both classes", "Change the query's condition or the splits")
        )
