"""The pilot: which seeds it draws from, and what it says of a batch against batches drawn in full."""

from dataclasses import replace

import numpy as np
import pytest

from widgets import _pilot
from widgets._pilot import Pilot, budget, cost_facts, pilot_seeds
from workbench.errors import FanoutError
from workbench.plan.fanout import Fanout
from workbench.testing.graphs import DAY


def many(task, count):
    seeds = task.seeds("val")[[i % 3 for i in range(count)]]
    mixed = replace(seeds, anchor_time=np.arange(count) // 50 * DAY)
    task.seeds = lambda split: mixed
    return mixed


def test_small_splits_are_taken_whole(task):
    assert pilot_seeds(task, True, 512) is not None
    assert len(pilot_seeds(task, False, 512)) == 3


def test_disjoint_pilots_are_spread_and_bounded(task, monkeypatch):
    monkeypatch.setattr(_pilot, "POOL", 4)
    mixed = many(task, 230)
    found = pilot_seeds(task, True, 16)
    assert len(found) == 64
    assert (found.anchor_time[0], found.anchor_time[-1]) == (mixed.anchor_time[0], mixed.anchor_time[-1])


def test_joint_pilots_are_whole_batches_of_their_anchors(task, monkeypatch):
    monkeypatch.setattr(_pilot, "POOL", 4)
    many(task, 500)
    found = pilot_seeds(task, False, 40)
    anchors, count = np.unique(found.anchor_time, return_counts=True)
    assert len(anchors) > 1
    assert set(count.tolist()) <= {50, 40, 10}
    assert len(found) <= 160


def test_joint_pilots_are_spread_over_the_seeds_of_an_anchor(task, monkeypatch):
    monkeypatch.setattr(_pilot, "POOL", 8)
    seeds = task.seeds("val")[[i // 1000 for i in range(3000)]]
    task.seeds = lambda split: seeds
    found = pilot_seeds(task, False, 40)
    assert len(found) == 8 * 40
    # a thousand seeds of each of three users: the first of a single anchor would be one user's alone
    assert np.bincount(found.node_id, minlength=3).min() > 60


def test_training_stands_in_for_an_empty_validation_split(task):
    task.split = "train"
    assert pilot_seeds(task, True, 512).split == "train"


@pytest.mark.parametrize("disjoint", [True, False])
def test_what_is_affordable_is_measured_in_full(engine, task, disjoint):
    many(task, 500)
    fanout, pilot = Fanout([4, 2], disjoint=disjoint), Pilot(engine, task, 50)
    found, more = pilot.quick(fanout)
    assert more == 0
    assert (found.batch_size, found.pilot, found.batches) == (50, 8, 10)
    assert found.nodes == engine.profile(task.seeds("val"), fanout, batch_size=50, batches=8).nodes


def test_what_is_not_is_scaled_up_first(engine, task, monkeypatch):
    many(task, 500)
    pilot, fanout = Pilot(engine, task, 50), Fanout([4, 2])
    exact, _ = pilot.quick(fanout)
    monkeypatch.setattr(_pilot, "QUICK", 8 * 5 * exact.nodes.mean / 50)
    found, more = pilot.quick(fanout)
    assert more == 8
    assert found.batch_size == 50
    assert found.nodes.high - found.nodes.low > exact.nodes.high - exact.nodes.low
    # the seeds are three users over and over: small batches and large ones have the same mean per seed
    assert found.nodes.mean == pytest.approx(exact.nodes.mean, rel=0.5)
    assert found.nodes.low <= exact.nodes.high
    assert sum(n.mean for n in found.cells.values()) == pytest.approx(found.edges.mean)
    assert pilot.full(fanout, more).nodes == exact.nodes
    monkeypatch.setattr(_pilot, "MOST", 1)
    assert pilot.quick(fanout)[1] == 2  # two full batches say more than any number of small ones
    monkeypatch.setattr(_pilot, "LARGEST", 1)
    assert pilot.quick(fanout)[1] == 0


def test_facts_name_cells_by_hop_and_row(engine, task):
    fanout = Fanout([4])
    cost = engine.profile(task.seeds("val"), fanout)
    edge_types = tuple(e for e in engine.schema.edge_types if e.dst == "users")
    facts = cost_facts(cost, edge_types)
    assert facts["batch_size"] == 3
    assert [unit for _, unit in facts["totals"]][:3] == ["nodes", "edges", "of features"]
    for row, edge_type in enumerate(edge_types):
        assert facts["cells"][f"1|{row}"][0] == cost.cells[1, edge_type].mean


def test_budgets():
    assert budget(2.5, "MB") == {"bytes": 2_500_000}
    assert budget(0.5, "ms") == {"ms": 0.5}
    for most, unit in ((1, "GB"), (0, "MB"), (True, "ms"), ("1", "ms"), (float("nan"), "ms")):
        with pytest.raises(FanoutError, match="Allowed: a number above 0 of MB, ms, nodes"):
            budget(most, unit)
