"""SubgraphView without a browser."""

import numpy as np
import pytest

from widgets import BatchInspector, FanoutPicker, SubgraphView
from widgets._node_card import time_text, value_text
from widgets._scene_facts import age
from workbench.errors import IdError, WorkbenchError
from workbench.plan.fanout import Fanout
from workbench.temporal import BEGINNING, NO_TIME

ORDERS = "orders-user_id->users"


@pytest.fixture
def view(engine, task):
    return SubgraphView(engine.sample(task.seeds("val")[:1], Fanout([4, 2])), engine)


def test_seeds_in_place_of_a_subgraph_are_refused(view, engine, task):
    for make in (lambda seeds: SubgraphView(seeds, engine), view.show):
        with pytest.raises(WorkbenchError, match=r"Allowed: a SampledSubgraph. Take engine.sample"):
            make(task.seeds("val"))
    assert view.describe(0)["hop"] == 0


def test_the_payload_is_the_subgraph(view):
    columns = view._payload["columns"]
    assert len(columns["x"]["data"]) == 4 * view.subgraph.num_nodes
    assert len(columns["src"]["data"]) == 4 * view.subgraph.num_edges
    assert not any(columns["late"]["data"])
    assert view._payload["meta"]["summary"].startswith(f"{view.subgraph.num_nodes} nodes")


def test_hover_answers_with_the_row_as_text(view):
    sent, node = [], int(np.flatnonzero(view.flat.hop == 1)[0])
    view.send = sent.append
    view._receive(view, {"kind": "hover", "node": node, "seq": view._seq}, [])
    card = sent[0]["card"]
    assert sent[0]["index"] == node
    assert card["row"]["value"] == value_text(int(view.flat.node_id[node]) / 3)
    assert card["row"]["nothing"] == ""
    assert card["row"]["name"].startswith("<b>")
    assert card["hop"] == 1
    assert card["edge"].endswith("->users")


def test_a_hover_over_an_older_picture_is_left_unanswered(view):
    sent = []
    view.send = sent.append
    view._receive(view, {"kind": "hover", "node": 1, "seq": view._seq - 1}, [])
    assert sent == []
    assert view.error == ""


def test_pointing_at_a_node_that_is_not_shown_is_refused(view):
    sent = []
    view.send = sent.append
    for kind, node, seed in (
        ("users", 10**6, -1),
        ("nothing", 0, -1),
        ("users", int(view.flat.node_id[0]), 7),
    ):
        with pytest.raises(IdError, match="the picture does not show it"):
            view.point_at(kind, node, seed)
    assert sent == []
    assert view.point_at("users", int(view.flat.node_id[0]), 0) == 0


@pytest.mark.parametrize("node", [-1, 10**6, "1", None, 0.5])
def test_a_node_that_is_not_there_is_refused(view, node):
    with pytest.raises(IdError, match="it has nodes 0 to"):
        view.describe(node)


def test_it_follows_a_picker(engine, task, plan, view):
    picker = FanoutPicker(engine, task, plan)
    assert view.follow(picker) is view
    before, seq, request = view.subgraph.num_edges, view._seq, view.subgraph.request
    picker.set(1, ORDERS, 0)
    view.worker.wait()
    assert view._seq > seq
    assert view.subgraph.num_edges < before
    assert view.subgraph.request.seed_sets == request.seed_sets
    assert view.subgraph.request.key == request.key
    assert view.error == ""


def test_without_an_engine_there_are_no_rows_and_nothing_to_follow(engine, task, plan):
    view = SubgraphView(engine.sample(task.seeds("val")[:1], Fanout([2])))
    assert "row" not in view.describe(0)
    with pytest.raises(WorkbenchError, match="SubgraphView\\(subgraph, engine\\)"):
        view.follow(FanoutPicker(engine, task, plan))


def act(view, how, node=0, seq=None):
    view._receive(
        view, {"kind": "act", "how": how, "node": node, "seq": view._seq if seq is None else seq}, []
    )


def test_more_nodes_than_dots_are_drawn_in_groups_and_a_click_opens_one(engine, task, monkeypatch):
    monkeypatch.setattr("widgets._scene.MOST_DOTS", 6)
    view = SubgraphView(engine.sample(task.seeds("val")[:1], Fanout([4, 4])), engine)
    assert len(view.flat) <= 6 < view.subgraph.num_nodes
    meta = view._payload["meta"]
    assert f"({len(view.flat)} dots and " in meta["summary"]
    assert meta["summary"].startswith(f"{view.subgraph.num_nodes} nodes")
    assert sum(kind["count"] for kind in meta["types"]) == view.subgraph.num_nodes
    count = view.scene.drawn.count
    dot = int(np.argmax(count))
    card = view.describe(dot)
    assert card["node"] == f"{count[dot]} {view.flat.node_types[view.flat.type[dot]]}"
    members = view.scene.members(dot)
    act(view, "expand", dot)
    assert view.error == ""
    assert all(len(view.scene.members(view.scene.dot_of(row))) == 1 for row in members)
    assert view.scene.whole is not None
    assert len(view.scene.whole) == view.subgraph.num_nodes


def test_a_click_samples_one_more_hop_and_keeps_the_cursor(engine, task):
    view = SubgraphView(engine.sample(task.seeds("val")[:1], Fanout([{ORDERS: 2}])), engine)
    leaf = len(view.flat) - 1
    name, before = view.describe(leaf)["node"], len(view.flat)
    act(view, "expand", leaf)
    assert len(view.flat) > before
    assert view.describe(view._payload["meta"]["cursor"])["node"] == name
    assert (view.flat.parent == view._payload["meta"]["cursor"]).sum() == len(view.flat) - before
    assert view._payload["meta"]["hops"][2] == len(view.flat) - before
    act(view, "undone")
    assert len(view.flat) == before
    assert view._payload["meta"]["redo"]
    act(view, "redone")
    assert len(view.flat) > before


def test_a_shift_click_hides_a_node_and_what_it_found(view):
    node = int(np.flatnonzero(view.flat.hop == 1)[0])
    below = int((view.flat.parent == node).sum())
    before = len(view.flat)
    act(view, "hide", node)
    assert len(view.flat) == before - 1 - below
    assert view._payload["meta"]["summary"].endswith(f"; {1 + below} hidden")
    assert view._payload["meta"]["cursor"] == 0
    act(view, "hide", 0)  # the last of all stays
    assert len(view.flat) == before - 1 - below


def test_what_a_view_asks_of_an_older_picture_is_left(view):
    before = view.scene
    act(view, "hide", 1, seq=view._seq - 1)
    assert view.scene is before
    act(view, "explode")
    assert "Allowed: expand, hide" in view.error


def test_one_more_hop_needs_an_engine(engine, task):
    view = SubgraphView(engine.sample(task.seeds("val")[:1], Fanout([2])))
    act(view, "expand", 0)
    assert "SubgraphView(subgraph, engine)" in view.error


def test_nodes_are_found_by_id_and_by_key(shop):
    engine, task, plan = shop
    view = SubgraphView(engine.sample(task.seeds("val")[:2], plan.fanout), engine)
    seeds = task.seeds("val")
    assert view.find(f"users {seeds.node_id[1]}") == 1
    row = int(np.flatnonzero(view.flat.hop == 1)[0])
    kind = view.flat.node_types[view.flat.type[row]]
    key = engine.keys(kind).keys_of(view.flat.node_id[row : row + 1])[0].as_py()
    view._receive(view, {"kind": "find", "text": f" {kind} {key} ", "after": -1}, [])
    assert view.error == ""
    cursor = view._payload["meta"]["cursor"]
    assert view.describe(cursor)["node"] == view.describe(row)["node"]
    same, found = str(view.flat.node_id[0]), []
    for _ in range(20):  # from one to the next, and round again
        found.append(view.find(same, found[-1] if found else -1))
    assert set(found) >= set(np.flatnonzero(view.flat.node_id == int(same)).tolist())
    view._receive(view, {"kind": "find", "text": "no such thing", "after": -1}, [])
    assert "the picture has none" in view.error
    view.find(same)
    assert view.error == ""


def test_the_time_brush_says_what_it_spans(view):
    sent = []
    view.send = sent.append
    times = np.unique(view.flat.time[~np.isin(view.flat.time, (BEGINNING, NO_TIME))])
    assert view.span == (times[0], times[-1])
    view._receive(view, {"kind": "brush", "low": 0.5, "high": 1}, [])
    ages = age(view.flat)
    inside = view.flat.time[ages >= 0.5]
    assert view.span == (inside.min(), inside.max())
    text = f"{time_text(inside.min())} to {time_text(inside.max())}"
    assert sent == [{"kind": "brushed", "text": text, "brush": (0.5, 1)}]
    view._receive(view, {"kind": "brush", "low": 0.9, "high": 0.1}, [])
    assert view.span is None
    view.publish()
    assert view._payload["meta"]["brush"] == (0.9, 0.1)


def test_the_picture_is_sent_as_svg(view):
    sent = []
    view.send = sent.append
    view._receive(view, {"kind": "svg"}, [])
    assert sent[0]["text"].startswith("<svg ")
    assert view._payload["meta"]["summary"] in sent[0]["text"]


def test_the_batch_of_a_node_is_shown_in_an_inspector(shop):
    engine, task, plan = shop
    inspector = BatchInspector(engine, task, plan)
    view = SubgraphView(engine.sample(task.seeds("val")[70:72], plan.fanout), engine)
    assert not view._payload["meta"]["inspect"]
    view.inspect_in(inspector)
    node = int(np.flatnonzero(view.flat.seed == 1)[-1])
    view._receive(view, {"kind": "inspect", "node": node}, [])
    assert view.error == ""
    assert inspector.split == "val"
    batch = inspector.batch.subgraph.request.seed_sets[0]
    chosen = batch.ids == task.seeds("val").node_id[71]
    assert (batch.anchors[chosen] == task.seeds("val").visible_until[71]).any()
    assert inspector.index == 71 // 64


def test_edges_that_found_no_node_are_cross_edges(view):
    columns = view._payload["columns"]
    cross = np.frombuffer(columns["cross"]["data"], np.uint8)
    assert (cross == 0).sum() == len(view.flat) - 1
    found = view.flat.found_by
    assert (cross[found[found >= 0]] == 0).all()


def test_ages_are_ranks_and_static_nodes_have_none(view):
    flat = view.flat
    ages = age(flat)
    static = np.isin(flat.time, (BEGINNING, NO_TIME))
    assert np.array_equal(np.isnan(ages), static)
    newest = flat.time[~static].max()
    assert (ages[~static][flat.time[~static] == newest] == 1).all()
    assert static.any()


def test_a_view_that_is_closed_or_follows_another_picker_hears_no_more(engine, task, plan):
    pickers = [FanoutPicker(engine, task, plan) for _ in range(2)]
    view = SubgraphView(engine.sample(task.seeds("val"), plan.fanout), engine)
    view.follow(pickers[0]).follow(pickers[1])
    assert [len(picker._listeners) for picker in pickers] == [0, 1]
    view.close()
    assert len(pickers[1]._listeners) == 0
