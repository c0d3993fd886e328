"""Time as numbers: how old a row is at its anchor, and where in the day, week and year it lies."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from workbench.temporal import FOREVER, MICROSECONDS

HOUR, DAY = MICROSECONDS["hours"], MICROSECONDS["days"]
CYCLES: tuple[int, ...] = (DAY, 7 * DAY, round(365.25 * DAY))
"""Periods of the cyclic parts."""

AGE_KNOTS = 14
"""Hat functions over log-age: from one hour to about 20 years, each 2.5 times older than the last."""

_STEP = math.log(2.5)

CYCLIC_WIDTH = 2 * len(CYCLES)
AGE_WIDTH = AGE_KNOTS + 2


def cyclic(time: Tensor) -> Tensor:
    """Sine and cosine of the time of day, day of the week and day of the year.

    Parameters
    ----------
    time : int64[n]  microseconds

    Returns
    -------
    float32[n, CYCLIC_WIDTH]  zeros where the time is that of a static seed or of a row without one
    """
    known = time != FOREVER
    safe = torch.where(known, time, 0)
    turns = torch.stack([torch.remainder(safe, period).float() / period for period in CYCLES], dim=1)
    angles = turns.mul_(2 * math.pi)
    return torch.cat([angles.sin(), angles.cos()], dim=1).mul_(known[:, None])


def age(anchor: Tensor, time: Tensor) -> Tensor:
    """How long before its anchor each row happened.

    Parameters
    ----------
    anchor, time : int64[n]  microseconds

    Returns
    -------
    float32[n, AGE_WIDTH]
        Hat functions over log-age (their mean over neighbours is a histogram of recency), the signed
        log-age and a flag; zeros where either side has no time.
    """
    known = (anchor != FOREVER) & (time != FOREVER)
    past = torch.where(known, anchor - time, 0)
    # In place wherever it can be: fresh memory for each step costs three times the arithmetic.
    log_age = past.abs().float().div_(HOUR).log1p_()
    places = torch.arange(AGE_KNOTS, device=time.device, dtype=torch.float32)
    # The oldest knot also holds everything beyond it, so that no age is all zeros.
    position = (log_age / _STEP).clamp_(max=AGE_KNOTS - 1)
    position = torch.where(past < 0, -AGE_KNOTS, position)  # where no hat is
    hats = (position[:, None] - places).abs_().neg_().add_(1.0).clamp_(min=0.0)
    sign = torch.where(past < 0, -1.0, 1.0)
    parts = torch.cat([hats, (sign * log_age / 6.0)[:, None], sign[:, None]], dim=1)
    return parts.mul_(known[:, None])
