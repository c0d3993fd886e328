"""What a run is trained for and measured by: task types, losses and metrics."""

from __future__ import annotations

TASK_TYPES: tuple[str, ...] = ("binary", "regression", "multiclass", "multilabel", "forecast", "ranking")
"""What a seed's label is: 0 or 1; a number; one of some classes; 0 or 1 per class; a number per step; a
list of rows of another table."""

LOSSES: dict[str, tuple[str, ...]] = {
    "bce": ("binary", "multilabel"),
    "focal": ("binary", "multiclass", "multilabel"),
    "cross_entropy": ("multiclass",),
    "l1": ("regression", "forecast"),
    "mse": ("regression", "forecast"),
    "huber": ("regression", "forecast"),
    "quantile": ("regression", "forecast"),
    "softmax": ("ranking",),
}
"""Loss -> the task types that it trains."""

METRICS: dict[str, tuple[tuple[str, ...], bool]] = {
    "auroc": (("binary", "multilabel"), True),
    "average_precision": (("binary", "multilabel"), True),
    "accuracy": (("binary", "multiclass", "multilabel"), True),
    "macro_f1": (("multiclass", "multilabel"), True),
    "log_loss": (("binary", "multiclass", "multilabel"), False),
    "mae": (("regression", "forecast"), False),
    "rmse": (("regression", "forecast"), False),
    "r2": (("regression", "forecast"), True),
    "map": (("ranking",), True),
    "ndcg": (("ranking",), True),
    "recall": (("ranking",), True),
    "precision": (("ranking",), True),
    "hit_rate": (("ranking",), True),
}
"""Metric -> (task types, whether higher is better)."""

BETWEEN_CLASSES: tuple[str, ...] = ("auroc", "average_precision")
"""Metrics that say how well classes are told apart: seeds of one class have no value."""

USUAL: dict[str, tuple[str, str]] = {
    "binary": ("bce", "auroc"),
    "regression": ("l1", "mae"),
    "multiclass": ("cross_entropy", "accuracy"),
    "multilabel": ("bce", "average_precision"),
    "forecast": ("l1", "mae"),
    "ranking": ("softmax", "map"),
}
"""Task type -> the loss and the metric that it gets where nobody chose."""


def metrics_of(task_type: str) -> list[str]:
    """Every metric of a task type."""
    return [name for name, (kinds, _) in METRICS.items() if task_type in kinds]
