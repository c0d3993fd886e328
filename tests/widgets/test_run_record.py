"""What a run has told, in bounded memory."""

import numpy as np
import pytest

from widgets._run_record import Curve, RunRecord
from workbench.events import EpochDone, Progress, RunDone, StageTimes, StepDone


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100, 1000, 5001])
def test_a_curve_stays_bounded_and_keeps_the_shape(count):
    curve = Curve(capacity=8)
    for i in range(count):
        curve.add(i, 2.0 * i)
    assert len(curve.x) < 8 or count == 0
    assert curve.x == sorted(curve.x)
    assert np.allclose(np.asarray(curve.y), 2 * np.asarray(curve.x))
    whole = len(curve.x) * curve.stride
    assert whole <= count < whole + curve.stride
    if whole:
        assert np.mean(curve.x) == pytest.approx((whole - 1) / 2)


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
