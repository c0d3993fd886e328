"""Nodes in words."""

import numpy as np
import pytest

from widgets._node_card import anchor_text, node_card, time_text, value_text
from workbench.errors import IdError
from workbench.plan.fanout import Fanout
from workbench.report.flat import flatten
from workbench.temporal import BEGINNING, FOREVER, NO_TIME


def test_every_node_is_told_with_the_edge_that_found_it(engine, task):
    flat = flatten(engine.sample(task.seeds("val"), Fanout([4, 2])), engine.graph)
    for node in range(len(flat)):
        card = node_card(flat, node, engine.row)
        kind = flat.node_types[flat.type[node]]
        assert card["node"] == f"{kind} {flat.node_id[node]}"
        assert card["row"]["name"] == f"<b>{kind}</b>"
        assert ("edge" in card) == (flat.hop[node] > 0)
        if "edge" in card:
            assert card["edge"].startswith(f"{kind}-")
            found = np.flatnonzero((flat.src == node) & (flat.dst == flat.parent[node]))
            assert card["edge"] in {str(flat.edge_types[e]) for e in flat.edge_type[found]}
    assert "row" not in node_card(flat, 0)
    with pytest.raises(IdError, match="it has nodes 0 to"):
        node_card(flat, len(flat))


def test_texts():
    assert anchor_text(FOREVER) == "none (static task)"
    assert anchor_text(0) == "1970-01-01"
    assert time_text(0) == "1970-01-01"
    assert time_text(BEGINNING) == "always (no time column)"
    assert time_text(NO_TIME) == "missing"
    assert value_text(1 / 3) == "0.333333"
    assert value_text(None) == ""
    assert len(value_text("x" * 500)) == 80
