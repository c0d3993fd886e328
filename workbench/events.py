"""Events: what a long job tells the world. Frozen dataclasses that go out to callbacks.

Nothing inside Workbench listens; tqdm, RunMonitor, TensorBoard and Prometheus are all callbacks.
A callback is any callable that takes one event; it runs in the thread of the job and must be quick.
Everything is counted from 1: ``epoch`` 1 is the first (``epoch=0`` of a loader), ``step`` and ``batch`` say
how many of the epoch are done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Event:
    """Anything that happened.

    Attributes
    ----------
    seconds : float  from the start of the job
    """

    seconds: float


@dataclass(frozen=True)
class Progress(Event):
    """How far a job is.

    Attributes
    ----------
    stage, unit : str  of the job, and what is counted: rows, batches
    done, total : int  units; total is None where it is not known
    remaining : float or None  seconds that are left, estimated
    """

    stage: str
    done: int
    total: int | None
    unit: str
    remaining: float | None = None


@dataclass(frozen=True)
class StageTimes(Event):
    """Seconds spent per stage since the last such event, and queue depths now.

    A loader's threads tell ``sample``, ``fetch``, ``assemble`` and ``convert``; the training thread, beside
    which they run, tells ``wait`` (for the loader), ``transfer``, ``forward``, ``backward`` and ``optimise``,
    and after each epoch ``validate``.

    Attributes
    ----------
    epoch, batch : int
    stages : dict stage -> seconds
    queues : dict queue -> batches that wait in it
    """

    epoch: int
    batch: int
    stages: dict[str, float]
    queues: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StepDone(Event):
    """One optimiser step.

    Attributes
    ----------
    epoch, step : int
    steps : int  of the epoch; 0 where that is not known
    loss : float  the mean over the step's seeds
    seeds : int  of this step
    epochs : int  planned at most; 0 where that is not known
    """

    epoch: int
    step: int
    steps: int
    loss: float
    seeds: int
    epochs: int = 0


@dataclass(frozen=True)
class EpochDone(Event):
    """One pass over the training seeds, evaluated on the validation seeds.

    Attributes
    ----------
    epoch, epochs : int  this one, and how many are planned at most
    train_loss : float  the mean over the epoch's seeds
    metric, value : str, float  the plan's on val; ``loss`` of training where there is no val
    best : bool  whether its weights are the ones kept so far
    """

    epoch: int
    epochs: int
    train_loss: float
    metric: str
    value: float
    best: bool


@dataclass(frozen=True)
class RunDone(Event):
    """The run ended.

    Attributes
    ----------
    state : ``finished``, ``stopped early``, ``cancelled`` or ``failed``
    message : str  why, where it failed
    """

    state: str
    message: str = ""


Callback: TypeAlias = Callable[[Event], None]


def emit(callbacks: tuple[Callback, ...] | list[Callback], event: Event) -> None:
    """Send one event to every callback, in order; an error of a callback is the caller's to see."""
    for callback in callbacks:
        callback(event)
