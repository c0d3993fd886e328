"""Tables and schema are compared before anything is written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from workbench.errors import IngestError, SchemaError
from workbench.ingestion.build import ingest
from workbench.ingestion.check import check_tables, left_out
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.schema import Column, ForeignKey, Schema, Stype, Table

TABLES = read_tables({"a": pa.table({"id": [1], "x": ["y"]}), "b": pa.table({"a": [1], "c": [1]})})
A = Table("a", (Column("id", Stype.ID), Column("x", Stype.TEXT)), "id")
KEYS = (ForeignKey("a", "a"), ForeignKey("c", "a"))
B = Table("b", (Column("a", Stype.ID), Column("c", Stype.ID)), None, None, None, KEYS)


def test_source_types_come_back() -> None:
    kinds = check_tables(TABLES, Schema((A, B)))
    assert kinds == {"a": {"id": "BIGINT", "x": "VARCHAR"}, "b": {"a": "BIGINT", "c": "BIGINT"}}


def test_a_schema_of_some_of_the_tables_is_enough() -> None:
    assert set(check_tables(TABLES, Schema((A,)))) == {"a"}


@pytest.mark.parametrize("stype", [Stype.MULTICATEGORICAL, Stype.EMBEDDING])
def test_lists_are_asked_for_where_they_are_needed(stype: Stype) -> None:
    schema = Schema((A,)).set_stype("a", "x", stype)
    said = rf"a\.x was ingested as {stype}: its values are VARCHAR.*string_split"
    with pytest.raises(IngestError, match=said):
        check_tables(TABLES, schema)
    split = TABLES.derive("a", "x", "string_split(\"x\", ',')")
    assert (
        check_tables(split, Schema((A,)).set_stype("a", "x", Stype.MULTICATEGORICAL))["a"]["x"] == "VARCHAR[]"
    )


def test_columns_that_the_schema_does_not_name_are_said(tmp_path: Path) -> None:
    edited = TABLES.derive("a", "twice", "id * 2")
    said = "a: left out, as the schema does not name them: twice; infer the schema again after an edit of the"
    said += " tables"
    assert left_out(Schema((A, B)), check_tables(edited, Schema((A, B)))) == [said]
    assert said in ingest(edited, Schema((A,)), tmp_path / "s").warnings
    assert left_out(Schema((A, B)), check_tables(TABLES, Schema((A, B)))) == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (Schema(()), "the schema has no tables"),
        (Schema((Table("z", A.columns),)), r"the schema's tables \['z'\] are not among them"),
        (Schema((Table("a", (Column("no", Stype.ID),)),)), r"its source lacks the columns \['no'\]"),
        (Schema((Table("a", ()),)), "it has no columns"),
    ],
)
def test_misfits_are_refused(schema: Schema, words: str) -> None:
    with pytest.raises(IngestError, match=words):
        check_tables(TABLES, schema)


def test_a_link_to_a_folded_table_is_refused() -> None:
    folded = Table("b", B.columns, None, None, None, KEYS, ("a", "c"))
    pointing = Table("a", A.columns, "id", None, None, (ForeignKey("x", "b"),))
    with pytest.raises(IngestError, match=r"a.x -> b was ingested: 'b' is folded into edges.*schema.unlink"):
        check_tables(TABLES, Schema((pointing, folded)))


def test_keys_and_times_must_be_columns() -> None:
    for table in (Table("a", A.columns, "no"), Table("a", A.columns, "id", "no")):
        with pytest.raises(SchemaError, match="column 'no' of table 'a'"):
            check_tables(TABLES, Schema((table,)))


def test_tables_that_differ_only_by_case_are_refused() -> None:
    twins = read_tables({"u": pa.table({"id": [1, 2]}), "U": pa.table({"id": [1, 2]})})
    with pytest.raises(IngestError, match=r"the names 'u' and 'U' differ only by case.*tables.rename\('U'"):
        check_tables(twins, infer_schema(twins))
    other = twins.rename("U", "v")
    assert set(check_tables(other, infer_schema(other))) == {"u", "v"}


@pytest.mark.parametrize("name", ["__row__", "__ROW__", "__source_row__", "file_row_number"])
def test_names_that_views_need_are_refused(name: str) -> None:
    tables = read_tables({"t": pa.table({"id": [1, 2], name: [1, 2]})})
    with pytest.raises(IngestError, match=f"it has a column '{name}', which.*tables.rename"):
        check_tables(tables, infer_schema(tables))


def test_a_column_is_not_both_time_and_end_time() -> None:
    tables = read_tables({"a": pa.table({"id": [1], "at": [dt.datetime(2024, 1, 1)]})})
    both = infer_schema(tables).set_time("a", "at").set_end_time("a", "at")
    with pytest.raises(IngestError, match=r"'at' is its time and its end time.*set_time\('a', column\)"):
        check_tables(tables, both)
    check_tables(tables, both.set_time("a", "at"))
