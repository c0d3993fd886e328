"""One column as numbers and back, by the section in which it is stored; see ``transform.py``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch

from workbench.errors import AnchorError, explain
from workbench.models.statistics import MISSING, RESERVED, UNSEEN, ColumnStatistics, fill_of, shaped
from workbench.models.time_features import CYCLIC_WIDTH, DAY, cyclic
from workbench.temporal import FOREVER
from workbench.types import AnyArray, BoolArray, Int64Array

ABSENT = -1
"""In a set of slots: no more categories."""


@dataclass(frozen=True)
class Known:
    """What the way back needs beside the statistics.

    Attributes
    ----------
    words : tuple of str  categories by code, code 1 first
    several : bool  whether a row holds a set of categories
    anchors : int64[n], int or None  moments at which the rows were read
    """

    words: tuple[str, ...] = ()
    several: bool = False
    anchors: AnyArray | None = None


def _flagged(values: AnyArray, missing: BoolArray) -> AnyArray:
    return np.concatenate([values, missing[:, None].astype(values.dtype)], axis=1)


def _numbers(
    each: ColumnStatistics, values: AnyArray, present: BoolArray, _anchors: AnyArray | None
) -> AnyArray:
    here = present & np.isfinite(values)
    filled = np.where(here, values, np.float32(fill_of(each))).astype(np.float64)
    score = (shaped(filled, each.method) - each.mean) / each.scale
    return _flagged(score[:, None].astype(np.float32), ~here)


def _slots(
    each: ColumnStatistics, values: AnyArray, present: BoolArray, _anchors: AnyArray | None
) -> AnyArray:
    codes = values.reshape(len(values), -1).astype(np.int64)
    known = np.array(each.codes, np.int64)
    slots = np.where(codes <= each.seen, len(known) + RESERVED, UNSEEN)
    if len(known):
        place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        slots = np.where(known[place] == codes, place + RESERVED, slots)
    none = MISSING if codes.shape[1] == 1 else ABSENT
    slots = np.where(codes == 0, none, slots)
    slots[~present, :1] = MISSING
    return slots


def _instants(
    each: ColumnStatistics, values: AnyArray, present: BoolArray, anchors: AnyArray | None
) -> AnyArray:
    if anchors is None:
        got, do = "no anchors were given", "Pass anchors=, the moments at which the rows are read"
        raise AnchorError(explain(f"timestamps of {each.column.name!r} were to be encoded", got, do=do))
    moments = np.broadcast_to(np.asarray(anchors, np.int64), values.shape)
    here = present & (values <= moments)
    known: Int64Array = np.where(here, values, FOREVER)
    # Of a static task, whose anchor is the end of time, no instant has an age.
    dated = here & (moments != FOREVER)
    ages = np.where(dated, (moments - np.where(dated, values, moments)) / DAY, 0.0)
    parts = np.concatenate([ages[:, None], cyclic(torch.from_numpy(known)).numpy()], axis=1)
    return _flagged(parts, ~here)


def _vectors(
    each: ColumnStatistics, values: AnyArray, present: BoolArray, _anchors: AnyArray | None
) -> AnyArray:
    return _flagged(values.astype(np.float32) / np.float32(each.scale), ~present)


def _numbers_back(each: ColumnStatistics, numbers: AnyArray, _known: Known) -> pa.Array:
    shown = numbers[:, 0].astype(np.float64) * each.scale + each.mean
    values = np.sign(shown) * np.expm1(np.abs(shown)) if each.method == "log" else shown
    return pa.array(values.astype(np.float32), mask=numbers[:, -1] > 0)


def _words_back(each: ColumnStatistics, numbers: AnyArray, known: Known) -> pa.Array:
    words = np.array([None, None, *(known.words[code - 1] for code in each.codes), None, None], object)
    found = words[numbers]
    if not known.several:
        return pa.array(found[:, 0], pa.string())
    sets = [
        None if row[0] == MISSING else [word for word in line if word is not None]
        for row, line in zip(numbers, found, strict=True)
    ]
    return pa.array(sets, pa.list_(pa.string()))


def _instants_back(each: ColumnStatistics, numbers: AnyArray, known: Known) -> pa.Array:
    if known.anchors is None:
        got, do = "no anchors were given", "Pass the anchors that transform was given"
        raise AnchorError(explain(f"timestamps of {each.column.name!r} were to be read back", got, do=do))
    moments = np.broadcast_to(np.asarray(known.anchors, np.int64), len(numbers))
    missing = (numbers[:, 1 + CYCLIC_WIDTH] > 0) | (moments == FOREVER)
    stamps = np.where(missing, 0, moments - np.rint(numbers[:, 0] * DAY).astype(np.int64))
    return pa.array(stamps, pa.int64(), mask=missing).cast(pa.timestamp("us"))


def _vectors_back(each: ColumnStatistics, numbers: AnyArray, _known: Known) -> pa.Array:
    flat = pa.array((numbers[:, :-1] * np.float32(each.scale)).reshape(-1), pa.float32())
    return pa.FixedSizeListArray.from_arrays(flat, each.column.width, mask=pa.array(numbers[:, -1] > 0))


ENCODE = {"numerical": _numbers, "categorical": _slots, "timestamp": _instants, "embedding": _vectors}
"""Section -> (statistics, stored values, present, anchors) -> numbers[n, width]."""

DECODE = {
    "numerical": _numbers_back,
    "categorical": _words_back,
    "timestamp": _instants_back,
    "embedding": _vectors_back,
}
"""Section -> (statistics, numbers, Known) -> Arrow array[n]."""
