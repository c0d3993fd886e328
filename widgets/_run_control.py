"""What a RunMonitor may do with its run: listen to one at a time, cancel it, let it go on. No widget."""

from __future__ import annotations

import workbench as wb
from widgets._run_record import RunRecord


def attached(run: wb.Run | None, asked: str, do: str) -> wb.Run:
    """The run that a monitor listens to.

    Raises
    ------
    TrainingError
        If there is none.
    """
    if run is None:
        raise wb.TrainingError(f"{asked} was asked for: no run is attached. {do}.")
    return run


def one_at_a_time(run: wb.Run | None, record: RunRecord, other: wb.Run) -> None:
    """Refuse another run while a monitor has not heard of the end of its own.

    Parameters
    ----------
    record : RunRecord  what was heard of ``run``
    other : the run that it is to listen to

    Raises
    ------
    TrainingError
        If both would tell their events to the same monitor.
    """
    if run is not None and run is not other and run.under_way and not record.ended:
        raise wb.TrainingError(
            f"a RunMonitor was to listen to a run: it listens to another one, in {run.folder}, that is "
            "under way. Allowed: one run at a time. Give each training its own, callbacks=[RunMonitor()], "
            "or wait for the first: run.wait()."
        )


def nothing_to_resume(run: wb.Run, record: RunRecord) -> str:
    """Why a run need not go on, or not yet; empty where it may."""
    if record.ended or not run.under_way:
        return ""
    if record.state == "cancelling":
        return "it is being cancelled, and can be resumed once it has stopped"
    return "nothing to resume: it is under way"
