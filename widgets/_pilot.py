"""Pilot: what a batch of a fanout costs, from a few batches of a task's seeds. Plain values, no widget.

The answer has to come while a user types, whatever the fanout: a first figure is scaled up from smaller
batches where full ones would take too long, and full batches follow if they are affordable at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._scaling import Limits, scaled_up
from widgets._schema_facts import short

POOL = 256
"""Batches that the pilot is drawn from: so many that those left out hardly narrow an interval."""

PROBE, BATCHES = 4, 8
"""Seeds that show how large a batch is; batches that are measured."""

QUICK, MOST, LARGEST = 50_000, 1_000_000, 4_000_000
"""Nodes that the first figure and the second may sample, in all batches; and in one, where two are enough."""

UNITS = {"MB": ("bytes", 1_000_000), "ms": ("ms", 1), "nodes": ("nodes", 1)}
"""Units of a budget -> the keyword of ``engine.fit_fanout``, and how much of it one is."""


class Pilot:
    """Measures fanouts over the seeds of a task.

    Parameters
    ----------
    engine : Engine
    task : Task
    batch_size : int  seeds of the batches that are spoken of
    """

    def __init__(self, engine: wb.Engine, task: wb.Task, batch_size: int) -> None:
        self._engine, self._task, self.batch_size = engine, task, batch_size
        self._seeds: dict[bool, wb.SeedTable] = {}

    def seeds(self, disjoint: bool) -> wb.SeedTable:
        """The seeds that batches are drawn from: see :func:`pilot_seeds`."""
        if disjoint not in self._seeds:
            self._seeds[disjoint] = pilot_seeds(self._task, disjoint, self.batch_size)
        return self._seeds[disjoint]

    def quick(self, fanout: wb.Fanout) -> tuple[wb.Profile, int]:
        """The cost of a batch at once, and how many full batches are worth measuring after it (0: none)."""
        seeds = self.seeds(fanout.disjoint)
        some = np.linspace(0, len(seeds) - 1, min(PROBE, len(seeds))).astype(np.int64)
        probe = self._profile(seeds[some], fanout, PROBE, PROBE)
        each = probe.nodes.mean / probe.batch_size
        size, small = min(self.batch_size, len(seeds)), max(1, int(QUICK / BATCHES / each))
        if small >= size:
            return self.full(fanout, BATCHES), 0
        found = self._profile(seeds, fanout, small, BATCHES)
        affordable = min(BATCHES, max(int(MOST / each / size), 2 * (each * size <= LARGEST)))
        limits = Limits.of(self._engine, found, seeds.node_type)
        return scaled_up(found, size, limits), affordable if affordable > 1 else 0

    def full(self, fanout: wb.Fanout, batches: int) -> wb.Profile:
        """The cost of a batch from so many full ones: nothing is scaled."""
        return self._profile(self.seeds(fanout.disjoint), fanout, self.batch_size, batches)

    def fit(self, fanout: wb.Fanout, **budget: Any) -> wb.Fit:
        """The widest fanout within a budget, as ``engine.fit_fanout`` finds it."""
        seeds = self.seeds(fanout.disjoint)
        return self._engine.fit_fanout(seeds, fanout, batch_size=self.batch_size, **budget)

    def _profile(self, seeds: wb.SeedTable, fanout: wb.Fanout, size: int, batches: int) -> wb.Profile:
        return self._engine.profile(seeds, fanout, batch_size=size, batches=batches)


def budget(most: float, unit: str) -> dict[str, float]:
    """What is asked of ``engine.fit_fanout``: a number of ``MB``, ``ms`` or ``nodes``.

    Raises
    ------
    FanoutError
        If the unit is another, or the number none above 0.
    """
    if unit not in UNITS or isinstance(most, bool) or not isinstance(most, (int, float)) or not most > 0:
        asked = f"a fanout that fits into {most!r} {unit!r} was asked for"
        raise wb.FanoutError(f"{asked}. Allowed: a number above 0 of {', '.join(UNITS)}.")
    keyword, one = UNITS[unit]
    return {keyword: most if keyword == "ms" else round(most * one)}


def pilot_seeds(task: wb.Task, disjoint: bool, batch_size: int) -> wb.SeedTable:
    """Seeds of the validation split, or of training if that is empty: at most :data:`POOL` batches of them.

    They are spread over the split. Joint: whole batches, since those are of one anchor, and seeds that share
    neighbours cost less together than apart.
    """
    seeds = task.seeds("val")
    seeds = seeds if len(seeds) else task.seeds("train")
    most = POOL * batch_size
    if len(seeds) <= most:
        return seeds
    if disjoint:
        return seeds[np.linspace(0, len(seeds) - 1, most).astype(np.int64)]
    return seeds[_whole_batches(seeds.visible_until, batch_size)]


def _whole_batches(anchors: NDArray[np.int64], batch_size: int) -> NDArray[np.int64]:
    """Rows of :data:`POOL` batches of an epoch, each of one anchor and any of its seeds."""
    order = wb.batch_order(len(anchors), batch_size, shuffle=True, anchors=anchors)
    return np.sort(np.concatenate([order[batch] for batch in range(min(POOL, len(order)))]))


def cost_facts(cost: wb.Profile, edge_types: Sequence[wb.EdgeType]) -> dict[str, Any]:
    """JSON of a cost: totals in words, and by ``hop|row`` the edges (mean, low, high) with a text."""
    totals = [
        [cost.nodes.text(), "nodes"],
        [cost.edges.text(), "edges"],
        [cost.feature_bytes.size(), "of features"],
        [cost.milliseconds.text(), "ms to sample"],
        [cost.duplicates.text(0.01), "% duplicate rows"],
    ]
    cells = {
        f"{hop}|{edge_types.index(e)}": [
            n.mean,
            n.low,
            n.high,
            f"{n} edges to {cost.cell_bytes[hop, e].size()}",
        ]
        for (hop, e), n in cost.cells.items()
    }
    return {"batch_size": cost.batch_size, "totals": totals, "cells": cells}


def cost_picture(fanout: wb.Fanout, cost: wb.Profile | None) -> tuple[str, str]:
    """Expected edges per cell as bars, and fanout and cost as text."""
    line = short(fanout, 500) + (f"; {short(cost, 2000)}" if cost else "")
    bars = {f"hop {hop}: {short(e)}": n.mean for (hop, e), n in cost.cells.items()} if cost else {}
    return wb.bars_svg(bars, title="edges per batch", width=620), line
