"""Compaction of appended rows: times, keys and edges of grown tables as files of the partition again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from workbench.schema import EdgeSpec
from workbench.stores.appended import with_new_edges, with_new_times
from workbench.stores.dataset import Dataset
from workbench.stores.durable import write_file
from workbench.stores.key_map import KeyMap
from workbench.stores.manifest import FileEntry
from workbench.stores.replaced import gone
from workbench.types import AnyArray


def grown_files(dataset: Dataset, part: str) -> Iterator[FileEntry]:
    """Write the files of the graph that appends have outgrown, whole, into folders of that name.

    Raises
    ------
    StoreError
        If the disk refuses, or a file is gone because the dataset was replaced.
    """
    manifest, root = dataset.manifest, dataset.path
    names = [table.name for table in dataset.schema]
    grown = [name for name in names if manifest.rows(name) > manifest.stored_rows(name)]
    for number, name in enumerate(grown):
        if dataset.schema[name].time is not None:
            clock = with_new_times(dataset, name, _stored(dataset, "time", name, np.int64))
            yield write_file(root, f"graph/{part}/whole-{number}.time", "time", name, clock)
        if dataset.file("keys", name) is not None:
            keys = replace(KeyMap.open(dataset, name), deleted=np.empty(0, np.int64))
            path = f"keys/{part}/whole-{number}.arrow"
            yield write_file(root, path, "keys", name, memoryview(keys.to_bytes()))
    for number, spec in enumerate(dataset.schema.edge_specs + dataset.schema.history_specs):
        if spec.table in grown or spec.edge_type.dst in grown:
            for role, array in _edge_arrays(dataset, spec).items():
                path = f"graph/{part}/whole-{number}.{role}"
                yield write_file(root, path, role, str(spec.edge_type), array)


def _edge_arrays(dataset: Dataset, spec: EdgeSpec) -> dict[str, AnyArray]:
    """Arrays of an edge type by role, with those of appended rows."""
    name, ids = str(spec.edge_type), np.dtype(dataset.manifest.id_dtype)
    column, folded = spec.layout == "column", spec.layout == "edges"
    arrays = with_new_edges(
        dataset,
        spec,
        None if column else _stored(dataset, "indptr", name, np.int64),
        _stored(dataset, "nbr", name, ids),
        _stored(dataset, "eid", name, ids) if folded else None,
    )
    roles = zip(("indptr", "nbr", "eid"), arrays, strict=True)
    return {role: array for role, array in roles if array is not None}


def _stored(dataset: Dataset, role: str, name: str, dtype: np.typing.DTypeLike) -> AnyArray:
    file = dataset.file(role, name)
    assert file is not None  # an ingest writes one for every table and edge type
    try:
        return np.fromfile(file, dtype)
    except FileNotFoundError as error:
        raise gone(dataset, file) from error
