"""Counter-based draws: every random number is a pure function of a key and a counter.

The generator is SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
Generators", OOPSLA 2014) used as a hash: ``draw(key, i) = mix64(key + (i + 1) * GOLDEN)``. An integer
below n comes from 32 of its bits by Lemire's multiply-shift with rejection (Lemire, "Fast Random
Integer Generation in an Interval", TOMACS 2019), so it is exactly uniform.

    root, purpose, epoch   -> key        derive_key
    key, seed, anchor      -> seed key   seed_keys (disjoint)   |  key, all seeds -> joint_key (joint)
    seed key, step, node   -> node key   node_keys
    node key, i            -> draw i
"""

from __future__ import annotations

from operator import index
from typing import SupportsIndex

import numpy as np

from workbench.errors import PlanError, explain
from workbench.kernels.jit import inlined, kernel, part
from workbench.types import Int64Array, TimeArray, UInt64Array

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32), np.uint64(11)
_LOW32 = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_MASK = 0xFFFFFFFFFFFFFFFF


@inlined
def mix64(x):
    """SplitMix64's finaliser: uint64 -> uint64, a bijection."""
    x = (x ^ (x >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return x ^ (x >> _S31)


@inlined
def node_key(seed_key, salt, node):
    """The key of every draw that expands ``node`` at the step named by ``salt``, for one seed."""
    return mix64(seed_key ^ mix64(salt + node * GOLDEN))


@inlined
def draw_below(key, index, bound):
    """Draw integer ``index`` of a key in [0, bound), bound < 2^32, exactly uniform.

    A rejected attempt is followed by draw ``index + 2^32``, so no draw depends on another.
    """
    product = (mix64(key + (index + _ONE) * GOLDEN) >> _S32) * bound
    if (product & _LOW32) < bound:
        threshold = ((_LOW32 + _ONE) - bound) % bound
        while (product & _LOW32) < threshold:
            index += _LOW32 + _ONE
            product = (mix64(key + (index + _ONE) * GOLDEN) >> _S32) * bound
    return product >> _S32


@part
def share(key, index):
    """Draw ``index`` of a key as a float64 in [0, 1): 53 bits."""
    return np.float64(mix64(key + (index + _ONE) * GOLDEN) >> _S11) * 2.0**-53


def mix(*words: int) -> int:
    """Fold words into one uint64 key, order-sensitive; integers of any type, no overflow warnings."""
    state = 0
    for word in words:
        state = _mix_int((state ^ _mix_int(index(word) & _MASK)) + int(GOLDEN))
    return state


def derive_key(root: int, purpose: str, epoch: int = 0) -> int:
    """The key of one pass: root key, what it is for (``'train'``, ``'val'``, ...) and the epoch.

    Raises
    ------
    PlanError
        If the root key is no whole number.
    """
    if not isinstance(root, SupportsIndex):
        raise PlanError(explain("a key for random draws was asked for", f"got {root!r}", "a whole number"))
    return mix(root, *purpose.encode(), len(purpose), epoch)


def seed_keys(key: int, type_salt: int, seeds: Int64Array, anchors: TimeArray) -> UInt64Array:
    """uint64[n]: one key per seed in disjoint mode, a function of (key, type, seed, anchor) alone."""
    return np.asarray(_seed_keys(np.uint64(mix(key, type_salt)), seeds, anchors))


@kernel
def _seed_keys(base, seeds, anchors):
    out = np.empty(len(seeds), np.uint64)
    for i in range(len(seeds)):
        out[i] = mix64(mix64(base ^ np.uint64(seeds[i])) + np.uint64(anchors[i]))
    return out


def joint_key(key: int, input_ids: Int64Array, seeds: Int64Array, anchors: TimeArray) -> int:
    """One key for a joint batch: a hash of its ordered (input_id, seed, anchor)."""
    return int(_joint_key(np.uint64(mix(key)), input_ids, seeds, anchors))


@kernel
def _joint_key(base, input_ids, seeds, anchors):
    state = base
    for i in range(len(seeds)):
        state = mix64(state ^ np.uint64(input_ids[i]))
        state = mix64(state ^ np.uint64(seeds[i]))
        state = mix64(state ^ np.uint64(anchors[i]))
    return state


@kernel
def node_keys(seed_key, salt, nodes):
    """Vector form of :func:`node_key`.

    Arrays
    ------
    seed_key  uint64[n]  key of the seed that each node was reached from
    salt      uint64     ``Step.salt``
    nodes     int64[n]   global ids
    returns   uint64[n]
    """
    out = np.empty(len(nodes), np.uint64)
    for i in range(len(nodes)):
        out[i] = node_key(seed_key[i], salt, np.uint64(nodes[i]))
    return out


def _mix_int(x: int) -> int:
    x &= _MASK
    x = ((x ^ (x >> 30)) * int(_M1)) & _MASK
    x = ((x ^ (x >> 27)) * int(_M2)) & _MASK
    return x ^ (x >> 31)
