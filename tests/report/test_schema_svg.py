"""Drawings of schemas: well-formed, escaped, and saying what they are given."""

import xml.etree.ElementTree as ET

from workbench.report.schema_svg import clipped, schema_svg
from workbench.schema import Schema, Table
from workbench.testing.graphs import toy_shop

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture):
    return [node.text or "" for node in ET.fromstring(picture).iter(f"{SVG}text")]


def test_types_keys_notes_and_degrees_are_written():
    schema = toy_shop().schema
    way = schema.edge_type("orders-user_id->users")
    shown = texts(schema_svg(schema, notes=["3 rows", "2 rows", "4 rows"], degrees={way: "x9.5"}))
    for word in ("users", "products", "orders", "user_id \u25b8", "ratings \u25b8", "3 rows", "\u25c2 x9.5"):
        assert word in shown


def test_without_notes_it_says_what_the_schema_knows():
    shown = texts(schema_svg(toy_shop().schema))
    assert shown.count("timed") == 2
    assert shown.count("static") == 1


def test_chosen_edge_types_are_bold_whichever_way_they_are_walked():
    schema = toy_shop().schema
    for name in ("orders-user_id->users", "users-rev_user_id->orders"):
        bold = schema_svg(schema, chosen=[schema.edge_type(name)]).count("stroke-width='3'")
        assert bold == 1


def test_hostile_names_are_text():
    for name in ("<script>x</script>", "a\x00b", "'\"&", "\u202eabc", "x" * 1_000_000):
        picture = schema_svg(Schema((Table(name, ()),)))
        ET.fromstring(picture)
        assert len(picture) < 5000
        assert "<script" not in picture


def test_labels_are_clipped():
    assert clipped("abc", 3) == "abc"
    assert clipped("abcd", 3) == "ab\u2026"
