"""From tables to predictions without a notebook; the printed code does the same."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from widgets._launch import Launch
from widgets._launch_edits import Edit
from workbench.errors import PlanError, TaskError, TrainingError, WorkbenchError
from workbench.testing.commerce import commerce


class Dropped(Exception):
    pass


def drop():
    raise Dropped


@pytest.fixture(scope="module")
def truth():
    return commerce(60, periods=6, seed=0)


ROOT = str(Path(__file__).resolve().parents[2])


def test_in_a_fresh_process_the_code_does_what_was_done(truth, tmp_path, monkeypatch):
    clicked, typed = tmp_path / "clicked", tmp_path / "typed"
    for folder in (clicked, typed):
        folder.mkdir()
        for name, table in truth.tables.items():
            pq.write_table(table, folder / f"{name}.parquet")
    monkeypatch.chdir(clicked)
    launch = Launch("*.parquet")
    launch.edit(Edit("as_edge", "reviews", ("user_id", "product_id")))
    launch.ingest("shop")
    launch.ask(truth.query, val=str(truth.val), test=str(truth.test))
    launch.choose(fanout=launch.plan.fanout.with_choices(mode="disjoint"), epochs=1, channels=8)
    launch.train([]).wait()
    told = []
    made = launch.predict("test", tell=lambda done, total: told.append((done, total)))
    launch.metrics("test")
    launch.write("late.csv")
    launch.save("kept")
    assert told == [(0, len(made))]

    python = [sys.executable, "-c", launch.code]
    subprocess.run(python, cwd=typed, env={**os.environ, "PYTHONPATH": ROOT}, check=True)
    for name in ("late.csv", "kept/model.safetensors"):
        assert (typed / name).read_bytes() == (clicked / name).read_bytes()

    again = Launch("shop")  # as after a restart of the kernel
    again.load("kept")
    again.choose(epochs=2)
    assert np.array_equal(again.predict("test").values, made.values)
    names = {}
    exec(compile(again.code, "code", "exec"), names)
    assert np.array_equal(names["predictions"].values, made.values)


def test_steps_come_in_order_and_forget_what_came_after(shop):
    engine, task, _ = shop
    launch = Launch(engine)
    for step in (launch.train, launch.choose, launch.predict, lambda: launch.write("x"), launch.seeds):
        with pytest.raises(WorkbenchError, match=r"that step comes later|Train first"):
            step()
    launch.ask(task.query, **options(task))
    launch.choose(epochs=1)
    launch.train([]).wait()
    launch.predict("val")
    with pytest.raises(PlanError):
        launch.choose(epochs=-1)
    assert launch.plan.optimisation.epochs == 1
    launch.ask(task.query, **options(task))
    assert (launch.run, launch.predictions) == (None, None)
    assert launch.plan == launch.suggested


def options(task):
    bounds = task.to_dict()
    return {name: bounds[name] for name in ("val", "test", "begin", "observed_until") if name in bounds}


def test_who_no_longer_waits_changes_nothing(shop):
    engine, task, _ = shop
    launch = Launch(engine)
    with pytest.raises(Dropped):
        launch.ask(task.query, look=drop, **options(task))
    assert launch.task is None
    launch.ask(task.query, **options(task))
    launch.choose(epochs=99, patience=99)
    runs = []
    with pytest.raises(Dropped):
        launch.train([Attached(runs)], drop)
    assert launch.run is None
    assert runs[0].wait().state == "cancelled"


class Attached:
    """A callback that keeps the runs it is attached to, and is deaf."""

    def __init__(self, runs):
        self.attach = runs.append

    def __call__(self, event):
        pass


def test_while_a_training_is_under_way_nothing_is_pulled_from_under_it(shop):
    engine, task, _ = shop
    launch = Launch(engine)
    launch.ask(task.query, **options(task))
    launch.choose(epochs=999, patience=999)
    run = launch.train([])
    try:
        for step in (
            launch.train,
            lambda: launch.ask(task.query),
            launch.predict,
            lambda: launch.metrics("val"),
        ):
            with pytest.raises(TrainingError, match=r"a training is under way. Cancel it first"):
                step()
    finally:
        run.cancel()
        run.wait()


def test_a_few_predictions_are_explained(trained):
    key = trained.seeds("test").key[3].as_py()
    found = trained.explain("test", entities=str(key))
    assert set(found.seeds.key.to_pylist()) == {key}
    code = trained.code
    with pytest.raises(Dropped):
        trained.explain("val", most=1, look=drop)
    assert trained.code == code
    assert len(trained.explain("val", most=1).seeds) == 1
    assert trained.code.endswith(
        "explanation = run.explain(task.seeds('val')[:1])\nExplainView(explanation)\n"
    )
    assert "from widgets import ExplainView\n" in trained.code
    with pytest.raises(TaskError, match="seeds were asked for: val has none of 123456"):
        trained.explain("val", entities="123456")


@pytest.fixture(scope="module")
def trained(shop):
    """A launch with a run that is hardly trained."""
    engine, task, plan = shop
    launch = Launch(engine)
    launch.ask(task.query, **options(task))
    launch.choose(fanout=plan.fanout, layers=1, channels=4, epochs=1, max_steps=2, batch_size=64)
    launch.train([]).wait()
    return launch
