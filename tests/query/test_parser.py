"""The grammar: what it reads, the errors that point at the word, and arbitrary text."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import QueryError
from workbench.query import ast
from workbench.query.ast import (
    Aggregate,
    Bound,
    ColumnRef,
    Comparison,
    Junction,
    Literal,
    Membership,
    NullCheck,
)
from workbench.query.labels import column_types, compute_labels, connection
from workbench.query.parser import MAX_LENGTH, MAX_NESTING, parse
from workbench.query.resolve import resolve
from workbench.temporal import FOREVER
from workbench.testing.sizes import cases

DAY_35 = np.array([18297 * 86_400_000_000])
COUNT = Aggregate("COUNT", ColumnRef("orders", "*"), None, Bound(0), Bound(30), "days")


def test_a_whole_query():
    query = parse(
        "predict Count(orders.* WHERE orders.\"odd \"\"name\" <> 'it''s', -INF, +3.5, Hours) >= 1e3 "
        "AND NOT orders.ok IS NOT NULL FOR EACH users.user_id IN (1, 'b') "
        "WHERE users.since == 2020-01-31 ASSUMING COUNT(orders.*, 0, 30) > 0"
    )
    inner = Comparison(ColumnRef("orders", 'odd "name'), "!=", Literal("it's"))
    count = Aggregate("COUNT", ColumnRef("orders", "*"), inner, Bound(float("-inf")), Bound(3.5), "hours")
    assert query.target == Junction(
        "AND",
        (
            Comparison(count, ">=", Literal(1000.0)),
            ast.Negation(NullCheck(ColumnRef("orders", "ok"), negated=True)),
        ),
    )
    assert query.entity == ColumnRef("users", "user_id")
    assert query.keys == (Literal(1), Literal("b"))
    assert query.where == Comparison(ColumnRef("users", "since"), "=", Literal("2020-01-31", is_date=True))
    assert query.assuming == Comparison(COUNT, ">", Literal(0))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a.x = 1 OR a.y = 2 AND a.z = 3", ["OR", "a.x", ["AND", "a.y", "a.z"]]),
        ("(a.x = 1 OR a.y = 2) AND a.z = 3", ["AND", ["OR", "a.x", "a.y"], "a.z"]),
        ("a.x = 1 AND a.y = 2 AND a.z = 3", ["AND", "a.x", "a.y", "a.z"]),
        ("NOT a.x = 1 AND a.y = 2", ["AND", ["NOT", "a.x"], "a.y"]),
        ("NOT (a.x = 1 OR a.y = 2)", ["NOT", ["OR", "a.x", "a.y"]]),
    ],
)
def test_precedence(condition, expected):
    def outline(part):
        match part:
            case Junction(op=op, parts=parts):
                return [op, *map(outline, parts)]
            case ast.Negation(part=inner):
                return ["NOT", outline(inner)]
        return str(part.left)

    assert outline(parse(f"PREDICT COUNT(a.*, 0, 1) FOR u.id WHERE {condition}").where) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-2", -2), ("+.5", 0.5), ("3.", 3.0), ("1E2", 100.0), ("true", True), ("False", False),
     ("NULL", None), ("''", ""), ("'a''b'", "a'b"), ("2020-01-01T10:00", "2020-01-01T10:00"),
     ("123456789012345678901234567890", 123456789012345678901234567890), ("9" * 400, float("inf"))],
)  # fmt: skip
def test_constants(text, value):
    found = parse(f"PREDICT COUNT(a.*, 0, 1) > {text} FOR u.id").target.right.value
    assert (found, type(found)) == (value, type(value))


def test_keywords_are_names_after_a_dot_and_in_quotes():
    query = parse('PREDICT COUNT("where".*, 0, 1) FOR "each".for WHERE "each".in NOT IN (1, 2)')
    assert query.entity == ColumnRef("each", "for")
    assert query.where == Membership(ColumnRef("each", "in"), (Literal(1), Literal(2)), negated=True)


def test_parts_remember_their_place():
    text = "PREDICT COUNT(orders.*, 0, 30, days) > 0 FOR EACH users.user_id"
    query = parse(text)
    place = query.target.left.place
    assert text[place.start : place.end] == "COUNT(orders.*, 0, 30, days)"
    unit = query.target.left.unit_place
    assert text[unit.start : unit.end] == "days"
    assert str(query) == text == query.text


GOOD = "PREDICT COUNT(orders.*, 0, 30, days) = 0 FOR EACH users.user_id WHERE users.country = 'DE'"

MISTAKES = [
    ("PREDICT", "PREDCT", "PREDCT", "got 'PREDCT'. Allowed: PREDICT. Did you mean 'PREDICT'?"),
    ("FOR", "FRO", "FRO", "Did you mean 'FOR'?"),
    ("WHERE", "WEHRE", "WEHRE", "Did you mean 'WHERE'?"),
    (" = 0", " = ", "FOR", "got 'FOR'"),
    ("users.user_id", "users.", "WHERE", "got 'WHERE'. Allowed: a name, *"),
    ("0, 30, days)", "0, 30, days", "=", "got '='. Allowed: )"),
    ("0, 30", "0 30", "30", "got '30'. Allowed: a comma"),
    ("'DE'", "'DE", "'", "the quote ' is never closed"),
    ("'DE'", '"DE', '"', 'the quote " is never closed'),
    ("country = 'DE'", "country LKE 'D%'", "LKE", "Did you mean 'LIKE'?"),
    ("country = 'DE'", "country NOT CONTAIN 'D'", "CONTAIN", "LIKE, STARTS WITH. Did you mean 'CONTAINS'?"),
    ("country = 'DE'", "country STARTSWITH 'D'", "STARTSWITH", "Write STARTS WITH"),
    ("country = 'DE'", "country STARTS 'D'", "STARTS", "Did you mean 'STARTS WITH'?"),
    ("country = 'DE'", "country BETWEEN 1 AND 2", "BETWEEN", "Write column >= a AND column <= b"),
    ("COUNT(orders.*", "COUNT(DISTINCT orders.kind", "DISTINCT", "Write COUNT_DISTINCT(table.column, ...)"),
    ("COUNT(orders.*", "SUM(orders.a *", ", 0", "got ','. Allowed: (, a name, a number"),
    ("COUNT(orders.*", "SUM(orders.a ** 2", "* 2", "got '*'. Allowed: ("),
    ("COUNT(orders.*", "COUNT(orders.* VAI orders.b", "VAI", "Did you mean 'VIA'?"),
    ("COUNT(orders.*", "COUNT(orders.* VIA orders.b > users.c", "> ", "Allowed: WHERE, )"),
    ("= 0", "RANK TPO 10", "TPO", "Did you mean 'TOP'?"),
    ("= 0", "RANK TOP ten", "ten", "got 'ten'. Allowed: a number"),
    ("= 0", "RNAK TOP 10", "RNAK", "Did you mean 'RANK'?"),
    ("= 0", "FORECAST 5 TIMEFRAMS", "TIMEFRAMS", "Did you mean 'TIMEFRAMES'?"),
    ("= 0", "# 0", "#", "got '#'"),
    ("= 0", "=> 0", "> 0", "got '>'"),
    ("country = 'DE'", "country = ('DE')", "('DE')", "got '('"),
    ("country = 'DE'", "country IN ()", ")", "got ')'"),
    ("= 'DE'", "= 'DE' GROUP BY users.country", "GROUP", "got 'GROUP'"),
    ("= 'DE'", "= 'DE' FORECAST 5 TIMEFRAMES", "FORECAST", "got 'FORECAST'. Allowed: ASSUMING, the end"),
]


@pytest.mark.parametrize(("old", "new", "word", "message"), MISTAKES)
def test_errors_point_at_the_word(old, new, word, message):
    text = GOOD.replace(old, new)
    with pytest.raises(QueryError) as caught:
        parse(text)
    said, line, carets = str(caught.value).split("\n")
    assert line[carets.index("^") :].startswith(word)
    assert line.removesuffix(" ...").strip() in text
    assert message in said


@pytest.mark.parametrize("op", ["!=", "<>", "<", "<=", ">", ">="])
def test_whom_to_predict_for_is_named_and_not_compared(op):
    text = f"PREDICT COUNT(orders.*, 0, 30) >= 1 FOR users.user_id {op} 5 WHERE users.age > 1"
    with pytest.raises(QueryError) as caught:
        parse(text)
    said, _, carets = str(caught.value).split("\n")
    assert carets == "  " + " " * text.index(f"{op} 5") + "^" * len(op)
    assert (
        f"got {op!r} after the key. Allowed: = key, or IN (key, ...). Other conditions belong into WHERE"
        in said
    )
    for equal in ("= 5", "== 5", "IN (5)"):
        assert parse(text.replace(f"{op} 5", equal)).keys == (Literal(5),)


def test_a_query_that_ends_too_soon():
    with pytest.raises(QueryError, match=r"the query ended\. Allowed: CLASSIFY, FOR, FORECAST, RANK"):
        parse("PREDICT COUNT(orders.*, 0, 30) > 0 ")
    with pytest.raises(QueryError, match=r"the query ended\. Allowed: PREDICT"):
        parse("")


def test_errors_of_long_and_many_lines():
    text = "PREDICT COUNT(orders.*, 0, 30) > 0\n\tFOR EACH users.user_id\n\tWEHRE users.country = 'DE'"
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert str(caught.value).split("\n")[1:] == ["   WEHRE users.country = 'DE'", "   ^^^^^"]
    with pytest.raises(QueryError) as caught:
        parse(GOOD + " AND users.country != 'FR'" * 50 + " WEHRE")
    line, carets = str(caught.value).split("\n")[1:]
    assert len(line) < 120
    assert line[carets.index("^") :] == "WEHRE"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (7, "a query was asked for: got int"),
        ("x" * (MAX_LENGTH + 1), f"at most {MAX_LENGTH:,}"),
        ("PREDICT " + "(" * (MAX_NESTING + 1), f"too many open parentheses. Allowed: at most {MAX_NESTING}"),
        ("PREDICT COUNT(a.*\x00)", "got '\\\\x00'"),
        ("PREDICT COUNT(a.* WHERE a.x = '\ud800')", "Unicode text"),
    ],
)
def test_refused_before_parsing(text, message):
    with pytest.raises(QueryError, match=message.replace("(", r"\(")):
        parse(text)


def test_parentheses_in_texts_do_not_hide_nesting():
    closing = "'" + ")" * 2000 + "'"
    text = f"PREDICT COUNT(a.*, 0, 1) FOR u.id WHERE a.x = {closing} AND " + "NOT (" * 1500
    with pytest.raises(QueryError, match="too many open parentheses"):
        parse(text)


VOCABULARY = (
    "PREDICT FOR EACH WHERE ASSUMING AND OR NOT IN IS NULL TRUE FALSE -INF COUNT SUM AVG MIN MAX RANK ( ( ) "
    ") , , . * = != < <= > >= 0 1 30 -30 1.5 1e400 2020-01-01 2020-13-41 days months 'a' '' 'it''s' \" ' "
    "users orders users.user_id orders.* orders.amount orders.qty users.country users.active users.tags "
    "COUNT(orders.*,0,30) SUM(orders.amount,-INF,0) MAX(orders.qty,0,1,months) FOR users.user_id "
    "CLASSIFY RANK TOP FORECAST 3 TIMEFRAMES LIKE CONTAINS STARTS ENDS WITH VIA -> + - / "
    "COUNT_DISTINCT FIRST LAST LIST_DISTINCT LIST_DISTINCT(orders.kind,0,9) deals.seller VIA deals.buyer "
    "deals notes items \x00 \u2028 é 🙂 ; -- /* `"
)


WORDS = VOCABULARY.split(" ")


def mutated(rng: random.Random) -> str:
    """A valid query with a few words replaced, dropped, doubled or moved."""
    query = (
        "PREDICT COUNT(orders.* WHERE orders.kind = 'a' , 0 , 30 , days ) > 0 "
        "AND SUM(orders.amount, 0, 7) < 5 "
        "FOR EACH users.user_id WHERE COUNT( orders.* , -INF , 0 ) >= 1 AND users.country IN ( 'DE' , 'FR' ) "
        "OR NOT users.active ASSUMING MAX( orders.qty , 0 , 2 , weeks ) IS NOT NULL"
    )
    if rng.random() < 0.5:
        query = (
            "PREDICT FIRST( orders.qty * ( orders.amount - 2 ) VIA orders.user_id WHERE orders.kind NOT "
            "LIKE 'a%' , 0 , 1 , months ) FORECAST 3 TIMEFRAMES FOR users.user_id WHERE "
            "COUNT_DISTINCT( items.ts VIA items.order_id -> orders.user_id ) < 3 AND users.country "
            "CONTAINS 'D' "
            "OR LAST( orders.kind , -INF , 0 ) = 'a'"
        )
    words = query.split(" ")
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(words))
        words[at : at + rng.randint(0, 2)] = rng.choices(WORDS, k=rng.randint(0, 2))
    return " ".join(words)


def test_arbitrary_strings_raise_only_query_errors(shop):
    """Whatever can be resolved can also be run."""
    rng = random.Random(11)
    with connection(shop) as con:
        types = column_types(con, shop.schema)
    ran = 0
    for i in range(cases(9_000, 90_000)):
        text = mutated(rng) if i % 2 else " ".join(rng.choices(WORDS, k=rng.randint(0, 25)))
        started = time.perf_counter()
        try:
            query = resolve(parse(text), shop.schema, types)
            if ran < 100:
                with connection(shop) as con:
                    query = replace(query, target=query.target.with_classes(con, query.query))
        except QueryError:
            continue
        finally:
            assert time.perf_counter() - started < 2
        if ran < 100:
            compute_labels(shop, query, np.array([FOREVER]) if query.static else DAY_35)
            ran += 1
    assert ran > 50


@settings(max_examples=cases(1_000, 10_000))
@given(st.text(max_size=200))
def test_any_text_raises_only_query_errors(text):
    with pytest.raises(QueryError):
        parse(text)
