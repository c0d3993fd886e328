"""What stages leave for each other starts empty, and is not shared between ingests."""

from __future__ import annotations

from workbench.ingestion.built import Built


def test_every_ingest_starts_with_nothing() -> None:
    first, second = Built(), Built()
    first.rows["users"] = 1
    first.follow.append("a-b->c")
    assert vars(second) == {name: type(value)() for name, value in vars(second).items()}
