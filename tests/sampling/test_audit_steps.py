"""Metapaths: which step drew an edge is read off its mask, and every way to get it wrong is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audited import TablesOnly, claiming, drawn, kinds, shop_rows, with_edges

from workbench.plan.metapath import Metapath, Metapaths
from workbench.sampling.audit import audit
from workbench.sampling.audit_chunk import gather
from workbench.sampling.audit_steps import loosest, shares
from workbench.stores.steps import Step, Strategy

SHOP = shop_rows()
TABLES = TablesOnly(SHOP)
FACT, BACK = "orders-user_id->users", "users-rev_user_id->orders"
PRODUCT, RATED, RATING = (
    "products-rev_product_id->orders",
    "products-rev_ratings->users",
    "users-ratings->products",
)


def paths(wide: int = 3, **rules) -> Metapaths:
    """Three that share a beginning, and one that comes back over the edge type that it began with."""
    return Metapaths(
        [
            Metapath(FACT, PRODUCT, RATING, fanouts=[wide, 1, 2]),
            Metapath(FACT, BACK, FACT, fanouts=[wide, 1, 4]),
            Metapath(FACT, PRODUCT, fanouts=[wide + 2, 1], strategy="recent"),
            Metapath(RATED, RATING, RATED, fanouts=[2, 2, 2], window=300),
        ],
        **rules,
    )


@pytest.mark.parametrize("mode", ["disjoint", "joint", "tree"])
def test_metapaths_pass(mode):
    subgraph = drawn(SHOP, paths(mode=mode))
    report = audit(subgraph, TABLES)
    assert report.ok, report
    assert report.edges == subgraph.num_edges > 300


def test_what_a_step_must_have_drawn_it_may_have_drawn():
    subgraph = drawn(SHOP, paths())
    chunk, _ = gather([subgraph], SHOP.schema)
    sure = may = 0
    for share in shares(chunk):
        assert not (share.sure_edges & ~share.edges).any()
        assert not (share.sure_nodes & ~share.nodes).any()
        sure, may = sure + share.sure_edges.sum(), may + share.edges.sum()
    assert 0.8 * may < sure < may, "most edges are of one step, some of two"


def test_masks_that_are_not_those_of_the_steps_are_found():
    subgraph = drawn(SHOP, paths())
    fact = SHOP.schema.edge_type(FACT)
    masks = subgraph.edge_paths[fact]
    more = with_edges(subgraph, fact, edge_paths=masks | np.uint64(8))
    assert "mask is not that of the metapaths" in kinds(audit(more, TABLES))
    none = with_edges(subgraph, fact, edge_paths=np.zeros_like(masks))
    assert "expanded node was not drawn by the step before" in kinds(audit(none, TABLES))


def test_a_node_that_its_metapath_did_not_reach_may_not_be_expanded():
    subgraph = drawn(SHOP, paths())
    product = SHOP.schema.edge_type(PRODUCT)
    masks = subgraph.edge_paths[product].copy()
    only = np.flatnonzero(masks == 4)[0]  # drawn for the third path alone
    masks[only] = 1
    found = kinds(audit(with_edges(subgraph, product, edge_paths=masks), TABLES))
    assert "expanded node was not drawn by the step before" in found


def test_other_numbers_of_draws_are_found():
    subgraph = drawn(SHOP, paths(3))
    assert "drew more than the fanout" in kinds(audit(claiming(subgraph, paths(2), SHOP.schema), TABLES))
    assert "drew fewer than it could" in kinds(audit(claiming(subgraph, paths(4), SHOP.schema), TABLES))


def test_an_edge_drawn_by_two_steps_may_not_be_there_twice():
    subgraph = drawn(SHOP, paths())
    fact = SHOP.schema.edge_type(FACT)
    changes = {
        name: np.insert(getattr(subgraph, name)[fact], 1, getattr(subgraph, name)[fact][0])
        for name in ("row", "col", "edge_id", "edge_paths")
    }
    assert "drew the same edge twice" in kinds(audit(with_edges(subgraph, fact, **changes), TABLES))


def test_the_loosest_rule_allows_what_any_step_allows():
    edge_type = SHOP.schema.edge_type(RATED)
    short, long = Step(1, edge_type, 3, window=5), Step(1, edge_type, 3, window=50)
    assert loosest([short, long]).window == 50
    assert loosest([short, replace(short, window=None)]).window is None
    assert not loosest([long, replace(long, temporal=False)]).temporal
    weighted = replace(long, strategy=Strategy.WEIGHTED, weight="stars")
    assert loosest([weighted, weighted]).strategy == Strategy.WEIGHTED
    assert loosest([weighted, long]).strategy == Strategy.UNIFORM
