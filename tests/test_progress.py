"""Progress events become one bar on a terminal and nothing in a log."""

from __future__ import annotations

import io

import pytest

from workbench.events import Progress, RunDone
from workbench.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


EVENTS = (
    Progress(0.0, "tables", 10, 100, "rows"),
    Progress(1.0, "tables", 60, 100, "rows"),
    RunDone(1.0, "finished"),
    Progress(2.0, "edges", 100, 100, "rows"),
)


def test_a_terminal_sees_stage_and_count(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with ProgressBar() as bar:
        for event in EVENTS:
            bar(event)
    assert "tables" in terminal.getvalue()


def test_a_log_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    with ProgressBar() as bar:
        for event in EVENTS:
            bar(event)
    assert log.getvalue() == ""


def test_no_event_needs_no_bar() -> None:
    with ProgressBar():
        pass
