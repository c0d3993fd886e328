"""RankingGNN: a score for every row of another table, per seed.

    score(seed, row) = <head(seed), vector(row) + tower(row, anchor)> + biases   what the seed is like
                     + seen(row in the seed's own neighbourhood)                 what it was close to before

``ranked_by`` of the plan says what stands for a row. ``ids``: a vector and a bias learned per row, so rows
need no features, and those that came after the training are not ranked. ``features``: a tower over its
columns as of the anchor (``row_tower.py``), so new rows are ranked too. ``both``: the sum; a new row has its
tower alone. The second part knows rows by their identity: how often, how lately and in what company a row
lies among what the seed sees. A row that does not exist at the anchor has no chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from workbench.models.best_rows import best_of
from workbench.models.hetero_gnn import HeteroGNN
from workbench.models.row_tower import RowTower, Shelf
from workbench.models.statistics import Statistics
from workbench.plan.model_plan import ModelPlan
from workbench.schema import Schema
from workbench.types import TimeArray

Company = tuple[Tensor, Tensor, Tensor]
"""Of every row that lies in a neighbourhood: its seed, the row, and its score for that."""


@dataclass(frozen=True)
class Candidates:
    """The rows that are ranked: the first of their table.

    Attributes
    ----------
    table : str
    rows : int
    begin, end : int64[at least rows] or None  when a row comes and goes; None: always there
    known : int or None  rows that were there when training began; None: all
    shelf : Shelf or None  where their features are read; needed where features rank them
    """

    table: str
    rows: int
    begin: TimeArray | None = None
    end: TimeArray | None = None
    known: int | None = None
    shelf: Shelf | None = None


class RankingGNN(HeteroGNN):
    """The built-in model of ranking tasks; takes disjoint batches.

    Parameters
    ----------
    schema, plan, statistics, seed_type
        As of :class:`~workbench.models.hetero_gnn.HeteroGNN`; the statistics of the table that is ranked
        too, where its features rank it.
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
        self.known = 0 if plan.model.ranked_by == "features" else candidates.known or rows
        if self.known:
            self.vectors = nn.Embedding(self.known, channels)
            self.bias = nn.Parameter(torch.zeros(self.known))
        self.tower: RowTower | None = None
        if plan.model.ranked_by != "ids":
            assert candidates.shelf is not None, "features of rows are read from a shelf"
            self.tower = RowTower(schema, self.table, statistics, plan.model, candidates.shelf)
        if self.known:
            # Beside a tower a row begins as what its features say, so one that is never drawn stays so.
            nn.init.normal_(self.vectors.weight, std=channels**-0.5 if self.tower is None else 1e-3)
        self.seen = nn.Sequential(nn.Linear(3 * channels + 1, channels), nn.ReLU(), nn.Linear(channels, 1))
        # Times are the store's, not the model's: they are not among its weights.
        for name, times in (("begin", candidates.begin), ("end", candidates.end)):
            held = None if times is None else torch.from_numpy(times[:rows].copy())
            self.register_buffer(name, held, persistent=False)

    def forward(self, data: Any) -> Tensor:
        """float32[num_seeds, rows]: scores, minus infinity where a row does not exist at the anchor."""
        return self._scorer(data)(0, self.rows_ranked)

    def best(self, data: Any, k: int) -> Tensor:
        """float64[num_seeds, 2, k]: row and score of the k best, the best first; of equals the first row.

        Exact, and never more than a block of scores is held.
        """
        scorer = self._scorer(data)
        lanes = int(data[self.seed_type].batch_size)
        rows, scores = best_of(scorer, lanes, self.rows_ranked, min(k, self.rows_ranked))
        return torch.stack([rows.double(), scores], dim=1)

    def _scorer(self, data: Any) -> Callable[[int, int], Tensor]:
        """Scores of the rows of a block, each seed having been read once."""
        inputs, seeds = self.read(data)
        wanted = torch.as_tensor(self.head(seeds))
        anchors = data[self.seed_type].seed_time
        company = self._seen(data, inputs, wanted) if self.table in inputs else None

        def score(start: int, stop: int) -> Tensor:
            scores = self._by_id(wanted, start, stop)
            if self.tower is not None:
                scores = scores + self.tower(wanted, anchors, start, stop)
            if company is not None:
                scores = _with_company(scores, company, start, stop)
            return scores.masked_fill(self._absent(anchors, start, stop), float("-inf"))

        return score

    def _by_id(self, wanted: Tensor, start: int, stop: int) -> Tensor:
        """float32[seeds, stop - start]: by what was learned of the row itself, 0 of rows that are new."""
        known = slice(start, max(start, min(stop, self.known)))
        new = stop - known.stop
        if known.start == known.stop:
            return wanted.new_zeros(len(wanted), new)
        scores = wanted @ self.vectors.weight[known].t() + self.bias[known]
        return scores if not new else torch.cat([scores, scores.new_zeros(len(wanted), new)], dim=1)

    def _seen(self, data: Any, inputs: dict[str, Tensor], wanted: Tensor) -> Company:
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

    def _absent(self, anchors: Tensor, start: int, stop: int) -> Tensor:
        absent = torch.zeros(len(anchors), stop - start, dtype=torch.bool, device=anchors.device)
        if self.begin is not None:
            absent |= self.begin[None, start:stop] > anchors[:, None]
        if self.end is not None:
            absent |= self.end[None, start:stop] <= anchors[:, None]
        return absent


def _with_company(scores: Tensor, company: Company, start: int, stop: int) -> Tensor:
    lane, row, value = company
    here = torch.nonzero((row >= start) & (row < stop)).squeeze(1)
    place = (lane[here], row[here] - start)
    return scores.index_put(place, value[here].to(scores.dtype), accumulate=True)
