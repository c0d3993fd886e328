"""How many draws a node must have: shares, replacement, weights, ages, windows, ends and hidden edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audited import TablesOnly, claiming, drawn, kinds, shop_rows, with_edges
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.sampling.audit import audit
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges
from workbench.stores.steps import Strategy
from workbench.temporal import FOREVER, NO_TIME
from workbench.testing.graphs import random_rows
from workbench.testing.requests import EVERYTHING, Knobs, random_request
from workbench.testing.sizes import cases

SHOP = shop_rows()
TABLES = TablesOnly(SHOP)
FACT = SHOP.schema.edge_type("orders-user_id->users")
RATED = SHOP.schema.edge_type("products-rev_ratings->users")


def fanout(cell, **options) -> Fanout:
    return Fanout([{str(FACT): cell, str(RATED): cell}, 2], **options)


PLANS = {
    "share": fanout(0.4),
    "capped share": fanout(Draw(0.5, cap=3)),
    "replacement": fanout(5, replace=True),
    "ages": fanout(Draw(4, half_life=50)),
    "windows": fanout(Draw(4, window=120)),
    "weights": Fanout([{str(RATED): Draw(3, weight="stars")}]),
    "weights with replacement": Fanout([{str(RATED): Draw(3, weight="stars", replace=True)}]),
    "all that weigh": Fanout([{str(RATED): Draw(-1, weight="stars")}]),
    "strict": fanout(-1, strict=True),
    "recent": fanout(3, strategy="recent"),
}


@pytest.mark.parametrize("name", PLANS)
def test_correct_draws_pass_and_one_edge_less_is_found(name):
    plan = PLANS[name]
    subgraph = drawn(SHOP, plan)
    assert audit(subgraph, TABLES).ok
    edge_type = RATED if name.startswith(("weights", "all")) else FACT
    lost = with_edges(
        subgraph,
        edge_type,
        **{part: getattr(subgraph, part)[edge_type][1:] for part in ("row", "col", "edge_id")},
    )
    hops = subgraph.edges_per_hop[edge_type].copy()
    hops[0] -= 1
    lost = replace(lost, edges_per_hop={**subgraph.edges_per_hop, edge_type: hops})
    assert "drew fewer than it could" in kinds(audit(lost, TABLES))


CLAIMS = {
    "drew more than its share": (fanout(0.7), fanout(0.3)),
    "drew more than the fanout": (fanout(5, replace=True), fanout(4, replace=True)),
    "drew the same edge twice": (fanout(9, replace=True), fanout(9)),
    "drew fewer than it could": (fanout(4), fanout(6, replace=True)),
    "edge of weight 0": (fanout(-1), Fanout([{str(FACT): -1, str(RATED): Draw(-1, weight="stars")}, 2])),
    "did not draw the most recent": (fanout(Draw(2, half_life=10_000)), fanout(2, strategy="recent")),
    "edge before the look-back window": (fanout(-1), fanout(-1, window=60)),
}


@pytest.mark.parametrize("kind", CLAIMS)
def test_draws_of_another_plan_are_found(kind):
    real, claimed = CLAIMS[kind]
    subgraph = drawn(SHOP, real)
    assert audit(subgraph, TABLES).ok
    assert kind in kinds(audit(claiming(subgraph, claimed, SHOP.schema), TABLES))


def test_neighbours_that_had_ended_are_not_due_and_not_allowed():
    subgraph = drawn(SHOP, fanout(-1))
    assert audit(subgraph, TABLES).ok
    eternal = replace(SHOP, ends={name: np.full_like(e, FOREVER) for name, e in SHOP.ends.items()})
    assert kinds(audit(subgraph, TablesOnly(eternal))) == {"drew fewer than it could"}
    found = kinds(audit(drawn(eternal, fanout(-1)), TABLES))
    assert found >= {"edge ended by the anchor", "source node ended by the anchor"}


def hidden(edge_type, seeds: int = 16) -> tuple[HiddenEdges, ...]:
    """Every third edge row is hidden from the even seeds."""
    table = SHOP.schema.edge_spec(edge_type).table
    rows = [np.arange(0, SHOP.num_rows[table], 3) if seed % 2 == 0 else [] for seed in range(seeds)]
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return (HiddenEdges(edge_type, offsets, np.concatenate(rows).astype(np.int64)),)


@pytest.mark.parametrize("mode", ["disjoint", "joint"])
@pytest.mark.parametrize("edge_type", [FACT, RATED], ids=str)
def test_hidden_edges_are_neither_due_nor_allowed(mode, edge_type):
    plan, veil = fanout(-1, mode=mode), hidden(edge_type)
    unseeing = drawn(SHOP, plan, hidden=veil)
    assert audit(unseeing, TABLES).ok
    seeing = drawn(SHOP, plan)
    told = replace(seeing, request=replace(seeing.request, hidden=veil))
    assert "edge was hidden from its seed" in kinds(audit(told, TABLES))
    forgot = replace(unseeing, request=replace(unseeing.request, hidden=()))
    assert kinds(audit(forgot, TABLES)) == {"drew fewer than it could"}


EVERY = {
    "all at once": EVERYTHING,
    "draws": Knobs(
        strategies=tuple(Strategy),
        replace=(False, True),
        fractions=(None, 0.3),
        weights=("weight",),
        half_lives=(1, 20),
    ),
    "trees and budgets": Knobs(tree=(True,), disjoint=(True,), budgets=(None, 5, 30)),
    "paths of time": Knobs(cutoffs=("path",), strict=(False, True), hops=4),
    "metapaths": Knobs(metapaths=(True,), hops=4, replace=(False, True), fanouts=(-1, 1, 3)),
    "metapaths of time": Knobs(metapaths=(True,), cutoffs=("path",), budgets=(None, 9)),
    "metapaths half of time": Knobs(
        metapaths=(True,), cutoffs=("path",), temporal=(True, False, False), fanouts=(-1, 1, 3), hops=4
    ),
}


def test_an_edge_to_another_copy_of_a_node_is_no_edge_drawn_twice():
    """Static steps lead back to the user at its own anchor; the last step draws dated copies of orders."""
    back = "users-rev_user_id->orders"
    cells = [Draw(-1, static=True), Draw(-1, static=True), -1]
    plan = Metapaths([Metapath(str(FACT), back, str(FACT), fanouts=cells)], cutoff="path")
    subgraph = drawn(SHOP, plan)
    orders = subgraph.edge_id[FACT].tolist()
    assert len(set(orders)) < len(orders)
    assert audit(subgraph, TABLES).ok
    again = {part: getattr(subgraph, part)[FACT].copy() for part in ("row", "edge_id")}
    for array in again.values():
        array[-1] = array[-2]
    assert subgraph.col[FACT][-1] == subgraph.col[FACT][-2]
    assert "drew the same edge twice" in kinds(audit(with_edges(subgraph, FACT, **again), TABLES))


def into_late_seeds(rows, subgraph) -> int:
    """Edges whose expanded node is a seed with a row that has no time, or begins after its anchor."""
    count = 0
    for (_, _, node_type), col in subgraph.col.items():
        if node_type in rows.times:
            times = rows.times[node_type][subgraph.node_id[node_type]]
            late = (times > subgraph.node_anchors(node_type)) | (times == NO_TIME)
            late &= subgraph.node_hops(node_type) == 0
            count += int(late[col].sum())
    return count


@pytest.mark.parametrize("name", EVERY)
def test_samples_of_every_option_pass(name):
    @settings(max_examples=cases(20, 1000))
    @given(st.integers(0, 2**48))
    def passes(seed):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng, 14, extras=True)
        request = random_request(rng, rows.schema, rows.num_rows, EVERY[name])
        subgraph = RamGraph(rows.arrays()).sample(request)
        report = audit(subgraph, TablesOnly(rows))
        # random seeds may be newer than their anchors, which is said of every edge into them
        late = [fault for fault in report.faults if fault.kind.startswith("expanded node later")]
        assert sum(fault.count for fault in late) == into_late_seeds(rows, subgraph), f"{report}\n{request}"
        assert len(report.faults) == len(late), f"{report}\n{request}"
        assert report.edges == subgraph.num_edges

    passes()
