"""Listeners come, hear, and go."""

from types import SimpleNamespace

import pytest

from widgets._listeners import Listeners


@pytest.fixture
def notebook(monkeypatch):
    """A kernel that runs cells; the test says which."""
    state = {}
    shell = SimpleNamespace(get_parent=lambda: state)
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    return lambda cell, run: state.update(metadata={"cellId": cell}, header={"msg_id": run})


def test_all_are_told_until_they_are_stopped():
    heard, listeners = [], Listeners()
    stop = listeners.add(lambda value: heard.append(("a", value)))
    listeners.add(lambda value: heard.append(("b", value)))
    listeners.tell(1)
    stop()
    stop()  # a second time changes nothing
    listeners.tell(2)
    assert heard == [("a", 1), ("b", 1), ("b", 2)]


def test_one_that_stops_while_all_are_told_takes_nobody_elses_turn():
    heard, listeners = [], Listeners()
    stops = [listeners.add(lambda _: stops[0]()), listeners.add(heard.append)]
    listeners.tell(1)
    listeners.tell(2)
    assert heard == [1, 2]


def test_a_cell_that_runs_again_replaces_its_own_listeners(notebook):
    heard, listeners = [], Listeners()
    for cell, run, name in [("c1", "r1", "a"), ("c1", "r1", "b"), ("c2", "r2", "c"), ("c1", "r3", "d")]:
        notebook(cell, run)
        listeners.add(lambda _, name=name: heard.append(name))
    listeners.tell(0)
    assert heard == ["c", "d"]
    assert len(listeners) == 2


def test_without_cells_all_stay(notebook):
    listeners = Listeners()
    for run in ("r1", "r2"):
        notebook("", run)
        listeners.add(print)
    assert len(listeners) == 2
