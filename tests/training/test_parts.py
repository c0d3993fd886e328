"""Parts carry the open stores and their schema."""

from __future__ import annotations

from workbench.stores.protocols import FeatureStore, GraphStore
from workbench.testing.shop import Shop


def test_parts_are_stores(shop: Shop) -> None:
    assert isinstance(shop.parts.graph, GraphStore)
    assert isinstance(shop.parts.features, FeatureStore)
    assert shop.parts.schema == shop.parts.dataset.schema
