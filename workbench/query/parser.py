"""From the text of a predictive query to its AST; syntax errors point at the word.

PREDICT target [CLASSIFY | RANK TOP k | FORECAST n TIMEFRAMES]
    FOR [EACH] table.key [= id | IN (ids)] [WHERE condition] [ASSUMING condition]
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from workbench.errors import QueryError, explain
from workbench.query import ast
from workbench.query.ast import Place
from workbench.query.builder import Parsed, builder, place_of
from workbench.query.pointing import query_error
from workbench.query.words import ADVICE, nearest

MAX_LENGTH = 10_000
"""Characters of a query."""

MAX_NESTING = 32
"""Open parentheses at once; bounds the depth of the AST and of every walk over it."""

MAX_TERMS = 64
"""Terms of one sum or product."""

# Quoted texts are matched as a whole, as the lexer does, so that parentheses in them do not count.
_PARENTHESES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")+"|[()]""")

_LAST_WORD = re.compile(r"(\w+)\s+\Z")

_WORDS = {
    "SIGN": "+ or -",
    "MINUS": "",
    "TIMES": "*",
    "OVER": "/",
    "ARROW": "->",
    "_ARROW": "->",
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
        parsed: Parsed = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    if parsed.operator not in (None, "=", "=="):
        raise query_error(
            text,
            place_of(parsed.operator),
            "whom to predict for was asked",
            f"got {str(parsed.operator)!r} after the key",
            "= key, or IN (key, ...)",
            "Other conditions belong into WHERE",
        )
    _check_terms(text, parsed.query)
    return replace(parsed.query, text=text)


def _check_terms(text: str, query: ast.Query) -> None:
    """Bounds the depth of the SQL that a sum becomes."""
    for clause in (query.target, query.where, query.assuming):
        for part in ast.walk(clause):
            if isinstance(part, ast.Arithmetic) and len(part.rest) >= MAX_TERMS:
                got = f"it has {len(part.rest) + 1} terms"
                raise query_error(text, part.place, "a sum or product was read", got, f"at most {MAX_TERMS}")


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
    before = _LAST_WORD.search(text, 0, start)
    for said, at in ((word, place), *([(before[1], Place(*before.span(1)))] if before else [])):
        if said.upper() in ADVICE:  # the word before: COUNT(DISTINCT table.column)
            return query_error(text, at, "a query was read", f"got {said!r}", do=ADVICE[said.upper()])
    keywords = sorted(
        name.lstrip("_").replace("_", " ") for name in expected if name.lstrip("_") not in _WORDS
    )
    others = [_WORDS[name] for name in sorted(expected) if name in _WORDS]
    allowed = ", ".join(dict.fromkeys([*keywords, *(word for word in others if word)]))
    got = f"got {word!r}" if word else "the query ended"
    if word in ("'", '"'):
        return query_error(text, place, "a query was read", f"the quote {word} is never closed")
    return query_error(text, place, "a query was read", got, allowed, nearest(word.upper(), keywords))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = files("workbench.query").joinpath("grammar.lark").read_text(encoding="utf-8")
    # LALR with the AST built while parsing: linear time, and no recursion over the input.
    return Lark(grammar, parser="lalr", transformer=builder())
