"""Locality under a plan: the batches that it samples, replayed over the orders in which rows could lie.

batches of a plan -> distinct rows of each table -> ``ingestion/locality.py`` counts pages
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbench.errors import LoaderError, expect, explain
from workbench.ingestion.found_links import expect_links_found
from workbench.ingestion.lay_out import chosen, moved
from workbench.ingestion.locality import Locality, measured
from workbench.ingestion.orders import Order, Orders, check_order
from workbench.ingestion.pilot import drawn_seeds, pilot
from workbench.kernels.rng import derive_key
from workbench.loading.join import plan_join
from workbench.loading.order import batch_order
from workbench.plan.model_plan import ModelPlan
from workbench.plan.sampling_plan import SamplingPlan, expect_plan
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import FeatureStore, VersionedFeatures
from workbench.stores.ram_graph import RamGraph
from workbench.stores.reorder import Reordering, reorder
from workbench.stores.request import SeedSet
from workbench.stores.versions import Histories
from workbench.types import AnyArray


def locality(
    dataset: Dataset,
    graph: RamGraph,
    features: FeatureStore,
    plan: ModelPlan | SamplingPlan,
    seeds: SeedTable | None = None,
    *,
    batch_size: int | None = None,
    batches: int = 8,
    key: int = 0,
) -> Locality:
    """Replay batches over the orders in which rows could lie. Behind ``engine.features.locality(plan)``.

    Parameters
    ----------
    plan : ModelPlan, or a Fanout or Metapaths
    seeds : SeedTable or None
        Whose batches are replayed, such as ``task.seeds("train")``. None: nodes of the type that most edges
        lead to, drawn at moments spread over the history.
    batch_size : int or None  seeds of a batch; None: the model plan's, or 512
    batches : int  replayed at most

    Raises
    ------
    PlanError, LoaderError
        If the plan is none, or there are no batches to replay.
    """
    fanout = plan.fanout if isinstance(plan, ModelPlan) else plan
    expect_plan(fanout, "locality under a plan", "Take a ModelPlan, or Fanout([16, 8])")
    size = batch_size or (plan.optimisation.batch_size if isinstance(plan, ModelPlan) else 512)
    sampler = NeighborSampler(graph, fanout, key=key, purpose="locality")
    if seeds is None:
        drawn = drawn_seeds(graph, size, batches, key)
    else:
        expect(seeds, SeedTable, LoaderError, "batches to replay", "Take task.seeds('train')")
        drawn = _batches(seeds, fanout, size, batches, key)
    versions = features if isinstance(features, VersionedFeatures) else None
    read: dict[str, list[AnyArray]] = {}
    replayed = 0
    for batch in drawn:
        replayed += 1
        join = plan_join(graph.schema, features.groups, sampler.sample(batch), versions=versions)
        for table, ids in join.rows:
            read.setdefault(table, []).append(ids)
    if not replayed:
        do = "Pass seeds=task.seeds('train')"
        raise LoaderError(explain("batches were to be replayed", "there are no seeds", do=do), -1)
    return measured(dataset, Orders(graph.arrays, Histories(dataset)), read, replayed)


def reordered(
    dataset: Dataset,
    graph: RamGraph,
    features: FeatureStore,
    order: Order | ModelPlan | SamplingPlan,
    seeds: SeedTable | None = None,
) -> Reordering:
    """Lay feature rows out anew, in an order that is said or that a plan's batches choose. See the engine.

    Raises
    ------
    SchemaError, PlanError, LoaderError
        If a table cannot have such an order, or batches cannot be replayed; nothing was changed.
    StoreError
        If the dataset changed since it was opened, or the disk refuses; nothing was changed.
    """
    expect_links_found(dataset, f"rows of {dataset.path} were to be reordered")
    orders = Orders(graph.arrays, Histories(dataset))
    if isinstance(order, (str, Mapping)):
        check_order(dataset.schema, order)
        names = chosen(dataset, orders, order, lambda: pilot(dataset, graph, orders))
    else:
        found = locality(dataset, graph, features, order, seeds)
        names = {each.table: each.best for each in found.tables}
    slots = moved(dataset, orders, names)
    return reorder(dataset.path, slots, {table: names[table] for table in slots}, dataset.snapshot)


def _batches(seeds: SeedTable, fanout: SamplingPlan, size: int, batches: int, key: int) -> Iterator[SeedSet]:
    """Batches of an epoch, as a loader cuts them."""
    anchors = None if fanout.disjoint else seeds.visible_until
    order = batch_order(len(seeds), size, shuffle=True, key=derive_key(key, "locality"), anchors=anchors)
    for batch in range(min(batches, len(order))):
        yield seeds.seed_set(order[batch])
