"""What a widget refuses where it is made, in words that say what to pass instead."""

from __future__ import annotations

import workbench as wb


def needs(value: object, kind: type, widget: str, do: str) -> None:
    """Refuse what a widget cannot show where it is made, not when it is drawn.

    Raises
    ------
    WorkbenchError
        If the value is of another kind.
    """
    if not isinstance(value, kind):
        got, allowed = type(value).__name__, kind.__name__
        raise wb.WorkbenchError(f"a {widget} was asked for: got a {got}. Allowed: a {allowed}. {do}.")


def one_argument(more: tuple[object, ...], widget: str, allowed: str, do: str) -> None:
    """Refuse what stands behind the one argument that a widget takes.

    Raises
    ------
    WorkbenchError
        If there is more.
    """
    if more:
        got = f"got {1 + len(more)} arguments"
        raise wb.WorkbenchError(f"a {widget} was asked for: {got}. Allowed: one, {allowed}. {do}.")
