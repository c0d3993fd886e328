"""One step: labels to targets, outputs to losses and predictions, and the optimiser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every torch user reads
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from workbench.errors import TrainingError, explain
from workbench.models.hetero_gnn import HeteroGNN
from workbench.plan.model_plan import Optimisation
from workbench.types import AnyArray

GENERATOR = threading.RLock()
"""Held by whoever reseeds torch's global generator: all threads of the process share that one."""


@dataclass(frozen=True)
class Target:
    """What the model's outputs mean.

    Attributes
    ----------
    task_type : str  binary: outputs are logits. regression: outputs are ``(label - mean) / scale``
    loss_name : str
    mean, scale : float
    """

    task_type: str
    loss_name: str
    mean: float = 0.0
    scale: float = 1.0

    def loss(self, raw: Tensor, label: Tensor) -> Tensor:
        """Mean loss of float32[seeds] outputs."""
        wanted = label.to(raw.dtype)
        if self.task_type == "binary":
            return F.binary_cross_entropy_with_logits(raw, wanted)
        wanted = (wanted - self.mean) / self.scale
        if self.loss_name == "l1":
            return F.l1_loss(raw, wanted)
        return F.mse_loss(raw, wanted) if self.loss_name == "mse" else F.huber_loss(raw, wanted)

    def predictions(self, raw: Tensor) -> AnyArray:
        """float64[seeds]: probabilities, or values in the units of the label."""
        raw = raw.detach()  # a view of a parameter asks for a gradient also under no_grad
        values = raw.double().cpu() if raw.device.type != "mps" else raw.cpu().double()
        if self.task_type == "binary":
            return values.sigmoid().numpy()
        return (values * self.scale + self.mean).numpy()


def seed_type_of(data: Any) -> str:
    """The node type that carries the seeds of a batch.

    Raises
    ------
    TrainingError
        If no node type of the batch has a ``batch_size``.
    """
    for name in data.node_types:
        if "batch_size" in data[name]:
            return str(name)
    raise TrainingError(
        explain("a batch of seeds", "no node type has a batch_size", "HeteroData as PyGLoader makes it")
    )


def labels_of(data: Any) -> Tensor:
    """The labels of a batch's seeds.

    Raises
    ------
    TrainingError
        If it has none.
    """
    store = data[seed_type_of(data)]
    if "y" not in store:
        raise TrainingError(explain("labels of a batch", "it has none", do="Take task.seeds('train')"))
    return cast(Tensor, store.y)


def outputs(model: nn.Module, data: Any) -> Tensor:
    """float[seeds]: what the model says of each seed.

    Raises
    ------
    TrainingError
        If it is not one number per seed.
    """
    count = int(data[seed_type_of(data)].batch_size)
    raw = model(data)
    shape = tuple(raw.shape) if isinstance(raw, Tensor) else type(raw).__name__
    if shape == (count, 1):
        raw = raw.squeeze(1)
    elif shape != (count,):
        raise TrainingError(
            explain(
                f"{type(model).__name__} was asked for one number per seed of {count} seeds",
                f"got {shape}",
                f"a tensor of shape ({count},) or ({count}, 1)",
                "The seeds are the first data[seed_type].batch_size nodes of their type",
            )
        )
    return cast(Tensor, raw if raw.dtype.is_floating_point else raw.float())


def unshaped(model: nn.Module) -> list[str]:
    """Names of lazy parameters and buffers: no batch has told them their shapes yet."""
    every = chain(model.named_parameters(), model.named_buffers())
    return [name for name, value in every if is_lazy(value)]


def optimiser_of(model: nn.Module, settings: Optimisation) -> torch.optim.Optimizer:
    """AdamW; biases, norms and other vectors are not decayed.

    Raises
    ------
    TrainingError
        If the model has nothing to train.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise TrainingError(
            explain(f"{type(model).__name__} was to be trained", "it has no parameters that can be trained")
        )
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


@contextmanager
def seeded(model: nn.Module, key: int, device: torch.device) -> Iterator[None]:
    """Fix what a user's model draws from torch's global generators, and put those back afterwards.

    The built-in model draws from generators of its own, so it never touches global state. Modules of
    users take turns: two runs at once would otherwise draw from one another's numbers.
    """
    if isinstance(model, HeteroGNN):
        yield
        return
    devices = [device] if device.type == "cuda" else []
    with GENERATOR, torch.random.fork_rng(devices=devices):
        torch.manual_seed(key & 0x7FFFFFFFFFFFFFFF)
        yield
