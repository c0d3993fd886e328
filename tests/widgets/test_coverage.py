"""Coverage against shares that are counted by hand."""

import numpy as np
import pytest

import workbench as wb
from widgets._coverage import coverage
from widgets._pilot import pilot_seeds


def by_hand(engine, seeds, fanout, cap):
    """Mean over seeds and edge types of what a first hop draws of the visible neighbours."""
    graph, shares = engine.graph, []
    every = wb.NeighborSampler(graph, wb.Fanout([-1], disjoint=True)).sample(seeds.seed_set())
    for edge_type, col in every.col.items():
        if edge_type.dst == seeds.node_type:
            visible = np.bincount(col, minlength=len(seeds))
            shares += (np.minimum(fanout, visible) / visible.clip(1))[visible > 0].tolist()
    assert max(len(col) for col in every.col.values()) < cap
    return float(np.mean(shares))


def test_of_one_hop_it_is_the_mean_share_of_the_seeds(shop):
    engine, task, _ = shop
    seeds = pilot_seeds(task, True, 32)
    for count in (1, 3):
        wanted = by_hand(engine, seeds, count, 512 * len(seeds))
        assert coverage(engine.graph, seeds, wb.Fanout([count], disjoint=True)) == pytest.approx(wanted)


def test_it_grows_with_the_fanout_to_all_there_is(shop):
    engine, task, _ = shop
    seeds = pilot_seeds(task, True, 32)[:8]
    found = [coverage(engine.graph, seeds, wb.Fanout([n, n], disjoint=True)) for n in (1, 4, -1)]
    assert 0 < found[0] < found[1] < found[2] == 1
    joint = coverage(engine.graph, pilot_seeds(task, False, 32), wb.Fanout([2, 1]))
    assert 0 < joint < 1
    assert coverage(engine.graph, seeds, wb.Fanout([0, 0])) == 1


def test_joint_fanouts_are_measured_at_the_anchor_that_most_seeds_have(shop):
    engine, task, _ = shop
    seeds = task.seeds("val")
    anchors, counts = np.unique(seeds.visible_until, return_counts=True)
    alone = seeds[np.flatnonzero(seeds.visible_until == anchors[counts.argmax()])]
    assert len(anchors) > 1, "the test needs seeds of several anchors"
    joint = wb.Fanout([2, 1], disjoint=False)
    assert coverage(engine.graph, seeds, joint) == coverage(engine.graph, alone, joint)


def test_of_many_seeds_a_bounded_choice_is_expanded(shop, monkeypatch):
    engine, task, _ = shop
    seeds, asked = task.seeds("train"), []

    class Counting:
        schema = engine.graph.schema

        def sample(self, request):
            asked.append(sum(map(len, request.seed_sets)))
            return engine.graph.sample(request)

    monkeypatch.setattr("widgets._coverage.SEEDS", 60)
    assert len(seeds) > 2 * 60
    found = coverage(Counting(), seeds, wb.Fanout([2]))
    assert max(asked) <= 60
    assert found == pytest.approx(by_hand(engine, seeds, 2, 512 * len(seeds)), abs=0.1)
