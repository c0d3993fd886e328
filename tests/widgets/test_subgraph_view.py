"""SubgraphView without a browser."""

import numpy as np
import pytest

from widgets import FanoutPicker, SubgraphView
from widgets._node_card import value_text
from widgets.subgraph_view import age
from workbench.errors import IdError, WorkbenchError
from workbench.plan.fanout import Fanout
from workbench.temporal import BEGINNING, NO_TIME


@pytest.fixture
def view(engine, task):
    return SubgraphView(engine.sample(task.seeds("val")[:1], Fanout([4, 2])), engine)


def test_seeds_in_place_of_a_subgraph_are_refused(view, engine, task):
    for make in (lambda seeds: SubgraphView(seeds, engine), view.show):
        with pytest.raises(WorkbenchError, match=r"Allowed: a SampledSubgraph. Take one from engine.sample"):
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
    picker.set(1, "orders-user_id->users", 0)
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


def test_a_subgraph_too_large_to_draw_is_thinned_and_says_so(engine, task, monkeypatch):
    monkeypatch.setattr("widgets.subgraph_view.MOST_NODES", 5)
    view = SubgraphView(engine.sample(task.seeds("val"), Fanout([4, 2])), engine)
    assert len(view.flat) == 5 < view.subgraph.num_nodes
    meta = view._payload["meta"]
    assert "(5 nodes and " in meta["summary"]
    assert meta["summary"].startswith(f"{view.subgraph.num_nodes} nodes")
    assert sum(kind["count"] for kind in meta["types"]) == view.subgraph.num_nodes


def test_ages_are_ranks_and_static_nodes_have_none(view):
    flat = view.flat
    ages = age(flat)
    static = np.isin(flat.time, (BEGINNING, NO_TIME))
    assert np.array_equal(np.isnan(ages), static)
    newest = flat.time[~static].max()
    assert (ages[~static][flat.time[~static] == newest] == 1).all()
    assert static.any()
