"""Fitting: a search that a view asked for, given up at the next edit or search. No widget."""

from __future__ import annotations

from collections.abc import Callable

import workbench as wb
from widgets._worker import LatestWins


class Fitting:
    """Runs the newest search in a worker; of one that was given up nothing is heard any more.

    It ends at its next event, between two batches: up to 1.1 s after an edit, at 20 million edges and three
    wide hops. Costs have workers of their own and wait for none of it: there the cost of an edit was told in
    28 to 134 ms, without a search in 24 to 46 (two cores that others used too).

    Attributes
    ----------
    underway : bool  a search was asked for, and has not ended or been given up
    """

    def __init__(self, worker: LatestWins) -> None:
        self._worker = worker
        self._newest: object = None

    @property
    def underway(self) -> bool:
        """Whether there is something to wait for."""
        return self._newest is not None

    def begin(self, search: Callable[[wb.Callback], object]) -> None:
        """Give up the search before and run this one; it calls what it is handed as often as it can."""
        this = self._newest = object()
        self._worker.submit(lambda: self._run(this, search))

    def stop(self) -> None:
        """Give up the search, if there is one: it ends at its next event."""
        self._newest = None

    def _run(self, this: object, search: Callable[[wb.Callback], object]) -> None:
        def check(_event: wb.Event) -> None:
            if self._newest is not this:
                raise wb.WorkbenchError("the search was given up: something newer was asked for.")

        try:
            search(check)
        except Exception:
            if self._newest is this:  # else it was given up, and has nobody to tell
                raise
        finally:
            if self._newest is this:
                self._newest = None
