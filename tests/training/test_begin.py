"""How runs begin: what is refused at once, and folders of older versions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import PlanError, TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start
from workbench.training.run import Run

PLAN = ModelPlan(Fanout([4], strategy="recent")).replace(channels=4, layers=1, epochs=1, batch_size=64)


def test_no_callbacks_are_silence_and_none_prints(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    plan = PLAN.replace(epochs=1)
    start(shop.parts, shop.task, plan, callbacks=[], device="cpu").wait()
    assert capsys.readouterr().out == ""
    start(shop.parts, shop.task, plan, device="cpu").wait()
    assert "epoch   1/1" in capsys.readouterr().out


def test_plans_and_splits_that_do_not_fit(shop: Shop) -> None:
    with pytest.raises(PlanError, match="regression"):
        start(shop.parts, shop.task, PLAN.replace(loss="l1", metric="mae"))
    with pytest.raises(TrainingError, match="device"):
        start(shop.parts, shop.task, PLAN, device="tpu")
    for odd, got in ((print, "print"), ([Run], "the class Run"), (["x"], "'x'")):
        with pytest.raises(TrainingError, match=rf"got .*{got}.*callbacks=\[print\]"):
            start(shop.parts, shop.task, PLAN, callbacks=odd)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match=r"users\.agee"):
        start(shop.parts, shop.task, PLAN.replace(exclude=("users.agee",)))


def test_a_run_folder_of_before_there_were_targets_loads(shop: Shop, tmp_path: Path) -> None:
    done = start(shop.parts, shop.task, PLAN, callbacks=[], device="cpu", folder=tmp_path / "run").wait()
    path = tmp_path / "run" / "run.json"
    told = json.loads(path.read_text())
    assert told.pop("target")["task_type"] == "binary"
    path.write_text(json.dumps(told))
    again, seeds = load_run(tmp_path / "run", shop.parts), shop.task.seeds("test")
    assert again.target == done.target
    assert np.array_equal(again.predict(seeds).values, done.predict(seeds).values)
