"""Datasets whose rows cannot be encoded again as they were are not edited, and stay as they are."""

import numpy as np
import pyarrow as pa
import pytest

import workbench as wb
from workbench.errors import IngestError
from workbench.ingestion.editable import check_editable
from workbench.stores.dataset import Dataset


def stored(folder, **options):
    tables = wb.read_tables(
        {
            "notes": pa.table(
                {"note_id": np.arange(4), "size": np.arange(4) * 0.5, "body": ["a b", "c", "d", "e f"]}
            )
        }
    )
    schema = wb.infer_schema(tables).set_stype("notes", "body", "text")
    wb.ingest(tables, schema, folder, **options)
    return tables, schema


def test_plain_datasets_pass(tmp_path):
    stored(tmp_path / "s")
    check_editable(Dataset.open(tmp_path / "s"))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"codes": {"notes": {"size": "float16"}}}, "notes.size"),
        ({"texts": {"notes.body": lambda texts: np.ones((len(texts), 3))}}, "notes.body"),
    ],
)
def test_codes_and_own_encoders_are_refused(tmp_path, options, named):
    tables, schema = stored(tmp_path / "s", **options)
    before = wb.open(tmp_path / "s").features.to_arrow("notes", np.arange(4))
    match = rf"{named} are stored in codes, or by an encoder .*Ingest all tables anew"
    with pytest.raises(IngestError, match=match), wb.edit(tmp_path / "s") as edit:
        edit.delete("notes", keys=[1])
    with pytest.raises(IngestError, match=match):
        wb.ingest(tables, schema, tmp_path / "s", append=True)
    assert wb.open(tmp_path / "s").features.to_arrow("notes", np.arange(4)).equals(before)
