"""Lists as an array: what a batch holds of labels that are lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.types import Int64Array


def padded(lists: Any) -> Int64Array:
    """int64[n, longest]: lists side by side, each filled up with -1.

    Parameters
    ----------
    lists : has ``indptr`` int64[n + 1] and ``values`` int64[m]
    """
    sizes = np.diff(lists.indptr)
    found = np.full((len(sizes), int(sizes.max(initial=1))), -1, np.int64)
    found[np.arange(found.shape[1]) < sizes[:, None]] = lists.values
    return found


def is_lists(label: Any) -> bool:
    """Whether labels are lists, one per seed, rather than an array."""
    return hasattr(label, "indptr")
