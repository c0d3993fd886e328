"""An ordered pipeline of threads: start items in parallel, finish them in order, stop exactly.

    tickets 0 1 2 ...                                          consumer
       |  start(i)  [threads]      finish(i)  [one thread]        |
       +--> sample, ask for rows --> rows arrive --> assemble --> take()
            `started`                                `ready`

At most ``prefetch`` items lie between the ticket and the consumer, so memory is bounded. An error
travels in its item's place: everything before it is delivered first.

One more thread only waits to be told to close. The collector may drop the last reference in any thread, at
any line, under any lock, so who closes must neither take a lock nor wait without end for threads that may
want one: it tells (``SimpleQueue.put`` is made for destructors), and that thread stops and joins the rest.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from workbench.errors import LoaderError, explain

T = TypeVar("T")


@dataclass(frozen=True)
class _Failure:
    error: BaseException


@dataclass(frozen=True)
class Started:
    """What ``start`` gives back: any value, and the future that ``finish`` waits for."""

    value: Any
    future: Future[Any]


class Pipeline(Generic[T]):
    """Runs ``finish(i, started, result)`` for ``first <= i < last``, in order.

    Parameters
    ----------
    first, last : int
    start : called in any of ``threads`` threads, in any order
    finish : called in one thread, in order, once the future of ``start`` is done
    prefetch : int  items under way at most, at least 1
    """

    def __init__(
        self,
        first: int,
        last: int,
        start: Callable[[int], Started],
        finish: Callable[[int, Any, Any], T],
        threads: int,
        prefetch: int,
    ) -> None:
        self._start, self._finish = start, finish
        self._ticket, self._finishing, self._taken, self._last = first, first, first, last
        self._prefetch = prefetch
        self._closed = False
        # One condition guards all state below; futures wake it when their rows arrive.
        self._changed = threading.Condition()
        self._started: dict[int, Started | _Failure] = {}
        self._ready: dict[int, T | _Failure] = {}
        self._process = os.getpid()
        self._told: SimpleQueue[None] = SimpleQueue()
        loops = [self._start_loop] * min(threads, max(1, last - first)) + [self._finish_loop]
        # Daemons: a pipeline that is still open when the interpreter ends must not hold it back.
        self._threads = [threading.Thread(target=loop, name="loader", daemon=True) for loop in loops]
        self._closer = threading.Thread(target=self._close_loop, name="loader", daemon=True)
        for thread in (*self._threads, self._closer):
            thread.start()

    @property
    def depths(self) -> dict[str, int]:
        """Items waiting now: sampled and waiting for rows; complete and waiting for the consumer."""
        with self._changed:
            return {"sampled": len(self._started), "ready": len(self._ready)}

    def ready(self, seconds: float) -> bool:
        """Wait so long at most; True once :meth:`take` would not wait."""
        if os.getpid() != self._process:
            return True  # take says what is wrong
        with self._changed:
            return self._changed.wait_for(
                lambda: self._closed or self._taken in self._ready or self._taken >= self._last, seconds
            )

    def take(self) -> T | None:
        """The next item; None at the end. Re-raises what its ``start`` or ``finish`` raised.

        Raises
        ------
        LoaderError
            In a forked process, which has none of the threads and would wait for ever.
        """
        if os.getpid() != self._process:
            got, do = "it was made before this process was forked", "Iterate over the loader anew"
            raise LoaderError(explain("the next batch of an iterator was asked for", got, do=do))
        with self._changed:
            index = self._taken
            if index >= self._last or self._closed:
                return None
            self._changed.wait_for(lambda: index in self._ready or self._closed)
            if self._closed:
                return None
            item = self._ready.pop(index)
            self._taken += 1
            self._changed.notify_all()
        if isinstance(item, _Failure):
            raise item.error
        return item

    def close(self, patience: float | None = None) -> None:
        """Stop: no further item is started, and every thread has ended on return.

        Called in one of its own threads, it returns at once and the threads end soon after.

        Parameters
        ----------
        patience : float or None
            Seconds to wait at most; None: until they have ended.
        """
        self._told.put(None)
        if threading.current_thread() not in (*self._threads, self._closer):
            self._closer.join(patience)

    def _close_loop(self) -> None:
        self._told.get()
        with self._changed:
            self._closed = True
            waiting = [item for item in self._started.values() if isinstance(item, Started)]
            self._started.clear()
            self._ready.clear()
            self._changed.notify_all()
        for item in waiting:
            item.future.cancel()
        for thread in self._threads:
            thread.join()

    def _start_loop(self) -> None:
        while (index := self._next_ticket()) is not None:
            try:
                item: Started | _Failure = self._start(index)
            except BaseException as error:
                item = _Failure(error)
            with self._changed:
                closed = self._closed
                if not closed:
                    self._started[index] = item
                    self._changed.notify_all()
            if isinstance(item, Started):
                if closed:
                    item.future.cancel()
                item.future.add_done_callback(self._wake)
            else:
                self._stop_after(index)
            # This frame must not keep a batch alive while it waits for the next ticket.
            del item

    def _finish_loop(self) -> None:
        while (found := self._next_started()) is not None:
            index, started = found
            try:
                if isinstance(started, _Failure):
                    raise started.error
                item: T | _Failure = self._finish(index, started.value, started.future.result())
            except BaseException as error:
                item = _Failure(error)
            with self._changed:
                if self._closed:
                    break
                self._ready[index] = item
                self._changed.notify_all()
            if isinstance(item, _Failure):
                break
            del item, started, found

    def _next_ticket(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._ticket < self._limit)
            if self._closed or self._ticket >= self._last:
                return None
            self._ticket += 1
            return self._ticket - 1

    @property
    def _limit(self) -> int:
        # Past the last ticket the loops wake up to end.
        under_way = self._taken + self._prefetch
        return under_way if under_way < self._last else self._last + 1

    def _next_started(self) -> tuple[int, Started | _Failure] | None:
        with self._changed:
            index = self._finishing
            if index >= self._last:
                return None
            self._changed.wait_for(lambda: self._closed or self._is_done(index))
            if self._closed:
                return None
            self._finishing += 1
            return index, self._started.pop(index)

    def _is_done(self, index: int) -> bool:
        item = self._started.get(index)
        return isinstance(item, _Failure) or (item is not None and item.future.done())

    def _stop_after(self, index: int) -> None:
        with self._changed:
            self._last = min(self._last, index + 1)
            self._changed.notify_all()

    def _wake(self, _future: Future[Any]) -> None:
        with self._changed:
            self._changed.notify_all()
