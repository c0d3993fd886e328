"""Lists as an array."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from workbench.loading.padded import is_lists, padded


def lists(*rows: list[int]) -> SimpleNamespace:
    sizes, values = [len(row) for row in rows], [value for row in rows for value in row]
    return SimpleNamespace(indptr=np.cumsum([0, *sizes]), values=np.array(values, np.int64))


def test_each_list_ends_in_minus_one() -> None:
    assert padded(lists([3, 1], [], [7])).tolist() == [[3, 1], [-1, -1], [7, -1]]
    assert padded(lists([], [])).tolist() == [[-1], [-1]]
    assert padded(lists()).shape == (0, 1)
    assert padded(lists([1], [2])).dtype == np.int64


def test_lists_are_told_from_arrays() -> None:
    assert is_lists(lists([1]))
    assert not is_lists(np.zeros(3))
    assert not is_lists(None)
