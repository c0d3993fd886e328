"""Engine: one open dataset in the kernel. A facade: every method is a few lines over composed nouns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import FanoutError, PlanError, TrainingError, expect, explain
from workbench.events import Callback
from workbench.kernels.rng import derive_key
from workbench.loading.order import batch_order, check_batch_size
from workbench.opened import Opened
from workbench.plan.draw import whole
from workbench.plan.model_plan import ModelPlan
from workbench.plan.sampling_plan import SamplingPlan
from workbench.query.seed_table import SeedTable
from workbench.query.task import SPLITS, Task
from workbench.sampling.audit import AuditReport, audit
from workbench.sampling.expected import expect_planned, expect_seeds, expect_subgraph, expect_task
from workbench.sampling.leakage import LeakageReport, leakage_report
from workbench.sampling.profile import Cost, profile
from workbench.sampling.profile_batches import Profile, profile_batches
from workbench.sampling.profile_fit import Fit, fit_fanout
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.dataset import Dataset, shown
from workbench.stores.feature_budget import feature_options
from workbench.stores.protocols import versions_in
from workbench.stores.ram_graph import RamGraph
from workbench.stores.replaced import is_current, open_current
from workbench.stores.sizes import read_size
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.subgraph import SampledSubgraph

if TYPE_CHECKING:
    import torch

    from workbench.models.transform import Encoders
    from workbench.training.baselines import Baseline
    from workbench.training.found import Found
    from workbench.training.parts import Parts
    from workbench.training.run import Run


PILOT: int = 256
"""Seeds that ``Engine.cost`` samples at most; the figures are scaled to a batch."""


def open_engine(
    path: str | Path,
    *,
    memory_budget: int | str | None = None,
    feature_budget: int | str | None = None,
    row_cache: int | str | None = None,
    verify: str | None = None,
) -> Engine:
    """Open a dataset: graph into RAM, features mapped from disk. Public as ``workbench.open``.

    Parameters
    ----------
    path : folder that ``ingest`` wrote
    memory_budget : int, str or None
        Bytes (or ``'4GB'``) that the graph and its samples may take; larger requests are refused before
        anything is allocated. None: what the machine has available now.
    feature_budget, row_cache : int, str or None
        Bytes that feature rows may take, and how much of it is for frequent rows; see ``feature_options``.
    verify : ``'read'`` compares each file with its checksum before it is first read from; None: sizes only

    Raises
    ------
    StoreError
        If there is no dataset, or it is damaged.
    BudgetError
        If the graph does not fit, or a budget is none.
    """
    budget = None if memory_budget is None else read_size(memory_budget)
    given = {"memory_budget": budget, "feature_budget": feature_budget, "row_cache": row_cache}
    options = feature_options(feature_budget, row_cache)

    def open_stores(dataset: Dataset) -> Engine:
        graph = RamGraph.open(dataset, memory_budget=budget)
        engine = Engine(dataset, graph, SsdFeatures.open(dataset, **options))
        engine._given = given
        return engine

    return open_current(path, open_stores, verify)


class Engine(Opened):
    """An open dataset: ``dataset``, ``graph`` (a GraphStore) and ``features`` (a FeatureStore)."""

    _given: Mapping[str, Any] = MappingProxyType({})

    @cached_property
    def parts(self) -> Parts:
        """The open stores as training takes them."""
        from workbench.training.parts import Parts

        return Parts(self.dataset, self.graph, self.features)

    def refresh(self) -> Engine:
        """An engine of the newest snapshot; this one if that is what it reads."""
        if is_current(self.dataset):
            return self
        return open_engine(self.dataset.path, **self._given, verify=self.dataset.verify)

    def task(self, query: Any, **options: Any) -> Task:
        """What to predict: a query (:meth:`Task.build`) or a table of own seeds (:meth:`Task.from_table`)."""
        build = Task.build if isinstance(query, str) else Task.from_table
        return build(self.dataset, query, **options)

    def suggest_plan(self, task: Task, mode: str = "normal") -> ModelPlan:
        """A plan for the task, with a reason for each choice.

        Parameters
        ----------
        task : Task  of this dataset
        mode : ``fast`` (a first look), ``normal`` or ``best``: its job, for ``search``, has candidates,
            several keys, averages and a refit

        Raises
        ------
        TaskError, PlanError
            If it is no task of this dataset, or there is no such mode.
        """
        from workbench.advise.modes import suggest

        expect_task(task, self.dataset, "a plan for a task")
        return suggest(task, self.parts, mode)

    def sample(
        self, seeds: SeedTable, fanout: SamplingPlan, *, key: int = 0, epoch: int = 0
    ) -> SampledSubgraph:
        """The subgraph of some seeds, as training with the same key and epoch would see it."""
        expect_seeds(seeds, fanout, self._span, "a sample of seeds")
        sampler = NeighborSampler(self.graph, fanout, key=key)
        return sampler.sample(seeds.seed_set(), epoch=epoch)

    def cost(self, seeds: SeedTable, fanout: SamplingPlan, *, batch_size: int = 512, key: int = 0) -> Cost:
        """What a batch of ``batch_size`` such seeds costs, from sampling up to :data:`PILOT` of them.

        Joint fanouts are costed one anchor at a time: only seeds of the first seed's anchor count.
        """
        expect_seeds(seeds, fanout, self._span, "the cost of seeds")
        check_batch_size(batch_size)
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
            versions=versions_in(self.features),
        )

    def profile(
        self,
        seeds: SeedTable,
        fanout: SamplingPlan,
        *,
        batch_size: int = 512,
        batches: int = 8,
        key: int = 0,
        callbacks: Sequence[Callback] = (),
    ) -> Profile:
        """What the batches of an epoch will be like, with intervals, from so many of them.

        Parameters
        ----------
        seeds, fanout : SeedTable, and Fanout or Metapaths
        batch_size, batches : int  seeds a batch, and batches that are sampled
        key : int  fixes which batches, and their draws
        callbacks : who gets a ``Progress`` before each batch; what one raises ends the call

        Raises
        ------
        TaskError, FanoutError, AnchorError, BudgetError
            If seeds, fanout or number of batches are none, anchors of another unit, batches too large.
        """
        expect_seeds(seeds, fanout, self._span, "the profile of batches")
        if whole(batches) is None:
            got = f"got batches={batches!r}"
            raise FanoutError(explain("a profile of batches was asked for", got, "a whole number of them"))
        anchors = None if fanout.disjoint else seeds.visible_until
        order = batch_order(
            len(seeds), batch_size, shuffle=True, key=derive_key(key, "profile"), anchors=anchors
        )
        pilot = [seeds.seed_set(order[batch]) for batch in range(min(batches, len(order)))]
        return profile_batches(
            self.graph,
            self.features.groups,
            fanout,
            pilot,
            batches=len(order),
            key=derive_key(key, "cost"),
            callbacks=callbacks,
            versions=versions_in(self.features),
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
        callbacks: Sequence[Callback] = (),
    ) -> Fit:
        """The widest fanout, in the proportions of a given one, whose batches stay within a budget.

        Parameters
        ----------
        seeds, fanout, batch_size, batches, key, callbacks
            As of :meth:`profile`, which each candidate gets.
        bytes : int or text such as ``'50MB'``  of feature rows and arrays of a batch
        nodes, ms : nodes of a batch, and milliseconds to sample it; at least one budget is needed

        Raises
        ------
        FanoutError
            If there is no budget, only one batch of several was measured, or not even the narrowest fits.
        """
        expect_seeds(seeds, fanout, self._span, "a fanout that fits")

        def measure(plan: SamplingPlan) -> Profile:
            sizes = {"batch_size": batch_size, "batches": batches}
            return self.profile(seeds, plan, **sizes, key=key, callbacks=callbacks)

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
        plan, key, splits, epochs, limit, callbacks
            Of a task: its plan and key, which passes, at most so many edges, and who gets a ``Progress``
            per batch.

        Raises
        ------
        SchemaError
            If something else is given, or edges that no table is the source of.
        StoreError
            If a subgraph comes from another snapshot.
        """
        if isinstance(what, Task):
            from workbench.training.drawn import drawn

            expect_planned(what, plan, self.dataset, "an audit of a task")
            assert plan is not None
            options: dict[str, Any] = {"splits": splits, "epochs": epochs, "key": key, "limit": limit}
            return audit(drawn(self.parts, what, plan, **options, callbacks=callbacks), self.dataset)
        many = what if isinstance(what, Iterable) else [what]
        return audit(map(expect_subgraph, many), self.dataset)

    def leakage_report(self, task: Task, plan: ModelPlan, *, key: int = 0) -> LeakageReport:
        """Look for labels in the features: windows, splits, columns, a pilot of samples; trains nothing."""
        expect_planned(task, plan, self.dataset, "a leakage report of a task")
        return leakage_report(task, plan, self.graph, key=key)

    def encoders(self, tables: Iterable[str] | None = None, **options: Any) -> Encoders:
        """Fit ``wb.Encoders``; options are those of its ``fit``: ``until=``, ``encodings=``, ``exclude=``."""
        from workbench.models.transform import Encoders

        return Encoders.fit(self.dataset, self.graph, self.features, tables, **options)

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
        warm: Run | None = None,
    ) -> Run:
        """Start a training in the background and return its run at once; asking it for anything waits.

        Parameters
        ----------
        task, plan : Task of this dataset, ModelPlan
        model : torch.nn.Module or None
            Your own, of which a copy is trained: see ``Trainer.fit``. None: the plan's.
        callbacks : callables that take one event; one with ``attach(run)`` is handed the run first.
            None prints a line per epoch while one waits; ``[]`` is silence.
        key : int  fixes every random choice
        device : ``auto`` (CUDA, then MPS, then CPU) or a torch device name
        folder : where the run is saved as it goes; None: a temporary folder, which goes when the process
            ends (``run.save`` keeps it)
        warm : Run or None  begin with what this run learned, as far as it fits

        Raises
        ------
        TaskError, PlanError
            If it is no task of this dataset or no plan, or the plan does not fit the task.
        TrainingError
            If ``model`` is no instance of a module, ``warm`` no run, or the folder is not empty.
        """
        from torch import nn

        from workbench.training.begin import start

        expect_planned(task, plan, self.dataset, "training for a task")
        if model is not None:
            expect(
                model, nn.Module, TrainingError, "training of a model", "Pass an instance: model=MyModule()"
            )
        options: dict[str, Any] = {"key": key, "device": device, "folder": folder, "warm": warm}
        return start(self.parts, task, plan, model=model, callbacks=callbacks, **options)

    def search(self, task: Task, plans: ModelPlan | Sequence[ModelPlan], **options: Any) -> Found:
        """Run a plan's job: its candidates under its keys, the best of them averaged (``wb.search``)."""
        from workbench.training.search import search

        expect_task(task, self.dataset, "a search for a task")
        return search(self.parts, task, plans, **options)

    def baselines(self, task: Task, plan: ModelPlan | None = None, *, key: int = 0) -> dict[str, Baseline]:
        """What a graph model has to beat: the entity's own past rate, and gradient boosting.

        Parameters
        ----------
        task, key : Task of this dataset, and an int that fixes every random choice
        plan : ModelPlan or None
            Of the model: the baselines then see no excluded column either, know nothing after ``until``,
            and are scored on the same seeds. None: everything that is visible.

        Raises
        ------
        TaskError, PlanError
            If it is no task of this dataset, or no plan.
        """
        from workbench.training.baselines import baselines

        expect_task(task, self.dataset, "baselines of a task")
        if plan is not None:
            expect(plan, ModelPlan, PlanError, "baselines under a plan", "Take the plan of the run: run.plan")
        return baselines(self.parts, task, plan, key)

    def load_run(
        self, folder: str | Path, *, task: Task | None = None, model: torch.nn.Module | None = None
    ) -> Run:
        """Load a run that was saved; refuses one that was trained on another schema, and says why.

        Parameters
        ----------
        folder : of ``train(folder=)`` or ``run.save``
        task : Task or None  of own seeds, which runs do not hold; None rebuilds that of a query
        model : torch.nn.Module or None  of the class that was trained, where it was your own

        Raises
        ------
        TrainingError
            If the folder holds no run, a damaged one, or one that does not fit the store; says why.
        """
        from workbench.training.begin import load_run

        return load_run(folder, self.parts, task=task, model=model)

    def load_found(self, folder: str | Path, *, task: Task | None = None) -> Found:
        """Load what a search found and saved, see :meth:`load_run`; refuses one of another schema."""
        from workbench.training.found import load_found

        return load_found(folder, self.parts, task=task)

    def __repr__(self) -> str:
        rows = ", ".join(f"{t.name} {self.dataset.manifest.rows(t.name):,}" for t in self.schema)
        edges = sum(self.graph.num_edges(edge_type) for edge_type in self.schema.edge_types)
        where = f"{shown(self.dataset.path)}, snapshot {self.graph.snapshot}"
        return f"Engine({where}: {rows}; {edges:,} stored edges)"
