"""How a run begins: from a task and a plan, or from its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from workbench.errors import TrainingError, expect, expect_path
from workbench.events import Callback
from workbench.plan.model_plan import ModelPlan
from workbench.stores.key_map import KeyMap
from workbench.training.build import (
    check_callbacks,
    check_exclude,
    check_key,
    check_task,
    fit_for,
    hidden_columns,
    model_of,
    own_copy,
    target_for,
)
from workbench.training.devices import pick_device
from workbench.training.learned import learned_from
from workbench.training.loaders import check_labels
from workbench.training.parts import Parts
from workbench.training.past_labels import PastLabels
from workbench.training.printing import PrintProgress
from workbench.training.run import Run
from workbench.training.run_folder import new_folder, read_run
from workbench.training.target import Target
from workbench.training.underway import ENDED
from workbench.training.warm import warm_start


def start(
    parts: Parts,
    task: Any,
    plan: ModelPlan,
    *,
    model: nn.Module | None = None,
    callbacks: Sequence[Callback] | None = None,
    key: int = 0,
    device: str = "auto",
    folder: str | Path | None = None,
    warm: Run | None = None,
) -> Run:
    """Start a training in the background and return its run at once.

    Parameters
    ----------
    parts : Parts  the open stores
    task : Task
    model : nn.Module or None  a copy of it is trained, as ``run.model``; None: the built-in model
    callbacks : callables that take one event; None prints epochs while one waits, [] is silence
    folder : new or empty folder, or None for a temporary one, which goes when the process ends
    warm : Run or None
        Begin with what this run learned, as far as it fits: see :mod:`workbench.training.warm`.

    Raises
    ------
    PlanError
        If the plan trains another task type, or excludes columns from a module of yours.
    TrainingError
        If the splits cannot be learned from, the key is no whole number, the device is not there, or the
        folder is not empty.
    """
    check_key(key)
    pick_device(device)
    told = [PrintProgress()] if callbacks is None else check_callbacks(callbacks)
    check_task(task, plan)
    hidden = hidden_columns(task)
    check_exclude(plan, model, hidden)
    train, val = learned_from(parts.graph, plan, task)
    check_labels(train, plan, task.task_type)
    if val is not None:
        check_labels(val, plan, task.task_type)
    ranked = getattr(getattr(task, "target", None), "table", None)
    statistics = fit_for(parts.graph, parts.features, plan, train, hidden, ranked)
    target = target_for(plan, task, train, statistics, parts.graph)
    fresh = (
        model_of(parts.graph, parts.features, plan, statistics, train.node_type, target, key)
        if model is None
        else own_copy(model)
    )
    built = _warmed(fresh, warm)
    options: dict[str, Any] = {"key": key, "device": device, "callbacks": told, "builtin": model is None}
    own = {"folder": new_folder(folder), "seed_type": train.node_type, **options}
    past = past_of(task, plan, target)
    run = Run(parts, task, plan, built, statistics, target, past=past, **own)
    return run.begin(train, val)


def past_of(task: Any, plan: ModelPlan, target: Target) -> PastLabels | None:
    """The labels that the plan's seeds may be told of; None if it asks for none."""
    last = plan.model.past_labels
    return PastLabels.of(task, len(target.classes), last) if last else None


def _warmed(model: nn.Module, warm: Run | None) -> nn.Module:
    if warm is not None:
        expect(warm, Run, TrainingError, "a run to begin with", "Take load_run(folder)")
        warm_start(model, warm.trained())
    return model


def load_run(
    folder: str | Path, parts: Any = None, *, task: Any = None, model: nn.Module | None = None
) -> Run:
    """Load a run that was saved.

    Parameters
    ----------
    folder : of ``train(folder=)`` or ``run.save``
    parts : Parts, or anything with ``dataset``, ``graph`` and ``features`` (an engine)
        None opens the store that the run was trained on, where it was then.
    task : Task or None  for ``metrics(split)`` and ``resume()``; None rebuilds the one that was saved
    model : nn.Module or None  of the class that was trained, where that was not the built-in one

    Raises
    ------
    TrainingError
        If the folder holds no run, a damaged one, or one that does not fit the store; says why.
    """
    folder = expect_path(folder, TrainingError, "the folder of a run")
    saved = read_run(folder)
    parts = saved.parts() if parts is None else Parts.of(parts)
    saved.check_fits(parts)
    built = model
    if built is None:
        saved.check_builtin()
        # What goes on training ranks what it began with: other scores would change its steps.
        made_of = (saved.plan, saved.statistics, saved.seed_type, saved.target, saved.key)
        built = model_of(parts.graph, parts.features, *made_of, grown=saved.state in ENDED)
    keys = KeyMap.open(parts.dataset, saved.seed_type)
    past = PastLabels.load(folder, keys) if saved.plan.model.past_labels else None
    run = Run(
        parts,
        task if task is not None else saved.task(parts),
        saved.plan,
        built,
        saved.statistics,
        saved.target,
        folder=folder,
        seed_type=saved.seed_type,
        key=saved.key,
        builtin=model is None,
        past=past,
    )
    run.state, run.history = saved.state, list(saved.history)
    run.terms = run.terms or saved.terms
    return run
