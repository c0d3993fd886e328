"""Tables under edit say their own lines; a flat table's entities are put together column by column."""

from dataclasses import replace

import pyarrow as pa
import pytest

import workbench as wb
from widgets._launch_draft import Draft, Entities, shape
from widgets._launch_edits import Edit
from workbench.errors import SchemaError, TableError
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import Tables, read_tables
from workbench.testing.flat_shop import flat_shop


@pytest.fixture(scope="module")
def flat():
    return read_tables({"export": flat_shop(customers=20, days=30)})


def test_lines_say_what_was_done_in_order(flat):
    draft = Draft.of(flat, None).normalised({"customers": ("CustomerID", "Country")}, "InvoiceDate", "lines")
    draft = draft.edited(Edit("drop_table", "customers"))
    assert draft.lines("'x.csv'") == [
        "tables = wb.read_tables('x.csv')",
        "tables = wb.normalise(tables, {'customers': ['CustomerID', 'Country']}, "
        "time='InvoiceDate', rest='lines')",
        "schema = wb.infer_schema(tables)",
        "schema = schema.drop_table('customers')",
    ]
    assert draft.tables.names == ("lines", "customers")
    assert [table.name for table in draft.schema] == ["lines"]


def test_a_given_schema_is_not_inferred_until_the_tables_are_others(flat):
    schema = infer_schema(flat)
    draft = Draft.of(flat, schema)
    assert draft.lines("source") == ["tables = wb.read_tables(source)"]
    with pytest.raises(SchemaError):
        draft.edited(Edit("drop_table", "none"))
    assert draft.normalised({"stock": ("StockCode",)}, None, "lines").inferred


def shop(days):
    """Orders whose days are texts, of users with a key, a mail that is none, and an age; and towns."""
    users = pa.table({"user_id": range(60), "mail": ["a", "b"] * 30, "age": [30.5] * 60})
    orders = pa.table({"order_id": range(60), "user_id": range(60), "day": days, "price": [0.5, 1.5] * 30})
    towns = pa.table({"town_id": range(1000, 1060), "size": [0.5, 1.5] * 30})
    return {"users": users, "orders": orders, "towns": towns}


GERMAN = [f"{day % 28 + 1:02}.{day % 12 + 1:02}.2024" for day in range(60)]


def reads(draft, monkeypatch, act):
    """The draft after an edit, and the tables' names in the queries that it ran."""
    ran, run = [], Tables.run
    monkeypatch.setattr(Tables, "run", lambda self, sql, asked: ran.append(sql) or run(self, sql, asked))
    after = act(draft)
    return after, [name for name in draft.tables.names if any(draft.tables.sql(name) in sql for sql in ran)]


def test_an_edit_that_newly_causes_a_doubt_says_so_and_reads_what_it_is_about(monkeypatch):
    draft = Draft.of(shop(GERMAN), None)
    calm = draft.schema.notes
    keyed, read = reads(draft, monkeypatch, lambda d: d.edited(Edit("set_primary_key", "users", ("mail",))))
    (fault,) = [note for note in keyed.schema.notes if note.startswith("users.mail: the primary key")]
    assert "but 58 rows repeat a value, which an ingest refuses" in fault
    assert any(note.startswith("orders.user_id: a link to users, but user_id") for note in keyed.schema.notes)
    assert read == ["users"]
    back = keyed.edited(Edit("set_primary_key", "users", ("user_id",)))
    assert back.schema.notes == calm
    linked = back.edited(Edit("link", "orders", ("user_id", "towns")))
    assert any("a link to towns, but only 0% of its" in note for note in linked.schema.notes)
    assert linked.edited(Edit("link", "orders", ("user_id", "users"))).schema.notes == calm


def test_a_draft_that_is_edited_again_asks_the_database_nothing_it_knows(monkeypatch):
    draft = Draft.of(shop(GERMAN), None)
    once = draft.edited(Edit("set_primary_key", "users", ("mail",)))
    again, read = reads(draft, monkeypatch, lambda d: d.edited(Edit("set_primary_key", "users", ("mail",))))
    assert (again, read) == (once, [])
    assert once.schema.notes == again.schema.notes != draft.schema.notes


def test_a_column_of_dates_is_read_as_its_note_proposes_and_earlier_edits_hold(monkeypatch):
    draft = Draft.of(shop(GERMAN), None)
    assert draft.schema["orders"].time is None
    assert any("orders.day: set aside: looks like dates" in note for note in draft.schema.notes)
    edited = draft.edited(Edit("set_stype", "users", ("age", "set_aside")))
    (mend,) = edited.mends
    mended, read = reads(edited, monkeypatch, lambda d: d.edited(mend))
    assert "towns" not in read  # users are: orders link to them
    assert mended.schema["orders"].time == "day"
    assert mended.schema["users"].column("age").stype == "set_aside"
    assert not any("orders.day: set aside" in note for note in mended.schema.notes)
    assert [m.told for m in mended.mends] == ["known at the end of its day"]
    names = {"source": shop(GERMAN), "wb": wb}
    exec("\n".join(mended.lines("source")), names)
    assert names["schema"] == mended.schema
    assert names["tables"].arrow("orders").equals(mended.tables.arrow("orders"))


def test_what_may_be_read_in_two_ways_is_offered_in_both():
    draft = Draft.of(shop([f"{i % 12 + 1:02}/{i % 11 + 1:02}/2024" for i in range(60)]), None)
    first, second = (draft.edited(mend).tables.arrow("orders")["day"] for mend in draft.mends)
    assert [(d.day, d.month) for d in first.to_pylist()] == [(d.month, d.day) for d in second.to_pylist()]


def test_dates_in_a_flat_table_are_read_before_it_is_split():
    draft = Draft.of({"all": pa.table({"who": [1, 2] * 30, "town": ["x", "y"] * 30, "day": GERMAN})}, None)
    parts = draft.edited(draft.mends[0]).normalised({"people": ("who", "town")}, "day", "rows")
    assert [line.split("(")[0] for line in parts.lines("source")] == [
        "tables = wb.read_tables",
        "tables = tables.derive",
        "tables = wb.normalise",
        "schema = wb.infer_schema",
    ]
    assert parts.schema["rows"].time == "day"


def test_a_given_schema_is_read_only_when_it_is_edited(monkeypatch):
    tables = wb.read_tables(shop(GERMAN))
    given = wb.infer_schema(tables)
    draft, read = reads(Draft.of(tables, given), monkeypatch, lambda d: Draft.of(tables, given))
    assert (read, draft.mends) == ([], ())
    edited = draft.edited(Edit("set_stype", "users", ("age", "set_aside")))
    mended = edited.edited(edited.mends[0])
    assert mended.schema == edited.schema  # who gave it says what the column is then
    assert mended.lines("source")[1].startswith("tables = tables.derive('orders', 'day', ")


def test_entities_are_put_together_and_told():
    shop = Entities({}).with_entity("invoices", "no").with_entity(" customers ", "who")
    shop = (
        shop.with_column("customers", "city").with_column("invoices", "who").with_column("invoices", "city")
    )
    assert shop.found == {"invoices": ("no", "who", "city"), "customers": ("who",)}
    assert str(shop) == "invoices: key no; who, city\ncustomers: key who; no columns"
    assert shop.with_column("customers", "who") == shop
    assert shop.with_entity("buyers", "who").found == {"invoices": ("no", "who", "city"), "buyers": ("who",)}
    assert str(Entities({})).startswith("No entity yet")
    with pytest.raises(TableError, match="got no name"):
        shop.with_entity(" ", "city")
    with pytest.raises(TableError, match=r"Allowed: none yet. Add it first, by its key"):
        Entities({}).with_column("users", "city")


def test_notes_and_how_numbers_were_stored_make_no_other_schema(flat):
    entities = {"customers": ("CustomerID",), "stock": ("StockCode",)}
    schema = Draft.of(flat, None).normalised(entities, None, "lines").schema
    first = schema.tables[0]
    odd = replace(first, columns=tuple(replace(c, note="12 values", dtype="int16") for c in first.columns))
    assert shape(replace(schema, tables=(odd, *schema.tables[1:]))) == shape(schema)
    assert shape(schema.as_edge("lines")) != shape(schema)
    assert shape(replace(schema, tables=schema.tables[1:])) != shape(schema)
