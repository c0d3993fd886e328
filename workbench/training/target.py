"""Target: what the labels of a task are, and what the numbers mean that a model puts out for them.

    task type    label y                        outputs                        predictions
    binary       [n]  0 or 1                    [n] logits                     [n] probabilities
    multiclass   [n]  int64, place of a class   [n, classes] logits            [n, classes] probabilities
    multilabel   [n, classes]  0 or 1           [n, classes] logits            [n, classes] probabilities
    regression   [n]                            [n] (label - mean) / scale     [n]
    forecast     [n, steps]                     [n, steps] the same            [n, steps]
    ranking      [n, longest] rows, then -1     [n, candidates] scores         [n, 2, k] rows, scores

With the quantile loss there is an output per level, the last axis of all; so many levels of every step of
a forecast lie side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.errors import TrainingError, explain
from workbench.models.best_rows import first
from workbench.plan.model_plan import ModelPlan
from workbench.plan.optimisation import BALANCED
from workbench.training.losses import LOSS
from workbench.training.ranks import TOP
from workbench.types import AnyArray

WITH_CLASSES = ("multiclass", "multilabel")


@dataclass(frozen=True)
class Target:
    """Labels, outputs and predictions of one task under one plan; a value that saves as JSON.

    Attributes
    ----------
    task_type, loss_name : str
    mean, scale : float  of regression and forecast labels
    classes : tuple  values of the classes, in the order of the outputs; empty: not known, any number
    steps : int  of a forecast; 0: not known, any number
    quantiles : tuple of float  levels, of the quantile loss alone
    gamma : float  of the focal loss
    weights : tuple of float  what each class counts; empty: all the same
    top_k : int or None  likeliest classes or rows that predictions name, where the query asks so
    table : str  ranking: whose rows are ranked
    candidates : int  ranking: rows of that table when training began
    """

    task_type: str
    loss_name: str
    mean: float = 0.0
    scale: float = 1.0
    classes: tuple[Any, ...] = ()
    steps: int = 0
    quantiles: tuple[float, ...] = ()
    gamma: float = 2.0
    weights: tuple[float, ...] = ()
    top_k: int | None = None
    table: str = ""
    candidates: int = 0

    @classmethod
    def of(
        cls,
        plan: ModelPlan,
        task_type: str | None = None,
        scaling: tuple[float, float] = (0.0, 1.0),
        classes: tuple[Any, ...] = (),
        labels: AnyArray | None = None,
    ) -> Target:
        """The target of a plan.

        Parameters
        ----------
        task_type : str or None  None: the simplest that the plan is for
        scaling : (mean, scale) of the training labels, of regression and forecast tasks
        classes : values of the classes, in the order of the labels
        labels : training labels, as balanced class weights and the steps of a forecast are found from them

        Raises
        ------
        TrainingError
            If the plan gives another number of class weights than there are classes.
        """
        settings, kind = plan.optimisation, task_type or plan.task_types[0]
        target = cls(
            kind,
            settings.loss,
            *scaling,
            classes=tuple(classes) if kind in WITH_CLASSES else (),
            steps=labels.shape[1] if kind == "forecast" and labels is not None else 0,
            quantiles=settings.quantiles if settings.loss == "quantile" else (),
            gamma=settings.gamma,
        )
        weights = class_weights(settings.class_weights, target, labels)
        return replace(target, weights=weights)

    @property
    def width(self) -> int | None:
        """Numbers that a model puts out per seed; None where any number of classes or steps will do."""
        parts = {"multiclass": len(self.classes), "multilabel": len(self.classes), "forecast": self.steps}
        parts["ranking"] = self.candidates
        count = parts.get(self.task_type, 1) * max(len(self.quantiles), 1)
        return count or None

    @property
    def columns(self) -> int:
        """Numbers per label, a class of several being one of 0 and 1."""
        return {"multiclass": len(self.classes), "multilabel": len(self.classes), "forecast": self.steps}.get(
            self.task_type, 1
        )

    @property
    def flat(self) -> bool:
        """Whether outputs are one number per seed, float[n]."""
        return self.task_type in ("binary", "regression") and len(self.quantiles) < 2

    @property
    def named(self) -> int:
        """Rows that predictions of a ranking name, where there are so many."""
        return self.top_k or TOP

    @property
    def outputs(self) -> int | None:
        """Numbers per seed as ``HeteroGNN`` takes them: None is one, without an axis for it."""
        return None if self.flat else self.width

    def loss(self, raw: Tensor, label: Tensor) -> Tensor:
        """Mean loss of the outputs of some seeds, a scalar; in float32, whatever the model computes in."""
        raw = raw.float()
        if self.task_type in ("multiclass", "ranking"):
            each = LOSS[self.loss_name](self, raw, label.long())
            return (each * self._weight(raw)[label.long()]).mean() if self.weights else each.mean()
        wanted = (label.to(raw.dtype) - self.mean) / self.scale
        if self.quantiles:
            raw = raw.reshape(*wanted.shape, len(self.quantiles))
        each = LOSS[self.loss_name](self, raw, wanted)
        return (each * self._label_weight(raw, wanted)).mean() if self.weights else each.mean()

    def predictions(self, raw: Tensor) -> AnyArray:
        """float64 per seed, see the head of this module: probabilities, or values in the label's units.

        Levels of a quantile loss rise: where outputs cross, they are put in order.
        """
        raw = raw.detach().float()  # a view of a parameter asks for a gradient also under no_grad
        if self.task_type == "ranking":
            rows = torch.arange(raw.shape[1], device=raw.device).expand_as(raw)
            scores, best = first(raw.double(), rows, self.named)
            return _numpy(torch.stack([best.double(), scores], dim=1))
        if self.task_type == "multiclass":
            return _numpy(raw.double().softmax(dim=1))
        if self.task_type in ("binary", "multilabel"):
            return _numpy(raw.double().sigmoid())
        if len(self.quantiles) > 1:
            raw = raw.reshape(len(raw), -1, len(self.quantiles)).sort(dim=2).values.reshape(raw.shape)
        return _numpy(raw.double()) * self.scale + self.mean

    def blank(self, count: int) -> AnyArray:
        """NaN for so many seeds, in the shape of their predictions."""
        if self.task_type == "ranking":
            return np.full((count, 2, min(self.named, self.candidates)), np.nan)
        return np.full((count,) if self.flat else (count, self.width or 0), np.nan)

    def point(self, predictions: AnyArray) -> AnyArray:
        """The predictions that metrics compare with labels: of several levels the one nearest to a half."""
        if len(self.quantiles) < 2:
            return predictions
        middle = int(np.argmin(np.abs(np.asarray(self.quantiles) - 0.5)))
        chosen = predictions[:, middle :: len(self.quantiles)]
        return chosen if self.task_type == "forecast" else chosen[:, 0]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Target:
        """Read back what :meth:`to_dict` wrote."""
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**read)

    def _weight(self, raw: Tensor) -> Tensor:
        return torch.tensor(self.weights, dtype=raw.dtype, device=raw.device)

    def _label_weight(self, raw: Tensor, wanted: Tensor) -> Tensor:
        """What each label of a binary or multilabel task counts."""
        weight = self._weight(raw)
        if self.task_type == "binary":
            return torch.where(wanted > 0.5, weight[1], weight[0])
        return torch.where(wanted > 0.5, weight, 1.0)


def class_weights(
    chosen: str | tuple[float, ...] | None, target: Target, labels: AnyArray | None
) -> tuple[float, ...]:
    """What each class counts.

    Balanced classes have the same sum of weights over the training labels, and the weights' mean over
    these is 1; of a multilabel task the ones of a class weigh as much as its zeros.

    Raises
    ------
    TrainingError
        If their number is not that of the classes.
    """
    if chosen is None or (chosen == BALANCED and labels is None):
        return ()
    if chosen == BALANCED:
        return _balanced(target, np.asarray(labels))
    count = 2 if target.task_type == "binary" else len(target.classes)
    if count and len(chosen) != count:
        got = f"the plan gives {len(chosen)}"
        raise TrainingError(explain(f"class weights of {count} classes were asked for", got, f"{count}"))
    return tuple(float(weight) for weight in chosen)


def _balanced(target: Target, labels: AnyArray) -> tuple[float, ...]:
    if target.task_type == "multilabel":
        ones = labels.sum(axis=0, dtype=np.float64)
        zeros = len(labels) - ones
        # A class that never is there teaches nothing; its weight must only be a number.
        return tuple(np.where(ones > 0, zeros / np.maximum(ones, 1), 1.0).tolist())
    if target.task_type not in ("binary", "multiclass"):
        return ()
    counts = np.bincount(
        labels.astype(np.int64), minlength=2 if target.task_type == "binary" else len(target.classes)
    )
    seen = np.maximum(counts, 1)
    return tuple((len(labels) / (np.count_nonzero(counts) * seen)).tolist())


def _numpy(values: Tensor) -> AnyArray:
    found: AnyArray = values.cpu().numpy()
    return found
