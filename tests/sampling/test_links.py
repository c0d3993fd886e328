"""Pairs as seeds: who is where, and which edges their own subgraphs hide."""

import numpy as np
import pytest

from workbench.errors import AnchorError, IdError
from workbench.sampling.avoided import Negatives
from workbench.sampling.links import Links
from workbench.sampling.pairs import edge_pairs
from workbench.stores.ram_graph import RamGraph
from workbench.temporal import FOREVER
from workbench.testing.graphs import DAY, GraphArrays, toy_shop
from workbench.testing.small_world import small_world

ANY = Negatives(avoid_edges=False)


def links(types=("n2", "n0"), anchors=None):
    return Links.of(types, np.array([4, 4, 7]), np.array([1, 5, 1]), anchors, np.array([9, 8, 7]))


def test_without_anchors_links_are_static():
    assert links().anchors.tolist() == [FOREVER] * 3
    assert links().input_ids.tolist() == [9, 8, 7]


def test_two_types_make_two_sets_and_one_makes_one():
    sets, places = links().seed_sets(disjoint=True)
    assert [seeds.node_type for seeds in sets] == ["n2", "n0"]
    assert [place.tolist() for place in places] == [[0, 1, 2], [0, 1, 2]]
    sets, places = links(("n0", "n0")).seed_sets(disjoint=True)
    assert [seeds.ids.tolist() for seeds in sets] == [[4, 4, 7, 1, 5, 1]]
    assert [place.tolist() for place in places] == [[0, 1, 2], [3, 4, 5]]


def test_a_joint_sample_holds_each_end_once():
    sets, places = links().seed_sets(disjoint=False)
    assert [seeds.ids.tolist() for seeds in sets] == [[4, 7], [1, 5]]
    assert [place.tolist() for place in places] == [[0, 0, 1], [0, 1, 0]]
    sets, places = links(("n0", "n0")).seed_sets(disjoint=False)
    assert [seeds.ids.tolist() for seeds in sets] == [[1, 4, 5, 7]]
    assert [place.tolist() for place in places] == [[1, 1, 3], [0, 2, 0]]


def test_two_anchors_are_left_for_the_store_to_refuse():
    sets, _ = links(anchors=np.array([1, 2, 3])).seed_sets(disjoint=False)
    assert sets[0].anchors.tolist() == [1, 2, 3]


def test_every_seed_belongs_to_a_link():
    graph = small_world().graph
    more = links().with_negatives(graph, ANY, 1.5, 1)
    assert len(more.row) == len(more.col) == 3 + 5
    positions = np.array([0, 1, 2, 3, 7, 8, 10, 11, 15, -1])
    assert more.link_of(positions).tolist() == [0, 1, 2, 0, 1, 0, 2, 0, 1, -1]
    triplets = links().with_negatives(graph, ANY, 2, 1, triplet=True)
    assert (triplets.row.tolist(), len(triplets.col)) == ([4, 4, 7], 9)


def test_anchors_go_with_negatives():
    more = links(anchors=np.array([10, 20, 30]))
    assert more.anchors_of(5).tolist() == [10, 20, 30, 10, 20]


def test_odd_inputs_are_refused():
    with pytest.raises(AnchorError, match="int64 of microseconds"):
        links(anchors=np.array([0.5, 1.0, 2.0]))
    with pytest.raises(IdError, match="one-dimensional"):
        Links.of(("n0", "n0"), np.ones(3), np.ones(3))


@pytest.fixture
def shop():
    """The toy shop with a second rating of product 1 by user 0, on day 5."""
    plain = toy_shop()
    keys = {
        ("ratings", "user_id"): np.array([0, 1, 0, 2]),
        ("ratings", "product_id"): np.array([1, 1, 1, 0]),
        ("orders", "user_id"): np.array([0, 1, 0, -1]),
        ("orders", "product_id"): np.array([0, 0, 1, 1]),
    }
    times = dict(plain.times) | {"ratings": np.array([2, 3, 5, 5]) * DAY}
    return RamGraph(
        GraphArrays.from_columns(plain.schema, dict(plain.num_rows) | {"ratings": 4}, times, keys)
    )


@pytest.mark.parametrize(
    ("day", "hidden"), [(1, [[], [], []]), (2, [[0], [], []]), (4, [[0], [1], []]), (5, [[0, 2], [1], [3]])]
)
def test_what_joins_a_pair_by_its_anchor_is_hidden_from_its_seeds(shop, day, hidden):
    pairs = edge_pairs(shop, shop.schema.edge_type("users-ratings->products"))
    batch = Links.of(("users", "products"), np.array([0, 1, 2]), np.array([1, 1, 0]), day * DAY)
    batch = batch.with_negatives(shop, ANY, 1, 1)
    found = batch.hidden_edges(pairs, 12, disjoint=True)
    assert str(found.edge_type) == "users-ratings->products"
    assert [found.of(seed).tolist() for seed in range(12)] == hidden * 4
    found.check(12, shop.schema)
    waived = batch.hidden_edges(pairs, 12, disjoint=True, later=True)
    assert [waived.of(seed).tolist() for seed in range(12)] == [[0, 2], [1], [3]] * 4
    joint = batch.hidden_edges(pairs, 7, disjoint=False)
    joint.check(7, shop.schema)
    assert joint.of(0).tolist() == sorted(row for rows in hidden for row in rows)
    assert all(not len(joint.of(seed)) for seed in range(1, 7))


def test_links_within_one_type_hide_both_ways_round():
    graph = small_world(23).graph
    edge_type = next(each for each in graph.schema.edge_types if each.src == each.dst)
    pairs = edge_pairs(graph, edge_type)
    row, col = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    there = set(zip(row.tolist(), col.tolist(), strict=True))
    a, b = next(pair for pair in sorted(there) if pair[::-1] in there and pair[0] != pair[1])
    found = Links.of((edge_type.src,) * 2, np.array([a]), np.array([b])).hidden_edges(pairs, 2, True)
    joined = [e for e, *pair in zip(pairs.edge.tolist(), row, col, strict=True) if set(pair) == {a, b}]
    assert found.of(0).tolist() == found.of(1).tolist() == joined
    assert len(joined) >= 2
