"""How a script comes by a run: it trains it again, or loads it where it lies."""

from types import SimpleNamespace

import pytest

from widgets._launch_kept import Kept
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan

PLAN = ModelPlan(Fanout([2]))


def run(state="finished", epochs=2, **choices):
    return SimpleNamespace(state=state, history=[None] * epochs, plan=PLAN.replace(**choices))


def test_a_run_that_lies_somewhere_is_loaded_and_any_other_trained():
    assert Kept(run(), "runs/a").line(PLAN) == "engine.load_run('runs/a')"
    assert Kept(run()).line(PLAN) == "engine.train(task, plan).wait()"
    assert (
        Kept(run(epochs=3))
        .line(PLAN.replace(channels=8))
        .startswith("engine.train(task, plan.replace(channels=")
    )


@pytest.mark.parametrize(
    ("kept", "note"),
    [
        (Kept(run()), ""),
        (Kept(run("cancelled", 3)), "# cancelled after epoch 3 here; a script trains to the end"),
        (Kept(run("cancelled", 3), "runs/a", 3), ""),
        (Kept(run("finished", 5), "runs/a", 3), "run.resume()"),
    ],
)
def test_what_the_code_cannot_do_by_itself_is_said(kept, note):
    assert kept.note() == note
