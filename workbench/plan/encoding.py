"""Encoding: how the model reads one column, where that is not the usual way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from workbench.errors import PlanError, did_you_mean, explain

METHODS: tuple[str, ...] = ("standard", "robust", "log")
"""What a number becomes: (x - mean) / deviation, (x - median) / interquartile range scaled to a normal
deviation, or the standard form of sign(x) log(1 + |x|)."""

FILLS: tuple[str, ...] = ("mean", "median", "zero")
"""What stands in for a missing number, beside the flag that says so; any number does too."""


@dataclass(frozen=True)
class Encoding:
    """Choices for one column; those of another type of column do nothing.

    Attributes
    ----------
    method : str  of numbers; see :data:`METHODS`
    fill : str or float  of numbers; see :data:`FILLS`
    rare : int  rows that a category needs for a vector of its own; others share that of the rare ones
    most : int  categories with a vector of their own; the most frequent ones

    Raises
    ------
    PlanError
        If a choice is not allowed.
    """

    method: str = "standard"
    fill: str | float = "mean"
    rare: int = 3
    most: int = 1_000

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            _refuse("method", self.method, ", ".join(METHODS), did_you_mean(str(self.method), METHODS))
        if isinstance(self.fill, str):
            if self.fill not in FILLS:
                _refuse("fill", self.fill, f"{', '.join(FILLS)}, or a number", did_you_mean(self.fill, FILLS))
        elif isinstance(self.fill, bool) or not isinstance(self.fill, (int, float)):
            _refuse("fill", self.fill, f"{', '.join(FILLS)}, or a number")
        elif not math.isfinite(self.fill):
            _refuse("fill", self.fill, "a finite number")
        for name, least in (("rare", 1), ("most", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                _refuse(name, value, f"a whole number from {least}")

    @classmethod
    def of(cls, given: Any) -> Encoding:
        """An encoding from itself, from a method's name, or from a mapping of choices.

        Raises
        ------
        PlanError
            If it is none of them, or names an unknown choice.
        """
        if isinstance(given, Encoding):
            return given
        if isinstance(given, str):
            return cls(method=given)
        if not isinstance(given, Mapping):
            _refuse("value", given, "an Encoding, a method's name or a mapping of choices")
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                _refuse("choice", name, ", ".join(known), did_you_mean(str(name), known))
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """Choices that differ from the usual ones, as plain JSON values."""
        usual = asdict(Encoding())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}

    def describe(self) -> str:
        """The choices that are not usual, as text."""
        return ", ".join(f"{name} {value}" for name, value in self.to_dict().items())


def encodings_of(given: Any) -> tuple[tuple[str, Encoding], ...]:
    """Pairs of ``'table.column'`` and its encoding, by name; those that are the usual one are left out.

    Parameters
    ----------
    given : mapping, or pairs, of names to whatever :meth:`Encoding.of` takes

    Raises
    ------
    PlanError
    """
    if isinstance(given, str) or not isinstance(given, (Mapping, tuple, list)):
        _refuse("encodings", given, "a mapping such as {'orders.amount': 'log'}")
    pairs = {str(name): Encoding.of(value) for name, value in dict(given).items()}
    for name in pairs:
        if name.count(".") < 1:
            _refuse("column", name, "'table.column'")
    return tuple(sorted((name, pair) for name, pair in pairs.items() if pair != Encoding()))


def _refuse(name: str, got: object, allowed: str, do: str = "") -> None:
    raise PlanError(explain(f"{name!r} of an encoding", f"got {got!r}", allowed, do))
