"""Refit: train once more on train and val together, as many steps as val found best."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from workbench.errors import TrainingError, explain
from workbench.events import Callback
from workbench.plan.model_plan import ModelPlan
from workbench.plan.optimisation import Optimisation
from workbench.training.begin import start
from workbench.training.learned import learned_from
from workbench.training.loaders import train_loader
from workbench.training.run import Run

_ASKED = "a run was to be trained once more, on train and val"


def refit(
    run: Run,
    *,
    task: Any = None,
    model: nn.Module | None = None,
    callbacks: Sequence[Callback] | None = None,
    key: int | None = None,
    device: str = "auto",
    folder: str | Path | None = None,
) -> Run:
    """Start a new run under :func:`refit_plan`, from fresh weights.

    Parameters
    ----------
    run : whose best epoch val has found; it is waited for
    task : None takes the run's; another is of the same labels, such as one that is frozen later
    model : a fresh one, where the run's was the user's own
    key : None takes the run's
    callbacks, device, folder : as of ``engine.train``

    Raises
    ------
    TrainingError
        If the run has no epoch, no task or no model to begin with, or was trained on val already.
    """
    if model is None and not run.builtin:
        got, do = f"its model is {type(run.model).__name__}, a class of yours", "Pass a fresh one: model="
        raise TrainingError(explain(_ASKED, got, do=do))
    plan, key = refit_plan(run), run.key if key is None else key
    told: dict[str, Any] = {"callbacks": callbacks, "key": key, "device": device, "folder": folder}
    return start(run.parts, run.task if task is None else task, plan, model=model, **told)


def refit_plan(run: Run) -> ModelPlan:
    """The plan of a run for train and val together: its best epoch's steps, at the same learning rates.

    Raises
    ------
    TrainingError
        If there is no best epoch, no task, or the plan trains on val already.
    """
    settings = run.wait().plan.optimisation
    best = [event.epoch for event in run.history if event.best]
    if settings.train_on != "train":
        raise TrainingError(explain(_ASKED, f"it was trained on {settings.train_on} already"))
    if not best or run.task is None:
        got = "no epoch of it was finished" if not best else "it was loaded without its task"
        raise TrainingError(explain(_ASKED, got, do="Train again"))
    train, _ = learned_from(run.parts.graph, run.plan, run.task)
    steps = len(train_loader(run.parts, run.plan, train, run.key, expand=not run.builtin))
    return run.plan.replace(
        train_on="train+val",
        epochs=best[-1],
        max_steps=min(steps, settings.max_steps or steps),
        schedule_epochs=(settings.schedule_epochs or settings.epochs) if _changes(settings) else None,
    )


def _changes(settings: Optimisation) -> bool:
    """Whether the learning rate depends on how many epochs there are."""
    return settings.schedule != "constant" or settings.warmup > 0
