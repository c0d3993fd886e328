"""Cutoffs along the path are found anew from the tables, so a sample cannot talk itself into seeing more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audited import TablesOnly, claiming, drawn, kinds, shop_rows

from workbench.plan.fanout import Fanout
from workbench.sampling.audit import audit

SHOP = shop_rows()
TABLES = TablesOnly(SHOP)
RATED = SHOP.schema.edge_type("products-rev_ratings->users")
HOPS = [{str(RATED): 3}, {"users-ratings->products": 3}, {str(RATED): 2}]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("mode", ["disjoint", "joint", "tree"])
def test_cutoffs_of_paths_pass(mode, strict):
    subgraph = drawn(SHOP, Fanout(HOPS, cutoff="path", strict=strict, mode=mode))
    report = audit(subgraph, TABLES)
    assert report.ok, report
    assert len(np.unique(subgraph.cutoffs["users"])) > 10


def test_a_sample_that_saw_up_to_the_anchor_everywhere_is_found():
    subgraph = drawn(SHOP, Fanout(HOPS))
    assert audit(subgraph, TABLES).ok
    found = kinds(audit(claiming(subgraph, Fanout(HOPS, cutoff="path"), SHOP.schema), TABLES))
    assert found >= {"edge later than the cutoff of its path", "cutoff is not that of its path"}


def test_cutoffs_that_the_sample_claims_are_not_believed():
    subgraph = drawn(SHOP, Fanout(HOPS, cutoff="path"))
    products = subgraph.cutoffs["products"].copy()
    products[3] += 1
    wrong = replace(subgraph, cutoffs={**subgraph.cutoffs, "products": products})
    report = audit(wrong, TABLES)
    assert kinds(report) == {"cutoff is not that of its path"}
    assert [(f.edge_type, f.hop, f.count) for f in report.faults] == [("products", 1, 1)]
    assert "cutoff is not that of its path" in kinds(audit(replace(subgraph, cutoffs=None), TABLES))


def test_a_node_that_paths_of_other_times_share_is_found():
    subgraph = drawn(SHOP, Fanout(HOPS[:1], cutoff="path"))
    row, col = subgraph.row[RATED].copy(), subgraph.col[RATED]
    times = SHOP.times["ratings"][subgraph.edge_id[RATED]]
    one = next(i for i in range(1, len(row)) if col[i] == col[i - 1] and times[i] != times[i - 1])
    row[one] = row[one - 1]
    wrong = replace(subgraph, row={**subgraph.row, RATED: row})
    assert "node is shared by paths of other cutoffs" in kinds(audit(wrong, TABLES))


def test_static_steps_keep_their_parents_cutoff():
    plan = Fanout(HOPS, cutoff="path", static=[str(RATED)])
    subgraph = drawn(SHOP, plan)
    assert audit(subgraph, TABLES).ok
    assert set(subgraph.cutoffs["products"][subgraph.node_hops("products") == 1]) == {500}
    other = claiming(subgraph, Fanout(HOPS, cutoff="path"), SHOP.schema)
    assert "cutoff is not that of its path" in kinds(audit(other, TABLES))


def test_the_anchors_own_instant_is_later_than_a_strict_anchor():
    anchor = int(SHOP.times["ratings"][77])
    subgraph = drawn(SHOP, Fanout([{str(RATED): -1}]), anchor)
    assert audit(subgraph, TABLES).ok
    strict = claiming(subgraph, Fanout([{str(RATED): -1}], strict=True), SHOP.schema)
    assert "edge later than the anchor" in kinds(audit(strict, TABLES))
