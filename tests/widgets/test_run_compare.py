"""RunCompare without a browser: runs in order, one chosen, read again."""

import pytest

from widgets import RunCompare
from workbench.errors import IdError, TrainingError, WorkbenchError


@pytest.fixture(scope="module")
def runs(shop, tmp_path_factory):
    engine, task, plan = shop
    small = plan.replace(layers=1, channels=4, epochs=2, max_steps=1)
    made = [(small, "narrow"), (small.replace(channels=8), "wide")]
    folder = tmp_path_factory.mktemp("runs")
    return [engine.train(task, p, callbacks=[], folder=folder / name).wait() for p, name in made]


def test_the_best_comes_first_and_a_choice_gives_its_plan(runs):
    view = RunCompare(runs)
    meta = view._payload["meta"]
    best = [max(event.value for event in run.history) for run in view.runs]
    assert best == sorted(best, reverse=True)
    assert [entry["best"] for entry in meta["runs"]] == best
    assert [len(entry["curves"]["training loss"]) for entry in meta["runs"]] == [2, 2]
    channels = next(row for row in meta["rows"] if row[0] == "channels")
    assert channels[1:] == [str(run.plan.model.channels) for run in view.runs]
    assert view.run is view.runs[0]
    view._receive(view, {"kind": "choose", "run": 1}, [])
    assert view.run is view.runs[1]
    assert view.plan == view.runs[1].plan
    view._receive(view, {"kind": "refresh"}, [])
    assert view.worker.wait()
    assert view.chosen == 1
    with pytest.raises(IdError, match="there are 2"):
        view.choose(2)


def test_folders_are_runs_too(runs):
    view = RunCompare([runs[0].folder, runs[1]])
    assert {run.folder for run in view.runs} == {run.folder for run in runs}
    assert len(view._payload["meta"]["runs"][0]["curves"]["training loss"]) == 2


def test_what_cannot_be_compared_is_refused(runs):
    with pytest.raises(TrainingError, match="at least one"):
        RunCompare([])
    with pytest.raises(WorkbenchError, match=r"RunCompare\(\[run, other\]\)"):
        RunCompare([3])
    with pytest.raises(WorkbenchError, match=r"got a dict.*RunCompare\(\[run, other\]\)"):
        RunCompare({"wide": runs[0]})
    with pytest.raises(WorkbenchError, match=r"got 2 arguments.*Say RunCompare\(\[run, other\]\)"):
        RunCompare(runs[0], runs[1])
    with pytest.raises(WorkbenchError, match="12 at most"):
        RunCompare([runs[0]] * 13)


def test_runs_that_nobody_named_are_told_by_what_differs(shop, runs):
    engine, task, _ = shop
    unnamed = engine.train(task, runs[0].plan.replace(epochs=1), callbacks=[]).wait()
    view = RunCompare([unnamed, runs[0]])
    assert sorted(view._payload["meta"]["rows"][0]) == ["epochs 1", "narrow", "run"]
    assert unnamed.folder.name not in str(view._payload["meta"]) + view.still()[1]


def test_the_still_picture_names_the_best(runs):
    view = RunCompare(runs)
    picture, line = view.still()
    assert picture.count("polyline") == 2
    assert line.endswith(view.runs[0].folder.name)
