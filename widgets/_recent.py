"""Figures of a run that look back a while and forget what was before. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TICK = 1e-9
"""Seconds that a clock can tell apart, at least."""

RECENT = 15.0
"""Seconds that the figures look back, about: a first batch that was compiled for is soon forgotten."""


def lately(before: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    """Seconds per stage with more of them, scaled down to :data:`RECENT` seconds in all."""
    found = {stage: before.get(stage, 0.0) + more.get(stage, 0.0) for stage in {**before, **more}}
    total = sum(found.values())
    return {stage: s * RECENT / total for stage, s in found.items()} if total > RECENT else found


@dataclass(frozen=True)
class Pace:
    """Seeds per second of a run, weighed down by their age; a run's first step tells none.

    Attributes
    ----------
    at : float  the run's clock at the last step, in seconds
    seeds, seconds : float  of the steps so far, as weighed
    """

    at: float
    seeds: float = 0.0
    seconds: float = 0.0

    def then(self, now: float, seeds: int) -> Pace:
        """The pace after one more step."""
        took = max(now - self.at, 0.0)
        fade = RECENT / (RECENT + took)
        return Pace(now, (self.seeds + seeds) * fade, (self.seconds + took) * fade)

    @property
    def rate(self) -> float:
        """Seeds per second; 0 where two steps within a clock's tick tell none."""
        return self.seeds / self.seconds if self.seconds > TICK else 0.0
