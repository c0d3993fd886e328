"""Optimisation: how the weights are found, from the loss to the learning rate of each step."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.errors import AnchorError
from workbench.plan.checks import LATER, between, one_of, refuse, whole
from workbench.plan.objective import LOSSES
from workbench.temporal import Span

OPTIMISERS: dict[str, str] = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD"}
"""Optimiser -> its name in ``torch.optim``; SGD has a momentum of 0.9."""

SCHEDULES: tuple[str, ...] = ("constant", "linear", "cosine")
"""How the learning rate falls to zero from the end of the warm-up to that of the last epoch, if at all."""

PRECISIONS: tuple[str, ...] = ("float32", "bfloat16")
"""What the model computes in; weights, losses and the optimiser are float32 always."""

TRAINED_ON: tuple[str, ...] = ("train", "train+val")
"""Splits that are learned from. With val nothing is left to choose by: no early stopping, the last epoch is
kept. ``run.refit()`` makes such a plan of a run that val has judged."""

KEPT: tuple[str, ...] = ("best", "last")
"""Which epoch's weights a run keeps: the best on val, or the last, for a best on few seeds is chance."""

BALANCED = "balanced"
"""Class weights that give every class of the training labels the same sum."""


@dataclass(frozen=True)
class Optimisation:
    """How the weights are found.

    Attributes
    ----------
    epochs : int  passes over the training seeds, at most
    max_steps : int or None  optimiser steps per epoch, at most (a fresh shuffle decides which seeds)
    learning_rate, weight_decay : float  of the optimiser; biases and norms are not decayed
    batch_size : int  seeds per step
    patience : int  epochs without a better validation metric before the run stops
    loss : str  see :data:`~workbench.plan.objective.LOSSES`
    clip : float  largest norm of a step's gradient
    optimiser : str  see :data:`OPTIMISERS`
    schedule : str  see :data:`SCHEDULES`
    warmup : float  share of all steps over which the learning rate rises from zero
    class_weights : ``balanced``, a tuple of numbers, or None
        What a class counts in the loss, one number per class; of a binary task ``(of 0, of 1)``, of a
        multilabel task what each class counts where it is there.
    gamma : float  of the focal loss: how little a seed counts that is told right already
    quantiles : tuple of float
        Rising levels that the quantile loss predicts; the one nearest to a half is *the* prediction.
    precision : str  see :data:`PRECISIONS`
    stale : str or None
        Longest age of what a training seed sees, such as ``"40 months"``: in every epoch its view ends a
        random time of up to this before its anchor. For tests whose features are frozen. None: at its anchor.
    keep : str  see :data:`KEPT`; with ``last`` no run stops early
    train_on : str  see :data:`TRAINED_ON`
    schedule_epochs : int or None  epochs at whose end the schedule is over, where that is not ``epochs``
    """

    epochs: int = 10
    max_steps: int | None = None
    learning_rate: float = 0.005
    weight_decay: float = 1e-4
    batch_size: int = 512
    patience: int = 4
    loss: str = "bce"
    clip: float = 1.0
    optimiser: str = field(default="adamw", metadata=LATER)
    schedule: str = field(default="constant", metadata=LATER)
    warmup: float = field(default=0.0, metadata=LATER)
    class_weights: str | tuple[float, ...] | None = field(default=None, metadata=LATER)
    gamma: float = field(default=2.0, metadata=LATER)
    quantiles: tuple[float, ...] = field(default=(0.1, 0.5, 0.9), metadata=LATER)
    precision: str = field(default="float32", metadata=LATER)
    stale: str | None = field(default=None, metadata=LATER)
    keep: str = field(default="best", metadata=LATER)
    train_on: str = field(default="train", metadata=LATER)
    schedule_epochs: int | None = field(default=None, metadata=LATER)

    def check(self) -> None:
        """Refuse nonsense.

        Raises
        ------
        PlanError
            Naming the choice, what it was and what is allowed.
        """
        whole("epochs", self.epochs, 1, 10**6)
        whole("batch_size", self.batch_size, 1, 10**7)
        whole("patience", self.patience, 1, 10**6)
        if self.max_steps is not None:
            whole("max_steps", self.max_steps, 1, 10**9)
        between("learning_rate", self.learning_rate, 1e-12, 100.0)
        between("weight_decay", self.weight_decay, 0.0, 100.0)
        between("clip", self.clip, 1e-12, float("inf"))
        one_of("loss", self.loss, LOSSES)
        one_of("optimiser", self.optimiser, OPTIMISERS)
        one_of("schedule", self.schedule, SCHEDULES)
        one_of("precision", self.precision, PRECISIONS)
        one_of("keep", self.keep, KEPT)
        one_of("train_on", self.train_on, TRAINED_ON)
        if self.schedule_epochs is not None:
            whole("schedule_epochs", self.schedule_epochs, self.epochs, 10**6)
        between("warmup", self.warmup, 0.0, 1.0)
        between("gamma", self.gamma, 0.0, 100.0)
        self._check_class_weights()
        self._check_quantiles()
        self._check_stale()

    def _check_class_weights(self) -> None:
        weights, allowed = self.class_weights, f"{BALANCED!r}, a list of numbers above 0, or None"
        if weights is None or weights == BALANCED:
            return
        if not isinstance(weights, tuple) or not weights or not all(map(_positive, weights)):
            refuse("class_weights", weights, allowed)
        if {"binary", "multiclass", "multilabel"}.isdisjoint(LOSSES[self.loss]):
            refuse("class_weights", weights, f"None with the loss {self.loss!r}, which has no classes")

    def _check_quantiles(self) -> None:
        levels = self.quantiles
        fits = isinstance(levels, tuple) and levels and all(map(_positive, levels))
        if not fits or list(levels) != sorted(set(levels)) or levels[-1] >= 1:
            refuse("quantiles", levels, "a list of numbers between 0 and 1, rising, such as [0.1, 0.5, 0.9]")

    def _check_stale(self) -> None:
        try:
            fits = self.stale is None or (
                isinstance(self.stale, str) and Span.read(self.stale).approximate > 0
            )
        except AnchorError:
            fits = False
        if not fits:
            refuse("stale", self.stale, "a length of time such as '40 months', or None")

    def describe(self) -> str:
        """The choices in one line; of the later ones those that are not the usual."""
        limit = "" if self.max_steps is None else f" of at most {self.max_steps} steps"
        loss = self.loss
        if loss == "focal":
            loss += f" (gamma {self.gamma:g})"
        if loss == "quantile":
            loss += f" ({', '.join(f'{level:g}' for level in self.quantiles)})"
        return (
            f"{loss}, {OPTIMISERS[self.optimiser]} {self.learning_rate:g} "
            f"(weight decay {self.weight_decay:g}), batches of {self.batch_size}, "
            f"{self.epochs} epochs{limit}, {self._end()}{self._also()}"
        )

    def _end(self) -> str:
        return f"patience {self.patience}" if self.train_on == "train" else f"on {self.train_on}, all of them"

    def _also(self) -> str:
        parts = []
        if self.schedule != "constant":
            over = "" if self.schedule_epochs is None else f" over {self.schedule_epochs} epochs"
            parts.append(f"{self.schedule} schedule{over}")
        if self.warmup:
            parts.append(f"warm-up of {100 * self.warmup:g} %")
        if self.class_weights is not None:
            parts.append(f"class weights {self.class_weights}")
        if self.precision != "float32":
            parts.append(self.precision)
        if self.keep != "best":
            parts.append("keeps the last epoch")
        if self.stale is not None:
            parts.append(f"views up to {self.stale} old")
        return "".join(f", {part}" for part in parts)


def _positive(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and 0 < value < float("inf")
