"""Times as PyG batches hold them, in any unit, width or form, as microseconds. Plain values, no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench as wb

SHORT = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
"""Other names of units, as numpy and pandas have them."""

LAST = 253_402_300_800_000_000
"""Microseconds: the year 10,000. Times beyond it are in another unit, such as the nanoseconds of pandas."""

Scale = tuple[int, int]
"""Microseconds of a unit, as a fraction."""


def unit_scale(unit: str) -> Scale:
    """What times of a unit are multiplied by."""
    name = SHORT.get(unit, unit)
    return (1, 1000) if name in ("nanosecond", "nanoseconds") else (wb.duration(f"1 {name}"), 1)


def microseconds(values: Any, scale: Scale, what: str) -> NDArray[Any]:
    """int64[n] microseconds; NaN or NaT, a missing time, becomes ``wb.NO_TIME``."""
    times, (factor, by) = np.atleast_1d(array(values)), scale
    if times.ndim > 1 or times.dtype.kind not in "iufM":
        got = f"{what} is {times.dtype}, of shape {times.shape}"
        raise no_check(got, "Give one number or date per node, edge or seed")
    if times.dtype.kind == "M":  # dates say their unit
        times, factor, by = times.astype("datetime64[us]").astype(np.int64), 1, 1
        times = np.where(times == wb.BEGINNING, wb.NO_TIME, times)  # NaT
    if times.dtype.kind == "f":
        times = times.astype(np.float64)  # float32 would round once more
        kept, known = np.full(len(times), wb.NO_TIME), np.where(np.isnan(times), 0, times)
        ends = np.isnan(times)
    else:
        kept = times.astype(np.int64)  # int32 would overflow in microseconds
        ends = np.isin(kept, (wb.FOREVER, wb.BEGINNING))
        known = np.where(ends, 0, kept)
    if max(abs(known.max(initial=0)), abs(known.min(initial=0))) > LAST * by // factor:
        raise no_check(
            "its times do not fit the unit", "Pass unit='seconds' (or ns, days, ...), as they count"
        )
    found = known * factor // by if times.dtype.kind != "f" else np.round(known * factor / by)
    return np.where(ends, kept, found.astype(np.int64))


def array(values: Any) -> NDArray[Any]:
    """A tensor of any device, or an array, as numpy."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def no_check(got: str, do: str) -> wb.WorkbenchError:
    """The error of a batch whose cutoffs cannot be checked."""
    asked = "a check of the cutoffs of a PyG batch was asked for"
    return wb.WorkbenchError(f"{asked}: {got}. Allowed: a batch with times and seed_time. {do}.")
