"""How much room a row needs for columns whose width the data decides, embeddings apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.ingestion.text_encoder import TextEncoder
from workbench.schema import Column, Stype

MOST_TOGETHER = 32
"""Categories that a row of a multicategorical column keeps at most: 4 bytes each, in every row."""


def other_widths(file: Path, columns: Sequence[Column], texts: Mapping[str, TextEncoder]) -> dict[str, int]:
    """Elements of encoded texts, and categories of the longest list, up to :data:`MOST_TOGETHER`.

    A column of nothing but empty or missing lists has no entry.

    Parameters
    ----------
    file : Parquet file of the table
    texts : dict column -> encoder
    """
    found = {name: encoder.width for name, encoder in texts.items()}
    names = [column.name for column in columns if column.stype is Stype.MULTICATEGORICAL]
    with pq.ParquetFile(file) as parquet:
        for name in names:
            longest = max(
                (_longest(parquet, name, group) for group in range(parquet.metadata.num_row_groups)),
                default=0,
            )
            if longest:
                found[name] = min(longest, MOST_TOGETHER)
    return found


def _longest(parquet: pq.ParquetFile, name: str, group: int) -> int:
    lists = parquet.read_row_group(group, columns=[name]).column(0)
    return pc.max(pc.list_value_length(lists)).as_py() or 0
