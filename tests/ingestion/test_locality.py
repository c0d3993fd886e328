"""Pages per batch: counted as sets of bytes say; an order is chosen only where it pays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.locality import PAGE, STORED, TableLocality, measured, pages_of
from workbench.ingestion.orders import ARRIVAL, Orders
from workbench.ingestion.tables import read_tables
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.testing.sizes import cases


@settings(max_examples=cases(200, 4000))
@given(st.lists(st.integers(0, 300), max_size=40), st.sampled_from([8, 64, 512, 1536, 4096, 6144, 9216]))
def test_pages_are_those_that_hold_a_byte(places: list[int], stride: int) -> None:
    expected = {byte // PAGE for place in places for byte in range(place * stride, (place + 1) * stride, 8)}
    assert pages_of(np.array(places, np.uint32), stride) == len(expected)


def test_an_order_is_chosen_only_where_it_pays() -> None:
    assert TableLocality("t", 9, {ARRIVAL: 100, "a": 90, "b": 84}).best == ARRIVAL
    assert TableLocality("t", 9, {ARRIVAL: 100, "a": 90, "b": 80}).best == "b"
    assert TableLocality("t", 9, {ARRIVAL: 100, STORED: 10}).best == ARRIVAL
    assert TableLocality("t", 0, {ARRIVAL: 0, "a": 0}).best == ARRIVAL
    assert TableLocality("t", 9, {ARRIVAL: 100, STORED: 10}).now == 10


def test_an_empty_table_touches_no_page(tmp_path: Path) -> None:
    users, none = pa.table({"id": [1, 2], "age": [1.0, 2.0]}), pa.array([], pa.float64())
    tables = {"users": users, "notes": pa.table({"user_id": none.cast(pa.int64()), "length": none})}
    schema = infer_schema(read_tables(tables)).link("notes", "user_id", "users")
    ingest(tables, schema, tmp_path)
    dataset = Dataset.open(tmp_path)
    found = measured(dataset, Orders(GraphArrays.open(dataset)), {"notes": [], "users": [np.array([1])]}, 1)
    assert (found.before, found.after, found.order) == (1, 1, {})
