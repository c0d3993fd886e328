"""The join of a subgraph with its rows: which rows to read, and the batch that they complete.

node_id   7 3 7 9          of one type, as sampled
rows      7 3 9            each distinct row is read once
index     0 1 0 2          rows[index] == node_id

Versions of nodes (``Schema.as_history``) are rows of another table, of each node the newest that it sees.
Nodes seen from many anchors share versions: each is read once, and so is one row of missing values, which
stands for nodes that have no version yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from workbench.kernels.distinct import distinct
from workbench.loading.batch import Rows, Versions
from workbench.schema import EdgeType, Schema
from workbench.stores.features import FeatureBlock
from workbench.stores.protocols import GraphStore, Read, VersionedFeatures
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import NO_TIME
from workbench.types import AnyArray, Int32Array, Int64Array, TimeArray


@dataclass(frozen=True)
class SeenVersions:
    """Which version of a history each node sees.

    Attributes
    ----------
    of : str  node type
    read : int  number of the read
    index : int32[n]  row of the read's block, per node
    row : int64[n]  row of the history, -1 where there is none yet
    """

    of: str
    read: int
    index: Int32Array
    row: Int64Array


@dataclass(frozen=True)
class Join:
    """Reads of a batch, and which node or edge type uses which row of which read.

    Attributes
    ----------
    reads : one per feature group, ids distinct
    nodes : dict node type -> (read, int32[n])
    edges : dict edge type -> (read, int32[m])
    histories : dict history -> SeenVersions
    """

    reads: tuple[Read, ...]
    nodes: dict[str, tuple[int, Int32Array]]
    edges: dict[EdgeType, tuple[int, Int32Array]]
    histories: dict[str, SeenVersions] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[str, AnyArray]]:
        """Tables and the rows of them that are read, each once."""
        plain = [(read.group, read.ids) for read in self.reads if read.as_of is None]
        seen = [(name, np.unique(each.row[each.row >= 0])) for name, each in self.histories.items()]
        return [*plain, *seen]

    def node_rows(self, blocks: list[FeatureBlock]) -> dict[str, Rows]:
        """Features of nodes, once the blocks are there."""
        return {name: Rows(blocks[read], index) for name, (read, index) in self.nodes.items()}

    def edge_rows(self, blocks: list[FeatureBlock]) -> dict[EdgeType, Rows]:
        """Features of edges, once the blocks are there."""
        return {name: Rows(blocks[read], index) for name, (read, index) in self.edges.items()}

    def versions(self, blocks: list[FeatureBlock], graph: GraphStore) -> dict[str, Versions]:
        """Versions of nodes, once the blocks are there."""
        return {
            name: seen_versions(graph, name, seen, blocks[seen.read]) for name, seen in self.histories.items()
        }


def seen_versions(graph: GraphStore, history: str, seen: SeenVersions, block: FeatureBlock) -> Versions:
    """Versions of nodes of which the distinct ones were read."""
    clock = graph.times(history)
    assert clock is not None, "a history has a time"
    since = np.full(len(seen.row), NO_TIME)
    since[seen.row >= 0] = clock[seen.row[seen.row >= 0]]
    return Versions(seen.of, Rows(block, seen.index), since)


def plan_join(
    schema: Schema,
    groups: Collection[str],
    subgraph: SampledSubgraph,
    edge_features: bool = True,
    versions: VersionedFeatures | None = None,
) -> Join:
    """Say which rows a subgraph needs; an edge table that two directions read is read once.

    Parameters
    ----------
    versions : where histories are looked up; None leaves them out
    """
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
    seen = {}
    if versions is not None:
        for name in histories_of(schema, subgraph.node_id, groups):
            of = str(schema[name].history_of)
            ids, sees = subgraph.node_id[of], subgraph.node_sees(of)
            seen[name], read = plan_versions(versions, name, of, ids, sees, len(reads))
            reads.append(read)
    return Join(tuple(reads), nodes, edges, seen)


def histories_of(schema: Schema, node_types: Iterable[str], groups: Collection[str]) -> list[str]:
    """Histories of some node types that hold features."""
    return [name for kind in node_types for name in schema.histories_of(kind) if name in groups]


def plan_versions(
    versions: VersionedFeatures, history: str, of: str, ids: AnyArray, sees: TimeArray, number: int = 0
) -> tuple[SeenVersions, Read]:
    """Say which versions of a history some nodes see, and read each of them once.

    Parameters
    ----------
    of : str  node type
    ids : ids[n]  nodes
    sees : int64[n]  the last instant that each of them sees
    number : int  of the read
    """
    row = versions.rows_as_of(history, ids, sees)
    index = distinct(row)[1]
    first = np.unique(index, return_index=True)[1]  # a node that sees the version stands for all that do
    return SeenVersions(of, number, index, row), Read(history, ids[first], sees[first])


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
