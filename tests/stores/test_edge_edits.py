"""A graph that got an edge type is the graph that had it from the beginning; the other is untouched."""

import pickle

import numpy as np
import pytest

from workbench.errors import BudgetError, IdError, SchemaError, StoreError
from workbench.schema import EdgeType
from workbench.stores.edge_edits import DST, SRC, with_edges, without_edges
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.sharded_graph import ShardedGraph
from workbench.stores.steps import ALL, Step, StepPlan
from workbench.testing.graphs import random_rows, toy_shop

LIKES = EdgeType("users", "likes", "products")


def same(left: GraphArrays, right: GraphArrays):
    assert left.schema == right.schema
    assert left.num_rows == right.num_rows
    assert left.edges_follow_nodes == right.edges_follow_nodes
    assert list(left.edges) == list(right.edges)
    for name, arrays in left.edges.items():
        for mine, yours in zip(arrays.arrays, right.edges[name].arrays, strict=True):
            assert mine.dtype == yours.dtype
            assert np.array_equal(mine, yours)
    assert set(left.ends) == set(right.ends)
    for name, times in left.times.items():
        assert (times is None and right.times[name] is None) or np.array_equal(times, right.times[name])


@pytest.mark.parametrize("id_dtype", [np.uint32, np.int64])
@pytest.mark.parametrize("number", range(12))
def test_put_edges_are_those_of_a_graph_built_with_them(number, id_dtype):
    rng = np.random.default_rng(number)
    rows = random_rows(rng)
    graph = RamGraph(rows.arrays(id_dtype))
    a, b = rng.choice(graph.schema.node_types, 2)
    counts = [graph.num_nodes(a), graph.num_nodes(b)]
    size = 30 if all(counts) else 0
    src, dst = (rng.integers(0, count, size) if size else np.empty(0, np.int64) for count in counts)
    edited = with_edges(graph, (a, "put", b), src, dst)
    keys = {**rows.foreign_keys, ("put", SRC): src, ("put", DST): dst}
    rows_of = {**rows.num_rows, "put": size}
    same(edited.arrays, GraphArrays.from_columns(edited.schema, rows_of, rows.times, keys, id_dtype))
    edited.arrays.check()
    same(without_edges(edited, (a, "put", b)).arrays, graph.arrays)
    same(without_edges(edited, f"{b}-rev_put->{a}").arrays, graph.arrays)


def test_arrays_that_stay_are_shared():
    graph = RamGraph(toy_shop())
    before = graph.schema
    edited = with_edges(graph, LIKES, [0], [1])
    assert graph.schema == before
    for name, arrays in graph.arrays.edges.items():
        assert edited.arrays.edges[name] is arrays
    assert edited.arrays.times["orders"] is graph.arrays.times["orders"]


def test_any_edge_type_can_be_taken_out():
    graph = RamGraph(toy_shop())
    for spec in graph.schema.edge_specs:
        left = without_edges(graph, spec.edge_type)
        gone = set(graph.schema.edge_types) - set(left.schema.edge_types)
        assert spec.edge_type in gone
        assert {name.rel.removeprefix("rev_") for name in gone} == {spec.edge_type.rel.removeprefix("rev_")}
        assert left.schema.node_types == graph.schema.node_types
        left.arrays.check()


def test_put_edges_are_sampled_at_every_anchor_but_reach_no_node_from_the_future():
    graph = with_edges(RamGraph(toy_shop()), ("orders", "of_note", "users"), [0, 1, 2, 3], [0, 0, 0, 0])
    times = graph.times("orders")
    step = Step(1, EdgeType("orders", "of_note", "users"), ALL)
    for anchor in (times[0] - 1, times[0], times[2]):
        plan = StepPlan((step,), hops=1, disjoint=True)
        drawn = graph.sample(SampleRequest((SeedSet.of("users", [0], int(anchor)),), plan, 0))
        assert drawn.num_edges == np.count_nonzero(times[:4] <= anchor)
        assert set(drawn.node_id["orders"].tolist()) == set(np.flatnonzero(times[:4] <= anchor).tolist())


def test_an_edited_graph_travels_with_its_arrays():
    edited = with_edges(RamGraph(toy_shop()), LIKES, [0, 1], [1, 0])
    same(pickle.loads(pickle.dumps(edited)).arrays, edited.arrays)


@pytest.mark.parametrize(
    ("name", "src", "dst", "error", "match"),
    [
        (("users", "likes", "nobody"), [0], [0], SchemaError, "'nobody' is no node type"),
        (("users", "ratings", "products"), [0], [0], SchemaError, "users-ratings->products is there already"),
        (("users", "orders", "products"), [0], [0], SchemaError, "a table 'orders' is there already"),
        (("products", "rev_ratings", "users"), [0], [0], SchemaError, "Take another name"),
        (LIKES, [0, 1], [0], IdError, "got 2 src ids and 1 dst ids"),
        (LIKES, [0.5], [0], IdError, r"got ids of float64 in shape \(1,\)"),
        (LIKES, [[0]], [0], IdError, r"in shape \(1, 1\)"),
        (LIKES, [0, 99], [0, 0], IdError, r"id 1 of 'users' is 99\. Allowed: 0 \.\. "),
        (LIKES, [0, 0], [0, -1], IdError, "id 1 of 'products' is -1"),
        (LIKES, np.array([2**64 - 1], np.uint64), [0], IdError, "id 0 of 'users' is 18446744073709551615"),
    ],
)
def test_what_cannot_be_put_is_refused(name, src, dst, error, match):
    with pytest.raises(error, match=match):
        with_edges(RamGraph(toy_shop()), name, src, dst)


def test_other_refusals():
    graph = RamGraph(toy_shop())
    with pytest.raises(SchemaError, match=r"the relation is ''\. Allowed: a name"):
        with_edges(graph, ("users", "", "products"), [0], [0])
    with pytest.raises(SchemaError, match="edge type 'a-b->c'"):
        without_edges(graph, ("a", "b", "c"))
    with pytest.raises(StoreError, match="got a ShardedGraph"):
        with_edges(ShardedGraph(toy_shop()), LIKES, [0], [0])
    tight = RamGraph(toy_shop(), memory_budget=graph.arrays.nbytes + 100)
    with pytest.raises(BudgetError, match="the graph was opened"):
        with_edges(tight, LIKES, np.zeros(100, np.int64), np.zeros(100, np.int64))
