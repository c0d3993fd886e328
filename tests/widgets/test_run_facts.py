"""What is sent of a record is JSON and float32, and told by the state it is in."""

import json

import numpy as np

from widgets._run_facts import run_facts
from widgets._run_record import RunRecord
from workbench.events import RunDone, StageTimes, StepDone


def test_while_it_runs_recent_times_are_shown_and_at_the_end_all():
    record = RunRecord()
    record.add(StageTimes(0.0, 1, 1, {"sample": 300.0, "forward": 10.0}))
    record.add(StageTimes(0.0, 1, 2, {"wait": 30.0}, {"sampled": 1, "ready": 3}))
    meta, _ = run_facts(record, "cpu", None, can_resume=False)
    assert 0 < sum(meta["stages"].values()) < 16
    assert meta["load"] == ["", "batches in the queue: 1 sampled, 3 ready"]
    record.add(RunDone(40.0, "finished"))
    meta, _ = run_facts(record, "cpu", None, can_resume=False)
    assert meta["load"] == ["", ""]
    bars = {title: {name: seconds for name, seconds, _ in bar} for title, bar in meta["bars"]}
    assert bars["training"] == {
        **dict.fromkeys(("transfer", "backward", "optimise", "validate"), 0.0), "wait": 30.0, "forward": 10.0
    }  # fmt: skip
    assert bars["loader, beside it"]["sample"] == 300.0
    assert meta["advice"].startswith("Training waits for batches 75 %")


def test_a_diverged_run_is_still_json():
    record = RunRecord()
    record.add(StepDone(float("nan"), 1, 1, 2, float("inf"), 8))
    meta, columns = run_facts(record, "cuda:0", None, can_resume=True)
    json.dumps(meta, allow_nan=False)
    assert columns["loss_y"].dtype == np.float32
