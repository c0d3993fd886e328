"""Which kinds of columns a function takes, and which window an aggregate has; messages: test_resolve.py."""

from __future__ import annotations

import pytest

from workbench.errors import QueryError
from workbench.query.binder import FUNCTIONS, TAKES, Binder, Scope
from workbench.query.kinds import Kind
from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.temporal import Span

COLUMNS = {"qty": Kind.NUMBER, "kind": Kind.TEXT, "due": Kind.TIME, "paid": Kind.BOOLEAN, "tags": Kind.OTHER}
GIVES = {"MIN": None, "MAX": None, "FIRST": None, "LAST": None}


@pytest.fixture(scope="module")
def bind(shop):
    with connection(shop) as con:
        types = column_types(con, shop.schema)
    types["orders"]["tags"] = "VARCHAR[]"

    def bind(aggregate, **scope):
        query = parse(f"PREDICT {aggregate} FOR users.user_id")
        binder = Binder(query.text, shop.schema, types, ())
        kind = binder.operand(query.target, Scope(scope.pop("clause", "the target"), "users", **scope))
        return kind, binder.sources[query.target]

    return bind


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_function_takes_the_kinds_that_it_says(bind, function, column):
    text = f"{function}(orders.{column}, 0, 3)"
    if COLUMNS[column] not in TAKES[function]:
        with pytest.raises(QueryError, match=rf"for {function} was asked for: orders.{column} holds"):
            bind(text)
        return
    kind, source = bind(text)
    assert kind is (COLUMNS[column] if function in GIVES else Kind.NUMBER)
    assert [(table.name, key) for table, key in source.path] == [("orders", "user_id")]


def test_windows_may_be_left_out_where_rows_before_the_anchor_are_meant(bind):
    assert bind("COUNT(orders.*)", clause="WHERE")[1].window() == (None, Span()), "all up to the anchor"
    assert bind("COUNT(notes.*)", clause="WHERE")[1].window() == (None, None), "there is no time"
    assert bind("COUNT(orders.*)", clause="WHERE", static=True)[1].window() == (None, None)
    for clause in ("the target", "ASSUMING"):
        with pytest.raises(QueryError, match="it has none"):
            bind("COUNT(orders.*)", clause=clause)


def test_what_looks_back_says_so(bind):
    assert bind("COUNT(orders.*, -INF, 0)", clause="WHERE")[1].looks_back
    assert bind("COUNT(notes.*)", clause="WHERE")[1].looks_back
    assert not bind("COUNT(orders.*, 0, 1)")[1].looks_back
