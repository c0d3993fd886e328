"""Run: a training in the background, and what comes of it: metrics, predictions, a folder."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from torch import nn

from workbench.errors import RunCancelled, TrainingError, WorkbenchError, expect, expect_path, explain
from workbench.events import Callback, EpochDone, Event, RunDone, emit
from workbench.models.statistics import Statistics
from workbench.models.transform import Encoders
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.stores.key_map import KeyMap
from workbench.training.build import check_callbacks
from workbench.training.checkpoint import (
    Checkpoint,
    drop_course,
    load_course,
    load_weights,
    save_course,
    save_weights,
)
from workbench.training.course import history_of
from workbench.training.devices import loader_core, pick_device
from workbench.training.learned import learned_from
from workbench.training.loaders import check_seen, predict_loader, seen, train_loader
from workbench.training.metrics import known_labels, score
from workbench.training.parts import Parts
from workbench.training.past_labels import PastLabels
from workbench.training.predict import Predictions
from workbench.training.printing import PrintProgress
from workbench.training.records import record_scores
from workbench.training.run_folder import copy_folder, write_identity, write_run
from workbench.training.step import unshaped
from workbench.training.target import Target
from workbench.training.trainer import Fit, Trainer
from workbench.types import AnyArray, Int64Array

if TYPE_CHECKING:
    from workbench.training.evaluation import Evaluation

ENDED = ("finished", "stopped early")
"""States of a training that came to its end; any other can go on."""


class Run:
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

    def __init__(
        self,
        parts: Parts,
        task: Any,
        plan: ModelPlan,
        model: nn.Module,
        statistics: Statistics,
        target: Target,
        *,
        folder: Path,
        seed_type: str,
        key: int = 0,
        device: str = "auto",
        builtin: bool = True,
        callbacks: Sequence[Callback] = (),
        past: PastLabels | None = None,
    ) -> None:
        self.parts, self.task, self.plan, self.key, self.folder = parts, task, plan, key, folder
        self.model, self.statistics, self.target, self.past = model, statistics, target, past
        self.device = pick_device(device)
        self.seed_type, self.builtin = seed_type, builtin
        self.state = "running"
        self.error: BaseException | None = None
        self.callback_error: BaseException | None = None
        self._warned = False
        self.history: list[EpochDone] = []
        self._callbacks = list(callbacks)
        self._stop, self._ended = Flag(), Flag()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loaded = False
        self._course: Checkpoint | None = None

    def begin(self, train: SeedTable, val: SeedTable | None) -> Run:
        """Write what the run is made of, then train in a background thread; without val to the last epoch."""
        write_identity(self)
        return self._go(train, val)

    def resume(self, callbacks: Sequence[Callback] | None = None) -> Run:
        """Go on with a training that was cancelled, killed or failed, in the background.

        It goes on after its last step that was kept (that of a cancel; of a kill at most a minute before),
        and on the CPU becomes what it would have been: its weights are the same bits.

        Parameters
        ----------
        callbacks : as of ``engine.train``

        Raises
        ------
        TrainingError
            If the training came to its end, is under way, or its task cannot be rebuilt.
        """
        if self.state in (*ENDED, "running"):
            got, do = f"the run is {self.state}", "Train again, with other epochs or patience"
            raise TrainingError(explain("a run was to go on", got, "cancelled, killed or failed", do))
        train, val = learned_from(self.parts.graph, self.plan, self._task())
        self._course = load_course(self.folder)
        self._callbacks = [PrintProgress()] if callbacks is None else check_callbacks(callbacks)
        self.state, self.error, self._loaded = "running", None, False
        self._stop, self._ended = Flag(), Flag()
        self.history = [] if self._course is None else history_of(self._course.numbers)
        return self._go(train, val)

    def _go(self, train: SeedTable, val: SeedTable | None) -> Run:
        for callback in self._callbacks:
            attach = getattr(callback, "attach", None)
            if attach is not None:
                attach(self)
        self._thread = threading.Thread(
            target=self._train, args=(train, val), name="workbench-run", daemon=True
        )
        self._thread.start()
        return self

    def wait(self, timeout: float | None = None) -> Run:
        """Wait for the end; a keyboard interrupt cancels the run.

        Raises
        ------
        TrainingError
            If the run failed; ``__cause__`` is why.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        # Not Thread.join: an interrupted join may take the thread for ended while it still runs.
        while self._thread is not None and not self._ended.is_set():
            try:
                self._ended.wait(0.1)
                self._flush()
            except KeyboardInterrupt:
                self.cancel()
            if deadline is not None and time.monotonic() > deadline:
                return self
        self._flush()
        if self.error is not None:
            best = [event.epoch for event in self.history if event.best]
            kept = f" Epoch {best[-1]}, its best, is kept: load_run(run.folder)." if best else ""
            ours = isinstance(self.error, WorkbenchError)
            why = str(self.error) if ours else f"{type(self.error).__name__}: {self.error}"
            raise TrainingError(f"the run failed: {why}{kept}") from self.error
        if self.callback_error is not None and not self._warned:
            self._warned = True
            got = f"a callback raised {type(self.callback_error).__name__}: {self.callback_error}"
            do = "The run is complete; run.callback_error is what the callback raised"
            warnings.warn(explain(f"the end of a run ({self.state})", got, do=do), stacklevel=2)
        return self

    def cancel(self) -> None:
        """Ask the training to stop within a step; the best epoch so far stays usable."""
        self._stop.set()

    def metrics(self, split: str | SeedTable = "test") -> dict[str, float]:
        """Every metric of the task type on a split of the task, or on a labelled seed table.

        Where features are frozen, seeds whose own row came later are left out, with a warning.

        Raises
        ------
        TrainingError
            If the run has no weights, or the seeds no labels.
        """
        asked = self._known(self._task().seeds(split) if isinstance(split, str) else split)
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

    def predict(self, seeds: SeedTable) -> Predictions:
        """Predict for seeds, in their order; the same for a whole split and for one entity online.

        Raises
        ------
        TrainingError
            If the run ended before its first epoch was finished, if the seeds are of another table than
            those it was trained on, or if the row of one is newer than all that it may see.
        """
        self._known(seeds)
        self._ready()
        check_seen(self.parts.graph, self.plan, seeds)
        return Predictions(seeds, self._values, self.target, self._keys)

    def trained(self) -> nn.Module:
        """The model with its best weights, once the training has ended.

        Raises
        ------
        TrainingError
            If no epoch was finished.
        """
        self._ready()
        return self.model

    def save(self, folder: str | Path) -> Path:
        """Copy the run to a folder that does not exist yet, complete or not at all.

        Raises
        ------
        TrainingError
            If the folder exists, or the disk refuses.
        """
        self._ready()
        target = expect_path(folder, TrainingError, "a folder for a run")
        copy_folder(self.folder, target)
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

    def _train(self, train: SeedTable, val: SeedTable | None) -> None:
        began, state, message = time.perf_counter(), "failed", ""
        try:
            with loader_core(self.device):
                state = "stopped early" if self._fit(train, val).stopped_early else "finished"
        except RunCancelled:
            state = "cancelled"
        except BaseException as error:
            self.error, message = error, f"{type(error).__name__}: {error}"
        finally:
            self.state = state
            self._finish(RunDone(time.perf_counter() - began, state, message))

    def _finish(self, done: RunDone) -> None:
        """Write how the run ended, then tell every callback, also where an earlier one breaks."""
        try:
            write_run(self)
            if self.state in ENDED:
                drop_course(self.folder)
        except Exception as error:
            self.error, self.state = self.error or error, "failed"
            done = RunDone(done.seconds, "failed", done.message or f"{type(error).__name__}: {error}")
        try:
            for callback in self._callbacks:
                try:
                    emit([callback], done)
                except Exception as error:
                    self.callback_error = self.callback_error or error
        finally:
            self._ended.set()

    def _fit(self, train: SeedTable, val: SeedTable | None) -> Fit:
        expand = not self.builtin
        trainer = self._trainer([self._record, *self._callbacks])
        batches = train_loader(
            self.parts,
            self.plan,
            train,
            self.key,
            expand=expand,
            callbacks=self._callbacks,
            device=self.device,
            past=self.past,
        )
        checks = None
        if val is not None:
            checks = predict_loader(
                self.parts, self.plan, val, self.key, expand=expand, device=self.device, past=self.past
            )
        return trainer.fit(batches, checks, self.model, self._course)

    def _trainer(self, callbacks: Sequence[Callback] = ()) -> Trainer:
        return Trainer(
            self.plan,
            key=self.key,
            device=str(self.device),
            callbacks=callbacks,
            target=self.target,
            on_best=lambda _: save_weights(self.folder, self.model.state_dict()),
            keep=lambda course: save_course(self.folder, course),
            stop=self._stop,
        )

    def _record(self, event: Event) -> None:
        if isinstance(event, EpochDone):
            self.history.append(event)
            write_run(self)

    def _values(self, seeds: SeedTable) -> AnyArray:
        expand = not self.builtin
        loader = predict_loader(
            self.parts, self.plan, seeds, self.key, expand=expand, device=self.device, past=self.past
        )
        trainer = Trainer(self.plan, device=str(self.device), target=self.target)
        found = self.target.blank(len(seeds))
        with self._lock, loader_core(self.device):
            for data, values in trainer.predict(self.model, loader):
                found[data[self.seed_type].input_id.cpu().numpy()] = values
        return found

    def _keys(self, rows: Int64Array) -> pa.Array:
        return KeyMap.open(self.parts.dataset, self.target.table).keys_of(rows)

    def _ready(self) -> None:
        """Wait, then see to it that the model holds the best weights."""
        self.wait()
        if not self._loaded:
            load_weights(self.folder, self.model)
            self._loaded = True

    def _task(self) -> Any:
        if self.task is None:
            got, do = "the run was loaded without it", "Pass it: load_run(folder, engine, task=task)"
            raise TrainingError(explain("the task of a run was asked for", got, do=do))
        return self.task

    def _known(self, seeds: SeedTable) -> SeedTable:
        expect(seeds, SeedTable, TrainingError, "what a run says of seeds", "Take task.seeds('test')")
        if seeds.node_type != self.seed_type:
            raise TrainingError(
                explain(
                    f"predictions for {seeds!r} were asked for",
                    f"the run was trained for rows of {self.seed_type!r}",
                    f"seeds of {self.seed_type!r}, as task.seeds(...) of its task gives them",
                )
            )
        return seeds

    def _flush(self) -> None:
        for callback in self._callbacks:
            if isinstance(callback, PrintProgress):
                callback.flush()
