"""Whom one looks at: a split, an instant, keys, the first few; each also as Python that gives the same."""

import pytest

from widgets._launch import Launch
from workbench.errors import TaskError, WorkbenchError
from workbench.temporal import iso


@pytest.fixture(scope="module")
def launch(shop):
    engine, task, plan = shop
    made = Launch(engine)
    made._asked(task, plan)
    return made


def test_seeds_and_their_code_are_the_same(launch):
    every = launch.task.seeds("test")
    keys = every.key.to_pylist()
    late = iso(int(every.anchor_time[-1]))
    asked = [
        {"split": "test"},
        {"split": "val", "most": 3},
        {"split": "test", "entities": f"{keys[5]}, {keys[2]}"},
        {"split": "test", "entities": f"{keys[5]}, {keys[2]}", "most": 1},
        {"at": late},
        {"at": late, "most": 2},
        {"at": late, "entities": f"{keys[-1]}"},
    ]
    for each in asked:
        seeds, code = launch.whom(**each)
        again = eval(code, {"task": launch.task})
        assert again.to_arrow().equals(seeds.to_arrow()), code
        assert len(seeds) <= each.get("most", len(every))
        assert launch.seeds(**each).to_arrow().equals(seeds.to_arrow())
    some = launch.seeds("test", entities=f"{keys[5]}, {keys[2]}")
    assert set(some.key.to_pylist()) == {keys[2], keys[5]}


def test_nobody_is_told_and_before_a_query_there_is_nobody(launch, shop):
    with pytest.raises(TaskError, match=r"train has none of -7. Choose another split, or other keys"):
        launch.seeds("train", entities="-7")
    with pytest.raises(
        TaskError, match="seeds of test at 2026-01-01 were asked for: a split has anchors of its"
    ):
        launch.seeds("test", at="2026-01-01")
    with pytest.raises(WorkbenchError, match="a seed was asked for: that step comes later"):
        Launch(shop[0]).seeds("test")


def test_choices_are_in_the_code_at_once(launch):
    launch.choose(epochs=launch.plan.optimisation.epochs)
    assert "plan.replace(" not in launch.code
    launch.choose(epochs=7)
    assert launch.code.rstrip().endswith("plan = plan.replace(epochs=7)")
    launch.choose(epochs=launch.suggested.optimisation.epochs)
    assert "plan.replace(" not in launch.code
