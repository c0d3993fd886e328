"""The k best of many scored rows, exactly, block by block: memory is that of one block, not of all rows.

Of equal scores the first row is the better one, so neither the size of a block nor who else is in the
batch changes an answer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

BLOCK_SCORES = 1 << 24
"""Scores that are held at a time, about: 64 MiB as float32."""


def best_of(score: Callable[[int, int], Tensor], lanes: int, rows: int, k: int) -> tuple[Tensor, Tensor]:
    """The first k of all rows, of each lane.

    Parameters
    ----------
    score : callable  (start, stop) -> float[lanes, stop - start], scores of the rows ``start .. stop - 1``
    lanes, rows, k : int  k is at most ``rows``

    Returns
    -------
    rows : int64[lanes, k]  the best first
    scores : float64[lanes, k]
    """
    block = max(k, BLOCK_SCORES // max(lanes, 1))
    found, places = torch.empty(0), torch.empty(0)
    for start in range(0, rows, block):
        values = score(start, min(start + block, rows)).double()
        here = torch.arange(start, start + values.shape[1], device=values.device).expand_as(values)
        if start:  # rows of earlier blocks come first, and so they win where scores are equal
            values, here = torch.cat([found, values], 1), torch.cat([places, here], 1)
        found, places = first(values, here, k)
    return places, found


def first(values: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k highest values of each line, the highest first, and their rows; of equals those that come first.

    ``topk`` alone may give any of several equal ones. What is no number comes last.
    """
    values = values.nan_to_num(float("-inf"), float("inf"), float("-inf"))
    k = min(k, values.shape[1])
    least = values.topk(k, dim=1).values[:, -1:]
    above, equal = values > least, values == least
    taken = above | (equal & (equal.cumsum(1) <= k - above.sum(1, keepdim=True)))
    lines = torch.nonzero(taken)[:, 1].reshape(len(values), k)
    chosen = values.gather(1, lines)
    order = chosen.argsort(dim=1, descending=True, stable=True)
    return chosen.gather(1, order), rows.gather(1, lines).gather(1, order)
