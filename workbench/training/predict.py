"""Predictions: an answer per (entity, anchor_time), in memory or streamed to Parquet or CSV.

Batch and online predictions come through the same door: the sample of a seed is a function of the run's
key, the seed and its anchor alone, so who else is in the batch changes nothing but rounding. Embeddings are
the same with a vector per seed.
"""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from workbench.events import Callback, Progress, emit
from workbench.query.seed_table import SeedTable
from workbench.temporal import FOREVER
from workbench.training.answers import Namer, answer_columns
from workbench.training.pieces import Pieces, kept_pieces
from workbench.training.target import Target
from workbench.training.writing import checked_target, refused, write_tables
from workbench.types import AnyArray

HELD = 8_192
"""Seeds whose results are computed at once; of more, piece by piece when asked for."""

PIECE = 8_192
"""Seeds of one such piece: what a kill costs at most."""

NUMBER = Target("regression", "l1")
"""The target of predictions that are one number each."""


class Results(ABC):
    """Something said of each seed, in the order of the seeds.

    Parameters
    ----------
    seeds : SeedTable
    compute : callable  values of some of the seeds, one row each; or the values of all
    identity : callable or None
        Names what computes: a text that is the same for the same values of the same seeds. None: not known,
        so a write that was interrupted begins anew.
    """

    kind: ClassVar[str]

    def __init__(
        self,
        seeds: SeedTable,
        compute: Callable[[SeedTable], AnyArray] | AnyArray,
        identity: Callable[[], str] | None = None,
    ) -> None:
        self.seeds, self._identity = seeds, identity
        self._compute: Callable[[SeedTable], AnyArray]
        if callable(compute):
            self._compute = compute
            if len(seeds) <= HELD:
                _ = self.values
        else:
            self.__dict__["values"] = compute

    @cached_property
    def values(self) -> AnyArray:
        """Of all seeds, one row each."""
        return np.concatenate([values for _, values in self.pieces()] or [self._compute(self.seeds)])

    def pieces(self) -> Iterator[tuple[SeedTable, AnyArray]]:
        """Seeds and values in pieces; nothing is held, so any number of seeds passes."""
        return (self._piece(start) for start in range(0, len(self.seeds), PIECE))

    def _piece(self, start: int) -> tuple[SeedTable, AnyArray]:
        piece = self.seeds[start : start + PIECE]
        held = "values" in self.__dict__
        return piece, self.values[start : start + PIECE] if held else self._compute(piece)

    def to_arrow(self) -> pa.Table:
        """Columns ``entity``, ``anchor_time`` (null for a static task), and what is said of the seed."""
        return self._table(self.seeds, self.values)

    def to_pandas(self) -> Any:
        """The same as a pandas frame."""
        return self.to_arrow().to_pandas()

    def write(self, path: str | Path, callbacks: Sequence[Callback] = ()) -> Path:
        """Write Parquet (``.parquet``) or CSV (``.csv``), piece by piece; it appears when it is on disk.

        What was computed is kept beside it meanwhile (:mod:`workbench.training.pieces`): where the process
        dies, the same call goes on after the last piece.

        Parameters
        ----------
        path : of the file
        callbacks : get a :class:`~workbench.events.Progress` per piece; a ``ProgressBar`` is such one

        Raises
        ------
        TrainingError
            If the suffix is another, before anything is computed, or the disk refuses, or another process
            is writing there.
        """
        target = checked_target(path)
        if self._identity is None or "values" in self.__dict__:
            return write_tables(target, self._tables(None, callbacks))
        try:
            with kept_pieces(target, self._name(self._identity())) as pieces:
                return write_tables(target, self._tables(pieces, callbacks), pieces.draft)
        except OSError as error:
            raise refused(target, error) from error

    def _tables(self, kept: Pieces | None, callbacks: Sequence[Callback]) -> Iterator[pa.Table]:
        """The table of each piece; of no seeds an empty one."""
        began, total, fresh = time.perf_counter(), len(self.seeds), 0
        if not total:
            yield self.to_arrow()
        for number, start in enumerate(range(0, total, PIECE)):
            make = partial(self._made, start)
            table, there = (make(), False) if kept is None else kept.table(number, make)
            yield table
            done, spent = start + len(table), time.perf_counter() - began
            fresh += 0 if there else len(table)
            left = spent / fresh * (total - done) if fresh else None
            emit(list(callbacks), Progress(spent, self.kind, done, total, "seeds", left))

    def _made(self, start: int) -> pa.Table:
        return self._table(*self._piece(start))

    def _name(self, computed: str) -> str:
        """Letters and digits that name the results."""
        seeds, found = self.seeds, hashlib.sha256()
        for part in (self.kind, computed, seeds.node_type, seeds.until, seeds.numbering, PIECE):
            found.update(repr(part).encode())
        for ids in (seeds.node_id, seeds.anchor_time):
            found.update(np.ascontiguousarray(ids).tobytes())
        return found.hexdigest()[:24]

    def _table(self, seeds: SeedTable, values: AnyArray) -> pa.Table:
        stamps = pa.array(seeds.anchor_time, mask=seeds.anchor_time == FOREVER)
        first = {"entity": seeds.key, "anchor_time": stamps.cast(pa.timestamp("us"))}
        return pa.table({**first, **self._columns(values)})

    @abstractmethod
    def _columns(self, values: AnyArray) -> dict[str, pa.Array]:
        """What is said of the seeds, by column."""

    def __len__(self) -> int:
        return len(self.seeds)


class Predictions(Results):
    """Predictions in the order of their seeds; their columns: see :mod:`workbench.training.answers`.

    Parameters
    ----------
    seeds, compute, identity : as of :class:`Results`
        Values are float64[n], or float64[n, k] of several classes, steps or quantiles.
    target : Target  what the numbers mean
    keys : callable  of a ranking: gives the keys of its rows
    """

    kind = "predict"

    def __init__(
        self,
        seeds: SeedTable,
        compute: Callable[[SeedTable], AnyArray] | AnyArray,
        target: Target = NUMBER,
        keys: Namer = pa.array,
        identity: Callable[[], str] | None = None,
    ) -> None:
        self.target, self._keys = target, keys
        super().__init__(seeds, compute, identity)

    def _columns(self, values: AnyArray) -> dict[str, pa.Array]:
        return answer_columns(self.target, np.asarray(values, np.float64), self._keys)

    def __repr__(self) -> str:
        if not len(self) or "values" not in self.__dict__ or not self.target.flat:
            return f"Predictions({len(self):,} x {self.seeds.node_type})"
        low, middle, high = np.quantile(self.values, [0.0, 0.5, 1.0])
        return (
            f"Predictions({len(self):,} x {self.seeds.node_type}, "
            f"from {low:.4g} to {high:.4g}, median {middle:.4g})"
        )


class Embeddings(Results):
    """A vector per seed, float32[n, width], in the column ``embedding``: a list of fixed length."""

    kind = "embed"

    def _columns(self, values: AnyArray) -> dict[str, pa.Array]:
        width, flat = values.shape[1], pa.array(np.ascontiguousarray(values, np.float32).reshape(-1))
        # Of no seeds the width is not known.
        return {
            "embedding": pa.FixedSizeListArray.from_arrays(flat, width)
            if width
            else pa.array([], pa.list_(pa.float32()))
        }

    def __repr__(self) -> str:
        return f"Embeddings({len(self):,} x {self.seeds.node_type})"
