"""Engine: one open dataset in the kernel. A facade: every method is a few lines over composed nouns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from workbench.errors import PlanError, SchemaError, TaskError, TrainingError, expect, explain
from workbench.events import Callback
from workbench.ingestion.edit import Editing, edit
from workbench.kernels.rng import derive_key
from workbench.loading.order import batch_order
from workbench.plan.model_plan import ModelPlan
from workbench.plan.sampling_plan import SamplingPlan, expect_plan
from workbench.query.seed_table import SeedTable
from workbench.query.task import SPLITS, Task
from workbench.sampling.audit import AuditReport, audit
from workbench.sampling.leakage import LeakageReport, leakage_report
from workbench.sampling.profile import Cost, profile
from workbench.sampling.profile_batches import Profile, profile_batches
from workbench.sampling.profile_fit import Fit, fit_fanout
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import Schema
from workbench.stores.compaction import Compaction, compact
from workbench.stores.dataset import Dataset, shown
from workbench.stores.key_map import KeyMap
from workbench.stores.ram_graph import RamGraph
from workbench.stores.replaced import is_current, open_current
from workbench.stores.sizes import read_size
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import Int64Array

if TYPE_CHECKING:
    import torch

    from workbench.training.baselines import Baseline
    from workbench.training.parts import Parts
    from workbench.training.run import Run


PILOT: int = 256
"""Seeds that ``Engine.cost`` samples at most; the figures are scaled to a batch."""


def open_engine(path: str | Path, *, memory_budget: int | str | None = None) -> Engine:
    """Open a dataset: graph into RAM, features mapped from disk. Public as ``workbench.open``.

    Parameters
    ----------
    path : folder that ``ingest`` wrote
    memory_budget : int, str or None
        Bytes (or ``'4GB'``) that the graph and its samples may take; larger requests are refused before
        anything is allocated. None: what the machine has available now.

    Raises
    ------
    StoreError
        If there is no dataset, or it is damaged.
    BudgetError
        If the graph does not fit.
    """
    budget = None if memory_budget is None else read_size(memory_budget)

    def open_stores(dataset: Dataset) -> Engine:
        engine = Engine(dataset, RamGraph.open(dataset, memory_budget=budget), SsdFeatures.open(dataset))
        engine._budget = budget
        return engine

    return open_current(path, open_stores)


_MAKE_TASK = "Make one with engine.task('PREDICT ... FOR EACH table.key')"


def _expect_seeds_and_fanout(seeds: SeedTable, fanout: SamplingPlan, asked: str) -> None:
    expect(seeds, SeedTable, TaskError, asked, "Take task.seeds('val')")
    expect_plan(fanout, f"{asked} under a fanout", "Take plan.fanout, or Fanout([16, 8])")


def _expect_subgraph(value: SampledSubgraph) -> SampledSubgraph:
    do = "Take one from engine.sample(seeds, fanout)"
    expect(value, SampledSubgraph, SchemaError, "the audit of a subgraph", do)
    return value


class Engine:
    """An open dataset: ``dataset``, ``graph`` (a GraphStore) and ``features`` (a FeatureStore)."""

    def __init__(self, dataset: Dataset, graph: RamGraph, features: SsdFeatures) -> None:
        self.dataset = dataset
        self.graph = graph
        self.features = features
        self._key_maps: dict[str, KeyMap] = {}
        self._budget: int | None = None

    @property
    def schema(self) -> Schema:
        """Tables, columns, keys and edge types."""
        return self.dataset.schema

    @cached_property
    def parts(self) -> Parts:
        """The open stores as training takes them."""
        from workbench.training.parts import Parts

        return Parts(self.dataset, self.graph, self.features)

    def keys(self, table: str) -> KeyMap:
        """The key map of a table: ``lookup(keys)`` to node ids, ``keys_of(ids)`` back."""
        if table not in self._key_maps:
            self._key_maps[table] = KeyMap.open(self.dataset, table)
        return self._key_maps[table]

    def node_ids(self, table: str, keys: Sequence[Any] | pa.Array) -> Int64Array:
        """int64[n]: node ids of primary keys.

        Raises
        ------
        SchemaError
            If a key is not in the table; names up to five.
        """
        found = self.keys(table).lookup(keys)
        missing = [str(key) for key, node in zip(keys, found, strict=True) if node < 0]
        if missing:
            raise SchemaError(
                explain(
                    f"{len(found)} keys of table {table!r} were asked for",
                    f"{len(missing)} are not in it ({', '.join(missing[:5])})",
                    f"keys of the {self.dataset.manifest.rows(table):,} rows of {table!r}",
                )
            )
        return found

    def row(self, table: str, row_id: int) -> dict[str, Any]:
        """One row of the source table by node id or edge id, as plain Python values."""
        return self.dataset.row(table, row_id)

    def edit(self) -> AbstractContextManager[Editing]:
        """Change or delete rows in one transaction: ``with engine.edit() as edit: edit.update(...)``.

        This engine reads on what it opened; :meth:`refresh` opens what the transaction made.
        """
        return edit(self.dataset.path)

    def compact(self) -> Future[Compaction]:
        """Fold edits into the dataset's files, in a thread; ``.result()`` waits and says what was done.

        What reads the dataset goes on undisturbed: see :func:`workbench.compact`.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="workbench-compact")
        try:
            return thread.submit(compact, self.dataset.path)
        finally:
            thread.shutdown(wait=False)

    def refresh(self) -> Engine:
        """An engine of the newest snapshot; this one if that is what it reads."""
        if is_current(self.dataset):
            return self
        return open_engine(self.dataset.path, memory_budget=self._budget)

    def task(self, query: str, **splits: Any) -> Task:
        """What to predict; ``splits`` are the options of :meth:`Task.build` (``val=``, ``test=``, ...)."""
        return Task.build(self.dataset, query, **splits)

    def suggest_plan(self, task: Task) -> ModelPlan:
        """A plan for the task, with a reason for each choice."""
        from workbench.advise.suggest import suggest_plan

        self._expect_task(task, "a plan for a task")
        return suggest_plan(task, self.parts)

    def sample(
        self, seeds: SeedTable, fanout: SamplingPlan, *, key: int = 0, epoch: int = 0
    ) -> SampledSubgraph:
        """The subgraph of some seeds, as training with the same key and epoch would see it."""
        _expect_seeds_and_fanout(seeds, fanout, "a sample of seeds")
        sampler = NeighborSampler(self.graph, fanout, key=key)
        return sampler.sample(seeds.seed_set(), epoch=epoch)

    def cost(self, seeds: SeedTable, fanout: SamplingPlan, *, batch_size: int = 512, key: int = 0) -> Cost:
        """What a batch of ``batch_size`` such seeds costs, from sampling up to :data:`PILOT` of them.

        Joint fanouts are costed one anchor at a time: only seeds of the first seed's anchor count.
        """
        _expect_seeds_and_fanout(seeds, fanout, "the cost of seeds")
        rows = np.arange(len(seeds))
        if not fanout.disjoint and len(seeds):
            rows = rows[seeds.visible_until == seeds.visible_until[0]]
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), PILOT)).astype(np.int64))]
        return profile(
            self.graph,
            self.features.groups,
            fanout,
            seeds.seed_set(rows),
            batch_size=batch_size,
            key=derive_key(key, "cost"),
        )

    def profile(
        self, seeds: SeedTable, fanout: SamplingPlan, *, batch_size: int = 512, batches: int = 8, key: int = 0
    ) -> Profile:
        """What the batches of an epoch will be like, with intervals, from so many of them."""
        _expect_seeds_and_fanout(seeds, fanout, "the profile of batches")
        anchors = None if fanout.disjoint else seeds.visible_until
        order = batch_order(
            len(seeds), batch_size, shuffle=True, key=derive_key(key, "profile"), anchors=anchors
        )
        pilot = [seeds.seed_set(order[batch]) for batch in range(min(batches, len(order)))]
        groups = self.features.groups
        return profile_batches(
            self.graph, groups, fanout, pilot, batches=len(order), key=derive_key(key, "cost")
        )

    def fit_fanout(
        self,
        seeds: SeedTable,
        fanout: SamplingPlan,
        *,
        bytes: int | str | None = None,
        nodes: int | None = None,
        ms: float | None = None,
        batch_size: int = 512,
        batches: int = 4,
        key: int = 0,
    ) -> Fit:
        """The widest fanout, in the proportions of a given one, whose batches stay within a budget.

        Parameters
        ----------
        bytes : int or text such as ``'50MB'``  of feature rows and arrays; or ``nodes``, or ``ms`` to sample
        """
        _expect_seeds_and_fanout(seeds, fanout, "a fanout that fits")

        def measure(plan: SamplingPlan) -> Profile:
            return self.profile(seeds, plan, batch_size=batch_size, batches=batches, key=key)

        room = None if bytes is None else read_size(bytes)
        return fit_fanout(measure, fanout, bytes=room, nodes=nodes, ms=ms)

    def audit(
        self,
        what: Task | SampledSubgraph | Iterable[SampledSubgraph],
        plan: ModelPlan | None = None,
        *,
        splits: Sequence[str] = SPLITS,
        epochs: int = 1,
        key: int = 0,
        limit: int | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> AuditReport:
        """Check samples against the source tables, independently of the sampler.

        Parameters
        ----------
        what : Task, or one or many subgraphs
            Of a task, the very batches that ``train(task, plan, key=key)`` draws are checked.
        splits, epochs, limit, callbacks
            Of a task: which passes, at most so many edges, and who gets a ``Progress`` per batch.
        """
        if isinstance(what, Task):
            from workbench.training.drawn import drawn

            self._expect_plan(what, plan, "an audit of a task")
            assert plan is not None
            options: dict[str, Any] = {"splits": splits, "epochs": epochs, "key": key, "limit": limit}
            return audit(drawn(self.parts, what, plan, **options, callbacks=callbacks), self.dataset)
        many = [what] if isinstance(what, SampledSubgraph) else what
        return audit(map(_expect_subgraph, many), self.dataset)

    def leakage_report(self, task: Task, plan: ModelPlan, *, key: int = 0) -> LeakageReport:
        """Look for labels in the features: windows, splits, columns, a pilot of samples; trains nothing."""
        self._expect_plan(task, plan, "a leakage report of a task")
        return leakage_report(task, plan, self.graph, key=key)

    def train(
        self,
        task: Task,
        plan: ModelPlan,
        *,
        model: torch.nn.Module | None = None,
        callbacks: Sequence[Callback] | None = None,
        key: int = 0,
        device: str = "auto",
        folder: str | Path | None = None,
    ) -> Run:
        """Start a training in the background and return its run at once; asking it for anything waits.

        Parameters
        ----------
        model : torch.nn.Module or None
            Your own: called with a PyG ``HeteroData``, returns one number per seed. A copy of it is trained:
            ``run.model``. None: the plan's.
        callbacks : callables that take one event; one with ``attach(run)`` is handed the run first.
            None prints a line per epoch while one waits; ``[]`` is silence.
        key : int  fixes every random choice
        device : ``auto`` (CUDA, then MPS, then CPU) or a torch device name
        folder : where the run is saved as it goes; None: a temporary folder, which goes when the process
            ends (``run.save`` keeps it)
        """
        from torch import nn

        from workbench.training.run import start

        self._expect_plan(task, plan, "training for a task")
        if model is not None:
            expect(
                model, nn.Module, TrainingError, "training of a model", "Pass an instance: model=MyModule()"
            )
        return start(
            self.parts, task, plan, model=model, callbacks=callbacks, key=key, device=device, folder=folder
        )

    def baselines(self, task: Task, plan: ModelPlan | None = None, *, key: int = 0) -> dict[str, Baseline]:
        """What a graph model has to beat: the entity's own past rate, and gradient boosting.

        Parameters
        ----------
        plan : ModelPlan or None
            Of the model: the baselines then see no excluded column either, know nothing after ``until``,
            and are scored on the same seeds. None: everything that is visible.
        """
        from workbench.training.baselines import baselines

        self._expect_task(task, "baselines of a task")
        if plan is not None:
            expect(plan, ModelPlan, PlanError, "baselines under a plan", "Take the plan of the run: run.plan")
        return baselines(self.parts, task, plan, key)

    def load_run(self, folder: str | Path, *, model: torch.nn.Module | None = None) -> Run:
        """Load a run that was saved; refuses one that was trained on another schema, and says why.

        Parameters
        ----------
        model : torch.nn.Module or None  of the class that was trained, where it was your own
        """
        from workbench.training.run import load_run

        return load_run(folder, self.parts, model=model)

    def _expect_plan(self, task: Task, plan: ModelPlan | None, asked: str) -> None:
        self._expect_task(task, asked)
        expect(plan, ModelPlan, PlanError, f"{asked} under a plan", "Take engine.suggest_plan(task)")

    def _expect_task(self, task: Task, asked: str) -> None:
        """Refuse a task over other data: its node ids would mean other rows here, without any error."""
        expect(task, Task, TaskError, asked, _MAKE_TASK)
        theirs, ours = (
            f"{data.path.resolve()}, snapshot {data.snapshot}" for data in (task.dataset, self.dataset)
        )
        if theirs != ours:
            got, do = f"the task was made for {theirs}", "Make it anew: engine.task(task.query)"
            raise TaskError(explain(f"{asked} was asked for", got, f"tasks of {ours}", do))

    def __repr__(self) -> str:
        rows = ", ".join(f"{t.name} {self.dataset.manifest.rows(t.name):,}" for t in self.schema)
        edges = sum(self.graph.num_edges(edge_type) for edge_type in self.schema.edge_types)
        where = f"{shown(self.dataset.path)}, snapshot {self.graph.snapshot}"
        return f"Engine({where}: {rows}; {edges:,} stored edges)"
