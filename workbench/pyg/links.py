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
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.sampler import EdgeSamplerInput, NegativeSampling

from workbench.sampling.negatives import draw_negatives
from workbench.stores.protocols import GraphStore
from workbench.stores.request import SeedSet
from workbench.temporal import FOREVER
from workbench.types import AnyArray, Int64Array, TimeArray


@dataclass(frozen=True)
class Links:
    """Pairs of one batch.

    Attributes
    ----------
    types : (node type of rows, node type of cols)
    input_id : int64[n]
    row, col : int64[n] before negatives are drawn; then longer (see above)
    anchors : int64[n]  FOREVER without times
    label : Tensor[n, ...] or None
    timed : bool  whether the caller gave times
    negatives : NegativeSampling or None
    """

    types: tuple[str, str]
    input_id: Int64Array
    row: Int64Array
    col: Int64Array
    anchors: TimeArray
    label: Tensor | None
    timed: bool
    negatives: NegativeSampling | None

    @classmethod
    def of(cls, index: EdgeSamplerInput, types: tuple[str, str], negatives: NegativeSampling | None) -> Links:
        """Read what a stock loader passes."""
        count = index.row.numel()
        input_id = np.arange(count) if index.input_id is None else index.input_id.numpy()
        # SeedSet checks dtypes and shapes and spreads anchors.
        times = None if index.time is None else index.time.numpy()
        rows = SeedSet.of(types[0], index.row.numpy(), times, input_id)
        cols = SeedSet.of(types[1], index.col.numpy(), times, input_id)
        timed = index.time is not None
        return cls(types, rows.input_ids, rows.ids, cols.ids, rows.anchors, index.label, timed, negatives)

    def __len__(self) -> int:
        return len(self.anchors)

    def with_negatives(self, graph: GraphStore, key: int) -> Links:
        """The same links with negatives behind them."""
        if self.negatives is None:
            return self
        count = math.ceil(len(self) * self.negatives.amount)
        copies = math.ceil(self.negatives.amount)

        def draw(end: int, weight: Tensor | None) -> Int64Array:
            weights = None if weight is None else weight.numpy()
            salted = key ^ (end + 1)  # a type may stand at both ends
            drawn = draw_negatives(
                graph, self.types[end], self.input_id, self.anchors, salted, copies, weights
            )
            return drawn[:count]

        col = np.concatenate([self.col, draw(1, self.negatives.dst_weight)])
        if self.negatives.is_triplet():
            return replace(self, col=col)
        row = np.concatenate([self.row, draw(0, self.negatives.src_weight)])
        label = torch.ones(len(self)) if self.label is None else self.label
        none = label.new_zeros((count, *label.shape[1:]))
        return replace(self, row=row, col=col, label=torch.cat([label, none]))

    def seed_sets(self, disjoint: bool) -> tuple[tuple[SeedSet, ...], tuple[Int64Array, Int64Array]]:
        """Seeds to sample around, and the local ids that rows and cols will have."""
        same_type = self.types[0] == self.types[1]
        ends = [np.concatenate([self.row, self.col])] if same_type else [self.row, self.col]
        stamps = [self._anchors_of(len(self.row)), self._anchors_of(len(self.col))]
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

    def metadata(self, places: tuple[Int64Array, Int64Array]) -> tuple[Any, ...]:
        """What stock loaders expect beside the subgraph."""
        row, col = (torch.from_numpy(place) for place in places)
        input_id = torch.from_numpy(self.input_id)
        time = torch.from_numpy(self._anchors_of(len(self.row))) if self.timed else None
        if self.negatives is None or self.negatives.is_binary():
            return input_id, torch.stack([row, col]), self.label, time
        count = len(self)
        # Copy after copy becomes one row per link; a single copy is a vector.
        negative = col[count:].view(math.ceil(self.negatives.amount), count).t().squeeze(-1)
        return input_id, row, col[:count], negative, time

    def _anchors_of(self, length: int) -> TimeArray:
        return np.resize(self.anchors, length) if len(self.anchors) else np.full(length, FOREVER)
