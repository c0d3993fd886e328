"""Anchors that count another unit than microseconds: refused where the data show it.

Seconds read as microseconds lie in January 1970, before all data, and would give empty samples;
nanoseconds lie ten thousands of years ahead, and would see every row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from workbench.errors import AnchorError, explain
from workbench.stores.protocols import GraphStore
from workbench.temporal import FOREVER, NO_TIME, instant, iso
from workbench.types import TimeArray

MODERN: int = instant("1973-03-03")
"""Earlier data, such as counts from 0 on, may be mistaken for those of another unit: they are not judged."""

FAR: int = instant("5138-11-16")
"""No anchor but one in nanoseconds is as late."""

DECADE: int = 10 * 366 * 86_400_000_000
"""How long after the last row an anchor is still plausible, at least."""


class DataSpan(NamedTuple):
    """When the rows of a graph happened, but for the earliest hundredth, which may be dates of no meaning."""

    first: int
    last: int

    @classmethod
    def of(cls, graph: GraphStore) -> DataSpan | None:
        """Of all tables with a time; None where no row has one."""
        return cls.over([graph.times(table.name) for table in graph.schema])

    @classmethod
    def over(cls, clocks: Iterable[TimeArray | None]) -> DataSpan | None:
        """Of some tables' times, each int64[rows] ascending; None where no row has one."""
        firsts, lasts = [], []
        for times in clocks:
            dated = 0 if times is None else int(np.searchsorted(times, NO_TIME))
            if times is not None and dated:
                firsts.append(int(times[dated // 100]))
                lasts.append(int(times[dated - 1]))
        return cls(min(firsts), max(lasts)) if firsts else None

    def check(self, anchors: TimeArray) -> None:
        """Refuse anchors far off the data that are near them in another unit.

        Raises
        ------
        AnchorError
        """
        if not len(anchors) or self.first < MODERN:
            return
        low, high = int(anchors.min()), int(anchors.max())
        if high == FOREVER:  # seeds of a static task
            high = int(anchors[anchors != FOREVER].max(initial=low))
        for anchor in {low, high}:
            if anchor < self.first or FAR <= anchor < FOREVER:
                self._refuse_other_units(anchor)

    def _refuse_other_units(self, anchor: int) -> None:
        latest = self.last + max(self.last - self.first, DECADE)
        for unit, time, how in in_other_units(anchor):
            if not self.first <= time <= latest:
                continue
            got = f"got {anchor}, which is {iso(anchor)}; as {unit} it is {iso(time)}"
            raise AnchorError(
                explain(
                    f"anchors of a graph whose rows are of {iso(self.first)} .. {iso(self.last)} were given",
                    got,
                    "an int counts microseconds since 1970-01-01 UTC",
                    f"Give anchors {how}",
                )
            )


def in_other_units(value: int) -> Iterator[tuple[str, int, str]]:
    """What an int would be if it did not count microseconds: (unit, microseconds, how to get there)."""
    yield "seconds", value * 1_000_000, "* 1_000_000"
    yield "milliseconds", value * 1_000, "* 1_000"
    yield "nanoseconds", value // 1_000, "// 1_000"
