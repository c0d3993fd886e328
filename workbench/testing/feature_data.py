"""A small dataset with feature groups, written through the public writers, and what must be read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.schema import Column, Schema, Stype, Table
from workbench.stores import catalog
from workbench.stores.dataset import Dataset
from workbench.stores.durable import adopt_file, write_file
from workbench.stores.features import SECTION_DTYPES, GroupColumn, GroupLayout
from workbench.stores.manifest import FileEntry, Manifest, Partition
from workbench.stores.records import ColumnRef
from workbench.stores.segments import SegmentWriter, encode_rows
from workbench.types import AnyArray, BoolArray, ByteArray

WORDS = ["", "ä", "tea", 'a "quoted" one']
"""Dictionary of every categorical column."""


@dataclass(frozen=True)
class WrittenGroup:
    """What was written for one feature group, in id order.

    Attributes
    ----------
    layout : GroupLayout
    rows : uint8[n, stride]
    sections : dict section -> dtype[n, width]
    present : bool[n, columns]
    """

    layout: GroupLayout
    rows: ByteArray
    sections: dict[str, AnyArray]
    present: BoolArray


def group_layout(
    group: str, rows: int, widths: dict[str, int], codes: dict[str, str] | None = None
) -> GroupLayout:
    """A layout with that many one-wide columns per section, but one wide column of embeddings.

    Parameters
    ----------
    codes : dict section -> how its values are stored, a key of ``codecs.CODES``
    """
    columns: list[GroupColumn] = []
    codes = codes or {}
    for section in SECTION_DTYPES:
        width = widths.get(section, 0)
        code = codes.get(section, "")
        if section == "embedding":
            columns += [GroupColumn("embedding", section, 0, width, 0, code)] if width else []
            continue
        cardinality = len(WORDS) + 1 if section == "categorical" else 0
        columns += [GroupColumn(f"{section}_{i}", section, i, 1, cardinality, code) for i in range(width)]
    return GroupLayout(group, rows, tuple(columns))


def random_group(layout: GroupLayout, rng: np.random.Generator) -> WrittenGroup:
    """Random values and gaps for a layout; where it has codes, numbers that every code holds exactly."""
    rows = layout.rows
    present = rng.random((rows, len(layout.columns))) < 0.8
    sections: dict[str, AnyArray] = {
        "timestamp": rng.integers(-(2**50), 2**50, (rows, layout.width("timestamp"))),
        "numerical": rng.standard_normal((rows, layout.width("numerical")), np.float32),
        "embedding": rng.standard_normal((rows, layout.width("embedding")), np.float32),
        "categorical": rng.integers(1, len(WORDS) + 1, (rows, layout.width("categorical"))).astype(np.int32),
    }
    if any(column.code for column in layout.columns):
        for values in (sections["numerical"], sections["embedding"]):
            values[...] = rng.integers(-127, 128, values.shape) / 32
            values[:, :1] = 127 / 32
    return WrittenGroup(layout, encode_rows(layout, sections, present), sections, present)


def write_feature_dataset(
    path: str | Path, groups: list[WrittenGroup], *, permuted: bool = False, key: int = 0
) -> Dataset:
    """Write one table per group, with a row number as its only column, and open the dataset.

    Parameters
    ----------
    permuted : bool
        Store rows in a random order, with a slot permutation that leads back.
    """
    root, rng = Path(path), np.random.default_rng(key)
    files: list[FileEntry] = []
    with catalog.writing(root):
        snapshot = catalog.read(root).manifest.snapshot + 1 if catalog.exists(root) else 1
        part = f"p{snapshot}"
        for i, group in enumerate(groups):
            files += _write_group(root, f"{part}/{i}", group, rng if permuted else None)
        tables = tuple(Table(g.layout.group, (Column("number", Stype.NUMERICAL, "int64"),)) for g in groups)
        counts = {g.layout.group: g.layout.rows for g in groups}
        manifest = Manifest(
            snapshot,
            Schema(tables),
            (Partition(part, counts, tuple(files)),),
            tuple(g.layout for g in groups),
        )
        catalog.commit(root, manifest, _dictionaries(groups))
    return Dataset.open(root)


def _write_group(
    root: Path, place: str, group: WrittenGroup, rng: np.random.Generator | None
) -> list[FileEntry]:
    layout, rows, entries = group.layout, group.rows, []
    if rng is not None:
        slot = rng.permutation(layout.rows).astype(np.uint32)
        entries.append(write_file(root, f"features/{place}.slot", "slot", layout.group, slot))
        stored = np.empty_like(rows)
        stored[slot] = rows
        rows = stored
    with SegmentWriter(root, f"features/{place}.seg", layout) as segment:
        for start in range(0, layout.rows, 1000):
            segment.append(rows[start : start + 1000])
        entries.append(segment.finish())
    table = f"tables/{place}.parquet"
    (root / table).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"number": np.arange(layout.rows)}), root / table)
    return [*entries, adopt_file(root, table, "table", layout.group)]


def _dictionaries(groups: list[WrittenGroup]) -> dict[ColumnRef, list[str]]:
    columns = [(g.layout.group, c.name) for g in groups for c in g.layout.columns if c.cardinality]
    return dict.fromkeys(columns, WORDS)
