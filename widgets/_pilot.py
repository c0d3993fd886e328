"""Pilot: what a batch of a fanout costs, from a few batches of a task's seeds. Plain values, no widget.

The answer has to come while a user types, whatever the fanout: a first figure is scaled up from smaller
batches where full ones would take too long, and full batches follow if they are affordable at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import workbench as wb
from widgets._schema_facts import short

POOL = 256
"""Batches that the pilot is drawn from: so many that those left out hardly narrow an interval."""

PROBE, BATCHES = 4, 8
"""Seeds that show how large a batch is; batches that are measured."""

QUICK, MOST = 50_000, 1_000_000
"""Nodes that the first figure and the second may sample, in all batches."""

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
        probe = self._profile(seeds[:PROBE], fanout, PROBE, 1)
        each = probe.nodes.mean / probe.batch_size
        size, small = min(self.batch_size, len(seeds)), max(1, int(QUICK / BATCHES / each))
        if small >= size:
            return self.full(fanout, BATCHES), 0
        found = scaled_up(self._profile(seeds, fanout, small, BATCHES), size)
        affordable = min(BATCHES, int(MOST / each / size))
        return found, affordable if affordable > 1 else 0

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

    They are spread over the split. Joint: all seeds of every so-manieth anchor, since batches are of one
    anchor and seeds that share neighbours cost less together than apart.
    """
    seeds = task.seeds("val")
    seeds = seeds if len(seeds) else task.seeds("train")
    most = POOL * batch_size
    if len(seeds) <= most:
        return seeds
    if disjoint:
        return seeds[np.linspace(0, len(seeds) - 1, most).astype(np.int64)]
    anchors, place = np.unique(seeds.visible_until, return_inverse=True)
    every = -(-len(seeds) // most)
    return seeds[np.flatnonzero(place % every == len(anchors) // 2 % every)[:most]]


def scaled_up(profile: wb.Profile, batch_size: int) -> wb.Profile:
    """Figures of small batches as those of larger ones, which overstates distinct rows."""
    factor = batch_size / profile.batch_size

    def times(value: Any) -> Any:
        return replace(value, mean=value.mean * factor, low=value.low * factor, high=value.high * factor)

    names = ("nodes", "edges", "feature_bytes", "array_bytes", "bytes", "milliseconds")
    hops = [replace(h, **{name: times(getattr(h, name)) for name in names[:3]}) for h in profile.hops]
    cells = {
        name: {c: times(v) for c, v in getattr(profile, name).items()} for name in ("cells", "cell_bytes")
    }
    totals = {name: times(getattr(profile, name)) for name in names}
    return replace(profile, batch_size=batch_size, hops=tuple(hops), **cells, **totals)


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
