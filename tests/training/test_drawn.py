"""What is drawn for an audit is what a run's own loaders sample, batch for batch."""

from __future__ import annotations

import pytest

import workbench as wb
from workbench.testing.commerce import commerce
from workbench.training.drawn import drawn
from workbench.training.loaders import predict_loader, train_loader


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    data = commerce(users=120, seed=5)
    tables = wb.read_tables(data.tables)
    path = tmp_path_factory.mktemp("drawn") / "shop"
    wb.ingest(tables, wb.infer_schema(tables), path)
    return wb.open(path)


@pytest.fixture(scope="module")
def task(engine):
    data = commerce(users=120, seed=5)
    return engine.task(data.query, val=data.val, test=data.test)


@pytest.fixture(scope="module", params=[True, False], ids=["disjoint", "joint"])
def plan(engine, task, request):
    fanout = wb.Fanout([4, 2], disjoint=request.param)
    return engine.suggest_plan(task).replace(fanout=fanout, batch_size=64, layers=2)


def test_they_are_the_batches_of_the_loaders(engine, task, plan):
    found = iter(drawn(engine.parts, task, plan, epochs=2, key=5))
    train = train_loader(engine.parts, plan, task.seeds("train"), 5, expand=False)
    for epoch in range(2):
        for batch in train.with_epoch(epoch).loader:
            assert batch.subgraph.same_as(next(found))
    for split in ("val", "test"):
        for batch in predict_loader(engine.parts, plan, task.seeds(split), 5, expand=False).loader:
            mine = next(found)
            assert batch.subgraph.same_as(mine)
            assert mine.request.key == batch.subgraph.request.key
    assert next(found, None) is None


def test_steps_and_edges_are_limited_and_progress_is_told(engine, task, plan):
    events = []
    few = list(drawn(engine.parts, task, plan.replace(max_steps=2), callbacks=[events.append]))
    assert [(e.stage, e.done, e.total) for e in events[:3]] == [
        ("train 1", 1, 2),
        ("train 1", 2, 2),
        ("val 1", 1, events[2].total),
    ]
    assert len(few) == len(events)
    short = list(drawn(engine.parts, task, plan, limit=3))
    assert len(short) == 3, "a batch of each pass"


@pytest.mark.parametrize(
    "wrong",
    [{"splits": ["trian"]}, {"splits": "train"}, {"splits": []}, {"epochs": 0}, {"limit": -1}],
    ids=str,
)
def test_what_cannot_be_drawn_is_refused_at_once(engine, task, plan, wrong):
    with pytest.raises(wb.TaskError):
        drawn(engine.parts, task, plan, **wrong)


def test_one_pass_is_the_loader_of_a_run(engine, task, plan):
    found = wb.run_loader(engine.parts, task, plan, "train", epoch=1, key=5)
    train = train_loader(engine.parts, plan, task.seeds("train"), 5, expand=False).with_epoch(1).loader
    last = len(train) - 1
    assert len(found) == len(train)
    assert found.batch(last).subgraph.same_as(train.batch(last).subgraph)
    for split, epoch in (("all", 0), ("train", -1), ("train", "1")):
        with pytest.raises(wb.TaskError, match="asked for"):
            wb.run_loader(engine.parts, task, plan, split, epoch=epoch)
