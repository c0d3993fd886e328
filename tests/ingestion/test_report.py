"""The report prints short and is plain JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from workbench.ingestion.report import IngestReport

REPORT = IngestReport(
    "shop", 3, {"users": 10, "orders": 90}, {"a-b->c": 5}, ("odd",), {"tables": 0.5, "edges": 1.5}
)


def test_it_prints_what_matters() -> None:
    text = repr(REPORT)
    assert (
        "Ingested 100 rows of 2 tables into shop (snapshot 3): 5 edges of 1 types in 2.0 s, 50 rows/s" in text
    )
    assert "tables 0.5 s, edges 1.5 s" in text
    assert text.endswith("  warning: odd")
    assert REPORT.total_rows == 100
    assert "  static: always visible: users\n" in repr(replace(REPORT, static=("users",)))


def test_it_is_json() -> None:
    assert json.loads(json.dumps(REPORT.to_dict()))["edges"] == {"a-b->c": 5}
