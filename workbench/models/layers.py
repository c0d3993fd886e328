"""One message passing layer: several aggregations side by side, per edge type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from workbench.models.dropout import KeyedDropout
from workbench.plan.architecture import ModelSettings
from workbench.schema import EdgeType

HALVED = 4.0
"""Newer messages of its edge type after which a message counts half in the aggregation ``decay``."""


class Messages(NamedTuple):
    """Along which edges of a type a layer sends.

    Attributes
    ----------
    edge_index : int64[2, m]  src, dst
    vectors : float32[m, channels] or None  of an edge table's rows
    fade : float32[m] or None  what each counts in the aggregation ``decay``
    """

    edge_index: Tensor
    vectors: Tensor | None = None
    fade: Tensor | None = None


Edges = Mapping[EdgeType, Messages]


class SageLayer(nn.Module):
    """``h'(v) = h(v) + dropout(relu(norm(W_self h(v) + sum_e W_e aggregate_e(v))))``.

    Parameters
    ----------
    edge_types : sequence of EdgeType  along which messages flow in this layer
    node_types : sequence of str  whose nodes are updated
    settings : ModelSettings
    """

    def __init__(
        self, edge_types: Sequence[EdgeType], node_types: Sequence[str], settings: ModelSettings
    ) -> None:
        super().__init__()
        width, self.aggregations = settings.channels, settings.aggregations
        wide = sum(1 if name == "count" else width for name in self.aggregations)
        self.node_types = list(node_types)
        self.edge_types = [e for e in dict.fromkeys(edge_types) if e.dst in self.node_types]
        self.own = nn.ModuleList(nn.Linear(width, width) for _ in self.node_types)
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in self.node_types)
        # Without a bias, a node without such neighbours gets exactly nothing from the edge type.
        self.message = nn.ModuleList(nn.Linear(wide, width, bias=False) for _ in self.edge_types)
        self.dropout = KeyedDropout(settings.dropout)

    def forward(
        self, hidden: Mapping[str, Tensor], edges: Edges, sizes: Mapping[str, int]
    ) -> dict[str, Tensor]:
        """Update the first ``sizes[type]`` nodes of every updated type.

        Parameters
        ----------
        hidden : dict node type -> float32[n, channels]
        edges : see :data:`Edges`
        sizes : dict node type -> nodes to keep

        Returns
        -------
        dict node type -> float32[sizes[type], channels]
        """
        kept = {name: hidden[name][: sizes[name]] for name in self.node_types}
        sums = {name: own(kept[name]) for name, own in zip(self.node_types, self.own, strict=True)}
        for edge_type, message in zip(self.edge_types, self.message, strict=True):
            (source, target), vectors, fade = edges[edge_type]
            if not source.shape[0]:
                continue
            sent = hidden[edge_type.src].index_select(0, source)
            sent = sent if vectors is None else sent + vectors
            size = kept[edge_type.dst].shape[0]
            sums[edge_type.dst] = sums[edge_type.dst] + message(self._aggregate(sent, target, size, fade))
        return {
            name: kept[name] + self.dropout(norm(sums[name]).relu())
            for name, norm in zip(self.node_types, self.norm, strict=True)
        }

    def _aggregate(self, sent: Tensor, target: Tensor, size: int, fade: Tensor | None) -> Tensor:
        """Combined in each way, side by side; how many messages a node gets is counted once."""
        counted = {"mean", "count", "decay"} & set(self.aggregations)
        counts = _counts(sent, target, size) if counted else None
        parts = [aggregate(sent, target, size, name, counts, fade) for name in self.aggregations]
        return torch.cat(parts, dim=1)


def aggregate(
    sent: Tensor,
    target: Tensor,
    size: int,
    name: str,
    counts: Tensor | None = None,
    fade: Tensor | None = None,
) -> Tensor:
    """Combine messages by target node.

    Parameters
    ----------
    sent : float32[m, channels]
    target : int64[m]  in [0, size)
    size : int
    name : str  ``mean``, ``decay``, ``sum``, ``max``, ``min`` or ``count``
    counts : float32[size, 1] or None  messages of each node, where they are known
    fade : float32[m] or None  weights of ``decay``, a weighted mean; None: all the same

    Returns
    -------
    float32[size, channels], float32[size, 1] for ``count``; zeros where no message arrived
    """
    if name in ("max", "min"):
        empty = sent.new_zeros(size, sent.shape[1])
        index = target[:, None].expand_as(sent)
        return empty.scatter_reduce(0, index, sent, "a" + name, include_self=False)
    if name == "decay" and fade is not None:
        total = sent.new_zeros(size, sent.shape[1]).index_add(0, target, sent * fade[:, None])
        return total / sent.new_zeros(size).index_add(0, target, fade)[:, None].clamp(min=1e-6)
    if name != "count":
        total = sent.new_zeros(size, sent.shape[1]).index_add(0, target, sent)
        if name == "sum":
            return total
    counts = _counts(sent, target, size) if counts is None else counts
    return counts.log1p() if name == "count" else total / counts.clamp(min=1.0)


def _counts(sent: Tensor, target: Tensor, size: int) -> Tensor:
    ones = sent.new_ones(target.shape[0])
    return sent.new_zeros(size).index_add(0, target, ones)[:, None]


def fade_by_rank(target: Tensor, time: Tensor) -> Tensor:
    """Weights that halve with every :data:`HALVED` messages to the same node that are newer.

    Parameters
    ----------
    target : int64[m]
    time : int64[m]  when each message's row happened; of rows of one instant the first counts as newer

    Returns
    -------
    float32[m]
    """
    order = torch.argsort(time, descending=True, stable=True)
    order = order[torch.argsort(target[order], stable=True)]
    sorted_target = target[order]
    place = torch.arange(len(target), device=target.device)
    first = torch.searchsorted(sorted_target, sorted_target)
    fade = torch.empty(len(target), device=target.device)
    fade[order] = torch.exp2((first - place) / HALVED)
    return fade


def trim_edges(
    counts: Mapping[EdgeType, Sequence[int] | None],
    edges: Edges,
    hops: int,
    sizes: Mapping[str, int] | None = None,
) -> dict[EdgeType, Messages]:
    """Keep the edges within some hops: a prefix of each edge type's edges.

    Parameters
    ----------
    counts : dict edge type -> edges of each hop, or None where that is not known
    edges : see :data:`Edges`
    sizes : dict node type -> n, or None
        Only edges into the first n nodes of a type. A drawn edge always leads to a node of an earlier hop;
        one that was added beside them may lead to a node that the layer does not update.
    """
    kept = {}
    for edge_type, (index, *more) in edges.items():
        drawn = counts[edge_type]
        size = index.shape[1] if drawn is None else sum(int(count) for count in drawn[:hops])
        index, more = index[:, :size], [None if each is None else each[:size] for each in more]
        if sizes is not None:
            inside = index[1] < sizes[edge_type.dst]
            index, more = index[:, inside], [None if each is None else each[inside] for each in more]
        kept[edge_type] = Messages(index, *more)
    return kept
