"""Draws: the published generator, uniform below any bound, and frozen for good.

The helpers of ``rng.py`` are inlined into kernels of other files, whose caches do not notice an edit
here; and a change would change every sample of every user. So known values are kept.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import PlanError
from workbench.kernels.jit import kernel
from workbench.kernels.rng import (
    derive_key,
    draw_below,
    joint_key,
    mix,
    mix64,
    node_key,
    node_keys,
    seed_keys,
)
from workbench.testing.sizes import cases

MASK = (1 << 64) - 1
word = st.integers(0, MASK)


@kernel
def drawn(key, bound, count):
    values = np.empty(count, np.int64)
    for i in range(count):
        values[i] = np.int64(draw_below(key, np.uint64(i), bound))
    return values


@kernel
def mixed(x):
    return mix64(x)


@kernel
def keyed(seed_key, salt, node):
    return node_key(seed_key, salt, node)


def splitmix(x: int) -> int:
    """SplitMix64's finaliser in plain integers, as published."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def plain_draws(key: int, bound: int, count: int) -> list[int]:
    """Lemire's method in plain integers."""
    values: list[int] = []
    for index in range(count):
        product = -1
        while product % 2**32 < (2**32 - bound) % bound or product < 0:
            product = (splitmix((key + (index + 1) * 0x9E3779B97F4A7C15) & MASK) >> 32) * bound
            index += 2**32
        values.append(product >> 32)
    return values


@settings(max_examples=cases(200, 5000))
@given(x=word)
def test_mix_is_splitmix64(x: int) -> None:
    assert int(mixed(np.uint64(x))) == splitmix(x)


@settings(max_examples=cases(200, 5000))
@given(key=word, bound=st.integers(1, 2**32 - 1) | st.integers(2**31, 2**31 + 9))
def test_draws_are_those_of_the_published_method(key: int, bound: int) -> None:
    assert drawn(np.uint64(key), np.uint64(bound), 5).tolist() == plain_draws(key, bound, 5)


@pytest.mark.parametrize("bound", [2, 3, 10, 1000])
def test_draws_are_uniform(bound: int) -> None:
    counts = np.bincount(drawn(np.uint64(7), np.uint64(bound), 200_000), minlength=bound)
    expected = 200_000 / bound
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert chi2 < bound - 1 + 6 * (2 * (bound - 1)) ** 0.5


@settings(max_examples=cases(100, 2000))
@given(key=word, salt=word, nodes=st.lists(st.integers(0, 2**40), min_size=1, max_size=5))
def test_node_keys_is_node_key_for_each(key: int, salt: int, nodes: list[int]) -> None:
    keys = np.full(len(nodes), key, np.uint64)
    each = [int(keyed(np.uint64(key), np.uint64(salt), np.uint64(node))) for node in nodes]
    assert node_keys(keys, np.uint64(salt), np.array(nodes)).tolist() == each


def test_a_seed_key_depends_on_its_seed_and_anchor_and_on_nothing_beside() -> None:
    seeds, anchors = np.array([1, 2, 1, 1]), np.array([5, 5, 6, 5])
    keys = seed_keys(9, 3, seeds, anchors)
    assert keys[0] == keys[3]
    assert len(set(keys.tolist())) == 3
    assert seed_keys(9, 3, seeds[1:2], anchors[1:2])[0] == keys[1]
    assert seed_keys(9, 4, seeds, anchors)[0] != keys[0]


def test_a_joint_key_depends_on_the_order() -> None:
    ids, seeds, anchors = np.array([0, 1]), np.array([4, 5]), np.array([7, 7])
    assert joint_key(1, ids, seeds, anchors) != joint_key(1, ids[::-1].copy(), seeds[::-1].copy(), anchors)


def test_keys_of_different_purposes_and_epochs_differ() -> None:
    keys = {derive_key(0, purpose, epoch) for purpose in ("train", "val", "a", "") for epoch in range(50)}
    assert len(keys) == 200


def test_known_values_stay() -> None:
    assert mix(1, 2, 3) == 311187881747258822
    assert derive_key(0, "train", 1) == 1336103592938436796
    assert drawn(np.uint64(42), np.uint64(10), 8).tolist() == [7, 1, 2, 3, 0, 8, 2, 8]
    assert seed_keys(9, 3, np.array([1]), np.array([5])).tolist() == [2681950392927480814]


def test_keys_are_integers_of_any_type():
    same = {derive_key(kind(7), "train", kind(2)) for kind in (int, np.int64, np.uint64, np.int32)}
    assert same == {derive_key(7, "train", 2)}
    with pytest.raises(PlanError, match=r"a key for random draws was asked for: got 0\.5\. Allowed: a whole"):
        derive_key(0.5, "train")
