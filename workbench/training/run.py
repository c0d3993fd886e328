"""Run: a training in the background, and what comes of it: metrics, predictions, a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from workbench.errors import TrainingError, expect_path
from workbench.models.transform import Encoders
from workbench.query.seed_table import SeedTable
from workbench.temporal import Instant
from workbench.training.answering import Answering, Entities, known
from workbench.training.checkpoint import (
    load_weights,
)
from workbench.training.devices import loader_core
from workbench.training.explain import explain_run
from workbench.training.explanation import Explanation
from workbench.training.importance import Importance, measure
from workbench.training.inference import Inference
from workbench.training.loaders import seen
from workbench.training.metrics import known_labels, score
from workbench.training.predict import Embeddings, Predictions
from workbench.training.records import record_scores
from workbench.training.run_folder import copy_folder, run_identity
from workbench.training.step import unshaped
from workbench.training.underway import Underway
from workbench.types import AnyArray

if TYPE_CHECKING:
    from workbench.training.evaluation import Evaluation


class Run(Underway):
    """One training of one plan; made by ``start`` or ``load_run`` of :mod:`workbench.training.begin`.

    Asking for results (``wait``, ``metrics``, ``predict``, ``save``) waits for the training to end.

    Attributes
    ----------
    plan : ModelPlan
    key : int
    folder : Path  where the run is kept
    state : str  ``running``, ``finished``, ``stopped early``, ``cancelled`` or ``failed``
    history : list of EpochDone
    error : BaseException or None  what ended a failed run
    callback_error : BaseException or None  of a callback that broke at the end; the run is as good as ever
    target : Target  what the labels are, and what the model's outputs mean
    past : PastLabels or None  what seeds are told of earlier labels, where the plan asks for it
    """

    def metrics(self, split: str | SeedTable = "test") -> dict[str, float]:
        """Every metric of the task type on a split of the task, or on a labelled seed table.

        Where features are frozen, seeds whose own row came later are left out, with a warning.

        Raises
        ------
        TrainingError
            If the run has no weights, or the seeds no labels.
        """
        asked = known(self._task().seeds(split) if isinstance(split, str) else split, self.seed_type)
        seeds = seen(self.parts.graph, self.plan, asked)
        label = known_labels(seeds)
        found = score(self.target.task_type, label, self.target.point(self.predict(seeds).values))
        if isinstance(split, str) and os.access(self.folder, os.W_OK):
            record_scores(self.folder, split, found)
        return found

    @property
    def encoders(self) -> Encoders:
        """What columns were encoded with, fitted up to the last train anchor: ``transform``, ``inverse``."""
        return Encoders.of(self.parts.dataset, self.statistics)

    def predict(
        self,
        seeds: SeedTable | None = None,
        *,
        at: Instant | None = None,
        entities: Entities | None = None,
        rows: Any = None,
        texts: Mapping[str, Any] | None = None,
    ) -> Predictions:
        """Predict for seeds, in their order; the same for a whole split and for one entity online.

        Parameters
        ----------
        seeds : SeedTable  as ``task.seeds("test")`` gives them; or instead of it, for an online call:
        at : instant  to predict as of then; None for a static task
        entities : their keys, in the order wanted; None: those of ``task.seeds(at=at)``
        rows : dict table -> rows that only this call knows, new entities among them
            They are read and linked as an append would, and seen as if they had been appended; nothing
            is stored. Those later than ``at`` are not seen.
        texts : ``'table.column'`` -> the encoder that the ingest got; only where rows have such texts

        Raises
        ------
        TrainingError
            If the run ended before its first epoch was finished, if the seeds are of another table than
            those it was trained on, or if the row of one is newer than all that it may see.
        TaskError, AnchorError
            If ``at`` is no instant, a key is unknown, or an entity does not exist then.
        IngestError, SchemaError
            If rows cannot be appended, or are earlier than the last stored ones of their table.
        """
        return self._ready().predict(seeds, at, entities, rows, texts)

    def embed(
        self,
        seeds: SeedTable | None = None,
        *,
        at: Instant | None = None,
        entities: Entities | None = None,
    ) -> Embeddings:
        """What the model's head reads of each seed, float32[n, width]; parameters as of :meth:`predict`.

        Of the built-in model these are ``channels`` numbers each of the seed's own row, of its neighbourhood,
        and of its past labels where the plan reads them. A module of yours needs a method ``embed(data)``.

        Raises
        ------
        TrainingError, TaskError, AnchorError
            As :meth:`predict`; also if a module of yours has no such method.
        """
        return self._ready().embed(seeds, at, entities)

    def explain(self, seeds: SeedTable, **options: Any) -> Explanation:
        """Which columns, neighbours and hops moved the predictions for a few seeds.

        Options are those of :func:`~workbench.training.explain.explain_run`: ``output=``, ``background=``.
        """
        self._ready()
        with self._lock, loader_core(self.device):
            return explain_run(self, known(seeds, self.seed_type), **options)

    def importance(self, split: str | SeedTable = "val", **options: Any) -> Importance:
        """What the plan's metric loses without each column, hop and edge type; options as of ``measure``."""
        asked = self._task().seeds(split) if isinstance(split, str) else split
        self._ready()
        with self._lock, loader_core(self.device):
            return measure(self, known(asked, self.seed_type), **options)

    def trained(self) -> nn.Module:
        """The model with its best weights, once the training has ended.

        Raises
        ------
        TrainingError
            If no epoch was finished.
        """
        self._ready()
        return self.model

    def save(self, folder: str | Path, *, replace: bool = False) -> Path:
        """Copy the run to a folder, complete or not at all.

        Parameters
        ----------
        folder : path
        replace : whether a run that lies there already makes room, as where a notebook is run once more

        Raises
        ------
        TrainingError
            If the folder exists and is not to be replaced, or holds something else; if the disk refuses.
        """
        self._ready()
        target = expect_path(folder, TrainingError, "a folder for a run")
        copy_folder(self.folder, target, replace=replace)
        return target

    def evaluate(self, splits: Any = "test", **options: Any) -> Evaluation:
        """How good it is beside its baselines: as a whole, over time, by segment, and how well calibrated.

        Parameters
        ----------
        splits, options : see :func:`~workbench.training.evaluate.evaluate`: ``period=``, ``segments=``, ...
        """
        from workbench.training.evaluate import Evaluated, evaluate

        def values(_: str, seeds: SeedTable) -> AnyArray:
            return self.predict(seeds).values

        what = Evaluated(self.parts, self.task, self.plan, self.target, values)
        return evaluate(what, splits, **options)

    def refit(self, **options: Any) -> Run:
        """Train once more on train and val together, as many steps as the best epoch had: a new run.

        Parameters
        ----------
        options : ``callbacks``, ``device`` and ``folder``, as of ``engine.train``; ``key``, with None this
            run's; ``model``, a fresh one where it was your own
        """
        from workbench.training.refit import refit

        return refit(self, **options)

    def describe(self) -> str:
        """One line: what is trained, on what, where."""
        lazy = set(unshaped(self.model))
        weights = sum(p.numel() for name, p in self.model.named_parameters() if name not in lazy)
        note = ", more once a batch is seen" if lazy else ""
        name = type(self.model).__name__
        return f"{name} ({weights:,} weights{note}) on {self.device}, key {self.key}, {self.folder}"

    def __repr__(self) -> str:
        best = [event for event in self.history if event.best]
        score = f", best {best[-1].metric} {best[-1].value:.4f} (epoch {best[-1].epoch})" if best else ""
        return f"Run({self.state} after {len(self.history)} epochs{score}; {self.folder})"

    def _ready(self) -> Answering:
        """Wait, then see to it that the model holds the best weights."""
        self.wait()
        with self._lock:
            if self._answering is None:
                load_weights(self.folder, self.model)
                made = (self.parts, self.plan, self.model, self.target, self.key, self.device)
                asked = Inference(*made, self.seed_type, self.builtin, self.past)
                self._answering = Answering(asked, self.task, self._identity, self.terms)
            return self._answering

    def _identity(self) -> str:
        return run_identity(self.folder, self.parts)
