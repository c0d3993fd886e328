"""Search: several plans, each under several keys, of which the worse are given up early.

found = search(engine, task, [plan, plan.replace(channels=32)], keys=(0, 1, 2))
found.best, found.runs            the best run, and those of the best plan: one per key
found.metrics("test")             of the mean of what these runs say
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import TrainingError, expect, explain
from workbench.events import EpochDone, Event
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.training.begin import start
from workbench.training.metrics import score
from workbench.training.parts import Parts
from workbench.training.predict import Predictions
from workbench.training.run import ENDED, Run
from workbench.types import AnyArray


@dataclass(frozen=True, repr=False)
class Found:
    """What a search found.

    Attributes
    ----------
    runs : tuple of Run  of the best plan, the best first: one per key
    given_up : tuple of Run  of the other plans, cancelled; ``resume()`` goes on with one after all
    values : tuple of float
        Of each plan, in the order in which they were given: its best value, the mean over the keys.
    """

    runs: tuple[Run, ...]
    given_up: tuple[Run, ...]
    values: tuple[float, ...]

    @property
    def best(self) -> Run:
        """The best run of the best plan."""
        return self.runs[0]

    @property
    def plan(self) -> ModelPlan:
        """The best plan."""
        return self.best.plan

    def predict(self, seeds: SeedTable) -> Predictions:
        """The mean of what the runs of the best plan say.

        Raises
        ------
        TrainingError
            If they rank rows: rankings have no mean. Take ``found.best.predict(seeds)``.
        """
        target = self.best.target
        if target.task_type == "ranking":
            do = "Take found.best.predict(seeds)"
            raise TrainingError(explain("a mean of rankings was asked for", "there is none", do=do))

        def mean(some: SeedTable) -> AnyArray:
            return np.asarray(np.mean([run.predict(some).values for run in self.runs], axis=0))

        return Predictions(seeds, mean, target)

    def metrics(self, split: str = "test") -> dict[str, float]:
        """Every metric of that mean on a split of the task."""
        seeds, target = self.best.task.seeds(split), self.best.target
        return score(target.task_type, seeds.label, target.point(self.predict(seeds).values))

    def __repr__(self) -> str:
        metric = self.plan.metric
        tried = ", ".join(f"{value:.4f}" for value in self.values)
        return f"Found(best {metric} on val of each plan: {tried}; {len(self.runs)} keys of\n{self.plan!r})"


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
    plans: Sequence[ModelPlan],
    *,
    keys: Sequence[int] = (0,),
    first: int = 2,
    share: float = 0.5,
    device: str = "auto",
    folder: str | Path | None = None,
) -> Found:
    """Train plans side by side; at ever later epochs only the better ones go on.

    After ``first`` epochs the share ``share`` of the plans goes on, after twice as many the same share of
    those, until one is left, which is trained to its end. Plans are judged by their best validation metric,
    the mean over the keys; test is not looked at. A run that goes on becomes, on the CPU, the very run that
    it would have been alone.

    Parameters
    ----------
    stores : Parts, or anything with ``dataset``, ``graph`` and ``features`` (an engine)
    plans : of one metric
    keys : each plan is trained under each of them
    first : int  epochs before the first plans are given up
    share : float  in (0, 1), of the plans that go on; one at least
    folder : new or empty folder, or None for temporary ones

    Raises
    ------
    TrainingError
        If there are no plans or keys, they have several metrics, or a number is out of range.
    """
    _check(plans, keys, first, share)
    parts = Parts.of(stores)
    make = _maker(parts, task, device, folder)
    runs: list[list[Run]] = [[] for _ in plans]
    going, epochs, values = list(range(len(plans))), first, [float("nan")] * len(plans)
    while True:
        last = len(going) == 1
        pause: list[Any] = [] if last else [_Pause(epochs)]
        for place in going:
            if not runs[place]:
                runs[place] = [make(plans[place], place, key, pause).wait() for key in keys]
            else:
                for run in runs[place]:
                    _go_on(run, pause)
            values[place] = float(np.mean([_best(run) for run in runs[place]]))
        if last:
            break
        order = _ranked(going, values, plans[0].higher_is_better)
        going, epochs = order[: max(1, int(len(going) * share))], 2 * epochs
    chosen = sorted(runs[going[0]], key=_best, reverse=plans[0].higher_is_better)
    others = [run for place, some in enumerate(runs) if place != going[0] for run in some]
    return Found(tuple(chosen), tuple(others), tuple(values))


def _maker(parts: Parts, task: Any, device: str, folder: str | Path | None) -> Callable[..., Run]:
    def make(plan: ModelPlan, place: int, key: int, pause: list[Any]) -> Run:
        own = None if folder is None else Path(folder) / f"plan {place}, key {key}"
        return start(parts, task, plan, callbacks=pause, key=key, device=device, folder=own)

    return make


def _go_on(run: Run, pause: list[Any]) -> None:
    if run.state not in ENDED:
        run.resume(callbacks=pause).wait()


def _best(run: Run) -> float:
    return [event.value for event in run.history if event.best][-1]


def _ranked(places: list[int], values: list[float], higher: bool) -> list[int]:
    """The places, the best first; of equals the one that was given first."""
    return sorted(places, key=lambda place: -values[place] if higher else values[place])


def _check(plans: Sequence[ModelPlan], keys: Sequence[int], first: int, share: float) -> None:
    asked = "a search over plans was asked for"
    for plan in plans:
        expect(plan, ModelPlan, TrainingError, asked, "Pass a list: [plan, plan.replace(channels=32)]")
    if not plans or not keys:
        raise TrainingError(explain(asked, f"got {len(plans)} plans and {len(keys)} keys", "one at least"))
    metrics = sorted({plan.metric for plan in plans})
    if len(metrics) > 1:
        raise TrainingError(explain(asked, f"they are judged by {', '.join(metrics)}", "plans of one metric"))
    if isinstance(first, bool) or not isinstance(first, int) or first < 1:
        raise TrainingError(explain(asked, f"got first={first!r}", "a whole number from 1"))
    if not 0 < share < 1:
        raise TrainingError(explain(asked, f"got share={share!r}", "a number between 0 and 1"))
