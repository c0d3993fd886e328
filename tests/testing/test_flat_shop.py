"""The generated flat table: it is flat, it repeats, and what was planted is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workbench.ingestion.tables import read_tables
from workbench.testing.flat_shop import CANCELLED, UNKNOWN, flat_shop, flat_shop_csv


def test_it_repeats_and_is_in_time_order() -> None:
    table = flat_shop(80, 120)
    assert table.equals(flat_shop(80, 120))
    assert not table.equals(flat_shop(80, 120, seed=1))
    assert (np.diff(table["InvoiceDate"].to_numpy().astype(np.int64)) >= 0).all()


def test_keys_decide_what_they_imply_and_gaps_are_there() -> None:
    frame = flat_shop(200, 200).to_pandas()
    for key, columns in (
        ("InvoiceNo", ["InvoiceDate"]),
        ("StockCode", ["Description", "UnitPrice"]),
        ("CustomerID", ["Country"]),
    ):
        assert (frame.groupby(key)[columns].nunique() <= 1).all(axis=None)
    invoices = frame.groupby("InvoiceNo").agg({"CustomerID": "first", "Quantity": ["min", "max"]})
    negative = invoices["Quantity"]["max"] < 0
    assert (negative == invoices.index.str.startswith("C")).all()
    assert abs(negative.mean() - CANCELLED) < 0.02
    assert abs(invoices["CustomerID"]["first"].isna().mean() - UNKNOWN) < 0.05


def test_customers_come_back_to_what_they_bought(tmp_path: Path) -> None:
    tables = read_tables({"lines": flat_shop_csv(tmp_path / "a" / "retail.csv", customers=100, days=200)})
    again, seen = tables.query(
        "SELECT avg((n > 1)::int), count(*) FROM (SELECT count(*) n FROM lines "
        "WHERE CustomerID IS NOT NULL GROUP BY CustomerID, StockCode)"
    ).to_pylist()[0].values()  # fmt: skip
    assert seen > 500
    assert again > 0.3
