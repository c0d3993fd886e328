"""Texts that no row has are warned of, pointing at the word and naming the nearest."""

from __future__ import annotations

import warnings

import pytest

from workbench.query.known_texts import warn_of_unknown_texts
from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve


def check(shop, text):
    with connection(shop) as con:
        warn_of_unknown_texts(con, resolve(parse(text), shop.schema, column_types(con, shop.schema)))


@pytest.mark.parametrize(
    ("text", "message", "word"),
    [
        ("PREDICT COUNT(orders.* WHERE orders.kind = 'A', 0, 9) FOR users.user_id",
         "orders.kind was compared: no row holds 'A'. The nearest: 'a', 'b'.", "'A'"),
        ("PREDICT COUNT(orders.*, 0, 9) FOR users.user_id WHERE NOT users.country IN ('DE', 'its')",
         "users.country was compared: no row holds 'its'. The nearest: \"it's\", 'DE'.", "'its'"),
        ("PREDICT COUNT(orders.*, 0, 9) FOR users.user_id "
         "ASSUMING COUNT(orders.* WHERE orders.kind != 'bb' OR orders.qty > 1, 0, 9) > 0",
         "orders.kind was compared: no row holds 'bb'. The nearest: 'b', 'a'.", "'bb'"),
        ("PREDICT LAST(orders.kind, 0, 9) = 'aa' FOR users.user_id",
         "orders.kind was compared: no row holds 'aa'. The nearest: 'a', 'b'.", "'aa'"),
        ("PREDICT COUNT(orders.* WHERE orders.kind LIKE 'A%', 0, 9) FOR users.user_id",
         "orders.kind was compared: no row matches LIKE 'A%'. The nearest: 'a', 'b'.", "'A%'"),
        ("PREDICT users.score FOR users.user_id WHERE users.country NOT STARTS WITH 'de'",
         "users.country was compared: no row matches STARTS WITH 'de'. The nearest: 'DE', \"it's\".", "'de'"),
    ],
)  # fmt: skip
def test_a_text_that_no_row_has(shop, text, message, word):
    with pytest.warns(UserWarning, match="no row") as caught:
        check(shop, text)
    assert len(caught) == 1
    said, line, carets = str(caught[0].message).split("\n")
    assert said == message
    assert line[carets.index("^") :].startswith(word)


@pytest.mark.parametrize(
    "condition",
    [
        "users.country = 'DE'",
        "users.country IN ('it''s')",
        "users.country LIKE '%''%'",
        "users.country ENDS WITH 'E'",
        "users.country < 'A'",
        "users.country IS NULL",
    ],
)
def test_texts_that_may_be_compared(shop, condition):
    with warnings.catch_warnings(action="error"):
        check(shop, f"PREDICT COUNT(orders.*, 0, 9) FOR users.user_id WHERE {condition}")
