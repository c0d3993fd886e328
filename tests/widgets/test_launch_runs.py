"""Runs are trained, kept, loaded and compared; the code comes by each of them."""

import numpy as np
import pytest

from widgets import RunCompare
from widgets._launch import Launch
from workbench.errors import TrainingError, WorkbenchError


class Dropped(Exception):
    pass


def drop():
    raise Dropped


def bounds(task):
    found = task.to_dict()
    return {name: found[name] for name in ("val", "test", "begin", "observed_until") if name in found}


@pytest.fixture
def launch(shop):
    engine, task, plan = shop
    made = Launch(engine)
    made.ask(task.query, **bounds(task))
    made.choose(fanout=plan.fanout, layers=1, channels=4, epochs=1, max_steps=2, batch_size=64)
    return made


def test_runs_of_a_task_are_compared_and_the_code_makes_the_same_ones(launch, tmp_path):
    with pytest.raises(WorkbenchError, match=r"that step comes later. Train first"):
        launch.save(str(tmp_path / "none"))
    launch.train([]).wait()
    with pytest.raises(WorkbenchError, match=r"there is 1. Train once more, with another plan, or load one"):
        launch.compared()
    first = launch.predict("val").values
    launch.save(str(tmp_path / "first"))
    launch.choose(channels=8)
    assert "channels=4" in launch.code  # of the run that is there
    launch.train([]).wait()
    launch.choose(channels=2)
    launch.train([]).wait()
    assert [run.plan.model.channels for run in launch.compared()] == [4, 8, 2]
    last = launch.code.rstrip().split("\n")[-1]
    assert last == (
        f"RunCompare([run.wait(), engine.load_run({str(tmp_path / 'first')!r}), "
        "engine.train(task, plan.replace(channels=8)).wait()])"
    )
    names = {}
    exec(compile(launch.code.replace("RunCompare([", "runs = RunCompare(["), "code", "exec"), names)
    typed = {run.plan.model.channels: run for run in names["runs"].runs}
    for run in launch.compared():
        assert run.history[-1].value == typed[run.plan.model.channels].history[-1].value
    assert isinstance(names["runs"], RunCompare)

    launch.load(str(tmp_path / "first"))
    assert np.array_equal(launch.predict("val").values, first)
    assert len(launch.kept) == 4  # the others are of the same task
    launch.ask(launch.task.query)
    assert launch.kept == []


def test_a_cancelled_run_that_is_loaded_goes_on_and_so_does_the_code(launch, tmp_path):
    launch.choose(epochs=40, patience=40, max_steps=1000)
    heard = []

    def cancel(event):
        heard.append(event)
        if type(event).__name__ == "EpochDone":
            launch.run.cancel()

    launch.train([cancel]).wait()
    assert launch.run.state == "cancelled"
    assert "# cancelled after" in launch.code
    launch.save(str(tmp_path / "part"))
    assert launch.code.rstrip().endswith(f"run = engine.load_run({str(tmp_path / 'part')!r})")
    again = Launch(launch.engine)
    again.load(str(tmp_path / "part"))
    epochs = len(again.run.history)
    assert "run.resume()" not in again.code

    def enough(event):
        if type(event).__name__ == "EpochDone" and event.epoch > epochs:
            again.run.cancel()

    again.run.resume([enough]).wait()
    assert len(again.run.history) > epochs
    assert again.code.rstrip().endswith("run.resume()")


def test_what_is_no_run_is_refused_and_changes_nothing(launch, shop, tmp_path):
    plan = launch.plan
    for folder, error in (("", "got nothing"), (str(tmp_path), "run")):
        with pytest.raises(TrainingError, match=error):
            launch.load(folder)
    launch.train([]).wait()
    launch.save(str(tmp_path / "kept"))
    other = Launch(shop[0])
    with pytest.raises(Dropped):
        other.load(str(tmp_path / "kept"), drop)
    assert (other.task, other.run, launch.plan) == (None, None, plan)
    with pytest.raises(TrainingError, match="exist"):
        launch.save(str(tmp_path / "kept"))


def test_a_run_of_own_seeds_is_told_to_be_loaded_in_python(shop, tmp_path, monkeypatch):
    launch = Launch(shop[0])
    run = type("Run", (), {"task": None})()
    monkeypatch.setattr(type(launch.engine), "load_run", lambda *_: run)
    with pytest.raises(TrainingError, match=r"Load it in Python: engine.load_run\(folder, task=task\)"):
        launch.load("own")
    assert launch.run is None
