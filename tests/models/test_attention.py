"""Attention against loops over nodes and heads, and layers that give nothing where nothing was said."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from workbench.models.attention import LAYERS, GatLayer, TransformerLayer, gathered, softmax_by
from workbench.models.layers import Messages
from workbench.plan import architecture
from workbench.plan.architecture import ModelSettings
from workbench.schema import EdgeType

SETTINGS = ModelSettings(4, 1, ("mean",), 0.0, heads=2)
TO, LIKES = EdgeType("b", "to", "a"), EdgeType("a", "likes", "a")
NONE = torch.empty(2, 0, dtype=torch.long)


def world() -> tuple[dict[str, torch.Tensor], dict[EdgeType, Messages]]:
    generator = torch.Generator().manual_seed(1)
    hidden = {"a": torch.randn(3, 4, generator=generator), "b": torch.randn(5, 4, generator=generator)}
    edges = {
        TO: Messages(torch.tensor([[0, 1, 4, 2], [0, 0, 0, 1]]), torch.randn(4, 4, generator=generator)),
        LIKES: Messages(torch.tensor([[1, 0], [0, 1]])),
    }
    return hidden, edges


def made(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    layer = kind([TO, LIKES], ["a"], SETTINGS).eval()
    for name, value in layer.named_parameters():
        if name in ("bias", "nothing"):
            nn.init.normal_(value)
    return layer


def test_every_layer_of_a_plan_is_there() -> None:
    assert tuple(LAYERS) == architecture.LAYERS


def test_softmax_by_node() -> None:
    score, target = torch.randn(6, 2) * 50, torch.tensor([0, 2, 0, 2, 2, 1])
    found = softmax_by(score, target, 4)
    for node in range(4):
        assert torch.allclose(found[target == node], score[target == node].softmax(dim=0))
    values = torch.randn(6, 2, 3)
    told = gathered(values, found, target, 4)
    assert torch.equal(told[3], torch.zeros(6))
    assert torch.allclose(told[1], values[5].flatten())


def test_graph_attention_equals_a_loop() -> None:
    hidden, edges = world()
    layer = made(GatLayer)
    assert isinstance(layer, GatLayer)
    found = layer(hidden, edges, {"a": 2})["a"]
    for node in range(2):
        total = layer.own[0](hidden["a"][node])
        for place, edge_type in enumerate((TO, LIKES)):
            (source, target), vectors, _ = edges[edge_type]
            mine = torch.nonzero(target == node).flatten()
            if not len(mine):
                continue
            sent = hidden[edge_type.src][source[mine]] + (0 if vectors is None else vectors[mine])
            values = layer.sent[place](sent)
            met = nn.functional.leaky_relu(values + layer.asked[place](hidden["a"][node]), 0.2)
            said = []
            for head in range(2):
                part = slice(2 * head, 2 * head + 2)
                share = (met[:, part] @ layer.weight[place][head]).softmax(dim=0)
                said.append(share @ values[:, part])
            count = torch.tensor([math.log1p(len(mine))])
            total = total + layer.message[place](torch.cat([*said, count]))
        assert torch.allclose(found[node], hidden["a"][node] + layer.norm[0](total).relu(), atol=1e-5)


def test_the_transformer_equals_a_loop() -> None:
    hidden, edges = world()
    layer = made(TransformerLayer)
    assert isinstance(layer, TransformerLayer)
    found = layer(hidden, edges, {"a": 3})["a"]
    calm = {name: layer.norm[i](hidden[name]) for i, name in enumerate(layer.types)}
    for node in range(3):
        query = layer.query[0](calm["a"][node])
        said = []
        for head in range(2):
            part = slice(2 * head, 2 * head + 2)
            scores, values = [layer.nothing[0, head]], [torch.zeros(2)]
            for place, edge_type in enumerate((TO, LIKES)):
                (source, target), vectors, _ = edges[edge_type]
                for at in torch.nonzero(target == node).flatten().tolist():
                    sent = calm[edge_type.src][source[at]] + (0 if vectors is None else vectors[at])
                    score = (
                        query[part] @ layer.key[place](sent)[part] / math.sqrt(2) + layer.bias[place, head]
                    )
                    scores.append(score)
                    values.append(layer.value[place](sent)[part])
            said.append(torch.stack(scores).softmax(dim=0) @ torch.stack(values))
        kept = hidden["a"][node] + layer.out[0](torch.cat(said))
        assert torch.allclose(found[node], kept + layer.think[0](kept), atol=1e-5)


@pytest.mark.parametrize("kind", [GatLayer, TransformerLayer])
def test_who_says_nothing_and_the_order_of_edges_change_nothing(kind: type[nn.Module]) -> None:
    hidden, edges = world()
    layer = made(kind)
    found = layer(hidden, edges, {"a": 3})["a"]
    (index, vectors, _), order = edges[TO], torch.tensor([2, 3, 0, 1])
    assert vectors is not None
    turned = {**edges, TO: Messages(index[:, order], vectors[order])}
    assert torch.allclose(layer(hidden, turned, {"a": 3})["a"], found, atol=1e-6)
    alone = layer(hidden, {TO: Messages(NONE), LIKES: Messages(NONE)}, {"a": 3})["a"]
    assert torch.allclose(found[2], alone[2], atol=1e-6), "nobody speaks to the last node"
    assert not torch.allclose(found[0], alone[0])
    assert layer(hidden, edges, {"a": 0} | {"a": 2})["a"].shape == (2, 4)
