"""Encoders of texts that the user brings: any callable, or a sentence encoder with an ``encode`` method.

    list of str -> float[n, width]        asked block by block, one call at a time, in no fixed order

A vector is stored with its row, so training, inference and another machine read the same one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import IngestError, SchemaError, did_you_mean, explain
from workbench.schema import Schema, Stype, Table
from workbench.types import AnyArray, BoolArray

PROBE = "a probe"
"""Text that is encoded first, to learn the width of the vectors."""


@dataclass(frozen=True)
class TextEncoder:
    """One column's encoder, checked.

    Attributes
    ----------
    column : str  ``'table.column'``
    call : callable  list of str -> float[n, width]
    width : int
    """

    column: str
    call: Callable[[list[str]], Any]
    width: int
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def probe(cls, column: str, given: Any) -> TextEncoder:
        """Take a callable, or an object whose ``encode`` is one, and ask it for the width.

        Raises
        ------
        IngestError
            If it is neither, fails, or returns no vectors.
        """
        call = given.encode if callable(getattr(given, "encode", None)) else given
        if not callable(call):
            got, allowed = f"got a {type(given).__name__}", "a callable, or an object with encode(texts)"
            raise IngestError(explain(f"texts of {column} were to be encoded", got, allowed))
        first = _vectors(column, call, [PROBE], None)
        return cls(column, call, first.shape[1])

    def encode(self, array: pa.Array) -> tuple[AnyArray, BoolArray]:
        """Encode the texts of a block.

        Parameters
        ----------
        array : pyarrow.Array[n]  of texts, or of values that have one

        Returns
        -------
        vectors : float32[n, width]  zeros where not present
        present : bool[n]  False where a text is missing or its vector is not finite
        """
        texts = array.cast(pa.large_string())
        here = np.asarray(pc.is_valid(texts).to_numpy(zero_copy_only=False))
        out = np.zeros((len(array), self.width), np.float32)
        if not here.any():
            return out, here
        with self.lock:  # blocks are decoded in threads; models are seldom made for that
            out[here] = _vectors(self.column, self.call, texts.filter(pa.array(here)).to_pylist(), self.width)
        finite = np.isfinite(out).all(axis=1)
        out[~finite] = 0
        return out, here & finite


def _vectors(column: str, call: Callable[[list[str]], Any], texts: list[str], width: int | None) -> AnyArray:
    asked = f"{len(texts)} texts of {column} were encoded"
    wanted = f"a float array of shape ({len(texts)}, {width or 'width'})"
    try:
        found = np.asarray(call(texts))
    except Exception as error:  # a user's code may raise anything: said, with its cause
        raise IngestError(explain(asked, f"the encoder failed: {type(error).__name__}: {error}")) from error
    fits = found.ndim == 2 and len(found) == len(texts) and found.shape[1] and found.dtype.kind in "fiu"
    if not fits or width not in (None, found.shape[1]):
        raise IngestError(explain(asked, f"it gave {found.dtype}{list(found.shape)}", wanted))
    return found.astype(np.float32)


def text_encoders(schema: Schema, given: Mapping[str, Any]) -> dict[str, TextEncoder]:
    """Check the encoders of an ingest.

    Parameters
    ----------
    given : dict ``'table.column'`` -> callable, or object with ``encode``

    Raises
    ------
    SchemaError
        If a name is not that of a text column.
    IngestError
        If an encoder does not work.
    """
    known = [f"{t.name}.{c.name}" for t in schema for c in t.columns if c.stype is Stype.TEXT]
    for name in given:
        if name not in known:
            near, allowed = did_you_mean(name, known), ", ".join(known) or "none: the schema has no texts"
            raise SchemaError(
                explain(f"texts of {name!r} were to be encoded", "it is no text column", allowed, near)
            )
    return {name: TextEncoder.probe(name, encoder) for name, encoder in given.items()}


def texts_of(encoders: Mapping[str, TextEncoder], table: Table) -> dict[str, TextEncoder]:
    """The encoders of one table, by column."""
    names = {f"{table.name}.{column.name}": column.name for column in table.columns}
    return {names[name]: encoder for name, encoder in encoders.items() if name in names}
