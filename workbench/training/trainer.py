"""Trainer: the loop. Any ``torch.nn.Module`` over any iterable of ``HeteroData`` batches.

epoch:  for data in train: loss -> AdamW      (StepDone, StageTimes)
        metric on val -> best? -> on_best()   (EpochDone)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from itertools import chain
from threading import Event as Flag
from typing import Any

import numpy as np
import torch
from torch import nn

from workbench.errors import RunCancelled, TrainingError, expect, explain
from workbench.events import Callback, EpochDone, Progress, StageTimes, StepDone, emit
from workbench.kernels.rng import derive_key
from workbench.models.dropout import set_dropout_key
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.training.batches import check_batches, epoch_of, stoppable
from workbench.training.build import check_callbacks, check_exclude, fit_for, model_of
from workbench.training.checkpoint import Checkpoint, put_weights
from workbench.training.course import Course, part
from workbench.training.devices import pick_device
from workbench.training.metrics import better, metric
from workbench.training.ranks import side_by_side
from workbench.training.step import (
    labels_of,
    learning_rate,
    mixed_precision,
    optimiser_of,
    outputs,
    predicted,
    seeded,
    unshaped,
)
from workbench.training.target import Target
from workbench.types import AnyArray

KEEP_SECONDS = 60.0
"""What a kill costs at most, where epochs are longer."""


@dataclass
class Fit:
    """What a fit gives back.

    Attributes
    ----------
    history : list of EpochDone
    best_epoch : int  counting from 1; 0 if none was finished
    stopped_early : bool
    model : nn.Module  with the weights of the best epoch
    """

    model: nn.Module
    history: list[EpochDone] = field(default_factory=list)
    best_epoch: int = 0
    stopped_early: bool = False


class Trainer:
    """Train a model under a plan.

    Parameters
    ----------
    plan : ModelPlan
    key : int  fixes dropout and whatever else a step draws
    device : ``auto`` or a torch device name
    callbacks : sequence of callables that take one event
    target : Target
        How labels become what the model puts out. None: of the simplest task that the plan is for, with
        any number of classes or steps.
    on_best : called after each epoch that is the best so far
    keep : called with the :class:`~workbench.training.course.Course` before the first step, after every
        epoch, every :data:`KEEP_SECONDS`, and where the fit is stopped
    stop : threading.Event  set it from anywhere: the fit ends within a step

    Examples
    --------
    >>> loader = PyGLoader(NeighborSampler(graph, plan.fanout), features, seeds, 512)  # doctest: +SKIP
    >>> fit = Trainer(plan).fit(loader, val_loader)                                    # doctest: +SKIP
    >>> fit = Trainer(plan).fit(batches, model=MyModel())                              # doctest: +SKIP
    """

    def __init__(
        self,
        plan: ModelPlan,
        *,
        key: int = 0,
        device: str = "auto",
        callbacks: Sequence[Callback] = (),
        target: Target | None = None,
        on_best: Callable[[Fit], None] | None = None,
        keep: Callable[[Course], None] | None = None,
        stop: Flag | None = None,
    ) -> None:
        self.plan, self.key, self.device = plan, key, pick_device(device)
        self.callbacks = check_callbacks(callbacks)
        self.target = target or Target.of(plan)
        self._on_best, self._keep = on_best, keep
        self._stop = stop or Flag()
        self._began = self._kept_at = time.perf_counter()

    def fit(
        self,
        train: Iterable[Any],
        val: Iterable[Any] | None = None,
        model: nn.Module | None = None,
        resume: Checkpoint | None = None,
    ) -> Fit:
        """Train until the epochs are over or the metric stops improving.

        Parameters
        ----------
        train : iterable of HeteroData; if it has ``with_epoch``, each epoch gets its own
        val : iterable of HeteroData or None  without it, the training loss chooses the best epoch
        model : nn.Module or None
            Takes a ``HeteroData``, gives one number per seed, or as many as the target has. None: the plan's
            own model, built for the graph, features and seeds of ``train``, then a ``PyGLoader``.
        resume : Checkpoint or None
            Go on from there: on the CPU the weights become, bit for bit, those of a fit that never stopped.

        Raises
        ------
        PlanError
            If the plan excludes columns and the model is yours.
        RunCancelled
            After ``stop`` was set.
        TrainingError
            If the loss is not finite, the model's output has the wrong shape, the batches are no
            ``HeteroData``, or they can be read only once and there are more epochs.
        """
        check_exclude(self.plan, model)
        for batches in (train, val):
            check_batches(batches, self.plan.optimisation.epochs)
        model = self._built(train) if model is None else model
        expect(model, nn.Module, TrainingError, "a fit of a model", "Pass an instance: model=MyModule()")
        model.to(self.device)
        if resume is not None:
            put_weights(model, part(resume.tensors, "model"), "what was kept of a training")
        train = self._shaped(model, train)
        course = Course(model, optimiser_of(model, self.plan.optimisation))
        if resume is not None:
            course.restore(resume.numbers, resume.tensors)
        return self._run(course, train, val)

    def _run(self, course: Course, train: Iterable[Any], val: Iterable[Any] | None) -> Fit:
        settings = self.plan.optimisation
        self._kept(course)
        try:
            while course.epoch < settings.epochs and not self._patience_is_over(course):
                self._epoch(course, train)
                self._judge(course, val)
                self._kept(course)
        except RunCancelled:
            self._kept(course)
            raise
        course.model.load_state_dict(course.best_weights)
        early = course.epoch < settings.epochs
        return Fit(course.model, course.history, course.best_epoch, early)

    def _patience_is_over(self, course: Course) -> bool:
        return course.epoch - max(course.best_epoch, 1) >= self.plan.optimisation.patience

    def _judge(self, course: Course, val: Iterable[Any] | None) -> None:
        """Evaluate the epoch, keep it if it is the best, and tell."""
        loss = course.loss / course.seeds
        name = self.plan.metric if val is not None else "loss"
        value = self._validated(course, val) if val is not None else loss
        won = better(name, value, course.best) if val is not None else not value >= course.best
        settings = self.plan.optimisation
        # Where nothing chooses, or not by val, the last epoch is kept.
        won = won or settings.train_on != "train" or settings.keep == "last"
        done = EpochDone(self._seconds(), course.epoch + 1, settings.epochs, loss, name, value, won)
        course.finished(done)
        if won and self._on_best is not None:
            self._on_best(Fit(course.model, course.history, course.best_epoch))
        emit(self.callbacks, done)

    def _validated(self, course: Course, val: Iterable[Any]) -> float:
        began = self._seconds()
        value = self.evaluate(course.model, val)
        at = (self._seconds(), course.epoch + 1, course.step)
        emit(self.callbacks, StageTimes(*at, {"validate": at[0] - began}))
        return value

    def _kept(self, course: Course) -> None:
        self._kept_at = time.perf_counter()
        if self._keep is not None:
            self._keep(course)

    def evaluate(self, model: nn.Module, batches: Iterable[Any]) -> float:
        """The plan's metric on labelled batches.

        Raises
        ------
        TrainingError
            If there are no batches, or the metric of their labels is undefined.
        """
        labels, values = [], []
        total = len(batches) if isinstance(batches, Sized) else None
        for data, prediction in self.predict(model, batches):
            labels.append(labels_of(data).cpu().numpy())
            values.append(prediction)
            emit(self.callbacks, Progress(self._seconds(), "validation", len(labels), total, "batches"))
        if not labels:
            raise TrainingError(explain("an evaluation", "there are no batches", "at least one seed"))
        told = self.target.point(np.concatenate(values))
        value = metric(self.plan.metric, self.target.task_type, side_by_side(labels), told)
        if np.isnan(value):
            got = f"it is undefined: all {sum(map(len, labels)):,} labels are {labels[0].flat[0]:g}"
            do = "Validate on seeds with other labels too, or choose by another metric"
            raise TrainingError(explain(f"{self.plan.metric} of an evaluation", got, do=do))
        return value

    def predict(self, model: nn.Module, batches: Iterable[Any]) -> Iterator[tuple[Any, AnyArray]]:
        """Each batch with its predictions, as :meth:`Target.predictions` says what they are."""
        model.to(self.device).eval()
        for batch in stoppable(batches, self._check_stop):
            data = batch.to(self.device, non_blocking=True)
            with torch.no_grad(), mixed_precision(self.plan, self.device):
                values = predicted(model, data, self.target)
            yield data, values

    def _epoch(self, course: Course, train: Iterable[Any]) -> None:
        settings = self.plan.optimisation
        batches, steps = epoch_of(train, course.epoch, course.step, settings.max_steps, self._check_stop)
        key = derive_key(self.key, "step", course.epoch)
        course.model.train()
        asked = time.perf_counter()
        for batch in batches:
            waited = time.perf_counter() - asked
            self._set_rate(course, steps)
            loss, count, stages = self._step(course.model, course.optimiser, batch, key + course.step)
            course.took(loss, count)
            at = (self._seconds(), course.epoch + 1, course.step)
            emit(self.callbacks, StepDone(*at, steps or 0, loss, count, settings.epochs))
            emit(self.callbacks, StageTimes(*at, {"wait": waited, **stages}))
            if time.perf_counter() - self._kept_at > KEEP_SECONDS:
                self._kept(course)
            asked = time.perf_counter()
        if not course.seeds:
            raise TrainingError(explain("an epoch of training", "there are no batches", "at least one seed"))

    def _set_rate(self, course: Course, steps: int | None) -> None:
        """Where batches do not say how many they are, the learning rate changes between epochs only."""
        settings = self.plan.optimisation
        within = course.step / steps if steps else 0.0
        epochs = settings.schedule_epochs or settings.epochs
        rate = learning_rate(settings, (course.epoch + within) / epochs)
        for group in course.optimiser.param_groups:
            group["lr"] = rate

    def _step(
        self, model: nn.Module, optimiser: torch.optim.Optimizer, batch: Any, key: int
    ) -> tuple[float, int, dict[str, float]]:
        """One optimiser step: loss, seeds and seconds by stage."""
        ticks = [time.perf_counter()]
        data = batch.to(self.device, non_blocking=True)
        ticks.append(time.perf_counter())
        set_dropout_key(model, key)
        with seeded(model, key, self.device):
            with mixed_precision(self.plan, self.device):
                raw = outputs(model, data, self.target)
            loss = self.target.loss(raw, labels_of(data))
            ticks.append(time.perf_counter())
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
        value = float(loss.detach())
        if not np.isfinite(value):
            raise TrainingError(
                explain(
                    "a step of training", f"the loss is {value}", do="Lower learning_rate, or check the model"
                )
            )
        ticks.append(time.perf_counter())
        nn.utils.clip_grad_norm_(model.parameters(), self.plan.optimisation.clip)
        optimiser.step()
        ticks.append(time.perf_counter())
        names = ("transfer", "forward", "backward", "optimise")
        return value, len(raw), dict(zip(names, np.diff(ticks).tolist(), strict=True))

    def _built(self, train: Iterable[Any]) -> nn.Module:
        if not isinstance(train, PyGLoader):
            raise TrainingError(
                explain(
                    "the plan's own model was to be built for the batches of a fit",
                    f"got a {type(train).__name__}, which does not say where its batches come from",
                    "a PyGLoader, or a model of yours",
                )
            )
        graph, features, seeds = train.loader.sampler.graph, train.loader.features, train.loader.seeds
        statistics = fit_for(graph, features, self.plan, seeds)
        told = self.target
        self.target = Target.of(self.plan, told.task_type, statistics.target, told.classes, seeds.label)
        return model_of(graph, features, self.plan, statistics, seeds.node_type, self.target, self.key)

    def _shaped(self, model: nn.Module, train: Iterable[Any]) -> Iterable[Any]:
        """Give lazy parameters, as of ``SAGEConv((-1, -1), 8)``, their shape from the first batch.

        Their weights follow the key. Gives ``train`` back, whole also where it can be read only once.
        """
        if not unshaped(model):
            return train
        batches = iter([train.with_epoch(0).batch(0)] if isinstance(train, PyGLoader) else train)
        batch = next(batches, None)
        if batch is None:
            raise TrainingError(explain("an epoch of training", "there are no batches", "at least one seed"))
        model.eval()  # running means are not to see the batch twice
        data, key = batch.to(self.device), derive_key(self.key, "weights")
        with seeded(model, key, self.device), torch.no_grad():
            outputs(model, data, self.target)
        if missing := unshaped(model):
            raise TrainingError(
                explain(
                    f"{type(model).__name__} has lazy parameters, shaped by its first batch",
                    f"that did not reach {', '.join(missing[:5])}",
                    do="Give these layers their widths, or drop them",
                )
            )
        return chain([batch], batches) if batches is train else train

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise RunCancelled("the run was cancelled")

    def _seconds(self) -> float:
        return time.perf_counter() - self._began
