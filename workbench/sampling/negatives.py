"""Negative links: pairs of nodes that exist at the anchor and are not linked, drawn by key.

Ids of a type are in time order, so the nodes that exist at an anchor are those below its cut, but for those
that ended: one draw below the cut is exact, whatever share of the nodes is older. With weights the same holds
for the prefix of their running sum; a node drawn by its degree at the anchor is the end of a uniform edge.

A pair that is linked (``Negatives``), or a node that ended, is drawn again, ``tries`` times at most; what is
left then is drawn by an exact scan of all pairs that are allowed, from the same distribution. So every
negative is drawn from the allowed pairs with the stated weights, whatever ``tries`` is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.errors import AnchorError, FanoutError, IdError, explain
from workbench.kernels.draws import draw_each_below
from workbench.kernels.rng import mix, node_keys, seed_keys
from workbench.sampling.avoided import Avoided, Ends, Negatives
from workbench.sampling.pairs import EdgePairs
from workbench.stores.protocols import GraphStore
from workbench.temporal import BEGINNING, cut, iso, visible
from workbench.types import AnyArray, Int64Array, TimeArray, UInt64Array


def draw_negatives(
    graph: GraphStore,
    links: Ends,
    rule: Negatives,
    count: int,
    key: int,
    edges: EdgePairs | None = None,
    keep_row: bool = False,
    weights: tuple[AnyArray | None, AnyArray | None] = (None, None),
) -> tuple[Int64Array, Int64Array]:
    """Draw ``count`` pairs; number j belongs to link ``j % n``.

    Parameters
    ----------
    links : Ends
    edges : EdgePairs or None  of the links' edge type; needed where ``rule.needs_edges``
    keep_row : bool  True (triplets): the row stays the link's own
    weights : (float[num_nodes] or None) x 2  unnormalised, non-negative; they replace ``rule.draw``

    Returns
    -------
    row, col : int64[count]

    Raises
    ------
    AnchorError
        If no pair is allowed at an anchor.
    IdError
        If weights are not one finite, non-negative number per node.
    """
    if rule.needs_edges and edges is None:
        raise FanoutError(
            explain("negatives that know the edges were asked for", "no edge type was given", do="Name one")
        )
    place = np.arange(count)
    link, copy = place % max(1, len(links.row)), place // max(1, len(links.row))
    ends = [_End.of(graph, links, rule, number, edges, weights[number]) for number in (0, 1)]
    avoided = Avoided(links, rule, edges)
    base = [seed_keys(mix(key, end, *name.encode()), 0, links.input_ids, links.anchors)
            for end, name in enumerate(links.types)]  # fmt: skip
    out = np.stack([links.row[link], np.zeros(count, np.int64)])
    pending = place
    for attempt in range(rule.tries):
        for end in range(int(keep_row), 2):
            keys = node_keys(base[end][link[pending]], np.uint64(attempt), copy[pending])
            out[end, pending] = ends[end].draw(keys, link[pending])
        pending = pending[avoided.has(out[0, pending], out[1, pending], link[pending])]
        if not len(pending):
            break
    for j in pending.tolist():
        keys = [node_keys(part[link[j : j + 1]], np.uint64(rule.tries), copy[j : j + 1]) for part in base]
        out[:, j] = _exact(ends, avoided, int(link[j]), keys, keep_row)
    return out[0], out[1]


def _exact(
    ends: list[_End], avoided: Avoided, link: int, keys: list[UInt64Array], keep_row: bool
) -> tuple[int, int]:
    """One allowed pair of a link by its weight, from a scan of all."""
    for last in (False, True):
        rows, cols = (end.weights(link, last) for end in ends)
        row = int(avoided.links.row[link])
        if not keep_row:
            known_row, known_col = avoided.pairs(link)
            inside = (known_row < len(rows)) & (known_col < len(cols))
            taken = np.bincount(known_row[inside], cols[known_col[inside]], len(rows))
            room = rows * (cols.sum() - taken)
            room[room < 1e-12 * room.sum()] = 0  # what a difference of sums leaves of nothing
            row = _pick(room, keys[0])
        if row >= 0:
            known_col = avoided.partners(row, link)
            cols[known_col[known_col < len(cols)]] = 0
            col = _pick(cols, keys[1])
            if col >= 0:
                return row, col
    raise AnchorError(
        explain(
            f"a negative of link {int(avoided.links.input_ids[link])} "
            f"({avoided.links.types[0]} {int(avoided.links.row[link])}, "
            f"{avoided.links.types[1]} {int(avoided.links.col[link])}) was asked for "
            f"at {iso(int(avoided.links.anchors[link]))}",
            "every pair of nodes that exist at that time is linked, a positive, or of weight 0",
            do="Drop the link, give a later anchor, or draw with Negatives(avoid_edges=False)",
        )
    )


def _pick(weights: AnyArray, key: UInt64Array) -> int:
    """A place by its weight; -1 if there is none."""
    running = np.cumsum(weights)
    if not len(running) or running[-1] <= 0:
        return -1
    return int(np.searchsorted(running, _share(key)[0] * running[-1], side="right"))


def _share(keys: UInt64Array) -> AnyArray:
    """53 bits make a uniform float in [0, 1); ``searchsorted(side="right")`` skips weights of 0."""
    return (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53


@dataclass(frozen=True)
class _End:
    """One end of negatives.

    Attributes
    ----------
    anchors : int64[n]  of the links
    below : int64[n]  nodes from here on do not exist yet at the link's anchor
    over : int64[num_nodes] or None  when each node ends
    running : float64[num_nodes] or None  running sum of given weights
    pool : ids[p] or None  nodes to draw places of
    room : int64[n]  how many places of the pool count for each link
    """

    anchors: TimeArray
    below: Int64Array
    over: TimeArray | None
    running: AnyArray | None
    pool: AnyArray | None
    room: Int64Array

    @classmethod
    def of(
        cls, graph: GraphStore, links: Ends, rule: Negatives, number: int,
        edges: EdgePairs | None, weights: AnyArray | None,
    ) -> _End:  # fmt: skip
        """What a rule means for the rows (0) or cols (1) of links."""
        name, anchors = links.types[number], links.anchors
        below, over = visible_nodes(graph, name, anchors), graph.ends(name)
        if weights is not None:
            running = _running_sum(weights, name, graph.num_nodes(name))
            return cls(anchors, below, over, running, None, below)
        if rule.draw == "popular" and edges is not None:
            pool = (edges.row, edges.col)[number]
            return cls(anchors, below, over, None, pool, edges.visible(anchors))
        if rule.draw == "in-batch":
            pool = (links.row, links.col)[number]
            return cls(anchors, below, over, None, pool, np.full(len(below), len(below)))
        return cls(anchors, below, over, None, None, below)

    def draw(self, keys: UInt64Array, link: Int64Array) -> Int64Array:
        """int64[m]: one node each, -1 where the draw hit none that exists."""
        drawn = self._draw(keys, link)
        if self.over is None or not len(self.over):
            return drawn
        lives = visible(BEGINNING, self.anchors[link], self.over[drawn])
        return np.where((drawn >= 0) & lives, drawn, -1)

    def _draw(self, keys: UInt64Array, link: Int64Array) -> Int64Array:
        """The same, before any node ends."""
        below, room = self.below[link], self.room[link]
        if self.running is not None:
            top = np.where(below > 0, self.running[below - 1], 0.0)
            found = np.searchsorted(self.running, _share(keys) * top, side="right")
            return np.where(top > 0, np.minimum(found, below - 1), -1)
        drawn = draw_each_below(keys, np.maximum(room, 1))
        if self.pool is not None and len(self.pool):
            drawn = self.pool[drawn].astype(np.int64)
        return np.where((room > 0) & (drawn < below), drawn, -1)

    def weights(self, link: int, last: bool) -> AnyArray:
        """float64[nodes that were there]: 0 where it ended; ``last``: alike where a pool is exhausted."""
        weights = self._weights(link, last)
        if self.over is not None:
            weights[~visible(BEGINNING, self.anchors[link], self.over[: len(weights)])] = 0.0
        return weights

    def _weights(self, link: int, last: bool) -> AnyArray:
        below = int(self.below[link])
        if self.running is not None:
            return np.diff(self.running[:below], prepend=0.0)
        if self.pool is None or last:
            return np.ones(below)
        places = self.pool[: self.room[link]]
        return np.bincount(places[places < below].astype(np.int64), minlength=below).astype(np.float64)


def _running_sum(weights: AnyArray, node_type: str, count: int) -> AnyArray:
    array = np.asarray(weights, np.float64)
    if array.shape == (count,) and np.isfinite(array).all() and not (array < 0).any():
        return np.cumsum(array)
    got = f"got {array.size:,} of shape {array.shape}"
    if array.shape == (count,):
        got = f"number {int(np.argmin(np.isfinite(array) & (array >= 0)))} is negative or not finite"
    allowed = f"{count:,} numbers of 0 or more, one per node"
    raise IdError(explain(f"negatives of type {node_type!r} were asked for with weights", got, allowed))


def visible_nodes(graph: GraphStore, node_type: str, anchors: TimeArray) -> Int64Array:
    """int64[n]: how many nodes of the type exist at each anchor; their ids are those below."""
    times = graph.times(node_type)
    if times is None:
        return np.full(len(anchors), graph.num_nodes(node_type))
    return cut(times, anchors)
