"""BatchIterator: the consumer's end of a pipeline. It times, tells, names errors and closes."""

from __future__ import annotations

import time
import weakref
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workbench.errors import LoaderError, explain
from workbench.events import Callback, StageTimes, emit
from workbench.loading.pipeline import Pipeline

T = TypeVar("T")

EVENT_SECONDS = 0.2
"""Stage times are sent at most this often, and at the end: a callback may cross to a browser."""

PATIENCE = 0.5
"""Seconds that dropping an iterator waits for its threads, which may want a lock that is held right there."""


class Clock:
    """Wall seconds per stage of one batch."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()
        self._fetching = True

    def lap(self, stage: str) -> None:
        """Book the time since the last lap on a stage."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now

    def lap_fetch(self, _future: Future[Any] | None = None) -> None:
        """Book the time until the rows arrived, once; the store calls it from a thread of its own."""
        if self._fetching:
            self._fetching = False
            self.lap("fetch")

    def restart(self) -> None:
        """Book what has passed (waiting for the batch's turn) on no stage."""
        self._last = time.perf_counter()


@dataclass(frozen=True)
class Made(Generic[T]):
    """An item and the seconds that each stage took to make it."""

    item: T
    seconds: dict[str, float]


class BatchIterator(Generic[T]):
    """Yields items in order and owns the threads that make them.

    The threads end when the iterator is exhausted, closed, raises, or is no longer referenced: after
    ``break`` out of a for loop none is left, but where one is busy for longer than :data:`PATIENCE`.
    """

    def __init__(
        self, pipeline: Pipeline[Made[T]], first: int, epoch: int, callbacks: Sequence[Callback]
    ) -> None:
        self._pipeline, self._next, self._epoch = pipeline, first, epoch
        self._callbacks = tuple(callbacks)
        self._began = self._told = time.perf_counter()
        self._stages: dict[str, float] = defaultdict(float)
        # The threads refer to the pipeline, never to the iterator: dropping the iterator closes.
        self._dropped = weakref.finalize(self, pipeline.close, PATIENCE)

    def __iter__(self) -> BatchIterator[T]:
        return self

    def __next__(self) -> T:
        try:
            made = self._pipeline.take()
        except Exception as error:
            self.close()
            raise self._explained(error) from error
        except BaseException:
            self.close()
            raise
        if made is None:
            self._tell(last=True)
            self.close()
            raise StopIteration
        self._book(made.seconds)
        self._next += 1
        return made.item

    def ready(self, seconds: float) -> bool:
        """Wait so long at most; True once the next batch, the end or an error is there."""
        return self._pipeline.ready(seconds)

    def close(self) -> None:
        """End now; every thread is gone on return. Closing twice is fine."""
        self._dropped.detach()
        self._pipeline.close()

    def _book(self, seconds: dict[str, float]) -> None:
        for stage, spent in seconds.items():
            self._stages[stage] += spent
        if time.perf_counter() - self._told >= EVENT_SECONDS:
            self._tell()

    def _tell(self, last: bool = False) -> None:
        if not self._callbacks or (last and not self._stages):
            return
        self._told = time.perf_counter()
        seconds, stages = self._told - self._began, dict(self._stages)
        self._stages.clear()
        queues = self._pipeline.depths
        emit(self._callbacks, StageTimes(seconds, self._epoch + 1, self._next, stages, queues))

    def _explained(self, error: Exception) -> LoaderError:
        message = explain(
            f"batch {self._next} of epoch {self._epoch} was asked for",
            f"{type(error).__name__}: {error}",
            do=f"Make it again alone with loader.batch({self._next})",
        )
        return LoaderError(message, self._next)
