"""One message passing layer: several aggregations side by side, per edge type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from workbench.models.dropout import KeyedDropout
from workbench.plan.architecture import ModelSettings
from workbench.schema import EdgeType

Edges = Mapping[EdgeType, tuple[Tensor, "Tensor | None"]]
"""Per edge type: ``edge_index`` int64[2, m] (src, dst) and an optional float32[m, channels]."""


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
            index, vectors = edges[edge_type]
            if not index.shape[1]:
                continue
            source, target = index[0], index[1]
            sent = hidden[edge_type.src].index_select(0, source)
            sent = sent if vectors is None else sent + vectors
            size = kept[edge_type.dst].shape[0]
            sums[edge_type.dst] = sums[edge_type.dst] + message(self._aggregate(sent, target, size))
        return {
            name: kept[name] + self.dropout(norm(sums[name]).relu())
            for name, norm in zip(self.node_types, self.norm, strict=True)
        }

    def _aggregate(self, sent: Tensor, target: Tensor, size: int) -> Tensor:
        """Combined in each way, side by side; how many messages a node gets is counted once."""
        counted = {"mean", "count"} & set(self.aggregations)
        counts = _counts(sent, target, size) if counted else None
        parts = [aggregate(sent, target, size, name, counts) for name in self.aggregations]
        return torch.cat(parts, dim=1)


def aggregate(sent: Tensor, target: Tensor, size: int, name: str, counts: Tensor | None = None) -> Tensor:
    """Combine messages by target node.

    Parameters
    ----------
    sent : float32[m, channels]
    target : int64[m]  in [0, size)
    size : int
    name : str  ``mean``, ``sum``, ``max``, ``min`` or ``count``
    counts : float32[size, 1] or None  messages of each node, where they are known

    Returns
    -------
    float32[size, channels], float32[size, 1] for ``count``; zeros where no message arrived
    """
    if name in ("max", "min"):
        empty = sent.new_zeros(size, sent.shape[1])
        index = target[:, None].expand_as(sent)
        return empty.scatter_reduce(0, index, sent, "a" + name, include_self=False)
    if name != "count":
        total = sent.new_zeros(size, sent.shape[1]).index_add(0, target, sent)
        if name == "sum":
            return total
    counts = _counts(sent, target, size) if counts is None else counts
    return counts.log1p() if name == "count" else total / counts.clamp(min=1.0)


def _counts(sent: Tensor, target: Tensor, size: int) -> Tensor:
    ones = sent.new_ones(target.shape[0])
    return sent.new_zeros(size).index_add(0, target, ones)[:, None]


def trim_edges(
    counts: Mapping[EdgeType, Sequence[int] | None],
    edges: Edges,
    hops: int,
    sizes: Mapping[str, int] | None = None,
) -> dict[EdgeType, tuple[Tensor, Tensor | None]]:
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
    for edge_type, (index, vectors) in edges.items():
        drawn = counts[edge_type]
        size = index.shape[1] if drawn is None else sum(int(count) for count in drawn[:hops])
        index, vectors = index[:, :size], None if vectors is None else vectors[:size]
        if sizes is not None:
            inside = index[1] < sizes[edge_type.dst]
            index, vectors = index[:, inside], None if vectors is None else vectors[inside]
        kept[edge_type] = (index, vectors)
    return kept
