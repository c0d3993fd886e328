"""One batch: dtypes and shapes of what comes back, views of one arena, growth within the bound."""

from dataclasses import replace

import numpy as np
import pytest
from stars import ORDERS, both, request_of, star

from workbench.errors import FanoutError
from workbench.schema import EdgeType
from workbench.stores import fused, run_batch
from workbench.stores.capacity import Capacity
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest
from workbench.stores.steps import ALL, Step, StepPlan
from workbench.testing.graphs import DAY, random_rows, toy_shop
from workbench.testing.requests import EVERYTHING, random_request


@pytest.mark.parametrize("id_dtype", [np.uint32, np.int64])
def test_dtypes_and_views(id_dtype):
    graph = RamGraph(toy_shop(id_dtype))
    subgraph = both(graph, request_of([Step(1, ORDERS, 2)], [0, 1], 3 * DAY))
    assert subgraph.node_id["orders"].dtype == subgraph.edge_id[ORDERS].dtype == id_dtype
    assert (
        subgraph.row[ORDERS].dtype == subgraph.col[ORDERS].dtype == subgraph.batch["users"].dtype == np.int32
    )
    arrays = [*subgraph.node_id.values(), *subgraph.row.values(), *subgraph.edge_id.values()]
    assert len({id(array.base) for array in arrays}) == 1
    assert all(array.ctypes.data % array.itemsize == 0 for array in arrays)
    assert subgraph.edges_per_hop[ORDERS].dtype == subgraph.nodes_per_hop["users"].dtype == np.int64


def test_a_batch_that_outgrows_its_room_is_run_again_with_enough(monkeypatch):
    rooms = []
    grown = run_batch._grown

    def watched(*given):
        rooms.append(grown(*given))
        return rooms[-1]

    monkeypatch.setattr(run_batch, "_grown", watched)
    monkeypatch.setattr(
        fused, "first_guess", lambda bound, _: Capacity(bound.nodes, dict.fromkeys(bound.edges, 300))
    )
    graph = RamGraph(star(900, hubs=4).arrays())
    subgraph = both(graph, request_of([Step(1, ORDERS, ALL)], [0, 1, 2], 10**6))
    assert subgraph.num_edges == 2700
    assert [room.edges[ORDERS] for room in rooms] == [2700], "a block of nodes says what it needs at once"
    rooms.clear()
    both(graph, request_of([Step(1, ORDERS, ALL)], [0, 1, 3], 10**6))
    assert not rooms


def cases_of_growth():
    """Requests of every kind, and joint seeds that share all their orders: chunks full of known nodes."""
    shared = [Step(1, ORDERS, ALL), Step(2, EdgeType("users", "rev_user_id", "orders"), 700, replace=True)]
    for rules in ({}, {"max_nodes": 5}, {"cutoff": "path"}):
        request = request_of(shared, [0] * 9, 10**6, disjoint=False)
        yield star(1536).arrays(), replace(request, plan=replace(request.plan, **rules))
    knobs = replace(EVERYTHING, fanouts=(-1, 1, 3, 300), hops=4, seeds=9, budgets=(None, 1, 9))
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng, 40, extras=True)
        yield rows.arrays(), random_request(rng, rows.schema, rows.num_rows, knobs)


def test_no_room_that_a_kernel_asks_for_exceeds_the_bound(monkeypatch):
    grown, asked = run_batch._grown, []

    def watched(tables, capacity, bound, full, need):
        if full > len(tables.types):
            most = bound.lists
        elif full > 0:
            most = bound.nodes[list(tables.types)[full - 1]]
        else:
            most = bound.edges[list(tables.edge_types)[-full - 1]]
        assert need <= most
        asked.append(need)
        room = grown(tables, capacity, bound, full, need)
        assert room != capacity
        return room

    def nothing(bound, seeds):
        nodes = {t: min(most, seeds.get(t, 0)) for t, most in bound.nodes.items()}
        return replace(bound, nodes=nodes, edges=dict.fromkeys(bound.edges, 0), lists=0)

    monkeypatch.setattr(run_batch, "_grown", watched)
    monkeypatch.setattr(fused, "first_guess", nothing)
    for arrays, request in cases_of_growth():
        both(RamGraph(arrays), request)
    assert len(asked) > 100


def test_what_one_batch_left_in_an_arena_does_not_show_in_the_next():
    graph = RamGraph(star(60, hubs=9).arrays())
    for number in range(40):
        ids = np.random.default_rng(number).integers(0, 9, number % 7)
        both(graph, request_of([Step(1, ORDERS, 1 + number % 9)], ids, 10**6 - number, number))


def test_more_nodes_than_local_ids_are_refused(monkeypatch):
    monkeypatch.setattr(run_batch, "MOST_LOCALS", 1000)
    monkeypatch.setattr(
        fused, "first_guess", lambda bound, _: Capacity(dict.fromkeys(bound.nodes, 300), bound.edges)
    )
    graph = RamGraph(star(900, hubs=4).arrays())
    with pytest.raises(
        FanoutError, match=r"nodes of type 'orders'. Allowed: 1,000 of a type.*smaller fanout"
    ):
        graph.sample(request_of([Step(1, ORDERS, ALL)], [0, 1, 2], 10**6))


def test_more_merged_edges_than_can_be_numbered_are_refused(monkeypatch):
    """Edges that metapaths merge are looked up by number; others are not numbered."""
    monkeypatch.setattr(run_batch, "MOST_LOCALS", 2000)

    def small(bound, _seeds):
        return replace(bound, nodes=dict.fromkeys(bound.nodes, 9000), edges=dict.fromkeys(bound.edges, 10))

    monkeypatch.setattr(fused, "first_guess", small)
    graph = RamGraph(star(900, hubs=4).arrays())
    request = request_of([Step(1, ORDERS, ALL)], [0, 1, 2, 3], 10**6)
    assert graph.sample(request).num_edges > 2000
    plan = StepPlan((Step(1, ORDERS, ALL, paths=1),), 1)
    with pytest.raises(FanoutError, match=r"edges of type 'orders.*Allowed: 2,000 of a type.*smaller fanout"):
        graph.sample(SampleRequest(request.seed_sets, plan, 5))
