"""Marks of direction in names are written out: as they are they would turn round what stands beside them."""

from __future__ import annotations

MARKS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that nobody sees, and that say in which direction text runs."""

WRITTEN = {mark: f"\\u{mark:04x}" for mark in MARKS}


def written_out(text: str) -> str:
    r"""A text in which marks of direction are seen: ``\u202e``; letters that run to the left stay letters."""
    return text.translate(WRITTEN)
