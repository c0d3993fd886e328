"""Encoders: fitted statistics as a value that turns columns into numbers, and numbers back into columns.

    encoders = Encoders.fit(dataset, graph, features, until="2026-01-01")
    encoded  = encoders.transform("orders", rows, anchors)     dict column -> array
    encoders.inverse("orders", encoded, anchors)               Arrow table

What each column becomes; ``missing`` is 1 where the row holds no value:

    numerical         float32[n, 2]       score by its method, missing
    categorical       int64[n, 1]         slot: 0 missing, 1 unseen, 2 .. its frequent ones, last the rare
    multicategorical  int64[n, width]     slots, then -1; a missing set is 0, -1, ...
    timestamp         float64[n, 8]       days before the anchor, sine and cosine of day, week, year, missing
    embedding, text   float32[n, w + 1]   vector over the column's rms, missing

These are the numbers that the built-in model reads, before it cuts scores off and looks slots up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import SchemaError, TrainingError, did_you_mean, expect, explain
from workbench.ingestion.encode import decode_column
from workbench.ingestion.text_encoder import TextEncoder
from workbench.models.column_numbers import DECODE, ENCODE, Known
from workbench.models.statistics import ColumnStatistics, Statistics, fit_statistics
from workbench.plan.encoding import encodings_of
from workbench.schema import Column, Stype
from workbench.stores.dataset import Dataset
from workbench.stores.features import FeatureBlock
from workbench.stores.protocols import FeatureStore, GraphStore
from workbench.temporal import FOREVER, instant
from workbench.types import AnyArray, BoolArray

Encoded = Mapping[str, AnyArray]
"""Column -> its numbers, a row per row."""


@dataclass(frozen=True)
class Encoders:
    """Fitted encoders of some tables; a value: compares, and saves as JSON.

    Attributes
    ----------
    statistics : Statistics
    stypes : dict ``'table.column'`` -> semantic type
    words : dict ``'table.column'`` -> tuple of str  categories by code, code 1 first, as far as the fit saw
    brought : tuple of str  text columns that a callable of the user encoded at ingest
    """

    statistics: Statistics
    stypes: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]]
    brought: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        dataset: Dataset,
        graph: GraphStore,
        features: FeatureStore,
        tables: Iterable[str] | None = None,
        *,
        until: Any = FOREVER,
        encodings: Any = (),
        exclude: Iterable[str] = (),
    ) -> Encoders:
        """Fit on the rows that are visible at an instant, and on nothing later.

        Parameters
        ----------
        dataset, graph, features : of an engine
        tables : names; None: every table with features
        until : instant, such as the last train anchor, in any form that ``temporal.instant`` reads
        encodings : mapping ``'table.column'`` -> Encoding, method or choices, where not the usual ones
        exclude : names ``'table.column'`` to leave out

        Raises
        ------
        PlanError
            If a column is not stored, or an encoding is not allowed.
        SchemaError
            If a table is unknown.
        """
        names = list(features.groups) if tables is None else [dataset.schema[name].name for name in tables]
        statistics = fit_statistics(
            dataset.schema, graph, features, names, instant(until), exclude, encodings=encodings_of(encodings)
        )
        return cls.of(dataset, statistics)

    @classmethod
    def of(cls, dataset: Dataset, statistics: Statistics) -> Encoders:
        """The encoders of statistics that were fitted already, such as those of a run."""
        stypes, words = {}, {}
        for table, columns in statistics.tables.items():
            for each in columns:
                name = f"{table}.{each.column.name}"
                stypes[name] = str(dataset.schema[table].column(each.column.name).stype)
                if each.column.section == "categorical":
                    words[name] = tuple(dataset.dictionary(table, each.column.name)[: each.seen])
        brought = dataset.manifest.report.get("texts", [])
        return cls(statistics, stypes, words, tuple(name for name in brought if name in stypes))

    def transform(
        self,
        table: str,
        rows: FeatureBlock | pa.Table,
        anchors: AnyArray | None = None,
        texts: Mapping[str, Callable[[list[str]], Any]] | None = None,
    ) -> dict[str, AnyArray]:
        """Columns of some rows as numbers; see the head of this module.

        Parameters
        ----------
        table : name of the table that they are rows of
        rows : FeatureBlock[n] or pyarrow.Table[n]
            As a feature store reads them, or source values of the types that ``to_arrow`` gives.
        anchors : int64[n] or int  microseconds; what tables with timestamps are read at. A timestamp later
            than its anchor is missing.
        texts : ``'table.column'`` -> callable  what encodes source texts that were not hashed at ingest

        Raises
        ------
        SchemaError
            If the table was not fitted, or a column is not among the rows.
        AnchorError
            If there are timestamps but no anchors.
        """
        columns = self._fitted(table)
        read = _read_block if isinstance(rows, FeatureBlock) else self._read_arrow
        if not isinstance(rows, FeatureBlock):
            expect(rows, pa.Table, SchemaError, "rows to be encoded", "Take features.to_arrow(table, ids)")
        found: dict[str, AnyArray] = {}
        for each in columns:
            values, present = read(table, each, rows, texts or {})  # type: ignore[operator]
            found[each.column.name] = ENCODE[each.column.section](each, values, present, anchors)
        return found

    def inverse(self, table: str, encoded: Encoded, anchors: AnyArray | None = None) -> pa.Table:
        """Columns from their numbers, as far as these tell them.

        Missing, unseen and rare categories, and instants at or beyond what is known, come back as null (in
        sets they are left out); a hashed text comes back as its vector.

        Parameters
        ----------
        table : name
        encoded : some or all columns, as :meth:`transform` gave them
        anchors : int64[n] or int  those that were given then

        Returns
        -------
        pyarrow.Table
            float32, string, list<string>, timestamp[us] and list<float32> columns.

        Raises
        ------
        SchemaError
            If the table or a column was not fitted.
        """
        by_name = {each.column.name: each for each in self._fitted(table)}
        columns = {}
        for name, numbers in encoded.items():
            if name not in by_name:
                raise _unknown(f"column {name!r} of table {table!r}", name, by_name)
            each = by_name[name]
            full = f"{table}.{name}"
            several = self.stypes[full] == Stype.MULTICATEGORICAL
            known = Known(self.words.get(full, ()), several, anchors)
            columns[name] = DECODE[each.column.section](each, numbers, known)
        return pa.table(columns)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        words = {name: list(values) for name, values in self.words.items()}
        return {
            "format": 1,
            "statistics": self.statistics.to_dict(),
            "stypes": dict(self.stypes),
            "words": words,
            "brought": list(self.brought),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Encoders:
        """Read back what :meth:`to_dict` wrote.

        Raises
        ------
        TrainingError
            If the value holds no encoders of format 1.
        """
        try:
            if data["format"] != 1:
                raise ValueError(f"format {data['format']!r}")
            words = {name: tuple(values) for name, values in data["words"].items()}
            statistics = Statistics.from_dict(data["statistics"])
            return cls(statistics, dict(data["stypes"]), words, tuple(data["brought"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TrainingError(explain("encoders were read", f"they are malformed ({error!r})")) from error

    def save(self, path: str | Path) -> None:
        """Write the encoders as JSON."""
        Path(path).write_text(json.dumps(self.to_dict()), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Encoders:
        """Read encoders that :meth:`save` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    def _fitted(self, table: str) -> tuple[ColumnStatistics, ...]:
        if table not in self.statistics.tables:
            raise _unknown(f"table {table!r}", table, self.statistics.tables)
        return self.statistics.tables[table]

    @cached_property
    def _codes(self) -> dict[str, dict[str, int]]:
        return {name: {word: i + 1 for i, word in enumerate(words)} for name, words in self.words.items()}

    def _read_arrow(
        self, table: str, each: ColumnStatistics, rows: pa.Table, texts: Mapping[str, Callable[..., Any]]
    ) -> tuple[AnyArray, BoolArray]:
        """Stored form of source values; categories that the fit did not see get a code beyond it."""
        column, name = each.column, f"{table}.{each.column.name}"
        if column.name not in rows.column_names:
            raise _unknown(f"column {column.name!r} of the given rows", column.name, rows.column_names)
        array = rows.column(column.name).combine_chunks()
        if name in self.brought or name in texts:
            if name not in texts:
                got, do = (
                    "it was given no encoder, and was not hashed at ingest",
                    f"Pass texts={{{name!r}: ...}}",
                )
                raise SchemaError(explain(f"texts of {name} were to be encoded", got, do=do))
            return TextEncoder(name, texts[name], column.width).encode(array)
        part = decode_column(Column(column.name, Stype(self.stypes[name])), array, column.width)
        if column.section != "categorical":
            return part.values, part.present
        known = self._codes[name]
        codes = np.array([0, *(known.get(word, each.seen + 1) for word in part.words)], np.int64)
        return codes[part.values], part.present


def _read_block(
    _table: str, each: ColumnStatistics, rows: FeatureBlock, _texts: Mapping[str, Any]
) -> tuple[AnyArray, BoolArray]:
    return rows.column(each.column.name), rows.present()[:, each.position]


def _unknown(asked: str, name: str, known: Iterable[str]) -> SchemaError:
    names = list(known)
    got = "it is not there, or was not fitted"
    return SchemaError(explain(f"{asked} was asked for", got, ", ".join(names), did_you_mean(name, names)))
