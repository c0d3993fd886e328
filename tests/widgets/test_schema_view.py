"""SchemaView without a browser."""

import json
import xml.etree.ElementTree as ET

import pytest

from widgets import SchemaView
from workbench.errors import SchemaError, WorkbenchError
from workbench.schema import Column, Schema, Stype, Table


def test_an_engine_is_shown_with_its_rows(engine):
    view = SchemaView(engine)
    card = view.describe("users")
    assert (card["rows"], card["name"]) == (3, "users")
    assert {way["name"] for way in card["ways"]} == {"orders-user_id->users", "products-rev_ratings->users"}
    assert view._payload["meta"]["types"][0]["rows"] == 3
    picture, line = view.still()
    assert "3 rows, timed" in picture
    assert line == "Schema: 4 tables, 6 edge types"


def test_a_schema_without_data_is_shown_and_an_edit_of_it_replaces_it(engine):
    view = SchemaView(engine.schema)
    assert view.describe("orders")["rows"] is None
    view.show(engine.schema.unlink("orders", "user_id"))
    assert len(view._payload["meta"]["links"]) == 2
    assert view._payload["seq"] == 2


def test_what_is_no_schema_and_what_is_no_type_is_refused(engine):
    with pytest.raises(WorkbenchError, match=r"Allowed: an Engine or a Schema"):
        SchemaView("stores/shop")
    with pytest.raises(SchemaError, match=r"Allowed: users, products, orders"):
        SchemaView(engine).describe("ratings")


HOSTILE = [
    "<img src=x onerror='1'>",
    "</svg><script>1</script>",
    "\u202egnp.exe",
    "\x00\x1b[31m",
    "'; DROP",
    "a" * 10**6,
    "\ud800",
]


def test_hostile_names_are_kept_as_text_and_the_payload_stays_small():
    tables = tuple(Table(f"{name}{i}", (Column(name, Stype.TEXT),)) for i, name in enumerate(HOSTILE))
    view = SchemaView(Schema(tables))
    ET.fromstring(view.still()[0].replace("\ud800", ""))
    assert "<script>" not in view.still()[0]
    assert len(json.dumps(view._payload["meta"])) < 20_000
