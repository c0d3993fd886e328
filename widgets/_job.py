"""Job: one long call at a time, in the background: what it is, how far it is, and a way to let it go."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import workbench as wb

STEP = 0.01
"""Progress is told when it has grown by so much."""


class Cancelled(Exception):
    """Raised in a call that was let go, at the next place where it looks."""


class Ticket:
    """One call under way; it looks at ``cancel`` and tells how far it is."""

    def __init__(self, label: str, changed: Callable[[], None]) -> None:
        self.label, self.fraction, self._changed = label, 0.0, changed
        self.cancel = threading.Event()

    def look(self) -> None:
        """Stop here if nobody waits for the call any more.

        Raises
        ------
        Cancelled
        """
        if self.cancel.is_set():
            raise Cancelled

    def tell(self, done: int, total: int | None) -> None:
        """How far the call is; stops it as :meth:`look` does."""
        self.look()
        fraction = done / total if total else 0.0
        if abs(fraction - self.fraction) >= STEP:
            self.fraction = fraction
            self._changed()

    def __call__(self, event: wb.Event) -> None:
        """A callback: takes progress, and stops what reports it."""
        if isinstance(event, wb.Progress):
            self.tell(event.done, event.total)


class Job:
    """Runs calls in a thread, one at a time.

    Parameters
    ----------
    changed : called in any thread when a call begins, moves on or ends
    failed : called with what a call raised
    """

    def __init__(self, changed: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        self._changed, self._failed = changed, failed
        self._lock = threading.Lock()
        self.ticket: Ticket | None = None
        self._thread: threading.Thread | None = None

    def start(
        self, label: str, call: Callable[[Ticket], Any], then: Callable[[Any, list[str]], None]
    ) -> None:
        """Begin a call; its value and its warnings go to ``then``, unless it is let go before.

        Raises
        ------
        WorkbenchError
            If one is under way.
        """
        ticket = Ticket(label, self._changed)
        with self._lock:
            if self.ticket is not None:
                raise wb.WorkbenchError(
                    f"{label} was asked for: {self.ticket.label} is under way. Cancel it first."
                )
            self.ticket = ticket
        self._thread = threading.Thread(
            target=self._work, args=(ticket, call, then), name="workbench-job", daemon=True
        )
        self._changed()
        self._thread.start()

    def stop(self) -> None:
        """Let the call go: at once for who waits; it ends where it next looks, and its value is dropped."""
        with self._lock:
            ticket, self.ticket = self.ticket, None
        if ticket is not None:
            ticket.cancel.set()
            self._changed()

    def wait(self, seconds: float = 600.0) -> bool:
        """Wait until the last call has ended; False if that took longer."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def _work(
        self, ticket: Ticket, call: Callable[[Ticket], Any], then: Callable[[Any, list[str]], None]
    ) -> None:
        try:
            # For the whole process, as warnings are: those of a run that begins meanwhile are told here, too.
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", UserWarning)
                value = call(ticket)
            notes = [str(each.message) for each in caught if issubclass(each.category, UserWarning)]
            if self._over(ticket):
                then(value, list(dict.fromkeys(notes)))
        except Exception as error:  # handed on: a widget shows it
            if self._over(ticket) or not ticket.cancel.is_set():
                self._failed(error)
        finally:
            self._changed()

    def _over(self, ticket: Ticket) -> bool:
        """True if the call was waited for until its end."""
        with self._lock:
            waited = self.ticket is ticket
            self.ticket = None if waited else self.ticket
        return waited
