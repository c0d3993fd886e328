"""LocalityView without a browser: batches are replayed, a table is chosen, a row is sent on."""

import pytest

from widgets import LocalityView
from workbench.engine import open_engine
from workbench.errors import IdError, SchemaError, WorkbenchError


@pytest.fixture(scope="module")
def view(shop):
    engine, task, plan = shop
    return LocalityView(engine, task, plan, batches=2).wait()


def test_it_replays_batches(view, shop):
    engine, task, plan = shop
    assert view.error == ""
    assert view.locality == engine.features.locality(plan, task.seeds("train"), batches=2)
    meta = view._payload["meta"]
    assert meta["choices"] == list(view.hot)
    assert meta["groups"][0]["rows"] == [[n, p] for n, p in pages(view, view.table).items()]
    assert "pages of 4 KiB a batch" in meta["title"]


def pages(view, table):
    return next(each.pages for each in view.locality.tables if each.table == table)


def test_a_table_is_chosen_and_a_hot_row_sent_on(view):
    heard = []
    stop = view.on_row(lambda *row: heard.append(row))
    table = list(view.hot)[-1]
    view._receive(view, {"kind": "choose", "place": len(view.hot) - 1}, [])
    assert view.table == table
    view._receive(view, {"kind": "pick", "place": 0}, [])
    assert heard == [(table, int(view.hot[table].rows[0]))] == [view.picked]
    assert view._payload["meta"]["picked"] == 0
    stop()
    view.pick(0)
    assert len(heard) == 1
    with pytest.raises(IdError, match="counted from 0"):
        view.pick(999)
    with pytest.raises(SchemaError, match="Allowed: "):
        view.choose("nobody")


def test_a_row_cache_tells_its_hits(shop):
    engine, task, plan = shop
    cold = open_engine(engine.dataset.path, feature_budget=20_000, row_cache=20_000)
    view = LocalityView(cold, task, plan, batches=1).wait()
    assert view.error == ""
    view.choose("orders")
    assert "row cache of" in view._payload["meta"]["caption"]
    cold.features.close()


def test_without_a_plan_it_is_refused_and_errors_are_shown(shop):
    engine, task, plan = shop
    with pytest.raises(WorkbenchError, match="suggest_plan"):
        LocalityView(engine, task, plan.fanout)
    broken = LocalityView(engine, None, plan).wait()
    assert "AttributeError" in broken._payload["meta"]["error"]
    assert broken.title() == "not measured"


def test_the_still_picture_has_a_bar_per_table(view):
    picture, line = view.still()
    assert all(each.table in picture for each in view.locality.tables)
    assert line == view.title()
