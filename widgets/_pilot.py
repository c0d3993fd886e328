"""The few seeds of a task that are sampled to say what a batch will cost. Plain values, no widget."""

from __future__ import annotations

import numpy as np

import workbench as wb

PILOT = 64
"""Disjoint seeds that are sampled to cost a batch: a few milliseconds, whatever the batch size."""


def pilot_seeds(task: wb.Task, disjoint: bool, batch_size: int) -> wb.SeedTable:
    """Seeds of the validation split, or of training if that is empty.

    Disjoint: up to :data:`PILOT`, spread over the split. Joint: one batch of one anchor, because seeds that
    share neighbours cost less together than apart.
    """
    seeds = task.seeds("val")
    seeds = seeds if len(seeds) else task.seeds("train")
    if disjoint:
        rows = np.unique(np.linspace(0, len(seeds) - 1, min(PILOT, len(seeds))).astype(int))
    else:
        anchors, count = np.unique(seeds.visible_until, return_counts=True)
        rows = np.flatnonzero(seeds.visible_until == anchors[np.argmax(count)])[:batch_size]
    return seeds[rows]
