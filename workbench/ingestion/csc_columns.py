"""The columns of an out-of-core CSC: checked, read chunk by chunk, and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from workbench.errors import IdError, explain
from workbench.ingestion.csc_plan import Buckets
from workbench.ingestion.flat_files import RowIds
from workbench.kernels.buckets import count_bins
from workbench.kernels.csc import no_neighbor
from workbench.types import AnyArray

MOST_BINS: int = 1 << 16
"""Bins of dst nodes: few enough to be counted in the cache, many enough for even buckets."""

Report: TypeAlias = Callable[[str, int], None]
"""Called with a stage (count, split, sort) and its rows or edges just done; what it raises ends the build."""

_ASKED = "CSC files were asked for"


@dataclass(frozen=True)
class Columns:
    """Both ends of every row.

    Attributes
    ----------
    dst : RowIds  dst node of each row, ``no_neighbor`` for none
    src : RowIds or None  src node of each row; None: the row itself is the neighbour
    num_dst, num_src : int
    chunk : int  rows read at a time

    Raises
    ------
    IdError
        If the columns differ in length or dtype, or the rows exceed the dtype.
    """

    dst: RowIds
    src: RowIds | None
    num_dst: int
    num_src: int
    chunk: int

    def __post_init__(self) -> None:
        dst, src = self.dst, self.src
        if dst.dtype not in (np.uint32, np.int64):
            raise IdError(explain(_ASKED, f"ids have dtype {dst.dtype}", "uint32 or int64"))
        if src is not None and (len(src) != len(dst) or src.dtype != dst.dtype):
            got = f"{len(dst):,} dst ids of {dst.dtype}, {len(src):,} src ids of {src.dtype}"
            raise IdError(explain(_ASKED, got, "one of each a row, of one dtype"))
        if len(dst) > np.iinfo(dst.dtype).max:
            got = f"{len(dst):,} rows of {dst.dtype} ids"
            raise IdError(explain(_ASKED, got, "row ids that fit", "Use int64"))

    def __len__(self) -> int:
        return len(self.dst)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of all ids."""
        return np.dtype(self.dst.dtype)

    @property
    def nothing(self) -> int:
        """The id of a null or dangling key."""
        return no_neighbor(self.dtype)

    @property
    def shift(self) -> int:
        """``dst >> shift`` is a dst's bin, one of at most ``MOST_BINS``."""
        return max(0, (max(self.num_dst, 1) - 1).bit_length() - (MOST_BINS - 1).bit_length())

    def chunks(self, begin: int = 0) -> Iterator[tuple[int, AnyArray, AnyArray]]:
        """(first row, dst ids, src ids) of each chunk; src is empty where the row is the neighbour."""
        none = np.empty(0, self.dtype)
        for first in range(begin, len(self), self.chunk):
            rows = slice(first, min(first + self.chunk, len(self)))
            src = none if self.src is None else np.ascontiguousarray(self.src[rows])
            yield first, np.ascontiguousarray(self.dst[rows]), src

    def count(self, bucket: int, report: Report) -> Buckets:
        """Choose buckets of about ``bucket`` edges.

        Raises
        ------
        IdError
            If an id is out of range; names the row.
        """
        bins = np.zeros((max(self.num_dst, 1) - 1 >> self.shift) + 1, np.int64)
        for first, dst, src in self.chunks():
            bad = int(count_bins(dst, src, self.num_dst, self.num_src, self.nothing, self.shift, bins))
            if bad >= 0:
                raise IdError(self._bad_id(first + bad, int(dst[bad]), src[bad : bad + 1]))
            report("count", len(dst))
        return Buckets.of(bins, self.shift, self.num_dst, bucket)

    def _bad_id(self, row: int, dst: int, src: AnyArray) -> str:
        got, allowed = f"row {row:,} points at {dst}", f"dst ids below {self.num_dst:,}"
        if len(src):
            got, allowed = f"{got} from {src[0]}", f"{allowed}, src ids below {self.num_src:,}"
        return explain(_ASKED, got, f"{allowed}; {self.nothing} for none")
