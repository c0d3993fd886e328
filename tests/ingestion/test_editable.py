"""Datasets with codes, and with texts by an encoder of the user's: edits and appends are a fresh ingest."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import workbench as wb
from workbench.errors import IngestError, SchemaError
from workbench.schema import Column, ForeignKey, Schema, Stype, Table

CODES = {"notes": {"size": "float16", "face": "int8", "kind": "uint8", "body": "int8"}}
COLUMNS = {
    "author": Stype.ID,
    "at": Stype.TIMESTAMP,
    "size": Stype.NUMERICAL,
    "face": Stype.EMBEDDING,
    "kind": Stype.CATEGORICAL,
    "body": Stype.TEXT,
}
SCHEMA = Schema(
    (
        Table("authors", (Column("author", Stype.ID),), "author"),
        Table(
            "notes",
            tuple(Column(name, stype) for name, stype in COLUMNS.items()),
            time="at",
            foreign_keys=(ForeignKey("author", "authors"),),
        ),
    )
)


def letters(texts):
    """A text encoder: letters by their place, with a ring of their own."""
    return np.array([[np.sin(k + 1) * sum(map(ord, text)) % 7 - 3 for k in range(5)] for text in texts])


def others(texts):
    return letters(texts)[:, ::-1]


def notes(count=60):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "author": rng.integers(0, 5, count),
            "at": np.datetime64("2026-01-01", "us") + np.arange(count).astype("m8[D]"),
            "size": rng.standard_normal(count),
            "face": list(rng.standard_normal((count, 6)).astype(np.float32)),
            "kind": rng.choice(["memo", "draft", None], count),
            "body": [None if i % 11 == 3 else f"text {rng.integers(999)}" for i in range(count)],
        }
    )


def stored(path: Path, frame: pd.DataFrame, **options):
    """Ingest; options without ``texts`` leave texts hashed."""
    tables = {"notes": pa.Table.from_pandas(frame, preserve_index=False)}
    if not options.get("append"):
        tables["authors"] = pa.table({"author": np.arange(5)})
    wb.ingest(tables, SCHEMA, path, **options)
    return path


def rows_of(path: Path):
    engine = wb.open(path)
    return engine.features.multi_get([wb.Read("notes", np.arange(engine.dataset.manifest.rows("notes")))])[0]


def assert_same(path: Path, other: Path):
    one, two = rows_of(path), rows_of(other)
    assert one.layout == two.layout
    np.testing.assert_array_equal(one.data, two.data)


@pytest.mark.parametrize(
    "options",
    [
        {"codes": CODES},
        {"texts": {"notes.body": letters}},
        {"codes": CODES, "texts": {"notes.body": letters}, "order": {"notes": "author"}},
    ],
)
def test_edits_appends_and_compactions_are_a_fresh_ingest(tmp_path, options):
    frame, texts = notes(), {key: value for key, value in options.items() if key == "texts"}
    path = stored(tmp_path / "s", frame[:40], **options)
    stored(path, frame[40:], append=True, **texts)
    assert_same(path, stored(tmp_path / "whole", frame, **options))
    frame.loc[[7, 50], "size"] = [2.345, np.nan]
    frame.loc[[7, 50], "body"] = ["new words", None]
    frame.loc[3, "kind"] = "letter"
    frame.at[3, "face"] = np.linspace(-9, 9, 6, dtype=np.float32)
    with wb.edit(path, **texts) as edit:
        edit.update("notes", {"size": [2.345, None], "body": ["new words", None]}, ids=[7, 50])
        edit.update("notes", {"kind": ["letter"], "face": [frame.at[3, "face"]]}, ids=[3])
    fresh = stored(tmp_path / "edited", frame, **options)
    found, wanted = rows_of(path), rows_of(fresh)
    for name in ("size", "face", "body"):
        np.testing.assert_array_equal(found.column(name), wanted.column(name))
    before = found.data.copy()
    assert wb.compact(path).tables == ("notes",)
    np.testing.assert_array_equal(rows_of(path).data, before)
    assert wb.verify(path).ok
    assert (
        wb.open(path).features.describe()["notes"].stride
        == wb.open(fresh).features.describe()["notes"].stride
    )


def test_new_columns_beside_codes(tmp_path):
    path = stored(tmp_path / "s", notes(), codes=CODES)
    before = rows_of(path)
    with wb.edit(path) as edit:
        edit.add_columns("notes", {"mood": np.arange(60.0)}, stypes={"mood": "numerical"}, ids=np.arange(60))
    after = rows_of(path)
    assert after.column("mood").tolist() == list(range(60))
    for name in ("size", "face", "kind", "body"):
        np.testing.assert_array_equal(after.column(name), before.column(name))


def test_a_value_that_does_not_fit_its_code_changes_nothing(tmp_path):
    path = stored(tmp_path / "s", notes(), codes=CODES)
    with pytest.raises(IngestError, match=r"stored as 'float16'.*65,504"), wb.edit(path) as edit:
        edit.update("notes", {"size": [1e6]}, ids=[2])
    many = pd.concat([notes(1)] * 300, ignore_index=True).assign(kind=[f"k{i}" for i in range(300)])
    many["at"] = np.datetime64("2027-01-01", "us")
    with pytest.raises(IngestError, match=r"stored as 'uint8'.*wider code"):
        stored(path, many, append=True)
    assert wb.open(path).dataset.snapshot == 1


def test_rows_whose_texts_stay_need_no_encoder(tmp_path):
    path = stored(tmp_path / "s", notes(), texts={"notes.body": letters})
    before = rows_of(path)
    with wb.edit(path) as edit:
        edit.update("notes", {"size": [1.5, 2.5]}, ids=[9, 3])
        edit.delete("notes", ids=[20])
    after = rows_of(path)
    kept = np.arange(60) != 20
    np.testing.assert_array_equal(after.column("body")[kept], before.column("body")[kept])
    np.testing.assert_array_equal(after.present()[kept], before.present()[kept])
    assert after.column("size")[[9, 3]].tolist() == [1.5, 2.5]


def test_an_encoder_that_is_lacking_or_another_is_named(tmp_path):
    path = stored(tmp_path / "s", notes(), texts={"notes.body": letters})
    missing = r"notes\.body were changed or added.*Pass the same one again: texts=\{'notes.body': encoder\}"
    with pytest.raises(IngestError, match=missing), wb.edit(path) as edit:
        edit.update("notes", {"body": ["x"]}, ids=[0])
    later = notes(2).assign(at=np.datetime64("2027-01-01", "us"))
    with pytest.raises(IngestError, match=missing):
        stored(path, later, append=True)
    with pytest.raises(IngestError, match=r"another vector of 'text \d+' than is stored.*Pass the same one"):
        stored(path, later, append=True, texts={"notes.body": others})
    narrow = {"notes.body": lambda texts: letters(texts)[:, :3]}
    with (
        pytest.raises(IngestError, match="vectors of 3 elements, and 5 are stored"),
        wb.edit(path, texts=narrow),
    ):
        pass
    hashed = stored(tmp_path / "hashed", notes())
    with pytest.raises(SchemaError, match=r"no encoder of yours did at the ingest.*Leave it out"):
        stored(hashed, later, append=True, texts={"notes.body": letters})
    assert wb.open(path).dataset.snapshot == wb.open(hashed).dataset.snapshot == 1
