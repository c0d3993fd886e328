"""Errors that point at the word of a query: the house message, the line, and a caret line below."""

from __future__ import annotations

from workbench.errors import QueryError, explain
from workbench.query.ast import Place

WIDTH = 100
"""Longer lines are cut to this many characters around the word."""


def query_error(text: str, place: Place, asked: str, got: str, allowed: str = "", do: str = "") -> QueryError:
    """The error to raise for a word of a query.

    Parameters
    ----------
    text : str  the query
    place : Place  the word in it
    asked, got, allowed, do : str  the parts of the message, see :func:`workbench.errors.explain`
    """
    error = QueryError(f"{explain(asked, got, allowed, do)}\n{pointer(text, place)}")
    error.place = (place.start, place.end)
    return error


def pointer(text: str, place: Place) -> str:
    """The line of the query that holds the word, and carets under it."""
    start = min(place.start, len(text))
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    line = text[first : len(text) if last < 0 else last]
    column = start - first
    width = max(1, min(place.end - place.start, len(line) - column, WIDTH // 2))
    left = max(0, column + width - WIDTH)
    shown = line[left : left + WIDTH].replace("\t", " ")
    before = "... " if left else ""
    after = " ..." if len(line) > left + WIDTH else ""
    return f"  {before}{shown}{after}\n  {' ' * (len(before) + column - left)}{'^' * width}"
