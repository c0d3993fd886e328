"""A subgraph as flat columns, and what is marked as late."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.plan.fanout import Fanout
from workbench.report.flat import flatten
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import FORMS
from workbench.temporal import BEGINNING
from workbench.testing.graphs import DAY, random_graph, toy_shop
from workbench.testing.requests import Knobs, random_request
from workbench.testing.sizes import cases


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


def test_the_way_back_of_an_edge_is_waived_with_it():
    static = ["users-ratings->products", "products-rev_ratings->users"]
    graph, subgraph = toy(day=2, static=static[1:], subgraph="bidirectional")
    flat = flatten(subgraph, graph)
    waived = {str(flat.edge_types[e]) for e in flat.edge_type[flat.edge_time == BEGINNING]}
    assert waived == set(static)
    assert not flat.late_edges.any()
    assert not flatten(*toy(day=2, static=static, subgraph="induced")[::-1]).late_edges.any()


def test_an_empty_request_is_an_empty_picture():
    graph = RamGraph(toy_shop())
    plan = Fanout([2]).compile(graph.schema, ["users"])
    empty = graph.sample(SampleRequest((SeedSet.of("users", np.array([], int), 1),), plan))
    flat = flatten(empty, graph)
    assert len(flat) == len(flat.src) == 0


def wide(seed, seeds=40):
    rng = np.random.default_rng(seed)
    graph = RamGraph(random_graph(rng, size=40))
    kind = next((name for name in graph.schema.node_types if graph.num_nodes(name)), None)
    if kind is None:
        return None
    ids = rng.integers(0, graph.num_nodes(kind), seeds)
    plan = Fanout([4, 3, 2], disjoint=bool(rng.integers(2))).compile(graph.schema, [kind])
    request = SampleRequest((SeedSet.of(kind, ids, 60),), plan, seed)
    return flatten(graph.sample(request), graph)


@settings(max_examples=cases(60, 600))
@given(st.integers(0, 2**32), st.integers(1, 300), st.integers(1, 3), st.booleans())
def test_a_thinned_subgraph_is_a_part_that_hangs_together(seed, limit, edges_per_node, late):
    flat = wide(seed)
    if flat is None:
        return
    if late:
        flat = replace(flat, anchor=np.full(len(flat), 20))
    thin = flat.thinned(limit, edges_per_node)
    assert len(thin) == min(len(flat), limit)
    late_edges = int(thin.late_edges.sum())
    assert len(thin.src) <= max(edges_per_node * limit, len(thin) + late_edges)
    rows = set(
        zip(flat.type.tolist(), flat.node_id.tolist(), flat.seed.tolist(), flat.hop.tolist(), strict=True)
    )
    kept = list(
        zip(thin.type.tolist(), thin.node_id.tolist(), thin.seed.tolist(), thin.hop.tolist(), strict=True)
    )
    assert set(kept) <= rows
    # every node that is no seed still has the node that discovered it
    assert np.array_equal(thin.parent < 0, thin.hop == 0)
    # inner rings are whole, and late nodes of the thinned ring come first
    last = int(thin.hop.max(initial=0))
    assert ((flat.hop < last).sum()) == ((thin.hop < last).sum())
    ring, full = thin.hop == last, flat.hop == last
    if ring.sum() < full.sum():
        assert thin.late[ring].sum() == min(flat.late[full].sum(), ring.sum())


@given(st.integers(0, 2**32))
@settings(max_examples=cases(40, 3000), deadline=None)
def test_every_node_was_found_from_a_ring_further_in_whatever_the_plan(seed):
    rng = np.random.default_rng(seed)
    graph = RamGraph(random_graph(rng))
    rows = {name: graph.num_nodes(name) for name in graph.schema.node_types}
    try:
        subgraph = graph.sample(random_request(rng, graph.schema, rows, Knobs(forms=FORMS)))
    except WorkbenchError:  # not every random request fits every random graph
        return
    flat = flatten(subgraph, graph)
    found, beyond = flat.parent, flat.hop > 0
    assert (found[~beyond] == -1).all()
    assert (flat.hop[found[beyond]] < flat.hop[beyond]).all()
    assert (found[beyond] >= 0).all()
    assert np.array_equal(flat.src[flat.found_by[beyond]], np.flatnonzero(beyond))


def test_a_loop_that_a_form_of_subgraph_added_finds_no_node():
    flat = flatten(*toy()[::-1])
    node = int(np.flatnonzero(flat.hop == 1)[0])
    edges = np.r_[flat.found_by[node], np.arange(len(flat.src))]  # a loop stands before all others
    loop = flat.only(np.ones(len(flat), bool), edges)
    loop.dst[0], loop.src[0] = node, node
    assert np.array_equal(loop.parent, flat.parent)
