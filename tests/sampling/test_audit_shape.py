"""Broken shapes are named: nodes twice, trees that share, counts that do not add up, budgets overdrawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audited import TablesOnly, claiming, drawn, kinds, shop_rows, with_edges

from workbench.plan.fanout import Fanout
from workbench.sampling.audit import audit

SHOP = shop_rows()
TABLES = TablesOnly(SHOP)
FACT = SHOP.schema.edge_type("orders-user_id->users")
RATED = SHOP.schema.edge_type("products-rev_ratings->users")
HOPS = [{str(FACT): 4, str(RATED): 6}, {"default": 2}]


def test_trees_pass_and_a_shared_node_is_found():
    tree = drawn(SHOP, Fanout(HOPS, mode="tree"))
    assert audit(tree, TABLES).ok
    shared = drawn(SHOP, Fanout(HOPS))
    found = kinds(audit(claiming(shared, Fanout(HOPS, mode="tree"), SHOP.schema), TABLES))
    assert found == {"node of a tree that several draws share"}
    back = kinds(audit(claiming(tree, Fanout(HOPS), SHOP.schema), TABLES))
    assert "node is there twice" in back


def test_an_edge_into_another_seeds_subgraph_is_found():
    subgraph = drawn(SHOP, Fanout(HOPS))
    row = subgraph.row[RATED].copy()
    ids, batch = subgraph.node_id["products"], subgraph.batch["products"]
    twin = np.flatnonzero((ids == ids[row[0]]) & (batch != batch[row[0]]))[0]
    row[0] = twin
    found = kinds(audit(with_edges(subgraph, RATED, row=row), TABLES))
    assert "edge between the subgraphs of two seeds" in found


def test_a_node_that_nothing_leads_to_is_found():
    subgraph = drawn(SHOP, Fanout(HOPS[:1]))
    row = subgraph.row[FACT].copy()
    row[0] = row[1]
    assert "node that no edge leads to" in kinds(audit(with_edges(subgraph, FACT, row=row), TABLES))


def test_other_seeds_than_were_asked_for_are_found():
    subgraph = drawn(SHOP, Fanout(HOPS))
    users = subgraph.node_id["users"].copy()
    users[:2] = users[1::-1]
    wrong = replace(subgraph, node_id={**subgraph.node_id, "users": users})
    assert "seeds are not those of the request" in kinds(audit(wrong, TABLES))


@pytest.mark.parametrize("side", ["row", "col"])
@pytest.mark.parametrize("value", [-1, 10**6])
def test_local_ids_out_of_range_are_found_and_do_no_harm(side, value):
    subgraph = drawn(SHOP, Fanout(HOPS))
    local = getattr(subgraph, side)[FACT].copy()
    local[2] = value
    assert "local id out of range" in kinds(audit(with_edges(subgraph, FACT, **{side: local}), TABLES))


def test_arrays_of_unequal_length_are_found():
    subgraph = drawn(SHOP, Fanout(HOPS))
    short = with_edges(subgraph, FACT, edge_id=subgraph.edge_id[FACT][:-1])
    assert "arrays of unequal length" in kinds(audit(short, TABLES))


def test_counts_that_do_not_add_up_are_found():
    subgraph = drawn(SHOP, Fanout(HOPS))
    steps = subgraph.step_edges.copy()
    steps[0] += 1
    assert kinds(audit(replace(subgraph, step_edges=steps), TABLES)) == {"step counts do not add up"}
    assert "step counts are not those of the plan" in kinds(
        audit(replace(subgraph, step_edges=steps[1:]), TABLES)
    )
    nodes = {**subgraph.nodes_per_hop, "orders": subgraph.nodes_per_hop["orders"] + 1}
    assert "hop counts do not add up" in kinds(audit(replace(subgraph, nodes_per_hop=nodes), TABLES))


@pytest.mark.parametrize("mode", ["disjoint", "tree", "joint"])
def test_a_budget_excuses_what_it_cut_and_no_more(mode):
    most = 40 if mode == "joint" else 12
    subgraph = drawn(SHOP, Fanout(HOPS, mode=mode, max_nodes=most))
    report = audit(subgraph, TABLES)
    assert report.ok, report
    assert report.dropped == subgraph.dropped.sum() > 0
    assert "cut by max_nodes" in str(report)
    denied = replace(subgraph, dropped=np.zeros_like(subgraph.dropped))
    assert kinds(audit(denied, TABLES)) == {"drew fewer than it could"}
    over = claiming(subgraph, Fanout(HOPS, mode=mode, max_nodes=most - 1), SHOP.schema)
    assert "more nodes than max_nodes" in kinds(audit(over, TABLES))
    early = claiming(subgraph, Fanout(HOPS, mode=mode, max_nodes=most + 1), SHOP.schema)
    assert "draws dropped below max_nodes" in kinds(audit(early, TABLES))
    assert "dropped draws of a budget are not counted" in kinds(
        audit(replace(subgraph, dropped=None), TABLES)
    )
