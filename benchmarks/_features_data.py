"""Datasets of one or more feature groups, of any size: a block of random rows, written again and again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbench.schema import Column, Schema, Stype, Table
from workbench.stores import catalog
from workbench.stores.dataset import Dataset
from workbench.stores.features import GroupLayout
from workbench.stores.manifest import FileEntry, Manifest, Partition
from workbench.stores.segments import SegmentWriter
from workbench.testing.feature_data import group_layout, random_group
from workbench.types import ByteArray

BLOCK = 1 << 14
"""Rows of the block."""


def block_of(layout: GroupLayout) -> ByteArray:
    """uint8[BLOCK, stride]: random rows of a layout's columns."""
    columns = GroupLayout(layout.group, BLOCK, layout.columns)
    return random_group(columns, np.random.default_rng(0)).rows


def write_segment(root: Path, path: str, layout: GroupLayout, block: ByteArray) -> FileEntry:
    """Write a segment by its one writer."""
    with SegmentWriter(root, path, layout) as segment:
        for start in range(0, layout.rows, len(block)):
            segment.append(block[: layout.rows - start])
    return segment.finish()


def write_dataset(path: Path, layouts: Sequence[GroupLayout]) -> Dataset:
    """Write and open a dataset of feature groups without tables."""
    with catalog.writing(path):
        files = tuple(
            write_segment(path, f"features/p1/{i}.seg", layout, block_of(layout))
            for i, layout in enumerate(layouts)
        )
        tables = tuple(Table(one.group, (Column("number", Stype.NUMERICAL, "int64"),)) for one in layouts)
        part = Partition("p1", {one.group: one.rows for one in layouts}, files)
        catalog.commit(path, Manifest(1, Schema(tables), (part,), tuple(layouts)), {})
    return Dataset.open(path)


def embedding(group: str, rows: int, width: int, code: str = "") -> GroupLayout:
    """A group of one embedding."""
    return group_layout(group, rows, {"embedding": width}, {"embedding": code})
