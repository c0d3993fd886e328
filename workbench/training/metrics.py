"""Metrics of predictions, by torchmetrics. Which one is better high or low is the plan's to know.

Curves and counts are float32 there, so metrics are exact to about 1e-7.
"""

from __future__ import annotations

import numpy as np
import torch

from workbench.errors import TrainingError, explain
from workbench.loading.padded import is_lists, padded
from workbench.plan.objective import METRICS, metrics_of
from workbench.query.seed_table import SeedTable
from workbench.training.ranks import ranking_scores
from workbench.types import AnyArray

_SMALLEST = 1e-7
"""Probabilities are kept off 0 and 1 by this much where their logarithm is taken."""


def score(task_type: str, label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    """Every metric of a task type.

    Parameters
    ----------
    task_type : str  see :data:`~workbench.plan.objective.TASK_TYPES`
    label : float[n]; int[n] (multiclass: places of classes); float[n, k] (multilabel, forecast)
        Of a ranking both are as :mod:`workbench.training.ranks` says.
    prediction : float[n], of several classes or steps float[n, k]; probabilities where there are classes

    Returns
    -------
    dict metric -> value
        AUROC and average precision are NaN where all labels are the same; of several labels they and
        ``macro_f1`` are means over those that are not.

    Raises
    ------
    TrainingError
        If there is nothing to compare, the shapes do not fit, or a number is not finite.
    """
    if task_type == "ranking":
        return ranking_scores(label, prediction)
    label, prediction = np.asarray(label, np.float64), np.asarray(prediction, np.float64)
    shape = (len(label),) if task_type == "multiclass" else prediction.shape
    if len(label) != len(prediction) or label.shape != shape or not len(label):
        raise TrainingError(
            explain(
                "metrics were asked for",
                f"got labels of shape {label.shape} and predictions of shape {prediction.shape}",
                "one label per prediction, at least one",
            )
        )
    if task_type == "forecast":
        label, prediction = label.reshape(-1), prediction.reshape(-1)
    if odd := int((~np.isfinite(prediction)).sum() + (~np.isfinite(label)).sum()):
        got = f"{odd} of {label.size + prediction.size} labels and predictions are not finite"
        raise TrainingError(
            explain("metrics were asked for", got, do="Lower learning_rate, or check the model")
        )
    values = _SCORES[task_type](label, prediction)
    return {name: values[name] for name in metrics_of(task_type)}


def known_labels(seeds: SeedTable) -> AnyArray:
    """Labels of seeds as :func:`score` takes them: lists side by side.

    Raises
    ------
    TrainingError
        If they are not known.
    """
    if seeds.label is None:
        got, allowed = "its labels are not known", "a split whose future is observed"
        raise TrainingError(explain(f"metrics on {seeds!r}", got, allowed))
    return padded(seeds.label) if is_lists(seeds.label) else np.asarray(seeds.label)


def metric(name: str, task_type: str, label: AnyArray, prediction: AnyArray) -> float:
    """One metric by name."""
    return score(task_type, label, prediction)[name]


def better(name: str, value: float, than: float) -> bool:
    """Whether ``value`` beats ``than``; anything beats NaN."""
    if np.isnan(than):
        return not np.isnan(value)
    return value > than if METRICS[name][1] else value < than


def calibration_error(task_type: str, label: AnyArray, prediction: AnyArray, bins: int = 10) -> float:
    """How far probabilities are from the shares that they promise, over bins of one width; 0 is best.

    Of several classes that of the likeliest; of several labels over all of them. NaN where predictions are
    no probabilities.
    """
    from torchmetrics.functional.classification import binary_calibration_error, multiclass_calibration_error

    wanted, told = (
        torch.from_numpy(label.astype(np.int64)),
        torch.from_numpy(np.ascontiguousarray(prediction)),
    )
    if task_type == "multiclass":
        return float(multiclass_calibration_error(told, wanted, prediction.shape[1], n_bins=bins))
    if task_type not in ("binary", "multilabel"):
        return float("nan")
    return float(binary_calibration_error(told.reshape(-1), wanted.reshape(-1), n_bins=bins))


def _binary(label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    from torchmetrics.functional.classification import binary_auroc, binary_average_precision

    mixed = label.min() != label.max()
    safe = np.clip(prediction, _SMALLEST, 1 - _SMALLEST)
    wanted, told = torch.from_numpy(label > 0.5).long(), torch.from_numpy(_unit(prediction))
    return {
        "auroc": float(binary_auroc(told, wanted)) if mixed else float("nan"),
        "average_precision": float(binary_average_precision(told, wanted)) if mixed else float("nan"),
        "accuracy": float(np.mean((prediction >= 0.5) == (label > 0.5))),
        "log_loss": float(-np.log(np.where(label > 0.5, safe, 1 - safe)).mean()),
    }


def _unit(scores: AnyArray) -> AnyArray:
    """Scores in the same order within [0, 1]: torchmetrics squashes others, and ties would come of it."""
    if scores.min() >= 0 and scores.max() <= 1:
        return np.ascontiguousarray(scores)
    return np.unique(scores, return_inverse=True)[1] / len(scores)


def _multiclass(label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    from torchmetrics.functional.classification import multiclass_f1_score

    wanted, told = label.astype(np.int64), prediction.argmax(axis=1)
    given = np.maximum(prediction[np.arange(len(wanted)), wanted], _SMALLEST)
    places = torch.from_numpy(told), torch.from_numpy(wanted)
    return {
        "accuracy": float(np.mean(told == wanted)),
        "macro_f1": float(multiclass_f1_score(*places, num_classes=prediction.shape[1], average="macro")),
        "log_loss": float(-np.log(given).mean()),
    }


def _multilabel(label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    each = [_binary(label[:, i], prediction[:, i]) for i in range(label.shape[1])]
    means = {name: _mean_of([scores[name] for scores in each]) for name in metrics_of("binary")}
    told, true = prediction >= 0.5, label > 0.5
    seen = true.any(axis=0)
    f1 = 2 * (told & true).sum(axis=0) / np.maximum(told.sum(axis=0) + true.sum(axis=0), 1)
    return {**means, "macro_f1": _mean_of(f1[seen].tolist())}


def _mean_of(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _regression(label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    from torchmetrics.functional.regression import mean_absolute_error, mean_squared_error, r2_score

    told, wanted = torch.from_numpy(prediction.copy()), torch.from_numpy(label.copy())
    varied = len(label) > 1 and label.min() != label.max()
    return {
        "mae": float(mean_absolute_error(told, wanted)),
        "rmse": float(mean_squared_error(told, wanted, squared=False)),
        "r2": float(r2_score(told, wanted)) if varied else float("nan"),
    }


_SCORES = {
    "binary": _binary,
    "multiclass": _multiclass,
    "multilabel": _multilabel,
    "regression": _regression,
    "forecast": _regression,
}
