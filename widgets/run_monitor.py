"""RunMonitor: a callback that draws the run it listens to, with buttons to cancel and to resume it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._load import Load, Meter
from widgets._notebook import in_notebook
from widgets._refusals import needs
from widgets._run_control import attached, nothing_to_resume, one_at_a_time
from widgets._run_facts import run_facts
from widgets._run_record import OVER, RunRecord
from widgets._worker import LatestWins

INTERVAL, LOOKS = 0.25, 1.0
"""Seconds between two updates of the views, and between two looks at the load, at least.

Both are made in a thread of their own: that of the run only notes what it is told."""


class RunMonitor(Face):
    """Pass one to ``engine.train(..., callbacks=[RunMonitor()])``; in a notebook it shows itself.

    Parameters
    ----------
    run : Run or None  one that has ended, such as a loaded one: to look at, or to resume
    shows_itself : bool  False where something else displays it

    Attributes
    ----------
    record : RunRecord  all that was heard
    run : Run or None  the run that is listened to
    load : Load or None  when it was last looked at
    """

    handles: ClassVar[tuple[str, ...]] = ("cancel", "resume")
    _esm = script("bars.js", "plane.js", "run_monitor.js")
    _css = style()

    def __init__(self, run: wb.Run | None = None, *, shows_itself: bool = True) -> None:
        super().__init__()
        self.record = RunRecord()
        self.run: wb.Run | None = None
        self.load: Load | None = None
        self._meter, self._looked, self._teller = Meter(), 0.0, LatestWins(self.show_error)
        self._shows_itself, self._handle = shows_itself, None
        if run is not None:
            needs(run, wb.Run, "RunMonitor", "Say RunMonitor(engine.load_run(folder)), or RunMonitor()")
            self._take(run)
            self.record.state = run.state
        self.publish()

    def attach(self, run: wb.Run) -> None:
        """Called before the first event of a run that begins or goes on; shows the monitor in a notebook.

        Of a run that goes on the curves stay; of another one the monitor begins anew. While one is under
        way another is refused (TrainingError): events do not say of which run they are.
        """
        known = run is self.run
        with self._lock:
            one_at_a_time(self.run, self.record, run)
            self._take(run)
            self.publish()
        if self._shows_itself and in_notebook() and not (known and self._handle):
            from IPython.display import display

            self._handle = display(self, display_id=True)

    def _take(self, run: wb.Run) -> None:
        if run is self.run:
            self.record.resume()
        else:
            self.record, self._handle = RunRecord.of(getattr(run, "history", ())), None
        self.run, self.error, self._meter = run, "", Meter()

    def __call__(self, event: wb.Event) -> None:
        """Take one event; called in the thread of the run."""
        with self._lock:
            self.record.add(event)
            if isinstance(event, wb.RunDone) and event.state == "failed":
                self.error = event.message
        if not isinstance(event, wb.RunDone):
            self._teller.submit(self._tell)
            return
        self.publish()
        if self._handle is not None:
            self._handle.update(self)  # the output was stored when the run began: store the finished curves

    def _tell(self) -> None:
        """What is told meanwhile waits for the next update: the newest state is always sent."""
        now = time.monotonic()
        if now - self._looked >= LOOKS:
            self._looked, self.load = now, self._meter.read(self._device())
        self.publish()
        time.sleep(INTERVAL)

    def _device(self) -> str:
        return str(getattr(self.run, "device", "cpu"))

    def cancel(self) -> None:
        """Ask the run to stop; its best checkpoint stays, and it can be resumed."""
        run = attached(self.run, "cancel", "Pass the monitor to engine.train")
        with self._lock:  # a run that ends meanwhile must not be left as cancelling
            if not self.record.ended:
                self.record.state = "cancelling"
                self.publish()
                run.cancel()

    def resume(self) -> None:
        """Let a run that was cancelled, killed or failed go on, with all who listened; says if it runs.

        Raises
        ------
        TrainingError
            If there is no such run.
        """
        run = attached(self.run, "resume", "Say RunMonitor(run)")
        with self._lock:
            self.record.message = nothing_to_resume(run, self.record)
            self.publish()
        if not self.record.message:
            run.resume([self, *(callback for callback in run.callbacks if callback is not self)])

    def on_cancel(self) -> None:
        """A view's Cancel button was pressed."""
        self.cancel()

    def on_resume(self) -> None:
        """A view's Resume button was pressed; what was kept of the run is read in the background."""
        self.worker.submit(self.resume)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """Curves as columns, the rest as JSON."""
        over = self.run is None or not self.record.ended or self.record.state in OVER
        return run_facts(self.record, self._device(), self.load, can_resume=not over)

    def still(self) -> tuple[str, str]:
        """Loss and metric by epoch, and one line on where the run stands."""
        record = self.record
        curves = {"train loss": (record.train.x, record.train.y)}
        curves[record.metric_name] = (record.metric.x, record.metric.y)
        best = f", best {record.metric_name} {record.best:.4g}" if record.best is not None else ""
        line = f"RunMonitor: {record.state}, epoch {record.epoch}, step {record.steps:,}{best}"
        return wb.line_svg(curves, title=line, x_label="epoch"), line
