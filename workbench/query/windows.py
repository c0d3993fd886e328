"""The window of an aggregate, as two spans: which way it may look, and how far."""

from __future__ import annotations

from workbench.query import ast
from workbench.query.pointing import query_error
from workbench.query.words import nearest
from workbench.temporal import Span

UNITS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")
LONGEST_YEARS = 1000


def window(text: str, aggregate: ast.Aggregate, clause: str) -> tuple[Span | None, Span]:
    """Start (None for the beginning of time) and end; WHERE looks back, every other clause forward.

    Parameters
    ----------
    text : str  the query
    aggregate : Aggregate
    clause : str  ``the target``, ``ASSUMING`` or ``WHERE``

    Raises
    ------
    QueryError
        If there is no window, its unit is unknown, or it is empty, too long or looks the wrong way.
    """
    start, end = aggregate.start, aggregate.end
    if start is None or end is None:
        raise query_error(
            text,
            aggregate.place,
            f"a window for {aggregate.function} was asked for",
            "it has none",
            "start, end [, unit] after the column: rows that features see are no future",
            f"Write {aggregate.function}({text[slice(*aggregate.value.place)]}, 0, 30, days)",
        )
    unit = aggregate.unit.removesuffix("s") + "s"
    if unit not in UNITS:
        asked, got = "a unit of time was asked for", f"got {aggregate.unit!r}"
        allowed, do = ", ".join(UNITS), nearest(aggregate.unit, UNITS)
        raise query_error(text, aggregate.unit_place, asked, got, allowed, do)
    opening = None if start.value == float("-inf") else _span(text, start, unit)
    closing = _span(text, end, unit)
    if start.value >= end.value:
        got = f"{start.value:g} .. {end.value:g}"
        raise query_error(text, start.place, "a window was asked for", got, "start < end")
    _check_direction(text, start, end, clause)
    return opening, closing


def step_of(source: tuple[Span, Span], step: int) -> tuple[Span, Span]:
    """Window number ``step`` of a forecast: each begins where the one before ends."""
    start, end = source
    months, micros = end.months - start.months, end.microseconds - start.microseconds
    shift = Span(micros * step, months * step)
    return start + shift, end + shift


def _check_direction(text: str, start: ast.Bound, end: ast.Bound, clause: str) -> None:
    backward = clause == "WHERE"
    if backward and end.value > 0:
        raise query_error(
            text, end.place, "WHERE looks back", "its window ends after the anchor", "an end of at most 0",
            "Conditions on the future belong into ASSUMING",
        )  # fmt: skip
    if not backward and start.value < 0:
        raise query_error(
            text, start.place, f"{clause} looks forward", "its window begins before the anchor",
            "a start of at least 0", "Conditions on the past belong into WHERE",
        )  # fmt: skip


def _span(text: str, bound: ast.Bound, unit: str) -> Span:
    whole = unit in ("months", "years")
    longest = LONGEST_YEARS * 12 * Span(months=1).approximate
    year = Span.of(1, unit).approximate
    if not abs(bound.value) * year <= longest or (whole and bound.value != int(bound.value)):
        raise query_error(
            text,
            bound.place,
            "the end of a window was asked for",
            f"got {bound.value:g} {unit}",
            f"{'a whole number' if whole else 'a number'} of {unit}, at most {LONGEST_YEARS} years",
        )
    return Span.of(bound.value, unit)
