"""Which samples the demo audits: batches as training draws them, then seeds each in its own subgraph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbench.engine import Engine
from workbench.loading.order import batch_order
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.subgraph import SampledSubgraph

SMALL_BATCH = 64
"""Seeds of a prediction sample: disjoint subgraphs are large."""


def sampled(
    engine: Engine, plan: ModelPlan, seeds: Mapping[str, SeedTable], edges: int, key: int = 0
) -> Iterator[SampledSubgraph]:
    """Samples of at least ``edges`` edges together, half of them from each use (fewer if seeds run out)."""
    yield from _until(edges - edges // 2, _training(engine, plan, seeds["train"], key))
    yield from _until(edges // 2, _predicting(engine, plan, seeds["test"], key))


def _until(edges: int, samples: Iterator[SampledSubgraph]) -> Iterator[SampledSubgraph]:
    found = 0
    for sample in samples:
        if found >= edges:
            return
        found += sample.num_edges
        yield sample


def _training(engine: Engine, plan: ModelPlan, seeds: SeedTable, key: int) -> Iterator[SampledSubgraph]:
    sampler = NeighborSampler(engine.graph, plan.fanout, key=key, purpose="train")
    for epoch in range(plan.optimisation.epochs):
        order = batch_order(
            len(seeds),
            plan.optimisation.batch_size,
            shuffle=True,
            key=key,
            epoch=epoch,
            anchors=None if plan.fanout.disjoint else seeds.visible_until,
        )
        for batch in range(len(order)):
            yield sampler.sample(seeds.seed_set(order[batch]), epoch=epoch)


def _predicting(engine: Engine, plan: ModelPlan, seeds: SeedTable, key: int) -> Iterator[SampledSubgraph]:
    fanout = plan.fanout.with_choices(disjoint=True)
    sampler = NeighborSampler(engine.graph, fanout, key=key, purpose="predict")
    order = batch_order(len(seeds), SMALL_BATCH, shuffle=True, key=key)
    for batch in range(len(order)):
        yield sampler.sample(seeds.seed_set(order[batch]))
