"""Links as seeds: both ends of positive and negative pairs, and where each lies in the subgraph.

    row  | positives n | negatives m |     binary: both ends negative;  triplet: only dst, n * copies
    col  | positives n | negatives m |
    link     0 .. n-1     0 .. n-1 0 ..    negative j belongs to link j % n and shares its anchor

Two node types make two seed sets, one node type makes one (row ends first). Disjoint samples keep every
end apart; joint ones hold each distinct node once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from workbench.sampling.avoided import Ends, Negatives
from workbench.sampling.negatives import draw_negatives
from workbench.sampling.pairs import EdgePairs
from workbench.stores.protocols import GraphStore
from workbench.stores.request import HiddenEdges, SeedSet
from workbench.temporal import FOREVER
from workbench.types import AnyArray, Int64Array, TimeArray


@dataclass(frozen=True)
class Links:
    """Pairs of one batch.

    Attributes
    ----------
    types : (node type of rows, node type of cols)
    row, col : int64[n] before negatives are drawn; then longer (see above)
    anchors, input_ids : int64[n]
    """

    types: tuple[str, str]
    row: Int64Array
    col: Int64Array
    anchors: TimeArray
    input_ids: Int64Array

    @classmethod
    def of(
        cls,
        types: tuple[str, str],
        row: AnyArray,
        col: AnyArray,
        anchors: AnyArray | int | None = None,
        input_ids: AnyArray | None = None,
    ) -> Links:
        """Check and widen, as :meth:`SeedSet.of` does for each end.

        Raises
        ------
        IdError, AnchorError
        """
        rows = SeedSet.of(types[0], row, anchors, input_ids)
        cols = SeedSet.of(types[1], col, anchors, input_ids)
        return cls(types, rows.ids, cols.ids, rows.anchors, rows.input_ids)

    def __len__(self) -> int:
        return len(self.anchors)

    def with_negatives(
        self,
        graph: GraphStore,
        rule: Negatives,
        amount: float,
        key: int,
        *,
        edges: EdgePairs | None = None,
        triplet: bool = False,
        weights: tuple[AnyArray | None, AnyArray | None] = (None, None),
    ) -> Links:
        """The same links with ``ceil(n * amount)`` negatives behind them (see :func:`draw_negatives`).

        Raises
        ------
        AnchorError, IdError, FanoutError
        """
        count = math.ceil(len(self) * amount)
        ends = Ends(self.types, self.row, self.col, self.anchors, self.input_ids)
        row, col = draw_negatives(graph, ends, rule, count, key, edges, triplet, weights)
        longer = self.row if triplet else np.concatenate([self.row, row])
        return replace(self, row=longer, col=np.concatenate([self.col, col]))

    def seed_sets(self, disjoint: bool) -> tuple[tuple[SeedSet, ...], tuple[Int64Array, Int64Array]]:
        """Seeds to sample around, and the local ids that rows and cols will have."""
        same_type = self.types[0] == self.types[1]
        ends = [np.concatenate([self.row, self.col])] if same_type else [self.row, self.col]
        stamps = [self.anchors_of(len(self.row)), self.anchors_of(len(self.col))]
        stamps = [np.concatenate(stamps)] if same_type else stamps
        sets, places = [], []
        for name, ids, anchors in zip(self.types, ends, stamps, strict=False):
            if disjoint:
                place = np.arange(len(ids))
            elif len(np.unique(anchors)) <= 1:
                ids, place = np.unique(ids, return_inverse=True)
                anchors = anchors[: len(ids)]
            else:
                place = np.arange(len(ids))  # the store refuses two anchors, in its own words
            sets.append(SeedSet.of(name, ids, anchors))
            places.append(place.astype(np.int64))
        if same_type:
            places = [places[0][: len(self.row)], places[0][len(self.row) :]]
        return tuple(sets), (places[0], places[1])

    def link_of(self, batch: AnyArray) -> Int64Array:
        """int64[nodes]: the link that each node was sampled for, from its seed's position."""
        position = np.where(batch < len(self.row), batch, batch - len(self.row)).astype(np.int64)
        return np.where(batch < 0, -1, position % max(1, len(self)))

    def anchors_of(self, length: int) -> TimeArray:
        """int64[length]: anchors of rows or cols, negatives included."""
        return np.resize(self.anchors, length) if len(self.anchors) else np.full(length, FOREVER)

    def hidden_edges(self, edges: EdgePairs, seeds: int, disjoint: bool, later: bool = False) -> HiddenEdges:
        """The edges that join the two ends of each positive, for every seed of that link.

        Where both ends have one type, edges that join them the other way round are hidden too.

        Parameters
        ----------
        edges : EdgePairs  of the links' edge type
        seeds : int  of all seed sets of the request
        disjoint : bool  False: what one link hides, the batch hides
        later : bool
            Edges later than the anchor as well: plans that waive the times of edges (``static``) show them.
        """
        row, col, count = self.row[: len(self)], self.col[: len(self)], len(self)
        ways = [(row, col), (col, row)] if self.types[0] == self.types[1] else [(row, col)]
        link, rows = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for a, b in ways:
            offsets, found = edges.index.values_of(a, b)
            link.append(np.repeat(np.arange(count), np.diff(offsets)))
            rows.append(found.astype(np.int64))
        owner, hidden = np.concatenate(link), np.concatenate(rows)
        if not later:
            known = hidden < edges.below(self.anchors)[owner]
            owner, hidden = owner[known], hidden[known]
        owner, hidden = np.unique(np.stack([owner, hidden]), axis=1)
        if not disjoint:
            hidden = np.unique(hidden)
            offsets = np.full(seeds + 1, len(hidden), np.int64)
            offsets[0] = 0  # all are the first seed's: what is hidden from one is hidden from all
            return HiddenEdges(edges.edge_type, offsets, hidden)
        begin = np.searchsorted(owner, np.arange(count + 1))
        lanes = self.link_of(np.arange(seeds))
        counts = np.diff(begin)[lanes]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        return HiddenEdges(edges.edge_type, offsets, hidden[np.repeat(begin[lanes], counts) + within])
