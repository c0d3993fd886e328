"""The parts of a predictive query as frozen values; each remembers its place in the text.

Query
 +- target: Expression       what to predict
 +- entity: ColumnRef        for each row of which table, by its primary key
 +- keys: Literal, ...       whom to predict for when no entities are given
 +- where: Expression        which (entity, anchor) rows; looks back
 +- assuming: Expression     which (entity, anchor) rows; looks forward

Expression = Junction (AND, OR) | Negation | Comparison | Membership (IN) | NullCheck | Operand
Operand    = Aggregate | ColumnRef | Literal
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class Place(NamedTuple):
    """Characters ``start .. end`` of the query's text."""

    start: int
    end: int


NOWHERE = Place(0, 0)


@dataclass(frozen=True)
class Literal:
    """A constant: ``bool``, ``int``, ``float``, ``str``, or None for ``NULL``.

    ``is_date`` marks a date that was written without quotes; ``value`` is then its ISO text.
    """

    value: bool | int | float | str | None
    is_date: bool = False
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class ColumnRef:
    """``table.column``; the column is ``*`` for whole rows, the table empty if it was left out."""

    table: str
    column: str
    table_place: Place = field(default=NOWHERE, compare=False, repr=False)
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.table}.{self.column}" if self.table else self.column


@dataclass(frozen=True)
class Bound:
    """One end of a window, in units of the aggregate; minus infinity for ``-INF``."""

    value: float
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Aggregate:
    """``function(column [WHERE where], start, end [, unit])``.

    The window is ``(anchor + start, anchor + end]``.
    """

    function: str
    column: ColumnRef
    where: Expression | None
    start: Bound | None
    end: Bound | None
    unit: str
    function_place: Place = field(default=NOWHERE, compare=False, repr=False)
    unit_place: Place = field(default=NOWHERE, compare=False, repr=False)
    place: Place = field(default=NOWHERE, compare=False, repr=False)


Operand: TypeAlias = Aggregate | ColumnRef | Literal


@dataclass(frozen=True)
class Comparison:
    """``left op right``; ``op`` is one of ``= != < <= > >=``."""

    left: Operand
    op: str
    right: Operand
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Membership:
    """``operand [NOT] IN (values)``."""

    operand: Operand
    values: tuple[Literal, ...]
    negated: bool
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class NullCheck:
    """``operand IS [NOT] NULL``."""

    operand: Operand
    negated: bool
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Negation:
    """``NOT part``."""

    part: Expression
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Junction:
    """``part AND part ...`` or ``part OR part ...``."""

    op: str
    parts: tuple[Expression, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


Expression: TypeAlias = Junction | Negation | Comparison | Membership | NullCheck | Operand


@dataclass(frozen=True)
class Query:
    """A parsed query; ``text`` is what the user wrote."""

    target: Expression
    entity: ColumnRef
    keys: tuple[Literal, ...]
    where: Expression | None
    assuming: Expression | None
    text: str = field(compare=False)

    def __str__(self) -> str:
        return " ".join(self.text.split())


def walk(part: Expression | None) -> Iterator[Expression]:
    """A part of a query and all its parts, from left to right; those of aggregates too."""
    if part is None:
        return
    yield part
    inner: tuple[Expression | None, ...] = ()
    match part:
        case Junction(parts=parts):
            inner = parts
        case Negation(part=negated):
            inner = (negated,)
        case Comparison(left=left, right=right):
            inner = (left, right)
        case Membership(operand=operand, values=values):
            inner = (operand, *values)
        case NullCheck(operand=operand):
            inner = (operand,)
        case Aggregate(column=column, where=where):
            inner = (column, where)
    for each in inner:
        yield from walk(each)


def aggregates(expression: Expression | None) -> Iterator[Aggregate]:
    """Every aggregate of an expression, from left to right."""
    return (part for part in walk(expression) if isinstance(part, Aggregate))
