"""read_graph: a PyG or networkx graph as tables and the schema that says which of them are edges.

A graph knows what tables only hint at, so keys and links are not guessed: each node type is a table with
a key, each edge type a table of two keys folded into edges. Only the columns of attributes are typed by
their values, as ``infer_schema`` does.

    HeteroData / Data / Graph -> GraphParts -> Tables and Schema -> ingest
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa

from workbench.errors import TableError, explain
from workbench.ingestion.graph_parts import UNITS, Attributes, Edges, GraphParts, Nodes, instants
from workbench.ingestion.infer_columns import column_of
from workbench.ingestion.networkx_source import networkx_parts
from workbench.ingestion.profile import profile_table
from workbench.ingestion.pyg_source import pyg_parts
from workbench.ingestion.tables import Tables, read_tables
from workbench.schema import Column, ForeignKey, Schema, Stype, Table


class GraphSource(NamedTuple):
    """``tables, schema = read_graph(graph)``; both can be edited before they are ingested."""

    tables: Tables
    schema: Schema

    def __repr__(self) -> str:
        return f"{self.tables}\n{self.schema}"


class Clock(NamedTuple):
    """Which attributes hold times, and in what unit whole numbers count."""

    time: str
    end_time: str
    unit: str | None


def read_graph(
    graph: Any,
    *,
    time: str = "time",
    end_time: str = "end_time",
    unit: str | None = None,
    label: str | None = "y",
    node_type: str | None = None,
    edge_type: str | None = None,
) -> GraphSource:
    """Read a graph of another library.

    Node types become tables with the key ``id``: the position of a node in PyG's graph, the node itself
    in networkx's. Edge types become tables with the keys ``src`` and ``dst``, folded into edges and named
    after their relation, or ``src_rel_dst`` where several share it. A homogeneous graph has the tables
    ``nodes`` and ``edges``.

    Parameters
    ----------
    graph : PyG ``Data`` or ``HeteroData``, or networkx ``Graph``, ``DiGraph`` or ``Multi(Di)Graph``
    time, end_time : str
        Attributes of nodes and edges that say when they begin and end to exist (``edge_time`` works for
        edges too). Tables without are static.
    unit : 's', 'ms', 'us' or 'ns', optional
        What whole-number times count since 1970; needed where times are whole numbers.
    label : str or None
        Attribute to predict: kept in the tables, no feature. Masks (``train_mask``) are kept so too.
    node_type, edge_type : str, optional
        networkx only: attribute that holds the type of a node or edge.

    Returns
    -------
    GraphSource
        ``tables, schema``, for ``ingest(tables, schema, path)``.

    Raises
    ------
    TableError
        If it is no such graph, or a part of it cannot become a table.

    Examples
    --------
    >>> tables, schema = read_graph(data)                       # doctest: +SKIP
    >>> ingest(tables, schema, "stores/cora")                   # doctest: +SKIP
    """
    if unit is not None and unit not in tuple(UNITS):
        raise TableError(explain("a graph was read", f"got unit {unit!r}", ", ".join(UNITS)))
    return _source(_parts(graph, node_type, edge_type), Clock(time, end_time, unit), label)


def _source(parts: GraphParts, clock: Clock, label: str | None) -> GraphSource:
    every: list[Nodes | Edges] = [*parts.nodes, *parts.edges]
    tables: dict[str, pa.Table] = {}
    shells: list[Table] = []
    for part, name in zip(every, _table_names(parts), strict=True):
        keys, shell = _shell(part, name)
        columns, stamps = _timed(part.attributes, clock, name, edges=isinstance(part, Edges))
        _refuse_taken(name, keys, columns)
        tables[name] = pa.table({**keys, **columns})
        shells.append(Table(name, (), shell.primary_key, *stamps, shell.foreign_keys, shell.edge))
    read = read_tables(tables)
    typed = [_typed(read, table, part.attributes, label) for table, part in zip(shells, every, strict=True)]
    return GraphSource(read, Schema(tuple(typed), parts.notes))


def _parts(graph: Any, node_type: str | None, edge_type: str | None) -> GraphParts:
    found = not isinstance(graph, type)  # a class has the attributes of its graphs
    if found and all(hasattr(graph, name) for name in ("node_stores", "edge_stores", "stores")):
        return pyg_parts(graph)
    if found and all(hasattr(graph, name) for name in ("is_multigraph", "is_directed", "nodes", "edges")):
        return networkx_parts(graph, node_type, edge_type)
    got = f"got a {type(graph).__name__}" if found else f"got the class {graph.__name__}"
    allowed = "a PyG Data or HeteroData, or a networkx graph"
    do = "Read files and frames with read_tables"
    raise TableError(explain("a graph was read", got, allowed, do))


def _table_names(parts: GraphParts) -> list[str]:
    """Names of the node tables, then of the edge tables: the relation where that is unambiguous.

    Raises
    ------
    TableError
        If two node types, or two edge types spelt out, differ only by case.
    """
    nodes = [part.name for part in parts.nodes]
    taken = Counter(name.lower() for name in nodes)
    taken.update(part.edge_type.rel.lower() for part in parts.edges)
    edges = [
        rel if taken[rel.lower()] == 1 and not rel.startswith("rev_") else f"{src}_{rel}_{dst}"
        for src, rel, dst in (part.edge_type for part in parts.edges)
    ]
    names = [*nodes, *edges]
    again = [name for name, count in Counter(name.lower() for name in names).items() if count > 1]
    if again:
        got = f"several of its types would be the table {again[0]!r}"
        raise TableError(explain("a graph was read", got, "types of different names", "Rename one of them"))
    return names


def _shell(part: Nodes | Edges, name: str) -> tuple[dict[str, pa.Array], Table]:
    """The key columns of a table, and the table with its links but without columns."""
    if isinstance(part, Nodes):
        return {"id": part.keys}, Table(name, (), "id")
    src, _, dst = part.edge_type
    links = (ForeignKey("src", src), ForeignKey("dst", dst))
    return {"src": part.src, "dst": part.dst}, Table(name, (), foreign_keys=links, edge=("src", "dst"))


def _timed(
    attributes: Attributes, clock: Clock, table: str, *, edges: bool
) -> tuple[dict[str, pa.Array], tuple[str | None, str | None]]:
    """Columns with their times as timestamps, and the names of time and end time."""
    columns = {name: attribute.values for name, attribute in attributes.items()}
    stamps: list[str | None] = []
    for wanted in (clock.time, clock.end_time):
        names = [wanted, f"edge_{wanted}"] if edges else [wanted]
        found = next((name for name in names if name in columns), None)
        stamps.append(found)
        if found is not None:
            columns[found] = instants(columns[found], clock.unit, f"{table}.{found}")
    return columns, (stamps[0], stamps[1])


def _refuse_taken(table: str, keys: Iterable[str], columns: Iterable[str]) -> None:
    for key in keys:
        twin = next((name for name in columns if name.lower() == key), None)
        if twin is not None:
            got = f"it has an attribute {twin!r}, which is the name of its key"
            raise TableError(explain(f"table {table!r} was made of a graph", got, do="Rename the attribute"))


def _typed(tables: Tables, table: Table, attributes: Attributes, label: str | None) -> Table:
    """The table with its columns: keys, times, labels and masks as they are, the others by their values."""
    columns = []
    keys = {table.primary_key, *(key.column for key in table.foreign_keys)}
    for name, profile in profile_table(tables, table.name).items():
        own = attributes.get(name)
        if name in keys:
            column = Column(name, Stype.ID, profile.kind)
        elif name in (table.time, table.end_time):
            column = Column(name, Stype.TIMESTAMP, profile.kind)
        elif name == label:
            column = Column(name, Stype.SET_ASIDE, profile.kind, "the label: kept in the tables, no feature")
        elif name == "mask" or name.endswith("_mask"):
            column = Column(name, Stype.SET_ASIDE, profile.kind, "a split, no feature")
        elif own is not None and own.stype is not None:
            column = Column(name, own.stype, profile.kind, own.note)
        else:
            column = column_of(profile, table.name)
        columns.append(column)
    return Table(
        table.name,
        tuple(columns),
        table.primary_key,
        table.time,
        table.end_time,
        table.foreign_keys,
        table.edge,
    )
