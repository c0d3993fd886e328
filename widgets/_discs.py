"""Where nodes stand: hop rings around each seed, side by side, or around all of them. No widget."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

import workbench as wb

MOST_DISCS = 16
"""Seeds that have rings of their own; more share one set of rings, with a sector each."""

MARGIN = 0.94
"""Of the room of a disc among others."""

Places = NDArray[np.float32]


@dataclass(frozen=True)
class Places2D:
    """Positions in the square from -1 to 1, y down.

    Attributes
    ----------
    x, y, dot : float32[n]  places, and the radius of a dot that just clears its neighbours
    rings : list of (x, y, radius)
    """

    x: Places
    y: Places
    dot: Places
    rings: list[tuple[float, float, float]]


def placed(flat: wb.FlatSubgraph) -> Places2D:
    """Rings around each seed where nodes belong to one of a few, else around all."""
    seeds = np.flatnonzero(flat.hop == 0)
    lanes = np.unique(flat.seed)
    apart = 1 < len(seeds) <= MOST_DISCS and len(lanes) == len(seeds) and lanes[0] >= 0
    if not apart:
        return _disc(flat)
    side = ceil(sqrt(len(lanes)))
    x, y, dot = (np.zeros(len(flat), np.float32) for _ in range(3))
    rings = []
    for number, lane in enumerate(lanes.tolist()):
        rows = flat.seed == lane
        disc, (row, column) = _disc(flat.only(rows)), divmod(number, side)
        cx, cy = (2 * column + 1) / side - 1, (2 * row + 1) / side - 1
        x[rows], y[rows] = cx + disc.x * MARGIN / side, cy + disc.y * MARGIN / side
        dot[rows] = disc.dot / side
        rings += [(cx, cy, radius * MARGIN / side) for _, _, radius in disc.rings]
    return Places2D(x, y, dot, rings)


def _disc(flat: wb.FlatSubgraph) -> Places2D:
    found = wb.radial_layout(flat)
    rings = [(0.0, 0.0, radius) for radius in found.rings.tolist()]
    return Places2D(found.x, found.y, found.dots[flat.hop], rings)
