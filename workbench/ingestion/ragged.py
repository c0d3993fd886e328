"""CSV files whose rows differ in length: DuckDB reads them as one column, without header or not at all."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO, cast

from workbench.errors import TableError, explain

_MARKS = ",;\t|"


def refuse_ragged(name: str, files: Sequence[Path], columns: Sequence[str] | None) -> None:
    """Refuse a file with a row that is longer or shorter than its header.

    A file is read here only where ``columns`` do not look like its header, or are None: DuckDB failed.

    Raises
    ------
    TableError
        Naming file, line, expected and got number of columns.
    """
    for file in files:
        if file.suffix == ".zst":  # Python 3.11 cannot read it; DuckDB's own words have to do
            continue
        with _open(file) as lines:
            header = lines.readline().rstrip("\r\n")
        widths = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in _MARKS}
        mark = max(widths, key=lambda mark: widths[mark])
        if widths[mark] > 1 and _suspicious(header, set(widths.values()) - {1}, columns, len(files)):
            _refuse_first(name, file, mark, widths[mark])


def _suspicious(header: str, widths: set[int], columns: Sequence[str] | None, files: int) -> bool:
    if columns is None or header in columns:
        return True
    generated = columns[0] == "column0"  # DuckDB took the header for no header
    return files == 1 and len(columns) not in widths and (generated or len(columns) < max(widths))


def _refuse_first(name: str, file: Path, mark: str, expected: int) -> None:
    with _open(file) as lines:
        reader = csv.reader(lines, delimiter=mark)
        for record in reader:
            if record and len(record) != expected:
                got = f"line {reader.line_num} of {file} has {len(record)} columns, its header has {expected}"
                allowed = "the same number in every row"
                do = "Mend that line; a value that holds the separator belongs in quotes"
                raise TableError(explain(f"table {name!r} was read", got, allowed, do))


def _open(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return cast("TextIO", gzip.open(file, "rt", encoding="utf-8-sig", errors="replace", newline=""))
    return file.open(encoding="utf-8-sig", errors="replace", newline="")
