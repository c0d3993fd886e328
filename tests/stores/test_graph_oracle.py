"""Every mode of the sampler against brute force over rows, three ways: fused, hop driver, two shards."""

from dataclasses import dataclass, field, replace

import brute_force
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.sharded_graph import ShardedGraph
from workbench.stores.steps import Strategy
from workbench.temporal import FOREVER, NO_TIME
from workbench.testing.graphs import RowGraph, random_rows
from workbench.testing.requests import Knobs, random_request
from workbench.testing.sizes import cases


@dataclass(frozen=True)
class Mode:
    """Which graphs and which requests a property draws."""

    knobs: Knobs = field(default_factory=Knobs)
    size: int = 10
    instants: int = 6
    change: str = ""


MODES = {
    "everything": Mode(),
    "uniform": Mode(Knobs(strategies=(Strategy.UNIFORM,), fanouts=(1, 2, 3, 4)), size=14),
    "most_recent": Mode(Knobs(strategies=(Strategy.RECENT,), fanouts=(1, 2, 3, 4)), size=14),
    "disjoint": Mode(Knobs(disjoint=(True,), seeds=7)),
    "joint_with_one_anchor": Mode(Knobs(disjoint=(False,), seeds=7)),
    "static_and_temporal_steps": Mode(Knobs(temporal=(True, False))),
    "look_back_windows": Mode(Knobs(windows=(1, 5, 10, 11, 30), temporal=(True,))),
    "equal_times": Mode(Knobs(anchors=(-1, 0, 1, 10)), instants=2),
    "nodes_without_time": Mode(change="undated"),
    "node_newer_than_the_anchor_behind_an_old_edge": Mode(Knobs(anchors=(0, 10, 20)), change="new_nodes"),
    "fanout_0_all_and_above_the_degree": Mode(Knobs(fanouts=(0, -1, 1000))),
    "static_task": Mode(Knobs(anchors=(FOREVER,))),
    "empty_graph": Mode(change="empty"),
    "isolated_seeds": Mode(change="isolated"),
    "the_same_seed_twice": Mode(Knobs(repeat=True)),
}


def changed(rows: RowGraph, change: str, rng: np.random.Generator) -> RowGraph:
    """The graph bent towards what a mode is about."""
    times, keys, counts = dict(rows.times), dict(rows.foreign_keys), dict(rows.num_rows)
    if change == "undated":
        for name, clock in times.items():
            keep = int(rng.integers(0, len(clock) + 1))
            times[name] = np.concatenate([clock[:keep], np.full(len(clock) - keep, NO_TIME)])
    elif change == "new_nodes":
        edges = {table.name for table in rows.schema if table.foreign_keys}
        times = {name: np.zeros_like(clock) if name in edges else clock for name, clock in times.items()}
    elif change == "empty":
        counts = dict.fromkeys(counts, 0)
        times = {name: clock[:0] for name, clock in times.items()}
        keys = {name: ids[:0] for name, ids in keys.items()}
    elif change == "isolated":
        keys = {name: np.where(rng.random(len(ids)) < 0.8, -1, ids) for name, ids in keys.items()}
    return replace(rows, num_rows=counts, times=times, foreign_keys=keys)


def case(mode: Mode, seed: int):
    """(rows, request) of one drawn number."""
    rng = np.random.default_rng(seed)
    rows = changed(random_rows(rng, mode.size, mode.instants), mode.change, rng)
    return rows, random_request(rng, rows.schema, rows.num_rows, mode.knobs)


@pytest.mark.parametrize("name", MODES)
def test_against_brute_force(name):
    mode = MODES[name]

    @settings(max_examples=cases(ci=300, torture_cases=2000))
    @given(st.integers(0, 2**48), st.sampled_from([np.uint32, np.int64]))
    def agrees(seed, id_dtype):
        rows, request = case(mode, seed)
        arrays = rows.arrays(id_dtype)
        graph, answer = RamGraph(arrays), brute_force.sample(rows, request)
        fused = graph.sample(request)
        assert brute_force.differences(fused, answer) == []
        assert all(ids.dtype == id_dtype for ids in [*fused.node_id.values(), *fused.edge_id.values()])
        assert HopDriver(graph).sample(request).same_as(fused)
        assert ShardedGraph(arrays, 2).sample(request).same_as(fused)

    agrees()


@pytest.mark.parametrize("name", MODES)
def test_the_cases_of_a_mode_are_not_empty(name):
    edges = seeds = 0
    for seed in range(60):
        rows, request = case(MODES[name], seed)
        seeds += len(request)
        edges += RamGraph(rows.arrays()).sample(request).num_edges
    if name == "empty_graph":
        assert (seeds, edges) == (0, 0)
    else:
        assert seeds > 60
        assert edges > 30


def test_new_nodes_are_what_the_oracle_rejects():
    """The mode about nodes newer than the anchor does meet edges that lead to them."""
    met = 0
    for seed in range(100):
        rows, request = case(MODES["node_newer_than_the_anchor_behind_an_old_edge"], seed)
        blind = replace(rows, times={k: v for k, v in rows.times.items() if rows.schema[k].foreign_keys})
        met += brute_force.sample(rows, request).nodes != brute_force.sample(blind, request).nodes
    assert met > 10
