"""Codes: values stored in fewer bytes than they are read in, chosen column by column at ingest.

    float16             numbers and embeddings in 2 bytes, up to 65504: off by 1 in 2048 at most (above 6e-5)
    bfloat16            the same in any size: off by 1 in 256 at most
    int8                embeddings in 1 byte a value and a scale a row: off by 1 in 254 of the row's largest
    uint8, uint16       categories in 1 or 2 bytes, without loss

    a stored row    | 4-byte values | scales | 2-byte codes | 1-byte codes | mask | pad |
    the plain row   as ``features.py`` says; the gather widens one into the other (``kernels/decode.py``)

A scale belongs to one row, never to a column: no statistic of later rows reaches an earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from workbench.errors import IngestError, SchemaError, explain
from workbench.kernels.decode import (
    BRAIN,
    BYTE,
    F_COUNT,
    F_FROM,
    F_KIND,
    F_SCALE,
    F_TO,
    F_WORDS,
    HALF,
    MASK,
    PLAIN,
    SMALL,
    WORD,
    gather_decoded,
)
from workbench.stores.features import SECTION_DTYPES, GroupColumn, GroupLayout, row_stride
from workbench.types import AnyArray, ByteArray, Float32Array, Int64Array

CODES: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "float16": (HALF, 2, ("numerical", "embedding")),
    "bfloat16": (BRAIN, 2, ("numerical", "embedding")),
    "int8": (SMALL, 1, ("embedding",)),
    "uint8": (BYTE, 1, ("categorical",)),
    "uint16": (WORD, 2, ("categorical",)),
}
"""Code -> kind of its fields, bytes of a value, sections that may use it."""

_BYTES = {PLAIN: 4, MASK: 1, **{kind: size for kind, size, _ in CODES.values()}}
_LARGEST = {HALF: 65504, BYTE: 255, WORD: 65535}
_NAMES = {kind: name for name, (kind, _, _) in CODES.items()}


@dataclass(frozen=True)
class Packing:
    """How the rows of a group are stored.

    Attributes
    ----------
    stride : int  bytes of a stored row
    fields : int64[f, F_WORDS]  see ``kernels/decode.py``; None where rows are stored as they are read
    """

    stride: int
    fields: Int64Array | None


@cache
def packing(layout: GroupLayout) -> Packing:
    """The packing of a layout, as the codes of its columns say."""
    if not any(column.code for column in layout.columns):
        return Packing(layout.stride, None)
    fields = [_field(layout, column) for column in _in_row_order(layout)]
    fields.append(_new(MASK, layout.mask_offset, layout.mask_bytes))
    end = 0
    for field in fields:
        if field[F_KIND] == PLAIN:
            field[F_FROM], end = end, end + 4 * field[F_COUNT]
    for field in fields:
        if field[F_KIND] == SMALL:
            field[F_SCALE], end = end, end + 4
    for size in (2, 1):
        for field in fields:
            if _BYTES[field[F_KIND]] == size:
                field[F_FROM], end = end, end + size * field[F_COUNT]
    return Packing(row_stride(end), np.array(_merged(fields), np.int64))


def check_code(group: str, column: str, section: str, code: str) -> None:
    """Refuse a code that a column cannot have.

    Raises
    ------
    SchemaError
    """
    if code in CODES and section in CODES[code][2]:
        return
    fitting = [name for name, (_, _, sections) in CODES.items() if section in sections]
    raise SchemaError(
        explain(
            f"column {column!r} of {group!r} was to be stored as {code!r}",
            f"it is of the section {section!r}",
            ", ".join(fitting) or "nothing but its plain values",
        )
    )


def pack(layout: GroupLayout, rows: ByteArray) -> ByteArray:
    """Stored rows of plain ones.

    Parameters
    ----------
    rows : uint8[n, layout.stride]

    Returns
    -------
    uint8[n, packing(layout).stride]

    Raises
    ------
    IngestError
        If a category's code does not fit.
    """
    stored = packing(layout)
    if stored.fields is None:
        return rows
    out = np.zeros((len(rows), stored.stride), np.uint8)
    for field in stored.fields:
        _pack_field(layout, field, rows, out)
    return out


def unpack(layout: GroupLayout, rows: ByteArray) -> ByteArray:
    """Plain rows of stored ones; packed again they are the same, byte by byte.

    Parameters
    ----------
    rows : uint8[n, packing(layout).stride]

    Returns
    -------
    uint8[n, layout.stride]
    """
    stored = packing(layout)
    if stored.fields is None:
        return rows
    out = np.empty((len(rows), layout.stride), np.uint8)
    gather_decoded(np.ascontiguousarray(rows), np.arange(len(rows)), stored.fields, out)
    return out


def _in_row_order(layout: GroupLayout) -> list[GroupColumn]:
    order = list(SECTION_DTYPES)
    return sorted(layout.columns, key=lambda column: (order.index(column.section), column.start))


def _new(kind: int, to: int, count: int) -> list[int]:
    field = [0] * F_WORDS
    field[F_KIND], field[F_TO], field[F_COUNT] = kind, to, count
    return field


def _field(layout: GroupLayout, column: GroupColumn) -> list[int]:
    size = SECTION_DTYPES[column.section].itemsize
    kind = CODES[column.code][0] if column.code else PLAIN
    words = column.width * (size // 4 if kind == PLAIN else 1)
    return _new(kind, layout.offset(column.section) + column.start * size, words)


def _merged(fields: list[list[int]]) -> list[list[int]]:
    """Neighbours of one kind as one field; each scale stays alone."""
    merged = [fields[0]]
    for field in fields[1:]:
        before = merged[-1]
        if before[F_KIND] == field[F_KIND] not in (SMALL, MASK):
            before[F_COUNT] += field[F_COUNT]
        else:
            merged.append(field)
    return merged


def _pack_field(layout: GroupLayout, field: Int64Array, rows: ByteArray, out: ByteArray) -> None:
    kind, count = int(field[F_KIND]), int(field[F_COUNT])
    if kind == MASK:
        codes: AnyArray = rows[:, field[F_TO] : field[F_TO] + count]
    else:
        words = rows[:, field[F_TO] : field[F_TO] + 4 * count]
        if kind == SMALL:
            scale, codes = _scaled(words.view(np.float32))
            out[:, field[F_SCALE] : field[F_SCALE] + 4] = scale.view(np.uint8)
        else:
            codes = _coded(layout, kind, words)
    raw = np.ascontiguousarray(codes).view(np.uint8)
    out[:, field[F_FROM] : field[F_FROM] + raw.shape[1]] = raw


def _coded(layout: GroupLayout, kind: int, words: ByteArray) -> AnyArray:
    if kind == PLAIN:
        return words
    if kind == BRAIN:
        return _nearest_brain(np.ascontiguousarray(words).view(np.uint32))
    values = words.view(np.float32 if kind == HALF else np.int32)
    if values.size and np.abs(values).max() > _LARGEST[kind]:
        raise IngestError(
            explain(
                f"a column of {layout.group!r} was to be stored as {_NAMES[kind]!r}",
                f"{np.abs(values).max():,} is among its values or codes",
                f"up to {_LARGEST[kind]:,}",
                "Choose a wider code for it, or none",
            )
        )
    return values.astype({HALF: np.float16, BYTE: np.uint8, WORD: np.uint16}[kind])


def _nearest_brain(bits: AnyArray) -> AnyArray:
    """uint16: the upper halves of float32 numbers, rounded to nearest, ties to even; never to infinity."""
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = (bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)
    infinite = (rounded & np.uint32(0x7FFF)) >= np.uint32(0x7F80)
    return np.where(infinite, bits >> np.uint32(16), rounded).astype(np.uint16)


def _scaled(values: Float32Array) -> tuple[Float32Array, AnyArray]:
    """A scale per row, float32[n, 1], and int8 multiples of it."""
    largest = np.abs(values).max(axis=1, keepdims=True)
    scale = largest / np.float32(127)
    with np.errstate(over="ignore"):
        infinite = np.isinf(scale * np.float32(127))  # rounded up, the largest numbers would not come back
    scale = np.where(infinite, np.nextafter(scale, np.float32(0)), scale)
    safe = np.where(scale > 0, scale, np.float32(1))
    return scale, np.clip(np.rint(values / safe), -127, 127).astype(np.int8)
