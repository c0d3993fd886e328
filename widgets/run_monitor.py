"""RunMonitor: a callback that draws the run it listens to, with a button to cancel it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._run_record import Curve, RunRecord

INTERVAL = 0.25
"""Seconds between two updates of the views, at least: a run of a thousand steps a second stays fast."""


class RunMonitor(Face):
    """Pass one to ``engine.train(..., callbacks=[RunMonitor()])``; in a notebook it shows itself.

    Attributes
    ----------
    record : RunRecord  all that was heard
    run : Run or None  the run that is listened to
    """

    handles: ClassVar[tuple[str, ...]] = ("cancel",)
    _esm = script("run_monitor.js")
    _css = style()

    def __init__(self) -> None:
        super().__init__()
        self.record = RunRecord()
        self.run: wb.Run | None = None
        self._sent = 0.0
        self._handle: Any = None
        self.publish()

    def attach(self, run: wb.Run) -> None:
        """Called by ``engine.train`` before the first event; shows the monitor where a notebook runs.

        A monitor that is used again begins anew: an earlier run's curves and end are not this one's.
        """
        with self._lock:
            self.run, self.record, self.error, self._handle = run, RunRecord(), "", None
            self.publish()
        if in_notebook():
            from IPython.display import display

            self._handle = display(self, display_id=True)

    def __call__(self, event: wb.Event) -> None:
        """Take one event; called in the thread of the run."""
        with self._lock:
            self.record.add(event)
            if isinstance(event, wb.RunDone) and event.state == "failed":
                self.error = event.message
            now = time.monotonic()
            if now - self._sent >= INTERVAL or isinstance(event, (wb.EpochDone, wb.RunDone)):
                self._sent = now
                self.publish()
        if isinstance(event, wb.RunDone) and self._handle is not None:
            # The output was stored when the run began: store the finished curves in its place.
            self._handle.update(self)

    def cancel(self) -> None:
        """Ask the run to stop; its best checkpoint stays."""
        if self.run is None:
            raise wb.TrainingError(
                "cancel was asked for: no run is attached. Pass the monitor to engine.train."
            )
        with self._lock:  # a run that ends meanwhile must not be left as cancelling
            if not self.record.ended:
                self.record.state = "cancelling"
                self.publish()
                self.run.cancel()

    def on_cancel(self) -> None:
        """A view's Cancel button was pressed."""
        self.cancel()

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """Curves as columns, the rest as JSON."""
        record = self.record
        names: tuple[str, ...]
        names = ("state", "message", "metric_name", "best", "best_epoch", "epoch", "epochs", "steps", "seeds")
        names += ("seconds", "stage", "done", "total", "unit", "remaining", "stages", "ended", "fraction")
        meta = {name: finite(getattr(record, name)) for name in names}
        curves = {"loss": record.loss, "train": record.train, "metric": record.metric}
        columns = {}
        for name, curve in curves.items():
            columns[f"{name}_x"], columns[f"{name}_y"] = points(curve)
        return meta, columns

    def still(self) -> tuple[str, str]:
        """Loss and metric by epoch, and one line on where the run stands."""
        record = self.record
        curves = {"train loss": (record.train.x, record.train.y)}
        curves[record.metric_name] = (record.metric.x, record.metric.y)
        best = f", best {record.metric_name} {record.best:.4g}" if record.best is not None else ""
        line = f"RunMonitor: {record.state}, epoch {record.epoch}, step {record.steps:,}{best}"
        return wb.line_svg(curves, title=line, x_label="epoch"), line


def points(curve: Curve) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A curve as two float32 columns."""
    return np.asarray(curve.x, np.float32), np.asarray(curve.y, np.float32)


def finite(value: Any) -> Any:
    """JSON knows no NaN: a diverged run sends None."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def in_notebook() -> bool:
    """True in a Jupyter kernel; a terminal or a script shows nothing by itself."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None
