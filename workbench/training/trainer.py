"""Trainer: the loop. Any ``torch.nn.Module`` over any iterable of ``HeteroData`` batches.

epoch:  for data in train: loss -> AdamW      (StepDone, StageTimes)
        metric on val -> best? -> on_best()   (EpochDone)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from itertools import chain, islice
from threading import Event as Flag
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.errors import RunCancelled, TrainingError, expect, explain
from workbench.events import Callback, EpochDone, StageTimes, StepDone, emit
from workbench.kernels.rng import derive_key
from workbench.loading.loader import Loader
from workbench.models.dropout import set_dropout_key
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.training.build import check_callbacks, check_exclude, model_for
from workbench.training.devices import pick_device
from workbench.training.metrics import better, metric
from workbench.training.step import Target, labels_of, optimiser_of, outputs, seeded, unshaped
from workbench.types import AnyArray


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
    target : Target  how labels become what the model puts out; binary labels need none
    on_best : called after each epoch that is the best so far
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
        stop: Flag | None = None,
    ) -> None:
        self.plan, self.key, self.device = plan, key, pick_device(device)
        self.callbacks = check_callbacks(callbacks)
        self.target = target or Target(plan.task_type, plan.optimisation.loss)
        self._on_best = on_best
        self._stop = stop or Flag()
        self._began = time.perf_counter()

    def fit(
        self, train: Iterable[Any], val: Iterable[Any] | None = None, model: nn.Module | None = None
    ) -> Fit:
        """Train until the epochs are over or the metric stops improving.

        Parameters
        ----------
        train : iterable of HeteroData; if it has ``with_epoch``, each epoch gets its own
        val : iterable of HeteroData or None  without it, the training loss chooses the best epoch
        model : nn.Module or None
            Takes a ``HeteroData``, gives one number per seed. None: the plan's own model, built for the
            graph, features and seeds of ``train``, which then has to be a ``PyGLoader``.

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
            _check_batches(batches, self.plan.optimisation.epochs)
        model = self._built(train) if model is None else model
        expect(model, nn.Module, TrainingError, "a fit of a model", "Pass an instance: model=MyModule()")
        model.to(self.device)
        train = self._shaped(model, train)
        optimiser = optimiser_of(model, self.plan.optimisation)
        fit, best, best_state = Fit(model), float("nan"), _copy(model)
        name = self.plan.metric if val is not None else "loss"
        for epoch in range(self.plan.optimisation.epochs):
            loss = self._epoch(model, optimiser, train, epoch)
            value = self.evaluate(model, val) if val is not None else loss
            won = better(name, value, best) if val is not None else not value >= best
            done = EpochDone(
                self._seconds(), epoch + 1, self.plan.optimisation.epochs, loss, name, value, won
            )
            fit.history.append(done)
            if won:
                best, best_state, fit.best_epoch = value, _copy(model), epoch + 1
                if self._on_best is not None:
                    self._on_best(fit)
            emit(self.callbacks, done)
            if epoch + 1 - max(fit.best_epoch, 1) >= self.plan.optimisation.patience:
                fit.stopped_early = epoch + 1 < self.plan.optimisation.epochs
                break
        model.load_state_dict(best_state)
        return fit

    def evaluate(self, model: nn.Module, batches: Iterable[Any]) -> float:
        """The plan's metric on labelled batches.

        Raises
        ------
        TrainingError
            If there are no batches, or the metric of their labels is undefined.
        """
        labels, values = [], []
        for data, prediction in self.predict(model, batches):
            labels.append(labels_of(data).cpu().numpy())
            values.append(prediction)
        if not labels:
            raise TrainingError(explain("an evaluation", "there are no batches", "at least one seed"))
        value = metric(self.plan.metric, np.concatenate(labels), np.concatenate(values))
        if np.isnan(value):
            got = f"it is undefined: all {sum(map(len, labels)):,} labels are {labels[0][0]:g}"
            do = "Validate on seeds with other labels too, or choose by another metric"
            raise TrainingError(explain(f"{self.plan.metric} of an evaluation", got, do=do))
        return value

    def predict(self, model: nn.Module, batches: Iterable[Any]) -> Iterator[tuple[Any, AnyArray]]:
        """Each batch with its predictions: float64[seeds], probabilities or values in label units."""
        model.to(self.device).eval()
        for batch in batches:
            self._check_stop()
            data = batch.to(self.device, non_blocking=True)
            with torch.no_grad():
                raw = outputs(model, data)
            yield data, self.target.predictions(raw)

    def _epoch(
        self, model: nn.Module, optimiser: torch.optim.Optimizer, train: Iterable[Any], epoch: int
    ) -> float:
        if hasattr(train, "with_epoch"):
            train = train.with_epoch(epoch)
        limit, steps = self.plan.optimisation.max_steps, _length(train)
        steps = steps if limit is None else min(limit, steps or limit)
        model.train()
        total, seeds, asked = 0.0, 0, time.perf_counter()
        for step, batch in enumerate(islice(train, limit)):
            self._check_stop()
            waited = time.perf_counter() - asked
            loss, count, stages = self._step(
                model, optimiser, batch, derive_key(self.key, "step", epoch) + step
            )
            total, seeds = total + loss * count, seeds + count
            emit(self.callbacks, StepDone(self._seconds(), epoch + 1, step + 1, steps or 0, loss, count))
            emit(self.callbacks, StageTimes(self._seconds(), epoch + 1, step + 1, {"wait": waited, **stages}))
            asked = time.perf_counter()
        if not seeds:
            raise TrainingError(explain("an epoch of training", "there are no batches", "at least one seed"))
        return total / seeds

    def _step(
        self, model: nn.Module, optimiser: torch.optim.Optimizer, batch: Any, key: int
    ) -> tuple[float, int, dict[str, float]]:
        """One optimiser step: loss, seeds and seconds by stage."""
        ticks = [time.perf_counter()]
        data = batch.to(self.device, non_blocking=True)
        ticks.append(time.perf_counter())
        set_dropout_key(model, key)
        with seeded(model, key, self.device):
            raw = outputs(model, data)
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
        model, statistics = model_for(self.plan, train, self.key)
        self.target = Target(self.plan.task_type, self.plan.optimisation.loss, *statistics.target)
        return model

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
            outputs(model, data)
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


def _check_batches(batches: Iterable[Any] | None, epochs: int) -> None:
    """Refuse what yields no ``HeteroData``, and generators where they would be empty in epoch 2."""
    if batches is None or (isinstance(batches, Iterable) and not isinstance(batches, Loader | Iterator)):
        return
    kind = type(batches).__name__
    if isinstance(batches, Iterator):
        if epochs == 1:
            return
        got = f"got a {kind}, which can be read only once"
    else:
        got = f"got a {kind}, which does not yield HeteroData"
    allowed = "a PyGLoader, or any iterable of HeteroData that can be read once per epoch"
    raise TrainingError(explain(f"batches for a fit of {epochs} epochs", got, allowed))


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _length(batches: Iterable[Any]) -> int | None:
    return len(batches) if isinstance(batches, Sized) else None
