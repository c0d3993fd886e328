"""Negatives exist at the anchor of their link, are uniform (or weighted), and depend on the key alone."""

import numpy as np
import pytest

from workbench.errors import AnchorError, IdError
from workbench.sampling.negatives import draw_negatives, visible_nodes
from workbench.stores.ram_graph import RamGraph
from workbench.temporal import FOREVER, NO_TIME
from workbench.testing.graphs import DAY, random_graph, toy_shop


def test_only_nodes_that_exist_are_drawn():
    for number in range(20):
        rng = np.random.default_rng(number)
        graph = RamGraph(random_graph(rng, 30, 8))
        for node_type in graph.schema.node_types:
            times = graph.times(node_type)
            moments = np.zeros(1) if times is None else times[times != NO_TIME]
            if not graph.num_nodes(node_type) or not len(moments):
                continue
            anchors = rng.choice(moments, 50).astype(np.int64)
            drawn = draw_negatives(graph, node_type, np.arange(50), anchors, key=number, copies=3)
            assert drawn.shape == (150,)
            assert ((drawn >= 0) & (drawn < graph.num_nodes(node_type))).all()
            if times is not None:
                assert (times[drawn] <= np.tile(anchors, 3)).all()
                assert (times[drawn] != NO_TIME).all()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 1.0], r"got 2 of shape \(2,\)\. Allowed: 3 numbers of 0 or more, one per node"),
        ([1.0] * 4, "got 4 of shape"),
        ([1.0, -1.0, 3.0], "number 1 is negative or not finite"),
        ([1.0, 1.0, np.nan], "number 2 is negative or not finite"),
    ],
)
def test_weights_are_one_number_per_node(weights, message):
    with pytest.raises(IdError, match=message):
        draw_negatives(RamGraph(toy_shop()), "users", np.arange(2), np.full(2, FOREVER), 1, 1, weights)


def test_nodes_are_counted_as_visibility_says():
    graph = RamGraph(toy_shop())  # users sign up on days 0, 0 and 3; products have no time
    anchors = np.array([-1, 0, 2, 3, FOREVER]) * np.array([1, 1, DAY, DAY, 1])
    assert visible_nodes(graph, "users", anchors).tolist() == [0, 2, 2, 3, 3]
    assert visible_nodes(graph, "products", anchors).tolist() == [2] * 5


def test_a_draw_is_a_function_of_key_link_anchor_and_copy():
    graph = RamGraph(random_graph(np.random.default_rng(4), 60, 20))
    ids, anchors = np.arange(40), np.full(40, FOREVER)
    drawn = draw_negatives(graph, "n0", ids, anchors, 1, copies=2)
    assert np.array_equal(drawn[10:15], draw_negatives(graph, "n0", ids[10:15], anchors[10:15], 1))
    assert not np.array_equal(drawn[:40], drawn[40:])
    assert not np.array_equal(drawn[:40], draw_negatives(graph, "n0", ids, anchors, 2))
    assert not np.array_equal(drawn[:40], draw_negatives(graph, "n0", ids, anchors - 1, 1))


@pytest.mark.parametrize("weighted", [False, True])
def test_draws_follow_their_weights_among_what_exists(weighted):
    graph = RamGraph(toy_shop())
    weights = np.array([1.0, 3.0, 100.0]) if weighted else None
    anchors = np.full(20_000, 2 * DAY)  # user 2 does not exist yet, whatever its weight
    counts = np.bincount(
        draw_negatives(graph, "users", np.arange(20_000), anchors, 5, 1, weights), minlength=3
    )
    expected = np.array([5_000, 15_000]) if weighted else np.array([10_000, 10_000])
    assert counts[2] == 0
    assert ((counts[:2] - expected) ** 2 / expected).sum() < 10.8  # chi-square, 1 degree, p = 0.001


def test_a_node_of_no_weight_is_never_drawn():
    graph = RamGraph(toy_shop())
    drawn = draw_negatives(
        graph, "users", np.arange(5_000), np.full(5_000, FOREVER), 5, 1, np.array([0.0, 1.0, 0.0])
    )
    assert set(drawn.tolist()) == {1}


@pytest.mark.parametrize("weights", [None, np.array([0.0, 0.0, 1.0])])
def test_nothing_to_draw_from_is_an_error(weights):
    graph = RamGraph(toy_shop())
    anchor = -1 if weights is None else 2 * DAY
    with pytest.raises(AnchorError, match="no such node exists at that time"):
        draw_negatives(graph, "users", np.arange(2), np.array([3 * DAY, anchor]), 0, 1, weights)


def test_no_links_no_negatives():
    none = np.empty(0, np.int64)
    assert draw_negatives(RamGraph(toy_shop()), "users", none, none, 0, 2).shape == (0,)
