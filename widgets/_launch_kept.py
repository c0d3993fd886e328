"""Kept: a run of a launch, where it lies, and how a script comes by it. No widget."""

from __future__ import annotations

from dataclasses import dataclass

import workbench as wb
from widgets._launch_code import replaced


@dataclass
class Kept:
    """A run of this launch.

    Attributes
    ----------
    run : Run
    folder : where it was saved, or loaded from; empty: neither
    epochs : epochs that it had when it was loaded; -1: it was trained here
    """

    run: wb.Run
    folder: str = ""
    epochs: int = -1

    def line(self, plan: wb.ModelPlan) -> str:
        """The run as Python, where ``plan`` is a plan that is there."""
        if self.folder:
            return f"engine.load_run({self.folder!r})"
        return f"engine.train(task, {replaced(plan.diff(self.run.plan))}).wait()"

    def note(self) -> str:
        """What the code has to say of a run that went on after it was loaded, or was cancelled."""
        if self.epochs >= 0:
            return "run.resume()" if len(self.run.history) > self.epochs else ""
        if self.run.state == "cancelled":
            return f"# cancelled after epoch {len(self.run.history)} here; a script trains to the end"
        return ""
