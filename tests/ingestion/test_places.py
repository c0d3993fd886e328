"""New places are those of a stable sort by time, without deleted rows; slots keep what lay together."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from workbench.ingestion import places
from workbench.ingestion.places import Places
from workbench.schema import Column, Stype, Table
from workbench.temporal import NO_TIME


@dataclass
class _Rows:
    """As much of a dataset as places ask for."""

    stored: int
    late: int
    manifest: object = field(init=False)

    def __post_init__(self):
        self.manifest = self

    def rows(self, _):
        return self.stored

    def late_rows(self, _):
        return self.late


@pytest.mark.parametrize("number", range(20))
def test_order_and_slots(number, monkeypatch):
    rng = np.random.default_rng(number)
    stored, late = int(rng.integers(0, 30)), int(rng.integers(0, 8))
    clock = np.sort(rng.choice([0, 1, 2, 3, 4, NO_TIME], stored))
    late_clock = rng.choice([0, 1, 2, 3, NO_TIME], late)
    deleted, slots = np.flatnonzero(rng.random(stored) < 0.2), rng.permutation(stored)
    monkeypatch.setattr(places, "deleted_rows", lambda *_: deleted)
    monkeypatch.setattr(places, "current_slots", lambda *_: slots)
    monkeypatch.setattr(places, "clock_of", lambda *_: clock)
    monkeypatch.setattr(places, "_late_clock", lambda *_: late_clock)
    table = Table("t", (Column("at", Stype.TIMESTAMP),), time="at")
    made = Places.of(_Rows(stored, late), table)
    every = [(time, row) for row, time in enumerate([*clock, *late_clock]) if row not in deleted]
    assert made.order.tolist() == [row for _, row in sorted(every)]
    lying, where = made.by_slot(_Rows(stored, late), table)
    assert sorted(where.tolist()) == list(range(len(made.order)))
    assert [lying[slot] for slot in where] == made.order.tolist()
    old = [slots[row] for row in lying if row < stored]
    assert old == sorted(old), "rows that lay together lie together"
    assert all(row >= stored for row in lying[len(old) :])
