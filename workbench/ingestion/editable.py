"""Encoders of texts for rows that are changed or added: the user's own, given again and proved the same.

An encoder of the user's is not stored with the dataset, but the vectors that it made are. One that is given
again must make the stored vectors of some stored texts. Rows whose texts do not change keep their vectors,
and need none. Nor does anything else: hashing and codes (``stores/codecs.py``) know only their row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import IngestError, SchemaError, explain
from workbench.ingestion.encode import TextColumn
from workbench.ingestion.text_encoder import TextEncoder, text_encoders
from workbench.schema import Table
from workbench.stores.dataset import Dataset
from workbench.stores.edits import current_rows, deleted_rows
from workbench.stores.protocols import Read
from workbench.stores.sql import ROW
from workbench.stores.ssd_features import SsdFeatures
from workbench.types import AnyArray, BoolArray, Int64Array

LOOKED = 64
"""Rows that are looked through for texts to compare."""

SAME = 0.05
"""Length of the difference of two vectors, in lengths of the stored one: an int8 code takes 0.01 of it."""


@dataclass(frozen=True)
class Kept:
    """Stored vectors in the place of an encoder.

    Attributes
    ----------
    vectors : float32[n, width], present : bool[n]
    """

    vectors: AnyArray
    present: BoolArray

    def encode(self, array: pa.Array) -> tuple[AnyArray, BoolArray]:
        """The vectors, whatever the n texts are."""
        assert len(array) == len(self.present)
        return self.vectors, self.present


class Encoders:
    """Encoders of the texts of a dataset that were not hashed.

    Parameters
    ----------
    dataset : Dataset
    given : dict ``'table.column'`` -> the callable or object that the ingest got, or its :class:`TextEncoder`

    Raises
    ------
    SchemaError
        If a name is not that of a column whose texts an encoder of the user's encoded.
    IngestError
        If an encoder does not make the stored vectors.
    """

    def __init__(self, dataset: Dataset, given: Mapping[str, Any]) -> None:
        self._dataset, self._own = dataset, list(dataset.manifest.report.get("texts", []))
        for name in given:
            if name not in self._own:
                asked, got = f"texts of {name!r} were to be encoded", "no encoder of yours did at the ingest"
                raise SchemaError(explain(asked, got, ", ".join(self._own) or "none", "Leave it out"))
        made = {name: each for name, each in given.items() if isinstance(each, TextEncoder)}
        rest = {name: each for name, each in given.items() if name not in made}
        self._given = made | text_encoders(dataset.schema, rest)
        for table in dataset.schema:
            for column in table.columns:
                encoder = self._given.get(f"{table.name}.{column.name}")
                if encoder is not None:
                    self._prove(table.name, column.name, encoder)

    def of(
        self, table: Table, kept: Int64Array | None = None, changed: frozenset[str] = frozenset()
    ) -> dict[str, TextColumn]:
        """Column -> what encodes its texts, of those that are not hashed.

        Parameters
        ----------
        kept : int64[n] or None  stored rows that are encoded, in order; None: new ones
        changed : columns whose texts are others now

        Raises
        ------
        IngestError
            If an encoder is needed that was not given.
        """
        found: dict[str, TextColumn] = {}
        for column in (c.name for c in table.columns if f"{table.name}.{c.name}" in self._own):
            name = f"{table.name}.{column}"
            if name in self._given:
                found[column] = self._given[name]
            elif kept is not None and column not in changed:
                found[column] = Kept(*self._stored(table.name, column, kept))
            else:
                do = f"Pass the same one again: texts={{{name!r}: encoder}}"
                got = "an encoder of yours encoded them at the ingest, and it is not stored"
                raise IngestError(explain(f"texts of {name} were changed or added", got, do=do))
        return found

    def _stored(self, table: str, column: str, rows: Int64Array) -> tuple[AnyArray, BoolArray]:
        """Vectors of stored rows, and whether they have one."""
        store = SsdFeatures.open(self._dataset, resident_bytes=0, cache_bytes=0)
        try:
            (block,) = store.multi_get([Read(table, rows)])
            place = [each.name for each in block.layout.columns].index(column)
            return block.column(column).copy(), block.present()[:, place]
        finally:
            store.close()

    def _prove(self, table: str, column: str, encoder: TextEncoder) -> None:
        """Refuse an encoder that makes other vectors of stored texts than the stored ones."""
        count = self._dataset.manifest.rows(table)
        rows = np.unique(np.linspace(0, count - 1, min(count, LOOKED)).astype(np.int64))
        rows = np.setdiff1d(rows, deleted_rows(self._dataset, table))
        if not len(rows):
            return
        texts = current_rows(self._dataset, table, rows).sort_by(ROW).column(column).combine_chunks()
        stored, present = self._stored(table, column, rows)
        asked = f"texts of {encoder.column} were to be encoded as at the ingest"
        do = "Pass the same one, or ingest all tables again"
        if encoder.width != stored.shape[1]:
            got = f"this encoder makes vectors of {encoder.width} elements, and {stored.shape[1]} are stored"
            raise IngestError(explain(asked, got, do=do))
        made, _ = encoder.encode(texts)
        off = np.linalg.norm(made - stored, axis=1) > SAME * np.linalg.norm(stored, axis=1)
        if (off & present).any():
            text = texts[int(np.flatnonzero(off & present)[0])].as_py()
            got = f"this encoder makes another vector of {text!r} than is stored"
            raise IngestError(explain(asked, got, do=do))
