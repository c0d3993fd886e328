"""RunMonitor from synthetic events."""

import json
import threading

import pytest

from widgets import RunMonitor
from widgets._bottleneck import LITTLE, TRAINING
from widgets._notebook import in_notebook
from widgets._run_record import RunRecord
from workbench.errors import TrainingError, WorkbenchError
from workbench.events import EpochDone, RunDone, StageTimes, StepDone
from workbench.training.run import Run


class ToyRun(Run):
    cancelled = under_way = False
    state, history, device, folder = "cancelled", (), "cpu", "runs/toy"

    def __init__(self, *callbacks):
        self._callbacks = callbacks

    def resume(self, callbacks):
        assert not self.under_way
        self.under_way, self.resumed = True, callbacks
        callbacks[0].attach(self)

    def cancel(self):
        self.cancelled = True


def play(monitor, steps=2000):
    for step in range(1, steps + 1):
        monitor(StepDone(step / 1000, 1, step, steps, 1 / step, 8))
    monitor(StageTimes(2.0, 1, steps, {"sample": 1.0, "backward": 3.0}))
    monitor(EpochDone(2.1, 1, 3, 0.25, "auroc", 0.7, True))


def test_thousands_of_steps_make_few_updates_and_the_end_is_always_sent():
    monitor = RunMonitor()
    play(monitor)
    assert monitor._payload["seq"] < 40
    assert monitor._teller.wait(30)
    assert monitor._payload["meta"]["steps"] == 2000  # without an end, too, the newest state is sent
    monitor(RunDone(2.2, "finished"))
    meta = monitor._payload["meta"]
    assert (meta["state"], meta["ended"], meta["steps"]) == ("finished", True, 2000)
    assert meta["stages"] == {"sample": 1.0, "backward": 3.0}
    assert (meta["best"], meta["metric_name"]) == (0.7, "auroc")
    assert len(monitor._payload["columns"]["loss_x"]["data"]) <= 4 * 400


def test_events_of_another_thread_are_taken():
    monitor = RunMonitor()
    thread = threading.Thread(target=play, args=(monitor,))
    thread.start()
    thread.join(30)
    assert monitor.record.steps == 2000


def test_cancel_reaches_the_run_once_and_the_button_says_so():
    monitor, run = RunMonitor(), ToyRun()
    monitor.attach(run)
    play(monitor, 3)
    monitor._receive(monitor, {"kind": "cancel"}, [])
    assert run.cancelled
    assert monitor._payload["meta"]["state"] == "cancelling"
    monitor(StepDone(3, 1, 4, 10, 0.1, 8))
    assert monitor.record.state == "cancelling"
    monitor(RunDone(3.1, "cancelled"))
    assert monitor._payload["meta"]["state"] == "cancelled"
    run.cancelled = False
    monitor.cancel()
    assert not run.cancelled


def test_a_monitor_that_is_used_again_begins_anew():
    monitor, second = RunMonitor(), ToyRun()
    monitor.attach(ToyRun())
    play(monitor, 3)
    monitor(RunDone(2.2, "failed", "TrainingError: no seeds"))
    monitor.attach(second)
    meta = monitor._payload["meta"]
    assert (meta["state"], meta["steps"], meta["best"], meta["error"]) == ("waiting", 0, None, "")
    play(monitor, 2)
    assert (monitor.record.state, monitor.record.steps) == ("running", 2)
    monitor.cancel()
    assert second.cancelled


def test_a_run_that_ends_while_it_is_cancelled_is_not_left_as_cancelling():
    monitor = RunMonitor()
    monitor.attach(ToyRun())
    end = threading.Thread(target=monitor, args=(RunDone(1.0, "finished"),))

    class EndsWhenAsked(RunRecord):
        @property
        def ended(self):
            if not end.ident:
                end.start()
                end.join(0.2)  # seconds that it would need if nothing held it back
            return False

    monitor.record = EndsWhenAsked()
    monitor.cancel()
    end.join(30)
    assert monitor._payload["meta"]["state"] == "finished"


def test_cancel_without_a_run_says_what_to_do():
    monitor = RunMonitor()
    with pytest.raises(TrainingError, match=r"engine\.train"):
        monitor.cancel()
    monitor._receive(monitor, {"kind": "cancel"}, [])
    assert "TrainingError" in monitor._payload["meta"]["error"]


def test_a_failed_run_shows_its_error():
    monitor = RunMonitor()
    monitor(RunDone(0.1, "failed", "TrainingError: no seeds"))
    assert monitor._payload["meta"]["error"] == "TrainingError: no seeds"
    assert monitor.error


def test_a_diverged_run_is_still_json():
    monitor = RunMonitor()
    monitor(StepDone(float("nan"), 1, 1, 2, float("nan"), 8))
    monitor(EpochDone(1.0, 1, 3, float("nan"), "auroc", float("inf"), True))
    json.dumps(monitor._payload["meta"], allow_nan=False)
    assert monitor.still()[0].startswith("<svg ")


def test_outside_a_notebook_it_does_not_display_itself():
    assert not in_notebook()
    monitor = RunMonitor()
    monitor.attach(ToyRun())
    assert monitor._handle is None


def test_a_cancelled_run_is_resumed_with_all_who_listened_and_its_curves_stay():
    monitor, other = RunMonitor(), print
    run = ToyRun(other, monitor)
    monitor.attach(run)
    assert not monitor._payload["meta"]["can_resume"]
    play(monitor, 3)
    monitor(RunDone(2.2, "cancelled"))
    assert monitor._payload["meta"]["can_resume"]
    monitor._receive(monitor, {"kind": "resume"}, [])
    assert monitor.worker.wait(30)
    assert run.resumed == [monitor, other]
    meta = monitor._payload["meta"]
    assert (meta["state"], meta["steps"], meta["best"], meta["can_resume"]) == ("waiting", 3, 0.7, False)
    monitor._receive(monitor, {"kind": "resume"}, [])  # a second click
    assert monitor.worker.wait(30)
    meta = monitor._payload["meta"]
    assert (meta["error"], meta["message"]) == ("", "nothing to resume: it is under way")
    monitor(StepDone(0.1, 2, 1, 3, 0.5, 8, 3))
    monitor(RunDone(0.2, "finished"))
    assert not monitor._payload["meta"]["can_resume"]


def test_what_cannot_be_resumed_says_so_in_the_widget():
    monitor = RunMonitor()
    monitor.on_resume()
    monitor.worker.wait(30)
    assert "no run is attached" in monitor._payload["meta"]["error"]


def test_a_run_that_ended_before_can_be_looked_at():
    run = ToyRun()
    run.history = [EpochDone(2.1, 1, 3, 0.25, "auroc", 0.7, True)]
    meta = RunMonitor(run)._payload["meta"]
    assert (meta["state"], meta["ended"], meta["best"], meta["can_resume"]) == ("cancelled", True, 0.7, True)


@pytest.mark.parametrize("what", [5, "runs/first", ToyRun])
def test_what_is_no_run_is_refused_where_the_monitor_is_made(what):
    with pytest.raises(WorkbenchError, match=r"Allowed: a Run.*RunMonitor\(engine\.load_run\(folder\)\)"):
        RunMonitor(what)


def test_a_second_training_is_refused_while_the_first_is_under_way(shop, tmp_path):
    engine, task, plan = shop
    monitor, long = RunMonitor(), plan.replace(epochs=999, patience=999)
    first = engine.train(task, long, callbacks=[monitor], device="cpu")
    with pytest.raises(TrainingError, match=r"another one, in .*under way.*callbacks=\[RunMonitor\(\)\]"):
        engine.train(task, plan, callbacks=[monitor], device="cpu", folder=tmp_path)
    assert monitor.run is first
    assert not list(tmp_path.iterdir()), "the folder can be given to the next training"
    monitor.cancel()
    assert first.wait().state == monitor.record.state == "cancelled"
    short = plan.replace(epochs=1, max_steps=1)
    second = engine.train(task, short, callbacks=[monitor], device="cpu", folder=tmp_path).wait()
    assert (monitor.run, monitor.record.state, monitor.record.steps) == (second, "finished", 1)


def test_a_real_run_is_cancelled_within_a_step_and_goes_on(shop):
    engine, task, plan = shop
    monitor = RunMonitor()
    run = engine.train(task, plan.replace(epochs=999, patience=999), callbacks=[monitor], device="cpu")
    while monitor.record.epoch < 2 and not monitor.record.ended:
        run.wait(0.05)
    with monitor._lock:  # no step is heard meanwhile
        before = monitor.record.steps
        monitor.cancel()
    run.wait()
    assert monitor.record.steps <= before + 1
    meta = monitor._payload["meta"]
    assert (meta["state"], run.state, meta["can_resume"]) == ("cancelled", "cancelled", True)
    assert {"wait", "forward", "backward", "validate", "sample"} <= set(meta["stages"])
    assert meta["load"][0].startswith("CPU ")
    # A run as short as this may not have trained for long enough that its bottleneck is told.
    spent = sum(monitor.record.stages.get(stage, 0.0) for stage in TRAINING)
    assert bool(meta["advice"]) == (spent >= LITTLE)
    steps = monitor.record.steps
    monitor.resume()
    assert run.state == "running"
    while monitor.record.steps <= steps and not monitor.record.ended:
        run.wait(0.05)
    monitor.cancel()
    assert run.wait().state == "cancelled"
    assert monitor.record.steps > steps
