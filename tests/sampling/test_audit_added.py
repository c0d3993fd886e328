"""Edges beside the drawn ones: the right ones pass the audit, every fault planted among them is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audited import TablesOnly, kinds
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.sampling.audit import audit
from workbench.schema import Column, EdgeType, Stype
from workbench.stores import complete
from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges, SampleRequest, SeedSet
from workbench.stores.steps import Step, StepPlan, Strategy
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import NO_TIME
from workbench.testing.graphs import RowGraph, random_rows, toy_shop
from workbench.testing.requests import Knobs, random_request
from workbench.testing.sizes import cases

FORMS = ("bidirectional", "induced")
KNOBS = Knobs(
    strategies=(Strategy.RECENT, Strategy.UNIFORM),
    forms=FORMS,
    tree=(False, False, True),
    strict=(False, True),
    cutoffs=("anchor", "anchor", "path"),
    metapaths=(False, False, True),
)


@settings(max_examples=cases(80, 1000))
@given(seed=st.integers(0, 2**32), hides=st.booleans())
def test_right_subgraphs_pass(seed: int, hides: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, 12, extras=bool(seed % 2))
    request = random_request(rng, rows.schema, rows.num_rows, KNOBS)
    if hides and rows.schema.edge_specs:
        spec = rows.schema.edge_specs[0]
        lists = [np.flatnonzero(rng.random(rows.num_rows[spec.table]) < 0.4) for _ in range(len(request))]
        offsets = np.cumsum([0, *map(len, lists)])
        hidden = HiddenEdges(
            spec.edge_type, offsets, np.concatenate([*lists, np.empty(0, np.int64)]).astype(np.int64)
        )
        request = replace(request, hidden=(hidden,))
    subgraph = RamGraph(rows.arrays()).sample(request)
    report = audit(subgraph, TablesOnly(rows))
    # random seeds may be newer than their anchor: that is said of the seed, drawn edges or not
    assert kinds(report) <= {
        "expanded node later than the anchor",
        "expanded node later than the cutoff of its path",
    }
    assert report.edges == subgraph.num_edges


@pytest.fixture(scope="module")
def shop() -> RowGraph:
    """20 users, 10 products, 300 orders and 200 ratings at times 0 .. 999; users were always there."""
    rng = np.random.default_rng(0)
    rows = {"users": 20, "products": 10, "orders": 300, "ratings": 200}
    times = {
        name: np.sort(rng.integers(0, 1000, rows[name])).astype(np.int64) for name in ("orders", "ratings")
    }
    times["users"] = np.zeros(20, np.int64)
    keys = {
        (table, f"{end}_id"): rng.integers(0, rows[f"{end}s"], rows[table])
        for table in ("orders", "ratings")
        for end in ("user", "product")
    }
    return RowGraph(toy_shop().schema, rows, times, keys)


RATED = EdgeType("products", "rev_ratings", "users")
RATES = EdgeType("users", "ratings", "products")
"""What the plan follows, and its way back."""


def drawn(shop: RowGraph, form: str, **rules: object) -> SampledSubgraph:
    steps = (Step(1, RATED, 2, Strategy.RECENT), Step(2, RATES, 2, Strategy.RECENT))
    seeds = SeedSet.of("users", np.arange(6), np.full(6, 500))
    return HopDriver(RamGraph(shop.arrays())).sample(
        SampleRequest((seeds,), StepPlan(steps, 2, subgraph=form, **rules), 7)
    )


def without(subgraph: SampledSubgraph, name: EdgeType, place: int) -> SampledSubgraph:
    """The subgraph less one edge."""
    hop = subgraph.edge_hops(name)[place] - 1
    parts = {
        part: {**getattr(subgraph, part), name: np.delete(getattr(subgraph, part)[name], place)}
        for part in ("row", "col", "edge_id")
    }
    per_hop = subgraph.edges_per_hop[name].copy()
    per_hop[hop] -= 1
    return replace(subgraph, **parts, edges_per_hop={**subgraph.edges_per_hop, name: per_hop})


def changed(subgraph: SampledSubgraph, name: EdgeType, part: str, place: int, value: int) -> SampledSubgraph:
    """The subgraph with one number of one edge changed."""
    array = getattr(subgraph, part)[name].copy()
    array[place] = value
    return replace(subgraph, **{part: {**getattr(subgraph, part), name: array}})


def added(subgraph: SampledSubgraph, name: EdgeType = RATES) -> np.ndarray:
    places = np.flatnonzero(~subgraph.is_drawn(name))
    assert len(places) > 3
    return places


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("disjoint", [True, False])
def test_the_shop_is_clean(shop: RowGraph, form: str, disjoint: bool) -> None:
    subgraph = drawn(shop, form, disjoint=disjoint)
    assert audit(subgraph, TablesOnly(shop)).ok
    added(subgraph)


@pytest.mark.parametrize(
    ("form", "kind"),
    [("bidirectional", "way back is missing"), ("induced", "edge among the nodes is missing")],
)
def test_an_edge_that_was_not_added_is_found(shop: RowGraph, form: str, kind: str) -> None:
    subgraph = drawn(shop, form)
    report = audit(without(subgraph, RATES, int(added(subgraph)[0])), TablesOnly(shop))
    assert kinds(report) == {kind}
    assert report.violations == 1


@pytest.mark.parametrize("form", FORMS)
def test_an_edge_of_another_row_is_found(shop: RowGraph, form: str) -> None:
    subgraph = drawn(shop, form)
    place = int(added(subgraph)[0])
    other = (int(subgraph.edge_id[RATES][place]) + 1) % 200
    found = kinds(audit(changed(subgraph, RATES, "edge_id", place, other), TablesOnly(shop)))
    wrong = "added edge is no way back" if form == "bidirectional" else "keys differ"
    missing = "way back is missing" if form == "bidirectional" else "edge among the nodes is missing"
    assert {wrong, missing} <= found


@pytest.mark.parametrize("form", FORMS)
def test_an_edge_added_twice_is_found(shop: RowGraph, form: str) -> None:
    subgraph = drawn(shop, form)
    hops = subgraph.edge_hops(RATES)
    one, two = added(subgraph)[hops[added(subgraph)] == 1][:2].tolist()
    for part in ("row", "col", "edge_id"):
        subgraph = changed(subgraph, RATES, part, two, int(getattr(subgraph, part)[RATES][one]))
    assert "added edge is there already" in kinds(audit(subgraph, TablesOnly(shop)))


@pytest.mark.parametrize("form", FORMS)
def test_an_edge_of_another_hop_is_found(shop: RowGraph, form: str) -> None:
    subgraph = drawn(shop, form)
    first = int(added(subgraph)[subgraph.edge_hops(RATES)[added(subgraph)] == 1][-1])
    behind = np.flatnonzero(subgraph.is_drawn(RATES))
    assert first < behind[0], "the last edge of hop 1 becomes one of hop 2"
    per_hop = subgraph.edges_per_hop[RATES] + np.array([-1, 1])
    late = replace(subgraph, edges_per_hop={**subgraph.edges_per_hop, RATES: per_hop})
    assert not audit(late, TablesOnly(shop)).ok


@pytest.mark.parametrize("form", FORMS)
def test_an_edge_to_another_seeds_node_is_found(shop: RowGraph, form: str) -> None:
    subgraph = drawn(shop, form)
    place = int(added(subgraph)[0])
    lane = subgraph.batch["products"][subgraph.col[RATES][place]]
    stranger = int(np.flatnonzero(subgraph.batch["products"] != lane)[0])
    found = kinds(audit(changed(subgraph, RATES, "col", place, stranger), TablesOnly(shop)))
    assert "added edge between the subgraphs of two seeds" in found


def faults_of_added(shop: RowGraph, subgraph: SampledSubgraph) -> set[str]:
    """Kinds of faults of hop 1 of the way back, which no step draws at that hop."""
    found = audit(subgraph, TablesOnly(shop)).faults
    return {fault.kind for fault in found if (fault.edge_type, fault.hop) == (str(RATES), 1)}


def test_an_edge_from_the_future_is_found(shop: RowGraph) -> None:
    subgraph = drawn(shop, "induced")
    assert not faults_of_added(shop, subgraph)
    earlier = replace(subgraph.request.seed_sets[0], anchors=np.full(6, 300))
    moved = replace(subgraph, request=replace(subgraph.request, seed_sets=(earlier,)))
    assert faults_of_added(shop, moved) == {"edge later than the anchor"}


def test_a_hidden_edge_is_found(shop: RowGraph) -> None:
    subgraph = drawn(shop, "induced")
    rows = np.unique(subgraph.edge_id[RATES]).astype(np.int64)
    hidden = HiddenEdges(RATED, np.arange(7) * len(rows), np.tile(rows, 6))
    veiled = replace(subgraph, request=replace(subgraph.request, hidden=(hidden,)))
    assert faults_of_added(shop, veiled) == {"edge was hidden from its seed"}


def test_metapaths_of_an_added_edge_are_found(shop: RowGraph) -> None:
    steps = (Step(1, RATED, 2, Strategy.RECENT, paths=1),)
    seeds = SeedSet.of("users", np.arange(6), np.full(6, 500))
    request = SampleRequest((seeds,), StepPlan(steps, 1, subgraph="bidirectional"), 7)
    subgraph = HopDriver(RamGraph(shop.arrays())).sample(request)
    assert audit(subgraph, TablesOnly(shop)).ok
    wrong = changed(subgraph, RATES, "edge_paths", 0, 1)
    assert kinds(audit(wrong, TablesOnly(shop))) == {"added edge has metapaths"}


def test_a_plain_plan_adds_nothing(shop: RowGraph) -> None:
    subgraph = drawn(shop, "bidirectional")
    plain = replace(subgraph.request, plan=replace(subgraph.request.plan, subgraph="directional"))
    assert kinds(audit(replace(subgraph, request=plain), TablesOnly(shop))) == {"not in the plan"}


def of_a_store_that_turns_all(subgraph: SampledSubgraph, graph: RamGraph, monkeypatch: pytest.MonkeyPatch):
    """The subgraph as a store gives it that leads back out of every seed."""
    with monkeypatch.context() as patch:
        patch.setattr(complete, "unseen_seeds", lambda *_: np.empty(0, np.int64))
        return graph.sample(subgraph.request)


@pytest.mark.parametrize("ended", [False, True])
def test_a_way_out_of_a_seed_that_is_not_there_is_found(
    shop: RowGraph, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four of six joint seeds begin after the anchor, or ended before it; their ratings were there."""
    times = {**shop.times, "users": np.where(np.arange(20) < 2, 0, 0 if ended else 600)}
    schema, ends = shop.schema, {}
    if ended:
        until = Column("until", Stype.TIMESTAMP)
        users = replace(schema["users"], columns=(*schema["users"].columns, until))
        schema = schema.with_table(users).set_end_time("users", "until")
        ends = {"users": np.where(np.arange(20) < 2, NO_TIME, 400)}
    rows = replace(shop, schema=schema, times=times, ends=ends)
    right = drawn(rows, "bidirectional", disjoint=False)
    report = audit(right, TablesOnly(rows))
    assert kinds(report) == (set() if ended else {"expanded node later than the anchor"})
    wrong = of_a_store_that_turns_all(right, RamGraph(rows.arrays()), monkeypatch)
    out = wrong.row[RATES][~wrong.is_drawn(RATES)]
    found = audit(wrong, TablesOnly(rows)).faults
    word = "ended by" if ended else "later than"
    (fault,) = [each for each in found if each.kind == f"source node {word} the anchor"]
    assert (fault.edge_type, fault.hop) == (str(RATES), 1)
    assert fault.count == int(((out >= 2) & (out < 6)).sum()) > 3
    alone = drawn(rows, "bidirectional")
    assert kinds(audit(alone, TablesOnly(rows))) == kinds(report)
    assert set(range(6)) <= set(alone.row[RATES].tolist())
