"""Labels of the fields lead to the edit that they name; what the page offers is what the acts take."""

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
    assert set(offered) == {"column", "role", "table"}


def test_an_engine_offers_nothing_to_edit(shop, acts):
    assert choices_of(Launch(shop[0]), acts.entities) == {}
