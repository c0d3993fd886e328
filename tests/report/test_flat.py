"""A subgraph as flat columns, and what is marked as late."""

from dataclasses import replace

import numpy as np

from workbench.plan.fanout import Fanout
from workbench.report.flat import flatten
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.temporal import BEGINNING
from workbench.testing.graphs import DAY, toy_shop


def toy(day=10, **options):
    graph = RamGraph(toy_shop())
    plan = Fanout([4, 4], **options).compile(graph.schema, ["users"])
    return graph, graph.sample(SampleRequest((SeedSet.of("users", np.array([0, 1]), day * DAY),), plan))


def test_flat_rows_are_the_subgraphs_nodes_and_edges():
    graph, subgraph = toy()
    flat = flatten(subgraph, graph)
    assert len(flat) == subgraph.num_nodes
    assert len(flat.src) == subgraph.num_edges
    for i, edge_type in enumerate(flat.edge_types):
        chosen = flat.edge_type == i
        assert np.array_equal(
            flat.node_id[flat.src[chosen]], subgraph.node_id[edge_type.src][subgraph.row[edge_type]]
        )
        assert np.array_equal(
            flat.node_id[flat.dst[chosen]], subgraph.node_id[edge_type.dst][subgraph.col[edge_type]]
        )
        assert {flat.node_types[t] for t in flat.type[flat.src[chosen]]} == {edge_type.src}


def test_a_correct_sample_has_nothing_late():
    graph, subgraph = toy(day=3)
    flat = flatten(subgraph, graph)
    assert not flat.late.any()
    assert not flat.late_edges.any()
    products = flat.type == flat.node_types.index("products")
    assert (flat.time[products] == BEGINNING).all()


def test_what_is_later_than_the_anchor_is_marked():
    graph, subgraph = toy(day=10)
    seeds = replace(subgraph.request.seed_sets[0], anchors=np.array([2, 2]) * DAY)
    moved = replace(subgraph, request=replace(subgraph.request, seed_sets=(seeds,)))
    flat = flatten(moved, graph)
    assert np.array_equal(flat.late, (flat.time > 2 * DAY))
    assert flat.late.any()
    assert flat.late_edges.any()
    assert not flatten(moved).late.any()  # without a graph no time is known


def test_a_static_step_waives_the_edges_time_only():
    graph, subgraph = toy(day=2, static=["users-ratings->products", "products-rev_ratings->users"])
    flat = flatten(subgraph, graph)
    waived = [str(flat.edge_types[e]) for e in flat.edge_type[flat.edge_time == BEGINNING]]
    assert set(waived) <= {"users-ratings->products", "products-rev_ratings->users"}
    assert waived
    assert not flat.late_edges.any()


def test_an_empty_request_is_an_empty_picture():
    graph = RamGraph(toy_shop())
    plan = Fanout([2]).compile(graph.schema, ["users"])
    empty = graph.sample(SampleRequest((SeedSet.of("users", np.array([], int), 1),), plan))
    flat = flatten(empty, graph)
    assert len(flat) == len(flat.src) == 0
