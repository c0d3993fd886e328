"""RunRecord: what a run has told so far, small enough to send at any time. Plain values, no widget."""

from __future__ import annotations

from dataclasses import dataclass, field

import workbench as wb


class Curve:
    """Points of a long series in bounded memory: when full, neighbours are averaged in pairs.

    Parameters
    ----------
    capacity : int  most points kept; an even number
    """

    def __init__(self, capacity: int = 400) -> None:
        self.capacity, self.stride = capacity, 1
        self.x: list[float] = []
        self.y: list[float] = []
        self._pending: list[tuple[float, float]] = []

    def add(self, x: float, y: float) -> None:
        """Take one more point."""
        self._pending.append((x, y))
        if len(self._pending) < self.stride:
            return
        self.x.append(sum(p[0] for p in self._pending) / self.stride)
        self.y.append(sum(p[1] for p in self._pending) / self.stride)
        self._pending.clear()
        if len(self.x) == self.capacity:
            self.x, self.y = _halved(self.x), _halved(self.y)
            self.stride *= 2


def _halved(values: list[float]) -> list[float]:
    return [(a + b) / 2 for a, b in zip(values[::2], values[1::2], strict=True)]


@dataclass
class RunRecord:
    """The state of a run as its events tell it.

    Attributes
    ----------
    state : ``waiting``, ``running``, ``cancelling``, or how it ended
    loss : Curve  training loss by step
    train, metric : Curve  training loss and validation metric by epoch
    stages : dict stage -> seconds in total
    steps, seeds : int  taken and seen since the start, over all epochs
    done, total, unit, remaining : progress of the present stage
    """

    state: str = "waiting"
    message: str = ""
    metric_name: str = "metric"
    best: float | None = None
    best_epoch: int = 0
    epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    steps: int = 0
    seeds: int = 0
    stage: str = ""
    done: int = 0
    total: int | None = None
    unit: str = ""
    remaining: float | None = None
    stages: dict[str, float] = field(default_factory=dict)
    loss: Curve = field(default_factory=Curve)
    train: Curve = field(default_factory=Curve)
    metric: Curve = field(default_factory=Curve)

    @property
    def fraction(self) -> float | None:
        """Share of the work that is done: of the epochs once their number is known, else of the stage."""
        if not self.total:
            return None
        part = self.done / self.total
        return (self.epoch - 1 + part) / self.epochs if self.epochs and self.unit == "steps" else part

    @property
    def ended(self) -> bool:
        """True once the run said how it ended."""
        return self.state not in ("waiting", "running", "cancelling")

    def add(self, event: wb.Event) -> None:
        """Take one event; kinds that a run does not send are ignored."""
        self.seconds = max(self.seconds, event.seconds)
        if isinstance(event, wb.RunDone):
            self.state, self.message = event.state, event.message
            return
        self.state = "running" if self.state == "waiting" else self.state
        if isinstance(event, wb.Progress):
            self.stage, self.done, self.total = event.stage, event.done, event.total
            self.unit, self.remaining = event.unit, event.remaining
        elif isinstance(event, wb.StageTimes):
            for stage, seconds in event.stages.items():
                self.stages[stage] = self.stages.get(stage, 0.0) + seconds
        elif isinstance(event, wb.StepDone):
            self._step(event)
        elif isinstance(event, wb.EpochDone):
            self._epoch(event)

    def _step(self, event: wb.StepDone) -> None:
        self.epoch, self.done, self.total, self.unit = event.epoch, event.step, event.steps, "steps"
        self.stage = f"epoch {event.epoch}" + (f" of {self.epochs}" if self.epochs else "")
        self.seeds += event.seeds
        self.steps += 1
        self.loss.add(self.steps, event.loss)

    def _epoch(self, event: wb.EpochDone) -> None:
        self.epoch, self.epochs, self.metric_name = event.epoch, event.epochs, event.metric
        self.train.add(event.epoch, event.train_loss)
        self.metric.add(event.epoch, event.value)
        if event.best:
            self.best, self.best_epoch = event.value, event.epoch
