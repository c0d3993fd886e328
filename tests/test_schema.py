"""The schema: a value that is edited, printed and saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import SchemaError
from workbench.schema import Column, EdgeType, ForeignKey, Schema, Stype, Table

USERS = Table(
    "users", (Column("id", Stype.ID), Column("age", Stype.NUMERICAL), Column("joined", Stype.TIMESTAMP)), "id"
)
ITEMS = Table("items", (Column("id", Stype.ID), Column("price", Stype.NUMERICAL)), "id")
ORDERS = Table(
    "orders",
    (
        Column("user_id", Stype.ID),
        Column("item", Stype.NUMERICAL),
        Column("at", Stype.TIMESTAMP),
        Column("left", Stype.NUMERICAL),
    ),
    None,
    "at",
    None,
    (ForeignKey("user_id", "users"),),
)
SCHEMA = Schema((USERS, ITEMS, ORDERS), ("orders.left: odd",))


def fold(schema: Schema) -> Schema:
    return schema.link("orders", "item", "items").as_edge("orders", "user_id", "item")


def test_links_give_edge_types_both_ways() -> None:
    linked = SCHEMA.link("orders", "item", "items")
    assert [str(edge) for edge in linked.edge_types] == [
        "orders-user_id->users",
        "users-rev_user_id->orders",
        "orders-item->items",
        "items-rev_item->orders",
    ]
    assert linked["orders"].column("item").stype is Stype.ID
    assert linked.unlink("orders", "item").edge_types == SCHEMA.edge_types
    assert len(SCHEMA.edge_types) == 2


def test_linking_again_moves_the_link() -> None:
    moved = SCHEMA.link("orders", "user_id", "items")
    assert [(k.column, k.table) for k in moved["orders"].foreign_keys] == [("user_id", "items")]


def test_folding_a_table_into_edges() -> None:
    folded = SCHEMA.link("orders", "item", "items").as_edge("orders", "user_id", "item")
    assert folded.node_types == ("users", "items")
    assert folded.edge_types == (
        EdgeType("users", "orders", "items"),
        EdgeType("items", "rev_orders", "users"),
    )
    assert {spec.layout for spec in folded.edge_specs} == {"edges"}
    # Without one of its ends it is a node type again.
    assert folded.unlink("orders", "item").node_types == ("users", "items", "orders")


def test_a_history_is_neither_nodes_nor_edges() -> None:
    history = SCHEMA.as_history("orders")
    assert history == SCHEMA.as_history("orders", of="users", valid_from="at")
    assert history.node_types == ("users", "items")
    assert history.edge_types == ()
    assert [str(spec.edge_type) for spec in history.history_specs] == ["orders-user_id->users"]
    assert history["orders"].history_of == "users"
    assert history.histories_of("users") == ("orders",)
    assert (SCHEMA.histories_of("users"), SCHEMA.history_specs) == ((), ())
    # Without its key it is a node type again, and a table that is folded is no history any more.
    assert history.unlink("orders", "user_id").node_types == SCHEMA.node_types
    assert fold(history)["orders"].history is None
    assert fold(SCHEMA).unlink("orders", "item").as_history("orders").edge_types == ()


def test_keys_and_times() -> None:
    edited = (
        SCHEMA.set_primary_key("orders", "left").set_time("users", "joined").set_end_time("orders", "left")
    )
    assert edited["orders"].primary_key == "left"
    assert edited["users"].time == "joined"
    assert edited["orders"].column("left").stype is Stype.TIMESTAMP
    assert edited.set_time("orders", "left")["orders"].end_time is None
    none = edited.set_time("users", None).set_primary_key("users", None).set_end_time("orders", None)
    assert (none["users"].time, none["users"].primary_key, none["orders"].end_time) == (None, None, None)


def test_stypes_by_name() -> None:
    assert SCHEMA.set_stype("users", "age", "categorical")["users"].column("age").stype is Stype.CATEGORICAL
    with pytest.raises(SchemaError, match=r"'categoric' was asked for users.age.*Did you mean 'categorical'"):
        SCHEMA.set_stype("users", "age", "categoric")


def test_dropping_a_table_drops_what_points_at_it() -> None:
    dropped = SCHEMA.drop_table("users")
    assert [table.name for table in dropped] == ["items", "orders"]
    assert dropped.edge_types == ()


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda s: s.link("orders", "itme", "items"), "column 'itme'.*Did you mean 'item'"),
        (lambda s: s.link("orders", "item", "itmes"), "table 'itmes' was asked for.*Did you mean 'items'"),
        (lambda s: s.unlink("orders", "item"), r"orders.item was asked for: there is none.*schema.link"),
        (lambda s: s.set_time("users", "when"), "column 'when' of table 'users'"),
        (lambda s: s.drop_table("nothing"), "table 'nothing'"),
        (lambda s: s.as_edge("orders", "user_id", "item"), "a foreign key in orders.item"),
        (lambda s: s.as_edge("orders", "user_id", "user_id"), "both ends are the same column"),
        (
            lambda s: s.as_edge("orders"),
            r"its foreign keys are user_id\. Allowed: two foreign keys\. Name them",
        ),
        (lambda s: s.as_edge("users"), "its foreign keys are none"),
        (
            lambda s: s.link("orders", "item", "items").as_edge("orders", src="item"),
            "Name them: src= and dst=",
        ),
        (
            lambda s: fold(s.link("items", "price", "orders")),
            "items.price point at it",
        ),
        (
            lambda s: fold(s).link("items", "price", "orders"),
            "'orders' is folded into edges",
        ),
        (lambda s: s.as_history("users"), "a history: its foreign keys are none. Allowed: just one"),
        (lambda s: s.as_history("orders", of="items"), "user_id -> users. Allowed: just one, to .*'items'"),
        (lambda s: s.link("orders", "item", "items").as_history("orders"), "just one.*schema.unlink"),
        (lambda s: s.set_time("orders", None).as_history("orders"), "it has no time.*Pass valid_from="),
        (lambda s: s.set_end_time("orders", "left").as_history("orders"), "has an end time, 'left'.*set_end"),
        (lambda s: s.as_history("orders", valid_from="when"), "column 'when' of table 'orders'"),
        (lambda s: s.link("items", "price", "orders").as_history("orders"), "items.price point at it"),
        (lambda s: s.as_history("orders").link("items", "price", "orders"), "'orders' is a history"),
        (lambda s: s.edge_type("orders-user->users"), "Did you mean 'orders-user_id->users'"),
    ],
)
def test_bad_edits_say_what_is_wrong(edit, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        edit(SCHEMA)


def test_it_prints() -> None:
    text = repr(SCHEMA)
    assert "Schema: 3 tables, 2 edge types" in text
    assert Schema((Table("flat", (Column("x", Stype.NUMERICAL),)),)).title == "Schema: 1 table, 0 edge types"
    assert "orders: no key; time at; user_id -> users" in text
    assert "users: key id; static" in text
    assert "numerical: age" in text
    assert "note: orders.left: odd" in text
    assert SCHEMA._repr_html_().startswith("<pre>Schema")
    assert "-&gt;" in SCHEMA._repr_html_()
    assert "user_id -> users; history of users, valid from at" in repr(SCHEMA.as_history("orders"))


def test_it_is_saved_as_json(tmp_path: Path) -> None:
    folded = SCHEMA.link("orders", "item", "items").as_edge("orders", "user_id", "item")
    folded.save(tmp_path / "schema.json")
    again = Schema.load(tmp_path / "schema.json")
    assert again == folded
    assert "history" not in (tmp_path / "schema.json").read_text()
    history = SCHEMA.as_history("orders")
    assert Schema.from_dict(history.to_dict()) == history
    assert again.notes == folded.notes


@pytest.mark.parametrize("data", [{}, {"format": 2}, {"format": 1}, {"format": 1, "tables": [{"name": "x"}]}])
def test_foreign_json_is_refused(data: dict) -> None:
    with pytest.raises(SchemaError, match="schema"):
        Schema.from_dict(data)


def test_printing_lists_ids_and_static_tables() -> None:
    text = SCHEMA.describe()
    assert "users: key id; static: always visible" in text
    assert "id: user_id" in text
    assert SCHEMA.static_tables == ("users", "items")


@pytest.mark.parametrize("name", [None, 3, (), ("orders", "users"), ["orders"]])
def test_what_names_no_edge_type_is_refused(name):
    with pytest.raises(SchemaError, match="was asked for: the schema does not have it"):
        SCHEMA.edge_type(name)
    forward = SCHEMA.edge_types[0]
    assert SCHEMA.edge_type(list(forward)) == forward


def test_a_table_of_two_keys_is_folded_from_the_first_to_the_second():
    linked = SCHEMA.link("orders", "item", "items")
    assert linked.as_edge("orders") == linked.as_edge("orders", "user_id", "item")
