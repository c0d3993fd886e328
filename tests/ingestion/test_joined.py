"""Rows that join a dataset for a while: tests/stores/test_overlay.py compares them with an append."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.errors import IngestError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.joined import joined, keys_over
from workbench.ingestion.tables import read_tables
from workbench.stores.dataset import Dataset
from workbench.stores.key_map import KeyMap


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    rows = {
        "users": pd.DataFrame({"user_id": ["a", "b"], "age": [1.5, 2.5]}),
        "visits": pd.DataFrame({"user_id": ["a", "b", "a"], "at": pd.date_range("2024-01-01", periods=3)}),
    }
    schema = infer_schema(read_tables(rows)).set_primary_key("visits", None)
    ingest(rows, schema.set_primary_key("users", "user_id"), tmp_path / "store")
    return Dataset.open(tmp_path / "store")


def test_keys_of_stored_and_of_joined_rows(dataset: Dataset) -> None:
    users, visits = KeyMap.open(dataset, "users"), KeyMap.open(dataset, "visits")
    new = {"users": pd.DataFrame({"user_id": ["z"], "age": [3.0]})}
    with joined(dataset, new) as larger:
        keys = keys_over(users, larger)
        assert keys.lookup(["z", "b", "?"]).tolist() == [2, 1, -1]
        assert (keys.rows, keys_over(visits, larger)) == (3, visits)
        assert larger.notes == ()
    more = {"visits": pd.DataFrame({"user_id": ["b"], "at": [pd.Timestamp("2024-02-01")]})}
    with joined(dataset, more) as larger:
        assert keys_over(users, larger) is users
        assert keys_over(visits, larger).lookup([3]).tolist() == [3], "they are keyed by their number"
    again = {"users": pd.DataFrame({"user_id": ["a"], "age": [3.0]})}
    with pytest.raises(IngestError, match="are there already"), joined(dataset, again):
        pass


def test_what_is_doubtful_is_noted(dataset: Dataset) -> None:
    lost = {"visits": pd.DataFrame({"user_id": ["nobody"], "at": [pd.Timestamp("2024-02-01")]})}
    with joined(dataset, lost) as larger:
        assert any("1 of 1 keys dangle" in note for note in larger.notes)
