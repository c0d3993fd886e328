"""Labels of the fields lead to the edit that they name; what the page offers is what the acts take."""

import pyarrow as pa
import pytest

from widgets._job import Ticket
from widgets._launch import Launch
from widgets._workbench_edits import STATIC, EditActs, choices_of
from workbench.errors import SchemaError, TableError, WorkbenchError
from workbench.testing.flat_shop import flat_shop

TICKET = Ticket("test", lambda: None)


@pytest.fixture
def acts():
    return EditActs(Launch({"export": flat_shop(customers=20, days=30)}))


def test_a_flat_table_is_split_by_what_is_offered(acts):
    offered = choices_of(acts.launch, acts.entities)["flat"]
    assert offered["time"][0] == "InvoiceDate"  # what was found comes first
    assert sorted(offered["time"]) == sorted([*offered["key"], STATIC])
    assert offered["entity"] == ()
    assert (
        acts.entity({"key": "CustomerID", "name": "customers"}, TICKET)
        == "customers: key CustomerID; no columns"
    )
    assert choices_of(acts.launch, acts.entities)["flat"]["entity"] == ("customers",)
    acts.move({"column": "Country", "entity": "customers"}, TICKET)
    with pytest.raises(
        WorkbenchError, match=r"a column of the table was asked for: got 'city'. Allowed: InvoiceNo"
    ):
        acts.move({"column": "city", "entity": "customers"}, TICKET)
    assert acts.split({"time": STATIC, "rest": "all"}, TICKET).startswith("Tables(2)")
    assert acts.launch.schema["customers"].time is None
    acts.undo({}, TICKET)
    with pytest.raises(TableError, match="the name 'customers' is that of what is left"):
        acts.split({"time": "InvoiceDate", "rest": "customers"}, TICKET)
    told = acts.split({"time": "InvoiceDate", "rest": " lines "}, TICKET)
    assert told.startswith("Tables(2)\n  lines: ")
    assert choices_of(acts.launch, acts.entities)["flat"]["key"] == ()
    assert acts.anew({}, TICKET).startswith("No entity yet")


def test_a_schema_is_edited_by_what_is_offered(acts):
    offered = choices_of(acts.launch, acts.entities)["edit"]
    assert acts.say({"column": "export.StockCode", "role": "left out"}, TICKET) == (
        "schema = schema.set_stype('export', 'StockCode', 'set_aside')"
    )
    with pytest.raises(SchemaError, match="there is none"):
        acts.say({"column": "export.Country", "role": "no link"}, TICKET)
    assert "export: without a time" in offered["table"]
    acts.say_table({"table": "export: without a time"}, TICKET)
    assert acts.launch.schema["export"].time is None
    assert "export: without a time" not in choices_of(acts.launch, acts.entities)["edit"]["table"]
    with pytest.raises(WorkbenchError, match="what a table is was asked for"):
        acts.say_table({"table": "export: without a time"}, TICKET)
    assert acts.undo({}, TICKET) == "Taken back."
    assert acts.launch.schema["export"].time == "InvoiceDate"
    assert set(offered) == {"column", "role", "table", "mend"}


def test_a_column_is_read_as_a_note_proposes_and_undone():
    days = [f"{day % 28 + 1:02}.{day % 12 + 1:02}.2024" for day in range(60)]
    acts = EditActs(Launch({"orders": pa.table({"order_id": range(60), "day": days})}))
    (label,) = choices_of(acts.launch, acts.entities)["edit"]["mend"]
    assert label == "orders.day: dates written as %d.%m.%Y, such as '01.01.2024'"
    line = acts.mend({"mend": label}, TICKET)
    sql = "strptime(\"day\", '%d.%m.%Y')"
    assert line == f"tables = tables.derive('orders', 'day', {sql!r})"
    assert line in acts.launch.code.split("\n")
    assert acts.launch.schema["orders"].time == "day"
    with pytest.raises(WorkbenchError, match="what a note proposes was asked for"):
        acts.mend({"mend": label}, TICKET)
    acts.undo({}, TICKET)
    assert acts.launch.schema["orders"].time is None
    assert line not in acts.launch.code
    assert choices_of(acts.launch, acts.entities)["edit"]["mend"] == (label,)


def test_an_engine_offers_nothing_to_edit(shop, acts):
    assert choices_of(Launch(shop[0]), acts.entities) == {}
