"""Edges among nodes: chunks and hubs change nothing, memory is what is said, every copy of a node is met."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from workbench.schema import EdgeType
from workbench.stores import induced as module
from workbench.stores.complete import complete
from workbench.stores.hop_driver import HopDriver
from workbench.stores.induced import Ends, Nodes, induced
from workbench.stores.memory import Arenas, OverBudgetError, scratch
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan, Strategy
from workbench.testing.graphs import RowGraph, random_rows, toy_shop
from workbench.testing.requests import EVERYTHING, random_request
from workbench.testing.sizes import cases

RATED, RATES = EdgeType("products", "rev_ratings", "users"), EdgeType("users", "ratings", "products")


def hubs(users: int = 300, products: int = 5, ratings: int = 60_000) -> RamGraph:
    """Many ratings of few products, at times 0 .. 999."""
    rng = np.random.default_rng(3)
    rows = {"users": users, "products": products, "orders": 0, "ratings": ratings}
    none = np.empty(0, np.int64)
    times = {"users": np.zeros(users, np.int64), "orders": none}
    times["ratings"] = np.sort(rng.integers(0, 1000, ratings)).astype(np.int64)
    keys = {
        ("ratings", f"{end}_id"): rng.integers(0, rows[f"{end}s"], ratings) for end in ("user", "product")
    }
    keys |= {("orders", "user_id"): none, ("orders", "product_id"): none}
    return RamGraph(RowGraph(toy_shop().schema, rows, times, keys).arrays())


def asked(seeds: int = 50, fanout: int = 20, **rules: object) -> SampleRequest:
    plan = StepPlan((Step(1, RATED, fanout, Strategy.RECENT),), 1, subgraph="induced", **rules)
    return SampleRequest((SeedSet.of("users", np.arange(seeds), 700),), plan)


def drawn(graph: RamGraph, request: SampleRequest):
    """The subgraph before anything is added."""
    plain = replace(request, plan=replace(request.plan, subgraph="directional"))
    return replace(HopDriver(graph).sample(plain), request=request)


@pytest.mark.parametrize("disjoint", [True, False])
def test_hubs_are_looked_at_whole(disjoint: bool) -> None:
    graph, request = hubs(), asked(fanout=150, disjoint=disjoint)
    subgraph = graph.sample(request)
    assert len(subgraph.node_id["products"]) == (250 if disjoint else 5)
    source = graph.arrays
    csc, cut = source.edges[RATES], int(np.searchsorted(source.times["ratings"], 700, side="right"))
    wanted = 0
    for product in range(5):
        span = slice(*csc.indptr[product : product + 2])
        wanted += int(((csc.nbr[span] < 50) & (csc.eid[span] < cut)).sum())
    assert np.diff(csc.indptr).max() > 40 * module.FEW
    assert len(subgraph.row[RATES]) == wanted == len(subgraph.row[RATED])


@pytest.mark.parametrize(("entries", "few"), [(1, 1), (7, 1), (64, 3), (1 << 20, 1 << 19)])
def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch, entries: int, few: int) -> None:
    cases = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng, 14)
        request = random_request(
            rng, rows.schema, rows.num_rows, replace(EVERYTHING, weights=(), forms=("induced",))
        )
        graph = RamGraph(rows.arrays())
        cases.append((graph, request, graph.sample(request)))
    monkeypatch.setattr(module, "ENTRIES", entries)
    monkeypatch.setattr(module, "FEW", few)
    assert sum(subgraph.num_edges for _, _, subgraph in cases) > 200
    assert all(graph.sample(request).same_as(subgraph) for graph, request, subgraph in cases)


class Watched(Arenas):
    """Arenas that remember how much they held at most."""

    most = 0

    def reserve(self, size: int) -> None:
        super().reserve(size)
        self.most = max(self.most, self.total)

    def take(self, size: int) -> np.ndarray:
        lease = super().take(size)
        self.most = max(self.most, self.total)
        return lease


@pytest.mark.parametrize("form", ["bidirectional", "induced"])
@pytest.mark.parametrize("disjoint", [True, False])
def test_memory_is_counted_before_it_is_used(form: str, disjoint: bool) -> None:
    graph, request = hubs(ratings=cases(15_000, 60_000)), asked(200, 150, disjoint=disjoint)
    subgraph = drawn(graph, replace(request, plan=replace(request.plan, subgraph=form)))
    complete(graph, subgraph, Arenas())  # kernels are compiled
    arenas = Watched()
    tracemalloc.start()
    try:
        done = complete(graph, subgraph, arenas)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert done.num_edges > subgraph.num_edges
    assert used < 1.05 * arenas.most + 100_000
    held = arenas.total
    assert held < arenas.most / 2, "scratch is given back, the new arrays are not"
    for limit in (held // 2, arenas.most // 2, arenas.most - 1):
        few = Arenas(limit)
        with pytest.raises(OverBudgetError):
            complete(graph, subgraph, few)
        assert few.total <= held
    assert complete(graph, subgraph, Arenas(arenas.most)).same_as(done)


def test_every_copy_of_a_node_is_found() -> None:
    graph = hubs(20, 3, 50)
    plan = StepPlan((), 1, disjoint=False)
    request = SampleRequest((SeedSet.of("users", np.array([4, 2, 4, 9, 4]), 10),), plan)
    nodes = Nodes(graph, graph.sample(request), "users")
    with scratch(Arenas()) as room:
        which, local = nodes.find(np.array([9, 4, 7, 4]), np.zeros(4, np.int64), room)
        assert room.held > 0
    assert which.tolist() == [0, 1, 1, 1, 3, 3, 3]
    assert local.tolist() == [3, 0, 2, 4, 0, 2, 4]


def test_no_nodes_have_no_edges() -> None:
    graph = hubs(20, 3, 50)
    empty = drawn(graph, replace(asked(), seed_sets=()))
    nodes = {name: Nodes(graph, empty, name) for name in empty.node_id}
    with scratch(Arenas()) as room:
        assert [len(part) for part in induced(graph, empty, RATES, nodes, room)] == [0, 0, 0]
    assert [part.tolist() for part in Ends.none().after(Ends(*np.ones((3, 2), np.int64)))] == [[1, 1]] * 3
