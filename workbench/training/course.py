"""Course: where a training stands, all that is needed to go on as if it had never stopped.

Every random choice is a function of the key, the epoch and the step, so no random state is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from workbench.errors import TrainingError, explain
from workbench.events import EpochDone


@dataclass
class Course:
    """A training between two steps.

    Attributes
    ----------
    model, optimiser : as they are now
    epoch : int  finished epochs
    step : int  steps done of the epoch under way
    loss : float  sum over the seeds of these steps
    seeds : int  of these steps
    best : float  value of the best epoch; NaN before there is one
    best_epoch : int  counting from 1; 0: none
    best_weights : dict of Tensor  of that epoch; before the first one the initial ones
    history : list of EpochDone
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    seeds: int = 0
    best: float = float("nan")
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    history: list[EpochDone] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.best_weights:
            self.best_weights = copy_of(self.model)

    def took(self, loss: float, seeds: int) -> None:
        """A step was done."""
        self.step, self.loss, self.seeds = self.step + 1, self.loss + loss * seeds, self.seeds + seeds

    def finished(self, done: EpochDone) -> None:
        """An epoch was done and judged."""
        self.history.append(done)
        self.epoch, self.step, self.loss, self.seeds = self.epoch + 1, 0, 0.0, 0
        if done.best:
            self.best, self.best_epoch, self.best_weights = done.value, done.epoch, copy_of(self.model)

    def numbers(self) -> dict[str, Any]:
        """All but the tensors, as plain JSON values."""
        names = ("epoch", "step", "loss", "seeds", "best", "best_epoch")
        return {
            **{name: getattr(self, name) for name in names},
            "history": [asdict(event) for event in self.history],
        }

    def tensors(self) -> dict[str, Tensor]:
        """Weights, the best ones and the optimiser's state, by one name each."""
        found = {f"model/{name}": value for name, value in self.model.state_dict().items()}
        found |= {f"best/{name}": value for name, value in self.best_weights.items()}
        for place, state in self.optimiser.state_dict()["state"].items():
            found |= {f"optimiser/{place}/{name}": value for name, value in state.items()}
        return found

    def restore(self, numbers: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Become what :meth:`numbers` and :meth:`tensors` wrote down; the model has its weights already.

        Raises
        ------
        TrainingError
            If they are of another model or optimiser.
        """
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in part(tensors, "optimiser").items():
            place, _, key = name.partition("/")
            state.setdefault(int(place), {})[key] = value
        try:
            groups = self.optimiser.state_dict()["param_groups"]
            self.optimiser.load_state_dict({"state": state, "param_groups": groups})
            for name, value in numbers.items():
                setattr(self, name, value)
            self.history = history_of(numbers)
        except (KeyError, TypeError, ValueError) as error:
            do = "Train again"
            raise TrainingError(
                explain("a training was to go on", f"what was kept of it does not fit ({error})", do=do)
            ) from error
        device = next(self.model.parameters()).device
        self.best_weights = {name: value.to(device) for name, value in part(tensors, "best").items()}


def history_of(numbers: Mapping[str, Any]) -> list[EpochDone]:
    """The epochs that were done, of what :meth:`Course.numbers` wrote down."""
    return [EpochDone(**event) for event in numbers["history"]]


def part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Tensors of one part of a course, ``model``, ``best`` or ``optimiser``, by their own names."""
    start = f"{name}/"
    return {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}


def copy_of(model: nn.Module) -> dict[str, Tensor]:
    """The weights of a model as they are now."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
