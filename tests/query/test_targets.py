"""The task type follows from the target, and what belongs to it."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from workbench.errors import QueryError
from workbench.query import targets
from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.query.targets import TASK_TYPES, Target
from workbench.schema import Schema, Stype

W = "0, 30, days"
SELLERS = f"deals.seller VIA deals.buyer, {W}"


@pytest.fixture(scope="module")
def target_of(shop):
    with connection(shop) as con:
        types = column_types(con, shop.schema)

    def target_of(text, schema=shop.schema):
        entity = "orders.order_id" if text.startswith("orders.") else "users.user_id"
        return resolve(parse(f"PREDICT {text} FOR EACH {entity}"), schema, types).target

    return target_of


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (f"COUNT(orders.*, {W}) > 0", Target("binary")),
        ("users.country = 'DE'", Target("binary")),
        ("users.active", Target("binary")),
        (f"LAST(orders.paid, {W})", Target("binary")),
        (f"COUNT(orders.*, {W}) > 0 CLASSIFY", Target("binary")),
        (f"SUM(orders.qty * orders.amount, {W})", Target("regression")),
        (f"COUNT_DISTINCT(orders.kind, {W})", Target("regression")),
        (f"LAST(orders.amount, {W})", Target("regression")),
        ("users.score", Target("regression")),
        (f"FIRST(orders.kind, {W})", Target("multiclass", ("orders", "kind"))),
        ("users.country", Target("multiclass", ("users", "country"))),
        ("orders.qty CLASSIFY", Target("multiclass", ("orders", "qty"))),
        (f"MAX(orders.qty, {W}) CLASSIFY", Target("multiclass", ("orders", "qty"))),
        (f"LAST(orders.kind, {W}) RANK TOP 2", Target("multiclass", ("orders", "kind"), top_k=2)),
        (f"LIST_DISTINCT(orders.kind, {W})", Target("multilabel", ("orders", "kind"))),
        (f"LIST_DISTINCT(orders.qty, {W}) RANK TOP 3", Target("multilabel", ("orders", "qty"), top_k=3)),
        (f"COUNT(orders.*, {W}) FORECAST 4 TIMEFRAMES", Target("forecast", steps=4)),
        (f"LIST_DISTINCT({SELLERS})", Target("ranking", ("deals", "seller"), "users")),
        (f"LIST_DISTINCT({SELLERS}) RANK TOP 5",
         Target("ranking", ("deals", "seller"), "users", 5)),
        (f"FIRST({SELLERS})", Target("ranking", ("deals", "seller"), "users")),
        (f"LIST_DISTINCT({SELLERS}) CLASSIFY", Target("multilabel", ("deals", "seller"))),
        (f"LAST({SELLERS}) CLASSIFY", Target("multiclass", ("deals", "seller"))),
    ],
)  # fmt: skip
def test_task_types(target_of, text, target):
    found = target_of(text)
    assert found == target
    assert found.task_type in TASK_TYPES


def test_numbers_that_the_schema_calls_categories_are_classes(shop, target_of):
    def as_category(table):
        kinds = {"qty": Stype.CATEGORICAL}
        return replace(
            table, columns=tuple(replace(c, stype=kinds.get(c.name, c.stype)) for c in table.columns)
        )

    schema = Schema(tuple(as_category(table) for table in shop.schema))
    assert target_of("orders.qty", schema) == Target("multiclass", ("orders", "qty"))
    assert target_of(f"LAST(orders.qty, {W})", schema).task_type == "multiclass"
    assert target_of(f"MAX(orders.qty, {W})", schema).task_type == "regression", "a computed number"


def with_classes(shop, text):
    with connection(shop) as con:
        query = resolve(parse(text), shop.schema, column_types(con, shop.schema))
        return query.target.with_classes(con, query.query)


def test_classes_are_every_value_of_the_column(shop, monkeypatch):
    text = f"PREDICT LAST(orders.qty, {W}) CLASSIFY FOR users.user_id"
    assert with_classes(shop, text).classes.to_pylist() == [1, 2, 3, 5, 6]
    assert with_classes(shop, "PREDICT users.country FOR users.user_id").classes == pa.array(["DE", "it's"])
    assert with_classes(shop, f"PREDICT COUNT(orders.*, {W}) FOR users.user_id").classes is None
    monkeypatch.setattr(targets, "MAX_CLASSES", 4)
    with pytest.raises(
        QueryError, match=r"classes of orders.qty were asked for: it has more than 4 distinct values"
    ):
        with_classes(shop, text)


def test_one_value_is_no_choice(make_shop):
    shop = make_shop(users={"user_id": [1], "created": [None], "ended": [None], "plan": ["only"]})
    with pytest.raises(QueryError, match=r"classes of users.plan were asked for: it has 1 distinct value\. "):
        with_classes(shop, "PREDICT users.plan FOR users.user_id")
