"""Reorder: the feature rows of an ingested dataset in another order on disk, in one transaction.

    new file   | window of rows | window | ...     each filled by one pass over the old file, in order

Ids stay: a slot permutation says where each row lies. Both files are read and written front to back, whatever
the orders are, so that one larger than memory needs a few passes and no random access. Edits are folded in
first, as by a compaction, and what was there before stays for those who read it until the next one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from workbench.errors import StoreError, explain
from workbench.stores import catalog
from workbench.stores.codecs import packing
from workbench.stores.compaction import folded
from workbench.stores.dataset import Dataset, collect_orphans, partition_name
from workbench.stores.durable import CHUNK, write_file
from workbench.stores.features import GroupLayout
from workbench.stores.manifest import FileEntry, Manifest
from workbench.stores.memory import available_memory
from workbench.stores.records import CatalogState
from workbench.stores.replaced import gone
from workbench.stores.segments import SegmentWriter
from workbench.types import AnyArray

SHARE = 8
"""One part in so many of the memory that is free holds a window."""


@dataclass(frozen=True)
class Reordering:
    """What :func:`reorder` did.

    Attributes
    ----------
    snapshot : int  the newest one
    order : dict table -> the order in which its rows lie now; empty if there was nothing to do
    seconds : float
    """

    snapshot: int
    order: Mapping[str, str]
    seconds: float


def reorder(
    path: str | Path, slots: Mapping[str, AnyArray | None], order: Mapping[str, str], snapshot: int
) -> Reordering:
    """Lay the feature rows of some tables out anew. Behind ``engine.reorder``.

    Parameters
    ----------
    path : folder of the dataset
    slots : dict table with features -> uint32[rows], a permutation; None: in the order of ids
    order : dict table -> what its order is called, for the report
    snapshot : int  for whose rows the slots were made

    Raises
    ------
    StoreError
        If the dataset has another snapshot by now, another process is writing there, or the disk refuses;
        nothing was changed.
    """
    root, started = Dataset.open(path).path, time.perf_counter()
    with catalog.writing(root):
        try:
            collect_orphans(root)  # what a crash left has names that are needed now
            dataset = Dataset.open(root)
            before, words = dataset.manifest, dataset.dictionaries()
            if before.snapshot != snapshot:
                got = f"the dataset is at snapshot {before.snapshot} by now, not at {snapshot}"
                raise StoreError(explain(f"rows of {root} were reordered", got, do="Call engine.refresh()"))
            if not slots:
                return Reordering(snapshot, {}, time.perf_counter() - started)
            after = replace(before, snapshot=snapshot + 1)
            if before.edits:
                after = folded(dataset, snapshot + 1)[0]
            laid = with_order(root, after, slots, order)
            catalog.commit(root, replace(laid, previous=replace(before, previous=None)), words)
        finally:
            collect_orphans(root)
    return Reordering(laid.snapshot, dict(order), time.perf_counter() - started)


def with_order(
    root: Path, manifest: Manifest, slots: Mapping[str, AnyArray | None], order: Mapping[str, str]
) -> Manifest:
    """Write the feature rows of some tables in their new order; nothing is committed.

    Parameters
    ----------
    manifest : Manifest  without edits; it need not be committed, its files must be there
    slots, order : as in :func:`reorder`

    Returns
    -------
    Manifest
        With the new files in the place of the old ones.
    """
    dataset, entries = Dataset(root, CatalogState(manifest, {})), dict[tuple[str, str], FileEntry]()
    layouts = {layout.group: layout for layout in manifest.groups}
    for number, (table, places) in enumerate(slots.items()):
        stem = f"features/{partition_name(manifest.snapshot)}/order-{number}"
        entries["features", table] = _write_rows(dataset, layouts[table], places, f"{stem}.seg")
        if places is not None:
            entries["slot", table] = write_file(root, f"{stem}.slot", "slot", table, places)
    first, *others = manifest.partitions
    kept = [e for e in first.files if e.role not in ("features", "slot") or e.name not in slots]
    report = {**manifest.report, "order": {**manifest.report.get("order", {}), **order}}
    return replace(
        manifest, partitions=(replace(first, files=(*kept, *entries.values())), *others), report=report
    )


def _write_rows(dataset: Dataset, layout: GroupLayout, slots: AnyArray | None, path: str) -> FileEntry:
    """The stored rows of a group in another order, byte by byte as they are encoded."""
    stride, rows = packing(layout).stride, layout.rows
    targets = _targets(dataset, layout, slots)
    window = max(CHUNK, available_memory() // SHARE) // stride
    with SegmentWriter(dataset.path, path, layout) as segment:
        for begin in range(0, rows, window):
            out = np.empty((min(window, rows - begin), stride), np.uint8)
            _fill(dataset, layout, targets, begin, out)
            segment.append_stored(out)
        return segment.finish()


def _targets(dataset: Dataset, layout: GroupLayout, slots: AnyArray | None) -> AnyArray:
    """uint32[rows]: where each row of the old file goes, in the order of the old file."""
    new = np.arange(layout.rows, dtype=np.uint32) if slots is None else slots
    file = dataset.file("slot", layout.group)
    if file is None:
        return new
    targets = np.empty(layout.rows, np.uint32)
    targets[np.fromfile(file, np.uint32, layout.rows)] = new
    return targets


def _fill(dataset: Dataset, layout: GroupLayout, targets: AnyArray, begin: int, out: AnyArray) -> None:
    """Rows ``begin`` to ``begin + len(out)`` of the new file, from one pass over the old one."""
    file, stride = dataset.file("features", layout.group), out.shape[1]
    assert file is not None  # every group has a segment
    step = max(1, CHUNK // stride)
    for start in range(0, layout.rows, step):
        places = targets[start : start + step]
        here = (places >= begin) & (places < begin + len(out))
        try:
            rows = np.fromfile(file, np.uint8, len(places) * stride, offset=start * stride)
        except FileNotFoundError as error:
            raise gone(dataset, file) from error
        out[places[here].astype(np.int64) - begin] = rows.reshape(-1, stride)[here]
