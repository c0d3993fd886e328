"""Foreign keys to row ids, and row ids to edge arrays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import IngestError
from workbench.ingestion.edges import count_edges, edge_arrays, follows_nodes, link_rows
from workbench.kernels.csc import no_neighbor
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.key_map import KeyMap
from workbench.temporal import NO_TIME

USERS = KeyMap.build("users", "id", pa.array([30, 10, 20]))
SCHEMA = Schema(
    (
        Table("users", (Column("id", Stype.ID),), "id"),
        Table("orders", (Column("a", Stype.ID), Column("b", Stype.ID)), None, None, None,
              (ForeignKey("a", "users"), ForeignKey("b", "users"))),
    )
)  # fmt: skip
ROWS = {"users": 3, "orders": 4}


@pytest.mark.parametrize("dtype", ["uint32", "int64"])
def test_links(dtype: str) -> None:
    link = link_rows("orders", "a", pa.array([10, None, 99, 30], pa.int32()), USERS, np.dtype(dtype))
    none = no_neighbor(dtype)
    assert link.rows.dtype == dtype
    assert link.rows.tolist() == [1, none, none, 0]
    assert (link.null, link.dangling, link.examples) == (1, 1, ("99",))


def test_a_column_of_nulls_links_to_anything() -> None:
    link = link_rows("orders", "a", pa.array([None, None], pa.string()), USERS, np.dtype("uint32"))
    assert (link.null, link.dangling) == (2, 0)


def test_other_types_are_refused() -> None:
    with pytest.raises(IngestError, match=r"foreign key orders.a -> users was read: it holds text"):
        link_rows("orders", "a", pa.array(["10"]), USERS, np.dtype("uint32"))


def test_arrays_of_every_layout() -> None:
    dtype = np.dtype("int64")
    links = {
        ("orders", "a"): link_rows("orders", "a", pa.array([10, 20, 10, 99]), USERS, dtype),
        ("orders", "b"): link_rows("orders", "b", pa.array([30, None, 20, 20]), USERS, dtype),
    }
    found = {spec.layout: edge_arrays(spec, links, ROWS) for spec in SCHEMA.edge_specs[:2]}
    assert found["fact"]["indptr"].tolist() == [0, 0, 2, 3]
    assert found["fact"]["nbr"].tolist() == [0, 2, 1]
    assert found["column"]["nbr"].tolist() == [1, 2, 1, -1]
    counts = [count_edges(spec, links, edge_arrays(spec, links, ROWS)) for spec in SCHEMA.edge_specs]
    assert counts == [3, 3, 3, 3]
    folded = SCHEMA.as_edge("orders", "a", "b").edge_specs[0]
    arrays = edge_arrays(folded, links, ROWS)
    # Row 0: 10 -> 30, row 2: 10 -> 20; rows 1 and 3 lack an end.
    assert {role: array.tolist() for role, array in arrays.items()} == {
        "indptr": [0, 1, 1, 2], "nbr": [1, 1], "eid": [0, 2],
    }  # fmt: skip
    assert count_edges(folded, links, arrays) == 2


def test_edges_follow_their_nodes_or_not() -> None:
    links = {
        ("orders", c): link_rows("orders", c, pa.array([10, 20]), USERS, np.dtype("uint32")) for c in "ab"
    }
    forward, back = SCHEMA.edge_specs[:2]
    born = np.array([0, 5, 9])  # of keys 30, 10, 20
    assert follows_nodes(forward, links, {})
    assert follows_nodes(back, links, {})
    assert not follows_nodes(back, links, {"users": born})
    assert follows_nodes(back, links, {"users": born, "orders": np.array([5, 9])})
    assert not follows_nodes(back, links, {"users": born, "orders": np.array([5, 8])})
    assert follows_nodes(back, links, {"users": born, "orders": np.array([5, NO_TIME])})
