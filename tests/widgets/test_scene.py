"""Scenes: what is found, hidden and opened, without a widget."""

import numpy as np
import pytest

from widgets._scene import MOST_OPENED, Scene
from workbench.errors import IdError
from workbench.plan.fanout import Fanout


@pytest.fixture
def scene(engine, task):
    return Scene.of(engine.sample(task.seeds("val"), Fanout([4, 2])), engine.graph)


def test_at_first_everything_is_a_dot_of_its_own(scene):
    assert np.array_equal(scene.drawn.flat.node_id, scene.whole.node_id)
    assert [scene.members(i).tolist() for i in range(len(scene.whole))] == [
        [i] for i in range(len(scene.whole))
    ]
    assert all(scene.dot_of(i) == i for i in range(len(scene.whole)))


def test_hiding_takes_all_that_was_found_from_a_node(scene):
    for node in range(len(scene.whole)):
        hidden, cursor = scene.hide(node)
        gone = {node}
        for row, above in enumerate(
            scene.whole.parent.tolist()
        ):  # parents stand before their children's hops
            if above in gone:
                gone.add(row)
        for row, above in enumerate(scene.whole.parent.tolist()):
            if above in gone:
                gone.add(row)
        assert set(np.flatnonzero(hidden.hidden).tolist()) == gone
        above = int(scene.whole.parent[node])
        assert cursor == (-1 if above < 0 else hidden.dot_of(above))
        assert len(hidden.drawn.flat) == len(scene.whole) - len(gone)


def test_dots_of_a_scene_with_hidden_rows_are_rows_of_the_whole(scene):
    hidden, _ = scene.hide(0)
    for dot in range(len(hidden.drawn.flat)):
        (row,) = hidden.members(dot)
        assert hidden.dot_of(int(row)) == dot
        assert scene.whole.node_id[row] == hidden.drawn.flat.node_id[dot]


def test_the_seed_of_a_node_is_told(scene):
    seeds = scene.request.seed_sets[0]
    for node in range(len(scene.whole)):
        lane = int(scene.whole.seed[node])
        assert scene.seed_of(node) == (seeds.node_type, int(seeds.ids[lane]), int(seeds.anchors[lane]))


def test_ids_and_keys_are_found_and_hidden_nodes_are_not(scene):
    flat = scene.whole

    def keys(table, ids):
        return [f"{table}-{i}" for i in ids]

    for row in range(len(flat)):
        kind, number = flat.node_types[flat.type[row]], int(flat.node_id[row])
        for text in (f"{kind} {number}", f"{kind}-{number}", f" {number} "):
            found = set()
            dot = -1
            for _ in range(len(flat)):
                _, dot = scene.find(text, keys, dot)
                found.add(dot)
            assert row in found
            assert {int(flat.node_id[i]) for i in found} == {number}
    hidden, _ = scene.hide(0)
    kind = flat.node_types[flat.type[0]]
    others = [
        i for i in range(1, len(flat)) if flat.type[i] == flat.type[0] and flat.node_id[i] == flat.node_id[0]
    ]
    if others:
        assert hidden.find(f"{kind} {flat.node_id[0]}")[1] == hidden.dot_of(others[0])
    for text in ("", "-1", "9" * 30, "nothing 0", "\u0661"):
        with pytest.raises(IdError, match="was searched for"):
            scene.find(text, keys)


def test_opening_is_bounded(scene):
    assert scene.open(np.arange(len(scene.whole))).single.all()
    assert MOST_OPENED < 5000


@pytest.mark.parametrize("node", [-1, 10**6, "1", None, 0.5])
def test_a_dot_that_is_not_there_is_refused(scene, node):
    for edit in (scene.expand, scene.hide, scene.members):
        with pytest.raises(IdError, match="it has nodes 0 to"):
            edit(node)
