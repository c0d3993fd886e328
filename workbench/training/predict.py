"""Predictions: an answer per (entity, anchor_time), in memory or streamed to Parquet or CSV.

Batch and online predictions come through the same door: the sample of a seed is a function of the run's
key, the seed and its anchor alone, so who else is in the batch changes nothing but rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import CSVWriter
from pyarrow.parquet import ParquetWriter

from workbench.errors import TrainingError, expect_path, explain
from workbench.query.seed_table import SeedTable
from workbench.stores.durable import sync_file, sync_folders
from workbench.temporal import FOREVER
from workbench.training.answers import Namer, answer_columns
from workbench.training.checkpoint import draft_of
from workbench.training.target import Target
from workbench.types import AnyArray

HELD = 100_000
"""Seeds whose predictions are computed at once; more are computed piece by piece when asked for."""

PIECE = 65_536
"""Seeds of one such piece."""

NUMBER = Target("regression", "l1")
"""The target of predictions that are one number each."""

WRITERS: dict[str, Callable[[Path, pa.Schema], Any]] = {".parquet": ParquetWriter, ".csv": CSVWriter}
"""Suffix of a file -> what writes tables to it, one after the other."""


class Predictions:
    """Predictions in the order of their seeds.

    Parameters
    ----------
    seeds : SeedTable
    predict : callable  float64[n] or float64[n, k] for some of the seeds
    target : Target  what the numbers mean
    keys : callable  of a ranking: gives the keys of its rows
    """

    def __init__(
        self,
        seeds: SeedTable,
        predict: Callable[[SeedTable], AnyArray],
        target: Target = NUMBER,
        keys: Namer = pa.array,
    ) -> None:
        self.seeds, self.target, self._keys = seeds, target, keys
        self._predict = predict
        if len(seeds) <= HELD:
            _ = self.values

    @cached_property
    def values(self) -> AnyArray:
        """float64[n], or float64[n, k] of several classes, steps or quantiles: see ``Target.predictions``."""
        return np.concatenate([self.target.blank(0), *(values for _, values in self.pieces())])

    def pieces(self) -> Iterator[tuple[SeedTable, AnyArray]]:
        """Seeds and values in pieces; nothing is held, so any number of seeds passes."""
        for start in range(0, len(self.seeds), PIECE):
            piece = self.seeds[start : start + PIECE]
            if "values" in self.__dict__:
                yield piece, self.values[start : start + PIECE]
            else:
                yield piece, self._predict(piece)

    def to_arrow(self) -> pa.Table:
        """Columns ``entity``, ``anchor_time``, and the answers: see :mod:`workbench.training.answers`."""
        return as_table(self.seeds, self.values, self.target, self._keys)

    def to_pandas(self) -> Any:
        """The same as a pandas frame."""
        return self.to_arrow().to_pandas()

    def write(self, path: str | Path) -> Path:
        """Write Parquet (``.parquet``) or CSV (``.csv``), piece by piece; it appears when it is on disk.

        Raises
        ------
        TrainingError
            If the suffix is another, before anything is computed, or the disk refuses; nothing is left.
        """
        empty = (self.seeds[:0], self.target.blank(0))
        tables = (as_table(*piece, self.target, self._keys) for piece in chain([empty], self.pieces()))
        return write_tables(path, tables)

    def __len__(self) -> int:
        return len(self.seeds)

    def __repr__(self) -> str:
        if not len(self) or "values" not in self.__dict__ or not self.target.flat:
            return f"Predictions({len(self):,} x {self.seeds.node_type})"
        low, middle, high = np.quantile(self.values, [0.0, 0.5, 1.0])
        return (
            f"Predictions({len(self):,} x {self.seeds.node_type}, "
            f"from {low:.4g} to {high:.4g}, median {middle:.4g})"
        )


def as_table(seeds: SeedTable, values: AnyArray, target: Target = NUMBER, keys: Namer = pa.array) -> pa.Table:
    """Columns ``entity``, ``anchor_time`` (null for a static task) and the answers."""
    stamps = pa.array(seeds.anchor_time, mask=seeds.anchor_time == FOREVER)
    return pa.table(
        {
            "entity": seeds.key,
            "anchor_time": stamps.cast(pa.timestamp("us")),
            **answer_columns(target, np.asarray(values, np.float64), keys),
        }
    )


def write_tables(path: str | Path, tables: Iterator[pa.Table]) -> Path:
    """Stream tables into one file, of the kind that its suffix says, that appears when it is complete.

    Raises
    ------
    TrainingError
        If the suffix is none of :data:`WRITERS`, or the disk refuses; nothing is left behind.
    """
    target = expect_path(path, TrainingError, "a file for predictions")
    if target.suffix.lower() not in WRITERS:
        got = f"the name ends in {target.suffix!r}" if target.suffix else "the name has no suffix"
        raise TrainingError(explain(f"predictions were to be written to {path}", got, ", ".join(WRITERS)))
    draft, writer = draft_of(target), WRITERS[target.suffix.lower()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _stream(draft, tables, writer)
            sync_file(draft)
            draft.replace(target)
            sync_folders(target.parent, ())
        finally:
            draft.unlink(missing_ok=True)  # it is there only if something went wrong
    except OSError as error:
        raise _refused(target, error) from error
    return target


def _stream(path: Path, tables: Iterator[pa.Table], kind: Callable[[Path, pa.Schema], Any]) -> None:
    writer = None
    try:
        for table in tables:
            table = _joined(table) if kind is CSVWriter else table
            writer = writer or kind(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _joined(table: pa.Table) -> pa.Table:
    """Lists as texts, their values parted by ``|``: CSV has no lists."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = pc.binary_join(table.column(place).cast(pa.list_(pa.string())), "|")
            table = table.set_column(place, field.name, texts)
    return table


def _refused(path: Path, error: OSError) -> TrainingError:
    got = f"the disk refused ({error.strerror or error})"
    return TrainingError(explain(f"predictions were written to {path}", got, do="Choose another place"))
