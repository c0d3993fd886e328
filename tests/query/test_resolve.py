"""Names and meaning: a message for every mistake, each pointing at the word."""

from __future__ import annotations

import pytest

from workbench.errors import QueryError
from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.temporal import Span


@pytest.fixture(scope="module")
def resolved(shop):
    with connection(shop) as con:
        types = column_types(con, shop.schema)
    return lambda text: resolve(parse(text), shop.schema, types)


DAYS = 86_400_000_000


def test_a_resolved_query(resolved):
    text = (
        "PREDICT COUNT(orders.*, 0, 30) > 0 AND SUM(orders.amount, 7, 60, days) < 5 FOR EACH users.user_id "
        "WHERE COUNT(orders.*, -INF, 0) > 0 AND users.active ASSUMING COUNT(orders.*, 0, 30, days) > 0"
    )
    found = resolved(text)
    assert (found.entity.name, found.task_type) == ("users", "binary")
    assert found.horizon == (Span(30 * DAYS), Span(60 * DAYS))
    assert len(found.sources) == 3, "equal aggregates are one"
    assert {(s.path[0][1], s.time, s.table) for s in found.sources.values()} == {("user_id", "ts", "orders")}
    assert [s.start for s in found.sources.values()] == [Span(0), Span(7 * DAYS), None]
    assert found.forward == tuple(found.sources.values())[:2]


@pytest.mark.parametrize(
    ("target", "task_type"),
    [
        ("COUNT(orders.*, 0, 1)", "regression"),
        ("COUNT(orders.*, 0, 1) = 0", "binary"),
        ("SUM(orders.qty, 0, 1) > AVG(orders.qty, 1, 2)", "binary"),
        ("MAX(orders.qty, 0, 1) IS NULL", "binary"),
        ("NOT COUNT(orders.*, 0, 1) IN (1, 2)", "binary"),
    ],
)
def test_the_task_type_follows_from_the_target(resolved, target, task_type):
    assert resolved(f"PREDICT {target} FOR users.user_id").task_type == task_type


C = "COUNT(orders.*, 0, 30)"
MISTAKES = {
    "unknown table": (
        "PREDICT COUNT(ordres.*, 0, 30) FOR EACH users.user_id", "ordres",
        "the schema has no table 'ordres'. Allowed: users, orders, deals, notes, items. "
        "Did you mean 'orders'?",
    ),
    "unknown entity table": (
        f"PREDICT {C} FOR EACH user.user_id", "user", "the schema has no table 'user'",
    ),
    "unknown column": (
        "PREDICT SUM(orders.amuont, 0, 30) FOR users.user_id", "orders.amuont",
        "it has no column 'amuont'. Allowed: order_id, user_id, ts, amount, qty, kind, paid, due. "
        "Did you mean 'amount'?",
    ),
    "unknown column in WHERE": (
        "PREDICT COUNT(orders.* WHERE orders.knd = 'a', 0, 30) FOR users.user_id", "orders.knd",
        "Did you mean 'kind'?",
    ),
    "unknown function": (
        "PREDICT CONUT(orders.*, 0, 30) FOR users.user_id", "CONUT",
        "got 'CONUT'. Allowed: COUNT, SUM, AVG, MIN, MAX, COUNT_DISTINCT, FIRST, LAST, LIST_DISTINCT. "
        "Did you mean 'COUNT'?",
    ),
    "list in a condition": (
        "PREDICT LIST_DISTINCT(orders.kind, 0, 30) = 'a' FOR users.user_id", "LIST_DISTINCT",
        "LIST_DISTINCT gives a list. Count what you look for: COUNT(table.* WHERE column = value, ...) > 0",
    ),
    "unknown unit": (
        "PREDICT COUNT(orders.*, 0, 30, dyas) FOR users.user_id", "dyas",
        "got 'dyas'. Allowed: seconds, minutes, hours, days, weeks, months, years. Did you mean 'days'?",
    ),
    "no window": (
        "PREDICT COUNT(orders.*) > 0 FOR users.user_id", "COUNT(orders.*)",
        "it has none. Allowed: start, end [, unit] after the column: rows that features see are no future. "
        "Write COUNT(orders.*, 0, 30, days)",
    ),
    "empty window": (
        "PREDICT COUNT(orders.*, 30, 30) FOR users.user_id", "30, 30", "30 .. 30. Allowed: start < end",
    ),
    "target looks back": (
        "PREDICT COUNT(orders.*, -30, 0) FOR users.user_id", "-30",
        "the target looks forward: its window begins before the anchor. Allowed: a start of at least 0. "
        "Conditions on the past belong into WHERE",
    ),
    "assuming looks back": (
        f"PREDICT {C} FOR users.user_id ASSUMING COUNT(orders.*, -INF, 3) > 0", "-INF",
        "ASSUMING looks forward",
    ),
    "where looks forward": (
        f"PREDICT {C} FOR users.user_id WHERE COUNT(orders.*, -3, 3) > 0", "3",
        "WHERE looks back: its window ends after the anchor. Allowed: an end of at most 0. "
        "Conditions on the future belong into ASSUMING",
    ),
    "half a month": (
        "PREDICT COUNT(orders.*, 0, 1.5, months) FOR users.user_id", "1.5",
        "got 1.5 months. Allowed: a whole number of months, at most 1000 years",
    ),
    "endless window": (
        "PREDICT COUNT(orders.*, 0, INF) FOR users.user_id", "INF", "got inf days. Allowed: a number of days",
    ),
    "very long window": (
        "PREDICT COUNT(orders.*, 0, 1e9) FOR users.user_id", "1e9", "at most 1000 years",
    ),
    "key that is not the primary key": (
        f"PREDICT {C} FOR EACH users.country", "users.country",
        "the entity's primary key was asked for: got users.country. Allowed: users.user_id",
    ),
    "entity without a key": (
        f"PREDICT {C} FOR EACH deals.buyer", "deals",
        "table 'deals' has no primary key. Allowed: users.user_id, orders.order_id",
    ),
    "entity without a table": (
        f"PREDICT {C} FOR EACH user_id", "user_id", "got 'user_id'. Allowed: table.key",
    ),
    "two foreign keys": (
        "PREDICT COUNT(deals.*, 0, 30) FOR users.user_id", "deals",
        "a table with exactly one foreign key to 'users' was asked for: 'deals' has 2: buyer, seller. "
        "Allowed: orders, notes. Name the path: COUNT(deals.* VIA deals.buyer or VIA deals.seller, ...)",
    ),
    "a longer path": (
        "PREDICT COUNT(items.*, 0, 30) FOR users.user_id", "items",
        "'items' has none. Allowed: orders, notes. "
        "Name the path: COUNT(items.* VIA items.order_id -> orders.user_id, ...)",
    ),
    "end of the entity in WHERE": (
        f"PREDICT {C} FOR users.user_id WHERE users.active AND users.ended IS NULL", "users.ended",
        "users.ended is when a row ends: after every anchor at which it exists. Leave it out: only rows that "
        "exist at the anchor are asked for anyway",
    ),
    "average by another name": (
        "PREDICT mean(orders.amount, 0, 30) FOR users.user_id", "mean", "got 'MEAN'. "
        "Allowed: COUNT, SUM, AVG, MIN, MAX, COUNT_DISTINCT, FIRST, LAST, LIST_DISTINCT. Did you mean 'AVG'?",
    ),
    "unit by a letter": (
        "PREDICT COUNT(orders.*, 0, 3, mo) FOR users.user_id", "mo", "Did you mean 'months'?",
    ),
    "rows without a star": ("PREDICT COUNT(orders, 0, 3) FOR users.user_id", "orders", "Write orders.*"),
    "entity by its table alone": (f"PREDICT {C} FOR users", "users", "Write users.user_id"),
    "no time column": (
        "PREDICT COUNT(notes.*, 0, 30) FOR users.user_id", "notes",
        "table 'notes' has no time column. Allowed: users, orders, deals, items. "
        "Set it with schema.set_time('notes', column)",
    ),
    "sum of rows": (
        "PREDICT SUM(orders.*, 0, 30) FOR users.user_id", "orders.*",
        "a column for SUM was asked for: got orders.*. Allowed: order_id, user_id, amount, qty",
    ),
    "average of text": (
        "PREDICT AVG(orders.kind, 0, 30) FOR users.user_id", "orders.kind",
        "orders.kind holds text. Count, FIRST and LAST take other columns",
    ),
    "window of a static query": (
        "PREDICT users.country FOR users.user_id WHERE COUNT(orders.*, -3, 0) > 1", "COUNT(orders.*, -3, 0)",
        "it has a window, and without a later target there is no anchor. Leave the window out",
    ),
    "future of a static query": (
        f"PREDICT users.country FOR users.user_id ASSUMING {C} > 1", f"{C} > 1",
        "a target without an aggregate has no future to assume anything of",
    ),
    "number as a condition": (
        f"PREDICT {C} FOR users.user_id WHERE COUNT(orders.*, -3, 0)", "COUNT(orders.*, -3, 0)",
        "a condition in WHERE was asked for: got a value. Allowed: a comparison. Add one, such as > 0",
    ),
    "time of a row as a target": (
        "PREDICT users.created > 2020-01-01 FOR users.user_id", "users.created",
        "users.created says when a row exists, which the graph holds: its answer is among the features",
    ),
    "time as a target": (
        "PREDICT orders.due FOR orders.order_id", "orders.due",
        "orders.due holds times. Allowed: numbers, categories or conditions. Predict a condition on it",
    ),
    "list as a target": (
        "PREDICT users.tags FOR users.user_id", "users.tags", "users.tags holds neither numbers, text, times",
    ),
    "key as a target": (
        "PREDICT users.user_id FOR users.user_id", "users.user_id", "users.user_id is the key of its table",
    ),
    "link as a target": (
        "PREDICT orders.user_id FOR orders.order_id", "orders.user_id",
        "orders.user_id is a link to 'users', which the graph holds: its answer is among the features",
    ),
    "forecast of a condition": (
        f"PREDICT {C} > 0 FORECAST 3 TIMEFRAMES FOR users.user_id", "FORECAST 3",
        "the target is of type binary. Allowed: an aggregate that is a number, such as SUM(",
    ),
    "forecast of nothing": (
        f"PREDICT {C} FORECAST 0 TIMEFRAMES FOR users.user_id", "0",
        "got 0. Allowed: a whole number of 1 .. 1,000",
    ),
    "ranks of numbers": (
        f"PREDICT {C} RANK TOP 3 FOR users.user_id", "RANK TOP 3",
        "the target is of type regression. Allowed: LIST_DISTINCT, FIRST or LAST of a foreign key",
    ),
    "half a rank": (
        "PREDICT LIST_DISTINCT(orders.kind, 0, 3) RANK TOP 2.5 FOR users.user_id", "2.5",
        "got 2.5. Allowed: a whole number of 1 .. 10,000",
    ),
    "classes of sums": (
        "PREDICT SUM(orders.qty, 0, 3) CLASSIFY FOR users.user_id", "CLASSIFY",
        "the target is of type regression. Allowed: a condition, a category",
    ),
    "calculation with text": (
        "PREDICT SUM(orders.qty * orders.kind, 0, 3) FOR users.user_id", "orders.kind",
        "a column of numbers to calculate with was asked for: orders.kind holds text",
    ),
    "calculation with rows": (
        "PREDICT SUM(orders.* * 2, 0, 3) FOR users.user_id", "orders.*", "got orders.*. Allowed: order_id",
    ),
    "calculation over two tables": (
        "PREDICT SUM(orders.qty * users.score, 0, 3) FOR users.user_id", "users.score",
        "got users.score. Allowed: columns of orders",
    ),
    "calculation without a column": (
        "PREDICT SUM(1 + 1, 0, 3) FOR users.user_id", "1 + 1", "no column is named. Allowed: table.column",
    ),
    "too large a factor": (
        "PREDICT SUM(orders.qty * 1e999, 0, 3) FOR users.user_id", "1e999", "it is too large",
    ),
    "pattern on numbers": (
        f"PREDICT {C} FOR users.user_id WHERE users.score LIKE '1%'", "users.score",
        "a text for LIKE was asked for: users.score holds numbers. Allowed: text",
    ),
    "pattern that is a number": (
        f"PREDICT {C} FOR users.user_id WHERE users.country STARTS WITH 1", "1",
        "a text after STARTS WITH was asked for: got 1. Allowed: a text in single quotes",
    ),
    "path that is no key": (
        "PREDICT COUNT(orders.* VIA orders.usr_id, 0, 3) FOR users.user_id", "orders.usr_id",
        "a foreign key of 'orders' was asked for: got orders.usr_id. Allowed: orders.user_id. "
        "Did you mean 'user_id'?",
    ),
    "path that ends early": (
        "PREDICT COUNT(items.* VIA items.order_id, 0, 3) FOR users.user_id", "items.order_id",
        "items.order_id leads to 'orders'. Write VIA items.order_id -> orders.user_id",
    ),
    "distinct lists": (
        "PREDICT COUNT_DISTINCT(users.tags VIA users.x, 0, 3) FOR users.user_id", "users.x",
        "a foreign key of 'users' was asked for: got users.x. Allowed: it has none",
    ),
    "column of another table": (
        f"PREDICT {C} FOR users.user_id WHERE orders.qty > 3", "orders.qty",
        "got orders.qty. Allowed: columns of users, or an aggregate",
    ),
    "entity's column inside": (
        "PREDICT COUNT(orders.* WHERE users.country = 'DE', 0, 3) FOR users.user_id", "users.country",
        "got users.country. Allowed: columns of orders, since this WHERE filters its rows",
    ),
    "nested aggregate": (
        f"PREDICT COUNT(orders.* WHERE {C} > 1, 0, 3) FOR users.user_id", C,
        "got an aggregate inside an aggregate",
    ),
    "column without a table": (
        "PREDICT COUNT(orders.* WHERE kind = 'a', 0, 3) FOR users.user_id", "kind",
        "got 'kind'. Allowed: table.column. Write orders.kind",
    ),
    "text without quotes": (
        f"PREDICT {C} FOR users.user_id WHERE users.country = DE", "DE",
        "got 'DE'. Allowed: table.column. Write texts in single quotes",
    ),
    "aggregate of nothing": ("PREDICT COUNT(amount, 0, 3) FOR users.user_id", "amount", "got amount"),
    "number against text": (
        f"PREDICT {C} FOR users.user_id WHERE users.country = 3", "3",
        "users.country was compared: it holds text, 3 does not. Allowed: text. Write texts in single quotes",
    ),
    "text against number": (
        f"PREDICT {C} > 'many' FOR users.user_id", "'many'",
        "an aggregate was compared: it holds numbers, 'many' does not",
    ),
    "number against boolean": (
        f"PREDICT {C} FOR users.user_id WHERE users.active = 1", "1", "Write TRUE or FALSE",
    ),
    "no date": (
        f"PREDICT {C} FOR users.user_id WHERE users.created > '2020-13-01'", "'2020-13-01'",
        "it holds times, '2020-13-01' does not. Allowed: times. Write a date such as 2024-01-31",
    ),
    "no bare date": (
        f"PREDICT {C} FOR users.user_id WHERE users.created > 2020-02-30", "2020-02-30", "holds times",
    ),
    "null": (
        f"PREDICT {C} FOR users.user_id WHERE users.country = NULL", "NULL", "Write IS NULL or IS NOT NULL",
    ),
    "lists": (
        f"PREDICT {C} FOR users.user_id WHERE users.tags = 'a'", "'a'", "Only IS NULL and COUNT work",
    ),
    "too large": (f"PREDICT {C} > 1e999 FOR users.user_id", "1e999", "it is too large"),
    "key of another type": (f"PREDICT {C} FOR users.user_id IN (1, 'x')", "'x'", "holds numbers"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_message_for_every_mistake(resolved, mistake):
    text, word, message = MISTAKES[mistake]
    with pytest.raises(QueryError) as caught:
        resolved(text)
    said, line, carets = str(caught.value).split("\n")
    assert message in said
    assert line[carets.index("^") :].startswith(word), str(caught.value)


@pytest.mark.parametrize("unit", ["second", "minutes", "HOURS", "day", "week", "Month", "years"])
def test_units_in_singular_plural_and_any_case(resolved, unit):
    end = resolved(f"PREDICT COUNT(orders.*, 0, 2, {unit}) FOR users.user_id").horizon[0]
    assert end == Span.of(2, unit.lower().removesuffix("s") + "s")


def edge_schema(time):
    users, items = Table("users", (), "user_id"), Table("items", (), "item_id")
    links = (ForeignKey("user_id", "users"), ForeignKey("item_id", "items"))
    return Schema(
        (users, items, Table("ratings", (), time=time, foreign_keys=links, edge=("user_id", "item_id")))
    )


EDGE_TYPES = {
    "users": {"user_id": "BIGINT"},
    "items": {"item_id": "BIGINT"},
    "ratings": {"user_id": "BIGINT", "item_id": "BIGINT", "stars": "TINYINT", "at": "TIMESTAMP"},
}


def test_rows_of_an_edge_table_can_be_aggregated_but_are_no_entities():
    schema = edge_schema("at")
    for entity in ("users.user_id", "items.item_id"):
        found = resolve(parse(f"PREDICT AVG(ratings.stars, 0, 7) FOR {entity}"), schema, EDGE_TYPES)
        assert [source.path[0][1] for source in found.sources.values()] == [entity.split(".")[1]]
    with pytest.raises(
        QueryError, match=r"table 'ratings' is folded into edges. Allowed: users.user_id, items"
    ):
        resolve(parse("PREDICT COUNT(ratings.*, 0, 7) FOR ratings.user_id"), schema, EDGE_TYPES)


def test_rows_of_a_history_can_be_aggregated_but_are_no_entities():
    items = Table("items", (), "item_id")
    key = (ForeignKey("item_id", "items"),)
    prices = Table("prices", (), "price_id", "at", foreign_keys=key, history="item_id")
    types = {"items": {"item_id": "BIGINT"}, "prices": {"price_id": "BIGINT", "item_id": "BIGINT",
             "price": "DOUBLE", "at": "TIMESTAMP"}}  # fmt: skip
    schema = Schema((items, prices))
    text = "PREDICT MAX(prices.price, 0, 7) FOR items.item_id WHERE LAST(prices.price, -INF, 0) > 3"
    assert resolve(parse(text), schema, types).task_type == "regression"
    with pytest.raises(QueryError, match=r"table 'prices' is a history of items. Allowed: items.item_id"):
        resolve(parse("PREDICT prices.price FOR prices.price_id"), schema, types)


def test_where_no_table_has_a_time_column():
    with pytest.raises(QueryError, match=r"table 'ratings' has no time column. Allowed: no table has one"):
        resolve(parse("PREDICT COUNT(ratings.*, 0, 7) FOR users.user_id"), edge_schema(None), EDGE_TYPES)


def test_a_flat_table_is_to_be_split_first():
    flat = Schema((Table("lines", (Column("customer", Stype.ID), Column("at", Stype.TIMESTAMP)), time="at"),))
    query = parse("PREDICT COUNT(lines.*, 0, 30, days) > 0 FOR EACH lines.customer")
    with pytest.raises(
        QueryError, match=r"no primary key\. Before the ingest, tables\.split\('lines', key=column\)"
    ):
        resolve(query, flat, {"lines": {"customer": "BIGINT", "at": "TIMESTAMP"}})
