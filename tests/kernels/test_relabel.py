"""The hash that turns global ids into local ones, where batches cannot corner it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.jit import kernel
from workbench.kernels.lanes import SLOTS
from workbench.kernels.relabel import NARROW_TAG, WIDE_TAG, find_or_add, hash_of
from workbench.kernels.tables import N_BATCH, N_COUNT, N_HASH, N_LINES, N_NODES
from workbench.stores.capacity import hash_slots
from workbench.stores.fused import address


@kernel
def _relabel(id_like, disjoint, tag_mask, tag, table, drawn, lanes, locals_):
    for i in range(len(drawn)):
        batch = lanes[i] if disjoint else -1
        hashed = hash_of(drawn[i], lanes[i] if disjoint else 0)
        locals_[i], table[N_COUNT] = find_or_add(
            id_like, tag_mask, tag, table, table[N_COUNT], drawn[i], batch, hashed
        )


def hash_lines(nodes):
    raw = np.zeros(hash_slots(nodes) + SLOTS, np.int64)
    return raw[-address(raw) % 64 // 8 :][: hash_slots(nodes)]


def relabelled(pairs, disjoint, dtype, tag_mask, tag, slots):
    drawn, lanes = (np.array([pair[i] for pair in pairs], np.int64) for i in (0, 1))
    nodes, batch, got = np.zeros(len(pairs) + 1, dtype), np.zeros(len(pairs) + 1, np.int32), drawn - 1
    table = np.zeros(6, np.int64)
    table[[N_NODES, N_BATCH, N_HASH]] = [address(part) for part in (nodes, batch, slots)]
    table[N_LINES] = len(slots) // SLOTS - 1
    _relabel(nodes[:0], disjoint, tag_mask, tag, table, drawn, lanes, got)
    return got.tolist(), nodes[: table[N_COUNT]].tolist(), batch[: table[N_COUNT]].tolist()


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=120),
    st.booleans(),
    st.sampled_from([np.uint32, np.int64]),
)
def test_relabelling_is_a_dictionary(pairs, disjoint, dtype):
    slots = hash_lines(len(pairs))
    known = {}
    wanted = [known.setdefault((n, lane if disjoint else 0), len(known)) for n, lane in pairs]
    for tag_mask, tag in ((NARROW_TAG, 1 << 24), (NARROW_TAG, 2 << 24), (NARROW_TAG, 255 << 24)):
        got, nodes, batch = relabelled(pairs, disjoint, dtype, tag_mask, tag, slots)
        assert got == wanted
        assert nodes == [node for node, _ in known]
        assert batch == [lane if disjoint else -1 for _, lane in known]
    slots[:] = 0
    assert relabelled(pairs, disjoint, dtype, WIDE_TAG, WIDE_TAG, slots)[0] == wanted


@pytest.mark.parametrize("disjoint", [False, True])
def test_equal_checks_do_not_confuse_nodes(disjoint):
    """Ids beyond 32 bits that agree in the lower half of their hash, and full lines."""
    nodes = [7 + (i << 32) for i in range(40)]
    pairs = [(node, 0) for node in nodes] * 2
    slots = hash_lines(64)
    got, kept, _ = relabelled(pairs, disjoint, np.int64, NARROW_TAG, 1 << 24, slots)
    assert got == [*range(40), *range(40)]
    assert kept == nodes
