"""Underway: a training in a background thread, from its first step to how it ended."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any, Self

from torch import nn

from workbench.errors import RunCancelled, TrainingError, WorkbenchError, explain
from workbench.events import Callback, EpochDone, Event, RunDone, emit
from workbench.models.statistics import Statistics
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.training.answering import Answering, task_of
from workbench.training.build import check_callbacks
from workbench.training.checkpoint import (
    Checkpoint,
    drop_course,
    has_weights,
    load_course,
    save_course,
    save_weights,
)
from workbench.training.course import history_of
from workbench.training.devices import loader_core, pick_device
from workbench.training.learned import learned_from
from workbench.training.loaders import predict_loader, train_loader
from workbench.training.online import Terms
from workbench.training.parts import Parts
from workbench.training.past_labels import PastLabels
from workbench.training.printing import PrintProgress
from workbench.training.run_folder import TEMPORARY, write_identity, write_run
from workbench.training.target import Target
from workbench.training.trainer import Fit, Trainer

ENDED = ("finished", "stopped early")
"""States of a training that came to its end; any other can go on."""


class Underway:
    """The training part of :class:`~workbench.training.run.Run`, which has its attributes.

    It waits, is cancelled, goes on, and writes how it ended.
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
        self.terms = Terms.of(task)
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
        self._answering: Answering | None = None
        self._course: Checkpoint | None = None

    def begin(self, train: SeedTable, val: SeedTable | None) -> Self:
        """Write what the run is made of, then train in a background thread; without val to the last epoch."""
        self._introduce(self._callbacks)  # first: one that refuses leaves the folder empty, to be used again
        write_identity(self)
        return self._go(train, val)

    def resume(self, callbacks: Sequence[Callback] | None = None) -> Self:
        """Go on with a training that was cancelled, killed or failed, in the background.

        It goes on after its last step that was kept (that of a cancel; of a kill at most a minute before),
        and on the CPU becomes what it would have been: its weights are the same bits.

        Parameters
        ----------
        callbacks : as of ``engine.train``

        Raises
        ------
        TrainingError
            If the training came to its end, is under way, or its task cannot be rebuilt; if a callback
            listens to another run.
        """
        if self.state in (*ENDED, "running"):
            got, do = f"the run is {self.state}", "Train again, with other epochs or patience"
            raise TrainingError(explain("a run was to go on", got, "cancelled, killed or failed", do))
        if self._thread is not None and self._thread is not threading.current_thread():
            self._ended.wait()  # it may still have to write, and to tell, that it ended
        train, val = learned_from(self.parts.graph, self.plan, self._task())
        self._course = load_course(self.folder)
        told: list[Callback] = [PrintProgress()] if callbacks is None else check_callbacks(callbacks)
        self.history = [] if self._course is None else history_of(self._course.numbers)
        self._stop = Flag()
        self._introduce(told)  # one that refuses leaves the run as it ended
        self._callbacks = told
        self.state, self.error, self._answering, self._ended = "running", None, None, Flag()
        return self._go(train, val)

    @property
    def name(self) -> str:
        """Its folder's name; empty where it lies in a temporary one, which says nothing."""
        return "" if self.folder.name.startswith(TEMPORARY) else self.folder.name

    @property
    def under_way(self) -> bool:
        """Whether it trains, or still tells how it ended."""
        return self._thread is not None and not self._ended.is_set()

    def _introduce(self, callbacks: Sequence[Callback]) -> None:
        """Hand the run to those who want it; they may refuse."""
        for callback in callbacks:
            attach = getattr(callback, "attach", None)
            if attach is not None:
                attach(self)

    def _go(self, train: SeedTable, val: SeedTable | None) -> Self:
        self._thread = threading.Thread(
            target=self._train, args=(train, val), name="workbench-run", daemon=True
        )
        self._thread.start()
        return self

    def wait(self, timeout: float | None = None) -> Self:
        """Wait for the end; a keyboard interrupt cancels the run.

        Raises
        ------
        TrainingError
            If the run failed; ``__cause__`` is why.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        # Not Thread.join: an interrupted join may take the thread for ended while it still runs.
        while self.under_way:
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
            there = bool(best) and has_weights(self.folder)  # the folder may have been removed meanwhile
            kept = f" Epoch {best[-1]}, its best, is kept: load_run(run.folder)." if there else ""
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

    @property
    def callbacks(self) -> tuple[Callback, ...]:
        """Who listens: what ``engine.train`` or :meth:`resume` was given."""
        return tuple(self._callbacks)

    def _train(self, train: SeedTable, val: SeedTable | None) -> None:
        began, state, message = time.perf_counter(), "failed", ""
        ended = self._ended  # a callback that hears of the end may resume: that is another flag
        try:
            with loader_core(self.device):
                state = "stopped early" if self._fit(train, val).stopped_early else "finished"
        except RunCancelled:
            state = "cancelled"
        except BaseException as error:
            self.error, message = error, f"{type(error).__name__}: {error}"
        finally:
            self.state = state
            self._finish(RunDone(time.perf_counter() - began, state, message), ended)

    def _finish(self, done: RunDone, ended: Flag) -> None:
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
            ended.set()

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

    def _task(self) -> Any:
        return task_of(self.task, "the task of a run")

    def _flush(self) -> None:
        for callback in self._callbacks:
            if isinstance(callback, PrintProgress):
                callback.flush()
