"""Every mode of the sampler against brute force over rows, three ways: RAM, hop driver, two shards."""

from dataclasses import dataclass, field, replace

import brute_force
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.schema import Schema
from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges, SampleRequest
from workbench.stores.sharded_graph import ShardedGraph
from workbench.stores.steps import Strategy
from workbench.temporal import FOREVER, NO_TIME
from workbench.testing.graphs import RowGraph, random_rows
from workbench.testing.requests import EVERYTHING, Knobs, random_request
from workbench.testing.sizes import cases


@dataclass(frozen=True)
class Mode:
    """Which graphs and which requests a property draws."""

    knobs: Knobs = field(default_factory=Knobs)
    size: int = 10
    instants: int = 6
    change: str = ""
    extras: bool = False
    hides: bool = False


UNIFORM, RECENT, WEIGHTED, DECAY = Strategy
BY_LOAD = {"weights": ("weight",), "half_lives": (1, 10, 1000)}
FEW = (1, 2, 3, 4)
BOTH_WAYS = ("bidirectional",)

PLAIN = {
    "everything": Mode(),
    "uniform": Mode(Knobs(strategies=(UNIFORM,), fanouts=FEW), size=14),
    "most_recent": Mode(Knobs(strategies=(RECENT,), fanouts=FEW), size=14),
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
"""What uniform and most-recent draws need."""

MODES = PLAIN | {
    "weighted": Mode(Knobs(strategies=(WEIGHTED,), fanouts=(-1, *FEW), **BY_LOAD), size=16, extras=True),
    "decay": Mode(Knobs(strategies=(DECAY,), fanouts=(-1, *FEW), **BY_LOAD), size=24, extras=True),
    "decay_over_thousands_of_half_lives": Mode(
        Knobs(strategies=(DECAY,), fanouts=(2, 5), half_lives=(1,), anchors=(90_000, FOREVER)), 16, 9_000
    ),
    "replacement": Mode(
        Knobs(strategies=(UNIFORM, WEIGHTED, DECAY), replace=(True,), fanouts=(1, 4, 9), **BY_LOAD),
        extras=True,
    ),
    "fractions": Mode(
        Knobs(strategies=tuple(Strategy), fractions=(0.1, 0.34, 0.5, 0.9), fanouts=(-1, 2, 9), **BY_LOAD),
        size=20,
        extras=True,
    ),
    "end_times": Mode(Knobs(temporal=(True, True, False)), extras=True),
    "strict": Mode(Knobs(strict=(True,), windows=(None, 10, 11)), extras=True),
    "path_cutoffs": Mode(Knobs(cutoffs=("path",), hops=4, disjoint=(True, False)), extras=True),
    "strict_path_cutoffs": Mode(Knobs(cutoffs=("path",), strict=(True,), windows=(None, 10)), instants=12),
    "tree": Mode(Knobs(disjoint=(True,), tree=(True,), hops=2, fanouts=FEW)),
    "budgets": Mode(Knobs(budgets=(1, 2, 5, 9, 25))),
    "budgets_of_trees": Mode(Knobs(budgets=(2, 5, 9, 25), tree=(True,), disjoint=(True,), cutoffs=("path",))),
    "metapaths": Mode(Knobs(metapaths=(True,), hops=5, fanouts=(-1, 3, 4), seeds=7), size=14),
    "metapaths_with_replacement": Mode(
        Knobs(metapaths=(True,), replace=(True,), fanouts=(2, 5)), extras=True
    ),
    "metapaths_as_trees": Mode(Knobs(metapaths=(True,), tree=(True,), disjoint=(True,), fanouts=FEW)),
    "metapaths_by_path_cutoff": Mode(Knobs(metapaths=(True,), cutoffs=("path",), budgets=(None, 9)), size=14),
    "hidden_edges": Mode(hides=True),
    "hidden_and_weighted": Mode(
        Knobs(strategies=(WEIGHTED, DECAY), replace=(False, True), fanouts=FEW, **BY_LOAD),
        extras=True,
        hides=True,
    ),
    "bidirectional": Mode(Knobs(forms=BOTH_WAYS, fanouts=FEW, tree=(False, True)), extras=True, hides=True),
    "bidirectional_by_path": Mode(
        Knobs(
            forms=BOTH_WAYS, metapaths=(True,), cutoffs=("anchor", "path"), replace=(False, True), fanouts=FEW
        )
    ),
    "induced": Mode(Knobs(forms=("induced",), fanouts=FEW), size=14),
    "induced_of_what_is_left": Mode(
        Knobs(forms=("induced",), strict=(False, True), budgets=(None, 9), repeat=True),
        extras=True,
        hides=True,
    ),
    "induced_by_path": Mode(
        Knobs(forms=("induced",), cutoffs=("path",), metapaths=(False, True), strict=(False, True)), size=14
    ),
    "eight_hops": Mode(Knobs(hops=8, fanouts=(0, 1, 2), seeds=3)),
    "eight_hops_of_metapaths": Mode(replace(EVERYTHING, hops=8, fanouts=(1, 2), metapaths=(True,), seeds=3)),
    "all_at_once": Mode(EVERYTHING, size=14, extras=True, hides=True),
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


def hide(rows: RowGraph, request: SampleRequest, rng: np.random.Generator) -> SampleRequest:
    """The request with random edges of up to two edge types hidden from each seed."""
    tables, hidden = list(rows.schema.edge_specs), []
    for spec in [tables[i] for i in rng.permutation(len(tables))[:2]]:
        lists = [np.flatnonzero(rng.random(rows.num_rows[spec.table]) < 0.3) for _ in range(len(request))]
        offsets = np.cumsum([0, *map(len, lists)]).astype(np.int64)
        ids = np.concatenate([*lists, np.empty(0, np.int64)]).astype(np.int64)
        one = HiddenEdges(spec.edge_type, offsets, ids)
        met = {name for other in hidden for name in other.edge_types(rows.schema)}
        hidden += [] if met & set(one.edge_types(rows.schema)) else [one]
    return replace(request, hidden=tuple(hidden))


def case(mode: Mode, seed: int):
    """(rows, request) of one drawn number."""
    rng = np.random.default_rng(seed)
    rows = changed(random_rows(rng, mode.size, mode.instants, extras=mode.extras), mode.change, rng)
    request = random_request(rng, rows.schema, rows.num_rows, mode.knobs)
    return rows, hide(rows, request, rng) if mode.hides else request


@pytest.mark.parametrize("name", MODES)
def test_against_brute_force(name):
    mode = MODES[name]

    @settings(max_examples=cases(ci=120, torture_cases=1000))
    @given(st.integers(0, 2**48), st.sampled_from([np.uint32, np.int64]))
    def agrees(seed, id_dtype):
        rows, request = case(mode, seed)
        arrays = rows.arrays(id_dtype)
        graph, answer = RamGraph(arrays), brute_force.sample(rows, request)
        sampled = graph.sample(request)
        assert brute_force.differences(sampled, answer) == []
        assert all(ids.dtype == id_dtype for ids in [*sampled.node_id.values(), *sampled.edge_id.values()])
        driven = HopDriver(graph).sample(request)
        assert driven.same_as(sampled)
        assert driven.slow_draws == sampled.slow_draws
        assert ShardedGraph(arrays, 2).sample(request).same_as(sampled)

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
    elif MODES[name].hides:
        assert edges > 10
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


def met(name: str, shows) -> int:
    """In how many of 60 cases of a mode a subgraph shows what the mode is about."""
    found = 0
    for seed in range(60):
        rows, request = case(MODES[name], seed)
        found += bool(shows(rows, request, HopDriver(RamGraph(rows.arrays())).sample(request)))
    return found


def without(**nothing):
    """Whether the sample is another one where the rows or the request lack something."""

    def changes(rows, request, subgraph):
        of_rows = {name: value for name, value in nothing.items() if hasattr(rows, name)}
        of_request = {name: value for name, value in nothing.items() if hasattr(request, name)}
        tables = (
            tuple(replace(t, end_time=None) for t in rows.schema) if "ends" in nothing else rows.schema.tables
        )
        plain = replace(rows, schema=Schema(tables), **of_rows)
        other = HopDriver(RamGraph(plain.arrays())).sample(replace(request, **of_request))
        return not subgraph.same_as(other)

    return changes


def replanned(**rules):
    """Whether the sample is another one under a plan with other rules."""

    def changes(rows, request, subgraph):
        other = replace(request, plan=replace(request.plan, **rules))
        sampled = HopDriver(RamGraph(rows.arrays())).sample(other)
        return any(not np.array_equal(sampled.edge_id[e], ids) for e, ids in subgraph.edge_id.items())

    return changes


def is_merged(rows, request, subgraph):
    """Whether an edge was drawn by two steps: its mask is that of neither."""
    masks = {int(mask) for part in (subgraph.edge_paths or {}).values() for mask in part}
    return masks - {step.paths for step in request.plan}


def adds(rows, request, subgraph):
    """Whether there are edges beside the drawn ones."""
    return subgraph.num_edges > subgraph.step_edges.sum() > 0


ABOUT = {
    "bidirectional": adds,
    "bidirectional_by_path": adds,
    "induced": adds,
    "induced_of_what_is_left": without(hidden=()),
    "induced_by_path": adds,
    "end_times": without(ends={}),
    "hidden_edges": without(hidden=()),
    "strict": replanned(strict=False),
    "path_cutoffs": replanned(cutoff="anchor"),
    "strict_path_cutoffs": replanned(strict=False),
    "tree": replanned(tree=False),
    "budgets": lambda rows, request, subgraph: subgraph.dropped.any(),
    "budgets_of_trees": lambda rows, request, subgraph: subgraph.dropped.any(),
    "metapaths": is_merged,
    "metapaths_by_path_cutoff": is_merged,
    "weighted": lambda rows, request, subgraph: subgraph.slow_draws,
    "decay": lambda rows, request, subgraph: subgraph.slow_draws,
    "decay_over_thousands_of_half_lives": lambda rows, request, subgraph: subgraph.slow_draws,
}


@pytest.mark.parametrize("name", ABOUT)
def test_a_mode_meets_what_it_is_about(name):
    assert met(name, ABOUT[name]) >= 5
