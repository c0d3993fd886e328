"""The axis of a cutoff slider: whole steps of a round unit around the anchor, and what lies in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb

UNITS = ("1 second", "1 minute", "10 minutes", "1 hour", "6 hours", "1 day", "1 week", "30 days", "365 days")
"""Steps of the slider; the finest is taken that needs no more than :data:`STEPS` of them."""

STEPS, BINS = 400, 48


@dataclass(frozen=True)
class LeadAxis:
    """Times relative to the anchor, in whole steps: 0 is the anchor, negative ones lie before it.

    Attributes
    ----------
    step : int  microseconds
    low, high : int  the first and the last position; 0 lies between them
    """

    step: int
    low: int
    high: int

    @classmethod
    def of(cls, leads: NDArray[Any]) -> LeadAxis:
        """An axis on which all leads (int64[m], microseconds before the anchor) lie."""
        after, before = int(leads.min(initial=0)), int(leads.max(initial=0))
        steps = [wb.duration(unit) for unit in UNITS]
        step = next((s for s in steps if before - after <= s * STEPS), -(-(before - after) // STEPS))
        return cls(step, -before // step, -(after // step))

    def lag(self, steps: int) -> int:
        """Microseconds from a position on the axis to the anchor.

        Raises
        ------
        AnchorError
            If the axis has no such position.
        """
        if not self.low <= steps <= self.high:
            asked = f"a cutoff {str(steps)[:80]} steps after the anchor was asked for"
            raise wb.AnchorError(f"{asked}. Allowed: {self.low} to {self.high}.")
        return -steps * self.step

    def bins(self, leads: NDArray[Any]) -> tuple[list[int], list[int]]:
        """Left ends of bins in steps, and the leads in each; bins are open on the left, closed on the right.

        The anchor is such an end, so that no bin holds both what is visible there and what is not.
        """
        width = max(-(-(self.high - self.low) // BINS), 1)
        # one bin more where the earliest lead would lie on the open end
        first = self.low // width - (self.low % width == 0)
        last = max(-(-self.high // width) - 1, first)
        place = -(leads // (width * self.step)) - 1
        counts = np.bincount(place - first, minlength=last - first + 1)
        return [width * b for b in range(first, last + 1)], counts.tolist()


def lead_text(lead: int) -> str:
    """``7 days before the anchor``, ``at the anchor``, ``2.5 hours after the anchor``."""
    if lead == 0:
        return "at the anchor"
    return f"{length_text(abs(lead))} {'before' if lead > 0 else 'after'} the anchor"


def length_text(length: int) -> str:
    """A length of time in the largest unit that it fills."""
    for unit in ("day", "hour", "minute", "second"):
        size = wb.duration(f"1 {unit}")
        if length >= size:
            count = (
                f"{length // size:,}"
                if length % size == 0 or length >= 1000 * size
                else f"{length / size:.3g}"
            )
            return f"{count} {unit}" + ("" if count == "1" else "s")
    return f"{length} microseconds"
