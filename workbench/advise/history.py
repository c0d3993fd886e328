"""What a plan makes of time: past labels, fading rows, views of random ages, and what is visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.plan.job import Changes
from workbench.query.seed_table import SeedTable
from workbench.temporal import FOREVER, MICROSECONDS, iso

LABELS_EACH = 2.0
"""Training labels per entity, on average, from which on earlier ones are worth reading."""

LAST = 8
"""Labels of an entity that are read one by one, the latest."""

Reason = tuple[str, str]


@dataclass(frozen=True)
class History:
    """Choices that time decides.

    Attributes
    ----------
    past_labels : int  see :class:`~workbench.plan.architecture.ModelSettings`
    until : int or None  the task's own, so that the plan says what its metrics are of
    candidates : tuple  what a search is to average with the plan, as of ``TrainingJob``
    refit : bool  whether val is learned from in the end
    reasons : tuple of (choice, why)
    """

    past_labels: int = 0
    until: int | None = None
    candidates: tuple[Changes, ...] = ()
    refit: bool = False
    reasons: tuple[Reason, ...] = ()


def choose_history(task: Any, seeds: SeedTable) -> History:
    """Choices for a task, from its training seeds."""
    if not len(seeds) or seeds.anchor_time.min() == FOREVER or task.task_type == "ranking":
        return History()
    reasons: list[Reason] = []
    each = len(seeds) / len(np.unique(seeds.node_id))
    said = getattr(task, "says_horizon", True)  # tasks of other makers may not say
    past = LAST if each >= LABELS_EACH and said else 0
    if not said:
        reasons.append(("no past labels", "horizon= does not say how far labels look ahead"))
    if past:
        why = f"{each:.1f} training labels per entity: what earlier windows said tells of the next"
        reasons.append((f"past_labels {past}", why))
    until = getattr(task, "until", None)
    candidates: tuple[Changes, ...] = ()
    if until is not None:
        reasons.append((f"until {iso(until)}", "the task's own: features are frozen there"))
        candidates = _stale(task, until, reasons)
    reasons.append(("refit", "a search learns from val too in the end: its windows are the nearest to test"))
    return History(past, until, candidates, True, tuple(reasons))


def _stale(task: Any, until: int, reasons: list[Reason]) -> tuple[Changes, ...]:
    """Where test anchors lie beyond what is visible, half of what is averaged learns from views as old.

    A val that is frozen itself is too uncertain a judge to leave the choice to it.
    """
    days = int((task.splits.test.max() - until) // MICROSECONDS["days"])
    if days < 1:
        return ()
    why = f"test looks up to {days:,} days beyond what it sees: half of what is averaged learns to"
    reasons.append((f"candidate stale={days} days", why))
    return ((("stale", f"{days} days"),),)
