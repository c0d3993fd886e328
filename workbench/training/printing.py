"""The callback of a run that was given none: a few plain lines."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from workbench.events import EpochDone, Event, RunDone

if TYPE_CHECKING:
    from workbench.training.run import Run

SHOWN_EPOCHS = 30
"""Epoch lines at most: a long run prints every n-th epoch and each new best one of those."""


class PrintProgress:
    """Collects one line per epoch; the run prints them from the thread that waits for it.

    A ``print`` from the training thread would land in whichever notebook cell runs at that moment.
    """

    def __init__(self) -> None:
        self.lines: deque[str] = deque()

    def attach(self, run: Run) -> None:
        """Say what is about to be trained."""
        self.lines.append(f"training {run.describe()}")

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, EpochDone):
            every = -(-event.epochs // SHOWN_EPOCHS)
            if event.epoch % every == 0 or event.epoch == event.epochs:
                star = " *" if event.best else ""
                self.lines.append(
                    f"epoch {event.epoch:>3}/{event.epochs}  loss {event.train_loss:.4f}  "
                    f"val {event.metric} {event.value:.4f}{star}  {event.seconds:.1f} s"
                )
        elif isinstance(event, RunDone):
            note = f": {event.message}" if event.message else ""
            self.lines.append(f"{event.state}{note} ({event.seconds:.1f} s)")

    def flush(self) -> None:
        """Print what has been collected."""
        while self.lines:
            print(self.lines.popleft(), flush=True)
