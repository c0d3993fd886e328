"""Rows of a typed table to task-neutral feature codes.

Blocks of rows are decoded in threads (:func:`decode_block`, no state) and then coded in order
(:class:`Coder`), because the code of a category is the order in which it is first seen: a category
keeps its code when later rows bring new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import IngestError, explain
from workbench.kernels.hash_text import TEXT_WIDTH, hash_texts
from workbench.schema import Column, Stype
from workbench.stores.features import SECTION_DTYPES, GroupLayout
from workbench.stores.groups import first_of_each, rank_within
from workbench.types import AnyArray, BoolArray, Int32Array


class TextColumn(Protocol):
    """What makes vectors of the texts of a column."""

    def encode(self, array: pa.Array) -> tuple[AnyArray, BoolArray]:
        """float32[n, width], zeros where not present, and bool[n]: of n texts."""
        ...


@dataclass(frozen=True)
class Decoded:
    """One column of one block.

    Attributes
    ----------
    values : dtype[n] or dtype[n, width]  for categories: index into ``words`` plus 1, 0 = none
    present : bool[n]
    words : list of str  distinct categories of the block in the order of first appearance, else empty
    dropped : int
        Values that are there but cannot be encoded: NaN, infinite, lists of another length, categories of a
        set beyond its width.
    """

    values: AnyArray
    present: BoolArray
    words: list[str] = field(default_factory=list)
    dropped: int = 0


def decode_column(column: Column, array: pa.Array, width: int) -> Decoded:
    """Decode one column of a block.

    Parameters
    ----------
    width : int
        Elements of an embedding, categories that a row of a multicategorical column has room for, elements
        of a text's stored vector if these are known; 1 otherwise.

    Raises
    ------
    IngestError
        If texts are stored as vectors that hashing does not make.
    """
    if column.stype is Stype.TEXT and width not in (1, TEXT_WIDTH):
        got = f"its stored vectors have {width} elements, so a callable of yours made them at ingest"
        raise IngestError(
            explain(f"texts of {column.name!r} were hashed", got, do="Ingest with texts= again")
        )
    if column.stype is Stype.EMBEDDING:
        return _embedding(array, width)
    if column.stype is Stype.MULTICATEGORICAL:
        return _categories(array, width)
    return _DECODERS[column.stype](array)


def _validity(array: pa.Array) -> BoolArray:
    if array.null_count == 0:
        return np.ones(len(array), bool)
    return np.asarray(pc.is_valid(array).to_numpy(zero_copy_only=False))


def _number(array: pa.Array) -> Decoded:
    doubles = pc.cast(array, pa.float64(), safe=False)
    values = doubles.fill_null(0.0).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        small = values.astype(np.float32)
    # Infinities, NaN and numbers beyond float32 carry no information that a model could use.
    valid = _validity(array)
    present = valid & np.isfinite(small)
    return Decoded(np.where(present, small, np.float32(0)), present, dropped=_lost(valid, present))


def _instant(array: pa.Array) -> Decoded:
    stamps = array.cast(pa.timestamp("us")).cast(pa.int64())
    present = _validity(array)
    return Decoded(np.asarray(stamps.fill_null(0).to_numpy(zero_copy_only=False)), present)


def _category(array: pa.Array) -> Decoded:
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    codes = coded.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    words = [category_text(value) for value in coded.dictionary.to_pylist()]
    return Decoded(codes + np.int32(1), codes >= 0, words)


def _categories(array: pa.Array, width: int) -> Decoded:
    """Distinct categories of each list in the order of the list; what finds no room is dropped."""
    lists = array.cast(pa.large_list(array.type.value_type))
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(len(array)), lengths)
    flat = _category(lists.flatten())
    row, code = row[flat.present], flat.values[flat.present]
    first = np.flatnonzero(first_of_each(row, code) == np.arange(len(row)))
    row, code = row[first], code[first]
    place = rank_within(row)
    room = place < width
    out = np.zeros((len(array), width), np.int32)
    out[row[room], place[room]] = code[room]
    return Decoded(out, _validity(array), flat.words, int(len(room) - room.sum()))


def category_text(value: object) -> str:
    """The text under which a category is kept in its dictionary."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _text(array: pa.Array) -> Decoded:
    out = np.zeros((len(array), TEXT_WIDTH), np.float32)
    wide = pa.concat_arrays([array.cast(pa.large_string()).fill_null("")])  # offset 0, contiguous
    _, offsets, data = wide.buffers()
    if len(wide) and data is not None:
        starts = np.frombuffer(offsets, np.int64, len(wide) + 1)
        letters = np.frombuffer(data, np.uint8)
        hash_texts(starts, letters, out)
    return Decoded(out, _validity(array))


def _embedding(array: pa.Array, width: int) -> Decoded:
    lists, valid = array.cast(pa.large_list(pa.float32())), _validity(array)
    lengths = pc.list_value_length(lists).fill_null(-1).to_numpy(zero_copy_only=False)
    out = np.zeros((len(array), width), np.float32)
    present = np.asarray(lengths == width)
    if present.any():
        flat = lists.filter(pa.array(present)).flatten()
        out[present] = flat.fill_null(np.nan).to_numpy(zero_copy_only=False).reshape(-1, width)
        finite = np.isfinite(out).all(axis=1)
        present &= finite
        out[~finite] = 0
    return Decoded(out, present, dropped=_lost(valid, present))


def _lost(valid: BoolArray, present: BoolArray) -> int:
    return int(valid.sum() - present.sum())


_DECODERS: Mapping[Stype, Callable[[pa.Array], Decoded]] = {
    Stype.NUMERICAL: _number,
    Stype.TIMESTAMP: _instant,
    Stype.CATEGORICAL: _category,
    Stype.TEXT: _text,
}


def decode_block(
    columns: Sequence[Column],
    widths: Mapping[str, int],
    block: pa.Table,
    texts: Mapping[str, TextColumn] | None = None,
) -> list[Decoded]:
    """Decode the feature columns of a block of rows.

    Parameters
    ----------
    widths : dict column -> elements, where they are not those of its type
    texts : dict column -> its encoder, of text columns that are not hashed
    """
    decoded = []
    for column in columns:
        chunked = block.column(column.name)
        array = chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()
        if texts and column.name in texts:
            vectors, present = texts[column.name].encode(array)
            decoded.append(Decoded(vectors, present, dropped=_lost(_validity(array), present)))
        else:
            decoded.append(decode_column(column, array, widths.get(column.name, 1)))
    return decoded


@dataclass
class Coder:
    """Gives categories their codes, in the order in which they are first seen: 1, 2, ..."""

    codes: dict[str, dict[str, int]] = field(default_factory=dict)

    def code(self, column: str, decoded: Decoded) -> Int32Array:
        """int32[n] or int32[n, width]: codes of one block of a column of categories."""
        known = self.codes.setdefault(column, {})
        table = np.zeros(len(decoded.words) + 1, np.int32)
        for i, word in enumerate(decoded.words):
            table[i + 1] = known.setdefault(word, len(known) + 1)
        return np.asarray(table[decoded.values])

    def dictionary(self, column: str) -> list[str]:
        """Categories in code order, code 1 first."""
        return list(self.codes.get(column, {}))


def sections_of(
    layout: GroupLayout, decoded: list[Decoded], coder: Coder
) -> tuple[dict[str, AnyArray], BoolArray]:
    """Arrange decoded columns as the sections of a row block, and their presence.

    Returns
    -------
    sections : dict section -> dtype[n, width]
    present : bool[n, columns]
    """
    rows = len(decoded[0].present) if decoded else 0
    present = np.empty((rows, len(decoded)), bool)
    sections = {
        name: np.empty((rows, layout.width(name)), dtype)
        for name, dtype in SECTION_DTYPES.items()
        if layout.width(name)
    }
    for i, (column, part) in enumerate(zip(layout.columns, decoded, strict=True)):
        values = coder.code(column.name, part) if column.section == "categorical" else part.values
        target = sections[column.section][:, column.start : column.start + column.width]
        target[...] = values if values.ndim == 2 else values[:, None]
        present[:, i] = part.present
    return sections, present
