"""Feature rows: how columns lie in a fixed-stride row, and a block of rows that was read.

    one row of a group, ``stride`` bytes
    | timestamp int64[t] | numerical float32[c] | embedding float32[e] | categorical int32[k] | mask | pad |

The mask has one bit per column, set where the row holds a value (little-endian bit order); a missing
value is stored as 0 (categorical: code 0). The codes are task-neutral: raw numbers, dictionary codes,
microseconds. Statistics are fitted per run, in the model. A stride divides 512 or is a multiple of it,
so that direct reads stay legal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.errors import SchemaError, did_you_mean, explain
from workbench.types import AnyArray, BoolArray, ByteArray

SECTION_DTYPES: dict[str, np.dtype[np.generic]] = {
    "timestamp": np.dtype(np.int64),
    "numerical": np.dtype(np.float32),
    "embedding": np.dtype(np.float32),
    "categorical": np.dtype(np.int32),
}
"""Sections of a row, in the order in which they are stored."""


def row_stride(used: int) -> int:
    """Bytes of a row of which so many are used: a power of two from 8 to 512, then a multiple of 512."""
    used = max(used, 8)
    return 1 << (used - 1).bit_length() if used <= 512 else -(-used // 512) * 512


@dataclass(frozen=True)
class GroupColumn:
    """One encoded column.

    Attributes
    ----------
    name : str  column of the source table
    section : str
        Key of :data:`SECTION_DTYPES`. Text is stored as an embedding; a set of categories as ``width`` codes,
        those that are there first, then zeros.
    start, width : int  its place in the section, in elements
    cardinality : int  categorical: number of codes, code 0 being "missing"; otherwise 0
    code : str  how values are stored, a key of ``codecs.CODES``; empty: as they are read
    """

    name: str
    section: str
    start: int
    width: int = 1
    cardinality: int = 0
    code: str = ""


@dataclass(frozen=True)
class GroupLayout:
    """The row layout of a feature group, as rows are read; columns in mask order."""

    group: str
    rows: int
    columns: tuple[GroupColumn, ...]

    def width(self, section: str) -> int:
        """Elements of a section in each row."""
        return self._widths.get(section, 0)

    @cached_property
    def _widths(self) -> dict[str, int]:
        widths = dict.fromkeys(SECTION_DTYPES, 0)
        for column in self.columns:
            widths[column.section] = widths.get(column.section, 0) + column.width
        return widths

    def offset(self, section: str) -> int:
        """First byte of a section in the row."""
        before = 0
        for name, dtype in SECTION_DTYPES.items():
            if name == section:
                return before
            before += self.width(name) * dtype.itemsize
        return before

    @cached_property
    def mask_offset(self) -> int:
        """First byte of the mask bits."""
        return self.offset("mask")

    @property
    def mask_bytes(self) -> int:
        """Bytes of mask bits."""
        return (len(self.columns) + 7) // 8

    @cached_property
    def stride(self) -> int:
        """Bytes of a row."""
        return row_stride(self.mask_offset + self.mask_bytes)

    def column(self, name: str) -> GroupColumn:
        """The encoded column of that name.

        Raises
        ------
        SchemaError
            If the group does not hold it.
        """
        for column in self.columns:
            if column.name == name:
                return column
        names = [column.name for column in self.columns]
        raise SchemaError(
            explain(
                f"column {name!r} of feature group {self.group!r} was asked for",
                "it is not stored",
                ", ".join(names),
                did_you_mean(name, names),
            )
        )


@dataclass(frozen=True)
class FeatureBlock:
    """Rows of one group as they are stored.

    Attributes
    ----------
    layout : GroupLayout
    data : uint8[n, stride]
    """

    layout: GroupLayout
    data: ByteArray

    def __len__(self) -> int:
        return len(self.data)

    def section(self, name: str) -> AnyArray:
        """dtype[n, width]: a view of one section, strided by the row (no copy)."""
        start, width = self.layout.offset(name), self.layout.width(name)
        dtype = SECTION_DTYPES[name]
        if width == 0:
            return np.empty((len(self.data), 0), dtype)
        return self.data[:, start : start + width * dtype.itemsize].view(dtype)

    def column(self, name: str) -> AnyArray:
        """dtype[n] (dtype[n, width] for embeddings and sets of categories): a view of one column."""
        column = self.layout.column(name)
        values = self.section(column.section)[:, column.start : column.start + column.width]
        return values if column.section == "embedding" or column.width > 1 else values[:, 0]

    def present(self) -> BoolArray:
        """bool[n, columns]: True where the row holds a value, in the order of ``layout.columns``."""
        layout = self.layout
        bits = self.data[:, layout.mask_offset : layout.mask_offset + layout.mask_bytes]
        return np.unpackbits(bits, axis=1, count=len(layout.columns), bitorder="little").astype(bool)
