"""Columns that differ only by case are refused, whatever they come from; nothing is renamed silently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from workbench.errors import TableError
from workbench.ingestion.tables import read_tables
from workbench.ingestion.twins import same_but_case

TWINS = pa.table({"id": [1, 2], "amount": [1.0, 2.0], "Amount": [3.0, 4.0]})


def parquet(folder: Path) -> Any:
    pq.write_table(TWINS, folder / "t.parquet")
    return folder / "t.parquet"


def second_part(folder: Path) -> Any:
    pq.write_table(TWINS.select(["id", "amount"]), folder / "a.parquet")
    return [folder / "a.parquet", parquet(folder)]


def csv_file(folder: Path) -> Any:
    csv.write_csv(TWINS, folder / "t.csv")
    return folder / "t.csv"


def packed(folder: Path) -> Any:
    with pa.CompressedOutputStream(str(folder / "t.csv.gz"), "gzip") as out:
        csv.write_csv(TWINS, out)
    return folder / "t.csv.gz"


SOURCES: list[Callable[[Path], Any]] = [
    parquet,
    second_part,
    csv_file,
    packed,
    lambda folder: ds.dataset(parquet(folder)),
    lambda _: TWINS,
    lambda _: TWINS.to_batches()[0],
    lambda _: TWINS.to_reader(),
    lambda _: TWINS.to_pandas(),
    lambda _: duckdb.connect().sql('SELECT 1 AS id, 2 AS amount, 3 AS "Amount"'),
]


@pytest.mark.parametrize("make", SOURCES)
def test_twins_of_every_source_are_refused(make: Callable[[Path], Any], tmp_path: Path) -> None:
    words = "table 't' was read.* 'amount' and 'Amount' differ only by case.*Rename one where the table comes"
    with pytest.raises(TableError, match=words):
        read_tables({"t": make(tmp_path)})


def test_a_refused_relation_leaves_its_connection_free() -> None:
    connection = duckdb.connect()
    with pytest.raises(TableError, match="differ only by case") as caught:
        read_tables({"t": connection.sql('SELECT 1 AS a, 2 AS "A"')})
    assert connection.sql("SELECT 3").fetchall() == [(3,)], caught


def test_a_csv_header_that_says_a_name_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x,x\n1,2,3\n")
    with pytest.raises(TableError, match=r"read from .*t\.csv: two of its columns are named 'x'"):
        read_tables(tmp_path / "t.csv")


def test_numbered_names_are_no_twins(tmp_path: Path) -> None:
    """``amount_1`` beside ``amount`` only looks as if DuckDB had renamed it."""
    table = TWINS.rename_columns(["id", "amount", "Amount_1"])
    pq.write_table(table, tmp_path / "p.parquet")
    csv.write_csv(table, tmp_path / "c.csv")
    tables = read_tables(tmp_path)
    assert [tables.arrow(name).to_pydict() for name in ("c", "p")] == [table.to_pydict()] * 2


@pytest.mark.parametrize(
    ("edit", "asked"),
    [
        (lambda t: t.derive("t", "Amount", "amount + 1"), r"tables.derive\(table='t', column='Amount'"),
        (lambda t: t.rename("t", id="AMOUNT"), "table 't' was edited"),
    ],
)
def test_edits_make_no_twins(edit: Callable[[Any], Any], asked: str) -> None:
    with pytest.raises(TableError, match=rf"{asked}.*: its columns .* differ only by case"):
        edit(read_tables({"t": TWINS.select(["id", "amount"])}))


def test_twins_are_found() -> None:
    assert same_but_case(["a", "b", "B", "A"]) == ("b", "B")
    assert same_but_case(["a", "b"]) is None
