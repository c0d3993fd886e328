"""Hashed texts: words count, case and order do not, and the hash never changes."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.kernels.hash_text import TEXT_WIDTH, hash_texts


def hashed(*texts: str) -> np.ndarray:
    data = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, data)]).astype(np.int64)
    out = np.zeros((len(texts), TEXT_WIDTH), np.float32)
    hash_texts(offsets, np.frombuffer(b"".join(data) or b"\0", np.uint8), out)
    return out


def test_words_count_and_nothing_else() -> None:
    same = hashed("Red thing", "thing  RED!", "(red)-thing")
    assert (same == same[0]).all()
    assert not (hashed("red thing")[0] == hashed("redthing")[0]).all()


def test_length_is_one_or_nothing() -> None:
    lengths = np.linalg.norm(hashed("a", "a b c d e f g", "", "?!", "größe naïve 東京"), axis=1)
    assert lengths.tolist() == pytest.approx([1, 1, 0, 0, 1])


def test_repeated_words_weigh_more() -> None:
    once, twice = hashed("alpha omega", "alpha alpha omega")
    alpha = hashed("alpha")[0]
    assert twice @ alpha > once @ alpha


def test_many_words_spread_over_buckets_and_signs() -> None:
    words = hashed(*[f"word{i}" for i in range(4000)])
    bucket, sign = np.abs(words).argmax(axis=1), words.sum(axis=1)
    assert np.bincount(bucket, minlength=TEXT_WIDTH).min() > 4000 / TEXT_WIDTH * 0.7
    assert abs(sign.mean()) < 0.06


def test_the_hash_is_frozen() -> None:
    """Stored datasets hold these values: a change here is a change of format."""
    assert [int(np.flatnonzero(row)[0]) * int(row.sum()) for row in hashed("red", "blue", "x1")] == FROZEN


FROZEN = [-3, 11, -13]
