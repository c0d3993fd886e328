"""The demo audits what training and prediction draw, and enough of both."""

from __future__ import annotations

from workbench.demo.samples import sampled
from workbench.demo.task import QUERY, boundaries, tuned
from workbench.engine import Engine


def test_half_of_the_edges_come_from_each_use(engine: Engine) -> None:
    task = engine.task(QUERY, **boundaries(engine))
    plan = tuned(engine.suggest_plan(task))
    seeds = {split: task.seeds(split) for split in ("train", "test")}
    found = list(sampled(engine, plan, seeds, 40_000))
    edges = {True: 0, False: 0}
    for sample in found:
        edges[sample.request.plan.disjoint] += sample.num_edges
    if not plan.fanout.disjoint:
        assert min(edges.values()) >= 20_000
    assert 40_000 <= sum(edges.values()) < 400_000


def test_no_edges_means_no_samples(engine: Engine) -> None:
    task = engine.task(QUERY, **boundaries(engine))
    plan = tuned(engine.suggest_plan(task))
    assert not list(sampled(engine, plan, {"train": task.seeds("train"), "test": task.seeds("test")}, 0))
