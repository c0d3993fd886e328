"""Inference: a trained model over open stores, what it says of any seeds, many or one.

Batches are made as training's validation batches are, by the same sampler settings. A request that is one
batch is answered in the thread that asks, as an online call is: threads of a loader take longer to start
than such a batch takes to make.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.errors import TrainingError, explain
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.training.devices import loader_core
from workbench.training.loaders import check_seen, frozen, predict_loader, predict_sampler
from workbench.training.parts import Parts
from workbench.training.past_labels import PastLabels
from workbench.training.step import mixed_precision, predicted, seed_type_of
from workbench.training.target import Target
from workbench.types import AnyArray


class Inference:
    """A model that is on its device and no longer learns. The built-in one is safe between threads.

    Parameters
    ----------
    parts : Parts  the open stores
    model : nn.Module  with the weights that are to be asked
    key : int  of the run: it fixes every draw
    seed_type : str  table of the seeds
    builtin : bool  False for a module of the user's, of which one thread at a time is let in
    past : PastLabels or None  what seeds are told of earlier labels, where the plan asks for it
    """

    def __init__(
        self,
        parts: Parts,
        plan: ModelPlan,
        model: nn.Module,
        target: Target,
        key: int,
        device: torch.device,
        seed_type: str,
        builtin: bool = True,
        past: PastLabels | None = None,
    ) -> None:
        self.parts, self.plan, self.target = parts, plan, target
        self.key, self.device, self.builtin, self.seed_type = key, device, builtin, seed_type
        self.past = past
        self.model = model.to(device).eval()
        self._turn: Any = nullcontext() if builtin else threading.Lock()

    def over(self, parts: Parts) -> Inference:
        """The same model over other stores, such as those with rows that only this call knows."""
        other = object.__new__(Inference)
        kept = {name: value for name, value in self.__dict__.items() if name != "_sampler"}
        other.__dict__.update(kept, parts=parts)
        return other

    @cached_property
    def _sampler(self) -> NeighborSampler:
        """Its plan is compiled once, which takes longer than a sample."""
        return predict_sampler(self.parts, self.plan, self.seed_type, self.key, expand=not self.builtin)

    def check(self, seeds: SeedTable) -> None:
        """Refuse seeds of which nothing can be said: see :func:`~workbench.training.loaders.check_seen`."""
        check_seen(self.parts.graph, self.plan, seeds)
        if self.past is not None:
            self.past.tell_age(frozen(self.plan, seeds).visible_until)

    def values(self, seeds: SeedTable) -> AnyArray:
        """float64 per seed, in their order, as :meth:`Target.predictions` says what they are."""
        found = self.target.blank(len(seeds))
        for rows, said in self._said(seeds, self._answers):
            found[rows] = said
        return found

    def vectors(self, seeds: SeedTable) -> AnyArray:
        """float32[n, width]: what the model's head reads of each seed.

        Raises
        ------
        TrainingError
            If the model has no method ``embed``.
        """
        parts = list(self._said(seeds, self._embeddings))
        width = parts[0][1].shape[1] if parts else 0
        found = np.empty((len(seeds), width), np.float32)
        for rows, vectors in parts:
            found[rows] = vectors
        return found

    def _said(self, seeds: SeedTable, ask: Callable[[Any], AnyArray]) -> Iterator[tuple[AnyArray, AnyArray]]:
        """Rows of the seed table and what the model says of them, batch by batch."""
        for batch in self._batches(seeds):
            data = batch if self.device.type == "cpu" else batch.to(self.device, non_blocking=True)
            with self._turn, torch.no_grad(), mixed_precision(self.plan, self.device):
                said = ask(data)
            yield data[seeds.node_type].input_id.cpu().numpy(), said

    def _batches(self, seeds: SeedTable) -> Iterator[Any]:
        how: dict[str, Any] = {"expand": not self.builtin, "device": self.device, "past": self.past}
        loader = predict_loader(self.parts, self.plan, seeds, self.key, sampler=self._sampler, **how)
        if len(loader) == 1:
            yield loader.batch(0)
        else:
            with loader_core(self.device):
                yield from loader

    def _answers(self, data: Any) -> AnyArray:
        return predicted(self.model, data, self.target)

    def _embeddings(self, data: Any) -> AnyArray:
        embed = getattr(self.model, "embed", None)
        if embed is None:
            name = type(self.model).__name__
            do = "Give it a method embed(data) -> float32[seeds, width]"
            raise TrainingError(explain("embeddings of seeds were asked for", f"{name} has none", do=do))
        found, count = embed(data), int(data[seed_type_of(data)].batch_size)
        if not isinstance(found, Tensor) or found.dim() != 2 or len(found) != count:
            got = f"embed gave {tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__}"
            raise TrainingError(explain(f"embeddings of {count} seeds", got, f"a tensor of ({count}, width)"))
        vectors: AnyArray = found.float().cpu().numpy()
        return vectors
