"""FanoutPicker without a browser."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from widgets import FanoutPicker
from widgets._pilot import Pilot
from workbench.errors import FanoutError, WorkbenchError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.testing.graphs import DAY

ORDERS = "orders-user_id->users"


def edit(how, **more):
    """The message of a view."""
    return {"kind": "edit", "how": how, **more}


def row_of(picker, edge_type):
    return [str(e) for e in picker.table.edge_types].index(edge_type)


def test_an_edit_changes_fanout_plan_and_cost(engine, task, plan):
    picker = FanoutPicker(engine, task, plan).wait()
    before = picker.cost.edges
    picker.set(1, ORDERS, 0)
    assert picker.fanout.get(1, ORDERS) == 0
    assert picker.plan == plan.replace(fanout=picker.fanout)
    assert plan.fanout == Fanout([4, 2])
    assert picker.wait().cost.edges.mean < before.mean
    assert [f"{picker.cost.edges}", "edges"] in picker._payload["meta"]["cost"]["totals"]


def test_a_task_in_place_of_the_plan_is_refused(engine, task, plan):
    said = (
        r"FanoutPicker\(engine, task, plan\) was asked for: got .* Allowed: a ModelPlan. Take engine.suggest"
    )
    with pytest.raises(WorkbenchError, match=said):
        FanoutPicker(engine, plan, task)


def test_metapaths_are_refused_with_where_to_change_them(engine, task, plan):
    paths = plan.replace(fanout=Metapaths([Metapath(ORDERS, fanouts=4)]))
    said = (
        r"over plan.fanout was asked for: got a Metapaths\. Allowed: a Fanout\. .*plan.replace\(fanout=...\)"
    )
    with pytest.raises(WorkbenchError, match=said):
        FanoutPicker(engine, task, paths)


def test_what_the_table_cannot_edit_is_shown_and_kept(engine, task, plan):
    start = Fanout([{ORDERS: Draw(2, window="9 days")}], half_life="2 days", strict=True, max_nodes=500)
    picker = FanoutPicker(engine, task, plan.replace(fanout=start))
    meta = picker._payload["meta"]
    assert (
        meta["choices"] == "decay (half-life 2 days), disjoint, strictly before the anchor, at most 500 nodes"
    )
    assert meta["strategies"] == ["uniform", "recent", "decay"]
    assert meta["rows"][0] == {"edge_type": ORDERS, "cells": [2], "notes": ["2 (the last 9 days only)"]}
    picker._receive(picker, edit("drawn", strategy="recent"), [])
    assert (picker.fanout.half_life, picker.fanout.max_nodes) == (None, 500)
    picker._receive(picker, edit("drawn", strategy="decay"), [])
    assert picker.fanout == start
    picker._receive(picker, edit("set", hop=1, edge_type=0, fanout=0.25), [])
    assert picker.fanout.cell(1, ORDERS) == Draw(0.25, window="9 days")
    assert picker.plan.fanout.strict
    assert picker.wait().error == ""
    assert picker.cost is not None


def test_a_view_edits_through_messages(engine, task, plan):
    picker = FanoutPicker(engine, task, plan)
    picker._receive(picker, edit("set", hop=2, edge_type=row_of(picker, ORDERS), fanout=-1), [])
    picker._receive(picker, edit("drawn", strategy="recent"), [])
    picker._receive(picker, edit("deeper"), [])
    assert picker.fanout.get(2, ORDERS) == -1
    assert picker.fanout.strategy == "recent"
    assert picker.fanout.hops_deep == 3
    picker._receive(picker, edit("reset"), [])
    assert picker.fanout == plan.fanout


def test_a_bad_edit_is_shown_and_the_fanout_stays(engine, task, plan):
    picker = FanoutPicker(engine, task, plan).wait()
    picker._receive(picker, edit("set", hop=1, edge_type=0, fanout=-5), [])
    assert "FanoutError" in picker._payload["meta"]["error"]
    assert picker.fanout == plan.fanout
    with pytest.raises(FanoutError):
        picker.set(1, ORDERS, -5)
    picker.set(1, ORDERS, 5)
    assert picker._payload["meta"]["error"] == ""


def test_while_dragging_only_the_newest_fanout_is_costed(engine, task, plan):
    picker = FanoutPicker(engine, task, plan).wait()
    engine.costed.clear()
    hold, measuring = threading.Event(), threading.Event()
    profile = engine.profile

    def slow(*args, **kwargs):
        measuring.set()
        hold.wait(10)
        return profile(*args, **kwargs)

    engine.profile = slow
    picker.set(1, ORDERS, 1)
    measuring.wait(10)
    for k in range(2, 9):
        picker.set(1, ORDERS, k)
    assert picker.cost is None
    hold.set()
    picker.wait()
    assert {fanout.get(1, ORDERS) for fanout in engine.costed} == {1, 8}
    assert picker.cost is not None


def test_an_edit_is_costed_while_full_batches_of_the_one_before_are_measured(engine, task, plan, monkeypatch):
    monkeypatch.setattr("widgets._pilot.QUICK", 1)
    hold, full = threading.Event(), Pilot.full
    monkeypatch.setattr(Pilot, "full", lambda *args: hold.wait(10) and full(*args))
    picker, priced = FanoutPicker(engine, task, plan.replace(batch_size=2)), threading.Event()
    picker.observe(lambda change: change.new["meta"]["cost"] and priced.set(), "_payload")
    priced.wait(10)
    for k in (1, 3):
        priced.clear()
        picker.set(1, ORDERS, k)
        assert priced.wait(10)
    hold.set()
    assert picker.wait().error == ""


def test_edits_are_taken_back_and_made_again(engine, task, plan):
    picker = FanoutPicker(engine, task, plan)
    picker.set(1, ORDERS, 3)
    picker.edit(picker.table.deeper())
    picker._receive(picker, edit("undo"), [])
    assert (picker.fanout.hops_deep, picker.fanout.get(1, ORDERS)) == (2, 3)
    picker.undo()
    assert picker.fanout == plan.fanout
    picker.undo()
    meta = picker._payload["meta"]
    assert (meta["undo"], meta["redo"]) == (False, True)
    picker._receive(picker, edit("redo"), [])
    picker.redo()
    assert picker.fanout.hops_deep == 3
    picker._receive(picker, edit("preset", name="flat: 64"), [])
    assert picker.fanout == Fanout([64])
    assert not picker._payload["meta"]["redo"]


def test_a_number_that_is_typed_is_one_edit(engine, task, plan, monkeypatch):
    picker, now = FanoutPicker(engine, task, plan), 100.0
    monkeypatch.setattr("widgets.fanout_picker.time.monotonic", lambda: now)
    for k in (1, 12, 128):
        picker._receive(picker, edit("set", hop=1, edge_type=0, fanout=k), [])
    picker.undo()
    assert picker.fanout == plan.fanout
    for k in (1, 12):
        now += 5
        picker._receive(picker, edit("set", hop=1, edge_type=0, fanout=k), [])
    picker.undo()
    assert picker.fanout.get(1, picker.table.edge_types[0]) == 1


def test_a_number_that_begins_as_the_old_one_is_an_edit_of_its_own(engine, task, plan):
    picker = FanoutPicker(engine, task, plan)
    picker.set(1, ORDERS, 8)
    for k in (8, 85):  # typed over an 8
        picker._receive(picker, edit("set", hop=1, edge_type=row_of(picker, ORDERS), fanout=k), [])
    picker.undo()
    assert picker.fanout.get(1, ORDERS) == 8


def test_it_is_fitted_to_a_budget(engine, task, plan):
    picker = FanoutPicker(engine, task, plan.replace(batch_size=3))
    wide = picker.fit(nodes=10**6)
    assert picker.fanout == wide.fanout
    most = picker.wait().cost.nodes.mean
    picker._receive(picker, {"kind": "fit", "most": most - 1, "unit": "nodes"}, [])
    picker.wait()
    assert picker.error == ""
    assert picker.cost.nodes.high < most
    picker.undo()
    assert picker.fanout == wide.fanout
    picker._receive(picker, {"kind": "fit", "most": 1, "unit": "nodes"}, [])
    assert "FanoutError" in picker.wait().error
    assert picker.fanout == wide.fanout


def test_a_fit_is_forgotten_where_the_user_edited_on(engine, task, plan):
    picker, fit = FanoutPicker(engine, task, plan), engine.fit_fanout
    engine.fit_fanout = lambda *args, **options: picker.set(1, ORDERS, 3) or fit(*args, **options)
    picker.fit(nodes=10**6)
    assert picker.fanout == plan.fanout.with_entry(1, ORDERS, 3)


def test_forms_are_sent_when_they_are_asked_for(engine, task, plan):
    picker, sent = FanoutPicker(engine, task, plan), []
    picker.send = sent.append
    picker._receive(picker, {"kind": "copy", "form": "PyG"}, [])
    assert sent == [{"kind": "form", "form": "PyG", "text": "[4, 2]"}]


def test_an_error_of_the_cost_is_shown(engine, task, plan):
    def fail(*_args, **_kwargs):
        raise MemoryError("too wide")

    engine.profile = fail
    picker = FanoutPicker(engine, task, plan).wait()
    assert picker.error == "MemoryError: too wide"
    assert picker.cost is None


def test_listeners_hear_every_edit(engine, task, plan):
    picker, heard = FanoutPicker(engine, task, plan), []
    picker.on_change(heard.append)
    picker.set(1, ORDERS, 3)
    picker.set(1, ORDERS, 2)
    assert [fanout.get(1, ORDERS) for fanout in heard] == [3, 2]


def test_joint_fanouts_are_costed_in_batches_of_one_anchor(engine, task, plan):
    joint = plan.replace(fanout=Fanout([4, 2], disjoint=False))
    mixed = replace(task.seeds("val"), anchor_time=np.array([9, 10, 10]) * DAY)
    task.seeds = lambda split: mixed
    picker = FanoutPicker(engine, task, joint).wait()
    assert picker.error == ""
    assert picker.cost.batches == 2


def test_the_still_picture_tells_the_cost(engine, task, plan):
    picture, line = FanoutPicker(engine, task, plan).wait().still()
    assert picture.startswith("<svg ")
    assert "Batches of 3 seeds, all 1 sampled" in line


@pytest.mark.parametrize(
    "then", [edit("deeper"), edit("undo"), {"kind": "fit", "most": 1e6, "unit": "nodes"}]
)
def test_a_fit_under_way_is_said_and_stopped_by_what_is_newer(engine, task, plan, then):
    picker = FanoutPicker(engine, task, plan).wait()
    picker.set(1, ORDERS, 3)
    picker.wait()
    fit, begun, go, seen = engine.fit_fanout, threading.Event(), threading.Event(), []

    def endless(*args, callbacks, **options):
        if begun.is_set():
            return fit(*args, callbacks=callbacks, **options)
        begun.set()
        go.wait(10)
        seen.append("first")
        return fit(*args, callbacks=[*callbacks, lambda event: seen.append(event)], **options)

    engine.fit_fanout = endless
    picker._receive(picker, {"kind": "fit", "most": 1000, "unit": "MB"}, [])
    assert picker._payload["meta"]["fitting"]
    assert begun.wait(10)
    picker._receive(picker, then, [])
    fanout = picker.fanout
    go.set()
    assert picker.wait().error == ""
    assert seen == ["first"], "not one more batch is measured"
    assert not picker._payload["meta"]["fitting"]
    assert picker.fanout == fanout or then["kind"] == "fit"
