"""Random requests respect their knobs and pass the door."""

from dataclasses import replace

import numpy as np

from workbench.plan.metapath import Metapath
from workbench.schema import Column, Schema, Stype
from workbench.stores.door import check_request
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import FORMS, Strategy
from workbench.testing.graphs import random_rows
from workbench.testing.requests import EVERYTHING, Knobs, draw_of, random_plan, random_request


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


def weighted(schema: Schema) -> Schema:
    """Every table with a column of weights."""
    for table in schema:
        columns = (*table.columns, Column("weight", Stype.NUMERICAL, "double"))
        schema = schema.with_table(replace(table, columns=columns))
    return schema


def test_every_choice_is_drawn_and_passes_the_door():
    seen = set()
    for seed in range(400):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng)
        schema = weighted(rows.schema)
        store = RamGraph(replace(rows, schema=schema).arrays())
        request = random_request(rng, schema, rows.num_rows, EVERYTHING)
        check_request(store, request, 1)
        plan = request.plan
        seen |= {("tree", plan.tree), ("strict", plan.strict), plan.cutoff, ("budget", plan.max_nodes)}
        seen |= {("by path", plan.by_path), ("joint", not plan.disjoint), plan.subgraph}
        for step in plan:
            seen |= {step.strategy, ("replace", step.replace), ("share", step.fraction)}
            seen |= {("shared path", step.paths.bit_count() > 1), ("hop", step.hop)}
    wanted = {*Strategy, *FORMS, "path", "anchor", ("budget", 1), ("share", 0.5), ("hop", 3)}
    wanted |= {
        (word, flag) for word in ("tree", "strict", "by path", "joint", "replace") for flag in (True, False)
    }
    wanted |= {("shared path", True)}
    assert wanted <= seen


def test_steps_become_draws_and_steps_again():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        schema = weighted(random_rows(rng).schema)
        plan = random_plan(rng, schema, replace(EVERYTHING, metapaths=(False,)))
        for step in plan:
            path = Metapath(step.edge_type, fanouts=draw_of(step))
            assert replace(path.step(1, step.edge_type, schema), hop=step.hop) == step
