"""Correct samples pass the audit; every kind of planted fault is found and named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audited import TablesOnly, kinds, with_edges
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.plan.fanout import Fanout
from workbench.sampling.audit import audit
from workbench.schema import EdgeType, Schema
from workbench.stores.edge_edits import with_edges as put_edges
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import ALL, Step, StepPlan, Strategy
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import NO_TIME, visible
from workbench.testing.graphs import RowGraph, random_rows
from workbench.testing.sizes import cases


def sample(
    rows: RowGraph, rng: np.random.Generator, disjoint: bool, steps: int = 5
) -> SampledSubgraph | None:
    """A random sample of visible seeds, or None where the graph has none."""
    anchor = int(rng.integers(0, 70))
    names = [name for name in rows.schema.node_types if rows.num_rows[name]]
    if not names or not rows.schema.edge_types:
        return None
    name = str(rng.choice(names))
    count = rows.num_rows[name]
    anchors = rng.integers(0, 70, 4) if disjoint else np.full(4, anchor)
    ids = rng.integers(0, count, 4)
    seen = visible(rows.times[name][ids], anchors) if name in rows.times else np.ones(4, bool)
    if not seen.any():
        return None
    plan = random_plan(rows.schema, rng, disjoint, steps)
    seeds = SeedSet.of(name, ids[seen], anchors[seen])
    return RamGraph(rows.arrays()).sample(SampleRequest((seeds,), plan, int(rng.integers(0, 2**60))))


def random_plan(schema: Schema, rng: np.random.Generator, disjoint: bool, most: int) -> StepPlan:
    steps = []
    for hop in (1, 2):
        for edge_type in schema.edge_types:
            if rng.random() < 0.2 or len(steps) == 2 * most:
                continue
            temporal = bool(rng.random() < 0.7)
            window = int(rng.integers(5, 50)) if temporal and rng.random() < 0.3 else None
            fanout, strategy = int(rng.choice([ALL, 1, 2, 5])), Strategy(int(rng.integers(0, 2)))
            steps.append(Step(hop, edge_type, fanout, strategy, temporal, window))
    return StepPlan(tuple(steps), 2, disjoint)


@settings(max_examples=cases(60, 1000))
@given(seed=st.integers(0, 2**32), disjoint=st.booleans())
def test_correct_samples_pass(seed: int, disjoint: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = random_rows(rng)
    subgraph = sample(rows, rng, disjoint)
    if subgraph is None:
        return
    report = audit(subgraph, TablesOnly(rows))
    assert report.ok, f"{report}\n{subgraph.request}"
    assert report.edges == subgraph.num_edges


@pytest.fixture(scope="module")
def shop() -> RowGraph:
    """20 users, 10 products, 400 orders and 200 ratings (folded), times 0 .. 999; products untimed."""
    rng = np.random.default_rng(0)
    base = toy_schema()
    rows = {"users": 20, "products": 10, "orders": 400, "ratings": 200}
    times = {
        name: np.sort(rng.integers(0, 1000, rows[name])).astype(np.int64) for name in ("orders", "ratings")
    }
    times["users"] = np.arange(20, dtype=np.int64) * 5
    keys = {
        (table, f"{end}_id"): rng.integers(0, rows[f"{end}s"], rows[table])
        for table in ("orders", "ratings")
        for end in ("user", "product")
    }
    return RowGraph(base, rows, times, keys)


def toy_schema() -> Schema:
    from workbench.testing.graphs import toy_shop

    return toy_shop().schema


FANOUT = Fanout(
    [
        {"orders-user_id->users": 3, "products-rev_ratings->users": 3},
        {"products-rev_product_id->orders": 1, "users-ratings->products": 2},
    ],
    strategy="recent",
)


def drawn(shop: RowGraph, fanout: Fanout = FANOUT, anchor: int = 500, users: int = 15) -> SampledSubgraph:
    seeds = SeedSet.of("users", np.arange(users), np.full(users, anchor))
    plan = fanout.compile(shop.schema, ["users"])
    return RamGraph(shop.arrays()).sample(SampleRequest((seeds,), plan, 7))


def edge(shop: RowGraph, name: str) -> EdgeType:
    return shop.schema.edge_type(name)


def test_a_clean_sample_says_what_it_checked(shop: RowGraph) -> None:
    subgraph = drawn(shop)
    report = audit([subgraph, subgraph], TablesOnly(shop))
    assert report.ok
    assert report.edges == 2 * subgraph.num_edges > 100
    assert "0 violations" in repr(report)


def test_an_edge_between_strangers_is_found(shop: RowGraph) -> None:
    subgraph, fact = drawn(shop), edge(shop, "orders-user_id->users")
    moved = np.roll(subgraph.col[fact], 3)
    report = audit(with_edges(subgraph, fact, col=moved), TablesOnly(shop))
    assert "keys differ" in kinds(report)
    assert {(fault.edge_type, fault.hop) for fault in report.faults if fault.kind == "keys differ"} == {
        (str(fact), 1)
    }


def test_an_edge_id_of_another_row_is_found(shop: RowGraph) -> None:
    subgraph = drawn(shop)
    for name in ("orders-user_id->users", "products-rev_product_id->orders", "products-rev_ratings->users"):
        wrong = with_edges(
            subgraph, edge(shop, name), edge_id=subgraph.edge_id[edge(shop, name)] ^ np.uint32(1)
        )
        assert "keys differ" in kinds(audit(wrong, TablesOnly(shop))), name


def test_another_source_node_is_found(shop: RowGraph) -> None:
    subgraph = drawn(shop)
    for name in ("products-rev_product_id->orders", "products-rev_ratings->users"):
        moved = np.roll(subgraph.row[edge(shop, name)], 1)
        wrong = with_edges(subgraph, edge(shop, name), row=moved)
        assert "keys differ" in kinds(audit(wrong, TablesOnly(shop))), name


def test_an_edge_exactly_a_window_ago_is_found(shop: RowGraph) -> None:
    fact, anchor = edge(shop, "orders-user_id->users"), 500
    window = anchor - int(shop.times["orders"][40])  # the window is open there
    seeds = SeedSet.of("users", np.arange(20), np.full(20, anchor))

    def request(window: int) -> SampleRequest:
        return SampleRequest((seeds,), StepPlan((Step(1, fact, ALL, window=window),), 1))

    subgraph = RamGraph(shop.arrays()).sample(request(window + 1))
    assert audit(subgraph, TablesOnly(shop)).ok
    wrong = replace(subgraph, request=request(window))
    assert "edge before the look-back window" in kinds(audit(wrong, TablesOnly(shop)))


def test_an_edge_that_starts_at_a_node_of_another_hop_is_found(shop: RowGraph) -> None:
    subgraph, second = drawn(shop), edge(shop, "users-ratings->products")
    late = np.flatnonzero(subgraph.node_hops("products") == 2)[0]
    moved = np.full_like(subgraph.col[second], late)
    found = audit(with_edges(subgraph, second, col=moved), TablesOnly(shop))
    assert ("expanded node was not found at the hop before", 2) in {(f.kind, f.hop) for f in found.faults}


def test_a_row_that_does_not_exist_is_found(shop: RowGraph) -> None:
    subgraph, fact = drawn(shop), edge(shop, "orders-user_id->users")
    wrong = with_edges(subgraph, fact, edge_id=subgraph.edge_id[fact] + np.uint32(10_000))
    assert "no such row" in kinds(audit(wrong, TablesOnly(shop)))


def test_a_sample_from_the_future_is_found(shop: RowGraph) -> None:
    subgraph = drawn(shop, anchor=500)
    seeds = subgraph.request.seed_sets[0]
    early = replace(subgraph.request, seed_sets=(replace(seeds, anchors=seeds.anchors - 100),))
    found = kinds(audit(replace(subgraph, request=early), TablesOnly(shop)))
    assert found >= {
        "edge later than the anchor",
        "source node later than the anchor",
        "expanded node later than the anchor",
    }


def test_seeds_newer_than_their_anchor_are_sampled_and_reported(shop: RowGraph) -> None:
    assert (shop.times["users"][13:] > 60).all()
    assert audit(drawn(shop, anchor=60, users=13), TablesOnly(shop)).ok
    late = audit(drawn(shop, anchor=60, users=20), TablesOnly(shop))
    assert kinds(late) == {"expanded node later than the anchor"}
    assert {fault.hop for fault in late.faults} == {1}


def test_a_node_newer_than_the_anchor_behind_an_old_edge_is_found(shop: RowGraph) -> None:
    late = replace(shop, times={**shop.times, "users": np.arange(20, dtype=np.int64) * 5 + 450})
    subgraph = drawn(
        shop, Fanout([{"products-rev_ratings->users": 3}, {"users-ratings->products": 5}]), users=9
    )
    report = audit(subgraph, TablesOnly(late))
    assert "source node later than the anchor" in kinds(report)


def test_rows_without_a_time_are_never_visible(shop: RowGraph) -> None:
    times = shop.times["orders"].copy()
    times[100:] = NO_TIME
    dateless = replace(shop, times={**shop.times, "orders": times})
    found = kinds(audit(drawn(shop), TablesOnly(dateless)))
    assert {"edge later than the anchor", "source node later than the anchor"} <= found


def test_old_edges_where_newer_ones_were_due_are_found(shop: RowGraph) -> None:
    uniform = drawn(shop, replace_strategy("uniform"))
    plan = FANOUT.compile(shop.schema, ["users"])
    claimed = replace(uniform, request=replace(uniform.request, plan=plan))
    assert kinds(audit(uniform, TablesOnly(shop))) == set()
    assert kinds(audit(claimed, TablesOnly(shop))) == {"did not draw the most recent"}


def replace_strategy(strategy: str) -> Fanout:
    return Fanout(**{**FANOUT.to_dict(), "strategy": strategy})


def test_too_many_and_too_few_draws_are_found(shop: RowGraph) -> None:
    subgraph = drawn(shop)
    for change, kind in ((-1, "drew more than the fanout"), (1, "drew fewer than it could")):
        steps = tuple(replace(step, fanout=step.fanout + change or 1) for step in subgraph.request.plan)
        plan = replace(subgraph.request.plan, steps=steps)
        claimed = replace(subgraph, request=replace(subgraph.request, plan=plan))
        assert kind in kinds(audit(claimed, TablesOnly(shop)))


def test_an_edge_drawn_twice_is_found(shop: RowGraph) -> None:
    subgraph, fact = drawn(shop), edge(shop, "orders-user_id->users")
    rows, ids = subgraph.row[fact].copy(), subgraph.edge_id[fact].copy()
    assert subgraph.col[fact][0] == subgraph.col[fact][1]
    rows[1], ids[1] = rows[0], ids[0]
    assert "drew the same edge twice" in kinds(
        audit(with_edges(subgraph, fact, row=rows, edge_id=ids), TablesOnly(shop))
    )


def test_edges_outside_the_window_are_found(shop: RowGraph) -> None:
    subgraph = drawn(shop, Fanout([{"orders-user_id->users": ALL}]))
    steps = tuple(replace(step, window=50) for step in subgraph.request.plan)
    plan = replace(subgraph.request.plan, steps=steps)
    claimed = replace(subgraph, request=replace(subgraph.request, plan=plan))
    assert kinds(audit(claimed, TablesOnly(shop))) == {"edge before the look-back window"}
    windowed = drawn(shop, Fanout([{"orders-user_id->users": ALL}], window=50))
    assert audit(windowed, TablesOnly(shop)).ok
    assert 0 < windowed.num_edges < subgraph.num_edges


def test_edges_that_the_plan_does_not_have_are_found(shop: RowGraph) -> None:
    subgraph = drawn(shop)
    plan = replace(subgraph.request.plan, steps=subgraph.request.plan.steps[1:])
    claimed = replace(subgraph, request=replace(subgraph.request, plan=plan))
    assert "not in the plan" in kinds(audit(claimed, TablesOnly(shop)))


def test_an_edge_of_the_wrong_hop_is_found(shop: RowGraph) -> None:
    subgraph, fact = drawn(shop), edge(shop, "orders-user_id->users")
    hops = subgraph.edges_per_hop[fact]
    claimed = replace(subgraph, edges_per_hop={**subgraph.edges_per_hop, fact: hops[::-1].copy()})
    assert "not in the plan" in kinds(audit(claimed, TablesOnly(shop)))
    broken = replace(subgraph, edges_per_hop={**subgraph.edges_per_hop, fact: hops + 1})
    assert "hop counts do not add up" in kinds(audit(broken, TablesOnly(shop)))


def test_what_a_static_step_waives_is_counted(shop: RowGraph) -> None:
    static = Fanout([{"products-rev_ratings->users": ALL}], static=["products-rev_ratings->users"])
    subgraph = drawn(shop, static, anchor=100)
    report = audit(subgraph, TablesOnly(shop))
    assert report.ok
    ids = subgraph.edge_id[edge(shop, "products-rev_ratings->users")]
    assert report.waived == {"products-rev_ratings->users": int((shop.times["ratings"][ids] > 100).sum())}
    assert "waived" in str(report)


def test_tables_out_of_time_order_are_found(shop: RowGraph) -> None:
    shuffled = replace(shop, times={**shop.times, "orders": shop.times["orders"][::-1].copy()})
    assert "rows out of time order" in kinds(audit(drawn(shop, anchor=2000), TablesOnly(shuffled)))


def test_another_snapshot_is_refused(shop: RowGraph) -> None:
    with pytest.raises(WorkbenchError, match="snapshot 1"):
        audit(drawn(shop), TablesOnly(shop, snapshot=2))


def test_edges_that_no_source_table_has_are_refused(shop: RowGraph) -> None:
    graph = put_edges(RamGraph(shop.arrays()), ("users", "likes", "products"), [0, 1], [2, 3])
    seeds = SeedSet.of("products", [2, 3], 500)
    plans = [Fanout([{"users-likes->products": ALL}]), Fanout([{"users-ratings->products": ALL}])]
    liked, rated = (
        graph.sample(SampleRequest((seeds,), plan.compile(graph.schema, ["products"]))) for plan in plans
    )
    assert audit(rated, TablesOnly(shop)).ok
    with pytest.raises(WorkbenchError, match=r"edges of type 'users-likes->products' were put .* Ingest"):
        audit(liked, TablesOnly(shop))
