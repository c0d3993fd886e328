"""Room in a row for sets of categories and encoded texts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.ingestion.text_encoder import TextEncoder
from workbench.ingestion.widths import MOST_TOGETHER, other_widths
from workbench.schema import Column, Stype

COLUMNS = (Column("s", Stype.MULTICATEGORICAL), Column("t", Stype.TEXT), Column("n", Stype.NUMERICAL))


@pytest.mark.parametrize(
    ("lists", "width"),
    [
        ([["a"], None, ["b", "c", "a"], []], 3),
        ([["a"] * 100], MOST_TOGETHER),
        ([[], None], None),
        ([], None),
    ],
)
def test_the_longest_list_of_any_row_group(
    lists: list[list[str] | None], width: int | None, tmp_path: Path
) -> None:
    file = tmp_path / "t.parquet"
    table = pa.table({"s": pa.array(lists, pa.list_(pa.string())), "n": range(len(lists))})
    pq.write_table(table, file, row_group_size=2)
    assert other_widths(file, COLUMNS, {}) == ({} if width is None else {"s": width})
    texts = {"t": TextEncoder("x.t", lambda texts: texts, 7)}
    assert other_widths(file, COLUMNS, texts)["t"] == 7
