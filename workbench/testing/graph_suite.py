"""The contract of a graph store, as tests: subclass, say how a store is made, and pytest does the rest.

    class TestMyStore(GraphStoreSuite):
        def make_store(self, arrays):
            return MyStore(arrays)

Every store must give the bits of :class:`~workbench.stores.hop_driver.HopDriver` over the plain hop
kernel, refuse what cannot be answered exactly, and be safe between threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from workbench.errors import AnchorError, FanoutError, IdError, StoreError
from workbench.schema import EdgeType
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.hop_answer import answer_hop
from workbench.stores.hop_driver import HopDriver
from workbench.stores.protocols import GraphStore
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HopRequest, SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan
from workbench.temporal import NO_TIME
from workbench.testing.graphs import DAY, random_rows, toy_shop
from workbench.testing.requests import EVERYTHING, Knobs, random_request
from workbench.testing.sizes import cases

USERS = EdgeType("orders", "user_id", "users")


class GraphStoreSuite:
    """Contract tests; every method runs against ``make_store``."""

    def make_store(self, arrays: GraphArrays) -> GraphStore:
        """Make the store under test from arrays."""
        raise NotImplementedError

    def drawn(
        self, number: int, knobs: Knobs | None = None, *, extras: bool = False
    ) -> tuple[GraphArrays, SampleRequest]:
        """A random graph and a random request for it."""
        rng = np.random.default_rng(number)
        rows = random_rows(rng, size=24, extras=extras)
        arrays = rows.arrays(np.uint32 if number % 2 else np.int64)
        return arrays, random_request(rng, rows.schema, rows.num_rows, knobs)

    def test_same_bits_as_the_reference(self) -> None:
        """Subgraphs equal those of the hop driver over the plain kernel, dtypes included."""
        for number in range(cases(ci=100, torture_cases=1000)):
            arrays, request = self.drawn(number)
            got, wanted = self.make_store(arrays).sample(request), HopDriver(RamGraph(arrays)).sample(request)
            assert got.same_as(wanted), number
            assert [a.dtype for a in got.node_id.values()] == [a.dtype for a in wanted.node_id.values()]

    def test_same_bits_as_the_reference_with_every_option(self) -> None:
        """By weight and age, in trees, along metapaths, under budgets, with rows that end."""
        for number in range(cases(ci=100, torture_cases=1000)):
            arrays, request = self.drawn(number, EVERYTHING, extras=True)
            got, wanted = self.make_store(arrays).sample(request), HopDriver(RamGraph(arrays)).sample(request)
            assert got.same_as(wanted), number

    def test_a_hop_is_the_reference_hop(self) -> None:
        """One hop equals the plain kernel's, times and hidden edges included."""
        for number in range(cases(ci=60, torture_cases=600)):
            arrays, request = self.drawn(number, EVERYTHING, extras=bool(number % 2))
            for step in request.plan:
                hop = _hop(arrays, step, np.random.default_rng(number))
                got, wanted = self.make_store(arrays).sample_hop(hop), answer_hop(arrays, hop)
                for name in ("offsets", "neighbors", "edge_ids", "times"):
                    assert np.array_equal(getattr(got, name), getattr(wanted, name)), (number, name)

    def test_no_edge_and_no_node_is_newer_than_its_anchor(self) -> None:
        """Times of edges and neighbours, looked up by id, are at or before the anchor."""
        for number in range(cases(ci=60, torture_cases=600)):
            arrays, request = self.drawn(number, Knobs(temporal=(True,)))
            subgraph = self.make_store(arrays).sample(request)
            for spec in arrays.schema.edge_specs:
                ids = subgraph.edge_id.get(spec.edge_type, np.empty(0, np.int64))
                src = spec.edge_type.src
                if not len(ids):
                    continue
                anchors = subgraph.node_anchors(spec.edge_type.dst)[subgraph.col[spec.edge_type]]
                neighbors = subgraph.node_id[src][subgraph.row[spec.edge_type]]
                for table, rows in ((spec.table, ids), (src, neighbors)):
                    times = arrays.times[table]
                    if times is not None:
                        assert (times[rows] <= anchors).all(), number
                        assert (times[rows] != NO_TIME).all(), number

    def test_a_disjoint_seed_does_not_depend_on_its_batch(self) -> None:
        """In disjoint mode each seed alone finds the nodes that it finds among others."""
        for number in range(cases(ci=60, torture_cases=600)):
            arrays, request = self.drawn(number, Knobs(disjoint=(True,)))
            store, first = self.make_store(arrays), 0
            together = store.sample(request)
            for seeds in request.seed_sets:
                for i in range(len(seeds)):
                    one = slice(i, i + 1)
                    part = SeedSet(seeds.node_type, seeds.ids[one], seeds.anchors[one], seeds.input_ids[one])
                    alone = store.sample(replace(request, seed_sets=(part,)))
                    for name, ids in alone.node_id.items():
                        mine = together.node_id[name][together.batch[name] == first + i]
                        assert np.array_equal(ids, mine), number
                first += len(seeds)

    def test_threads_change_nothing(self) -> None:
        """Four threads give the bits of one."""
        arrays, _ = self.drawn(3)
        store, rng = self.make_store(arrays), np.random.default_rng(3)
        requests = [random_request(rng, arrays.schema, arrays.num_rows) for _ in range(64)]
        alone = [store.sample(request) for request in requests]
        with ThreadPoolExecutor(4) as pool:
            for one, other in zip(alone, pool.map(store.sample, requests), strict=True):
                assert one.same_as(other)

    def test_what_is_held_is_not_overwritten(self) -> None:
        """A subgraph keeps its values while others are sampled."""
        arrays, _ = self.drawn(5)
        store, rng = self.make_store(arrays), np.random.default_rng(5)
        requests = [random_request(rng, arrays.schema, arrays.num_rows) for _ in range(40)]
        held, copies = [], []
        for request in requests:
            held.append(store.sample(request))
            copies.append({name: ids.copy() for name, ids in held[-1].node_id.items()})
        for subgraph, copy in zip(held, copies, strict=True):
            assert all(np.array_equal(ids, copy[name]) for name, ids in subgraph.node_id.items())

    def test_it_knows_its_sizes(self) -> None:
        """Nodes, edges and times of a graph written by hand."""
        arrays = toy_shop()
        store = self.make_store(arrays)
        assert store.num_nodes("orders") == 4
        assert store.num_edges(USERS) == 3
        assert store.times("products") is None
        assert np.array_equal(np.asarray(store.times("orders")), np.array([1, 2, 2, 4]) * DAY)

    def test_bad_requests_are_refused(self) -> None:
        """Wrong ids, anchors, steps and snapshots raise the error that the protocol names."""
        store = self.make_store(toy_shop())
        good = SeedSet.of("users", np.array([0, 1]), 3 * DAY)
        step = Step(1, USERS, 2)
        plan = StepPlan((step,), 1)
        for seeds in (
            SeedSet.of("users", np.array([0, 3]), DAY),
            SeedSet.of("users", np.array([-1]), DAY),
            SeedSet.of("ratings", np.array([0]), DAY),
            replace(good, ids=good.ids.astype(np.int32)),
            replace(good, ids=good.ids.reshape(1, 2)),
        ):
            _refused(IdError, store, SampleRequest((seeds,), plan))
        _refused(IdError, store, SampleRequest((good, good), plan))
        _refused(AnchorError, store, SampleRequest((replace(good, anchors=good.anchors[:1]),), plan))
        two = replace(good, anchors=np.array([1, 2]) * DAY)
        _refused(AnchorError, store, SampleRequest((two,), StepPlan((step,), 1, disjoint=False)))
        for bad in (
            replace(step, fanout=0),
            replace(step, fanout=-2),
            replace(step, window=0),
            replace(step, hop=2),
            replace(step, edge_type=EdgeType("users", "user_id", "orders")),
        ):
            _refused(FanoutError, store, SampleRequest((good,), StepPlan((bad,), 1)))
        _refused(StoreError, store, SampleRequest((good,), plan), store.snapshot + 1)


def _refused(
    error: type[Exception], store: GraphStore, request: SampleRequest, snapshot: int | None = None
) -> None:
    try:
        store.sample(request, snapshot)
    except error:
        return
    raise AssertionError(f"{error.__name__} was due for {request}")


def _hop(arrays: GraphArrays, step: Step, rng: np.random.Generator) -> HopRequest:
    rows = arrays.num_rows[step.edge_type.dst]
    count = 20 if rows else 0
    nodes = rng.integers(0, max(rows, 1), count)
    keys = rng.integers(0, 1 << 63, count).astype(np.uint64)
    table = arrays.num_rows[arrays.schema.edge_spec(step.edge_type).table]
    lists = [np.flatnonzero(rng.random(table) < 0.2) for _ in range(count)]
    hidden = (
        np.cumsum([0, *map(len, lists)]),
        np.concatenate([*lists, np.empty(0, np.int64)]).astype(np.int64),
    )
    return HopRequest(step, nodes, rng.integers(-5, 70, count), keys, hidden, want_times=step.temporal)
