"""Colours of every picture: a palette that colour-blind readers can tell apart.

Five of them are those of Okabe and Ito (2008); the others stand apart from these in every kind of colour
vision.

Types beyond the palette's length reuse its colours with another mark, so that a pair of colour and
mark always names one type. Vermilion is left out of the palette: it means "later than the anchor".
"""

from __future__ import annotations

TYPE_COLOURS: tuple[str, ...] = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8a3ffc", "#6f4518")
"""Node types and lines, in order of appearance."""

MARKS: tuple[str, ...] = ("circle", "square", "diamond")
"""Shapes that tell types of one colour apart."""

ALARM: str = "#d55e00"
"""Rim of anything later than its anchor, and of errors."""

TIME_COLOURS: tuple[str, ...] = ("#00224e", "#3b496c", "#6b6d75", "#948e77", "#c3b369", "#fee838")
"""From the oldest to the anchor (cividis, which reads the same in every kind of colour vision)."""


def type_style(position: int) -> tuple[str, str]:
    """The (colour, mark) of the type at a position."""
    return (
        TYPE_COLOURS[position % len(TYPE_COLOURS)],
        MARKS[position // len(TYPE_COLOURS) % len(MARKS)],
    )
