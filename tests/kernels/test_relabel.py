"""The hash that turns global ids into local ones, where batches cannot corner it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernels.jit import kernel
from workbench.kernels.lanes import SLOTS
from workbench.kernels.raw import set_word, set_word32, store, width
from workbench.kernels.relabel import check_of, enter, hash_of, line_of, lookup, wipe
from workbench.stores.capacity import hash_slots
from workbench.stores.fused import address


@kernel
def _relabel(like, keyed, low, slots, lines, nodes, batch, clock, drawn, lanes, clocks, got):
    """Local ids by node; where bits 0, 1, 2 of ``keyed`` say so, by lane, clock and row (the lane again)."""
    count = 0
    wipe(slots, lines)
    for i in range(len(drawn)):
        node, lane, instant = drawn[i], lanes[i], clocks[i]
        by_lane, by_clock, by_row = keyed & 1, keyed & 2, keyed & 4
        hashed = hash_of(node, lane if by_lane else 0)
        found = lookup(
            like, low, slots, lines, nodes, batch if by_lane else 0, batch if by_row else 0,
            clock if by_clock else 0, node, lane, lane, instant, hashed,
        )  # fmt: skip
        if found < 0:
            enter(-found, low, hashed, count)
            store(like, nodes + count * width(like), node)
            set_word32(batch, count, lane)
            set_word(clock, count, instant)
            found = count
            count += 1
        got[i] = found
    return count


@kernel
def _line(node, lane, lines):
    return line_of(hash_of(node, lane), lines)


@kernel
def _check(node, lane, low):
    return check_of(hash_of(node, lane), low)


def hash_lines(nodes):
    """Slots of an earlier batch."""
    raw = np.full(hash_slots(nodes) + SLOTS, 0xABCDEF01, np.uint32)
    return raw[-address(raw) % 64 // 4 :][: hash_slots(nodes)]


def relabelled(keys, keyed, dtype, low, slots):
    """(local ids, node of each, lane of each, clock of each)."""
    drawn, lanes, clocks = np.array(keys, np.int64).reshape(-1, 3).T.copy()
    nodes, batch, clock = (np.zeros(len(keys) + 1, kind) for kind in (dtype, np.int32, np.int64))
    got = np.full(len(keys), -7)
    count = _relabel(
        dtype(0), keyed, low, address(slots), len(slots) // SLOTS - 1,
        address(nodes), address(batch), address(clock), drawn, lanes, clocks, got,
    )  # fmt: skip
    assert nodes[count:].tolist() == [0] * (len(keys) + 1 - count), "nothing is written behind the last node"
    return got.tolist(), nodes[:count].tolist(), batch[:count].tolist(), clock[:count].tolist()


def wanted(keys, keyed):
    known, first = {}, []
    got = []
    for key in keys:
        name = key[0], key[1] * bool(keyed & 5), key[2] * bool(keyed & 2)
        if name not in known:
            known[name] = len(known)
            first.append(key)
        got.append(known[name])
    return got, *([key[i] for key in first] for i in range(3))


KEYS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), st.integers(-1, 1)), max_size=120)


LOWS = [(1 << bits) - 1 for bits in (7, 12, 31, 32)]
"""Masks of local ids: what they leave of a slot checks, down to nothing."""


@given(KEYS, st.integers(0, 7), st.sampled_from([np.uint32, np.int64]), st.sampled_from(LOWS))
def test_relabelling_is_a_dictionary(keys, keyed, dtype, low):
    slots = hash_lines(len(keys))
    for _batch in range(2):
        assert relabelled(keys, keyed, dtype, low, slots) == wanted(keys, keyed)


def test_only_the_lines_of_the_batch_are_wiped():
    slots = hash_lines(200)
    relabelled([(5, 0, 0)], 0, np.uint32, LOWS[0], slots[: 2 * SLOTS])
    assert np.count_nonzero(slots[: 2 * SLOTS]) == 1
    assert (slots[2 * SLOTS :] == 0xABCDEF01).all()


@pytest.mark.parametrize("keyed", range(8))
def test_equal_checks_do_not_confuse_nodes(keyed):
    """Ids of one check and one line, few bits that check, and ids that agree in their lower half."""
    slots = hash_lines(64)
    lines, low = len(slots) // SLOTS - 1, LOWS[1]
    alike: dict[tuple[int, int], list[int]] = {}
    for node in range(200_000):
        alike.setdefault((_line(node, 0, lines), _check(node, 0, LOWS[2])), []).append(node)
    same = max(alike.values(), key=len)
    assert len(same) > 20
    keys = [(node, 0, 0) for node in [*same[:40], *(7 + (i << 32) for i in range(20))]] * 2
    for bits in (low, LOWS[2], LOWS[3]):
        assert relabelled(keys, keyed, np.int64, bits, hash_lines(64)) == wanted(keys, keyed)


@pytest.mark.parametrize("low", LOWS)
def test_a_line_that_overflows_goes_on_in_the_next_and_the_last_in_the_first(low):
    slots = hash_lines(96)
    lines = len(slots) // SLOTS - 1
    crowd = [node for node in range(4000) if _line(node, 0, lines) == lines][: 3 * SLOTS]
    assert len(crowd) == 3 * SLOTS
    keys = [(node, 0, 0) for node in crowd] * 2
    assert relabelled(keys, 0, np.int64, low, slots) == wanted(keys, 0)
    assert slots[: 2 * SLOTS].all()
    assert slots[-SLOTS:].all()


@pytest.mark.parametrize("keyed", [1, 2, 4, 5, 7])
def test_what_no_bit_checks_every_row_decides(keyed):
    """No bit of a slot checks, and two nodes come with more lanes than there are lines."""
    keys = [(node, lane, clock) for node in range(2) for lane in range(60) for clock in range(2)]
    slots = hash_lines(len(keys))
    assert len(slots) // SLOTS < 60
    assert relabelled(keys * 2, keyed, np.uint32, LOWS[3], slots) == wanted(keys * 2, keyed)


def test_one_node_under_many_instants_is_many_nodes():
    keys = [(5, 0, clock) for clock in range(-40, 40)] * 2
    got = relabelled(keys, 2, np.uint32, LOWS[1], hash_lines(80))
    assert got == wanted(keys, 2)
    assert len(got[1]) == 80


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), st.integers(0, 20))
def test_lines_are_in_the_table(node, lane, bits):
    assert 0 <= _line(node, lane, (1 << bits) - 1) < 1 << bits
