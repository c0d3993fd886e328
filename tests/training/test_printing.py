"""The plain printing callback: few lines, printed by whoever waits."""

from __future__ import annotations

import pytest

from workbench.events import EpochDone, RunDone, StepDone
from workbench.training.printing import PrintProgress


def test_few_lines_however_many_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PrintProgress()
    for epoch in range(1, 1001):
        progress(StepDone(0.0, epoch, 1, 1, 0.5, 8))
        progress(EpochDone(float(epoch), epoch, 1000, 0.5, "auroc", 0.7, False))
    progress(RunDone(1000.0, "failed", "ValueError: no"))
    assert capsys.readouterr().out == ""
    progress.flush()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 40
    assert lines[-1] == "failed: ValueError: no (1000.0 s)"
    assert "auroc 0.7000" in lines[0]
