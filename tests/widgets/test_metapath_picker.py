"""MetapathPicker without a browser."""

import pytest

from widgets import MetapathPicker
from workbench.errors import FanoutError
from workbench.plan.metapath import Metapath, Metapaths

ORDERS, PRODUCTS = "orders-user_id->users", "products-rev_product_id->orders"


def receive(picker, kind, **more):
    picker._receive(picker, {"kind": kind, **more}, [])


def at(picker, name):
    return picker._schema.node_types.index(name)


def test_clicks_build_the_plans_value(engine, task, plan):
    picker = MetapathPicker(engine, task, plan)
    receive(picker, "edit", how="go", to=at(picker, "orders"))
    receive(picker, "edit", how="go", to=at(picker, "products"))
    receive(picker, "edit", how="set", path=0, hop=1, take=4)
    receive(picker, "edit", how="static", path=0, on=True)
    wanted = Metapaths([Metapath(ORDERS, PRODUCTS, fanouts=[4, 1], static=True)])
    assert picker.metapaths == wanted
    assert picker.plan == plan.replace(fanout=wanted)
    drawn = engine.sample(task.seeds("val"), picker.metapaths)
    assert drawn.num_edges > 0
    meta = picker._payload["meta"]
    assert meta["paths"] == [{"chain": meta["chain"], "cells": [4, 1], "notes": ["", ""], "static": True}]
    assert meta["types"][meta["end"]]["name"] == "products"


def test_edits_from_python_are_undone_in_turn(engine, task):
    picker, heard = MetapathPicker(engine, task), []
    picker.on_change(heard.append)
    one = Metapaths([Metapath(ORDERS, fanouts=4)])
    picker.metapaths = one
    picker.edit(picker.draft.set(0, 1, 9))
    assert picker.metapaths.metapaths[0].fanouts == (9,)
    picker.undo()
    assert picker.metapaths == one
    receive(picker, "undo")
    receive(picker, "undo")
    assert picker.draft.paths == ()
    assert not picker._payload["meta"]["can_undo"]
    assert [value.metapaths[0].fanouts for value in heard] == [(4,), (9,), (4,)]


def test_reset_gives_back_what_it_began_with(engine, task, plan):
    start = Metapaths([Metapath(ORDERS, fanouts=4)], strict=True)
    picker = MetapathPicker(engine, task, plan.replace(fanout=start))
    receive(picker, "edit", how="without", path=0)
    with pytest.raises(FanoutError, match=r"1 \.\. 64"):
        _ = picker.metapaths
    receive(picker, "reset")
    assert picker.metapaths == start


def test_a_schema_without_data_and_the_name_of_the_seeds_are_enough(engine):
    picker = MetapathPicker(engine.schema, "products")
    receive(picker, "edit", how="go", to=at(picker, "users"))
    assert picker.metapaths.metapaths[0].path == ("users-ratings->products",)
    with pytest.raises(FanoutError, match="made without one"):
        _ = picker.plan


@pytest.mark.parametrize(
    "edit",
    [
        {"how": "__init__"},
        {"how": "value"},
        {"how": "go", "to": 99},
        {"how": "go", "to": 2},
        {"how": "walk", "edge_type": 99},
        {"how": "set", "path": 0, "hop": 1, "take": -7},
        {"how": "set", "path": 0, "hop": 1, "take": "8"},
        {"how": "set", "path": 0},
        {"how": "select", "path": 4},
        {},
    ],
)
def test_a_bad_edit_is_shown_and_changes_nothing(engine, task, edit):
    picker = MetapathPicker(engine, task)
    picker.edit(picker.draft.go("orders").go("users").go("orders"))
    before = picker.draft
    receive(picker, "edit", **edit)
    assert picker.error
    assert picker._payload["meta"]["error"] == picker.error
    assert picker.draft == before
    receive(picker, "edit", how="back")
    assert picker.error == ""


def test_a_draft_that_is_no_plan_yet_says_so_and_tells_no_listener(engine, task):
    picker, heard = MetapathPicker(engine, task), []
    picker.on_change(heard.append)
    receive(picker, "edit", how="go", to=at(picker, "orders"))
    receive(picker, "edit", how="select", path=None)
    receive(picker, "edit", how="go", to=at(picker, "orders"))
    assert picker.error.startswith("Not a plan yet.")
    assert "twice" in picker.error
    receive(picker, "edit", how="go", to=at(picker, "products"))
    assert picker.error == ""
    assert [len(value) for value in heard] == [1, 1, 2]


def test_the_still_picture_names_the_metapaths(engine, task):
    picker = MetapathPicker(engine, task)
    picker.edit(picker.draft.go("orders"))
    picture, line = picker.still()
    assert picture.count("stroke-width='3'") == 1
    assert line == f"Metapaths from users: 1; 16 {ORDERS}"
