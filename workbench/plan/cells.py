"""Cells of a fanout: what stands for an edge type at a hop, read, completed and made a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from workbench.errors import FanoutError, did_you_mean, explain
from workbench.plan.draw import Draw, check_take
from workbench.schema import EdgeType, Schema
from workbench.stores.steps import Step, Strategy

Cell: TypeAlias = "int | float | Draw"
"""What stands for an edge type at a hop: a number, a share, or a draw with options."""


def read_cell(value: Any, where: str) -> Cell:
    """A cell of a fanout, in its shortest form: a draw without options is a number.

    Raises
    ------
    FanoutError
        If the value is none; says where.
    """
    if isinstance(value, Mapping):
        value = read_draw(value, where)
    if isinstance(value, Draw):
        return value.take if value.is_plain else value
    return check_take(value, where)


def read_draw(data: Mapping[str, Any], where: str = "a draw") -> Draw:
    """Read back what :meth:`Draw.to_dict` wrote.

    Raises
    ------
    FanoutError
        If a name is unknown or ``take`` is missing.
    """
    known = ["take", "cap", "strategy", "weight", "half_life", "replace", "static", "window"]
    unknown = [str(name) for name in data if name not in known]
    if unknown or "take" not in data:
        got = f"got {unknown[0]!r}" if unknown else "'take' is missing"
        do = did_you_mean(unknown[0], known) if unknown else ""
        raise FanoutError(explain(f"{where}, a draw was asked for", got, ", ".join(known), do))
    return Draw(**data)


def as_draw(cell: Cell) -> Draw:
    """A cell as a draw."""
    return cell if isinstance(cell, Draw) else Draw(cell)


def with_take(cell: Cell, take: Cell) -> Cell:
    """A cell with another number, drawn the same way; a new draw replaces it whole."""
    if isinstance(take, Draw) or not isinstance(cell, Draw):
        return take
    return cell.with_take(take)


def json_cell(cell: Cell) -> Any:
    """A cell as plain JSON."""
    return cell.to_dict() if isinstance(cell, Draw) else cell


def complete(cell: Cell, base: Draw, where: str) -> Draw:
    """The cell over its base, checked as far as it can be without a schema.

    Raises
    ------
    FanoutError
        If both together contradict each other; says where.
    """
    try:
        draw = as_draw(cell).over(base)
    except FanoutError as error:
        raise FanoutError(f"{where}: {error}") from None
    for strategy, name, example in (("weighted", "weight", "amount"), ("decay", "half_life", "30 days")):
        if draw.strategy == strategy and getattr(draw, name) is None:
            raise FanoutError(
                explain(
                    f"{where} is drawn with strategy={strategy!r}",
                    f"{name} is missing",
                    do=f"Say Draw({draw.take}, {name}={example!r})",
                )
            )
    return draw


def to_step(hop: int, edge_type: EdgeType, cell: Cell, base: Draw, schema: Schema) -> Step:
    """The step that a cell becomes; ageing as the base's choice is uniform along edges without a time.

    Raises
    ------
    FanoutError
        If the cell and its base contradict each other.
    """
    draw = complete(cell, base, f"hop {hop}, {edge_type}")
    strategy, half_life = str(draw.strategy), draw.half_life
    timed = schema[schema.edge_spec(edge_type).table].time is not None
    if strategy == "decay" and not timed and as_draw(cell).strategy is None:
        strategy, half_life = "uniform", None
    temporal = not draw.static
    return Step(
        hop,
        edge_type,
        draw.most,
        Strategy[strategy.upper()],
        temporal,
        draw.window if temporal and isinstance(draw.window, int) else None,
        float(draw.take) if draw.take_is_share else None,
        bool(draw.replace),
        draw.weight,
        half_life,
    )
