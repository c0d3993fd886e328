"""One step: what a batch holds, what a model says of it, and the optimiser."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from workbench.errors import TrainingError, explain
from workbench.models.hetero_gnn import HeteroGNN
from workbench.models.ranking import RankingGNN
from workbench.plan.model_plan import ModelPlan
from workbench.plan.optimisation import OPTIMISERS, Optimisation
from workbench.training.target import Target
from workbench.types import AnyArray

GENERATOR = threading.RLock()
"""Held by whoever reseeds torch's global generator: all threads of the process share that one."""


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


def outputs(model: nn.Module, data: Any, target: Target) -> Tensor:
    """float[seeds] or float[seeds, width]: what the model says of each seed.

    Raises
    ------
    TrainingError
        If it is not as many numbers per seed as the target has.
    """
    count = int(data[seed_type_of(data)].batch_size)
    raw = model(data)
    shape = tuple(raw.shape) if isinstance(raw, Tensor) else ()
    if target.flat and shape == (count, 1):
        raw = raw.squeeze(1)
    elif shape[:1] != (count,) or not _fits(shape, target):
        raise TrainingError(_misshapen(model, raw, count, target))
    return cast(Tensor, raw if raw.dtype.is_floating_point else raw.float())


def predicted(model: nn.Module, data: Any, target: Target) -> AnyArray:
    """float64 per seed, as :meth:`Target.predictions` says: of the built-in ranking the best rows alone.

    Raises
    ------
    TrainingError
        As :func:`outputs` does.
    """
    if isinstance(model, RankingGNN):
        found: AnyArray = model.best(data, min(target.named, target.candidates)).cpu().numpy()
        return found
    return target.predictions(outputs(model, data, target))


def _fits(shape: tuple[int, ...], target: Target) -> bool:
    if target.flat:
        return len(shape) == 1
    return len(shape) == 2 and (target.width is None or shape[1] == target.width)


def _misshapen(model: nn.Module, raw: object, count: int, target: Target) -> str:
    numbers = (
        "one number"
        if target.flat
        else "several numbers"
        if target.width is None
        else f"{target.width} numbers"
    )
    shapes = f"({count},) or ({count}, 1)" if target.flat else f"({count}, {target.width or 'any number'})"
    return explain(
        f"{type(model).__name__} was asked for {numbers} per seed of {count} seeds",
        f"got {tuple(raw.shape) if isinstance(raw, Tensor) else type(raw).__name__}",
        f"a tensor of shape {shapes}",
        "The seeds are the first data[seed_type].batch_size nodes of their type",
    )


def mixed_precision(plan: ModelPlan, device: torch.device) -> torch.autocast:
    """A context in which a model computes as precisely as its plan says."""
    mixed = plan.optimisation.precision == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=mixed)


def unshaped(model: nn.Module) -> list[str]:
    """Names of lazy parameters and buffers: no batch has told them their shapes yet."""
    every = chain(model.named_parameters(), model.named_buffers())
    return [name for name, value in every if is_lazy(value)]


def optimiser_of(model: nn.Module, settings: Optimisation) -> torch.optim.Optimizer:
    """The plan's optimiser; biases, norms and other vectors are not decayed.

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
    options = {"momentum": 0.9} if settings.optimiser == "sgd" else {}
    kind = getattr(torch.optim, OPTIMISERS[settings.optimiser])
    return cast(torch.optim.Optimizer, kind(groups, lr=settings.learning_rate, **options))


def learning_rate(settings: Optimisation, done: float) -> float:
    """The learning rate of a step, a function of how far the training is.

    Parameters
    ----------
    done : float  share of all steps that came before, in [0, 1)
    """
    if done < settings.warmup:
        return settings.learning_rate * done / settings.warmup
    fallen = (done - settings.warmup) / (1.0 - settings.warmup)
    share = {"constant": 1.0, "linear": 1.0 - fallen, "cosine": 0.5 * (1.0 + math.cos(math.pi * fallen))}
    return settings.learning_rate * share[settings.schedule]


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
