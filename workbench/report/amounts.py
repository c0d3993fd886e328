"""Numbers as people read them: never ``1.2e+04`` for twelve thousand."""

from __future__ import annotations

EXACT = 1e15
"""From here on a float no longer holds every digit in front of its point."""


def amount(value: float, digits: int = 3) -> str:
    """So many digits of a number, or all in front of the point: ``0.801``, ``12,000``.

    Parameters
    ----------
    value : float  infinite or none (nan) too
    digits : int  at least 1
    """
    whole = 10.0 ** (digits - 1) <= abs(value) < EXACT
    return f"{value:,.0f}" if whole else f"{value:.{digits}g}"
