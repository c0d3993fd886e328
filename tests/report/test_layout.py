"""Properties of the radial layout on random samples."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.plan.fanout import Fanout
from workbench.report.flat import flatten
from workbench.report.layout import radial_layout
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.testing.graphs import random_graph
from workbench.testing.sizes import cases


def sample(seed, seeds=3, hops=3, disjoint=True):
    rng = np.random.default_rng(seed)
    graph = RamGraph(random_graph(rng))
    types = [name for name in graph.schema.node_types if graph.num_nodes(name)]
    if not types:
        return None
    kind = types[int(rng.integers(len(types)))]
    ids = rng.integers(0, graph.num_nodes(kind), seeds)
    fanout = Fanout([int(rng.integers(1, 5))] * hops, disjoint=disjoint)
    plan = fanout.compile(graph.schema, [kind])
    return graph, graph.sample(SampleRequest((SeedSet.of(kind, ids, 60),), plan, seed))


@settings(max_examples=cases(100, 1000))
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 4), st.booleans())
def test_the_layout_is_a_radial_tidy_tree(seed, seeds, hops, disjoint):
    made = sample(seed, seeds, hops, disjoint)
    if made is None:
        return
    flat = flatten(made[1])
    layout = radial_layout(flat)
    # every node lies on its hop's ring, inside the square
    assert np.allclose(np.hypot(layout.x, layout.y), layout.rings[flat.hop], atol=1e-5)
    assert (np.abs(layout.x) <= 1.0001).all()
    assert (np.diff(layout.rings) > 0).all()
    # the parents are a forest rooted at the seeds, one ring further in each
    roots = layout.parent < 0
    assert np.array_equal(roots, flat.hop == 0)
    assert (flat.hop[layout.parent[~roots]] == flat.hop[~roots] - 1).all()
    # two nodes of a ring never share a place
    places = np.column_stack([flat.hop, np.round(layout.angle, 5)])
    if roots.sum() > 1 or not roots.any():
        assert len(np.unique(places, axis=0)) == len(places)
    # subtrees keep to sectors of their own: parents in angular order have children in angular order
    for hop in range(1, int(flat.hop.max(initial=0)) + 1):
        ring = np.flatnonzero(flat.hop == hop)
        ring = ring[np.argsort(layout.angle[ring], kind="stable")]
        assert (np.diff(layout.angle[layout.parent[ring]]) >= -1e-6).all()


@settings(max_examples=cases(50, 500))
@given(st.integers(0, 2**32))
def test_parents_in_disjoint_samples_belong_to_the_same_seed(seed):
    made = sample(seed)
    if made is None:
        return
    flat = flatten(made[1])
    children = np.flatnonzero(flat.parent >= 0)
    assert np.array_equal(flat.seed[children], flat.seed[flat.parent[children]])
    pairs = set(zip(flat.src.tolist(), flat.dst.tolist(), strict=True))
    assert all((child, int(flat.parent[child])) in pairs for child in children.tolist())


def test_the_same_subgraph_gives_the_same_picture():
    _, subgraph = sample(7)
    one, two = radial_layout(flatten(subgraph)), radial_layout(flatten(subgraph))
    assert np.array_equal(one.x, two.x)
    assert np.array_equal(one.y, two.y)


@pytest.mark.parametrize("nodes", [10_000])
def test_ten_thousand_nodes_take_milliseconds(nodes):
    rng = np.random.default_rng(0)
    parent = np.r_[-1, np.zeros(99, int), rng.integers(1, 100, nodes - 100)]
    hop = np.r_[0, np.ones(99, int), np.full(nodes - 100, 2)]
    _, subgraph = sample(7)
    flat = flatten(subgraph)
    child = np.arange(1, nodes)
    big = type(flat)(
        ("a",), flat.edge_types[:1],
        type=np.zeros(nodes, np.int32), node_id=np.arange(nodes), hop=hop.astype(np.int32),
        seed=np.zeros(nodes, np.int32), anchor=np.zeros(nodes, np.int64), time=np.zeros(nodes, np.int64),
        sees=np.zeros(nodes, np.int64), edge_type=np.zeros(nodes - 1, np.int32),
        src=child.astype(np.int32), dst=parent[1:].astype(np.int32),
        edge_id=child, edge_hop=hop[1:].astype(np.int32), edge_time=np.zeros(nodes - 1, np.int64),
    )  # fmt: skip
    start = time.perf_counter()
    layout = radial_layout(big)
    assert time.perf_counter() - start < 0.25  # about 1 ms; the bound leaves room for a busy machine
    assert np.array_equal(layout.parent, parent)
