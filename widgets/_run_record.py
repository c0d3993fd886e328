"""RunRecord: what a run has told so far, small enough to send at any time. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import workbench as wb
from widgets._curve import Curve
from widgets._recent import Pace, lately

OVER = ("finished", "stopped early")
"""States of a run that came to its end: nothing is left to resume."""


@dataclass
class RunRecord:
    """The state of a run as its events tell it.

    Attributes
    ----------
    state : ``waiting``, ``running``, ``cancelling``, or how it ended
    loss : Curve  training loss by step
    train, metric : Curve  training loss and validation metric by epoch
    stages, recent : dict stage -> seconds in total, and lately
    queues : dict  batches that wait now, by what they wait for
    steps, seeds : int  taken and seen since the start, over all epochs
    rate : float  recent seeds per second
    epoch, step, of_steps, epochs : int  where the run is: the step of how many, the epoch of how many at most
    stage, done, total, unit : progress of the present stage
    remaining : float or None  seconds until the last planned epoch; a run may stop earlier
    seconds : float  that the run has taken, over all times that it was resumed
    """

    state: str = "waiting"
    message: str = ""
    metric_name: str = "metric"
    best: float | None = None
    best_epoch: int = 0
    epoch: int = 0
    step: int = 0
    of_steps: int = 0
    epochs: int = 0
    seconds: float = 0.0
    steps: int = 0
    seeds: int = 0
    rate: float = 0.0
    stage: str = ""
    done: int = 0
    total: int | None = None
    unit: str = ""
    remaining: float | None = None
    stages: dict[str, float] = field(default_factory=dict)
    recent: dict[str, float] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)
    loss: Curve = field(default_factory=Curve)
    train: Curve = field(default_factory=Curve)
    metric: Curve = field(default_factory=Curve)
    _earlier: float = 0.0
    _first: tuple[float, float] | None = None
    _pace: Pace | None = None

    @classmethod
    def of(cls, history: Sequence[wb.EpochDone]) -> RunRecord:
        """The record of a run that has some epochs behind it, such as a loaded one."""
        record = cls()
        for event in history:
            record.add(event)
        record.resume()
        return record

    @property
    def fraction(self) -> float | None:
        """Share of the work that is done: of the epochs once their number is known, else of the stage."""
        if self.epochs and self.of_steps:
            return (self.epoch - 1 + self.step / self.of_steps) / self.epochs
        return self.done / self.total if self.total else None

    @property
    def ended(self) -> bool:
        """True once the run said how it ended."""
        return self.state not in ("waiting", "running", "cancelling")

    def resume(self) -> None:
        """The run goes on: its curves stay, its clock begins anew."""
        self.state, self.message, self.stage, self.remaining = "waiting", "", "", None
        self._earlier, self._first, self._pace, self.queues = self.seconds, None, None, {}

    def add(self, event: wb.Event) -> None:
        """Take one event; kinds that a run does not send are ignored."""
        self.seconds = max(self.seconds, self._earlier + event.seconds)
        if isinstance(event, wb.RunDone):
            self.state, self.message, self.queues = event.state, event.message, {}
            return
        self.state = "running" if self.state == "waiting" else self.state
        if isinstance(event, wb.Progress):
            self.stage, self.done, self.total, self.unit = event.stage, event.done, event.total, event.unit
            self.remaining = self.remaining if event.remaining is None else event.remaining
        elif isinstance(event, wb.StageTimes):
            self._spent(event)
        elif isinstance(event, wb.StepDone):
            self._step(event)
        elif isinstance(event, wb.EpochDone):
            self._epoch(event)

    def _spent(self, event: wb.StageTimes) -> None:
        for stage, seconds in event.stages.items():
            self.stages[stage] = self.stages.get(stage, 0.0) + seconds
        self.recent = lately(self.recent, event.stages)
        self.queues = event.queues or self.queues

    def _step(self, event: wb.StepDone) -> None:
        self.epoch, self.step, self.of_steps = event.epoch, event.step, event.steps
        self.epochs = event.epochs or self.epochs
        self.stage = f"epoch {event.epoch}" + (f" of {self.epochs}" if self.epochs else "")
        self.done, self.total, self.unit = event.step, event.steps, "steps"
        self.seeds += event.seeds
        self.steps += 1
        self.loss.add(self.steps, event.loss)
        self._pace = (
            Pace(event.seconds) if self._pace is None else self._pace.then(event.seconds, event.seeds)
        )
        self.rate = self._pace.rate
        self._estimate(event.seconds)

    def _estimate(self, now: float) -> None:
        """From the first step on, which ends after what is compiled and read only once."""
        part = self.fraction
        if part is None:
            return
        if self._first is None:
            self._first = (now, part)
        began, before = self._first
        if part > before:
            self.remaining = (now - began) * (1.0 - part) / (part - before)

    def _epoch(self, event: wb.EpochDone) -> None:
        self.epoch, self.epochs, self.metric_name, self.message = event.epoch, event.epochs, event.metric, ""
        self.train.add(event.epoch, event.train_loss)
        self.metric.add(event.epoch, event.value)
        if event.best:
            self.best, self.best_epoch = event.value, event.epoch
