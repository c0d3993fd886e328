"""What each new rule of the grammar becomes; whole queries: test_parser.py."""

from __future__ import annotations

import pytest

from workbench.query.ast import Arithmetic, ColumnRef, Literal, Mode, TextMatch
from workbench.query.parser import parse

A, B = ColumnRef("o", "a"), ColumnRef("o", "b")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("o.a", A),
        ("(o.a)", A),
        ("o.a * o.b", Arithmetic(A, (("*", B),))),
        ("o.a - 1 - o.b", Arithmetic(A, (("-", Literal(1)), ("-", B)))),
        ("o.a -1", Arithmetic(A, (("-", Literal(1)),))),
        ("o.a * -1", Arithmetic(A, (("*", Literal(-1)),))),
        ("o.a + o.b / 2", Arithmetic(A, (("+", Arithmetic(B, (("/", Literal(2)),))),))),
        ("(o.a + o.b) / 2", Arithmetic(Arithmetic(A, (("+", B),)), (("/", Literal(2)),))),
        ("-o.a", Arithmetic(Literal(0), (("-", A),))),
        ("2 * -(o.a)", Arithmetic(Literal(2), (("*", Arithmetic(Literal(0), (("-", A),))),))),
    ],
)
def test_calculations(text, value):
    query = parse(f"PREDICT SUM({text}, 0, 3) FOR u.id")
    assert query.target.value == value
    place = query.target.value.place
    assert query.text[slice(*place)] == text.strip("()") if text == "(o.a)" else text


@pytest.mark.parametrize("how", ["LIKE", "CONTAINS", "STARTS WITH", "ENDS WITH"])
@pytest.mark.parametrize("negated", [False, True])
def test_patterns(how, negated):
    said = how.lower().replace(" ", "\n ")
    query = parse(f"PREDICT u.x FOR u.id WHERE u.a {'not ' * negated}{said} 'it''s'")
    assert query.where == TextMatch(ColumnRef("u", "a"), how, Literal("it's"), negated)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("", None),
        ("classify", Mode("CLASSIFY")),
        ("Rank Top 10", Mode("RANK", Literal(10))),
        ("FORECAST 4 TIMEFRAMES", Mode("FORECAST", Literal(4))),
        ("FORECAST 1 timeframe", Mode("FORECAST", Literal(1))),
    ],
)
def test_modes(text, mode):
    query = parse(f"PREDICT LAST(o.a, 0, 3) {text} FOR EACH u.id WHERE u.b = 1")
    assert query.mode == mode
    assert mode is None or query.text[slice(*query.mode.place)] == text.removesuffix(
        " TIMEFRAMES"
    ).removesuffix(" timeframe")
    assert query.entity == ColumnRef("u", "id")


def test_paths():
    query = parse("PREDICT COUNT(l.* via l.order_id -> o.user_id WHERE l.x = 1, 0, 3) FOR u.id")
    assert query.target.path == (ColumnRef("l", "order_id"), ColumnRef("o", "user_id"))
    assert query.target.where is not None


def test_new_words_stay_names():
    words = (
        "rank",
        "top",
        "classify",
        "forecast",
        "timeframes",
        "like",
        "contains",
        "via",
        "starts",
        "first",
    )
    for word in words:
        query = parse(f"PREDICT COUNT({word}.{word}, 0, 1) FOR {word}.{word} WHERE {word}.{word} = 1")
        assert query.entity == ColumnRef(word, word)
