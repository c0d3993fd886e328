"""What may be said of columns and tables is a call of the schema, offered under a label of its own."""

import pytest

from widgets._launch_edits import (
    LONGEST,
    Edit,
    columns_of,
    flat_columns,
    labelled,
    mends_of,
    roles_of,
    table_edits,
)
from workbench.errors import SchemaError
from workbench.ingestion.mends import Mend
from workbench.ingestion.tables import read_tables
from workbench.schema import Column, ForeignKey, Schema, Stype, Table

AT = Column("at", Stype.TIMESTAMP)


@pytest.fixture
def schema():
    def columns(*names):
        return tuple(Column(name, Stype.NUMERICAL) for name in names)

    keys = (ForeignKey("user", "users"), ForeignKey("item", "items"))
    return Schema(
        (
            Table("users", columns("id", "age"), "id"),
            Table("items", columns("id"), "id"),
            Table("orders", (*columns("user", "item", "price"), AT), None, "at", None, keys),
            Table("prices", (*columns("item"), AT), None, "at", None, (ForeignKey("item", "items"),)),
        )
    )


def test_every_role_of_a_column_is_a_call_that_the_schema_takes(schema):
    table, column = columns_of(schema)["orders.price"]
    edited = {}
    for label, (method, more) in roles_of(schema).items():
        edit = Edit(method, table, (column, *more))
        if label == "no link":
            with pytest.raises(SchemaError, match="there is none"):
                edit.of(schema)
            continue
        names = {"schema": schema}
        exec(edit.line, names)
        edited[label] = edit.of(schema)["orders"]
        assert names["schema"]["orders"] == edited[label]
    assert edited["the time"].time == edited["the end time"].end_time == "price"
    assert edited["the key"].primary_key == "price"
    assert edited["a link to users"].foreign_key("price").table == "users"
    assert edited["left out"].column("price").stype is Stype.SET_ASIDE
    assert {edited[f"of type {kind}"].column("price").stype for kind in ("text", "categorical")} == {
        "text",
        "categorical",
    }


def test_what_a_table_may_be_is_offered_where_it_fits(schema):
    edits = table_edits(schema)
    assert edits["orders: edges from item to user"].of(schema)["orders"].edge == ("item", "user")
    assert edits["prices: a history of items"].of(schema)["prices"].history == "item"
    assert edits["orders: without a time"].of(schema)["orders"].time is None
    assert edits["users: without a key"].of(schema)["users"].primary_key is None
    assert edits["users: left out"].of(schema)["orders"].foreign_keys == (ForeignKey("item", "items"),)
    assert "users: without a time" not in edits
    assert not any(label.startswith(("orders: a history", "prices: edges")) for label in edits)
    folded = edits["orders: edges from item to user"].of(schema)
    assert not any(label.startswith("orders: edges") for label in table_edits(folded))


def test_labels_are_short_and_each_is_another():
    names = ["x" * 10**6, "x" * 10**6 + "y", "x" * 10**6]
    assert list(labelled((name[:3], i) for i, name in enumerate(names))) == ["xxx", "xxx (2)", "xxx (3)"]
    wide = Schema(tuple(Table(name + str(i), (AT,)) for i, name in enumerate(names)))
    assert len(set(columns_of(wide))) == 3
    assert max(map(len, [*columns_of(wide), *roles_of(wide), *table_edits(wide)])) < LONGEST + 40
    assert list(columns_of(wide).values())[1] == (names[1] + "1", "at")


def test_columns_of_a_flat_table_are_offered_and_of_several_none():
    one = {"a": {"x": [1]}}
    tables = read_tables({name: arrow(**columns) for name, columns in one.items()})
    assert flat_columns(tables) == {"x": "x"}
    assert flat_columns(tables.add("b", arrow(y=[1]))) == {}


def arrow(**columns):
    import pyarrow as pa

    return pa.table(columns)


NOTES = (
    "orders.at: not taken as the time; if it is the time, say schema.set_time('orders', 'at')",
    "orders.user -> users: only 10% of its values are keys there",
    "orders.item: not linked. If it is one: schema.link('orders', 'item', 'items')",
)


@pytest.mark.parametrize(
    ("edit", "answered"),
    [
        (Edit("set_time", "orders", ("at",)), {0}),
        (Edit("set_time", "users", ("age",)), set()),
        (Edit("link", "orders", ("item", "items")), {2}),
        (Edit("link", "orders", ("user", "users")), {1}),
        (Edit("set_stype", "orders", ("at", "text")), set()),
    ],
)
def test_a_note_goes_when_an_edit_answers_it(edit, answered):
    assert {i for i, note in enumerate(NOTES) if edit.answers(note)} == answered


def test_a_mend_has_a_label_of_its_own_whatever_the_names():
    odd = [Mend("t" * 10**6, f"{'c' * 10**6}{i}", "1", "numbers") for i in range(2)]
    labels = mends_of([*odd, Mend("a", "b", "1", "dates")])
    assert list(labels)[2] == "a.b: dates"
    assert max(map(len, labels)) < 3 * LONGEST + 20
    assert [labels[label].column[-1] for label in labels] == ["0", "1", "b"]
