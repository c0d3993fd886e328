"""Aggregations against a loop, and layers that give nothing where no message arrived."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.models.layers import HALVED, Messages, SageLayer, aggregate, fade_by_rank
from workbench.plan.architecture import AGGREGATIONS, ModelSettings
from workbench.schema import EdgeType
from workbench.testing.sizes import cases

LOOPS = {
    "mean": lambda rows: rows.mean(0),
    "decay": lambda rows: rows.mean(0),  # without weights; with them see below
    "sum": lambda rows: rows.sum(0),
    "max": lambda rows: rows.max(0).values,
    "min": lambda rows: rows.min(0).values,
}


@pytest.mark.parametrize("name", AGGREGATIONS)
@settings(max_examples=cases(30, 500))
@given(st.lists(st.integers(0, 4), max_size=12), st.integers(0, 2**31))
def test_aggregate_equals_a_loop(name: str, targets: list[int], seed: int) -> None:
    sent = torch.randn(len(targets), 3, generator=torch.Generator().manual_seed(seed))
    target = torch.tensor(targets, dtype=torch.long)
    found = aggregate(sent, target, 5, name)
    for node in range(5):
        rows = sent[target == node]
        if name == "count":
            assert math.isclose(float(found[node, 0]), math.log1p(len(rows)), abs_tol=1e-6)
        else:
            expected = LOOPS[name](rows) if len(rows) else torch.zeros(3)
            assert torch.allclose(found[node], expected, atol=1e-5)


@settings(max_examples=cases(30, 500))
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=14), st.integers(0, 2**31))
def test_decay_weighs_by_how_many_rows_are_newer(edges: list[tuple[int, int]], seed: int) -> None:
    target = torch.tensor([node for node, _ in edges], dtype=torch.long)
    time = torch.tensor([moment for _, moment in edges], dtype=torch.long)
    sent = torch.randn(len(edges), 3, generator=torch.Generator().manual_seed(seed))
    fade = fade_by_rank(target, time)
    found = aggregate(sent, target, 5, "decay", fade=fade)
    for node in range(5):
        mine = [i for i, (own, _) in enumerate(edges) if own == node]
        newest = sorted(mine, key=lambda i: (-edges[i][1], i))
        weight = {i: 0.5 ** (rank / HALVED) for rank, i in enumerate(newest)}
        expected = sum((weight[i] * sent[i] for i in mine), torch.zeros(3)) / max(sum(weight.values()), 1e-9)
        assert torch.allclose(found[node], expected, atol=1e-5)
        assert all(math.isclose(float(fade[i]), weight[i], rel_tol=1e-6) for i in mine)


def test_a_layer_updates_a_prefix_and_ignores_silent_edge_types() -> None:
    edge = EdgeType("b", "to", "a")
    layer = SageLayer([edge], ["a", "b"], ModelSettings(4, 1, ("mean", "count"), 0.0)).eval()
    hidden = {"a": torch.randn(3, 4), "b": torch.randn(5, 4)}
    none = torch.empty(2, 0, dtype=torch.long)
    some = torch.tensor([[0, 1], [0, 0]])
    quiet = layer(hidden, {edge: Messages(none)}, {"a": 2, "b": 0})
    loud = layer(hidden, {edge: Messages(some)}, {"a": 2, "b": 0})
    assert quiet["a"].shape == (2, 4)
    assert quiet["b"].shape == (0, 4)
    assert not torch.allclose(quiet["a"][0], loud["a"][0])
    assert torch.equal(quiet["a"][1], loud["a"][1])


def test_edge_vectors_are_part_of_the_message() -> None:
    edge = EdgeType("a", "to", "a")
    layer = SageLayer([edge], ["a"], ModelSettings(4, 1, ("sum",), 0.0)).eval()
    hidden, index = {"a": torch.randn(2, 4)}, torch.tensor([[0], [1]])
    plain = layer(hidden, {edge: Messages(index)}, {"a": 2})["a"]
    extra = layer(hidden, {edge: Messages(index, torch.ones(1, 4))}, {"a": 2})["a"]
    assert torch.equal(plain[0], extra[0])
    assert not torch.allclose(plain[1], extra[1])
