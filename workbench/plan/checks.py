"""What choices of a plan may be: numbers in a range, names from a list."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from workbench.errors import PlanError, did_you_mean, explain

LATER = {"later": True}
"""Marks choices that plans did not always have: written only where they are not the usual ones."""


def whole(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is no whole number from ``low`` to ``high``.

    Raises
    ------
    PlanError
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        refuse(name, value, f"a whole number from {low} to {high}")


def between(name: str, value: object, low: float, high: float) -> None:
    """Refuse what is no number from ``low`` to ``high``.

    Raises
    ------
    PlanError
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        refuse(name, value, f"a number from {low:g} to {high:g}")


def one_of(name: str, value: object, allowed: Collection[str]) -> None:
    """Refuse what is none of some names, and propose the nearest.

    Raises
    ------
    PlanError
    """
    if not isinstance(value, str) or value not in allowed:
        refuse(name, value, ", ".join(allowed), did_you_mean(str(value), allowed))


def refuse(name: str, got: object, allowed: str, do: str = "") -> NoReturn:
    """Say which choice of a plan was what, and what is allowed.

    Raises
    ------
    PlanError
    """
    raise PlanError(explain(f"{name!r} of a plan", f"got {got!r}", allowed, do))
