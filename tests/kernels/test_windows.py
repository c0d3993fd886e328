"""Windows of visible edges against bisection: the lockstep search, bounds of any instant, takes."""

from bisect import bisect_left, bisect_right

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.cuts import KNOTS
from workbench.kernels.jit import kernel
from workbench.kernels.tables import (
    B_ACTIVE,
    B_BEGIN,
    B_COUNT,
    B_CUT,
    B_END,
    B_ROWS,
    B_SIZE,
    B_TAKE,
    C_BLOCK,
    C_BOUNDS,
    C_PATH,
    C_STEP,
    C_WORDS,
    LANES,
    P_FANOUT,
    P_STRATEGY,
    P_WORDS,
    RECENT,
    ROW,
    UNIFORM,
)
from workbench.kernels.windows import _lockstep, bound_of, takes
from workbench.stores.fused import address
from workbench.temporal import BEGINNING, FOREVER, NO_TIME, cut, lookback


@kernel
def _search(like, ids_at, stride, block_at, lanes):
    _lockstep(like, ids_at, stride, block_at, lanes, B_BEGIN)


@kernel
def _takes(call, lanes):
    return takes(call, lanes)


@given(
    st.lists(st.integers(0, 30), max_size=50),
    st.integers(0, LANES),
    st.sampled_from([np.uint32, np.int64]),
    st.integers(1, 2),
    st.data(),
)
def test_every_lane_finds_its_cut(values, lanes, dtype, apart, data):
    ids = np.full((len(values) + 1, apart), 31, dtype)
    ids[:-1, 0] = sorted(values)
    block = np.zeros((B_ROWS, LANES), np.int64)
    begins, sizes, cuts = (block[row // ROW] for row in (B_BEGIN, B_SIZE, B_CUT))
    wanted = []
    for i in range(lanes):
        begins[i] = data.draw(st.integers(0, len(values)))
        sizes[i] = data.draw(st.integers(0, len(values) - begins[i]))
        cuts[i] = data.draw(st.integers(-1, 31))
        wanted.append(bisect_left(sorted(values), cuts[i], begins[i], begins[i] + sizes[i]))
    _search(dtype(0), address(ids), ids.strides[0], address(block), lanes)
    assert begins[:lanes].tolist() == wanted
    assert not begins[lanes:].any()
    assert not block[
        [row for row in range(B_ROWS) if row * ROW not in (B_BEGIN, B_SIZE, B_CUT, B_ACTIVE)]
    ].any()


INSTANTS = st.one_of(st.integers(-5, 5), st.sampled_from([BEGINNING, BEGINNING + 2, FOREVER - 1]))
WINDOWS = st.sampled_from([0, 1, 3, 2**62, 2**63 - 1])


@kernel
def _bound(call, view):
    return bound_of(call, np.int64(0), np.int64(0), view)


@given(st.lists(INSTANTS, max_size=40), st.integers(0, 3), st.one_of(INSTANTS, st.just(FOREVER)), WINDOWS)
def test_a_bound_of_any_instant_is_the_cut_of_temporal(times, undated, view, window):
    clock = np.array([*sorted(times), *[NO_TIME] * undated], np.int64)
    knots = clock[np.arange(KNOTS + 1) * max(len(times) - 1, 0) // KNOTS] if len(clock) else np.arange(1)
    call, views = np.zeros(C_WORDS, np.int64), np.array([view])
    before = lookback(views, window)[0]
    wanted = 0 if before == BEGINNING else bisect_right(sorted(times), before)
    for width, count in ((-1, cut(clock, views)[0]), (window, wanted)):
        rule = np.array([address(clock), len(times), width, address(knots)])
        call[[C_PATH, C_BOUNDS]] = 1, address(rule)
        assert _bound(address(call), view) == count


@given(
    st.lists(st.integers(0, 9), min_size=LANES, max_size=LANES),
    st.integers(0, LANES),
    st.sampled_from([-1, 1, 3, 9]),
    st.sampled_from([UNIFORM, RECENT]),
)
def test_takes(counts, lanes, fanout, strategy):
    block, call, step = (
        np.zeros((B_ROWS, LANES), np.int64),
        np.zeros(C_WORDS, np.int64),
        np.zeros(P_WORDS, np.int64),
    )
    block[B_BEGIN // ROW], block[B_END // ROW] = 5, np.array(counts) + 5
    step[[P_FANOUT, P_STRATEGY]] = fanout, strategy
    call[[C_BLOCK, C_STEP]] = address(block), address(step)
    counts = counts[:lanes]
    wanted = [count if fanout < 0 else min(count, fanout) for count in counts]
    random = strategy == UNIFORM and wanted != counts
    assert _takes(address(call), lanes) == (-sum(wanted) - 1 if random else sum(wanted))
    rest = [0] * (LANES - lanes)
    assert block[B_COUNT // ROW].tolist() == counts + rest
    assert block[B_TAKE // ROW].tolist() == wanted + rest
