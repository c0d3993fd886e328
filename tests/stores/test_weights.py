"""Weights are read when asked for, once; what is no weight is named by table, column and row."""

import pickle

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import FanoutError
from workbench.ingestion.build import ingest
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.weights import Weights, read_ends
from workbench.temporal import NO_TIME
from workbench.testing.graphs import DAY

NAME = ("orders", "amount")


def test_columns_are_read_once_and_kept():
    asked = []
    weights = Weights({"orders": 2}, lambda name: asked.append(name) or np.array([1, 2]))
    assert weights.nbytes == 0
    assert weights[NAME].tolist() == [1.0, 2.0]
    assert weights[NAME] is weights[NAME]
    assert (asked, weights.nbytes) == ([NAME], 16)
    assert ("orders", "other") not in weights


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, np.nan, 2.0], r"orders\.amount: row 1 has no value \(1 of 3 rows are no weights\)"),
        ([-1.0, 0.0, -2.0], r"row 0 has -1 \(2 of 3"),
        ([0.0, 0.0, np.inf], "row 2 has inf"),
        ([1e308, 1e308, 0.0], "their sum is infinite"),
        ([1.0, 1.0], r"it has \(2,\) numbers. Allowed: 3, one per row"),
    ],
)
def test_what_is_no_weight_is_named(values, message):
    weights = Weights.of({"orders": 3}, {NAME: np.array(values)})
    for _ in range(2):
        with pytest.raises(FanoutError, match=message):
            weights[NAME]


def test_weights_travel():
    weights = Weights.of({"orders": 2}, {NAME: np.array([True, False])})
    assert pickle.loads(pickle.dumps(weights))[NAME].tolist() == [1.0, 0.0]
    weights[NAME]
    assert pickle.loads(pickle.dumps(weights)).nbytes == 16


KINDS = {"flag": pa.bool_(), "count": pa.int64(), "share": pa.float32(), "price": pa.decimal128(10, 2)}


@pytest.fixture
def stays(tmp_path):
    """Two stays, the later one first in the source; the earlier one has not ended."""
    columns = (
        Column("at", Stype.TIMESTAMP),
        Column("left", Stype.TIMESTAMP),
        *(Column(name, Stype.NUMERICAL) for name in KINDS),
    )
    values = {
        "at": pa.array([2 * DAY, DAY], pa.timestamp("us")),
        "left": pa.array([3 * DAY, None], pa.timestamp("us")),
        **{name: pa.array([1, 0], pa.uint8()).cast(kind) for name, kind in KINDS.items()},
    }
    values["share"] = pa.array([0.5, None], pa.float32())
    table = Table("stays", columns, None, "at", "left")
    ingest({"stays": pa.table(values)}, Schema((table,)), tmp_path / "stays")
    return Dataset.open(tmp_path / "stays")


def test_stored_columns_come_in_row_order(stays):
    weights = Weights.stored(stays)
    for name in ("flag", "count", "price"):
        assert weights["stays", name].tolist() == [0.0, 1.0]
    with pytest.raises(FanoutError, match=r"stays\.share: row 0 has no value"):
        weights["stays", "share"]


def test_stored_ends_come_in_row_order(stays):
    assert read_ends(stays, "stays").tolist() == [NO_TIME, 3 * DAY]
    graph = GraphArrays.open(stays)
    assert graph.ends["stays"].tolist() == [NO_TIME, 3 * DAY]
    assert graph.nbytes == 2 * 8 + 2 * 8
    assert graph.weights["stays", "count"].tolist() == [0.0, 1.0]
