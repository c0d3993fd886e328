"""Where a metapath may go next, and with how many neighbours. Plain values, no widget."""

from __future__ import annotations

import workbench as wb

FIRST, LATER = 16, 8
"""Neighbours of a new step at hop 1 and beyond; 1 where there is at most one."""


def ways_from(schema: wb.Schema, end: str, to: str | None = None) -> tuple[wb.EdgeType, ...]:
    """Edge types along which sampling goes on from a type, to one type or to any."""
    return tuple(e for e in schema.edge_types if e.dst == end and to in (None, e.src))


def usual_take(schema: wb.Schema, step: wb.EdgeType, hop: int) -> int:
    """Neighbours that a new step begins with; ``hop`` 1 is the first."""
    single = schema.edge_spec(step).layout == "column"
    return 1 if single else FIRST if hop == 1 else LATER


def no_step(end: str, where: str, got: str, ways: tuple[wb.EdgeType, ...]) -> wb.FanoutError:
    """The error of a step that cannot be made, with those that can."""
    allowed = ", ".join(map(str, ways)) or "none: no edge type ends here"
    asked = f"a step of sampling from {end!r} {where} was asked for"
    return wb.FanoutError(f"{asked}: {got}. Allowed: {allowed}. Choose one of them.")


def with_cell(cells: list[float | wb.Draw], hop: int, take: float | wb.Draw) -> list[float | wb.Draw]:
    """A metapath's cells with another number at a hop (1 is the first), which keeps the options of the cell.

    Raises
    ------
    FanoutError
        If there is no such hop.
    """
    if not 1 <= hop <= len(cells):
        raise wb.FanoutError(f"hop {hop} of a metapath was asked for: it has hops 1 to {len(cells)}.")
    old = cells[hop - 1]
    cells[hop - 1] = (
        old.with_take(take) if isinstance(old, wb.Draw) and not isinstance(take, wb.Draw) else take
    )
    return cells
