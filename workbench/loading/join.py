"""The join of a subgraph with its rows: which rows to read, and the batch that they complete.

node_id   7 3 7 9          of one type, as sampled
rows      7 3 9            each distinct row is read once
index     0 1 0 2          rows[index] == node_id
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from workbench.kernels.distinct import distinct
from workbench.loading.batch import Rows
from workbench.schema import EdgeType, Schema
from workbench.stores.features import FeatureBlock
from workbench.stores.protocols import GraphStore, Read
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import Int32Array, TimeArray


@dataclass(frozen=True)
class Join:
    """Reads of a batch, and which node or edge type uses which row of which read.

    Attributes
    ----------
    reads : one per feature group, ids distinct
    nodes : dict node type -> (read, int32[n])
    edges : dict edge type -> (read, int32[m])
    """

    reads: tuple[Read, ...]
    nodes: dict[str, tuple[int, Int32Array]]
    edges: dict[EdgeType, tuple[int, Int32Array]]

    def node_rows(self, blocks: list[FeatureBlock]) -> dict[str, Rows]:
        """Features of nodes, once the blocks are there."""
        return {name: Rows(blocks[read], index) for name, (read, index) in self.nodes.items()}

    def edge_rows(self, blocks: list[FeatureBlock]) -> dict[EdgeType, Rows]:
        """Features of edges, once the blocks are there."""
        return {name: Rows(blocks[read], index) for name, (read, index) in self.edges.items()}


def plan_join(
    schema: Schema, groups: Collection[str], subgraph: SampledSubgraph, edge_features: bool = True
) -> Join:
    """Say which rows a subgraph needs; an edge table that two directions read is read once."""
    reads: list[Read] = []
    nodes: dict[str, tuple[int, Int32Array]] = {}
    for node_type, ids in subgraph.node_id.items():
        if node_type in groups:
            rows, index = distinct(ids)
            nodes[node_type] = (len(reads), index)
            reads.append(Read(node_type, rows))
    edges: dict[EdgeType, tuple[int, Int32Array]] = {}
    for table, edge_types in _edge_tables(schema, subgraph).items():
        if edge_features and table in groups:
            rows, index = distinct(np.concatenate([subgraph.edge_id[name] for name in edge_types]))
            ends = np.cumsum([len(subgraph.edge_id[name]) for name in edge_types])
            parts = np.split(index, ends[:-1])
            edges.update({name: (len(reads), part) for name, part in zip(edge_types, parts, strict=True)})
            reads.append(Read(table, rows))
    return Join(tuple(reads), nodes, edges)


def node_times(graph: GraphStore, subgraph: SampledSubgraph) -> dict[str, TimeArray]:
    """int64[n] per node type that has a time column."""
    clocks = {name: graph.times(name) for name in subgraph.node_id}
    return {name: time[subgraph.node_id[name]] for name, time in clocks.items() if time is not None}


def edge_times(graph: GraphStore, subgraph: SampledSubgraph) -> dict[EdgeType, TimeArray]:
    """int64[m] per edge type whose rows have times."""
    clocks = {name: graph.times(graph.schema.edge_spec(name).table) for name in subgraph.edge_id}
    return {name: time[subgraph.edge_id[name]] for name, time in clocks.items() if time is not None}


def _edge_tables(schema: Schema, subgraph: SampledSubgraph) -> dict[str, list[EdgeType]]:
    tables: dict[str, list[EdgeType]] = {}
    for edge_type in subgraph.edge_id:
        spec = schema.edge_spec(edge_type)
        if spec.layout == "edges":
            tables.setdefault(spec.table, []).append(edge_type)
    return tables
