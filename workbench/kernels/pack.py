"""Pack: interleave the columns of four sections into fixed-stride rows, with a presence mask."""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel

_BLOCK = 256
"""Rows packed at a time, column by column: few enough that they stay in the cache."""


@kernel
def _put_column(source, start, width, present, column, words, target, begin, end):
    everything = np.uint32(0xFFFFFFFF)
    for i in range(begin, end):
        keep = everything * np.uint32(present[i, column])  # a mask, not a branch: gaps cannot be predicted
        row, values = words[i], source[i]
        for w in range(width):
            row[target + w] = values[start + w] & keep


@kernel
def pack_rows(timestamp, numerical, embedding, categorical, columns, present, mask_offset, words, out):
    """Fill rows block after block; absent values and padding become 0.

    Arrays
    ------
    timestamp    uint32[n, 2 * t]  the sections, as 4-byte words
    numerical    uint32[n, c]
    embedding    uint32[n, e]
    categorical  uint32[n, k]
    columns      int64[columns, 4]  section (0 to 3), first word in it, words, first word in the row
    present      bool[n, columns]
    mask_offset  int64             first byte of the mask in a row
    words        uint32[n, stride / 4]  the rows, out
    out          uint8[n, stride]       the same memory

    Cost: one pass over the sections and one over the rows.
    """
    for begin in range(0, len(out), _BLOCK):
        end = min(begin + _BLOCK, len(out))
        words[begin:end] = np.uint32(0)
        for c in range(len(columns)):
            section, start, width, target = columns[c, 0], columns[c, 1], columns[c, 2], columns[c, 3]
            if section == 0:
                _put_column(timestamp, start, width, present, c, words, target, begin, end)
            elif section == 1:
                _put_column(numerical, start, width, present, c, words, target, begin, end)
            elif section == 2:
                _put_column(embedding, start, width, present, c, words, target, begin, end)
            else:
                _put_column(categorical, start, width, present, c, words, target, begin, end)
            byte, shift = mask_offset + (c >> 3), np.uint8(c & 7)
            for i in range(begin, end):
                out[i, byte] |= np.uint8(present[i, c]) << shift
