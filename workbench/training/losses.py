"""Losses, one number per label: what a target adds up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every torch user reads
from torch import Tensor


class Settings(Protocol):
    """What losses read of a target."""

    @property
    def task_type(self) -> str:
        """What the labels are."""
        ...

    @property
    def gamma(self) -> float:
        """Of the focal loss."""
        ...

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Levels of the quantile loss."""
        ...


def _bce(_: Settings, raw: Tensor, wanted: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(raw, wanted, reduction="none")


def _cross_entropy(_: Settings, raw: Tensor, wanted: Tensor) -> Tensor:
    return F.cross_entropy(raw, wanted, reduction="none")


def _focal(settings: Settings, raw: Tensor, wanted: Tensor) -> Tensor:
    """``(1 - p)^gamma * -log p`` of the probability p that was given to what was wanted."""
    plain = _cross_entropy if settings.task_type == "multiclass" else _bce
    cost = plain(settings, raw, wanted)
    # The slope of x^gamma at 0 is infinite for gamma below 1, and NaN where it meets a slope of 0.
    wrong = (1.0 - torch.exp(-cost)).clamp(min=1e-7)
    return wrong**settings.gamma * cost


def _l1(_: Settings, raw: Tensor, wanted: Tensor) -> Tensor:
    return (raw - wanted).abs()


def _mse(_: Settings, raw: Tensor, wanted: Tensor) -> Tensor:
    return (raw - wanted) ** 2


def _huber(_: Settings, raw: Tensor, wanted: Tensor) -> Tensor:
    return F.huber_loss(raw, wanted, reduction="none")


def _quantile(settings: Settings, raw: Tensor, wanted: Tensor) -> Tensor:
    """The pinball loss, mean over the levels; outputs have an axis more than labels."""
    levels = raw.new_tensor(settings.quantiles)
    missing = wanted[..., None] - raw
    return torch.maximum(levels * missing, (levels - 1.0) * missing).mean(dim=-1)


def _softmax(_: Settings, raw: Tensor, wanted: Tensor) -> Tensor:
    """Per seed: how unlikely the rows of its list are, of all rows, one drawn; -1 ends a list."""
    listed = wanted >= 0
    told = raw.log_softmax(dim=1).gather(1, wanted.clamp(min=0))
    return -torch.where(listed, told, 0.0).sum(dim=1) / listed.sum(dim=1).clamp(min=1)


LOSS: dict[str, Callable[[Settings, Tensor, Tensor], Tensor]] = {
    "bce": _bce,
    "focal": _focal,
    "cross_entropy": _cross_entropy,
    "l1": _l1,
    "mse": _mse,
    "huber": _huber,
    "quantile": _quantile,
    "softmax": _softmax,
}
"""Loss of a plan -> float32 per label, from outputs (logits, scores or standardised values) and labels."""
