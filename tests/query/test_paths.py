"""Foreign keys to the entity; the path that an error proposes is followed as it stands."""

from __future__ import annotations

import pandas as pd
import pytest

import workbench as wb
from workbench.errors import QueryError

TEXT = "PREDICT COUNT({}, 0, 30) FOR EACH users.user_id"
START = pd.Timestamp("2020-01-01")


@pytest.fixture(scope="module")
def tables():
    at = START + pd.to_timedelta(range(100), "D")
    orders = pd.DataFrame({"order_id": range(100), "user_id": [i % 5 for i in range(100)], "ts": at})
    orders.loc[7, "user_id"] = None
    items = pd.DataFrame({"item_id": range(200), "order_id": [i // 2 for i in range(200)]})
    items["at"] = items.order_id.map(orders["ts"])
    return wb.read_tables({"users": pd.DataFrame({"user_id": range(5)}), "orders": orders, "items": items})


def test_the_proposed_path_is_followed(tables, tmp_path):
    wb.ingest(tables, wb.infer_schema(tables), tmp_path / "shop")
    engine = wb.open(tmp_path / "shop")
    with pytest.raises(QueryError, match="Name the path: COUNT") as caught:
        engine.task(TEXT.format("items.*"))
    proposed = str(caught.value).split("Name the path: COUNT(")[1].split(", ...")[0]
    assert proposed == "items.* VIA items.order_id -> orders.user_id"
    found = engine.task(TEXT.format(proposed)).seeds("train").to_pandas()
    orders, items = tables.arrow("orders").to_pandas(), tables.arrow("items").to_pandas()
    joined = items.merge(orders, on="order_id")
    for row in found.itertuples():
        inside = (joined["at"] > row.anchor_time) & (joined["at"] <= row.anchor_time + pd.Timedelta(days=30))
        assert row.label == (inside & (joined.user_id == row.entity)).sum()
    assert found.label.sum() > 0


@pytest.mark.parametrize("kind", ["object", "int64"])
def test_a_table_without_a_link_because_it_is_empty_is_said(kind, tmp_path):
    orders = pd.DataFrame({"order_id": [], "user_id": [], "ts": []}, dtype=kind)
    tables = wb.read_tables({"users": pd.DataFrame({"user_id": range(5)}), "orders": orders})
    schema = wb.infer_schema(tables)
    assert any(note.startswith("orders: the table is empty, so its links cannot be") for note in schema.notes)
    wb.ingest(tables, schema, tmp_path / "shop")
    words = (
        "'orders' has none: it is empty, and links are found by values.*schema.link\\('orders', column, 'u"
    )
    with pytest.raises(QueryError, match=words):
        wb.open(tmp_path / "shop").task(TEXT.format("orders.*"))
