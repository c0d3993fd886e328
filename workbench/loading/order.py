"""The order of seeds: which rows of a seed table form which batch. A pure function of (key, epoch).

    rows     | 7 2 9 | 0 4 1 | 5 3 |      a permutation of the seed table
    offsets  0       3       6     8      batch i reads rows[offsets[i]:offsets[i + 1]]

The permutation sorts the rows by a counter-based hash, so it depends on no library's random stream.
With ``anchors`` (joint sampling) a batch never mixes two anchors: rows are grouped by anchor first,
and the batches are shuffled as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.errors import LoaderError, explain
from workbench.kernels.rng import derive_key, seed_keys
from workbench.types import AnyArray, Int64Array, TimeArray


@dataclass(frozen=True)
class BatchOrder:
    """Rows of a seed table, cut into batches.

    Attributes
    ----------
    rows : int64[n]
    starts, ends : int64[batches]  batch i is ``rows[starts[i]:ends[i]]``
    """

    rows: Int64Array
    starts: Int64Array
    ends: Int64Array

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, batch: int) -> Int64Array:
        return self.rows[self.starts[batch] : self.ends[batch]]


def batch_order(
    count: int,
    batch_size: int,
    *,
    shuffle: bool = False,
    key: int = 0,
    epoch: int = 0,
    anchors: TimeArray | None = None,
    drop_last: bool = False,
) -> BatchOrder:
    """Cut ``count`` seeds into batches.

    Parameters
    ----------
    count : int  rows of the seed table
    batch_size : int  seeds of a batch at most
    shuffle : bool  in the order of a hash of (key, epoch, row); else as they come
    key, epoch : int
    anchors : int64[count] or None
        Group rows by anchor, so that no batch holds two.
    drop_last : bool
        Leave out batches smaller than ``batch_size`` (with ``anchors``: the rest of every group).

    Raises
    ------
    LoaderError
        If the batch size is not positive, or dropping leaves nothing of a table that has seeds.
    """
    check_batch_size(batch_size)
    rows = _hashed(np.arange(count), derive_key(key, "order", epoch)) if shuffle else np.arange(count)
    bounds = np.array([0, count])
    if anchors is not None and count:
        rows = rows[np.argsort(anchors[rows], kind="stable")]
        sorted_anchors = anchors[rows]
        changes = np.flatnonzero(sorted_anchors[1:] != sorted_anchors[:-1]) + 1
        bounds = np.concatenate([[0], changes, [count]])
    starts, ends = _cut(bounds, batch_size)
    if drop_last:
        full = ends - starts == batch_size
        starts, ends = starts[full], ends[full]
        _check_not_empty(count, batch_size, len(starts), anchors is not None)
    if shuffle and anchors is not None:
        turn = _hashed(np.arange(len(starts)), derive_key(key, "batches", epoch))
        starts, ends = starts[turn], ends[turn]
    return BatchOrder(rows, starts, ends)


def _hashed(values: Int64Array, key: int) -> Int64Array:
    # With one anchor for all the hash is a bijection of the value: no two are equal, so the order is
    # total and any sort gives it.
    return values[np.argsort(seed_keys(key, 0, values, np.zeros_like(values)))]


def _cut(bounds: AnyArray, batch_size: int) -> tuple[Int64Array, Int64Array]:
    sizes = np.diff(bounds)
    batches = -(-sizes // batch_size)
    within = np.arange(batches.sum()) - np.repeat(np.cumsum(batches) - batches, batches)
    starts = np.repeat(bounds[:-1], batches) + within * batch_size
    ends = np.minimum(starts + batch_size, np.repeat(bounds[1:], batches))
    return starts.astype(np.int64), ends.astype(np.int64)


def check_batch_size(batch_size: int) -> None:
    """Refuse what is no positive number of seeds.

    Raises
    ------
    LoaderError
    """
    if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
        raise LoaderError(
            explain("a batch size was asked for", f"got {batch_size!r}", "a positive number of seeds"), -1
        )


def _check_not_empty(count: int, batch_size: int, batches: int, grouped: bool) -> None:
    if count and not batches:
        why = "no anchor has that many seeds" if grouped else f"there are only {count:,} seeds"
        raise LoaderError(
            explain(
                f"batches of exactly {batch_size:,} seeds were asked for (drop_last=True)",
                why,
                do="Use a smaller batch_size, or drop_last=False",
            ),
            -1,
        )
