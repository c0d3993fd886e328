"""A question that was asked before is answered from memory; of edited tables only what was edited is read."""

import pyarrow as pa
import pytest

from workbench.errors import TableError
from workbench.ingestion.remembered import Remembered
from workbench.ingestion.tables import Tables, read_tables

TABLES = {"a": pa.table({"x": [1, 2, 3]}), "b": pa.table({"y": ["u", None]})}


def test_answers_are_those_of_the_tables_and_asked_once(monkeypatch):
    ran, run = [], Tables.run
    monkeypatch.setattr(Tables, "run", lambda self, sql, asked: ran.append(sql) or run(self, sql, asked))
    plain, known = read_tables(TABLES), {}
    for _ in range(2):
        tables = Remembered.of(plain, known)
        assert [tables.count(name) for name in tables.names] == [3, 2]
        assert tables.types("b") == {"y": "VARCHAR"}
        assert tables.run(f"SELECT x FROM ({tables.sql('a')}) WHERE x > 1", "x").fetchall() == [(2,), (3,)]
        assert tables.run(f"SELECT x FROM ({tables.sql('a')}) WHERE x > 9", "x").fetchone() is None
    assert len(ran) == len(known) == 5
    edited = tables.where("a", "x > 1")
    assert isinstance(edited, Remembered)
    asked = len(ran)
    assert [edited.count(name) for name in edited.names] == [2, 2]
    assert len(ran) == asked + 1  # b is known


def test_what_is_refused_is_not_remembered():
    tables = Remembered.of(read_tables(TABLES), {})
    for _ in range(2):
        with pytest.raises(TableError, match="nonsense was asked"):
            tables.run("SELECT nothing", "nonsense was asked")
    assert tables.known == {}
