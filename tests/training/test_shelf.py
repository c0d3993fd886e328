"""Rows on the shelf: their columns, and how lately others referred to them, against a loop in numpy."""

from __future__ import annotations

import numpy as np
import torch

from workbench.models.time_features import AGE_WIDTH, age
from workbench.stores.protocols import Read
from workbench.testing.shop import Shop
from workbench.training.shelf import LATEST, StoredShelf


def referring(shop: Shop, table: str) -> tuple[np.ndarray, np.ndarray]:
    """Product and time of every row of a table, in time order."""
    spec = next(
        spec
        for spec in shop.parts.schema.edge_specs
        if spec.table == table and spec.edge_type.dst == "products"
    )
    times = shop.parts.graph.times(table)
    assert times is not None
    arrays = shop.parts.graph.arrays.edges[spec.edge_type]  # type: ignore[attr-defined]
    product = np.repeat(np.arange(len(arrays.indptr) - 1), np.diff(arrays.indptr))
    return product, times[arrays.nbr if arrays.eid is None else arrays.eid]


def test_recency_is_that_of_the_latest_rows_by_the_anchor(shop: Shop) -> None:
    shelf = StoredShelf(shop.parts.graph, shop.parts.features, "products")
    anchors = np.unique(shop.task.seeds("train").anchor_time)
    for anchor in (int(anchors[0]), int(anchors[-1])):
        seen = shelf.at(anchor, 2, 9)
        assert seen.recency.shape == (7, shelf.width)
        for place, edge_type in enumerate(shelf.edge_types):
            product, times = referring(shop, edge_type.src)
            for row in range(2, 9):
                past = np.sort(times[(product == row) & (times <= anchor)])[-LATEST:]
                own = seen.recency[row - 2, place * (AGE_WIDTH + 1) : (place + 1) * (AGE_WIDTH + 1)]
                assert np.isclose(float(own[-1]), len(past) / LATEST)
                ages = age(torch.full((len(past),), anchor), torch.from_numpy(past))
                wanted = ages.mean(0) if len(past) else torch.zeros(AGE_WIDTH)
                assert torch.allclose(own[:-1], wanted, atol=1e-5)


def test_columns_are_the_stored_ones_and_blocks_fit_together(shop: Shop) -> None:
    parts = shop.parts
    shelf, count = StoredShelf(parts.graph, parts.features, "products"), parts.graph.num_nodes("products")
    whole, part = shelf.rows(0, count), shelf.rows(3, 7)
    block = parts.features.multi_get([Read("products", np.arange(count))])[0]
    assert set(whole) == {*(name for name in part)}
    assert np.array_equal(whole["present"].numpy(), block.present())
    for name, values in part.items():
        assert torch.equal(values, whole[name][3:7])
    anchor = int(shop.task.seeds("val").anchor_time[0])
    assert torch.equal(shelf.at(anchor, 0, count).recency[3:7], shelf.at(anchor, 3, 7).recency)
