"""Graphs in PyG's form as stores: node types, and edge indices by triplet."""

import numpy as np

from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.testing.ram_features import RamFeatures, random_features


def stored(num_nodes, edge_indices, node_times=None, edge_times=None):
    """A graph of folded edge tables; edge ids are columns of ``edge_index``, as in PyG.

    num_nodes : {type: count};  edge_indices : {(src, rel, dst): ints[2, m]}
    node_times, edge_times : {type or rel: ascending ints}
    """
    times = {**(node_times or {}), **(edge_times or {})}
    tables = [_table(name, times, ()) for name in num_nodes]
    tables += [_table(rel, times, (("a", src), ("b", dst))) for src, rel, dst in edge_indices]
    rows = dict(num_nodes) | {rel: np.shape(index)[1] for (_, rel, _), index in edge_indices.items()}
    keys = {}
    for (_, rel, _), index in edge_indices.items():
        keys[rel, "a"], keys[rel, "b"] = np.asarray(index)
    graph = RamGraph(GraphArrays.from_columns(Schema(tuple(tables)), rows, times, keys))
    return graph, RamFeatures(random_features(rows, np.random.default_rng(0)).blocks)


def _table(name, times, keys):
    columns = [Column(name if name not in keys else "id", Stype.ID)] + [Column(c, Stype.ID) for c, _ in keys]
    time = "at" if name in times else None
    columns += [Column("at", Stype.TIMESTAMP)] if time else []
    foreign = tuple(ForeignKey(column, table) for column, table in keys)
    return Table(
        name, tuple(columns), None if keys else name, time, None, foreign, ("a", "b") if keys else None
    )


def edge_set(edge_index):
    """{(src, dst)} of an edge index."""
    return set(zip(*np.asarray(edge_index).tolist(), strict=True))
