"""Pricing: costs fanouts in the background, the newest at once, while the user edits on. No widget."""

from __future__ import annotations

import time
from collections.abc import Callable

import workbench as wb
from widgets._fitting import Fitting
from widgets._pilot import Pilot
from widgets._worker import LatestWins

PAUSE = 0.4
"""Seconds without an edit before full batches are measured: they would slow down what the user waits for."""


class Pricing:
    """Tells the cost of a fanout as soon as it is known, and again when it is known better.

    Parameters
    ----------
    pilot : Pilot
    tell : called in a thread with a fanout and its cost
    on_error : called in a thread with whatever was raised, of a fanout only while it is the newest

    Attributes
    ----------
    fitting : Fitting  a search for the next fanout, beside the costs
    """

    def __init__(
        self,
        pilot: Pilot,
        tell: Callable[[wb.Fanout, wb.Profile], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._pilot, self._tell = pilot, tell
        self._newest: wb.Fanout | None = None
        self._at_once, self._later, searches = (LatestWins(on_error) for _ in range(3))
        self._workers, self.fitting = (searches, self._at_once, self._later), Fitting(searches)

    def submit(self, fanout: wb.Fanout) -> None:
        """Cost this fanout next; one that waits is forgotten, and a search for another is given up."""
        self._newest = fanout
        self.fitting.stop()
        self._at_once.submit(lambda: self._asked(fanout, lambda: self._price(fanout)))

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is left to do; False if that took longer."""
        return all(worker.wait(seconds) for worker in self._workers)

    def _asked(self, fanout: wb.Fanout, job: Callable[[], object]) -> None:
        """Run a job; what it raises of a fanout that was edited meanwhile is nobody's business any more."""
        try:
            job()
        except Exception:
            if fanout is self._newest:
                raise

    def _price(self, fanout: wb.Fanout) -> None:
        cost, batches = self._pilot.quick(fanout)
        self._tell(fanout, cost)
        if batches:
            self._later.submit(lambda: self._asked(fanout, lambda: self._price_fully(fanout, batches)))

    def _price_fully(self, fanout: wb.Fanout, batches: int) -> None:
        time.sleep(PAUSE)
        if fanout is self._newest:
            self._tell(fanout, self._pilot.full(fanout, batches))
