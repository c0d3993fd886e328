"""Batches altered on purpose: edges left out, or a column's values exchanged between rows.

The batch that was given stays as it is; what is not altered is shared with it.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.schema import EdgeType, Schema
from workbench.stores.features import GroupLayout
from workbench.training.explain_inputs import float_places
from workbench.training.past_labels import ATTRIBUTE

Cell = tuple[int, EdgeType]
"""A hop and an edge type: what a plan draws in one go."""


def cells_of(data: Any) -> list[Cell]:
    """The cells that have edges in a batch, by hop, then in the order of its edge types."""
    counts = {EdgeType._make(name): data[name].num_sampled_edges for name in data.edge_types}
    found = [(hop, name) for name, each in counts.items() for hop, edges in enumerate(each, 1) if edges]
    return sorted(found, key=lambda cell: cell[0])


def edges_per_cell(data: Any, cell: Cell) -> Tensor:
    """int64[seeds]: edges of a cell by the seed that they were drawn for, in a disjoint batch."""
    hop, edge_type = cell
    here = slice(*_span(data[edge_type].num_sampled_edges, hop))
    owners = data[edge_type.dst].batch[data[edge_type].edge_index[1, here]]
    seeds = next(store.batch_size for store in data.node_stores if "batch_size" in store)
    return torch.bincount(owners, minlength=seeds)


def only(data: Any, kept: Collection[Cell]) -> Any:
    """The batch with the edges of some cells; nodes stay, so what led to a node may be gone."""
    altered = copy.copy(data)
    for edge_type in map(EdgeType._make, data.edge_types):
        store, counts = altered[edge_type], list(data[edge_type].num_sampled_edges)
        stays = [(hop, edge_type) in kept for hop in range(1, len(counts) + 1)]
        edges = store.edge_index.shape[1]
        chosen = torch.repeat_interleave(torch.tensor(stays), torch.tensor(counts))
        chosen = chosen.to(store.edge_index.device)
        for name, value in list(store.items()):
            if name == "edge_index":
                store[name] = value[:, chosen]
            elif isinstance(value, Tensor) and value.dim() and len(value) == edges:
                store[name] = value[chosen]
        store["num_sampled_edges"] = [n if stay else 0 for n, stay in zip(counts, stays, strict=True)]
    return altered


@dataclass(frozen=True)
class Exchange:
    """Values of one column, exchanged between rows of the same hop; dates keep their age at the anchor.

    Attributes
    ----------
    schema : Schema
    layout : GroupLayout or None  of the column's table; None: it stores no features
    table, column : str  ``column`` may be the table's own time
    """

    schema: Schema
    layout: GroupLayout | None
    table: str
    column: str

    def __call__(self, data: Any, generator: np.random.Generator) -> Any:
        """The batch with the column's values exchanged wherever its table is read."""
        altered = copy.copy(data)
        anchors = next(store.seed_time for store in data.node_stores if "seed_time" in store)
        for holder, hops, owner, clock in self._held(altered):
            order = _within(hops, generator).to(anchors.device)
            self._move(holder, order, anchors[owner.clamp(min=0)], clock)
        return altered

    def _held(self, data: Any) -> Iterator[tuple[Any, list[int], Tensor, str]]:
        """Attributes of the table's rows, rows per hop, their seed, and the name of the rows' own time."""
        spec_of = self.schema.edge_spec
        for kind in data.node_types:
            store = data[kind]
            if kind == self.table:
                yield store, store.num_sampled_nodes, store.batch, "time"
            if self.table in store.get("as_of", {}):
                versions = dict(store["as_of"])
                versions[self.table] = dict(versions[self.table])
                store["as_of"] = versions
                yield versions[self.table], store.num_sampled_nodes, store.batch, "time"
        for edge_type in map(EdgeType._make, data.edge_types):
            if spec_of(edge_type).table == self.table and spec_of(edge_type).layout == "edges":
                store = data[edge_type]
                owner = data[edge_type.dst].batch[store.edge_index[1]]
                yield store, store.num_sampled_edges, owner, "edge_time"

    def _move(self, holder: Any, order: Tensor, anchors: Tensor, clock: str) -> None:
        if self.column == self.schema[self.table].time and clock in holder:
            time = holder[clock]
            holder[clock] = anchors - (anchors - time)[order]
        if self.layout is None:
            return
        for position, column in enumerate(self.layout.columns):
            if column.name == self.column:
                places = range(column.start, column.start + column.width)
                _swap(holder, column.section, places, order, anchors)
                _swap(holder, "present", range(position, position + 1), order, anchors)
                for name in ("x", "edge_attr"):
                    mixed = dict(float_places(self.layout, name)).get(f"{self.table}.{self.column}", ())
                    _swap(holder, name, mixed, order, anchors)


def exchange_past_labels(data: Any, seed_type: str, generator: np.random.Generator) -> Any:
    """The batch with what seeds are told of earlier labels exchanged between them."""
    altered = copy.copy(data)
    numbers = altered[seed_type][ATTRIBUTE]
    altered[seed_type][ATTRIBUTE] = numbers[torch.from_numpy(generator.permutation(len(numbers)))]
    return altered


def _swap(holder: Any, name: str, places: Sequence[int], order: Tensor, anchors: Tensor) -> None:
    if name not in holder or not places:
        return
    values, at = holder[name].clone(), list(places)
    moved = values[:, at]
    if name == "timestamp":
        moved = anchors[:, None] - (anchors[:, None] - moved)[order]
    else:
        moved = moved[order]
    values[:, at] = moved
    holder[name] = values


def _within(counts: list[int], generator: np.random.Generator) -> Tensor:
    """int64[rows]: a permutation that moves rows within their hop only."""
    ends = np.cumsum([0, *counts])
    parts = [first + generator.permutation(n) for first, n in zip(ends, counts, strict=False)]
    return torch.from_numpy(np.concatenate(parts).astype(np.int64))


def _span(counts: list[int], hop: int) -> tuple[int, int]:
    return sum(counts[: hop - 1]), sum(counts[:hop])
