"""A graph with deleted rows is the graph that was built without their links."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.stores.deleted import deleted_masks, ended, kept_edges
from workbench.stores.graph_arrays import EdgeArrays, GraphArrays
from workbench.temporal import BEGINNING, NO_TIME
from workbench.testing.graphs import random_rows
from workbench.testing.sizes import cases


@given(key=st.integers(0, 2**32))
@settings(max_examples=cases(150, 5000))
def test_as_if_the_links_had_never_been(key):
    rng = np.random.default_rng(key)
    rows = random_rows(rng)
    masks = {
        name: rng.random(count) < rng.random() for name, count in rows.num_rows.items() if rng.random() < 0.7
    }
    without = {}
    for (table, column), ids in rows.foreign_keys.items():
        target = rows.schema[table].foreign_key(column).table
        lost = masks.get(table, np.zeros(len(ids), bool)).copy()
        if target in masks:
            lost[ids >= 0] |= masks[target][ids[ids >= 0]]
        without[table, column] = np.where(lost, -1, ids)
    whole = rows.arrays()
    wanted = GraphArrays.from_columns(rows.schema, rows.num_rows, rows.times, without)
    for spec in rows.schema.edge_specs:
        parts = whole.edges[spec.edge_type]
        kept = kept_edges(spec, parts.indptr, parts.nbr, parts.eid, masks)
        expected = wanted.edges[spec.edge_type]
        for found, name in zip(kept, ("indptr", "nbr", "eid"), strict=True):
            other = getattr(expected, name)
            assert (found is None) == (other is None)
            if found is not None:
                np.testing.assert_array_equal(found, other)
                assert name == "indptr" or found.dtype == other.dtype  # EdgeArrays narrows offsets


def test_nothing_is_copied_where_nothing_was_deleted():
    graph = random_rows(np.random.default_rng(3)).arrays()
    for spec in graph.schema.edge_specs:
        parts = graph.edges[spec.edge_type]
        kept = kept_edges(spec, parts.indptr, parts.nbr, parts.eid, {})
        assert EdgeArrays(*kept) == parts or all(
            a is b for a, b in zip(kept, (parts.indptr, parts.nbr, parts.eid), strict=True)
        )


def test_masks_are_of_tables_with_deleted_rows(tmp_path):
    from workbench.ingestion.edit import edit
    from workbench.stores.dataset import Dataset
    from workbench.testing.edited_shop import make_shop

    make_shop(tmp_path, np.random.default_rng(0))
    with edit(tmp_path) as editing:
        editing.delete("orders", ids=[3, 5])
    masks = deleted_masks(Dataset.open(tmp_path))
    assert {name: np.flatnonzero(mask).tolist() for name, mask in masks.items()} == {"orders": [3, 5]}


def test_deleted_rows_have_ended_before_everything():
    lost = np.array([False, True, False])
    assert ended(None, lost).tolist() == [NO_TIME, BEGINNING, NO_TIME]
    given = np.array([5, 6, 7])
    assert ended(given, lost).tolist() == [5, BEGINNING, 7]
    assert given.tolist() == [5, 6, 7], "the graph's own times stay"
