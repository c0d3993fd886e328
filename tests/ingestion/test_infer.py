"""infer_schema on real and on tricky tables: right without edits, and honest in its notes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.schema import Schema, Stype
from workbench.testing.flights import flights_tables


def links(schema: Schema) -> set[str]:
    return {f"{table.name}.{key.column} -> {key.table}" for table in schema for key in table.foreign_keys}


def test_formula_one_needs_no_edit(shared_data: Any) -> None:
    schema = infer_schema(shared_data("rel-f1/db"))
    timed = {table.name for table in schema if table.time}
    assert {table.name: table.time for table in schema if table.time} == dict.fromkeys(timed, "date")
    assert {table.name for table in schema} - timed == {"circuits", "constructors", "drivers"}
    assert {table.name: table.primary_key for table in schema} == {
        "circuits": "circuitId",
        "constructor_results": "constructorResultsId",
        "constructor_standings": "constructorStandingsId",
        "constructors": "constructorId",
        "drivers": "driverId",
        "qualifying": "qualifyId",
        "races": "raceId",
        "results": "resultId",
        "standings": "driverStandingsId",
    }
    race, driver, team = "raceId -> races", "driverId -> drivers", "constructorId -> constructors"
    expected = {"races": ["circuitId -> circuits"], "standings": [race, driver]}
    expected |= {name: [race, team] for name in ("constructor_results", "constructor_standings")}
    expected |= {name: [race, driver, team] for name in ("qualifying", "results")}
    assert links(schema) == {f"{name}.{link}" for name, found in expected.items() for link in found}
    assert schema["standings"].column("position").stype is Stype.SET_ASIDE
    assert [note for note in schema.notes if "position" in note]
    assert schema["results"].column("statusId").stype is Stype.CATEGORICAL
    assert schema["drivers"].column("dob").stype is Stype.TIMESTAMP
    assert schema["races"].column("year").stype is Stype.NUMERICAL


def test_flights_link_by_name_and_by_value() -> None:
    schema = infer_schema(flights_tables(20_000))
    assert links(schema) == {
        "flights.carrier -> airlines",
        "flights.tailnum -> planes",
        "flights.origin -> airports",
        "flights.dest -> airports",
        "flights.weather_key -> weather",
        "weather.origin -> airports",
    }
    assert {table.name: table.time for table in schema if table.time} == {
        "flights": "known_at",
        "weather": "time_hour",
    }
    assert schema["airports"].primary_key == "faa"
    assert schema["flights"].primary_key is None


def test_a_flat_shop_after_splitting(shared_data: Any) -> None:
    tables = read_tables(shared_data("online_retail/online_retail.parquet"), name="lines")
    tables = tables.split("lines", "CustomerID", ["Country"]).split("lines", "StockCode", ["Description"])
    schema = infer_schema(tables)
    assert links(schema) == {"lines.CustomerID -> customers", "lines.StockCode -> stockcodes"}
    assert schema["lines"].time == "InvoiceDate"
    assert schema["lines"].column("InvoiceNo").stype is not Stype.NUMERICAL
    assert schema["stockcodes"].column("Description").stype is Stype.TEXT
    assert any("several values" in note for note in schema.notes)


def test_small_integers_are_no_keys() -> None:
    """Quantities, ratings and ages lie inside every table that is numbered from 0 or 1."""
    rng = np.random.default_rng(0)
    schema = infer_schema(
        {
            "products": pa.table({"id": np.arange(1000), "stock": rng.integers(0, 1000, 1000)}),
            "orders": pa.table(
                {
                    "product_id": rng.integers(0, 1000, 5000),
                    "quantity": rng.integers(1, 12, 5000),
                    "age": rng.integers(18, 90, 5000),
                }
            ),
        }
    )
    assert links(schema) == {"orders.product_id -> products"}


def test_sparse_integers_are_linked_by_value() -> None:
    rng = np.random.default_rng(0)
    keys = rng.choice(10**9, 500, replace=False)
    tables = {"people": pa.table({"person_id": keys}), "calls": pa.table({"caller": rng.choice(keys, 2000)})}
    assert links(infer_schema(tables)) == {"calls.caller -> people"}


def test_a_name_that_the_values_deny_is_not_linked() -> None:
    tables = {"users": pa.table({"user_id": [1, 2, 3]}), "logs": pa.table({"user_id": [100, 200, 300]})}
    schema = infer_schema(tables)
    assert links(schema) == set()
    assert any("only 0% of its values are keys there; not linked" in note for note in schema.notes)


def test_a_name_of_another_type_is_said() -> None:
    tables = {"users": pa.table({"user_id": [1, 2]}), "logs": pa.table({"user_id": ["1", "2"], "n": [1, 2]})}
    schema = infer_schema(tables)
    assert links(schema) == set()
    assert any("one is text and the other a number; link them after tables.derive" in n for n in schema.notes)


def test_a_row_that_points_at_its_own_table() -> None:
    tables = {"staff": pa.table({"id": [1, 2, 3], "manager_id": [None, 1, 1]})}
    assert links(infer_schema(tables)) == {"staff.manager_id -> staff"}


def test_singular_names_and_generic_keys() -> None:
    tables = {
        "customers": pa.table({"id": [5, 6, 7]}),
        "categories": pa.table({"code": ["a", "b", "c"]}),
        "sales": pa.table({"id": [1, 2, 3], "customer": [5, 6, 5], "category_code": ["a", "c", "a"]}),
    }
    assert links(infer_schema(tables)) == {"sales.customer -> customers", "sales.category_code -> categories"}


def test_near_misses_of_keys_are_said() -> None:
    schema = infer_schema(
        {"users": pa.table({"user_id": [1, 1, 2]}), "items": pa.table({"item_id": [1, None, 2]})}
    )
    assert [table.primary_key for table in schema] == [None, None]
    assert any(
        "users.user_id: named like the primary key, but 1 rows repeat a value" in n for n in schema.notes
    )
    assert any("items.item_id: named like the primary key, but 1 values are null" in n for n in schema.notes)


def test_a_static_fact_table_is_warned_about() -> None:
    tables = {
        "invoices": pa.table({"invoice_id": [1, 2], "at": pa.array([0, 1], pa.timestamp("s"))}),
        "lines": pa.table({"invoice_id": [1, 2, 2], "amount": [1.0, 2.0, 3.0]}),
    }
    assert any("lines: no time column" in note and "invoices" in note for note in infer_schema(tables).notes)


def test_tables_that_nothing_links_are_said() -> None:
    flat = read_tables({"flat": pa.table({"x": [1.5, 2.5], "y": ["a", "b"]})})
    said = [note for note in infer_schema(flat).notes if note.startswith("no table links to another")]
    assert len(said) == 1
    assert "wb.normalise(tables, {name: [key, column, ...], ...}, time=column)" in said[0]
    linked = {"users": pa.table({"user_id": [1, 2, 3]}), "orders": pa.table({"user_id": [3, 1, 3]})}
    assert not [note for note in infer_schema(linked).notes if "no table links" in note]


def test_a_history_is_suggested_and_never_made() -> None:
    start = np.datetime64("2026-01-01", "us") + np.arange(60).astype("m8[D]")
    prices = {"item_id": np.arange(60) % 20, "valid_from": start, "price": np.linspace(1, 9, 60)}
    orders = {"item_id": np.arange(60) % 20, "ordered_at": start, "amount": np.linspace(1, 9, 60)}
    items = {"item_id": np.arange(20), "weight": np.linspace(0, 1, 20)}
    schema = infer_schema({"items": pa.table(items), "prices": pa.table(prices), "orders": pa.table(orders)})
    assert set(schema.node_types) == {"items", "prices", "orders"}
    found = [note for note in schema.notes if "as_history" in note]
    assert len(found) == 1
    assert "schema.as_history('prices')" in found[0]
    assert schema.as_history("prices").node_types == ("items", "orders")
