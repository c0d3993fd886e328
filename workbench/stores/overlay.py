"""Overlay: rows that are there for a single call lie over an open dataset as one more append would.

Their files (``ingestion/joined.py``) lie in a folder of their own, so nothing joins the dataset on disk. The
graph is merged in memory as at opening (``appended.py``), and only where such rows have times, edges or
nodes: the other arrays are the open graph's own. What reads a :class:`Dataset` reads them with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import StoreError, expect, explain
from workbench.stores.appended import with_new_edges, with_new_times
from workbench.stores.dataset import Dataset
from workbench.stores.edits import read_columns
from workbench.stores.graph_arrays import EdgeArrays, GraphArrays
from workbench.stores.manifest import FileEntry, Manifest
from workbench.stores.ram_graph import RamGraph
from workbench.stores.records import CatalogState, ColumnRef
from workbench.stores.weights import Weights
from workbench.temporal import NO_TIME
from workbench.types import TimeArray


class Overlaid(Dataset):
    """A dataset after one more append, whose files lie elsewhere and which no catalog names.

    Parameters
    ----------
    below : Dataset
    manifest : Manifest  of ``below`` after the append
    words : dict (table, column) -> categories, those of the new rows among them
    folder : Path  where the files of the append lie, as long as they are needed
    notes : what is doubtful in the new rows
    """

    def __init__(
        self,
        below: Dataset,
        manifest: Manifest,
        words: Mapping[ColumnRef, list[str]],
        folder: Path,
        notes: Sequence[str] = (),
    ) -> None:
        dictionaries = {name: json.dumps(values).encode() for name, values in words.items()}
        super().__init__(below.path, CatalogState(manifest, dictionaries), below.verify)
        self._compared, self.notes = below._compared, tuple(notes)
        self._folder, self._new = folder, {entry.path for entry in manifest.edits[-1].files}

    def locate(self, entry: FileEntry) -> Path:
        """Where an entry of the manifest lies; see :meth:`Dataset.locate`."""
        return self._folder / entry.path if entry.path in self._new else super().locate(entry)

    def __reduce__(self) -> NoReturn:
        got, do = "its rows are there for a single call", "Append them: wb.ingest(..., append=True)"
        raise StoreError(explain("a dataset was to be opened in another process", got, do=do))


def graph_over(graph: Any, dataset: Dataset) -> RamGraph:
    """The graph with the rows of the dataset's last edit, an append.

    Parameters
    ----------
    graph : RamGraph  of the dataset before it; not changed

    Raises
    ------
    StoreError
        If it is no graph in memory, or its edge types are no longer those of the dataset.
    BudgetError
        If the graph would then exceed its memory budget.
    """
    asked = "a graph with rows of a single call"
    expect(graph, RamGraph, StoreError, asked, "Take the graph of an engine: wb.open(path)")
    arrays, schema = graph.arrays, dataset.schema
    if arrays.schema != schema:
        got = "edge types were put into it or taken out since it was opened"
        raise StoreError(explain(f"{asked} was asked for", got, do="Take the graph as it was opened"))
    new = dataset.manifest.edits[-1].rows
    since = len(dataset.manifest.edits) - 1
    times = {
        name: clock if clock is None or name not in new else with_new_times(dataset, name, clock, since)
        for name, clock in arrays.times.items()
    }
    grown = replace(
        arrays,
        num_rows={table.name: dataset.manifest.rows(table.name) for table in schema},
        times=times,
        edges=_edges(arrays, dataset, since),
        edges_follow_nodes=frozenset(dataset.manifest.edges_follow_nodes),
        ends={name: _ends(dataset, name, ends) for name, ends in arrays.ends.items()},
        weights=Weights.stored(dataset),
        deleted={
            name: np.append(lost, np.zeros(new.get(name, 0), np.bool_))
            for name, lost in arrays.deleted.items()
        },
    )
    return RamGraph(grown, graph.memory_budget, dataset.snapshot)


def _edges(arrays: GraphArrays, dataset: Dataset, since: int) -> dict[Any, EdgeArrays]:
    new, edges = set(dataset.manifest.edits[-1].rows), dict(arrays.edges)
    for spec in arrays.schema.edge_specs:
        if not {spec.table, spec.edge_type.dst} & new:
            continue
        old = edges[spec.edge_type]
        # As files hold them: a kernel is compiled for one form of its arrays.
        indptr = None if old.indptr is None else old.indptr.astype(np.int64)
        eid = None if old.eid is None else np.ascontiguousarray(old.eid)
        merged = with_new_edges(dataset, spec, indptr, np.ascontiguousarray(old.nbr), eid, since)
        indptr, nbr, eid = merged
        if indptr is None or eid is None:
            edges[spec.edge_type] = EdgeArrays(indptr, nbr)
        else:
            edges[spec.edge_type] = EdgeArrays.side_by_side(indptr, nbr, eid)
    return edges


def _ends(dataset: Dataset, table: str, stored: TimeArray) -> TimeArray:
    """int64[rows]: ends of all rows of a table."""
    column = str(dataset.schema[table].end_time)
    for entry in dataset.manifest.edits[-1].files:
        if (entry.role, entry.name) == ("edit", table):
            instants = read_columns(dataset, dataset.locate(entry), [column]).column(0)
            new = pc.cast(instants, pa.int64()).fill_null(NO_TIME).to_numpy()
            return np.concatenate([stored, np.asarray(new, np.int64)])
    return stored
