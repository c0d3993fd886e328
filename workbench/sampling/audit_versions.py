"""Asked of every node that has histories: the version that is read is the newest that the node sees.

DuckDB finds the newest by an ASOF join over raw keys and times; of versions of one instant the last holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from workbench.sampling.audit_chunk import Chunk, Fault, Nodes
from workbench.sampling.audit_sql import clock_of, key_of
from workbench.schema import Schema
from workbench.stores.dataset import Dataset
from workbench.stores.sql import ROW, quote_name
from workbench.stores.versions import Histories
from workbench.types import AnyArray, Int64Array


class Versioned(Protocol):
    """The versions of one history: :class:`workbench.stores.versions.Versions`."""

    def rows(self, ids: AnyArray, as_of: AnyArray) -> Int64Array:
        """int64[n]: row that was the newest of each node, -1 where there was none."""
        ...


def histories_in(dataset: Dataset) -> dict[str, Versioned]:
    """What loaders look versions up in, for each history that the schema marks."""
    if not dataset.schema.history_specs:
        return {}
    histories = Histories(dataset)
    return {name: histories[name] for name, _ in histories.marked}


def check_versions(connection: Any, chunk: Chunk, history: str, versions: Versioned) -> Iterator[Fault]:
    """Hold the versions that are read for the nodes of a chunk against the source table.

    Parameters
    ----------
    connection : to the source tables
    history : name of the table
    versions : what loaders look them up in
    """
    nodes = chunk.nodes[str(chunk.schema[history].history_of)]
    read = versions.rows(nodes.ids, nodes.cutoff)
    newest, late = _newest(connection, chunk.schema, history, nodes, read)
    kinds = {
        "version of later than what is seen": late,
        "no version is read where there is one": (read < 0) & (newest >= 0),
        "not the newest version": (read >= 0) & (read != newest) & ~late,
    }
    for kind, bad in kinds.items():
        for hop in np.unique(nodes.hop[bad]).tolist():
            places = np.flatnonzero(bad & (nodes.hop == hop))
            one = places[0]
            example = (
                f"node {nodes.ids[one]} at {nodes.cutoff[one]} us, row {read[one]} instead of {newest[one]}"
            )
            yield history, int(hop), kind, len(places), example


def _newest(
    connection: Any, schema: Schema, history: str, nodes: Nodes, read: Int64Array
) -> tuple[Int64Array, AnyArray]:
    """int64[n] row of the newest version that each node sees, -1 for none; bool[n] what is read is later."""
    table, clock = schema[history], clock_of(schema, history, "t")
    key = key_of(schema, str(table.history_of), "n")
    asked = {"place": np.arange(len(nodes)), "node": nodes.ids, "sees": nodes.cutoff, "read": read}
    connection.register("asked", pa.table(asked))
    found = connection.execute(
        f"WITH v AS (SELECT t.{quote_name(str(table.history))} AS of, {clock} AS since, max(t.{ROW}) AS row "
        f"FROM {quote_name(history)} t WHERE {clock} IS NOT NULL AND of IS NOT NULL GROUP BY ALL), "
        f"a AS (SELECT asked.*, {key} AS of, {clock} AS stated FROM asked "
        f"LEFT JOIN {quote_name(str(table.history_of))} n ON n.{ROW} = asked.node "
        f"LEFT JOIN {quote_name(history)} t ON t.{ROW} = asked.read) "
        "SELECT coalesce(v.row, -1) AS newest, coalesce(a.stated > a.sees, false) AS late "
        "FROM a ASOF LEFT JOIN v ON a.of = v.of AND a.sees >= v.since ORDER BY a.place"
    ).fetchnumpy()
    connection.unregister("asked")
    return np.asarray(found["newest"], np.int64), np.asarray(found["late"], np.bool_)
