"""The demo's question fits however much of the year there is."""

from __future__ import annotations

from workbench.demo.task import QUERY, boundaries, tuned
from workbench.engine import Engine
from workbench.temporal import instant


def test_splits_lie_inside_the_data_in_order(engine: Engine) -> None:
    chosen = boundaries(engine)
    times = engine.graph.times("flights")
    assert times is not None
    assert times[0] < instant(chosen["val"]) < instant(chosen["test"]) < times[-1]
    assert chosen["test"].endswith("14:00:00")


def test_the_plan_fits_the_schema_and_reaches_other_planes(engine: Engine) -> None:
    task = engine.task(QUERY, **boundaries(engine))
    plan = tuned(engine.suggest_plan(task))
    steps = plan.fanout.compile(engine.schema, ["planes"])
    assert plan.model.layers >= steps.hops == 3
    assert {"airlines", "airports"} <= {step.edge_type.dst for step in steps if step.hop == 3}
