"""Batch: a sampled subgraph joined with its features, labels and times. numpy only."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.schema import EdgeType
from workbench.stores.features import FeatureBlock
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import AnyArray, Int32Array, TimeArray


@dataclass(frozen=True)
class Rows:
    """Features of many nodes (or edges), each distinct row held once.

    Attributes
    ----------
    block : FeatureBlock  the distinct rows
    index : int32[n]  row of the block that each node (or edge) reads
    """

    block: FeatureBlock
    index: Int32Array

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class Versions:
    """The version of a history that each node sees: the newest at its anchor.

    Attributes
    ----------
    of : str  node type
    rows : Rows  one index per node; the row is all missing where there is no version yet
    time : int64[n]  microseconds from when on it holds; ``NO_TIME`` where there is none
    """

    of: str
    rows: Rows
    time: TimeArray


@dataclass(frozen=True)
class Batch:
    """One training example set, complete.

    Attributes
    ----------
    index : int  position in the epoch
    subgraph : SampledSubgraph
    nodes : dict node type -> Rows  features; types without feature columns are absent
    edges : dict edge type -> Rows  features of folded edge tables
    node_time : dict node type -> int64[n]  microseconds; types without a time column are absent
    edge_time : dict edge type -> int64[m]  time of the edge's row; static tables are absent
    input_ids : int64[seeds]  rows of the seed table
    label : float32[seeds], int64[seeds] or None
    seconds : dict stage -> wall seconds spent on this batch (``sample``, ``fetch``, ``assemble``)
    histories : dict history -> Versions  attributes of nodes as they were (``Schema.as_history``)
    """

    index: int
    subgraph: SampledSubgraph
    nodes: dict[str, Rows]
    edges: dict[EdgeType, Rows]
    node_time: dict[str, TimeArray]
    edge_time: dict[EdgeType, TimeArray]
    input_ids: AnyArray
    label: AnyArray | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    histories: dict[str, Versions] = field(default_factory=dict)

    def __repr__(self) -> str:
        label = "without labels" if self.label is None else "with labels"
        versions = [(name, each.rows) for name, each in self.histories.items()]
        parts = [*self.nodes.items(), *self.edges.items(), *versions]
        read = ", ".join(f"{name} {len(rows.block):,}" for name, rows in parts)
        return f"Batch {self.index}, {label}; distinct rows read: {read or 'none'}\n{self.subgraph}"

    @property
    def seed_type(self) -> str:
        """Node type of the (first set of) seeds."""
        return self.subgraph.request.seed_sets[0].node_type

    @property
    def feature_bytes(self) -> int:
        """Bytes of the rows that were read: of nodes, edges and versions, each block once."""
        rows = [*self.nodes.values(), *self.edges.values(), *(each.rows for each in self.histories.values())]
        return sum({id(each.block): each.block.data.nbytes for each in rows}.values())

    @property
    def num_seeds(self) -> int:
        """Seeds of the first set: the rows that labels and predictions belong to."""
        return len(self.subgraph.request.seed_sets[0])

    @property
    def anchors(self) -> TimeArray:
        """int64[seeds]: anchor of each seed."""
        return self.subgraph.request.seed_sets[0].anchors
