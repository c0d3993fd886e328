"""What a schema's drawing says of tables, columns and steps of sampling."""

from types import SimpleNamespace

import pytest

from widgets._schema_facts import LONGEST, MOST_COLUMNS, degree, schema_facts, schema_of
from workbench.errors import WorkbenchError
from workbench.schema import Column, ForeignKey, Schema, Stype, Table


def test_counts_spans_roles_and_degrees_are_those_of_the_graph(engine):
    facts = schema_facts(engine.schema, engine.graph)
    users, products, orders = facts["types"]
    assert [t["rows"] for t in facts["types"]] == [3, 2, 4]
    assert users["span"] == "1970-01-01 \u2013 1970-01-04"
    assert products["span"] == "static: always visible"
    assert ["user_id", "id -> users"] in orders["columns"]
    assert ["at", "timestamp (time)"] in orders["columns"]
    assert ["users_id", "id (key)"] in users["columns"]
    for way, edge_type in zip(facts["ways"], engine.schema.edge_types, strict=True):
        assert way["name"] == str(edge_type)
        assert (engine.schema.node_types[way["from"]], engine.schema.node_types[way["to"]]) == (
            edge_type.dst,
            edge_type.src,
        )
        mean = engine.graph.num_edges(edge_type) / engine.graph.num_nodes(edge_type.dst)
        assert float(way["degree"][1:]) == pytest.approx(mean, rel=1e-2)


def test_links_hold_both_directions(engine):
    facts = schema_facts(engine.schema)
    assert sorted(w for link in facts["links"] for w in link["ways"]) == list(range(len(facts["ways"])))
    for link in facts["links"]:
        there, back = (facts["ways"][w] for w in link["ways"])
        assert (there["from"], there["to"]) == (back["to"], back["from"])


def test_without_data_it_says_what_the_schema_knows(engine):
    facts = schema_facts(engine.schema)
    assert {t["rows"] for t in facts["types"]} == {None}
    assert facts["types"][0]["span"] == "timed by joined"
    assert degree(engine.schema, None, engine.schema.edge_type("orders-user_id->users")) == ""
    assert degree(engine.schema, None, engine.schema.edge_type("users-rev_user_id->orders")) == "at most 1"


def test_long_names_and_many_columns_are_cut():
    columns = tuple(Column(f"{i}" + "x" * 10**6, Stype.NUMERICAL) for i in range(MOST_COLUMNS + 2))
    table = schema_facts(Schema((Table("t" * 10**6, columns),)))["types"][0]
    assert len(table["name"]) == LONGEST
    assert (len(table["columns"]), table["more"]) == (MOST_COLUMNS, 2)
    assert all(len(name) == LONGEST for name, _ in table["columns"])


def test_an_engine_or_a_schema_is_taken_and_nothing_else(engine):
    assert schema_of(engine, "X") == (engine.schema, engine.graph)
    assert schema_of(engine.schema, "X") == (engine.schema, None)
    with pytest.raises(WorkbenchError, match="X was asked for: got a dict"):
        schema_of({}, "X")


def test_many_rows_for_one_are_counted_out():
    schema = Schema(
        (
            Table("one", (Column("id", Stype.ID),), "id"),
            Table("facts", (Column("of", Stype.ID),), foreign_keys=(ForeignKey("of", "one"),)),
        )
    )
    graph = SimpleNamespace(num_nodes=lambda table: 5, num_edges=lambda edge_type: 60_000)
    assert degree(schema, graph, schema.edge_type("facts-of->one")) == "\u00d712,000"
