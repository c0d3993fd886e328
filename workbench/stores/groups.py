"""Telling rows of parallel columns apart: which are the same, and where each was first."""

from __future__ import annotations

import numpy as np

from workbench.types import AnyArray, BoolArray, Int64Array


def first_of_each(*columns: AnyArray) -> Int64Array:
    """int64[n]: for every row, the position of the first row that has the same values.

    Parameters
    ----------
    columns : integers[n]  one or more
    """
    order = np.lexsort(columns)  # stable: rows that are the same stay in order
    begins: BoolArray = np.zeros(len(order), np.bool_)
    begins[:1] = True
    for column in columns:
        begins[1:] |= column[order[1:]] != column[order[:-1]]
    first = np.empty(len(order), np.int64)
    first[order] = order[begins][np.cumsum(begins) - 1]
    return first


def rank_within(groups: Int64Array) -> Int64Array:
    """int64[n]: how many earlier rows have the same value."""
    order = np.argsort(groups, kind="stable")
    begins = np.searchsorted(groups[order], groups[order])
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - begins
    return ranks
