r"""Where the nodes of a sampled subgraph are drawn: a radial tidy tree with one ring per hop.

    one seed: the seed at the centre          many seeds: seeds on the innermost ring, a sector each
           . o .                                        \  s  /
         o   s   o     ring 1                            s   s
           . o .                                        /  s  \

Each node sits in the middle of its subtree's sector, and sectors are as wide as their leaves need:
 no force layout, no iterations, about a millisecond for 10,000 nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.report.flat import FlatSubgraph
from workbench.types import AnyArray, Float32Array, Int32Array, Int64Array


@dataclass(frozen=True)
class RadialLayout:
    """Positions in the square from -1 to 1, y pointing down as on screens.

    Attributes
    ----------
    x, y : float32[n]  in the order of the flat subgraph
    angle : float32[n]  radians
    rings : float32[hops + 1]  radius of each hop's ring; entry 0 is 0 if there is one seed
    dots : float32[hops + 1]  radius of a dot that just clears its neighbours, per ring
    parent : int32[n]  the node whose expansion discovered each node; -1 for seeds
    """

    x: Float32Array
    y: Float32Array
    angle: Float32Array
    rings: Float32Array
    dots: Float32Array
    parent: Int32Array

    def __len__(self) -> int:
        return len(self.x)


def radial_layout(flat: FlatSubgraph) -> RadialLayout:
    """Lay the discovery tree of a subgraph out on hop rings.

    Cost is O(n log n) numpy work per hop; the same subgraph always gives the same picture.
    """
    parent = flat.parent
    hops = int(flat.hop.max(initial=0))
    levels = [np.flatnonzero(flat.hop == hop) for hop in range(hops + 1)]
    rings = _rings(hops, len(levels[0]))
    start, width = _sectors(levels, rings, parent, flat.type)
    total = max(float(width[levels[0]].sum()), 1.0)
    # The first sector opens at twelve o'clock.
    angle = (start + width / 2) / total * 2 * np.pi - np.pi / 2
    radius = rings[flat.hop]
    return RadialLayout(
        (radius * np.cos(angle)).astype(np.float32),
        (radius * np.sin(angle)).astype(np.float32),
        angle.astype(np.float32),
        rings.astype(np.float32),
        np.array([_dot(angle[level], ring) for level, ring in zip(levels, rings, strict=True)], np.float32),
        parent,
    )


def _rings(hops: int, seeds: int) -> AnyArray:
    """One seed sits in the middle; several need a ring of their own to keep apart."""
    inner = 0 if seeds <= 1 else 1
    radii = np.arange(hops + 1) + inner
    return radii / max(int(radii[-1]), 1)


def _sectors(
    levels: list[Int64Array], rings: AnyArray, parent: Int32Array, kind: Int32Array
) -> tuple[AnyArray, AnyArray]:
    """Start and width of every subtree's sector, in units of one leaf on the outermost ring.

    Cost is that of sorting each ring once.
    """
    width = np.zeros(len(parent))
    for hop, level in reversed(list(enumerate(levels))):
        width[level] = np.maximum(width[level], _need(hop, rings))
        has_parent = level[parent[level] >= 0]
        np.add.at(width, parent[has_parent], width[has_parent])
    start = np.zeros(len(parent))
    for hop, level in enumerate(levels):
        roots = hop == 0
        origin = np.zeros(len(level)) if roots else start[parent[level]]
        # Siblings of one type stay together: the eye reads a fan of orders as one fan.
        order = np.argsort(origin, kind="stable") if roots else np.lexsort((level, kind[level], origin))
        nodes, origin = level[order], origin[order]
        before = np.cumsum(width[nodes]) - width[nodes]
        first = np.r_[True, origin[1:] != origin[:-1]] if len(nodes) else np.empty(0, bool)
        family_start = before[first][np.cumsum(first) - 1] if len(nodes) else before
        # A parent whose own need is wider than its children's centres them.
        spare = 0.0 if roots else _spare(width, parent[nodes], nodes)
        start[nodes] = origin + before - family_start + spare
    return start, width


def _need(hop: int, rings: AnyArray) -> float:
    """Sector of a leaf: wider further in, where the ring is shorter and the dots may be larger."""
    return (1 + 0.6 * (len(rings) - 1 - hop)) / float(rings[hop]) if rings[hop] else 1.0


def _dot(angle: AnyArray, ring: float) -> float:
    """Half of the space between neighbours on a ring, the tightest tenth left to touch."""
    if len(angle) < 2 or not ring:
        return 1.0
    turns = np.sort(angle)
    gaps = np.diff(np.r_[turns, turns[0] + 2 * np.pi])
    return float(ring * np.sin(np.quantile(np.minimum(gaps, np.pi), 0.1) / 2) * 0.9)


def _spare(width: AnyArray, parents: Int32Array, nodes: Int64Array) -> AnyArray:
    """Half of the room that a parent has beyond what its children take."""
    taken = np.zeros(len(width))
    np.add.at(taken, parents, width[nodes])
    return (width[parents] - taken[parents]) / 2
