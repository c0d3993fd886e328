"""A widget's model sleeps while nothing shows it, and wakes where it is shown again."""

import gc
import weakref
from itertools import count
from types import SimpleNamespace

import ipywidgets
import pytest

import workbench as wb
from widgets import SchemaView, Workbench
from widgets._placed import Placed


@pytest.fixture
def run(monkeypatch):
    """Runs a function as a run of a notebook's cell."""
    state = {}
    shell = SimpleNamespace(get_parent=lambda: state)
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    monkeypatch.setattr("widgets._placed._CELLS", {})

    runs = count()

    def run(cell, made):
        state.update(metadata={"cellId": cell}, header={"msg_id": f"r{next(runs)}"})
        try:
            return made()
        finally:
            state.update(metadata={}, header={})

    return run


def view():
    user = wb.Table("users", (wb.Column("user_id", wb.Stype.ID),), primary_key="user_id")
    return SchemaView(wb.Schema((user,)))


def shown(widget):
    """What a cell does with its last value."""
    assert "application/vnd.jupyter.widget-view+json" in widget._repr_mimebundle_()[0]
    return widget


def alive(*found):
    return [widget.comm is not None for widget in found]


def test_the_models_of_a_cell_that_runs_again_go_and_the_python_objects_stay(run):
    first = run("a", lambda: shown(view()))
    second = run("a", lambda: shown(view()))
    assert alive(first, second) == [False, True]
    first.show(second.schema)  # goes on as a plain object
    assert first.still() == second.still()


def test_what_another_cell_shows_lives_until_that_one_runs_again(run):
    first = run("a", view)
    run("b", lambda: shown(first))
    second = run("a", view)
    assert alive(first, second) == [True, True]
    run("b", lambda: shown(second))
    assert alive(first, second) == [False, True]


def test_what_is_shown_again_is_awake_with_its_newest_state(run):
    kept = run("a", lambda: shown(view()))
    name = kept._model_id
    run("a", lambda: shown(view()))
    assert alive(kept) == [False]
    kept.show_error(ValueError("meanwhile"))
    data, _ = run("b", kept._repr_mimebundle_)
    assert alive(kept) == [True]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == name
    assert "meanwhile" in kept.get_state()["_payload"]["meta"]["error"]


def test_one_that_its_own_cell_shows_each_time_never_sleeps(run):
    kept = view()
    comm = kept.comm
    for _ in range(3):
        run("a", lambda: shown(kept))
    assert kept.comm is comm


def test_a_view_that_is_left_on_the_page_keeps_the_model(run):
    first = run("a", lambda: shown(view()))
    first.set_state({"_view_count": 2})  # as the page says: another place shows it
    run("a", view)
    assert alive(first) == [True]
    first.set_state({"_view_count": 1})
    assert alive(first) == [True]
    first.set_state({"_view_count": 0})
    assert alive(first) == [False]


def test_views_that_only_close_with_their_notebook_let_nothing_sleep(run):
    first = run("a", lambda: shown(view()))
    for views in (1, 0, 1):
        first.set_state({"_view_count": views})
    assert alive(first) == [True]


def test_one_that_is_in_another_widget_stays(run):
    inner = run("a", lambda: shown(view()))
    run("b", lambda: ipywidgets.VBox([inner]))
    run("a", view)
    assert alive(inner) == [True]


def test_one_that_sleeps_wakes_in_another_widget(run):
    inner = run("a", lambda: shown(view()))
    run("a", view)
    assert alive(inner) == [False]
    box = ipywidgets.VBox([inner])
    assert box.get_state()["children"] == [f"IPY_MODEL_{inner._model_id}"]
    assert alive(inner) == [True]
    run("a", view)
    assert alive(inner) == [True]


def test_outside_of_cells_nothing_sleeps(run):
    first = shown(view())
    second = shown(view())
    run("a", view)
    assert alive(first, second) == [True, True]


def test_one_that_was_closed_stays_closed(run):
    first = run("a", lambda: shown(view()))
    first.close()
    run("a", view)
    assert alive(first) == [False]
    assert first._repr_mimebundle_ is None


def test_who_sleeps_and_is_nobodys_is_freed(run):
    gone = weakref.ref(run("a", lambda: shown(view())))
    run("a", view)
    gc.collect()
    assert gone() is None


def test_a_workbench_goes_and_comes_with_all_its_parts(run):
    source = wb.commerce(20, periods=5).tables
    first = run("a", lambda: shown(Workbench(source)))
    parts = [first, *first.children, *first.forms.values(), *first.page._folds.values()]
    assert all(isinstance(part, Placed) for part in parts)
    models = [part._model_id for part in (first, *first.children)]
    second = run("a", lambda: shown(Workbench(source)))
    assert not any(alive(*parts))
    assert all(alive(second, *second.children))
    run("b", lambda: shown(first))
    assert all(alive(first, *first.children))
    assert [part._model_id for part in (first, *first.children)] == models


def test_what_a_workbench_no_longer_shows_sleeps(run):
    bench = run("a", lambda: Workbench(wb.commerce(20, periods=5).tables))
    run("b", lambda: shown(bench))
    run("a", view)
    whole, code = bench.children, bench.forms["code"]
    assert alive(bench, code) == [True, True]
    bench.children = whole[:-1]
    assert alive(code) == [False]
    bench.children = whole
    assert alive(code) == [True]
