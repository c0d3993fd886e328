"""Layers that weigh neighbours by what they are: graph attention, and a relational graph transformer.

Both take and give what :class:`~workbench.models.layers.SageLayer` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from workbench.models.dropout import KeyedDropout
from workbench.models.layers import Edges, SageLayer
from workbench.plan.architecture import ModelSettings
from workbench.schema import EdgeType


class _Attention(nn.Module):
    """What every layer with attention knows: its heads, and along which edge types messages flow to whom."""

    def __init__(
        self, edge_types: Sequence[EdgeType], node_types: Sequence[str], settings: ModelSettings
    ) -> None:
        super().__init__()
        self.heads = settings.heads
        self.parted = (self.heads, settings.channels // self.heads)
        self.node_types = list(node_types)
        self.edge_types = [e for e in dict.fromkeys(edge_types) if e.dst in self.node_types]


class GatLayer(_Attention):
    """Graph attention (GATv2), per edge type e.

        h'(v) = h(v) + drop(relu(norm(W h(v) + sum over e of W_e sum over u of a_e(u, v) W'_e h(u))))

    The weights ``a_e`` of a node's neighbours along one edge type add up to 1 in each head; how many they
    are is told beside them, as ``log(1 + neighbours)``.

    Parameters
    ----------
    edge_types, node_types, settings
        As of ``SageLayer``; ``settings.heads`` divides ``settings.channels``.
    """

    def __init__(
        self, edge_types: Sequence[EdgeType], node_types: Sequence[str], settings: ModelSettings
    ) -> None:
        super().__init__(edge_types, node_types, settings)
        width = settings.channels
        self.own = nn.ModuleList(nn.Linear(width, width) for _ in self.node_types)
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in self.node_types)
        self.sent = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in self.edge_types)
        self.asked = nn.ModuleList(nn.Linear(width, width) for _ in self.edge_types)
        # A weight per channel: the heads' vectors side by side.
        self.weight = nn.ParameterList(
            nn.Parameter(torch.randn(self.parted) * (self.heads / width) ** 0.5) for _ in self.edge_types
        )
        self.message = nn.ModuleList(nn.Linear(width + 1, width, bias=False) for _ in self.edge_types)
        self.dropout = KeyedDropout(settings.dropout)

    def forward(
        self, hidden: Mapping[str, Tensor], edges: Edges, sizes: Mapping[str, int]
    ) -> dict[str, Tensor]:
        """Update the first ``sizes[type]`` nodes of every updated type; see ``SageLayer.forward``."""
        kept = {name: hidden[name][: sizes[name]] for name in self.node_types}
        sums = {name: own(kept[name]) for name, own in zip(self.node_types, self.own, strict=True)}
        for place, edge_type in enumerate(self.edge_types):
            (source, target), vectors, _ = edges[edge_type]
            if len(source):
                sent = read_from(hidden[edge_type.src], source, vectors)
                told = self._attended(place, sent, kept[edge_type.dst], target)
                sums[edge_type.dst] = sums[edge_type.dst] + self.message[place](told)
        return {
            name: kept[name] + self.dropout(norm(sums[name]).relu())
            for name, norm in zip(self.node_types, self.norm, strict=True)
        }

    def _attended(self, place: int, sent: Tensor, kept: Tensor, target: Tensor) -> Tensor:
        """float32[nodes, channels + 1]: what neighbours say, weighed, and how many they are."""
        values = self.sent[place](sent)
        met = values + self.asked[place](kept).index_select(0, target)
        score = (nn.functional.leaky_relu(met, 0.2).unflatten(1, self.parted) * self.weight[place]).sum(dim=2)
        share = softmax_by(score, target, len(kept))
        told = gathered(values.unflatten(1, self.parted), share, target, len(kept))
        count = kept.new_zeros(len(kept)).index_add(0, target, kept.new_ones(len(target)))
        return torch.cat([told, count.log1p()[:, None]], dim=1)


class TransformerLayer(_Attention):
    """A relational graph transformer: one attention over the neighbours along all edge types at once.

        h(v) <- h(v) + drop(W sum over u of a(u, v) V_e norm(h(u)))
        h(v) <- h(v) + drop(W2 gelu(W1 norm(h(v))))
        a(u, v): softmax over u of q(v) . K_e norm(h(u)) / sqrt(d) + b_e

    Keys, values and a bias are each edge type's own. Every node may also attend to nothing, at a learned
    score, so what many neighbours say weighs more than what a single one says.

    Parameters
    ----------
    edge_types, node_types, settings
        As of ``SageLayer``; ``settings.heads`` divides ``settings.channels``.
    """

    def __init__(
        self, edge_types: Sequence[EdgeType], node_types: Sequence[str], settings: ModelSettings
    ) -> None:
        super().__init__(edge_types, node_types, settings)
        width = settings.channels
        self.types = sorted({e.src for e in self.edge_types} | set(self.node_types))
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in self.types)
        self.query = nn.ModuleList(nn.Linear(width, width) for _ in self.node_types)
        self.key = nn.ModuleList(nn.Linear(width, width) for _ in self.edge_types)
        self.value = nn.ModuleList(nn.Linear(width, width) for _ in self.edge_types)
        self.bias = nn.Parameter(torch.zeros(len(self.edge_types), self.heads))
        self.nothing = nn.Parameter(torch.zeros(len(self.node_types), self.heads))
        self.out = nn.ModuleList(nn.Linear(width, width) for _ in self.node_types)
        self.think = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
            )
            for _ in self.node_types
        )
        self.dropout = KeyedDropout(settings.dropout)

    def forward(
        self, hidden: Mapping[str, Tensor], edges: Edges, sizes: Mapping[str, int]
    ) -> dict[str, Tensor]:
        """Update the first ``sizes[type]`` nodes of every updated type; see ``SageLayer.forward``."""
        calm = {
            name: norm(hidden[name])
            for name, norm in zip(self.types, self.norm, strict=True)
            if name in hidden
        }
        updated = {}
        for place, name in enumerate(self.node_types):
            kept = hidden[name][: sizes[name]]
            told = self._attended(place, calm, edges, sizes[name])
            kept = kept + self.dropout(self.out[place](told))
            updated[name] = kept + self.dropout(self.think[place](kept))
        return updated

    def _attended(self, place: int, calm: Mapping[str, Tensor], edges: Edges, size: int) -> Tensor:
        """float32[size, channels]: what the neighbours of a type's nodes say, over all edge types."""
        name = self.node_types[place]
        query = self.query[place](calm[name][:size]).unflatten(1, self.parted)
        scores, values, targets = [], [], []
        for at, edge_type in enumerate(self.edge_types):
            (source, target), vectors, _ = edges[edge_type]
            if edge_type.dst != name or not len(source):
                continue
            sent = read_from(calm[edge_type.src], source, vectors)
            keys = self.key[at](sent).unflatten(1, self.parted)
            scores.append((query[target] * keys).sum(dim=2) / keys.shape[2] ** 0.5 + self.bias[at])
            values.append(self.value[at](sent).unflatten(1, self.parted))
            targets.append(target)
        # The last "neighbour" of every node is nothing: it has a score, and says zero.
        everyone = torch.arange(size, device=query.device)
        scores.append(self.nothing[place].expand(size, -1))
        values.append(torch.zeros_like(query))
        target = torch.cat([*targets, everyone])
        score = torch.cat([each.to(query.dtype) for each in scores])
        share = softmax_by(score, target, size)
        return gathered(torch.cat([each.to(query.dtype) for each in values]), share, target, size)


def read_from(hidden: Tensor, source: Tensor, vectors: Tensor | None) -> Tensor:
    """float32[m, channels]: what each edge carries, its source and its own attributes."""
    sent = hidden.index_select(0, source)
    return sent if vectors is None else sent + vectors


def softmax_by(score: Tensor, target: Tensor, size: int) -> Tensor:
    """Softmax over the edges into each node.

    Parameters
    ----------
    score : float32[m, heads]
    target : int64[m]  in [0, size)

    Returns
    -------
    float32[m, heads]
    """
    index = target[:, None].expand_as(score)
    most = score.detach().new_zeros(size, score.shape[1])
    most = most.scatter_reduce(0, index, score.detach(), "amax", include_self=False)
    lifted = (score - most[target]).exp()
    total = lifted.new_zeros(size, score.shape[1]).index_add(0, target, lifted)
    return lifted / total[target]


def gathered(values: Tensor, share: Tensor, target: Tensor, size: int) -> Tensor:
    """float32[size, heads * d]: values float32[m, heads, d] added up by node, each by its share."""
    weighed = values * share[:, :, None].to(values.dtype)
    found = weighed.new_zeros(size, *values.shape[1:]).index_add(0, target, weighed)
    return found.flatten(1)


LAYERS: dict[str, type[nn.Module]] = {"sage": SageLayer, "gat": GatLayer, "transformer": TransformerLayer}
"""Name in a plan -> layer."""
