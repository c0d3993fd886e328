"""One ingest under way: its folder, its clock, its listeners and its way out.

Long calls run in a worker thread while the caller's thread waits in short steps, so that Ctrl-C, a
kernel interrupt and ``cancel`` are noticed at once and DuckDB is told to stop.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from workbench.errors import IngestCancelled, explain
from workbench.events import Callback, Progress, emit
from workbench.ingestion.text_encoder import TextEncoder
from workbench.stores.manifest import FileEntry

T = TypeVar("T")
_POLL_SECONDS = 0.05


class CancelEvent(Protocol):
    """What ``cancel=`` takes: a ``threading.Event``, or anything with ``is_set``."""

    def is_set(self) -> bool:
        """Whether the ingest should stop."""
        ...


@dataclass
class Job:
    """State of one ingest.

    Attributes
    ----------
    root : Path  the dataset's folder
    partition : str  name of the partition being written; new for every ingest
    pool : ThreadPoolExecutor  threads for work that releases the GIL
    total : int or None  rows times stages, the unit of progress
    texts : dict 'table.column' -> encoder of a text column that is not hashed
    """

    root: Path
    partition: str
    pool: ThreadPoolExecutor
    callbacks: Sequence[Callback] = ()
    cancel: CancelEvent = field(default_factory=threading.Event)
    total: int | None = None
    texts: Mapping[str, TextEncoder] = field(default_factory=dict)
    done: int = 0
    files: list[FileEntry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    _stage: str = ""
    _count: int = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and name it in the progress events."""
        self._stage, begin = name, time.perf_counter()
        self.progress(0)
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin

    def progress(self, rows: int) -> None:
        """Count rows as done, tell the listeners, and stop if the user asked to."""
        self.check()
        self.done += rows
        elapsed = time.perf_counter() - self.started
        known = self.total is not None and self.done > 0
        left = elapsed * max(0, (self.total or 0) - self.done) / self.done if known else None
        emit(list(self.callbacks), Progress(elapsed, self._stage, self.done, self.total, "rows", left))

    def check(self) -> None:
        """Stop here if the user asked to.

        Raises
        ------
        IngestCancelled
        """
        if self.cancel.is_set():
            raise IngestCancelled(
                explain(
                    "an ingest was running",
                    "it was cancelled",
                    do="The dataset that was there before, or none, is in place",
                )
            )

    def path(self, kind: str, suffix: str) -> str:
        """A new file's path in the dataset: made of a counter and the partition, never of a table's name."""
        self._count += 1
        return f"{kind}/{self.partition}/{self._count}{suffix}"

    def wait(self, future: Future[T], interrupt: Callable[[], None] = lambda: None) -> T:
        """Wait for a future; on Ctrl-C or cancel, interrupt it, wait for its end and raise."""
        try:
            while True:
                try:
                    return future.result(timeout=_POLL_SECONDS)
                except NotYet:
                    if future.done():  # the work itself timed out: that is its error
                        raise
                    self.check()
        except (KeyboardInterrupt, IngestCancelled):
            interrupt()
            future.cancel()
            future.exception() if not future.cancelled() else None
            raise

    def run_all(self, tasks: Iterable[Callable[[], T]]) -> list[T]:
        """Run tasks in the pool; their results in order. The first error ends the rest."""
        futures = [self.pool.submit(task) for task in tasks]
        return [self.wait(future) for future in futures]

    def add(self, entry: FileEntry) -> None:
        """Register a file that is on disk."""
        self.files.append(entry)

    def file(self, role: str, name: str) -> Path:
        """A file that this job wrote."""
        return next(self.root / e.path for e in self.files if (e.role, e.name) == (role, name))

    def warn(self, text: str) -> None:
        """Note something wrong or doubtful in the data."""
        self.warnings.append(text)


@contextmanager
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that are gone, and write nothing more, when the block ends, however it ends."""
    threads = ThreadPoolExecutor(max(2, os.cpu_count() or 2), "ingest")
    try:
        yield threads
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
