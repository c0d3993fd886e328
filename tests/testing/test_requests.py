"""Random requests respect their knobs and pass the door."""

import numpy as np

from workbench.stores.door import check_request
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import Strategy
from workbench.testing.graphs import random_rows
from workbench.testing.requests import Knobs, random_plan, random_request


def test_requests_pass_the_door():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng)
        check_request(RamGraph(rows.arrays()), random_request(rng, rows.schema, rows.num_rows), 1)


def test_knobs_are_respected():
    knobs = Knobs((Strategy.RECENT,), (False,), (3,), (True,), (7,), (5,), hops=2, seeds=4, repeat=True)
    steps = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng)
        request = random_request(rng, rows.schema, rows.num_rows, knobs)
        assert not request.plan.disjoint
        assert request.plan.hops <= 2
        for step in request.plan:
            assert (step.fanout, step.strategy, step.temporal, step.window) == (3, Strategy.RECENT, True, 7)
            steps += 1
        for seeds in request.seed_sets:
            assert len(seeds) <= 8
            assert np.array_equal(seeds.ids[::2], seeds.ids[1::2])
            assert set(seeds.anchors.tolist()) <= {5}
    assert steps > 30


def test_a_fanout_of_zero_leaves_the_step_out():
    rng = np.random.default_rng(0)
    rows = random_rows(rng)
    assert len(random_plan(rng, rows.schema, Knobs(fanouts=(0,)))) == 0
