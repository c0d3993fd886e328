"""From the text of a predictive query to its AST; syntax errors point at the word.

PREDICT target FOR [EACH] table.key [= id | IN (ids)] [WHERE condition] [ASSUMING condition]
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from workbench.errors import QueryError, explain
from workbench.query import ast
from workbench.query.ast import NOWHERE, Place
from workbench.query.pointing import query_error
from workbench.query.words import nearest

MAX_LENGTH = 10_000
"""Characters of a query."""

MAX_NESTING = 32
"""Open parentheses at once; bounds the depth of the AST and of every walk over it."""

MAX_DIGITS = 38
"""Digits of a whole number; longer ones are read as floating point."""

LATER = frozenset(
    {
        "RANK",
        "TOP",
        "CLASSIFY",
        "FORECAST",
        "TIMEFRAMES",
        "LIST_DISTINCT",
        "COUNT_DISTINCT",
        "DISTINCT",
        "FIRST",
        "LAST",
        "LIKE",
        "ILIKE",
        "BETWEEN",
        "CONTAINS",
        "STARTS",
        "ENDS",
        "STARTSWITH",
        "ENDSWITH",
        "EXISTS",
        "EVALUATE",
        "EXPLAIN",
    }
)
"""Words of the language that later versions will understand."""

NOW = (
    "COUNT, SUM, AVG, MIN, MAX over a window, compared by = != < <= > >= IN and IS NULL, "
    "joined by AND, OR, NOT, with WHERE and ASSUMING"
)

# Quoted texts are matched as a whole, as the lexer does, so that parentheses in them do not count.
_PARENTHESES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")+"|[()]""")

_LAST_WORD = re.compile(r"(\w+)\s+\Z")

_WORDS = {
    "OP": "a comparison such as = or >",
    "NAME": "a name",
    "MEMBER": "a name",
    "QUOTED": "",
    "NUMBER": "a number",
    "INFINITY": "-INF",
    "DATE": "a date such as 2024-01-31",
    "TEXT": "a text in single quotes",
    "STAR": "*",
    "LPAR": "(",
    "RPAR": ")",
    "CLOSE": ")",
    "COMMA": "a comma",
    "DOT": "a dot and a column",
    "$END": "the end of the query",
}


def parse(text: str) -> ast.Query:
    """Parse a predictive query; names are not looked up yet (see ``resolve.py``).

    Raises
    ------
    QueryError
        If the text is not a query; the message points at the word.
    """
    _check_text(text)
    try:
        parsed: _Parsed = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    if parsed.operator not in (None, "=", "=="):
        raise query_error(
            text,
            _place(parsed.operator),
            "whom to predict for was asked",
            f"got {str(parsed.operator)!r} after the key",
            "= key, or IN (key, ...)",
            "Other conditions belong into WHERE",
        )
    return replace(parsed.query, text=text)


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        raise QueryError(explain("a query was asked for", f"got {type(text).__name__}", "a string"))
    if len(text) > MAX_LENGTH:
        raise QueryError(
            explain("a query was read", f"it has {len(text):,} characters", f"at most {MAX_LENGTH:,}")
        )
    odd = next((i for i, c in enumerate(text) if c == "\x00" or "\ud800" <= c <= "\udfff"), None)
    if odd is not None:
        place = Place(odd, odd + 1)
        raise query_error(
            text.replace(text[odd], "?"), place, "a query was read", f"got {text[odd]!r}", "Unicode text"
        )
    depth = 0
    for match in _PARENTHESES.finditer(text):
        depth += (match[0] == "(") - (match[0] == ")")
        if depth > MAX_NESTING:
            place = Place(*match.span())
            raise query_error(
                text, place, "a query was read", "too many open parentheses", f"at most {MAX_NESTING}"
            )


def _syntax_error(text: str, error: UnexpectedInput) -> QueryError:
    if isinstance(error, UnexpectedCharacters):
        start = error.pos_in_stream or 0
        word, place = text[start], Place(start, start + 1)
        expected = set(error.allowed or ())
    elif isinstance(error, UnexpectedToken):
        token = error.token
        ended = token.type == "$END"
        start = len(text.rstrip()) if ended else token.start_pos or 0
        word = "" if ended else str(token)
        place = Place(start, start + max(1, len(word)))
        expected = set(error.accepts or error.expected)
    else:
        raise error
    if word.upper() in LATER:
        return not_yet(text, place, word)
    if (before := _LAST_WORD.search(text, 0, start)) and before[1].upper() in LATER:
        return not_yet(text, Place(*before.span(1)), before[1])  # COUNT(DISTINCT table.column)
    keywords = sorted(name[1:] for name in expected if name.startswith("_"))
    others = [_WORDS.get(name, name) for name in sorted(expected) if not name.startswith("_")]
    allowed = ", ".join(dict.fromkeys([*keywords, *(word for word in others if word)]))
    got = f"got {word!r}" if word else "the query ended"
    if word in ("'", '"'):
        return query_error(text, place, "a query was read", f"the quote {word} is never closed")
    return query_error(text, place, "a query was read", got, allowed, nearest(word.upper(), keywords))


def not_yet(text: str, place: Place, word: str) -> QueryError:
    """The error for a word that later versions will understand."""
    return query_error(text, place, "a query was read", f"{word.upper()} is not supported yet", NOW)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = files("workbench.query").joinpath("grammar.lark").read_text(encoding="utf-8")
    # LALR with the AST built while parsing: linear time, and no recursion over the input.
    return Lark(grammar, parser="lalr", transformer=_Builder())


class _Parsed(NamedTuple):
    """A query, and the operator between the entity and its key: :func:`parse` can point at it."""

    query: ast.Query
    operator: Token | None


class _Name(NamedTuple):
    text: str
    place: Place


def _around(*parts: Any) -> Place:
    """From the first to the last of some AST nodes, names or tokens."""
    places = [_place(part) for part in parts]
    return Place(min(place.start for place in places), max(place.end for place in places))


def _place(part: Any) -> Place:
    if isinstance(part, Token):
        return Place(part.start_pos or 0, part.end_pos or 0)
    place: Place = part.place
    return place


class _Builder(Transformer[Token, Any]):
    """Turns each rule's parts into an AST node; checks nothing."""

    def start(self, parts: list[Any]) -> _Parsed:
        target, entity, *rest = parts
        clauses = dict(rest)
        operator, keys = clauses.get("keys", (None, ()))
        query = ast.Query(target, entity, keys, clauses.get("where"), clauses.get("assuming"), text="")
        return _Parsed(query, operator)

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
        return ast.Negation(parts[0], _place(parts[0]))

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

    def aggregate(self, parts: list[Any]) -> ast.Aggregate:
        function, column, *rest, close = parts
        clauses = dict(rest)
        start, end = clauses.get("window", (None, None))
        unit = clauses.get("unit", _Name("days", NOWHERE))
        return ast.Aggregate(
            function.text.upper(), column, clauses.get("where"), start, end, unit.text.lower(),
            function.place, unit.place, _around(function, close),
        )  # fmt: skip

    def window(self, parts: list[Any]) -> tuple[str, tuple[ast.Bound, ast.Bound]]:
        return "window", (parts[0], parts[1])

    def unit(self, parts: list[Any]) -> tuple[str, _Name]:
        return "unit", parts[0]

    def bound(self, parts: list[Any]) -> ast.Bound:
        return ast.Bound(float(parts[0]), _place(parts[0]))

    def column(self, parts: list[Any]) -> ast.ColumnRef:
        if len(parts) == 1:
            return ast.ColumnRef("", parts[0].text, parts[0].place, parts[0].place)
        table, column = parts
        name = "*" if isinstance(column, Token) else column.text
        return ast.ColumnRef(table.text, name, table.place, _around(table, column))

    def name(self, parts: list[Any]) -> _Name:
        token = parts[0]
        quoted = token.type == "QUOTED"
        return _Name(str(token)[1:-1].replace('""', '"') if quoted else str(token), _place(token))

    member = name

    def literal(self, parts: list[Any]) -> ast.Literal:
        token, place = parts[0], _place(parts[0])
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
