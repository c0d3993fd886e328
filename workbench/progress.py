"""ProgressBar: progress events as one tqdm bar on a terminal, and as nothing in a log."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from tqdm import tqdm

from workbench.events import Event, Progress


class ProgressBar:
    """A callback; use it in a ``with`` block, so that the last bar is closed."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ""

    def __call__(self, event: Event) -> None:
        """Show a :class:`~workbench.events.Progress` event; others are not its business."""
        if not isinstance(event, Progress):
            return
        if self._bar is None:
            # A redrawn bar is for someone who watches; a log would fill with copies of it.
            self._bar = tqdm(
                unit=f" {event.unit}", unit_scale=True, leave=False, disable=not sys.stderr.isatty()
            )
        if event.stage != self._stage:
            self._stage = event.stage
            self._bar.set_description(event.stage)
        self._bar.total = event.total
        self._bar.update(event.done - self._bar.n)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
