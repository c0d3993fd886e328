"""From lark's rules to the AST of a query: each rule's parts become one node; nothing is checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from lark import Token, Transformer

from workbench.query import ast
from workbench.query.ast import NOWHERE, Place

MAX_DIGITS = 38
"""Digits of a whole number; longer ones are read as floating point."""


class Parsed(NamedTuple):
    """A query, and the operator between the entity and its key, which the parser may point at."""

    query: ast.Query
    operator: Token | None


class _Name(NamedTuple):
    text: str
    place: Place


def _around(*parts: Any) -> Place:
    """From the first to the last of some AST nodes, names or tokens."""
    places = [place_of(part) for part in parts]
    return Place(min(place.start for place in places), max(place.end for place in places))


def builder() -> Transformer[Token, Any]:
    """What lark calls with the parts of each rule; gives a :class:`Parsed` at the end."""
    return _Builder()


def place_of(part: Any) -> Place:
    """Where a token, a name or a part of the AST stands."""
    if isinstance(part, Token):
        return Place(part.start_pos or 0, part.end_pos or 0)
    place: Place = part.place
    return place


class _Builder(Transformer[Token, Any]):
    """Turns each rule's parts into an AST node; checks nothing."""

    def start(self, parts: list[Any]) -> Parsed:
        target = parts[0]
        entity = next(part for part in parts[1:] if isinstance(part, ast.ColumnRef))
        clauses = dict(part for part in parts[1:] if part is not entity)
        operator, keys = clauses.get("keys", (None, ()))
        query = ast.Query(
            target, entity, keys, clauses.get("where"), clauses.get("assuming"), clauses.get("mode")
        )
        return Parsed(query, operator)

    def mode(self, parts: list[Any]) -> tuple[str, ast.Mode]:
        word, *count = parts
        number = self.literal(count) if count else None
        return "mode", ast.Mode(str(word).upper(), number, _around(*parts))

    def keys(self, parts: list[Any]) -> tuple[str, tuple[Token | None, tuple[ast.Literal, ...]]]:
        operator = parts[0] if isinstance(parts[0], Token) else None
        return "keys", (operator, tuple(part for part in parts if isinstance(part, ast.Literal)))

    def where(self, parts: list[Any]) -> tuple[str, ast.Expression]:
        return "where", parts[0]

    def assuming(self, parts: list[Any]) -> tuple[str, ast.Expression]:
        return "assuming", parts[0]

    def disjunction(self, parts: list[Any]) -> ast.Junction:
        return ast.Junction("OR", tuple(parts), _around(*parts))

    def both(self, parts: list[Any]) -> ast.Junction:
        return ast.Junction("AND", tuple(parts), _around(*parts))

    def negation(self, parts: list[Any]) -> ast.Negation:
        return ast.Negation(parts[0], place_of(parts[0]))

    def comparison(self, parts: list[Any]) -> ast.Comparison:
        left, op, right = parts
        op = {"<>": "!=", "==": "="}.get(str(op), str(op))
        return ast.Comparison(left, op, right, _around(left, right))

    def membership(self, parts: list[Any]) -> ast.Membership:
        return ast.Membership(parts[0], tuple(parts[1:]), False, _around(*parts))

    def non_membership(self, parts: list[Any]) -> ast.Membership:
        return ast.Membership(parts[0], tuple(parts[1:]), True, _around(*parts))

    def is_null(self, parts: list[Any]) -> ast.NullCheck:
        return ast.NullCheck(parts[0], False, _around(*parts))

    def is_not_null(self, parts: list[Any]) -> ast.NullCheck:
        return ast.NullCheck(parts[0], True, _around(*parts))

    def match(self, parts: list[Any]) -> ast.TextMatch:
        operand, how, pattern = parts
        return ast.TextMatch(operand, how, pattern, False, _around(operand, pattern))

    def non_match(self, parts: list[Any]) -> ast.TextMatch:
        return replace(self.match(parts), negated=True)

    def how(self, parts: list[Token]) -> str:
        return " ".join(str(parts[0]).upper().split())

    def sum(self, parts: list[Any]) -> ast.Arithmetic:
        first, *rest = parts
        pairs = zip(map(str, rest[::2]), rest[1::2], strict=True)
        return ast.Arithmetic(first, tuple(pairs), _around(first, parts[-1]))

    scaled = sum

    def negative(self, parts: list[Any]) -> ast.Arithmetic:
        minus, value = parts
        return ast.Arithmetic(ast.Literal(0), (("-", value),), _around(minus, value))

    def number(self, parts: list[Token]) -> ast.Literal:
        return self.literal(parts)

    def aggregate(self, parts: list[Any]) -> ast.Aggregate:
        function, value, *rest, close = parts
        clauses = dict(rest)
        start, end = clauses.get("window", (None, None))
        unit = clauses.get("unit", _Name("days", NOWHERE))
        return ast.Aggregate(
            function.text.upper(), value, clauses.get("where"), start, end, unit.text.lower(),
            clauses.get("via", ()), 1, False, function.place, unit.place, _around(function, close),
        )  # fmt: skip

    def via(self, parts: list[ast.ColumnRef]) -> tuple[str, tuple[ast.ColumnRef, ...]]:
        return "via", tuple(parts)

    def window(self, parts: list[Any]) -> tuple[str, tuple[ast.Bound, ast.Bound]]:
        return "window", (parts[0], parts[1])

    def unit(self, parts: list[Any]) -> tuple[str, _Name]:
        return "unit", parts[0]

    def bound(self, parts: list[Any]) -> ast.Bound:
        return ast.Bound(float(parts[0]), place_of(parts[0]))

    def column(self, parts: list[Any]) -> ast.ColumnRef:
        if len(parts) == 1:
            return ast.ColumnRef("", parts[0].text, parts[0].place, parts[0].place)
        table, column = parts
        name = "*" if isinstance(column, Token) else column.text
        return ast.ColumnRef(table.text, name, table.place, _around(table, column))

    def name(self, parts: list[Any]) -> _Name:
        token = parts[0]
        quoted = token.type == "QUOTED"
        return _Name(str(token)[1:-1].replace('""', '"') if quoted else str(token), place_of(token))

    member = name

    def literal(self, parts: list[Any]) -> ast.Literal:
        token, place = parts[0], place_of(parts[0])
        match token.type:
            case "NUMBER":
                digits = str(token).lstrip("+-")
                whole = digits.isdigit() and len(digits) <= MAX_DIGITS
                return ast.Literal(int(token) if whole else float(token), place=place)
            case "TEXT":
                return ast.Literal(str(token)[1:-1].replace("''", "'"), place=place)
            case "DATE":
                return ast.Literal(str(token), is_date=True, place=place)
        return ast.Literal({"TRUE": True, "FALSE": False}.get(token.type), place=place)
