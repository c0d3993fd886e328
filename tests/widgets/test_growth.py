"""One more hop merged into a picture, against the rows that were sampled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widgets._growth import grown
from workbench.plan.fanout import Fanout
from workbench.report.flat import flatten
from workbench.sampling.further import sample_further
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.testing.graphs import DAY, toy_shop
from workbench.testing.sizes import cases

GRAPH = RamGraph(toy_shop())


def picture(disjoint=True, fanout=2):
    plan = Fanout([fanout, fanout], disjoint=disjoint).compile(GRAPH.schema, ["users"])
    return GRAPH.sample(SampleRequest((SeedSet.of("users", np.array([0, 1, 0]), 10 * DAY),), plan))


def further(flat, request, row):
    asked = (flat.node_types[flat.type[row]], int(flat.node_id[row]), int(flat.sees[row]))
    found = sample_further(GRAPH, request, *asked, seed=int(flat.seed[row]), hop=int(flat.hop[row]))
    return flatten(found, GRAPH)


def named(flat, rows):
    return [(flat.node_types[flat.type[i]], int(flat.node_id[i]), int(flat.seed[i])) for i in rows]


def edges(flat):
    """Edges as (type, id, ends), whatever rows they are."""
    ends = zip(named(flat, flat.src), named(flat, flat.dst), strict=True)
    names = [flat.edge_types[e] for e in flat.edge_type]
    return list(zip(names, flat.edge_id.tolist(), ends, strict=True))


@settings(max_examples=cases(20, 200), deadline=None)
@given(st.booleans(), st.lists(st.integers(0, 10**6), min_size=1, max_size=4))
def test_it_is_what_was_there_and_what_was_drawn(disjoint, picks):
    subgraph = picture(disjoint)
    flat = flatten(subgraph, GRAPH)
    for pick in picks:
        row = pick % len(flat)
        more = further(flat, subgraph.request, row)
        result = grown(flat, row, more, shared=not disjoint)
        assert named(result, range(len(flat))) == named(flat, range(len(flat)))
        assert len(set(edges(result))) == len(set(edges(flat)) | set(edges(result)))
        lane = int(flat.seed[row])
        wanted = {(n, i, lane if disjoint else -1) for n, i, _ in named(more, np.flatnonzero(more.hop))}
        known = {(n, i) for n, i, s in named(flat, range(len(flat))) if s == lane or not disjoint}
        new = set(named(result, range(len(flat), len(result))))
        assert new == {node for node in wanted if node[:2] not in known}
        ends = {(e, i, src[:2], dst[:2]) for e, i, (src, dst) in edges(result)}
        assert ends >= {(e, i, src[:2], dst[:2]) for e, i, (src, dst) in edges(more)}
        drawn = {(e, i) for e, i, _ in edges(more)}
        had = {(e, i) for e, i, ends in edges(flat) if ends[1] == named(flat, [row])[0]}
        assert len(result.src) - len(flat.src) == len(drawn) - len(drawn & had)
        assert not result.late.any()
        assert not result.late_edges.any()
        assert (result.hop[len(flat) :] == flat.hop[row] + 1).all()
        assert (result.parent[len(flat) :] == row).all()
        flat = result


def test_the_same_hop_again_adds_nothing():
    subgraph = picture(fanout=8)
    flat = flatten(subgraph, GRAPH)
    for _ in range(2):
        once = grown(flat, 0, further(flat, subgraph.request, 0))
        again = grown(once, 0, further(once, subgraph.request, 0))
        assert (len(again), len(again.src)) == (len(once), len(once.src))
        flat = once


def test_types_that_the_picture_lacked_stand_behind_the_others():
    plan = Fanout([{"orders-user_id->users": 2}]).compile(GRAPH.schema, ["users"])
    subgraph = GRAPH.sample(SampleRequest((SeedSet.of("users", np.array([0]), 10 * DAY),), plan))
    flat = flatten(subgraph, GRAPH)
    result = grown(flat, len(flat) - 1, further(flat, subgraph.request, len(flat) - 1))
    assert result.node_types[: len(flat.node_types)] == flat.node_types
    assert "products" in set(result.node_types) - set(flat.node_types)
    assert [result.node_types[t] for t in result.type[: len(flat)]] == [flat.node_types[t] for t in flat.type]
    with pytest.raises(IndexError):
        grown(flat, len(flat), further(flat, subgraph.request, 0))


def test_edges_lead_between_nodes_of_their_types_wherever_the_expanded_one_stands_among_types():
    subgraph = picture(fanout=2)
    flat = flatten(subgraph, GRAPH)
    places = set()
    for row in range(len(flat)):
        more = further(flat, subgraph.request, row)
        places.add(int(np.flatnonzero(more.hop == 0)[0]))
        result = grown(flat, row, more)
        for edge_type, _, (src, dst) in edges(result):
            assert (src[0], dst[0]) == (edge_type.src, edge_type.dst)
    assert len(places) > 1, "the test needs expanded nodes behind their neighbours, too"
