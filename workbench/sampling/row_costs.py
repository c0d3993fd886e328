"""What the feature rows of a subgraph weigh: of its nodes, its folded edges, and the versions that nodes see.

Each row counts once, as loaders read it, at the hop that needs it first. Which version of a history a node
sees takes a look-up per node; nothing is read.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.schema import EdgeType, Schema
from workbench.stores.features import GroupLayout
from workbench.stores.protocols import VersionedFeatures
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import AnyArray, Int32Array, Int64Array


class RowCosts:
    """Bytes of the feature rows that a subgraph needs.

    Parameters
    ----------
    subgraph : SampledSubgraph
    schema : Schema
    groups : dict table -> GroupLayout  ``features.groups``: what a row of each table weighs
    versions : VersionedFeatures or None  where histories are looked up; None leaves them out

    Attributes
    ----------
    distinct : int  different nodes, of all types
    """

    def __init__(
        self,
        subgraph: SampledSubgraph,
        schema: Schema,
        groups: Mapping[str, GroupLayout],
        versions: VersionedFeatures | None = None,
    ) -> None:
        self.distinct = 0
        self._subgraph, self._schema, self._groups = subgraph, schema, groups
        self._by_hop = np.zeros(subgraph.request.plan.hops + 1, np.int64)
        self._read: dict[str, list[tuple[int, AnyArray]]] = {}
        for name, ids in subgraph.node_id.items():
            self._read[name] = [(groups[name].stride, ids)] if name in groups else []
            first = np.unique(ids, return_index=True)[1]
            self.distinct += len(first)
            self._add(groups[name].stride if name in groups else 0, subgraph.node_hops(name)[first])
            if versions is not None:
                self._add_versions(name, versions)
        self._add_edges()

    def by_hop(self) -> Int64Array:
        """int64[hops + 1]: bytes of the rows that each hop is the first to need; entry 0 is the seeds."""
        return self._by_hop

    def along(self, edge_type: EdgeType, places: AnyArray) -> int:
        """Bytes of the rows, of nodes and of their versions, that some edges of a type lead to."""
        rows = self._subgraph.row[edge_type][places]
        return sum(stride * len(np.unique(read[rows])) for stride, read in self._read[edge_type.src])

    def _add(self, stride: int, hops: Int32Array) -> None:
        self._by_hop += stride * np.bincount(hops, minlength=len(self._by_hop))

    def _add_versions(self, name: str, versions: VersionedFeatures) -> None:
        """Distinct versions that nodes of a type see; nodes without any read one row of missing values."""
        histories = [each for each in self._schema.histories_of(name) if each in self._groups]
        if not histories:
            return
        found = self._subgraph
        ids, sees, hops = found.node_id[name], found.node_sees(name), found.node_hops(name)
        for history in histories:
            seen, stride = versions.rows_as_of(history, ids, sees), self._groups[history].stride
            self._read[name].append((stride, seen))
            self._add(stride, hops[np.unique(seen, return_index=True)[1]])

    def _add_edges(self) -> None:
        """Rows of folded tables; both directions share them."""
        drawn: dict[str, list[tuple[AnyArray, Int32Array]]] = {}
        for edge_type, rows in self._subgraph.edge_id.items():
            spec = self._schema.edge_spec(edge_type)
            if spec.layout == "edges" and spec.table in self._groups:
                drawn.setdefault(spec.table, []).append((rows, self._subgraph.edge_hops(edge_type)))
        for table, parts in drawn.items():
            rows, hops = (np.concatenate(each) for each in zip(*parts, strict=True))
            order = np.argsort(hops, kind="stable")
            first = np.unique(rows[order], return_index=True)[1]
            self._add(self._groups[table].stride, hops[order][first])
