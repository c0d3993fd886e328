"""Texts to vectors by feature hashing: no vocabulary, no state, the same text gives the same vector.

Words (runs of ASCII letters and digits, lower-cased, and of any bytes of other scripts) are hashed to
one of ``width`` buckets and a sign; the vector of signed counts is scaled to length 1. Source of the
method: K. Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel

TEXT_WIDTH = 16
"""Elements of a text's vector."""


@kernel
def hash_texts(offsets, data, out):
    """Hash each text into its row.

    Arrays
    ------
    offsets  int64[n + 1]      text i is bytes ``offsets[i]:offsets[i + 1]`` of ``data``
    data     uint8[bytes]      UTF-8
    out      float32[n, width] zeros; receives vectors of length 1, or 0 for a text without words
    """
    width = np.uint64(out.shape[1])
    start, prime = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
    for i in range(len(offsets) - 1):
        word, inside = start, False
        for at in range(offsets[i], offsets[i + 1] + 1):
            byte = data[at] if at < offsets[i + 1] else np.uint8(32)
            if 65 <= byte <= 90:
                byte += np.uint8(32)
            if byte >= 128 or 97 <= byte <= 122 or 48 <= byte <= 57:
                word = (word ^ np.uint64(byte)) * prime
                inside = True
            elif inside:
                # FNV's low bits are weak on short words: fold the high half in before use.
                mixed = (word ^ (word >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
                sign = np.float32(1.0) if mixed >> np.uint64(63) else np.float32(-1.0)
                out[i, (mixed >> np.uint64(32)) % width] += sign
                word, inside = start, False
        total = np.float32(0.0)
        for j in range(out.shape[1]):
            total += out[i, j] * out[i, j]
        if total > 0:
            scale = np.float32(1.0) / np.sqrt(total)
            for j in range(out.shape[1]):
                out[i, j] *= scale
