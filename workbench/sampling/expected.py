"""What an engine may be asked about: seeds, fanouts, plans and tasks of its own data."""

from __future__ import annotations

from workbench.errors import PlanError, SchemaError, TaskError, expect, explain
from workbench.plan.model_plan import ModelPlan
from workbench.plan.sampling_plan import SamplingPlan, expect_plan
from workbench.query.seed_table import SeedTable
from workbench.query.task import Task
from workbench.stores.dataset import Dataset
from workbench.stores.subgraph import SampledSubgraph
from workbench.stores.units import DataSpan


def expect_seeds(seeds: SeedTable, fanout: SamplingPlan, span: DataSpan | None, asked: str) -> None:
    """Refuse what are no seeds, or no fanout, and anchors of another unit than the data's.

    Raises
    ------
    TaskError, FanoutError, AnchorError
    """
    expect(seeds, SeedTable, TaskError, asked, "Take task.seeds('val'), or engine.seeds(table, keys, at=...)")
    expect_plan(fanout, f"{asked} under a fanout", "Take plan.fanout, or Fanout([16, 8])")
    if span is not None:
        span.check(seeds.seed_set().anchors)


def expect_task(task: Task, dataset: Dataset, asked: str) -> None:
    """Refuse a task over other data: its node ids would mean other rows here, without any error.

    Raises
    ------
    TaskError
    """
    expect(task, Task, TaskError, asked, "Make one with engine.task('PREDICT ... FOR EACH table.key')")
    theirs, ours = (f"{data.path.resolve()}, snapshot {data.snapshot}" for data in (task.dataset, dataset))
    if theirs != ours:
        got, do = f"the task was made for {theirs}", "Make it anew: engine.task(task.query)"
        raise TaskError(explain(f"{asked} was asked for", got, f"tasks of {ours}", do))


def expect_planned(task: Task, plan: ModelPlan | None, dataset: Dataset, asked: str) -> None:
    """Refuse a task over other data, and what is no plan.

    Raises
    ------
    TaskError, PlanError
    """
    expect_task(task, dataset, asked)
    expect(plan, ModelPlan, PlanError, f"{asked} under a plan", "Take engine.suggest_plan(task)")


def expect_subgraph(value: SampledSubgraph) -> SampledSubgraph:
    """The subgraph itself; refuses anything else.

    Raises
    ------
    SchemaError
    """
    do = "Take one from engine.sample(seeds, fanout)"
    expect(value, SampledSubgraph, SchemaError, "the audit of a subgraph", do)
    return value
