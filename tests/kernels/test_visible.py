"""Visible neighbours one by one, against plain Python over small tables of addresses."""

from bisect import bisect_left

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.jit import kernel
from workbench.kernels.tables import (
    C_CUTS,
    C_EDGE,
    C_HIDDEN,
    C_LANES,
    C_STEP,
    C_VISIBLE,
    C_WORDS,
    E_EID,
    E_NBR,
    E_STRIDE,
    E_WORDS,
    P_EDGE_END,
    P_HIDDEN,
    P_NODE,
    P_NODE_END,
    P_WORDS,
)
from workbench.kernels.visible import first_hidden, hidden_of, is_over, list_visible, needs_list
from workbench.stores.fused import address
from workbench.temporal import NO_TIME


@kernel
def _first(at, hidden, row):
    return first_hidden(at, hidden, row)


@kernel
def _over(ends, row, view):
    return is_over(ends, row, view)


@kernel
def _hidden(call, lane):
    return hidden_of(call, lane)


@kernel
def _needs(like, call, begin, end, lane):
    return needs_list(like, call, begin, end, lane)


@kernel
def _list(like, call, begin, end, lane, view):
    return list_visible(like, call, begin, end, lane, view)


@given(st.sets(st.integers(0, 30)), st.integers(-1, 31))
def test_the_first_hidden_edge_is_bisection(hidden, row):
    rows = np.array([*sorted(hidden), 0])
    assert _first(address(rows), len(hidden), row) == bisect_left(sorted(hidden), row)


def test_what_ends_at_the_view_is_over_and_what_has_no_end_never_is():
    ends = np.array([4, 5, 6, NO_TIME])
    assert [bool(_over(address(ends), row, 5)) for row in range(4)] == [True, True, False, False]
    assert not _over(address(ends), 3, NO_TIME)


ENDS = st.one_of(st.integers(0, 9), st.just(NO_TIME))


class Window:
    """Edges 0 .. n - 1 of one node, hidden rows of two lanes, cuts of two lanes, ends."""

    def __init__(self, data, dtype):
        self.n = data.draw(st.integers(0, 12))
        some = st.lists(st.integers(0, 30), min_size=self.n, max_size=self.n, unique=True)
        self.rows = sorted(data.draw(some))
        self.neighbors = data.draw(st.lists(st.integers(0, 9), min_size=self.n, max_size=self.n))
        self.hidden = [sorted(data.draw(st.sets(st.integers(0, 30), max_size=9))) for _ in range(2)]
        self.cuts = data.draw(st.one_of(st.none(), st.tuples(st.integers(0, 10), st.integers(0, 10))))
        self.edge_ends, self.node_ends = (
            data.draw(st.one_of(st.none(), st.lists(ENDS, min_size=size, max_size=size))) for size in (31, 10)
        )
        self.hides = data.draw(st.booleans())
        self.call, step, edge = (np.zeros(size, np.int64) for size in (C_WORDS, P_WORDS, E_WORDS))
        pairs = np.array([self.neighbors, self.rows]).T.astype(dtype).copy()
        self.visible = np.full(self.n + 1, -7)
        offsets = np.cumsum([0, *map(len, self.hidden)])
        hidden = np.array([*self.hidden[0], *self.hidden[1], 0])
        entry, cuts = np.array([0, 0, address(offsets), address(hidden)]), np.array(self.cuts or (0, 0))
        ends = [None if part is None else np.array(part) for part in (self.edge_ends, self.node_ends)]
        edge[[E_NBR, E_EID, E_STRIDE]] = address(pairs), address(pairs) + pairs.itemsize, 2 * pairs.itemsize
        step[P_NODE], step[P_HIDDEN] = 0 if self.cuts else -1, 1 if self.hides else -1
        step[[P_EDGE_END, P_NODE_END]] = [0 if part is None else address(part) for part in ends]
        self.call[[C_STEP, C_EDGE, C_VISIBLE]] = address(step), address(edge), address(self.visible)
        self.call[[C_CUTS, C_LANES, C_HIDDEN]] = address(cuts), 2, address(entry)
        self.kept = [step, edge, pairs, offsets, hidden, entry, cuts, ends]

    def wanted(self, begin, end, lane, view):
        def seen(i):
            row, neighbor = self.rows[i], self.neighbors[i]
            over = [
                e is not None and e[j] <= view and e[j] != NO_TIME
                for e, j in ((self.edge_ends, row), (self.node_ends, neighbor))
            ]
            hidden = self.hides and row in self.hidden[lane]
            return not (any(over) or hidden or (self.cuts and neighbor >= self.cuts[lane]))

        return [i for i in range(begin, end) if seen(i)]


@given(st.data(), st.sampled_from([np.uint32, np.int64]), st.integers(0, 1), st.integers(0, 9))
def test_what_is_listed_is_what_is_visible(data, dtype, lane, view):
    window = Window(data, dtype)
    begin = data.draw(st.integers(0, window.n))
    end = data.draw(st.integers(begin, window.n))
    at, wanted = address(window.call), window.wanted(begin, end, lane, view)
    assert window.visible[: _list(dtype(0), at, begin, end, lane, view)].tolist() == wanted
    needed = bool(_needs(dtype(0), at, begin, end, lane))
    filtered = window.cuts is not None or window.edge_ends is not None or window.node_ends is not None
    if filtered:
        assert needed
    else:
        touched = [
            h
            for h in window.hidden[lane]
            if window.hides and begin < end and window.rows[begin] <= h <= window.rows[end - 1]
        ]
        assert needed == bool(touched)
    first, count = _hidden(at, lane)
    assert count == (len(window.hidden[lane]) if window.hides else 0)
    assert first == (window.kept[4].ctypes.data + 8 * lane * len(window.hidden[0]) if window.hides else 0)
