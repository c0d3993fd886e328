"""FanoutPicker without a browser."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from widgets import FanoutPicker
from workbench.errors import FanoutError, WorkbenchError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.testing.graphs import DAY

ORDERS = "orders-user_id->users"


def test_an_edit_changes_fanout_plan_and_cost(engine, task, plan):
    picker = FanoutPicker(engine, task, plan).wait()
    before = picker.cost.edges
    picker.set(1, ORDERS, 0)
    assert picker.fanout.get(1, ORDERS) == 0
    assert picker.plan == plan.replace(fanout=picker.fanout)
    assert plan.fanout == Fanout([4, 2])
    assert picker.wait().cost.edges < before
    assert picker._payload["meta"]["cost"]["edges"] == picker.cost.edges


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
    picker._receive(picker, {"kind": "strategy", "strategy": "recent"}, [])
    assert (picker.fanout.half_life, picker.fanout.max_nodes) == (None, 500)
    picker._receive(picker, {"kind": "strategy", "strategy": "decay"}, [])
    assert picker.fanout == start
    picker._receive(picker, {"kind": "set", "hop": 1, "edge_type": ORDERS, "fanout": 0.25}, [])
    assert picker.fanout.cell(1, ORDERS) == Draw(0.25, window="9 days")
    assert picker.plan.fanout.strict
    assert picker.wait().error == ""
    assert picker.cost is not None


def test_a_view_edits_through_messages(engine, task, plan):
    picker = FanoutPicker(engine, task, plan)
    picker._receive(picker, {"kind": "set", "hop": 2, "edge_type": ORDERS, "fanout": -1}, [])
    picker._receive(picker, {"kind": "strategy", "strategy": "recent"}, [])
    picker._receive(picker, {"kind": "hops", "more": True}, [])
    assert picker.fanout.get(2, ORDERS) == -1
    assert picker.fanout.strategy == "recent"
    assert picker.fanout.hops_deep == 3
    picker._receive(picker, {"kind": "reset"}, [])
    assert picker.fanout == plan.fanout


def test_a_bad_edit_is_shown_and_the_fanout_stays(engine, task, plan):
    picker = FanoutPicker(engine, task, plan).wait()
    picker._receive(picker, {"kind": "set", "hop": 1, "edge_type": ORDERS, "fanout": -5}, [])
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
    cost = engine.cost

    def slow(*args, **kwargs):
        measuring.set()
        hold.wait(10)
        return cost(*args, **kwargs)

    engine.cost = slow
    picker.set(1, ORDERS, 1)
    measuring.wait(10)
    for k in range(2, 9):
        picker.set(1, ORDERS, k)
    assert picker.cost is None
    hold.set()
    picker.wait()
    assert {fanout.get(1, ORDERS) for fanout in engine.costed} == {1, 8}
    assert picker.cost is not None


def test_an_error_of_the_cost_is_shown(engine, task, plan):
    def fail(*_args, **_kwargs):
        raise MemoryError("too wide")

    engine.cost = fail
    picker = FanoutPicker(engine, task, plan).wait()
    assert picker.error == "MemoryError: too wide"
    assert picker.cost is None


def test_listeners_hear_every_edit(engine, task, plan):
    picker, heard = FanoutPicker(engine, task, plan), []
    picker.on_change(heard.append)
    picker.set(1, ORDERS, 3)
    picker.set(1, ORDERS, 2)
    assert [fanout.get(1, ORDERS) for fanout in heard] == [3, 2]


def test_a_very_wide_fanout_is_costed_on_a_few_seeds(engine, task, plan, monkeypatch):
    seeds = task.seeds("val")[[0, 1, 2, 0, 1, 2, 0, 1]]
    task.seeds = lambda split: seeds
    assert FanoutPicker(engine, task, plan).wait().cost.pilot == 8
    monkeypatch.setattr("widgets.fanout_picker.MOST_NODES", 5)
    assert FanoutPicker(engine, task, plan).wait().cost.pilot == 4


def test_without_validation_seeds_the_training_seeds_are_sampled(engine, task, plan):
    task.split = "train"
    assert FanoutPicker(engine, task, plan).pilot().split == "train"


def test_joint_fanouts_are_costed_on_seeds_of_one_anchor(engine, task, plan):
    joint = plan.replace(fanout=Fanout([4, 2], disjoint=False))
    seeds = task.seeds("val")
    mixed = replace(seeds, anchor_time=np.array([9, 10, 10]) * DAY)
    task.seeds = lambda split: mixed
    picker = FanoutPicker(engine, task, joint).wait()
    assert picker.error == ""
    assert picker.pilot().anchor_time.tolist() == [10 * DAY, 10 * DAY]


def test_the_still_picture_tells_the_cost(engine, task, plan):
    picture, line = FanoutPicker(engine, task, plan).wait().still()
    assert picture.startswith("<svg ")
    assert "512 seeds" in line
