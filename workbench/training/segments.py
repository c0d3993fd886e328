"""Segments: groups of seeds that are evaluated by themselves, by time, by a column, or by values of yours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.errors import TrainingError, did_you_mean, explain
from workbench.query.seed_table import SeedTable
from workbench.stores.arrow import to_arrow
from workbench.stores.dataset import Dataset
from workbench.temporal import FOREVER, iso
from workbench.types import AnyArray, BoolArray

PERIODS: dict[str, str] = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}
"""Length of a period -> its name in pandas."""

MOST = 12
"""Groups of a column: its most frequent values, or else quarters of its numbers."""

MISSING, OTHERS = "(missing)", "(others)"


@dataclass(frozen=True)
class Group:
    """Some of the seeds.

    Attributes
    ----------
    by : str  ``time``, or the name of the segment
    name : str
    rows : int64[k]  of the seeds; there may be none
    """

    by: str
    name: str
    rows: AnyArray


def by_time(seeds: SeedTable, period: str = "anchor") -> list[Group]:
    """A group per anchor, or per period that has any, in order; none of a static task.

    Parameters
    ----------
    period : ``anchor``, or see :data:`PERIODS`

    Raises
    ------
    TrainingError
        If there is no such period.
    """
    if period != "anchor" and period not in PERIODS:
        known = ["anchor", *PERIODS]
        do = did_you_mean(str(period), known)
        raise TrainingError(explain("an evaluation over time", f"got {period!r}", ", ".join(known), do))
    if not len(seeds) or seeds.anchor_time.min() == FOREVER:
        return []
    if period == "anchor":
        return _groups("time", seeds.anchor_time, iso)
    stamps = pd.DatetimeIndex(pd.to_datetime(seeds.anchor_time, unit="us")).to_period(PERIODS[period])
    return _groups(
        "time", np.asarray(stamps.asi8), lambda value: str(pd.Period(ordinal=value, freq=PERIODS[period]))
    )


def by_segments(
    dataset: Dataset, seeds: SeedTable, segments: Sequence[str] | Mapping[str, Any]
) -> list[Group]:
    """Groups by columns of the entity table, as they are stored now, and by values of yours.

    Parameters
    ----------
    segments : list of ``'column'`` or ``'table.column'``; or dict name -> that, or one value per seed
        Of a boolean array and of a categorical the groups are all that there could be, also empty ones.

    Raises
    ------
    TrainingError
        If there is no such column, or values are not one per seed.
    """
    if isinstance(segments, str):
        segments = [segments]
    named = segments if isinstance(segments, Mapping) else {name: name for name in segments}
    found: list[Group] = []
    for name, given in named.items():
        values = _column(dataset, seeds, given) if isinstance(given, str) else _own(name, given, seeds)
        found += _grouped(str(name), values)
    return found


def _column(dataset: Dataset, seeds: SeedTable, name: str) -> pd.Series[Any]:
    table, _, column = name.rpartition(".")
    known = [each.name for each in dataset.schema[seeds.node_type].columns]
    if table not in ("", seeds.node_type) or column not in known:
        got, do = f"got {name!r}", did_you_mean(column, known)
        allowed = f"columns of {seeds.node_type!r}: {', '.join(known)}; or one value per seed"
        raise TrainingError(explain("an evaluation by segment", got, allowed, do))
    return pd.Series(to_arrow(dataset, seeds.node_type, seeds.node_id, [column]).column(0).to_pandas())


def _own(name: object, given: Any, seeds: SeedTable) -> pd.Series[Any]:
    arrow = isinstance(given, pa.Array | pa.ChunkedArray)
    values = given.to_pandas() if arrow else pd.Series(given).reset_index(drop=True)
    if len(values) != len(seeds):
        got = f"got {len(values):,} values of {name!r} for {len(seeds):,} {seeds.split} seeds"
        raise TrainingError(explain("an evaluation by segment", got, "one value per seed, in their order"))
    return values


def _grouped(by: str, values: pd.Series[Any]) -> list[Group]:
    missing = values.isna().to_numpy()
    if isinstance(values.dtype, pd.CategoricalDtype):
        names = list(values.cat.categories)
    elif pd.api.types.is_bool_dtype(values.dtype):
        names = [False, True]
    elif values.nunique() <= MOST:
        names = sorted(values[~missing].unique(), key=lambda value: (str(type(value)), value))
    elif pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_dtype(values.dtype):
        return [*_quarters(by, values[~missing], np.flatnonzero(~missing)), *_rest(by, MISSING, missing)]
    else:
        names = list(values[~missing].astype(str).value_counts().index[:MOST])
        values = values.astype(str)
    held = [
        Group(by, str(name), np.flatnonzero(~missing & (values == name).to_numpy(bool))) for name in names
    ]
    named = np.zeros(len(values), bool)
    for each in held:
        named[each.rows] = True
    return [*held, *_rest(by, OTHERS, ~named & ~missing), *_rest(by, MISSING, missing)]


def _quarters(by: str, values: pd.Series[Any], rows: AnyArray) -> list[Group]:
    """Four groups of about the same size, or fewer where values repeat; ``rows``: of the values."""
    place = pd.qcut(values, 4, labels=False, duplicates="drop").to_numpy()
    found = []
    for part in np.unique(place):
        low, high = values[place == part].min(), values[place == part].max()
        name = f"{low} to {high}" if isinstance(low, pd.Timestamp) else f"{low:g} to {high:g}"
        found.append(Group(by, name, rows[place == part]))
    return found


def _rest(by: str, name: str, chosen: BoolArray) -> list[Group]:
    return [Group(by, name, np.flatnonzero(chosen))] if chosen.any() else []


def _groups(by: str, values: AnyArray, name: Callable[[int], str]) -> list[Group]:
    return [Group(by, name(int(value)), np.flatnonzero(values == value)) for value in np.unique(values)]
