"""Formula 1 tables (rel-f1) and a task over them, where they lie in ``../shared/data`` beside the project."""

from __future__ import annotations

from pathlib import Path

import workbench as wb

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "rel-f1"

DNF = (
    "PREDICT COUNT(results.* WHERE results.statusId != 1, 0, 30, days) > 0 FOR EACH drivers.driverId "
    "ASSUMING COUNT(results.*, 0, 30, days) > 0"
)
"""Whether a driver will not finish a race of the next 30 days."""

LAST_DAY = "2013-06-01"
"""A moment to predict at."""


def open_races(path: Path) -> tuple[wb.Engine, wb.Task] | None:
    """Ingest into a folder and open, with the task; None where the tables are not at hand."""
    if not FOLDER.exists():
        print("rel-f1 is not in ../shared/data: left out")
        return None
    tables = wb.read_tables(FOLDER / "db")
    wb.ingest(tables, wb.infer_schema(tables), path)
    engine = wb.open(path)
    return engine, engine.task(DNF, val="2005-01-01", test="2010-01-01", eval_windows=40)
