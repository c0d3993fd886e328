"""Tasks whose accuracy is measured: a query and when its splits begin. Another task is another entry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A query over a folder of Parquet files.

    Attributes
    ----------
    data : str  folder of ``*.parquet``; of the tasks below under ``../shared/data``
    query : str
    val, test : str  when these splits begin
    metric : str  ``auroc`` or ``mae``, in which figures are told
    windows : int or None  anchors of val and of test, at most
    published : str  what others reached on test, and under which protocol
    """

    data: str
    query: str
    val: str
    test: str
    metric: str
    windows: int | None = None
    published: str = ""


F1 = "rel-f1/db"

TASKS: dict[str, Entry] = {
    "driver-dnf": Entry(
        F1,
        "PREDICT COUNT(results.* WHERE results.statusId != 1, 0, 30, days) > 0 FOR EACH drivers.driverId "
        "ASSUMING COUNT(results.*, 0, 30, days) > 0",
        "2005-01-01",
        "2010-01-01",
        "auroc",
        40,
        "live KumoRFM 82.4, v2 84.6; frozen LightGBM 68.9, RDL 72.6, RelGNN 75.3, RelGT 75.9",
    ),
    "driver-top3": Entry(
        F1,
        "PREDICT MIN(qualifying.position, 0, 30, days) <= 3 FOR EACH drivers.driverId",
        "2005-01-01",
        "2010-01-01",
        "auroc",
        40,
        "live KumoRFM 99.6; frozen LightGBM 73.9, RDL 75.5, RelGT 83.5, RelGNN 85.7",
    ),
    "driver-position": Entry(
        F1,
        "PREDICT AVG(results.positionOrder, 0, 60, days) FOR EACH drivers.driverId",
        "2005-01-01",
        "2010-01-01",
        "mae",
        40,
        "live KumoRFM 2.73; frozen LightGBM 4.17, RDL 4.02, RelGT 3.92",
    ),
}
"""Name -> entry."""
