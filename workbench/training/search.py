"""Search: a plan's job. Several plans, each under several keys, of which the worse are given up early.

found = search(engine, task, plan)                         what plan.job says
found = search(engine, task, [one, other], keys=(0, 1))    or plans of your own
found.predict(seeds), found.metrics("test")                the mean of what the best of them say
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import TrainingError, did_you_mean, expect, explain
from workbench.events import EpochDone, Event
from workbench.plan.job import TrainingJob
from workbench.plan.model_plan import ModelPlan
from workbench.training.begin import start
from workbench.training.found import Found
from workbench.training.parts import Parts
from workbench.training.refit import refit
from workbench.training.run import Run
from workbench.training.underway import ENDED


class _Pause:
    """Cancels its run once it has done so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def attach(self, run: Run) -> None:
        """Take the run that is about to go on."""
        self.run = run

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, EpochDone) and self.epochs <= event.epoch < event.epochs:
            self.run.cancel()


def search(
    stores: Any,
    task: Any,
    plans: ModelPlan | Sequence[ModelPlan],
    *,
    device: str = "auto",
    folder: str | Path | None = None,
    **job: Any,
) -> Found:
    """Train plans side by side; at ever later epochs only the better ones go on.

    After ``prune_after`` epochs the share ``prune_to`` of the plans goes on, after twice as many the same
    share of those, until as many are left as are averaged; these are trained to their end. Plans are judged
    by their best validation metric, the mean over the keys; test is not looked at. A run that goes on
    becomes, on the CPU, the very run that it would have been alone.

    Parameters
    ----------
    stores : Parts, or anything with ``dataset``, ``graph`` and ``features`` (an engine)
    task : Task
    plans : a plan, which is tried with its job's candidates; or plans of one metric, tried instead
    device : ``auto`` (CUDA, then MPS, then CPU) or a torch device name
    folder : new or empty folder, or None for temporary ones
    job : choices of :class:`~workbench.plan.job.TrainingJob` that are not those of the (first) plan's job

    Raises
    ------
    PlanError
        If a choice of the job is not allowed.
    TrainingError
        If there are no plans, they have several metrics or learn from val, or are fewer than are averaged.
    """
    tried, chosen = _asked(plans, job)
    parts = Parts.of(stores)
    make = _maker(parts, task, device, folder)
    runs: list[list[Run]] = [[] for _ in tried]
    going, epochs, values = list(range(len(tried))), chosen.prune_after, [float("nan")] * len(tried)
    while True:
        last = len(going) <= chosen.averaged or epochs is None
        pause: list[Any] = [] if last else [_Pause(epochs or 0)]
        for place in going:
            if not runs[place]:
                runs[place] = [make(tried[place], place, key, pause).wait() for key in chosen.keys]
            else:
                for run in runs[place]:
                    _go_on(run, pause)
            values[place] = float(np.mean([_best(run) for run in runs[place]]))
        going = _ranked(going, values, tried[0].higher_is_better)
        if last or epochs is None:
            break
        going, epochs = going[: max(chosen.averaged, int(len(going) * chosen.prune_to))], 2 * epochs
    return _found(chosen, runs, going[: chosen.averaged], values, folder)


def _found(
    job: TrainingJob, runs: list[list[Run]], kept: list[int], values: list[float], folder: str | Path | None
) -> Found:
    """The runs of the kept places, of each plan the best one first, and trained again if asked."""
    higher = runs[0][0].plan.higher_is_better
    judged = [run for place in kept for run in sorted(runs[place], key=_best, reverse=higher)]
    others = [run for place, some in enumerate(runs) if place not in kept for run in some]
    final = judged
    if job.refit:
        final = [
            refit(run, callbacks=[], device=str(run.device), folder=_beside(run, folder)).wait()
            for run in judged
        ]
    return Found(job, tuple(final), tuple(judged), tuple(others), tuple(values))


def _asked(
    plans: ModelPlan | Sequence[ModelPlan], changes: dict[str, Any]
) -> tuple[tuple[ModelPlan, ...], TrainingJob]:
    """The plans that are tried, and the job under which they are."""
    asked = "a search over plans was asked for"
    given = [plans] if isinstance(plans, ModelPlan) else list(plans)
    for plan in given:
        expect(
            plan, ModelPlan, TrainingError, asked, "Pass a plan, or a list: [plan, plan.replace(channels=32)]"
        )
    if not given:
        raise TrainingError(explain(asked, "got no plans", "one at least"))
    known = [each.name for each in fields(TrainingJob)]
    for name in changes:
        if name not in known:
            do = did_you_mean(name, known)
            raise TrainingError(explain(asked, f"got {name}=", f"choices of a job: {', '.join(known)}", do))
    metrics = sorted({plan.metric for plan in given})
    if len(metrics) > 1:
        raise TrainingError(explain(asked, f"they are judged by {', '.join(metrics)}", "plans of one metric"))
    if isinstance(plans, ModelPlan):
        whole = plans.replace(**changes)
        tried = whole.tried()
        _check_judged(tried, asked)
        return tried, whole.job
    _check_judged(given, asked)
    job = replace(given[0].job, **changes)
    job.check()
    if job.averaged > len(given):
        raise TrainingError(
            explain(asked, f"the best {job.averaged} of {len(given)} plans are to be averaged")
        )
    return tuple(replace(plan, job=TrainingJob(job.metric)) for plan in given), job


def _check_judged(plans: Sequence[ModelPlan], asked: str) -> None:
    """Refuse plans that learn from val: their epochs have a loss, but no value that could be compared."""
    for plan in plans:
        if plan.optimisation.train_on != "train":
            got = f"one learns from {plan.optimisation.train_on}, so val cannot judge it"
            do = "Take plan.replace(train_on='train', refit=True): what is chosen learns from val in the end"
            raise TrainingError(explain(asked, got, "plans that learn from train alone", do))


def _maker(parts: Parts, task: Any, device: str, folder: str | Path | None) -> Callable[..., Run]:
    def make(plan: ModelPlan, place: int, key: int, pause: list[Any]) -> Run:
        own = None if folder is None else Path(folder) / f"plan {place}, key {key}"
        return start(parts, task, plan, callbacks=pause, key=key, device=device, folder=own)

    return make


def _beside(run: Run, folder: str | Path | None) -> Path | None:
    return None if folder is None else run.folder.with_name(f"{run.folder.name}, train and val")


def _go_on(run: Run, pause: list[Any]) -> None:
    if run.state not in ENDED:
        run.resume(callbacks=pause).wait()


def _best(run: Run) -> float:
    return [event.value for event in run.history if event.best][-1]


def _ranked(places: list[int], values: list[float], higher: bool) -> list[int]:
    """The places, the best first; of equals the one that was given first."""
    return sorted(places, key=lambda place: (-values[place] if higher else values[place], place))
