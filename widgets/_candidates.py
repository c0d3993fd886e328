"""Candidate fanouts: what they cost, what they are worth, which of them no other beats. No widget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import workbench as wb
from widgets._schema_facts import short

SCALES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""A plan's own fanout times these, where nobody names candidates."""


COSTS = {
    "nodes": ("nodes per batch", 1.0),
    "bytes": ("MB per batch", 1e6),
    "milliseconds": ("ms to sample", 1.0),
}
"""What batches cost -> how it is told, and its unit."""


@dataclass(frozen=True)
class Candidate:
    """One fanout.

    Attributes
    ----------
    fanout : Fanout or Metapaths
    profile : Profile or None  what its batches cost; None until it is measured
    worth : float or None  coverage, or the best validation metric of its run
    name : str
    """

    fanout: Any
    name: str
    profile: wb.Profile | None = None
    worth: float | None = None

    def cost(self, measure: str) -> tuple[float, float, float]:
        """Mean and 95 % interval of ``nodes``, ``bytes`` or ``milliseconds`` of a batch."""
        interval = getattr(self.profile, measure)
        return interval.mean, interval.low, interval.high


def candidates_of(plan: wb.ModelPlan, fanouts: Iterable[Any] | None) -> list[Candidate]:
    """Candidates without a run: those given, or the plan's own fanout narrower and wider.

    Raises
    ------
    WorkbenchError
        If one is no fanout.
    """
    if fanouts is None:
        fanouts = [wb.scaled(plan.fanout, scale) for scale in SCALES]
    distinct: list[Any] = []
    for fanout in fanouts:
        if not isinstance(fanout, wb.Fanout | wb.Metapaths):
            got = f"got a {type(fanout).__name__} among the candidates"
            raise wb.WorkbenchError(
                f"a ParetoChart was asked for: {got}. Allowed: Fanout or Metapaths. "
                "Say ParetoChart(engine, task, plan, [wb.Fanout([8]), wb.Fanout([16, 8])])."
            )
        if fanout not in distinct:
            distinct.append(fanout)
    return [Candidate(fanout, named(fanout)) for fanout in distinct]


def candidates_of_runs(runs: Sequence[wb.Run]) -> list[Candidate]:
    """A candidate per run, worth its best validation metric."""
    best = [[event.value for event in run.history if event.best] for run in runs]
    return [
        Candidate(run.plan.fanout, named(run.plan.fanout), worth=values[-1] if values else None)
        for run, values in zip(runs, best, strict=True)
    ]


def named(fanout: Any) -> str:
    """A fanout in a few words: its hops."""
    hops = [line.replace("  ", ": ", 1).replace(" of every edge type", "") for line in fanout.lines()[1:]]
    return ", ".join(hops)


def measured(candidate: Candidate, profile: wb.Profile, worth: float | None) -> Candidate:
    """The candidate with its cost, and its worth where it has none of its own."""
    return replace(candidate, profile=profile, worth=candidate.worth if worth is None else worth)


def unmeasured(candidates: Sequence[Candidate], done: bool) -> dict[int, str]:
    """Place -> what is said of a candidate without a cost: yet, or for good if measuring is ``done``."""
    why = _why(done)
    return {i: f"{short(each.name)}, not {why}" for i, each in enumerate(candidates) if each.profile is None}


def counted(candidates: Sequence[Candidate], done: bool) -> str:
    """``4 fanouts``, and how many of them have no cost: yet, or for good if measuring is ``done``."""
    every, missing = len(candidates), len(unmeasured(candidates, done))
    if not missing:
        return f"{every} fanouts"
    return f"{every} fanouts, {'' if missing == every else f'{missing} of them '}not {_why(done)}"


def _why(done: bool) -> str:
    return "measured (see .error)" if done else "measured yet: show it again, or call .wait() first"


def front(candidates: Sequence[Candidate], measure: str, higher: bool) -> list[int]:
    """Places of the candidates that no other beats in cost or worth, being no worse in either."""
    known = [
        (i, each.cost(measure)[0], each.worth if higher else -each.worth)
        for i, each in enumerate(candidates)
        if each.profile is not None and each.worth is not None
    ]
    return [
        i
        for i, cost, worth in known
        if not any(c <= cost and w >= worth and (c < cost or w > worth) for _, c, w in known)
    ]


def known_points(candidates: Sequence[Candidate], measure: str) -> list[dict[str, Any]]:
    """Candidates that are measured: place, label, cost (mean, low, high; None: open) and worth."""
    (told, unit), points = COSTS[measure], list[dict[str, Any]]()
    for i, each in enumerate(candidates):
        if each.profile is not None and each.worth is not None:
            ends = [end / unit if end < float("inf") else None for end in each.cost(measure)]
            label = f"{short(each.name)}: {wb.amount(each.cost(measure)[0] / unit)} {told}"
            points.append({"at": i, "label": label, "x": ends, "y": each.worth})
    return points
