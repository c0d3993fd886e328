"""A graph with planted communities: nodes of hidden groups, most links within a group, ids in no order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.types import Float32Array, Int32Array, Int64Array


@dataclass(frozen=True)
class Planted:
    """An undirected graph.

    Attributes
    ----------
    community : int64[nodes]  of each node
    src, dst : int64[links]  each link once
    """

    community: Int64Array
    src: Int64Array
    dst: Int64Array

    def adjacency(self) -> tuple[Int64Array, Int32Array]:
        """``indptr`` and neighbours, each link from both its ends."""
        ends, others = np.concatenate([self.src, self.dst]), np.concatenate([self.dst, self.src])
        counts = np.bincount(ends, minlength=len(self.community))
        return np.concatenate([[0], np.cumsum(counts)]), others[np.argsort(ends, kind="stable")].astype(
            np.int32
        )

    def tables(self, width: int) -> tuple[dict[str, pa.Table], Schema]:
        """Nodes with a vector of so many floats, and links that are folded into edges; their schema."""
        count = len(self.community)
        vectors: Float32Array = np.arange(count * width, dtype=np.float32)
        fixed = pa.FixedSizeListArray.from_arrays(pa.array(vectors), width)
        nodes = pa.table({"node_id": np.arange(count), "vector": fixed})
        links = pa.table({"src": self.src, "dst": self.dst})
        ends = (ForeignKey("src", "nodes"), ForeignKey("dst", "nodes"))
        columns = (Column("src", Stype.ID), Column("dst", Stype.ID))
        schema = Schema(
            (
                Table("nodes", (Column("node_id", Stype.ID), Column("vector", Stype.EMBEDDING)), "node_id"),
                Table("links", columns, foreign_keys=ends, edge=("src", "dst")),
            )
        )
        return {"nodes": nodes, "links": links}, schema


def planted(nodes: int, size: int, degree: int, inside: float, rng: np.random.Generator) -> Planted:
    """A random graph with planted communities.

    Parameters
    ----------
    size : int  nodes of a community
    degree : int  links of a node, on average
    inside : float  share of links whose both ends are of one community
    """
    place, links = rng.permutation(nodes), nodes * degree // 2
    src, anywhere = rng.integers(0, nodes, links), rng.integers(0, nodes, links)
    begin = src // size * size
    near = begin + rng.integers(0, np.minimum(size, nodes - begin))
    dst = np.where(rng.random(links) < inside, near, anywhere)
    community = np.empty(nodes, np.int64)
    community[place] = np.arange(nodes) // size
    return Planted(community, place[src], place[dst])
