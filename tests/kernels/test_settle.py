"""Edges that may be left out or merged, where chunks end and rooms grow: budgets, metapaths, path cutoffs."""

from dataclasses import replace

import numpy as np
import pytest
from stars import ORDERS, RATED, both, request_of, star

from workbench.kernels.tables import CHUNK, ROOM
from workbench.schema import EdgeType
from workbench.stores import fused, layout
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest
from workbench.stores.steps import ALL, Step, StepPlan

BACK = EdgeType("users", "rev_user_id", "orders")
RATERS = EdgeType("users", "ratings", "products")


def with_rules(request, **rules):
    return replace(request, plan=replace(request.plan, **rules))


@pytest.fixture(scope="module", params=[np.uint32, np.int64])
def graph(request):
    return RamGraph(star(2 * ROOM + 7, hubs=5).arrays(request.param))


@pytest.mark.parametrize("budget", [1, 4, 5, CHUNK, CHUNK + 5, ROOM + 4, ROOM + 5, 4000, 10**6])
@pytest.mark.parametrize(("disjoint", "tree"), [(False, False), (True, False), (True, True)])
def test_budgets(graph, budget, disjoint, tree):
    steps = [Step(1, ORDERS, ALL), Step(1, RATED, 30), Step(2, BACK, 1)]
    request = request_of(steps, [0, 1, 2, 2], 4000, disjoint=disjoint)
    subgraph = both(graph, with_rules(request, max_nodes=budget, tree=tree))
    lanes = np.concatenate([ids if disjoint else ids * 0 for ids in subgraph.batch.values()])
    seeds = 1 if disjoint else 4
    assert np.bincount(lanes).max() <= max(budget, seeds)
    assert (subgraph.dropped.sum() == 0) == (budget >= 4000)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(("disjoint", "tree"), [(False, False), (True, False), (True, True)])
def test_one_node_under_many_instants(graph, disjoint, tree, strict):
    """Each order leads back to its user as of the order: hundreds of nodes for one row."""
    # an order is not visible just before itself, unless its time is waived
    steps = [Step(1, ORDERS, ALL), Step(2, BACK, 1, temporal=not strict), Step(3, ORDERS, 2)]
    request = request_of(steps, [0, 0, 3], 4000, disjoint=disjoint)
    subgraph = both(graph, with_rules(request, cutoff="path", tree=tree, strict=strict))
    users = list(zip(subgraph.node_id["users"].tolist(), subgraph.cutoffs["users"].tolist(), strict=True))
    assert len(users) > 1500
    if not disjoint:
        assert len(set(users[3:])) == len(users[3:])


def paths(*chains):
    """A plan of metapaths with the given (edge type, fanout) chains, none of which share a beginning."""
    steps = []
    deepest = max(map(len, chains))
    placed = [None] * len(chains)
    for hop in range(deepest):
        for number, chain in enumerate(chains):
            if hop < len(chain):
                edge_type, fanout = chain[hop]
                steps.append(Step(hop + 1, edge_type, fanout, parent=placed[number], paths=1 << number))
                placed[number] = len(steps) - 1
    return tuple(steps), deepest


@pytest.mark.parametrize("fanout", [3, CHUNK + 1, ROOM + 1, ALL])
@pytest.mark.parametrize("rules", [{}, {"tree": True}, {"cutoff": "path"}, {"max_nodes": 300}])
def test_metapaths_merge_edges_and_lead_back_to_seeds(graph, fanout, rules):
    """The second path draws edges of the first again; both come back to the seeds and go on."""
    steps, hops = paths(
        [(ORDERS, fanout), (BACK, 1), (RATED, ALL)],
        [(ORDERS, 2 * ROOM), (BACK, 1), (ORDERS, 5)],
    )
    for disjoint in (False, True)[bool(rules.get("tree")) :]:
        request = request_of([Step(1, ORDERS, 1)], [0, 1, 1, 4], 3000, disjoint=disjoint)
        plan = StepPlan(steps, hops, disjoint, **rules)
        assert plan.by_path
        subgraph = both(graph, SampleRequest(request.seed_sets, plan, 5))
        masks = subgraph.edge_paths[ORDERS]
        assert set(masks.tolist()) <= {1, 2, 3}
        if "tree" not in rules:
            assert (masks == 3).any() == ("max_nodes" not in rules or (masks == 3).any())
            edges = list(zip(subgraph.edge_id[ORDERS].tolist(), subgraph.col[ORDERS].tolist(), strict=True))
            assert len(set(edges)) == len(edges)


@pytest.mark.parametrize("room", [0, 1, CHUNK, ROOM])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("rules", [{}, {"cutoff": "path"}, {"max_nodes": 900}])
def test_rooms_of_nodes_edges_and_lists_grow(monkeypatch, room, wide, rules):
    def small(bound, seeds):
        return replace(
            bound,
            nodes={t: min(most, seeds.get(t, 0) + room) for t, most in bound.nodes.items()},
            edges={e: min(most, room) for e, most in bound.edges.items()},
            lists=min(bound.lists, room),
        )

    monkeypatch.setattr(fused, "first_guess", small)
    if wide:
        monkeypatch.setattr(layout, "local_bits", lambda _capacity: 32)
    graph = RamGraph(star(2 * ROOM, hubs=3).arrays())
    steps, hops = paths([(ORDERS, ALL), (BACK, 1), (RATED, 9)], [(RATED, ALL), (RATERS, 3), (ORDERS, 3)])
    request = request_of([Step(1, ORDERS, 1)], [0, 2], 2000)
    for key in range(2):
        both(graph, SampleRequest(request.seed_sets, StepPlan(steps, hops, **rules), key))
