"""The orders in which the feature rows of a table could lie on disk, as ``slot[row id]``.

    arrival      row ids, which are in time order: no slots
    <key>        rows of a foreign key's node together, in time order, as in the CSC arrays
    key          the foreign key whose nodes' latest rows lie on most pages as rows arrive
    community    of graphs without keys: nodes whose links are among themselves together
    measured     the one in which replayed batches touch fewest pages; arrival where none pays

Those that are read together should lie together. Any order but that of arrival costs 4 bytes of memory a row,
and loads the graph once more at the end of an ingest.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias

import numpy as np

from workbench.errors import SchemaError, did_you_mean, expect, explain
from workbench.kernels.communities import communities
from workbench.schema import EdgeSpec, Schema
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.segments import PAGE
from workbench.stores.versions import Histories
from workbench.types import AnyArray, Int64Array

ARRIVAL, KEY, COMMUNITY, MEASURED = "arrival", "key", "community", "measured"

Order: TypeAlias = str | Mapping[str, str]
"""For every table, or table -> one of the words above or a foreign key."""

LATEST = 20
"""Rows of a node that count when keys are compared."""

TOGETHER = 1024
"""Nodes of a community at most: beyond a few dozen pages it does not matter who is in one."""


def names_of(schema: Schema, table: str) -> list[str]:
    """Orders that a table could have beside that of arrival: its foreign keys, and by community."""
    specs = schema.edge_specs + schema.history_specs
    keys = [spec.dst_column for spec in specs if spec.table == table and spec.dst_column is not None]
    linked = any(table in spec.edge_type[::2] for spec in _links(schema))
    return [*keys, COMMUNITY] if linked else keys


def check_order(schema: Schema, order: Order) -> None:
    """Refuse an order that a table cannot have.

    Raises
    ------
    SchemaError
        If a table, word or foreign key does not exist.
    """
    words = [ARRIVAL, KEY, COMMUNITY, MEASURED]
    if not isinstance(order, (str, Mapping)):
        expect(order, str, SchemaError, "an order of rows on disk", "Give a word, or a dict of tables")
    if isinstance(order, str):
        if order not in words:
            near, got = did_you_mean(order, words), "there is no such order"
            raise SchemaError(
                explain(f"rows of all tables were to lie by {order!r}", got, ", ".join(words), near)
            )
        return
    for table, name in order.items():
        own = names_of(schema, schema[table].name)
        keyed = [KEY] if set(own) - {COMMUNITY} else []
        allowed = [ARRIVAL, MEASURED, *keyed, *own]
        if name not in allowed:
            asked, got = f"rows of {table!r} were to lie by {name!r}", "the table has no such order"
            raise SchemaError(explain(asked, got, ", ".join(allowed), did_you_mean(str(name), allowed)))


class Orders:
    """The orders of a graph's tables.

    Parameters
    ----------
    graph : GraphArrays  its keys and links give the orders
    histories : Histories or None  of the same dataset: no graph holds their keys
    """

    def __init__(self, graph: GraphArrays, histories: Histories | None = None) -> None:
        self._graph, self._schema, self._histories = graph, graph.schema, histories

    def slots(self, table: str, name: str) -> AnyArray | None:
        """uint32[rows]: where each row lies in the order of that name; None for :data:`ARRIVAL`."""
        if name == ARRIVAL:
            return None
        if name == COMMUNITY:
            return _slots(np.argsort(self._labels[table], kind="stable"))
        rows = self._lists(table, name)[1]
        keyless = np.ones(self._graph.num_rows[table], np.bool_)
        keyless[rows] = False
        return _slots(np.concatenate([rows, np.flatnonzero(keyless)]))

    def rule(self, table: str, name: str, stride: int) -> str:
        """What a word of an order means for a table whose rows have so many bytes.

        Parameters
        ----------
        name : an order, or :data:`KEY`
        """
        own = names_of(self._schema, table)
        if name != KEY:
            return name if name in own else ARRIVAL
        keys = [column for column in own if column != COMMUNITY]
        return max(keys, key=lambda column: self._pages(table, column, stride), default=ARRIVAL)

    def _lists(self, table: str, column: str) -> tuple[AnyArray, AnyArray]:
        """Rows that have the key, by its node, then in time order; first where those of each node begin."""
        if self._schema[table].history is not None:
            assert self._histories is not None, "a dataset's own orders know its histories"
            versions = self._histories[table]
            return versions.indptr, versions.nbr
        specs = self._schema.edge_specs
        spec = next(each for each in specs if (each.table, each.dst_column) == (table, column))
        edges = self._graph.edges[spec.edge_type]
        assert edges.indptr is not None  # what a foreign key points at has a list of its rows
        return edges.indptr, edges.nbr if edges.eid is None else edges.eid

    def _pages(self, table: str, column: str, stride: int) -> int:
        """Pages of the latest rows of each of the key's nodes, as rows arrive."""
        indptr, rows = self._lists(table, column)
        pages = rows.astype(np.int64) * stride // PAGE
        new = np.append(True, pages[1:] != pages[:-1])[: len(pages)]
        begins = indptr[:-1][indptr[1:] > indptr[:-1]]
        new[begins] = True
        of_node = np.add.reduceat(new, begins, dtype=np.int64) if len(begins) else np.empty(0, np.int64)
        return int(np.minimum(of_node, LATEST).sum())

    @cached_property
    def _labels(self) -> dict[str, Int64Array]:
        """int64[rows]: the community of each row of every table that links lead to or from."""
        links = _links(self._schema)
        ends = dict.fromkeys(end for spec in links for end in spec.edge_type[::2])
        bounds = np.cumsum([0, *(self._graph.num_rows[name] for name in ends)])
        first = dict(zip(ends, bounds.tolist(), strict=False))
        labels = communities(*self._undirected(links, first, int(bounds[-1])), TOGETHER)
        return {name: labels[first[name] : first[name] + self._graph.num_rows[name]] for name in ends}

    def _undirected(
        self, links: list[EdgeSpec], first: Mapping[str, int], nodes: int
    ) -> tuple[Int64Array, AnyArray]:
        """All links, in both directions, as one graph in which the nodes of each type follow those before."""
        counts, parts = np.zeros(nodes, np.int64), list[tuple[int, Int64Array, Int64Array, AnyArray]]()
        for spec in links:
            edges = self._graph.edges[spec.edge_type]
            assert edges.indptr is not None  # the layout of links
            begin, offsets = first[spec.edge_type.dst], edges.indptr.astype(np.int64)
            degrees = offsets[1:] - offsets[:-1]
            parts.append((begin, degrees, counts[begin : begin + len(degrees)].copy(), edges.nbr))
            counts[begin : begin + len(degrees)] += degrees
        indptr = np.concatenate([[0], np.cumsum(counts)])
        nbr = np.empty(int(indptr[-1]), np.int32 if nodes < 1 << 31 else np.int64)
        for spec, (begin, degrees, before, ends) in zip(links, parts, strict=True):
            starts = indptr[begin : begin + len(degrees)] + before - (np.cumsum(degrees) - degrees)
            nbr[np.repeat(starts, degrees) + np.arange(len(ends))] = (
                ends.astype(np.int64) + first[spec.edge_type.src]
            )
        return indptr, nbr


def _links(schema: Schema) -> list[EdgeSpec]:
    """Edge types of folded tables, in both directions."""
    return [spec for spec in schema.edge_specs if spec.layout == "edges"]


def _slots(order: AnyArray) -> AnyArray:
    """uint32[rows]: the place of each row in an order."""
    slots = np.empty(len(order), np.uint32)
    slots[order] = np.arange(len(order), dtype=np.uint32)
    return slots
