"""RankingGNN: a score for every row of another table, per seed.

    score(seed, row) = <head(seed), vector(row)> + bias(row)              what the seed is like
                     + seen(row in the seed's own neighbourhood)          what it was close to before

Vectors and biases are learned per row (a shallow tower), so rows need no features, and those that came
after the training are not ranked. The second part knows rows by their identity: how often, how lately and
in what company a row lies among what the seed sees. A row that does not exist at the anchor has no chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from workbench.models.hetero_gnn import HeteroGNN
from workbench.models.statistics import Statistics
from workbench.plan.model_plan import ModelPlan
from workbench.schema import Schema
from workbench.types import TimeArray


@dataclass(frozen=True)
class Candidates:
    """The rows that are ranked: the first of their table, as many as there were when training began.

    Attributes
    ----------
    table : str
    rows : int
    begin, end : int64[at least rows] or None  when a row comes and goes; None: always there
    """

    table: str
    rows: int
    begin: TimeArray | None = None
    end: TimeArray | None = None


class RankingGNN(HeteroGNN):
    """The built-in model of ranking tasks; takes disjoint batches.

    Parameters
    ----------
    schema, plan, statistics, seed_type
        As of :class:`~workbench.models.hetero_gnn.HeteroGNN`.
    candidates : Candidates
    """

    begin: Tensor | None
    end: Tensor | None

    def __init__(
        self, schema: Schema, plan: ModelPlan, statistics: Statistics, seed_type: str, candidates: Candidates
    ) -> None:
        channels, rows = plan.model.channels, candidates.rows
        super().__init__(schema, plan, statistics, seed_type, outputs=channels)
        self.table, self.rows_ranked = candidates.table, rows
        self.vectors = nn.Embedding(rows, channels)
        nn.init.normal_(self.vectors.weight, std=channels**-0.5)
        self.bias = nn.Parameter(torch.zeros(rows))
        self.seen = nn.Sequential(nn.Linear(3 * channels + 1, channels), nn.ReLU(), nn.Linear(channels, 1))
        # Times are the store's, not the model's: they are not among its weights.
        for name, times in (("begin", candidates.begin), ("end", candidates.end)):
            held = None if times is None else torch.from_numpy(times[:rows].copy())
            self.register_buffer(name, held, persistent=False)

    def forward(self, data: Any) -> Tensor:
        """float32[num_seeds, rows]: scores, minus infinity where a row does not exist at the anchor."""
        inputs, seeds = self.read(data)
        wanted = torch.as_tensor(self.head(seeds))
        scores = wanted @ self.vectors.weight.t() + self.bias
        if self.table in inputs:
            lane, row, value = self._seen(data, inputs, wanted)
            scores = scores.index_put((lane, row), value.to(scores.dtype), accumulate=True)
        return scores.masked_fill(self._absent(data[self.seed_type].seed_time), float("-inf"))

    def _seen(self, data: Any, inputs: dict[str, Tensor], wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Seed, row and score of every candidate that lies in a neighbourhood."""
        store, own = data[self.table], inputs[self.table]
        company, count = torch.zeros_like(own), own.new_zeros(len(own), 1)
        for edge_type in self.edge_types:
            if edge_type.src != self.table:
                continue
            source, target = data[edge_type].edge_index
            company = company.index_add(0, source, inputs[edge_type.dst][target])
            count = count.index_add(0, source, count.new_ones(len(source), 1))
        chosen = torch.nonzero((store.batch >= 0) & (store.n_id < self.rows_ranked)).squeeze(1)
        lane = store.batch[chosen]
        about = [own[chosen], (company / count.clamp(min=1))[chosen], count.log1p()[chosen], wanted[lane]]
        return lane, store.n_id[chosen], torch.as_tensor(self.seen(torch.cat(about, dim=1))).squeeze(1)

    def _absent(self, anchors: Tensor) -> Tensor:
        absent = torch.zeros(len(anchors), self.rows_ranked, dtype=torch.bool, device=anchors.device)
        if self.begin is not None:
            absent |= self.begin[None, :] > anchors[:, None]
        if self.end is not None:
            absent |= self.end[None, :] <= anchors[:, None]
        return absent
