"""Metrics of predictions, by scikit-learn. Which one is better high or low is the plan's to know."""

from __future__ import annotations

import numpy as np

from workbench.errors import TrainingError, explain
from workbench.plan.model_plan import METRICS
from workbench.types import AnyArray


def score(task_type: str, label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    """Every metric of a task type.

    Parameters
    ----------
    task_type : ``binary`` or ``regression``
    label : float[n]  0 or 1 for binary tasks
    prediction : float[n]  probabilities for binary tasks

    Returns
    -------
    dict metric -> value; AUROC and average precision are NaN where all labels are the same

    Raises
    ------
    TrainingError
        If there is nothing to compare, the lengths differ, or a number is not finite.
    """
    label, prediction = np.asarray(label, np.float64), np.asarray(prediction, np.float64)
    if label.shape != prediction.shape or not len(label):
        raise TrainingError(
            explain(
                "metrics were asked for",
                f"got {len(label)} labels and {len(prediction)} predictions",
                "one label per prediction, at least one",
            )
        )
    if odd := int((~np.isfinite(prediction)).sum() + (~np.isfinite(label)).sum()):
        got = f"{odd} of {2 * len(label)} labels and predictions are not finite"
        raise TrainingError(
            explain("metrics were asked for", got, do="Lower learning_rate, or check the model")
        )
    names = [name for name, (kind, _) in METRICS.items() if kind == task_type]
    values = _binary(label, prediction) if task_type == "binary" else _regression(label, prediction)
    return {name: values[name] for name in names}


def metric(name: str, label: AnyArray, prediction: AnyArray) -> float:
    """One metric by name."""
    return score(METRICS[name][0], label, prediction)[name]


def better(name: str, value: float, than: float) -> bool:
    """Whether ``value`` beats ``than``; anything beats NaN."""
    if np.isnan(than):
        return not np.isnan(value)
    return value > than if METRICS[name][1] else value < than


def _binary(label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

    mixed = label.min() != label.max()
    safe = np.clip(prediction, 1e-7, 1 - 1e-7)
    return {
        "auroc": float(roc_auc_score(label, prediction)) if mixed else float("nan"),
        "average_precision": float(average_precision_score(label, prediction)) if mixed else float("nan"),
        "accuracy": float(np.mean((prediction >= 0.5) == (label > 0.5))),
        "log_loss": float(log_loss(label, safe, labels=[0.0, 1.0])),
    }


def _regression(label: AnyArray, prediction: AnyArray) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    return {
        "mae": float(mean_absolute_error(label, prediction)),
        "rmse": float(root_mean_squared_error(label, prediction)),
        "r2": float(r2_score(label, prediction)) if len(label) > 1 else float("nan"),
    }
