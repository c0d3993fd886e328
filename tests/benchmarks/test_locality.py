"""The benchmark of locality reads the rows that batches read, and ingests what it proposes."""

import sys
from pathlib import Path

import numpy as np

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
if BENCHMARKS not in sys.path:
    sys.path.append(BENCHMARKS)

import locality  # noqa: E402
from _report import BenchReport  # noqa: E402

from workbench.testing.commerce import commerce  # noqa: E402


def test_both_orders_are_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(locality, "BATCH", 10)
    tables = commerce(1500, periods=8).tables
    report = BenchReport("locality")
    arrival = locality.ingested(tables, tmp_path / "time")
    order = locality.add_pages(report, "shop", arrival, None, locality.BATCH)
    assert order["orders"] == "user_id"
    ordered = locality.ingested(tables, tmp_path / "key", order)
    reads = locality.reads_of(arrival, "orders", locality.BATCH)
    assert len(reads) == locality.BATCHES
    assert all(len(np.unique(ids)) == len(ids) for ids in reads), "a batch asks each row once"
    locality.add_cold(report, "shop", "orders", arrival.dataset, ordered.dataset, reads)
    assert [row["unit"] for row in report.rows][-1] == "rows/s"
    assert all(row["value"] > 0 and row["ratio"] > 0 for row in report.rows)
    by_key = next(row for row in report.rows if row["case"] == "shop, latest 20, orders by user_id")
    assert by_key["ratio"] > 1.2


def test_communities_are_laid_out_where_they_lie(tmp_path, monkeypatch):
    monkeypatch.setattr(locality, "BATCHES", 2)
    report = BenchReport("locality")
    locality.add_communities(report, tmp_path / "c", 6000)
    pages, seconds, cold = report.rows
    assert pages["ratio"] > 1.2
    assert seconds["value"] > 0
    assert cold["case"] == "communities of 6,000 nodes, cold rows of nodes"
