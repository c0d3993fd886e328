"""What a run has told, in bounded memory."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets._recent import RECENT
from widgets._run_record import RunRecord
from workbench.events import EpochDone, Progress, RunDone, StageTimes, StepDone


def test_a_run_is_told_by_its_events():
    record = RunRecord()
    record.add(Progress(0.1, "statistics", 1, 4, "tables"))
    assert (record.state, record.stage, record.total) == ("running", "statistics", 4)
    for epoch in (1, 2):
        for step in (1, 2, 3):
            record.add(StepDone(epoch + step / 10, epoch, step, 3, 1 / (epoch + step), 64))
        record.add(StageTimes(epoch + 0.5, epoch, 3, {"sample": 0.2, "forward": 0.1}))
        record.add(EpochDone(epoch + 0.9, epoch, 5, 0.5 / epoch, "auroc", 0.9 - epoch / 10, epoch == 1))
    assert record.steps == 6
    assert record.seeds == 6 * 64
    assert record.loss.x == [1, 2, 3, 4, 5, 6]
    assert record.stages == pytest.approx({"sample": 0.4, "forward": 0.2})
    assert (record.best, record.best_epoch) == (pytest.approx(0.8), 1)
    assert record.fraction == pytest.approx(2 / 5)
    assert not record.ended
    record.add(RunDone(3.0, "stopped early", "no better for 4 epochs"))
    assert record.ended
    assert record.message == "no better for 4 epochs"


def steps(record, first, last, *, each=1.0, epochs=4, of=10, epoch=1):
    for step in range(first, last + 1):
        record.add(StepDone(each * step, epoch, step, of, 0.5, 64, epochs))


def test_the_end_is_known_from_the_second_step_on_and_a_slow_first_batch_tells_nothing():
    record = RunRecord()
    record.add(StepDone(30.0, 1, 1, 10, 0.5, 64, 4))  # compiled for
    assert record.remaining is None
    for step in range(2, 6):
        record.add(StepDone(30.0 + step - 1, 1, step, 10, 0.5, 64, 4))
    assert record.fraction == 5 / 40
    assert record.remaining == pytest.approx(35.0)
    assert record.rate == pytest.approx(64.0)


def test_validation_moves_neither_the_bar_nor_the_end():
    record = RunRecord()
    steps(record, 1, 10)
    before = (record.fraction, record.remaining)
    record.add(Progress(11.0, "validation", 1, 2, "batches"))
    assert (record.fraction, record.remaining) == before
    assert (record.stage, record.done, record.total) == ("validation", 1, 2)


def test_recent_stages_forget_and_keep_their_shares():
    record = RunRecord()
    record.add(StageTimes(0.0, 1, 1, {"sample": 60.0}))
    for _ in range(100):
        record.add(StageTimes(1.0, 1, 1, {"sample": 0.25, "forward": 0.75}, {"ready": 3}))
    assert record.stages == pytest.approx({"sample": 85.0, "forward": 75.0})
    assert record.recent["forward"] / record.recent["sample"] == pytest.approx(3.0, rel=0.05)
    assert sum(record.recent.values()) <= RECENT * 1.001
    assert record.queues == {"ready": 3}


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 10_000)), min_size=2, max_size=50))
def test_the_rate_lies_between_the_slowest_and_the_fastest_step(drawn):
    record, now, rates = RunRecord(), 0.0, []
    for i, (took, seeds) in enumerate(drawn):
        now += took
        record.add(StepDone(now, 1, i + 1, len(drawn), 0.5, seeds, 1))
        rates += [seeds / took] if i and took else []
    assert math.isfinite(record.rate)
    if rates and all(took > 1e-3 for took, _ in drawn[1:]):
        assert min(rates) * 0.999 - 1e-9 <= record.rate <= max(rates) * 1.001 + 1e-9


def test_a_run_that_goes_on_keeps_its_curves_and_its_time():
    record = RunRecord()
    steps(record, 1, 10)
    record.add(EpochDone(11.0, 1, 4, 0.5, "auroc", 0.7, True))
    record.add(RunDone(12.0, "cancelled"))
    record.resume()
    assert (record.state, record.ended, record.remaining) == ("waiting", False, None)
    record.add(StepDone(5.0, 2, 1, 10, 0.5, 64, 4))
    record.add(StepDone(6.0, 2, 2, 10, 0.5, 64, 4))
    assert (record.state, record.steps, record.seconds) == ("running", 12, 18.0)
    assert record.fraction == 12 / 40
    assert record.remaining == pytest.approx(28.0)
    assert record.metric.y == [0.7]


def test_a_note_is_forgotten_at_the_next_epoch():
    record = RunRecord(message="nothing to resume: it is under way")
    steps(record, 1, 2)
    assert record.message
    record.add(EpochDone(11.0, 1, 4, 0.5, "auroc", 0.7, True))
    assert record.message == ""


def test_a_loaded_run_shows_the_epochs_behind_it():
    record = RunRecord.of([EpochDone(3.0 * e, e, 9, 0.5, "auroc", 0.6 + e / 10, True) for e in (1, 2)])
    assert (record.state, record.epoch, record.best_epoch, record.seconds) == ("waiting", 2, 2, 6.0)
    assert record.metric.x == [1, 2]
