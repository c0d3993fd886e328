"""What RunMonitor draws of a record: curves as columns, the rest as JSON. Plain values, no widget."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets._base import sayable
from widgets._bottleneck import LOADING, TRAINING, bottleneck
from widgets._curve import Curve
from widgets._load import Load
from widgets._run_record import RunRecord

NAMES = (
    *("state", "message", "ended", "fraction", "seconds", "remaining", "steps", "seeds", "rate"),
    *("epoch", "epochs", "metric_name", "best", "best_epoch", "stage", "done", "total", "unit"),
)
"""Fields of a record that are sent as they are."""

BARS = {"training": TRAINING, "loader, beside it": LOADING}

COLOURS = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8a3ffc"),
    *("#6f4518", "#e8d48a", "#b5d3c0", "#55606e"),
)
"""Of the stages, those of training first; readers of every kind of colour vision can tell them apart."""


def run_facts(
    record: RunRecord, device: str, load: Load | None, *, can_resume: bool
) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """JSON values and float32 columns; where the time goes lately, and in all once the run has ended.

    Parameters
    ----------
    record : RunRecord
    device : torch device name
    load : Load or None  as it was last looked at
    can_resume : bool  whether a Resume button is shown
    """
    times = record.stages if record.ended else record.recent
    meta: dict[str, Any] = {name: finite(getattr(record, name)) for name in NAMES}
    meta |= {"message": sayable(record.message), "stages": dict(times)}
    paint = iter(COLOURS)
    meta["bars"] = [
        [title, [[name, times.get(name, 0.0), next(paint)] for name in bar]] for title, bar in BARS.items()
    ]
    meta["advice"] = bottleneck(times, device.split(":")[0])
    queue = ", ".join(f"{count} {name}" for name, count in record.queues.items())
    meta["load"] = [str(load or ""), f"batches in the queue: {queue}" if queue else ""]
    meta["can_resume"] = can_resume
    columns = {}
    for name, curve in (("loss", record.loss), ("train", record.train), ("metric", record.metric)):
        columns[f"{name}_x"], columns[f"{name}_y"] = points(curve)
    return meta, columns


def points(curve: Curve) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A curve as two float32 columns."""
    return np.asarray(curve.x, np.float32), np.asarray(curve.y, np.float32)


def finite(value: Any) -> Any:
    """JSON knows no NaN: a diverged run sends None."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
