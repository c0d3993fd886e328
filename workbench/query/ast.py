"""The parts of a predictive query as frozen values; each remembers its place in the text.

Query
 +- target: Expression       what to predict
 +- mode: Mode               how: CLASSIFY, RANK TOP k, FORECAST n TIMEFRAMES
 +- entity: ColumnRef        for each row of which table, by its primary key
 +- keys: Literal, ...       whom to predict for when no entities are given
 +- where: Expression        which (entity, anchor) rows; looks back
 +- assuming: Expression     which (entity, anchor) rows; looks forward

Expression = Junction (AND, OR) | Negation | Comparison | Membership (IN) | NullCheck | TextMatch | Operand
Operand    = Aggregate | ColumnRef | Literal
Value      = Arithmetic | ColumnRef | Literal        what an aggregate is of
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
class Arithmetic:
    """``first op value op value ...``: all of ``+`` and ``-``, or all of ``*`` and ``/``."""

    first: Value
    rest: tuple[tuple[str, Value], ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


Value: TypeAlias = Arithmetic | ColumnRef | Literal


@dataclass(frozen=True)
class Aggregate:
    """``function(value [VIA path] [WHERE where] [, start, end [, unit]])``.

    The window is ``(anchor + start, anchor + end]``; without one, every row that is visible counts.
    ``path`` are foreign keys, from the aggregated table to the entity; empty where it was left out.
    ``steps`` is how many windows follow one another: more than one in a forecast only. ``ranked`` is set
    where the value is a key, and the row that it leads to is wanted.
    """

    function: str
    value: Value
    where: Expression | None
    start: Bound | None
    end: Bound | None
    unit: str
    path: tuple[ColumnRef, ...] = ()
    steps: int = 1
    ranked: bool = False
    function_place: Place = field(default=NOWHERE, compare=False, repr=False)
    unit_place: Place = field(default=NOWHERE, compare=False, repr=False)
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def columns(self) -> tuple[ColumnRef, ...]:
        """The columns that its value is made of."""
        return tuple(part for part in walk(self.value) if isinstance(part, ColumnRef))


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
class TextMatch:
    """``operand [NOT] how pattern``; ``how`` is ``LIKE``, ``CONTAINS``, ``STARTS WITH`` or ``ENDS WITH``."""

    operand: Operand
    how: str
    pattern: Literal
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


Expression: TypeAlias = Junction | Negation | Comparison | Membership | NullCheck | TextMatch | Operand


@dataclass(frozen=True)
class Mode:
    """``CLASSIFY``, ``RANK TOP count`` or ``FORECAST count TIMEFRAMES``; ``word`` is the first of them."""

    word: str
    count: Literal | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Query:
    """A parsed query; ``text`` is what the user wrote."""

    target: Expression
    entity: ColumnRef
    keys: tuple[Literal, ...]
    where: Expression | None
    assuming: Expression | None
    mode: Mode | None = None
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return " ".join(self.text.split())


def walk(part: Expression | Value | None) -> Iterator[Expression | Value]:
    """A part of a query and all its parts, from left to right; those of aggregates too."""
    if part is None:
        return
    yield part
    inner: tuple[Expression | Value | None, ...] = ()
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
        case TextMatch(operand=operand, pattern=pattern):
            inner = (operand, pattern)
        case Arithmetic(first=first, rest=rest):
            inner = (first, *(value for _, value in rest))
        case Aggregate(value=value, where=where):
            inner = (value, where)
    for each in inner:
        yield from walk(each)


def aggregates(expression: Expression | None) -> Iterator[Aggregate]:
    """Every aggregate of an expression, from left to right."""
    return (part for part in walk(expression) if isinstance(part, Aggregate))
