"""Thousands of dots for more nodes: alike ones together, everything counted, nothing late hidden."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widgets._grouping import grouped
from workbench.report.flat import FlatSubgraph
from workbench.schema import EdgeType
from workbench.testing.sizes import cases


def tree(rng, rings, kinds=3, cross=0):
    """Rings of so many nodes, each found from a random node of the ring before, and some other edges."""
    sizes = np.cumsum([0, *rings])
    count = int(sizes[-1])
    hop = np.repeat(np.arange(len(rings)), rings).astype(np.int32)
    found = np.arange(rings[0], count)
    above = (sizes[hop[found] - 1] + rng.random(len(found)) * np.array(rings)[hop[found] - 1]).astype(
        np.int32
    )
    src = np.concatenate([found, rng.integers(0, count, cross)]).astype(np.int32)
    dst = np.concatenate([above, rng.integers(0, count, cross)]).astype(np.int32)
    edge_hop = np.concatenate([hop[found], np.full(cross, len(rings) + 1)]).astype(np.int32)
    zero, ids, edges = np.zeros(count, np.int32), np.arange(count), np.arange(len(src))
    return FlatSubgraph(
        tuple("abc"[:kinds]), (EdgeType("a", "r", "b"),), type=rng.integers(0, kinds, count).astype(np.int32),
        node_id=ids, hop=hop, seed=zero, anchor=ids * 0 + 10**9, time=rng.permutation(count), sees=ids * 0,
        edge_type=np.zeros(len(src), np.int32), src=src, dst=dst, edge_id=edges, edge_hop=edge_hop,
        edge_time=edges * 0,
    )  # fmt: skip


@settings(max_examples=cases(25, 300), deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 60), min_size=1, max_size=4),
    st.integers(1, 90),
    st.booleans(),
)
def test_dots_are_groups_of_what_is_alike(seed, rings, most, later):
    flat = tree(np.random.default_rng(seed), rings, cross=20)
    if later:  # half of the nodes are too late for their anchor
        flat = replace(
            flat, anchor=np.where(np.arange(len(flat)) % 2, flat.anchor, flat.anchor.min() - 10**6)
        )
    single = np.arange(len(flat)) % 7 == 0
    found = grouped(flat, most, single)
    assert found.count.sum() == len(flat)
    assert np.array_equal(np.bincount(found.dot), found.count)
    assert (found.count[found.dot[single]] == 1).all() or len(flat) <= most
    for name in ("type", "hop", "late"):
        assert np.array_equal(getattr(found.flat, name)[found.dot], getattr(flat, name))
    assert np.array_equal(found.flat.node_id, flat.node_id[found.first])
    parent, above = flat.parent, found.flat.parent
    inner = parent >= 0
    assert np.array_equal(above[found.dot[inner]], found.dot[parent[inner]])
    pairs = zip(
        found.dot[flat.src].tolist(), found.dot[flat.dst].tolist(), flat.late_edges.tolist(), strict=True
    )
    drawn = list(
        zip(found.flat.src.tolist(), found.flat.dst.tolist(), found.flat.late_edges.tolist(), strict=True)
    )
    if len(flat) > len(found.flat):
        assert len(set(drawn)) == len(drawn)
    assert {(src, dst) for src, dst, _ in drawn} == {
        (s, d) for s, d, _ in pairs if s != d or len(flat) == len(found.flat)
    }


@pytest.mark.parametrize("leaves", [4999, 5000, 10_000, 100_000])
def test_leaves_are_shared_out_evenly_in_order_of_time(leaves):
    flat = tree(np.random.default_rng(0), [1, leaves], kinds=1)
    found = grouped(flat, 5000, np.zeros(leaves + 1, bool))
    assert len(found.flat) == (leaves + 1 if leaves < 5000 else len(found.flat)) <= 5000
    assert found.count[0] == 1
    if leaves > 5000:
        assert len(found.flat) > 2400
        assert set(found.count[2:-1].tolist()) <= {found.count.max()} | set(found.count[2:-1].tolist())
        spans = [np.ptp(flat.time[found.dot == dot]) for dot in (1, 2, len(found.flat) - 1)]
        assert max(spans) < found.count.max()


def test_inner_rings_stay_whole():
    flat = tree(np.random.default_rng(0), [1, 20, 200, 4000])
    for most, whole in ((4000, 3), (1000, 3), (500, 2), (50, 1), (5, 0)):
        found = grouped(flat, most, np.zeros(len(flat), bool))
        assert len(found.flat) <= max(most, 1 + 3 + 9 + 27)  # ways of types from the seed
        assert (found.count[found.flat.hop < whole] == 1).all()
        assert (found.count[found.flat.hop >= whole] > 1).any()
        assert len(found.flat) > most * 0.4 or most == 5
