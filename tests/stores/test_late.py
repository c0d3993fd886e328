"""Late rows are read back as they came; a torn file of them is refused."""

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import CorruptStoreError, StoreError
from workbench.ingestion.build import ingest
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.features import FeatureBlock
from workbench.stores.late import LATE, LATE_DELTA, late_column, late_features
from workbench.stores.verify import verify

SCHEMA = Schema((Table("t", (Column("at", Stype.TIMESTAMP), Column("x", Stype.NUMERICAL)), time="at"),))


def rows(times, values):
    return {"t": pa.table({"at": pa.array(np.array(times, "M8[D]").astype("M8[us]")), "x": values})}


@pytest.fixture
def dataset(tmp_path):
    """Rows of the 1st and 9th; late ones in two pieces."""
    ingest(rows(["2026-01-01", "2026-01-09"], [1.0, 2.0]), SCHEMA, tmp_path)
    ingest(rows(["2026-01-07", "2026-01-03"], [7.0, 3.0]), SCHEMA, tmp_path, append=True)
    ingest(rows(["2026-01-05"], [5.0]), SCHEMA, tmp_path, append=True)
    return Dataset.open(tmp_path)


def test_in_the_order_in_which_they_came(dataset):
    assert late_column(dataset, "t", "x").to_pylist() == [3, 7, 5]
    delta = late_features(dataset, dataset.manifest.groups[0])
    assert delta.ids.tolist() == [0, 1, 2]
    assert FeatureBlock(dataset.manifest.groups[0], delta.rows).column("x").tolist() == [3, 7, 5]
    assert len(late_column(Dataset.open(dataset.path, 1), "t", "x")) == 0
    assert dataset.manifest.rows("t") == 2


@pytest.mark.parametrize("role", [LATE, LATE_DELTA])
def test_their_files_are_verified_and_missed(dataset, role):
    file = dataset.files(role, "t")[0]
    whole = file.read_bytes()
    file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    assert [problem.file for problem in verify(dataset.path).problems] == [
        str(file.relative_to(dataset.path))
    ]
    file.unlink()
    with pytest.raises(StoreError, match="is missing"):
        late_column(dataset, "t", "x") if role == LATE else late_features(dataset, dataset.manifest.groups[0])


def test_a_torn_file_is_refused(dataset):
    file = dataset.files(LATE_DELTA, "t")[0]
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(CorruptStoreError, match="torn or foreign"):
        late_features(dataset, dataset.manifest.groups[0])
