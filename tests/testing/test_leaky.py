"""The future is seen exactly as far as asked, and the audit finds it; notebook 04 asserts what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench as wb
from workbench.errors import AnchorError
from workbench.plan.fanout import Fanout
from workbench.stores.protocols import GraphStore
from workbench.testing.leaky import seeing_the_future

FANOUT = Fanout([6, 1], strategy="recent")


def test_the_future_is_seen_as_far_as_asked_and_the_audit_finds_it(tmp_path: Path) -> None:
    shop = wb.commerce(60, periods=6, seed=3)
    wb.ingest(shop.tables, wb.infer_schema(shop.tables), tmp_path / "s")
    engine = wb.open(tmp_path / "s")
    when = {"val": shop.val, "test": shop.test, "begin": shop.start, "observed_until": shop.end}
    task = engine.task(shop.query, **when)
    seeds = task.seeds("val")
    seeds = seeds[seeds.anchor_time == wb.instant(shop.val)]
    with pytest.warns(UserWarning, match="30 days beyond its anchor. Metrics of this engine are worthless"):
        near = seeing_the_future(engine, days=30)
    with pytest.warns(UserWarning, match="everything that ever happened"):
        far = seeing_the_future(engine)
    assert isinstance(far.graph, GraphStore)
    later = wb.instant(shop.val) + wb.instant("1970-01-31")
    honest = engine.sample(engine.seeds("users", seeds.key.to_pylist(), at=later), FANOUT)
    assert near.sample(seeds, FANOUT).same_as(honest)
    assert (near.sample(seeds, FANOUT).request.anchors == seeds.anchor_time).all(), "seeds keep their anchors"
    assert engine.audit(engine.sample(seeds, FANOUT)).ok
    for cheating in (near, far):
        found = engine.audit(cheating.sample(seeds, FANOUT))
        assert {fault.kind for fault in found.faults} >= {"edge later than the anchor"}
    with pytest.raises(AnchorError, match="more than 0"):
        seeing_the_future(engine, days=0)
