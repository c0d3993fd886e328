"""What views draw of a scene, and the times between two shares."""

import numpy as np
import pytest

from widgets._scene import Scene
from widgets._scene_facts import age, scene_facts, span, summary
from workbench.plan.fanout import Fanout
from workbench.temporal import BEGINNING, NO_TIME


@pytest.fixture
def scene(engine, task):
    return Scene.of(engine.sample(task.seeds("val"), Fanout([4, 2])), engine.graph)


def test_columns_are_dots_and_edges(scene):
    meta, columns = scene_facts(scene)
    flat = scene.whole
    per_edge = {"src", "dst", "late_edge", "cross"}
    assert {len(column) for name, column in columns.items() if name in per_edge} == {len(flat.src)}
    assert {len(column) for name, column in columns.items() if name not in per_edge} == {len(flat)}
    assert sum(meta["hops"]) == sum(kind["count"] for kind in meta["types"]) == len(flat)
    assert meta["dated"]
    assert meta["most"] == 1


def test_hidden_nodes_are_counted_apart(scene):
    hidden, _ = scene.hide(0)
    meta, columns = scene_facts(hidden)
    assert sum(meta["hops"]) == len(columns["x"]) < len(scene.whole)
    assert summary(hidden) == f"{summary(scene)}; {len(scene.whole) - len(columns['x'])} hidden"


def test_ages_and_spans_agree(scene):
    flat = scene.whole
    ages, timed = age(flat), ~np.isin(flat.time, (BEGINNING, NO_TIME))
    assert span(flat, 0, 1) == (flat.time[timed].min(), flat.time[timed].max())
    for low, high in ((0, 0), (0.3, 0.7), (1, 1), (0.2, 0.9)):
        inside = timed & (ages >= low) & (ages <= high)
        wanted = (flat.time[inside].min(), flat.time[inside].max()) if inside.any() else None
        assert span(flat, low, high) == wanted
    assert span(flat, 0.7, 0.3) is None
