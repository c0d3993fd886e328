"""CSV files of uneven rows are refused; odd but even ones are read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from workbench.errors import TableError
from workbench.ingestion.tables import read_tables


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,at,x\n1,2,3\n4,5\n6,7,8\n", "line 3 of .* has 2 columns, its header has 3"),
        ("id,at,x\n1,2,3\n4,5,6,7\n", "line 3 of .* has 4 columns, its header has 3"),
        ("id,at\n1,2,3\n4,5,6\n", "line 2 of .* has 3 columns, its header has 2"),
        ("id;at;x\n1;2,5;3\n2;3,5\n", "line 3 of .* has 2 columns, its header has 3"),
        ('id,name\n1,"a, b"\n2,c, d\n', "line 3 of .* has 3 columns, its header has 2"),
        ("id,at,x\n" + "1,2,3\n" * 5000 + "1,2", "line 5002 of .* has 2 columns, its header has 3"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_csv_file_of_ragged_rows_is_refused(tmp_path: Path, text: str, said: str, packed: bool) -> None:
    """Not read as one column of texts, nor with its header lost."""
    path = tmp_path / ("t.csv.gz" if packed else "t.csv")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    with pytest.raises(TableError, match=f"table 't' was read: {said}"):
        read_tables(path)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("name\nanna\nbob\n", ["name"]),
        ('name\n"anna, x"\n"bob, y"\n', ["name"]),
        ('price EUR;"a,b,c"\n1;2\n3;4\n', ["price EUR", "a,b,c"]),
        ("price, EUR;qty, pcs\n1;2\n3;4\n", ["price, EUR", "qty, pcs"]),
        ("id,x\n1,2\n\n3,4\n", ["id", "x"]),
    ],
)
def test_odd_but_even_csv_files_are_read(tmp_path: Path, text: str, columns: list[str]) -> None:
    (tmp_path / "t.csv").write_text(text)
    assert list(read_tables(tmp_path / "t.csv")["t"].columns) == columns
