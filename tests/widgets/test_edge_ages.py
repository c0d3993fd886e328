"""Ages of drawn edges and of what lies around them, against the arrays of the shop."""

from dataclasses import replace

import numpy as np
import pytest

import workbench as wb
from widgets._edge_ages import FAR, ages_around, drawn_ages, edge_ages
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import FORMS
from workbench.temporal import BEGINNING, FOREVER, NO_TIME
from workbench.testing.graphs import DAY, random_rows
from workbench.testing.requests import Knobs, random_request
from workbench.testing.sizes import cases


def times_of(graph, name, src, edge_id):
    """The later of an edge's own time and its source node's, row by row."""
    edge_type = graph.schema.edge_type(name)
    own, node = graph.times(graph.schema.edge_spec(edge_type).table), graph.times(edge_type.src)
    found = [BEGINNING if own is None else int(own[edge_id]), BEGINNING if node is None else int(node[src])]
    return max(found)


def test_drawn_edges_have_the_later_time_of_row_and_source(engine, task):
    subgraph = engine.sample(task.seeds("val"), Fanout([4, 4]))
    ages = drawn_ages([subgraph, subgraph], engine.graph)
    assert len(ages) == 2 * subgraph.num_edges
    assert set(ages.sample.tolist()) == {0, 1}
    for i in range(len(ages)):
        time = times_of(engine.graph, ages.edge_types[ages.edge_type[i]], ages.src[i], ages.edge_id[i])
        assert ages.time[i] == time
        assert ages.lead[i] == 10 * DAY - time
        assert ages.anchor[i] == 10 * DAY


def test_a_static_step_waives_its_edges_times_but_not_those_of_nodes(engine, task):
    subgraph = engine.sample(
        task.seeds("val"), Fanout([{"products-rev_ratings->users": Draw(4, static=True)}])
    )
    assert set(drawn_ages([subgraph], engine.graph).lead.tolist()) == {FOREVER}


KNOBS = Knobs(forms=FORMS, tree=(False, True), cutoffs=("anchor", "path"), metapaths=(False, True))


@pytest.mark.parametrize("temporal", [True, False])
def test_what_a_sampler_may_see_is_never_late(temporal):
    """Seeds are random: rows later than their anchors are among them, and no edge shows one to another."""
    late_seeds = 0
    for number in range(cases(150, 3000)):
        rng = np.random.default_rng(number)
        rows = random_rows(rng, 12, extras=bool(number % 2))
        knobs = replace(KNOBS, temporal=(temporal,))
        request, graph = random_request(rng, rows.schema, rows.num_rows, knobs), RamGraph(rows.arrays())
        subgraph = graph.sample(request)
        assert not drawn_ages([subgraph], graph).late(0).any(), number
        flat = wb.flatten(subgraph, graph)
        late_seeds += int((flat.late & (flat.hop == 0)).sum())
    assert late_seeds > 50


@pytest.mark.parametrize(
    ("static", "disjoint", "late"),
    [(False, True, [2, 2]), (False, False, [2, 2]), (True, True, [0, 0]), (True, False, [1, 0])],
)
def test_a_way_back_is_as_late_as_what_it_turns_round(engine, task, static, disjoint, late):
    """Seen from day 2, the ratings of days 3 and 5 are late; user 2, shared by joint seeds, came on day 3."""
    draw = Draw(4, static=static)
    fanout = Fanout([{"products-rev_ratings->users": draw}], subgraph="bidirectional", disjoint=disjoint)
    subgraph = engine.sample(task.seeds("val"), fanout)
    (seeds,) = subgraph.request.seed_sets
    early = replace(seeds, anchors=np.full(3, 2 * DAY))
    moved = replace(subgraph, request=replace(subgraph.request, seed_sets=(early,)))
    ages = drawn_ages([moved], engine.graph)
    assert ages.edge_types == ("users-ratings->products", "products-rev_ratings->users")
    assert np.bincount(ages.edge_type[ages.late(0)], minlength=2).tolist() == late


def test_around_a_sample_the_future_is_found(engine, task):
    seeds = task.seeds("val")
    early = replace(seeds, anchor_time=np.array([2, 2, 3]) * DAY)
    subgraph = engine.sample(early, Fanout([4]))
    around = ages_around([subgraph], engine.graph)
    drawn = drawn_ages([subgraph], engine.graph)
    assert not drawn.late(0).any()
    ratings = set(engine.graph.times("ratings").tolist())
    name = around.edge_types.index("products-rev_ratings->users")
    mine = around.edge_type == name
    assert set(around.time[mine].tolist()) == ratings
    # user 0 rates on day 2, user 1 on day 3 and user 2 on day 5, seen from days 2, 2 and 3
    assert sorted((around.lead[mine] // DAY).tolist()) == [-2, -1, 0]
    assert set(around.hop.tolist()) == {1}


def test_counts_are_those_of_counting_one_by_one():
    rng = np.random.default_rng(0)
    ages = edge_ages(
        [part(name, rng.integers(0, 100, n), 60, rng.integers(1, 4, n)) for name, n in (("a", 50), ("b", 30))]
    )
    for lag in (-50, 0, 7, 60):
        brute = {}
        for i in range(len(ages)):
            cell = (int(ages.hop[i]), ages.edge_types[ages.edge_type[i]])
            edges, late = brute.get(cell, (0, 0))
            brute[cell] = (edges + 1, late + int(ages.time[i] > 60 - lag))
        assert ages.counts(lag) == brute


@pytest.mark.parametrize(
    ("time", "anchor", "late"),
    [
        (BEGINNING, 5, False),
        (NO_TIME, 5, True),
        (NO_TIME, FOREVER, True),
        (7, FOREVER, False),
        (-FAR * 2, FAR * 2, False),
    ],
)
def test_times_at_the_ends_of_time(time, anchor, late):
    ages = edge_ages([part("a", np.array([time]), anchor, np.ones(1))])
    assert bool(ages.late(0)[0]) is late


def test_nothing_has_no_ages():
    assert len(edge_ages([])) == 0
    assert edge_ages([]).counts(0) == {}
    assert wb.FOREVER not in edge_ages([]).dated()


def part(name, time, anchor, hop):
    zeros = dict.fromkeys(("src", "dst", "edge_id", "sample", "seed"), np.zeros(len(time)))
    return {"name": name, "time": time, "anchor": np.full(len(time), anchor), "hop": hop, **zeros}
