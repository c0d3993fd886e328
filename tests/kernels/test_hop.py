"""The plain hop kernels: the search against bisection, and what one node sees against the rule."""

from bisect import bisect_left
from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.hop import EDGES, Sight, count_visible, first_at_least, visible_positions
from workbench.kernels.jit import kernel
from workbench.temporal import NO_TIME, visible


@kernel
def _search(ids, begin, end, bound):
    return first_at_least(ids, begin, end, bound)


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(-1, 22), st.data())
def test_the_search_is_bisection(values, bound, data):
    ids = np.array(sorted(values), np.uint32)
    begin = data.draw(st.integers(0, len(ids)))
    end = data.draw(st.integers(begin, len(ids)))
    assert _search(ids, begin, end, bound) == bisect_left(sorted(values), bound, begin, end)


ENDS = st.lists(st.one_of(st.integers(0, 9), st.just(NO_TIME)), min_size=8, max_size=8)


@given(
    st.lists(st.integers(0, 7), min_size=8, max_size=8),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 8), st.integers(0, 8), st.sets(st.integers(0, 7))),
             min_size=1, max_size=3),
    ENDS, ENDS, st.integers(0, 8), st.booleans(),
)  # fmt: skip
def test_a_node_sees_what_the_rule_says(neighbors, asked, edge_ends, node_ends, cut, hides):
    """One node with edges 0 .. 7, asked for at several anchors, row windows and hidden edges."""
    anchors, low, high = (np.array(part, np.int64) for part in list(zip(*asked, strict=True))[:3])
    lists = [sorted(hidden) if hides else [] for *_, hidden in asked]
    sight = Sight(
        layout=EDGES, indptr=np.array([0, 8]), nbr=np.array(neighbors, np.uint32),
        eid=np.arange(8, dtype=np.uint32), nothing=np.int64(-1), never=np.int64(NO_TIME),
        nodes=np.zeros(len(asked), np.int64), anchors=anchors, low=low, high=high,
        node_cut=np.full(len(asked), cut), edge_ends=np.array(edge_ends), node_ends=np.array(node_ends),
        hidden_from=np.cumsum([0, *map(len, lists)]), hidden=np.array([*chain(*lists)], np.int64),
    )  # fmt: skip
    always = np.full(8, -1)
    counts = np.empty(len(asked), np.int64)
    count_visible(sight, counts)
    for i, anchor in enumerate(anchors.tolist()):
        edges = visible(always, anchor, np.array(edge_ends))
        nodes = visible(always, anchor, np.array(node_ends)) & (np.arange(8) < cut)
        wanted = [
            row
            for row in range(low[i], high[i])
            if edges[row] and nodes[neighbors[row]] and row not in lists[i]
        ]
        assert visible_positions(sight, i).tolist() == wanted
        assert counts[i] == len(wanted)
