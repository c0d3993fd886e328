"""Slots: another order on disk, the same rows by id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import SchemaError
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify

RNG = np.random.default_rng(3)
SHOP = {
    "users": pa.table({"user_id": np.arange(20)}),
    "orders": pa.table(
        {
            "user_id": RNG.integers(0, 20, 500),
            "at": pa.array(RNG.integers(0, 10**6, 500), pa.timestamp("s")),
            "amount": RNG.random(500),
            "kind": RNG.choice(["a", "b", "c"], 500),
        }
    ),
}
SCHEMA = infer_schema(SHOP)


def test_the_same_rows_by_id_and_neighbours_side_by_side(tmp_path: Path) -> None:
    ingest(SHOP, SCHEMA, tmp_path / "plain")
    ingest(SHOP, SCHEMA, tmp_path / "slots", slots={"orders": "user_id"})
    plain, slotted = (Dataset.open(tmp_path / name) for name in ("plain", "slots"))
    assert not verify(slotted.path).problems
    ids = RNG.permutation(500)
    one, other = (SsdFeatures.open(d).multi_get([Read("orders", ids)])[0] for d in (plain, slotted))
    assert (one.data == other.data).all()
    slot = np.fromfile(slotted.file("slot", "orders"), np.uint32)
    users = np.array(plain.duckdb().execute("SELECT user_id FROM orders ORDER BY __row__").fetchall())[:, 0]
    assert (np.argsort(slot) == np.lexsort((np.arange(500), users))).all()
    assert plain.file("slot", "orders") is None


def test_an_empty_table_may_have_slots(store_path: Path) -> None:
    empty = {**SHOP, "orders": SHOP["orders"].slice(0, 0)}
    ingest(empty, SCHEMA, store_path, slots={"orders": "user_id"})
    assert not verify(store_path).problems


def test_slots_name_columns(store_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"column 'user'.*Did you mean 'user_id'"):
        ingest(SHOP, SCHEMA, store_path, slots={"orders": "user"})
