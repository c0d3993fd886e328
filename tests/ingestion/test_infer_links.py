"""Claims by name, and what values must say to them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from workbench.ingestion.infer import infer_schema
from workbench.ingestion.infer_links import name_claim, overlap, primary_key
from workbench.ingestion.profile import profile_table
from workbench.ingestion.tables import read_tables
from workbench.schema import Stype


def test_a_sample_of_a_large_table_makes_its_keys_no_sparser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.ingestion.profile.SAMPLE_ROWS", 200)
    rows = 10_000
    people = pa.table({"person_id": range(2 * rows, 4 * rows, 2), "age": [18 + i % 80 for i in range(rows)]})
    orders = pa.table({"order_id": range(1, rows + 1), "size": [i % 5 for i in range(rows)]})
    schema = infer_schema({"people": people, "orders": orders})
    assert schema["people"].foreign_keys == ()
    assert schema["people"].column("age").stype is Stype.NUMERICAL


@pytest.mark.parametrize(
    ("table", "column", "target", "key", "claimed"),
    [
        ("orders", "user_id", "users", "user_id", 5),
        ("orders", "userId", "users", "id", 3),
        ("orders", "user", "users", "id", 3),
        ("flights", "tailnum", "planes", "tailnum", 4),
        ("games", "home_team_id", "teams", "id", 1),
        ("orders", "id", "users", "id", 0),
        ("orders", "quantity", "users", "id", 0),
        ("staff", "manager_id", "staff", "id", 2),
        ("staff", "age", "staff", "id", 0),
    ],
)
def test_claims_by_name(table: str, column: str, target: str, key: str, claimed: int) -> None:
    assert name_claim(table, column, target, key, is_key=False) == claimed


def test_a_primary_key_may_point_at_its_twin() -> None:
    assert name_claim("profiles", "user_id", "users", "user_id", is_key=True) == 4
    assert name_claim("profiles", "profile_id", "users", "user_id", is_key=True) == 0


def test_overlap_counts_distinct_values() -> None:
    tables = read_tables({"a": pa.table({"k": [1, 1, 1, 9, None]}), "b": pa.table({"k": [1, 2]})})
    assert overlap(tables, "a", "k", "b", "k") == 0.5
    assert overlap(tables.where("a", "k IS NULL"), "a", "k", "b", "k") == 0.0


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"id": [1, 2], "name": ["a", "b"]}, "id"),
        ({"name": ["a", "b"], "thing_id": [1, 2]}, "thing_id"),
        ({"faa": ["JFK", "EWR"], "lat": [1.5, 2.5]}, "faa"),
        ({"year": [2019, 2020], "value": [1, 2]}, None),
        ({"weight": [1.5, 2.5]}, None),
        ({"thing_id": [1.0, 2.0, None]}, None),
        ({"when": pa.array([0, 1], pa.timestamp("s"))}, None),
    ],
)
def test_primary_keys(columns: dict, key: str | None) -> None:
    tables = read_tables({"things": pa.table(columns)})
    assert primary_key(tables, "things", profile_table(tables, "things"))[0] == key
