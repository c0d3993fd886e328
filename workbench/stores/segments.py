"""Segments: immutable files of fixed-stride feature rows, packed and written in blocks.

row 0 | row 1 | ... | row n-1 | zeros up to a multiple of 4096
^ byte 0, 4K aligned, so that direct reads of any row are legal
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from workbench.errors import StoreError, explain
from workbench.kernels.pack import pack_rows
from workbench.stores.codecs import pack
from workbench.stores.durable import DurableFile, Unfinished
from workbench.stores.features import SECTION_DTYPES, GroupLayout
from workbench.stores.manifest import FileEntry
from workbench.stores.protocols import BufferPool
from workbench.types import AnyArray, BoolArray, ByteArray, Int64Array

PAGE = 4096


class SegmentWriter(Unfinished):
    """Writes the rows of one feature group, block after block.

    Parameters
    ----------
    root : Path  the dataset's folder
    path : str  of the segment, relative to the root
    layout : GroupLayout  its ``rows`` is what must have been appended when it is finished

    Raises
    ------
    StoreError
        If the disk refuses, a block has another stride, or the row count does not match.

    Examples
    --------
    >>> with SegmentWriter(root, "features/p0/0.seg", layout) as segment:  # doctest: +SKIP
    ...     segment.append(encode_rows(layout, {"numerical": values}, present))
    ...     entry = segment.finish()
    """

    def __init__(self, root: str | Path, path: str, layout: GroupLayout) -> None:
        self.layout = layout
        self.rows = 0
        self._entry: FileEntry | None = None
        self._file = DurableFile(root, path, "features", layout.group, direct=True)

    def append(self, rows: ByteArray) -> None:
        """Append encoded rows, uint8[n, stride]; they are stored as the codes of their columns say.

        Raises
        ------
        StoreError
            If they are not of the group's stride, or the disk refuses.
        IngestError
            If a value does not fit its code.
        """
        if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != self.layout.stride:
            raise StoreError(
                explain(
                    f"rows of feature group {self.layout.group!r} were appended",
                    f"got {rows.dtype}{list(rows.shape)}",
                    f"uint8[n, {self.layout.stride}]",
                )
            )
        self.append_stored(pack(self.layout, rows))

    def append_stored(self, rows: ByteArray) -> None:
        """Append rows as they are stored, uint8[n, packing(layout).stride]."""
        self._file.write(rows)
        self.rows += len(rows)

    def finish(self) -> FileEntry:
        """Pad, fsync, close; the entry for the manifest."""
        if self.rows != self.layout.rows:
            raise StoreError(
                explain(
                    f"the segment of feature group {self.layout.group!r} was finished",
                    f"{self.rows} rows were appended",
                    f"{self.layout.rows} rows, as its layout says",
                )
            )
        if self._entry is None:
            self._file.write(bytes(-self._file.bytes % PAGE))
            self._entry = self._file.finish()
        return self._entry

    def abandon(self) -> None:
        """Remove an unfinished segment."""
        self._file.abandon()


def encode_rows(
    layout: GroupLayout,
    sections: Mapping[str, AnyArray],
    present: BoolArray,
    pool: BufferPool | None = None,
) -> ByteArray:
    """Pack columns into rows.

    Parameters
    ----------
    layout : GroupLayout
    sections : mapping
        ``timestamp`` int64[n, t] | ``numerical`` float32[n, c] | ``embedding`` float32[n, e] |
        ``categorical`` int32[n, k], each in the order of ``layout.columns`` within its section;
        a section of width 0 may be left out. Values where ``present`` is False are stored as 0.
    present : bool[n, columns]  True where the row holds a value, in the order of ``layout.columns``
    pool : BufferPool or None  lends the rows' memory: fresh pages cost more than the packing

    Returns
    -------
    uint8[n, stride]

    Raises
    ------
    StoreError
        If a section is missing or has another shape.
    """
    rows = len(present)
    _check_shape(layout, "present", present, (rows, len(layout.columns)))
    words: dict[str, AnyArray] = {}
    for name, dtype in SECTION_DTYPES.items():
        width = layout.width(name)
        values = sections.get(name) if width else np.empty((rows, 0), dtype)
        _check_shape(layout, name, values, (rows, width))
        words[name] = np.ascontiguousarray(values, dtype).view(np.uint32)
    out = np.empty((rows, layout.stride), np.uint8) if pool is None else pool.take((rows, layout.stride))
    pack_rows(
        words["timestamp"],
        words["numerical"],
        words["embedding"],
        words["categorical"],
        _word_plan(layout),
        np.ascontiguousarray(present),
        layout.mask_offset,
        out.view(np.uint32),
        out,
    )
    return out


def _word_plan(layout: GroupLayout) -> Int64Array:
    """int64[columns, 4]: section, first 4-byte word in it, words, first word in the row."""
    plan = np.zeros((len(layout.columns), 4), np.int64)
    for i, column in enumerate(layout.columns):
        size = SECTION_DTYPES[column.section].itemsize // 4
        start, target = column.start * size, layout.offset(column.section) // 4
        plan[i] = list(SECTION_DTYPES).index(column.section), start, column.width * size, target + start
    return plan


def _check_shape(layout: GroupLayout, what: str, values: AnyArray | None, shape: tuple[int, int]) -> None:
    if values is None or values.shape != shape:
        got = "nothing" if values is None else f"{values.dtype}{list(values.shape)}"
        raise StoreError(
            explain(
                f"section {what!r} of feature group {layout.group!r} was packed",
                f"got {got}",
                f"an array of shape {list(shape)}",
            )
        )
