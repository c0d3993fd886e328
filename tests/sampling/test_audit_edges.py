"""Edges are held against their own rows: a fault is counted once, at its hop, with an example."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from audited import TablesOnly, drawn, kinds, shop_rows, with_edges

from workbench.plan.fanout import Fanout
from workbench.sampling.audit import audit
from workbench.temporal import NO_TIME

SHOP = shop_rows()
FACT = SHOP.schema.edge_type("orders-user_id->users")
RATED = SHOP.schema.edge_type("products-rev_ratings->users")


def test_one_edge_of_another_row_is_one_fault_with_its_place():
    subgraph = drawn(SHOP, Fanout([{str(RATED): 3}]))
    rows = subgraph.edge_id[RATED].copy()
    rows[4] = (rows[4] + 1) % 200
    fault = next(
        f for f in audit(with_edges(subgraph, RATED, edge_id=rows), TablesOnly(SHOP)).faults if f.count == 1
    )
    assert (fault.edge_type, fault.hop, fault.kind) == (str(RATED), 1, "keys differ")
    assert f"edge row {rows[4]}, anchor 500 us" in fault.example


def test_an_end_at_the_anchor_is_over_and_one_after_it_is_not():
    anchor = 500
    for end, wrong in ((anchor, True), (anchor + 1, False), (NO_TIME, False)):
        ends = {**SHOP.ends, "ratings": np.full(200, end)}
        subgraph = drawn(
            replace(SHOP, ends={**SHOP.ends, "ratings": np.full(200, NO_TIME)}), Fanout([{str(RATED): -1}])
        )
        found = kinds(audit(subgraph, TablesOnly(replace(SHOP, ends=ends))))
        assert ("edge ended by the anchor" in found) == wrong


def test_a_static_step_waives_the_end_of_an_edge_and_never_that_of_a_node():
    plan = Fanout([{str(RATED): -1, str(FACT): -1}], static=[str(RATED), str(FACT)])
    subgraph = drawn(SHOP, plan)
    report = audit(subgraph, TablesOnly(SHOP))
    assert report.ok, report
    ids = subgraph.edge_id[RATED]
    gone = (SHOP.times["ratings"][ids] > 500) | (SHOP.ends["ratings"][ids] <= 500)
    assert report.waived == {str(RATED): int(gone.sum())}
    ended = replace(SHOP, ends={**SHOP.ends, "orders": np.full(400, 400)})
    assert "source node ended by the anchor" in kinds(audit(subgraph, TablesOnly(ended)))
