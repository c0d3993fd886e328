"""Each kind of leak is planted once and found, and is not found in the same data without it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import workbench as wb
from workbench.sampling.leakage import LeakageReport, leakage_report
from workbench.temporal import MICROSECONDS, Span

DAY = MICROSECONDS["days"]
USERS, ORDERS = 60, 1500
QUERY = "PREDICT COUNT(orders.*, 0, 20, days) > 3 FOR EACH users.user_id"


def stamps(days: np.ndarray) -> pa.Array:
    return pa.array((np.asarray(days) * DAY).astype(np.int64)).cast(pa.timestamp("us"))


def tables() -> dict[str, pa.Table]:
    """Users of day 0, orders and ratings of days 1 to 300, products without a time."""
    rng = np.random.default_rng(3)
    at = np.sort(rng.uniform(1, 300, ORDERS))
    rated = np.sort(rng.uniform(1, 300, ORDERS))
    keys = {"user_id": rng.integers(0, USERS, ORDERS), "product_id": rng.integers(0, 9, ORDERS)}
    return {
        "users": pa.table(
            {
                "user_id": np.arange(USERS),
                "joined": stamps(np.zeros(USERS)),
                "age": rng.normal(40, 9, USERS),
                "plan": pa.array(rng.choice(["free", "paid"], USERS)),
            }
        ),
        "products": pa.table({"product_id": np.arange(9), "price": rng.normal(9, 2, 9)}),
        "orders": pa.table(
            {"order_id": np.arange(ORDERS), **keys, "at": stamps(at), "paid": stamps(at - 0.5)}
        ),
        "ratings": pa.table({**keys, "rated": stamps(rated), "stars": rng.integers(1, 6, ORDERS)}),
    }


def opened(data: dict[str, pa.Table], folder) -> wb.Engine:
    given = wb.read_tables(data)
    schema = wb.infer_schema(given).set_time("users", "joined").set_time("orders", "at")
    schema = schema.set_time("products", None)
    schema = schema.set_stype("users", "plan", "categorical").set_stype("orders", "paid", "timestamp")
    wb.ingest(given, schema.as_edge("ratings", "user_id", "product_id"), folder)
    return wb.open(folder)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> wb.Engine:
    return opened(tables(), tmp_path_factory.mktemp("leakage") / "clean")


@pytest.fixture
def task(engine):
    return engine.task(QUERY)


FANOUT = wb.Fanout([{"orders-user_id->users": 8, "products-rev_ratings->users": 8}, 2])


@pytest.fixture
def plan(engine, task):
    return engine.suggest_plan(task).replace(fanout=FANOUT, layers=2)


def kinds(report: LeakageReport, level: str = "leak") -> set[str]:
    return {finding.kind for finding in report.findings if finding.level == level}


def test_clean_data_have_no_leak_and_say_what_is_static(engine, task, plan):
    report = engine.leakage_report(task, plan)
    assert report.ok, report
    assert kinds(report) == kinds(report, "suspect") == set()
    assert [(f.kind, f.subject) for f in report.findings] == [("table is static", "products")]
    for times in report.latest.values():
        assert all(gap <= 0 for gap in times.values())
        assert min(times["orders"], times["ratings"]) > -5 * DAY, "512 seeds see fresh rows"
    assert repr(report).startswith("Leakage: no leak found; sampled ")
    assert json.loads(json.dumps(report.to_dict()))["ok"] is True


def test_the_latest_time_is_that_of_the_rows(engine, task, plan):
    seeds = task.seeds("test")
    report = engine.leakage_report(task, plan)
    subgraph = engine.sample(seeds, wb.Fanout([{"orders-user_id->users": -1}], strategy="recent"))
    times, anchors = engine.graph.times("orders"), subgraph.node_anchors("orders")
    newest = int((times[subgraph.node_id["orders"]] - anchors).max())
    assert report.latest["test"]["orders"] <= newest <= 0


def test_rows_after_the_anchor_that_a_static_step_shows_are_a_leak(engine, task, plan):
    loose = plan.replace(
        fanout=wb.Fanout([{"products-rev_ratings->users": -1}], static=["products-rev_ratings->users"]),
        layers=1,
    )
    report = engine.leakage_report(task, loose)
    assert not report.ok
    assert kinds(report) == {"row after the anchor"}
    assert report.latest["train"]["ratings"] > 0
    assert "LEAKS FOUND" in str(report)


def test_a_label_window_that_begins_before_the_anchor_is_a_leak(engine, task, plan):
    early = {
        aggregate: replace(source, start=Span(-3 * DAY))
        for aggregate, source in task.resolved.sources.items()
    }
    task.seeds("train"), task.seeds("val"), task.seeds("test")
    shifted = replace(task, resolved=replace(task.resolved, sources=early))
    assert "label window is visible" in kinds(engine.leakage_report(shifted, plan))
    earlier = plan.replace(until=int(task.splits.train.min()) - 3 * DAY)
    report = engine.leakage_report(shifted, earlier)
    assert "label window is visible" not in kinds(report), "features that end before the window begins"


def test_label_windows_that_cross_into_the_next_split_are_a_leak(engine, task, plan):
    train, val = task.seeds("train"), task.seeds("val")
    late = replace(train, anchor_time=np.full(len(train), int(val.anchor_time.min()) - DAY))
    task._found["train"] = late
    assert "label window crosses splits" in kinds(engine.leakage_report(task, plan))


def test_labels_that_are_not_fully_observed_are_a_leak(engine, task, plan):
    test = task.seeds("test")
    task._found["test"] = replace(test, anchor_time=test.anchor_time + 30 * DAY)
    assert kinds(engine.leakage_report(task, plan)) == {"label is not observed"}


def test_a_seed_in_two_splits_is_a_leak(engine, task, plan):
    test = task.seeds("test")
    test_twice = test[np.array([0, *range(len(test))])]
    task._found["test"] = test_twice
    report = engine.leakage_report(task, plan)
    assert report.ok
    assert "seed is there twice" in kinds(report, "note")
    val = task.seeds("val")
    task._found["test"] = replace(val, split="test")
    assert "seed is in two splits" in kinds(engine.leakage_report(task, plan))


def test_entities_newer_than_what_they_may_see_are_a_leak(engine, task, plan):
    frozen = plan.replace(until=-DAY)  # before any user joined
    assert kinds(engine.leakage_report(task, frozen)) == {"entity after the anchor"}


def test_a_column_that_is_the_label_is_a_leak(engine, task, plan, tmp_path):
    labels = {split: task.seeds(split) for split in ("train", "val", "test")}
    test = labels["test"]
    told = np.zeros(USERS)
    told[test.node_id] = test.label
    data = tables()
    names = pa.array(np.where(told > 0, "churned", "stayed"))
    data["users"] = (
        data["users"].append_column("status", names).append_column("score", pa.array(told * 3 - 1))
    )
    other = opened(data, tmp_path / "told")
    planted = other.task(QUERY)
    theirs = other.suggest_plan(planted).replace(fanout=FANOUT, layers=2)
    report = other.leakage_report(planted, theirs)
    told_by = {f.subject for f in report.findings if f.kind == "column tells the label"}
    assert told_by & {"users.status", "users.score"}, report
    assert "users.age" not in told_by
    clean = other.leakage_report(planted, theirs.replace(exclude=sorted(told_by)))
    assert "column tells the label" not in kinds(clean)


def test_values_that_were_filled_in_later_are_suspect(tmp_path):
    data = tables()
    late = data["orders"]["at"].to_numpy().astype("datetime64[us]").astype(np.int64) / DAY + 15
    data["orders"] = data["orders"].set_column(4, "paid", stamps(late))
    data["products"] = data["products"].append_column("recalled", stamps(np.arange(9) * 30))
    other = opened(data, tmp_path / "late")
    task = other.task(QUERY)
    plan = other.suggest_plan(task).replace(fanout=FANOUT, layers=2)
    report = leakage_report(task, plan, other.graph)
    assert report.ok, "suspects are for a person to judge"
    suspects = {(f.kind, f.subject) for f in report.findings if f.level == "suspect"}
    assert ("value is filled in later", "orders.paid") in suspects
    assert ("dates in a static table", "products.recalled") in suspects
    hushed = leakage_report(task, plan.replace(exclude=["orders.paid", "products.recalled"]), other.graph)
    assert kinds(hushed, "suspect") == set()


@pytest.mark.parametrize(
    "text",
    [
        "PREDICT users.plan FOR EACH users.user_id",
        "PREDICT COUNT(orders.*, 0, 9) FORECAST 3 TIMEFRAMES FOR EACH users.user_id",
        "PREDICT LIST_DISTINCT(orders.product_id, 0, 30) RANK TOP 3 FOR EACH users.user_id",
    ],
)
def test_tasks_of_every_kind_have_no_leak(engine, plan, text):
    report = engine.leakage_report(engine.task(text), plan)
    assert not kinds(report), "the column that a static query asks for is no feature"
    assert not [finding for finding in report.findings if "users.plan" in str(finding)]
