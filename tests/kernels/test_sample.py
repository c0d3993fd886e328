"""Parts of the fused kernel that whole batches cannot corner: its draws and its hash."""

import brute_force
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.jit import kernel
from workbench.kernels.sample import SCAN, _floyd, find_or_add, slot_of


@given(st.integers(0, 2**64 - 1), st.integers(2, 400), st.data())
def test_floyd_is_the_oracles_on_both_sides_of_the_scan_limit(key, count, data):
    take = data.draw(st.integers(1, min(count - 1, 3 * SCAN)))
    ranks, taken = np.empty(take, np.int64), np.zeros(512, np.int64)
    for stamp in (1, 2):
        _floyd(np.uint64(key), count, ranks, taken, stamp)
        assert ranks.tolist() == brute_force.floyd(key, count, take)


@kernel
def _relabel(id_like, slot_like, local_like, disjoint, epoch, slots, nodes, batch, drawn, lanes, locals_):
    count, mask = 0, len(slots) - 1
    for i in range(len(drawn)):
        slot = slot_of(drawn[i], lanes[i] if disjoint else 0, mask)
        locals_[i], count = find_or_add(
            id_like, slot_like, local_like, disjoint, epoch, slots.ctypes.data, mask, nodes.ctypes.data,
            batch.ctypes.data, count, drawn[i], lanes[i], slot,
        )  # fmt: skip
    return count


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=60), st.booleans())
def test_relabelling_is_a_dictionary(pairs, disjoint):
    drawn, lanes = (np.array([pair[i] for pair in pairs], np.int64) for i in (0, 1))
    nodes, batch = np.zeros(64, np.uint32), np.zeros(64, np.int32)
    slots, known = np.zeros(64, np.uint32), {}
    wanted = [known.setdefault((n, lane if disjoint else 0), len(known)) for n, lane in pairs]
    for epoch in (1, 2, 255):
        got = np.full(len(pairs), -1)
        count = _relabel(
            nodes[:0], slots[:0], batch[:0], disjoint, epoch, slots, nodes, batch, drawn, lanes, got
        )
        assert got.tolist() == wanted
        assert nodes[:count].tolist() == [node for node, _ in known]
        assert batch[:count].tolist() == [lane if disjoint else -1 for _, lane in known]
