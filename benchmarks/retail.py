r"""Churn, spending and the next products of a shop's customers, from one flat table of invoice lines.

    python benchmarks/retail.py --json FILE [--data online_retail.parquet] [--task NAME] [--keys 3] [--quick]

The flat table is normalised, ingested and asked three questions. Of the suggested plan and one that looks
wider, the better on val is trained under several keys; test is only reported. A figure is the mean over the
keys of the test metric, its interval that of a bootstrap over the test rows; ``ahead`` is by how much it is
better than the naive baseline, with an interval of that difference, which boosting stands beside. ``audit``
checks every sampled edge of a whole epoch of train, val and test against the source tables.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _report import BenchReport, arguments

import workbench as wb
from workbench.loading.padded import is_lists, padded
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import METRICS
from workbench.testing.flat_shop import flat_shop
from workbench.training.metrics import better, metric
from workbench.types import AnyArray

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail" / "online_retail.parquet"
ENTITIES = {
    "customers": ["CustomerID", "Country"],
    "invoices": ["InvoiceNo", "CustomerID"],
    "products": ["StockCode", "Description"],
}
RESAMPLES, LEVELS = 300, (2.5, 97.5)
PATH = "VIA lines.InvoiceNo -> invoices.CustomerID"
WHOM = "FOR EACH customers.CustomerID WHERE COUNT(invoices.*, -90, 0, days) > 0"
INVOICES, LINES = "invoices-CustomerID->customers", "lines-InvoiceNo->invoices"


@dataclass(frozen=True)
class Question:
    """A query, and the naive baselines that have to be beaten."""

    query: str
    naive: tuple[str, ...] = ("past_rate",)
    wider: bool = True


QUESTIONS = {
    "churn": Question(
        "PREDICT COUNT(invoices.* WHERE NOT invoices.InvoiceNo STARTS WITH 'C', 0, 30, days) = 0 " + WHOM
    ),
    "value": Question(f"PREDICT SUM(lines.Quantity * lines.UnitPrice {PATH}, 0, 30, days) {WHOM}"),
    "products": Question(
        f"PREDICT LIST_DISTINCT(lines.StockCode {PATH} WHERE lines.Quantity > 0, 0, 30, days) "
        f"RANK TOP 10 {WHOM}",
        ("popular", "own_past"),
        wider=False,
    ),
}


def build(flat: Any, folder: Path) -> wb.Engine:
    """Normalise and ingest; what a line is worth becomes a column of its own."""
    tables = wb.normalise(flat, ENTITIES, time="InvoiceDate", rest="lines")
    tables = tables.derive("lines", "Amount", "Quantity * UnitPrice")
    wb.ingest(tables, wb.infer_schema(tables), folder)
    return wb.open(folder)


def plans_of(engine: wb.Engine, task: wb.Task, question: Question) -> dict[str, ModelPlan]:
    """The suggested plan, and where it helps one that reads more lines of more invoices and adds them up."""
    suggested = engine.suggest_plan(task)
    if not question.wider:
        return {"suggested": suggested}
    fanout = wb.Fanout([{INVOICES: 16}, {LINES: 32}], strategy="recent", disjoint=suggested.fanout.disjoint)
    wide = suggested.replace(
        fanout=fanout, layers=2, aggregations=("sum", "count"), channels=32, dropout=0.1, epochs=6,
        schedule="cosine", encodings={"lines.Amount": "log", "lines.Quantity": "log"},
    )  # fmt: skip
    return {"suggested": suggested, "wide": wide}


def measure(report: BenchReport, engine: wb.Engine, name: str, keys: int, quick: bool, when: Any) -> None:
    """Choose on val, train under every key, and report test beside the baselines."""
    question = QUESTIONS[name]
    task = engine.task(question.query, **when)
    plans = plans_of(engine, task, question)
    if quick:
        plans = {each: plan.replace(epochs=1, max_steps=10, channels=8) for each, plan in plans.items()}
    naive = engine.baselines(task, plans["suggested"])
    on_val: dict[str, float] = {}
    runs: dict[str, Any] = {}
    for each, plan in plans.items():
        runs[each] = engine.train(task, plan, callbacks=[], key=0)
        on_val[each] = runs[each].metrics("val")[plan.metric]
    chosen = _best(on_val, plans["suggested"].metric)
    plan, first = plans[chosen], runs[chosen]
    rest = [engine.train(task, plan, callbacks=[], key=key).wait() for key in range(1, keys)]
    told = [run.predict(task.seeds("test")).values for run in (first, *rest)]
    label = task.seeds("test").label
    label = padded(label) if is_lists(label) else np.asarray(label)
    facts = {"plan": chosen, "keys": keys, **{f"val {each}": value for each, value in on_val.items()}}
    _report(report, name, _Scored(plan.metric, task.task_type, label), told, naive, facts)
    found = engine.audit(task, plan)
    report.add(
        f"{name}: audit", sum(each.count for each in found.faults), "violations", edges=found.edges,
        samples=found.samples,
    )  # fmt: skip


@dataclass(frozen=True)
class _Scored:
    """The test labels and how they are measured."""

    metric: str
    task_type: str
    label: AnyArray

    def mean(self, told: list[AnyArray], rows: AnyArray) -> float:
        """Mean over the keys of the metric on some rows."""
        values = [metric(self.metric, self.task_type, self.label[rows], each[rows]) for each in told]
        return float(np.mean(values))


def _report(
    report: BenchReport, name: str, on: _Scored, told: list[AnyArray], naive: Any, facts: dict[str, Any]
) -> None:
    rng, count = np.random.default_rng(0), len(on.label)
    draws = [rng.integers(0, count, count) for _ in range(RESAMPLES)]
    every = np.arange(count)
    value, drawn = on.mean(told, every), np.array([on.mean(told, rows) for rows in draws])
    report.add(f"{name}: test", value, on.metric, interval=_interval(drawn), seeds=count, **facts)
    sign = 1.0 if METRICS[on.metric][1] else -1.0
    for baseline in naive.values():
        other = [baseline.predictions["test"]]
        ahead = sign * (drawn - np.array([on.mean(other, rows) for rows in draws]))
        report.add(
            f"{name}: {baseline.name}", on.mean(other, every), on.metric, reference=f"{name}: test",
            ratio=value / on.mean(other, every), less_is_better=sign < 0,
            ahead=sign * (value - on.mean(other, every)), interval_of_ahead=_interval(ahead),
            must=baseline.name in QUESTIONS[name].naive,
        )  # fmt: skip


def _interval(values: AnyArray) -> str:
    low, high = np.percentile(values, LEVELS)
    return f"{low:.4g} .. {high:.4g}"


def _best(values: dict[str, float], name: str) -> str:
    best = next(iter(values))
    for each, value in values.items():
        best = each if better(name, value, values[best]) else best
    return best


def main() -> None:
    """Run and report."""
    parser = arguments(str(__doc__).split("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the flat table; --quick generates one")
    parser.add_argument("--task", choices=QUESTIONS, help="one question; by default all of them")
    parser.add_argument("--keys", type=int, default=3, help="trainings whose mean is reported")
    options: Any = parser.parse_args()
    flat, when = options.data, {"val": "2011-10-10", "test": "2011-11-09", "every": "15 days"}
    if options.quick:
        flat, when = flat_shop(80, 200), {"val": "30 days", "test": "30 days", "every": "30 days"}
    report = BenchReport("retail")
    with tempfile.TemporaryDirectory() as folder:
        engine = build(flat, Path(folder) / "shop")
        for name in [options.task] if options.task else QUESTIONS:
            measure(report, engine, name, 1 if options.quick else options.keys, options.quick, when)
    report.finish(options.json)


if __name__ == "__main__":
    main()
