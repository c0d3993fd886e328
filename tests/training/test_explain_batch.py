"""Altered batches: edges of a cell are gone and nothing else; exchanged values are the same values."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from workbench.loading.loader import Loader
from workbench.plan.fanout import Fanout
from workbench.pyg.convert import to_hetero
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import EdgeType
from workbench.stores.features import GroupColumn
from workbench.testing.shop import Shop
from workbench.training.explain_batch import Exchange, cells_of, edges_per_cell, only


@pytest.fixture(scope="module")
def drawn(shop: Shop):
    """A disjoint batch, and its data with two dates made up, one of them unknown to half of the rows."""
    fanout = Fanout([3, 2], strategy="recent", disjoint=True)
    seeds = shop.task.seeds("val")[:30]
    batch = Loader(NeighborSampler(shop.parts.graph, fanout), shop.parts.features, seeds, 30).batch(0)
    return batch, to_hetero(batch)


def test_cells_are_those_of_the_sample(drawn) -> None:
    batch, data = drawn
    counted = {
        (hop, e): n
        for e, per_hop in batch.subgraph.edges_per_hop.items()
        for hop, n in enumerate(per_hop.tolist(), 1)
        if n
    }
    assert set(cells_of(data)) == set(counted)
    assert [hop for hop, _ in cells_of(data)] == sorted(hop for hop, _ in cells_of(data))
    for cell, count in counted.items():
        assert int(edges_per_cell(data, cell).sum()) == count


def test_only_some_cells_stay_and_the_batch_is_as_before(drawn) -> None:
    batch, data = drawn
    cells = cells_of(data)
    gone = cells[len(cells) // 2]
    left = only(data, [cell for cell in cells if cell != gone])
    assert cells_of(left) == [cell for cell in cells if cell != gone]
    for name in map(EdgeType._make, data.edge_types):
        hops = batch.subgraph.edge_hops(name)
        kept = torch.from_numpy(~((hops == gone[0]) & (name == gone[1])))
        assert torch.equal(left[name].edge_index, data[name].edge_index[:, kept])
        assert torch.equal(left[name].edge_time, data[name].edge_time[kept])
        assert torch.equal(left[name].e_id, data[name].e_id[kept])
    assert cells_of(data) == cells
    assert only(data, []).num_edges == 0


def test_exchanged_values_are_the_same_within_each_hop(drawn, shop: Shop) -> None:
    _, data = drawn
    layout = shop.parts.features.groups["orders"]
    exchange = Exchange(shop.parts.schema, layout, "orders", "amount")
    altered, start = exchange(data, np.random.default_rng(1)), layout.column("amount").start
    before, after = data["orders"], altered["orders"]
    assert not torch.equal(before.numerical, after.numerical)
    ends = np.cumsum([0, *before.num_sampled_nodes])
    for first, last in pairwise(ends):
        for name in ("numerical", "x"):
            old, new = before[name][first:last, start], after[name][first:last, start]
            assert torch.equal(old.sort().values, new.sort().values)
    others = [i for i in range(before.numerical.shape[1]) if i != start]
    assert torch.equal(before.numerical[:, others], after.numerical[:, others])
    assert torch.equal(before.categorical, after.categorical)
    assert torch.equal(after.numerical[:, start], after.x[:, start])
    assert before is data["orders"]
    again = exchange(data, np.random.default_rng(1))
    assert torch.equal(again["orders"].x, after.x)


def test_an_exchanged_time_keeps_its_age_and_tells_no_future(drawn, shop: Shop) -> None:
    _, data = drawn
    altered = Exchange(shop.parts.schema, None, "orders", "order_time")(data, np.random.default_rng(2))
    anchors = data["users"].seed_time[data["orders"].batch]
    old, new = (anchors - each["orders"].time for each in (data, altered))
    assert not torch.equal(old, new)
    assert (new >= 0).all()
    assert torch.equal(old.sort().values, new.sort().values)


def test_a_date_column_keeps_its_age_too(drawn, shop: Shop) -> None:
    _, data = drawn
    layout = shop.parts.features.groups["orders"]
    dated = replace(layout, columns=(*layout.columns, GroupColumn("due", "timestamp", 0)))
    orders, anchors = data["orders"], data["users"].seed_time[data["orders"].batch]
    shape = (len(orders.time), 1)
    orders.timestamp = (anchors - torch.arange(len(orders.time)) * 7)[:, None]
    orders.present = torch.cat([orders.present, (torch.arange(len(orders.time)) % 2 == 0)[:, None]], dim=1)
    moved = Exchange(shop.parts.schema, dated, "orders", "due")(data, np.random.default_rng(3))["orders"]
    rows = ((anchors - moved.timestamp[:, 0]) // 7).tolist()  # which row each age came from
    assert sorted(rows) == list(range(shape[0]))
    assert torch.equal(moved.present[:, -1], orders.present[rows, -1])
