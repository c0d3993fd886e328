"""How many pages of the disk a batch touches, for every order in which rows could lie: measured, not guessed.

    replay batches -> distinct rows of each table -> page of each row, order by order -> pages per batch

``time`` is the order of ids. Rows in the order of a foreign key (and then of time) lie together where one
node's rows are read together. What pays is said in :attr:`Locality.slots`, which ``ingest(slots=)`` takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.errors import LoaderError, expect, explain
from workbench.ingestion.permuted import slots_in
from workbench.kernels.rng import derive_key
from workbench.loading.join import plan_join
from workbench.loading.order import batch_order
from workbench.plan.model_plan import ModelPlan
from workbench.plan.sampling_plan import SamplingPlan, expect_plan
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import FeatureStore, GraphStore
from workbench.stores.request import SeedSet
from workbench.stores.segments import PAGE
from workbench.stores.sql import ROW, quote_name
from workbench.temporal import NO_TIME, cut
from workbench.types import AnyArray, Int64Array

TIME = "time"
"""The order of ids: rows of every table are in time order."""

STORED = "stored"
"""The order in which rows lie now, where it is another."""

PAYS = 1.2
"""An order must touch so many times fewer pages to be worth 4 bytes of memory a row."""


@dataclass(frozen=True)
class TableLocality:
    """One table.

    Attributes
    ----------
    table : str
    rows : float  distinct rows that a batch reads
    pages : dict order -> pages of 4 KiB that a batch touches
    """

    table: str
    rows: float
    pages: Mapping[str, float]

    @property
    def now(self) -> float:
        """Pages per batch as rows lie now."""
        return self.pages.get(STORED, self.pages[TIME])

    @property
    def best(self) -> str:
        """The order that touches fewest pages, if it pays; otherwise that of time."""
        keys = {name: pages for name, pages in self.pages.items() if name not in (TIME, STORED)}
        least = min(keys, key=lambda name: keys[name], default=TIME)
        return least if self.pages[least] * PAYS < self.pages[TIME] else TIME


@dataclass(frozen=True, repr=False)
class Locality:
    """What replayed batches touched.

    Attributes
    ----------
    tables : tuple of TableLocality  those with features that the batches read
    batches : int  replayed
    """

    tables: tuple[TableLocality, ...] = field(default=())
    batches: int = 0

    @property
    def before(self) -> float:
        """Pages per batch as rows lie now."""
        return sum(table.now for table in self.tables)

    @property
    def after(self) -> float:
        """Pages per batch with :attr:`slots`."""
        return sum(table.pages[table.best] for table in self.tables)

    @property
    def slots(self) -> dict[str, str]:
        """Table -> column to order its rows by, where that pays; for ``ingest(slots=)``."""
        return {table.table: table.best for table in self.tables if table.best != TIME}

    def __repr__(self) -> str:
        lines = [f"Locality: {self.before:,.0f} pages a batch, {self.after:,.0f} with slots={self.slots}"]
        for each in self.tables:
            orders = ", ".join(f"{name} {pages:,.0f}" for name, pages in each.pages.items())
            lines.append(f"  {each.table}: {each.rows:,.0f} rows a batch; pages by order: {orders}")
        return "\n".join([*lines, f"  over {self.batches} batches"])


def locality(
    dataset: Dataset,
    graph: GraphStore,
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
    read: dict[str, list[AnyArray]] = {}
    replayed = 0
    for batch in drawn:
        replayed += 1
        for each in plan_join(graph.schema, features.groups, sampler.sample(batch)).reads:
            read.setdefault(each.group, []).append(each.ids)
    if not replayed:
        do = "Pass seeds=task.seeds('train')"
        raise LoaderError(explain("batches were to be replayed", "there are no seeds", do=do), -1)
    tables = [
        _table(dataset, name, features.groups[name].stride, ids, replayed) for name, ids in read.items()
    ]
    return Locality(tuple(tables), replayed)


def _batches(seeds: SeedTable, fanout: SamplingPlan, size: int, batches: int, key: int) -> Iterator[SeedSet]:
    """Batches of an epoch, as a loader cuts them."""
    anchors = None if fanout.disjoint else seeds.visible_until
    order = batch_order(len(seeds), size, shuffle=True, key=derive_key(key, "locality"), anchors=anchors)
    for batch in range(min(batches, len(order))):
        yield seeds.seed_set(order[batch])


def drawn_seeds(graph: GraphStore, size: int, batches: int, key: int = 0) -> Iterator[SeedSet]:
    """Batches of nodes of the type that most edges lead to, one anchor each, spread over the history."""
    edges = dict.fromkeys(graph.schema.node_types, 0)
    for edge_type in graph.schema.edge_types:
        edges[edge_type.dst] += graph.num_edges(edge_type) if not edge_type.is_reverse else 0
    seed_type = max(edges, key=lambda name: edges[name])
    clocks = [clock for table in graph.schema if (clock := graph.times(table.name)) is not None]
    clock = max(clocks, key=len, default=np.zeros(1, np.int64))
    clock = clock[: np.searchsorted(clock, NO_TIME)]
    rng = np.random.default_rng(derive_key(key, "locality"))
    own = graph.times(seed_type)
    for batch in range(batches if len(clock) else 0):
        anchor = clock[int((batch + 0.5) / batches * len(clock))]
        known = graph.num_nodes(seed_type) if own is None else int(cut(own, np.array([anchor]))[0])
        ids = rng.choice(known, min(size, known), replace=False)
        if len(ids):
            yield SeedSet.of(seed_type, ids, int(anchor))


def _table(dataset: Dataset, table: str, stride: int, read: list[AnyArray], batches: int) -> TableLocality:
    """Mean pages of the batches of one table, order by order."""
    count = dataset.manifest.rows(table)
    entry = dataset.manifest.find("features", table)
    if entry is not None and count:  # rows may be stored narrower than they are read
        stride = min(stride, max(1, entry.bytes // count))
    pages = {TIME: _mean_pages(None, read, stride, batches)}
    file = dataset.file("slot", table)
    if file is not None:
        pages[STORED] = _mean_pages(np.fromfile(file, np.uint32), read, stride, batches)
    with dataset.duckdb() as connection:
        for foreign in dataset.schema[table].foreign_keys:
            slots = slots_in(connection, quote_name(table), ROW, foreign.column, count)
            pages[foreign.column] = _mean_pages(slots, read, stride, batches)
    return TableLocality(table, sum(map(len, read)) / batches, pages)


def _mean_pages(slots: AnyArray | None, read: list[AnyArray], stride: int, batches: int) -> float:
    return sum(pages_of(ids if slots is None else slots[ids], stride) for ids in read) / batches


def pages_of(places: AnyArray, stride: int) -> int:
    """Pages of 4 KiB that hold some rows of ``stride`` bytes.

    Parameters
    ----------
    places : integers[n]  where the rows lie, in rows from the beginning of the file
    """
    begins: Int64Array = np.unique(places).astype(np.int64) * stride
    first, last = begins // PAGE, (begins + stride - 1) // PAGE
    before = np.concatenate([[-1], last])[:-1]
    return int((last - np.maximum(first, before + 1) + 1).clip(min=0).sum())
