"""Integrated gradients: what each input did to an output, between a start and the inputs themselves.

    part(i) = (x(i) - start(i)) * mean of the gradient by x(i) along the line from start to x

The parts of a seed add up to f(x) - f(start) (Sundararajan et al., 2017), as far as the line is sampled
densely enough: steps are doubled until that holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

FEWEST, MOST = 16, 256
"""Points of the line: at first, and at most."""

CLOSE = 0.01
"""Parts of a seed may miss the difference by this share of it (of 1, where it is smaller)."""

Function = Callable[[Sequence[Tensor]], Tensor]
"""Inputs, float[rows, width] each -> float[seeds]; an input's row belongs to one seed, and moves no other."""


@dataclass(frozen=True)
class Parts:
    """What each input did.

    Attributes
    ----------
    parts : list of float64[rows, width], one per input
    start, end : float64[seeds]  the output at both ends of the line
    gap : float64[seeds]  ``end - start`` less the sum of the seed's parts
    steps : int  points of the line
    """

    parts: list[Tensor]
    start: Tensor
    end: Tensor
    gap: Tensor
    steps: int


def integrated(
    function: Function, starts: Sequence[Tensor], ends: Sequence[Tensor], owners: Sequence[Tensor]
) -> Parts:
    """Take the difference of an output apart.

    Parameters
    ----------
    function : see :data:`Function`
    starts, ends : float[rows, width] per input
    owners : int64[rows] per input  the seed that each row belongs to
    """
    with torch.no_grad():
        start, end = function(starts).double(), function(ends).double()
    allowed = CLOSE * (end - start).abs().clamp(min=1.0)
    steps, last = FEWEST, torch.full_like(end, torch.inf)
    while True:
        parts = _midpoints(function, starts, ends, steps)
        gap = end - start - _sums(parts, owners, end)
        # Where gradients do not reach everything (codes that a module looks up), more steps find no more.
        settled = (gap.abs() <= allowed) | ((gap - last).abs() <= allowed / 10)
        if bool(settled.all()) or 2 * steps > MOST:
            return Parts(parts, start, end, gap, steps)
        steps, last = 2 * steps, gap


def _midpoints(
    function: Function, starts: Sequence[Tensor], ends: Sequence[Tensor], steps: int
) -> list[Tensor]:
    deltas = [end - start for start, end in zip(starts, ends, strict=True)]
    sums = [torch.zeros_like(delta, dtype=torch.float64) for delta in deltas]
    for step in range(steps):
        share = (step + 0.5) / steps
        here = [(s + share * d).requires_grad_() for s, d in zip(starts, deltas, strict=True)]
        with torch.enable_grad():
            said = function(here).sum()
        if not said.requires_grad:  # the output depends on none of them
            break
        for total, slope in zip(sums, torch.autograd.grad(said, here, allow_unused=True), strict=True):
            if slope is not None:
                total += slope
    return [total / steps * delta for total, delta in zip(sums, deltas, strict=True)]


def _sums(parts: Sequence[Tensor], owners: Sequence[Tensor], like: Tensor) -> Tensor:
    total = torch.zeros_like(like)
    for part, owner in zip(parts, owners, strict=True):
        total.index_add_(0, owner, part.sum(dim=1))
    return total
