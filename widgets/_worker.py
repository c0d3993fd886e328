"""A background worker in which the newest job wins: what a slider needs while it is being dragged."""

from __future__ import annotations

import threading
from collections.abc import Callable


class LatestWins:
    """Runs jobs one after another in a thread; a job that has not begun is replaced by a newer one.

    The thread lives only while there is work, so that a forgotten widget holds none.

    Parameters
    ----------
    on_error : called in the worker's thread with whatever a job raised
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._changed = threading.Condition()
        self._job: Callable[[], object] | None = None
        self._working = False

    def submit(self, job: Callable[[], object]) -> None:
        """Run this job next; it replaces the one that waits, if any."""
        with self._changed:
            self._job = job
            if self._working:
                return
            self._working = True
        threading.Thread(target=self._work, name="workbench-widget", daemon=True).start()

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until nothing is left to do; False if that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._working, seconds)

    def _work(self) -> None:
        while True:
            with self._changed:
                job, self._job = self._job, None
                if job is None:
                    self._working = False
                    self._changed.notify_all()
                    return
            try:
                job()
            except Exception as error:  # handed on: the widget shows it
                self._on_error(error)
