"""The buckets of an out-of-core CSC, and how far its build has come: ``state.json`` in its folder.

The state is replaced in one step, after what it speaks of is on disk; so whatever a crash leaves behind,
it tells the truth. What else lies in the folder is written again.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from workbench.errors import IngestError, explain
from workbench.stores.durable import sync_folders
from workbench.types import AnyArray, Int64Array

STATE, SPILL = "state.json", "spill"

SAVE_EVERY: int = 1 << 26
"""Rows or edges between two saves: each waits for the disk."""


def is_due(unsaved: int, last: bool) -> bool:
    """Whether the state is to be saved: after enough rows or edges, and after the last."""
    return last or unsaved >= SAVE_EVERY


@dataclass(frozen=True)
class Buckets:
    """Runs of bins of about equal size.

    Attributes
    ----------
    shift : int  ``dst >> shift`` is a dst's bin
    stops : int64[buckets]  bin after the last of each bucket
    bounds : int64[buckets + 1]  dst nodes: bucket b holds ``bounds[b]`` up to ``bounds[b + 1]``
    begins : int64[buckets + 1]  edges: where each bucket begins in the result
    """

    shift: int
    stops: Int64Array
    bounds: Int64Array
    begins: Int64Array

    @classmethod
    def of(cls, bins: Int64Array, shift: int, num_dst: int, size: int) -> Buckets:
        """Close a bucket once it has ``size`` edges; every bin belongs to one."""
        ends = np.cumsum(bins)
        marks = np.searchsorted(ends, np.arange(size, ends[-1] + size, size)) + 1
        stops = np.unique(np.append(np.minimum(marks, len(bins)), len(bins)))
        bounds = np.concatenate([[0], np.minimum(stops << shift, num_dst)])
        return cls(shift, stops, bounds, np.concatenate([[0], ends[stops - 1]]))

    def __len__(self) -> int:
        return len(self.stops)

    @property
    def of_bin(self) -> AnyArray:
        """int32[bins]: the bucket of each bin."""
        sizes = np.diff(np.concatenate([[0], self.stops]))
        return np.repeat(np.arange(len(self), dtype=np.int32), sizes)


@dataclass(frozen=True)
class CscState:
    """What is asked for, and what is on disk for certain.

    Attributes
    ----------
    dtype, rows, num_dst, num_src, pairs : of the columns
    bounds, begins : of the buckets
    split_rows : rows whose records lie in the spill file
    filled : records of each bucket among them
    sorted_buckets : buckets that lie in the result
    """

    dtype: str
    rows: int
    num_dst: int
    num_src: int
    pairs: bool
    bounds: list[int]
    begins: list[int]
    split_rows: int = 0
    filled: list[int] = field(default_factory=list)
    sorted_buckets: int = 0

    @classmethod
    def of(cls, dtype: str, rows: int, num_dst: int, num_src: int, pairs: bool, buckets: Buckets) -> CscState:
        """A build of which nothing is on disk."""
        bounds, begins = buckets.bounds.tolist(), buckets.begins.tolist()
        return cls(dtype, rows, num_dst, num_src, pairs, bounds, begins, filled=[0] * len(buckets))

    @property
    def buckets(self) -> int:
        """How many there are."""
        return len(self.begins) - 1

    @property
    def width(self) -> int:
        """Ids of a record: (dst, row) or (dst, src, row)."""
        return 3 if self.pairs else 2

    @property
    def roles(self) -> tuple[str, ...]:
        """Files of the result."""
        return ("indptr", "nbr", "eid") if self.pairs else ("indptr", "nbr")

    def save(self, folder: Path) -> None:
        """Replace the state on disk in one step."""
        fresh = folder / f"{STATE}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / STATE)
        sync_folders(folder, ())

    def found_in(self, folder: Path) -> CscState:
        """The state that lies in the folder, or this one if none does.

        Raises
        ------
        IngestError
            If what lies there was begun over other columns or sizes.
        """
        if not (folder / STATE).exists():
            self.save(folder)
            return self
        known = CscState(**json.loads((folder / STATE).read_text(encoding="utf-8")))
        begun = replace(known, split_rows=0, filled=self.filled, sorted_buckets=0)
        differ = [name for name, value in asdict(self).items() if value != getattr(begun, name)]
        if differ:
            raise IngestError(
                explain(
                    f"a build of CSC files in {folder} was to go on",
                    f"it was begun over other columns or sizes: {', '.join(differ)} differ",
                    do="Give the same columns and sizes, or remove the folder",
                )
            )
        return known
