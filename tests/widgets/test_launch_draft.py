"""Tables under edit say their own lines; a flat table's entities are put together column by column."""

from dataclasses import replace

import pytest

from widgets._launch_draft import Draft, Entities, shape
from widgets._launch_edits import Edit
from workbench.errors import SchemaError, TableError
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
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
