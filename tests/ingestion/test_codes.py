"""Codes chosen at ingest: features come back as near as the code says, tables as they were."""

import numpy as np
import pyarrow as pa
import pytest

import workbench as wb
from workbench.errors import IngestError, SchemaError
from workbench.stores.features import FeatureBlock
from workbench.stores.protocols import Read

ROWS = 3000
RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((ROWS, 24)).astype(np.float32)
ITEMS = pa.table(
    {
        "item": np.arange(ROWS),
        "price": RNG.random(ROWS).astype(np.float32),
        "kind": RNG.choice(["tea", "cup", "pot"], ROWS),
        "maker": RNG.integers(0, 9, ROWS),
        "vector": pa.array(VECTORS.tolist(), pa.list_(pa.float32())),
    }
)
MAKERS = pa.table({"maker": np.arange(9)})
CODES = {"items": {"price": "bfloat16", "vector": "int8", "kind": "uint8"}}


def rows_of(path, *, order="arrival", codes=None) -> tuple[FeatureBlock, int]:
    """All rows, and bytes on disk of the segment."""
    tables = wb.read_tables({"items": ITEMS, "makers": MAKERS})
    wb.ingest(tables, wb.infer_schema(tables), path, order=order, codes=codes)
    engine = wb.open(path)
    report = engine.features.describe()["items"]
    return engine.features.multi_get([Read("items", np.arange(ROWS))])[0], report.bytes


@pytest.mark.parametrize("order", ["arrival", {"items": "maker"}])
def test_features_come_back_in_a_quarter_of_the_bytes(tmp_path, order):
    plain, size = rows_of(tmp_path / "plain", order=order)
    packed, less = rows_of(tmp_path / "packed", order=order, codes=CODES)
    assert less * 4 == size
    assert packed.data.shape == plain.data.shape
    np.testing.assert_array_equal(packed.present(), plain.present())
    np.testing.assert_array_equal(packed.column("kind"), plain.column("kind"))
    np.testing.assert_allclose(packed.column("price"), plain.column("price"), rtol=1 / 250)
    step = np.abs(plain.column("vector")).max(axis=1, keepdims=True) / 127
    assert (np.abs(packed.column("vector") - plain.column("vector")) <= step * 0.51).all()


def test_an_odd_choice_ends_the_ingest_before_anything_is_written(tmp_path):
    tables = wb.read_tables({"items": ITEMS})
    schema = wb.infer_schema(tables)
    with pytest.raises(SchemaError, match="Allowed: float16, bfloat16"):
        wb.ingest(tables, schema, tmp_path / "a", codes={"items": {"price": "uint8"}})
    many = ITEMS.set_column(2, "kind", pa.array([f"kind {i % 300}" for i in range(ROWS)]))
    tables = wb.read_tables({"items": many})
    with pytest.raises(IngestError, match=r"'items' was to be stored as 'uint8'.*wider code"):
        wb.ingest(tables, schema, tmp_path / "b", codes=CODES)
    assert not (tmp_path / "b" / "features").exists() or not any((tmp_path / "b" / "features").rglob("*.seg"))
