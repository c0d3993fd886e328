"""Listeners of a widget's value: told of every change, until they are stopped or their cell runs again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from widgets._notebook import running_cell


class Edited(Protocol):
    """What tells of a fanout whenever it is another: a picker, say."""

    def on_change(self, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Call ``listener(fanout)`` after every edit; what is returned stops that."""


class Listeners:
    """Functions that are called with each new value.

    A notebook's cell that runs again adds its listeners anew: those of its run before are dropped then, so
    that nothing is done twice, or for a view that is no longer there.
    """

    def __init__(self) -> None:
        self._added: list[tuple[Callable[..., object], tuple[str, str]]] = []

    def __len__(self) -> int:
        return len(self._added)

    def add(self, listener: Callable[..., object]) -> Callable[[], None]:
        """Call a function from now on; what is returned stops that."""
        cell, run = running_cell()
        entry = (listener, (cell, run))
        self._added = [e for e in self._added if not cell or e[1][0] != cell or e[1][1] == run] + [entry]

        def stop() -> None:
            self._added = [other for other in self._added if other is not entry]

        return stop

    def tell(self, *values: Any) -> None:
        """Call all of them."""
        for listener, _ in self._added:
            listener(*values)
