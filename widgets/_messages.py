"""Messages of views: their values are of the kinds that the method declares which takes them. No widget.

A view is a page that anything may run in: what it sends is checked as what comes from outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, get_type_hints

import workbench as wb
from widgets._schema_facts import short

T = TypeVar("T")

LONGEST = 100_000
"""Characters of a text in a message."""

KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    int: ("a whole number", lambda value: type(value) is int),
    float: ("a finite number", lambda value: type(value) in (int, float) and _finite(value)),
    bool: ("true or false", lambda value: type(value) is bool),
    str: (f"a text of at most {LONGEST:,} characters, none of them half", lambda value: _is_text(value)),
    dict[str, str]: (
        f"texts by name, of at most {LONGEST:,} characters, none of them half",
        lambda value: isinstance(value, Mapping) and all(map(_is_text, (*value, *value.values()))),
    ),
}
"""Kind that a method declares -> its name, and whether a value is of it."""


def take(method: Callable[..., T], message: Mapping[str, Any], **ours: Any) -> T:
    """Call a method with the values of a message, and with values of our own, which are not checked.

    Raises
    ------
    WorkbenchError
        If a value is of another kind than the method declares.
    TypeError
        If one is missing, or one too many.
    """
    kinds = _kinds(getattr(method, "__func__", method))
    for name, value in message.items():
        told, fits = KINDS.get(kinds.get(name), ("", _any))
        if not fits(value):
            got = f"{short(name)} of a message to {method.__name__} was asked for: got {short(repr(value))}"
            raise wb.WorkbenchError(f"{got}. Allowed: {told}.")
    return method(**message, **ours)


def item(items: Sequence[T], place: object, what: str) -> T:
    """What stands at a place that was named from outside; places before the first are none.

    Raises
    ------
    IdError
        If nothing stands there.
    """
    if type(place) is not int or not 0 <= place < len(items):
        got = f"there are {len(items)}, counted from 0"
        raise wb.IdError(f"{what} {short(repr(place))} was asked for: {got}.")
    return items[place]


@cache
def _kinds(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function)


def _finite(value: float) -> bool:
    return -1e300 < value < 1e300 and math.isfinite(value)


def _is_text(value: object) -> bool:
    """What is typed is sent back and saved; half of a character no message takes back."""
    return type(value) is str and len(value) <= LONGEST and value == value.encode("utf-8", "replace").decode()


def _any(_value: object) -> bool:
    return True
