"""Notes are those of the schema that is asked about: of an inferred one its own, of an edited one others."""

import pyarrow as pa
import pytest

from workbench.ingestion.infer import infer_schema
from workbench.ingestion.review import review_schema
from workbench.ingestion.tables import Tables, read_tables
from workbench.schema import Schema, Table
from workbench.testing.commerce import commerce
from workbench.testing.flights import flights_tables

DAYS = [f"{day % 28 + 1:02}.{day % 12 + 1:02}.2024" for day in range(60)]


@pytest.fixture(scope="module")
def tables():
    """Orders of users; days are texts, a code is a number but once, and neither mail nor note is a key."""
    users = pa.table({"user_id": range(60), "mail": ["a", "b"] * 30, "born": DAYS})
    more = {"day": DAYS, "weight": ["7.5"] * 59 + ["x"], "note": ["n"] * 60, "user_id": range(60)}
    return read_tables({"users": users, "orders": pa.table({"order_id": range(60), **more})})


@pytest.fixture(scope="module")
def schema(tables):
    return infer_schema(tables)


def changed(tables, schema, edited):
    """Notes that came, and those that went."""
    before, after = schema.notes, review_schema(tables, edited).notes
    return [n for n in after if n not in before], [n for n in before if n not in after]


def test_of_an_inferred_schema_they_are_its_own(tables, schema):
    for source in (tables, commerce(30, periods=5, seed=0).tables, flights_tables(2_000)):
        found = infer_schema(source)
        assert review_schema(source, found).notes == found.notes
    assert len(schema.notes) > 2


def test_what_was_said_otherwise_is_no_doubt_any_more(tables, schema):
    came, went = changed(tables, schema, schema.set_stype("orders", "note", "text"))
    assert (came, [note[:30] for note in went]) == ([], ["orders.note: set aside: every "])
    came, went = changed(tables, schema, schema.unlink("orders", "user_id"))
    assert [note[:30] for note in came] == ["no table links to another, so "]
    came, went = changed(tables, schema, schema.drop_table("orders"))
    assert all(note.startswith("orders") for note in went)


def test_what_an_edit_causes_is_said(tables, schema):
    (came,), _ = changed(tables, schema, schema.set_primary_key("orders", "note"))
    assert came.startswith("orders.note: the primary key, but 59 rows repeat a value")
    came, _ = changed(tables, schema, schema.set_primary_key("users", "mail"))
    assert [note.split(",")[0] for note in came] == [
        "users.mail: the primary key",
        "orders.user_id: a link to users",
    ]
    (came,), went = changed(tables, schema, schema.set_time("orders", "day"))
    assert came.startswith("orders.day: of type timestamp, but none of its texts is an ISO time")
    assert "say tables = tables.derive('orders', 'day'" in came
    assert [note.split(":")[0] for note in went] == ["orders"]  # no time column: it has one now
    came, _ = changed(tables, schema, schema.set_time("users", "born"))
    assert any(note.startswith("orders: no time column, so its rows are always visible") for note in came)


def test_mends_are_of_columns_that_are_still_to_be_read(tables, schema):
    def columns(of, source=tables):
        return [f"{mend.table}.{mend.column}" for mend in review_schema(source, of).mends]

    every = ["users.born", "orders.day", "orders.weight"]
    assert columns(schema) == columns(schema.set_time("orders", "day")) == every
    other = schema.set_stype("orders", "day", "categorical").link("orders", "weight", "users")
    assert columns(other) == ["users.born"]
    mends = review_schema(tables, schema).mends
    read = mends[2].of(mends[1].of(tables))
    assert columns(infer_schema(read), read) == ["users.born", "orders.day"]  # a day has no clock yet


def test_a_history_is_not_suggested_again():
    source = commerce(30, periods=5, seed=0).tables
    ids = source["products"]["product_id"]
    since = pa.array([0] * len(ids), pa.timestamp("us"))
    source["prices"] = pa.table({"product_id": ids, "valid_from": since, "cost": [1.5] * len(ids)})
    schema = infer_schema(source)
    (asked,) = [note for note in schema.notes if "schema.as_history('prices')" in note]
    assert asked not in review_schema(source, schema.as_history("prices")).notes


def test_a_schema_of_more_tables_is_reviewed_where_it_meets_them(tables, schema):
    more = Schema((*schema.tables, Table("elsewhere", ())))
    assert review_schema(tables, more).notes == schema.notes


def test_nothing_is_read_twice(tables, schema, monkeypatch):
    known, ran, run = {}, [], Tables.run
    monkeypatch.setattr(Tables, "run", lambda self, sql, asked: ran.append(sql) or run(self, sql, asked))
    infer_schema(tables, known=known)
    assert len(ran) == len(set(ran)) > 4
    ran.clear()
    for edited in (schema, schema.set_time("orders", None), schema.set_stype("orders", "note", "text")):
        review_schema(tables, edited, known=known)
    assert ran == []
    review_schema(tables, schema.set_primary_key("users", "mail"), known=known)
    assert len(ran) == 1
