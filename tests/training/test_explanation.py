"""Explanation as a value: seeds apart, means over seeds, one table of everything."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import TrainingError
from workbench.query.seed_table import SeedTable
from workbench.temporal import FOREVER
from workbench.training.explain import CONTENTS, PRESENCE
from workbench.training.explanation import Explanation

DAY = datetime(2024, 1, 2)
ROWS = [
    (0, 0, "users", 7, "u7", None, "users.age", 2.0),
    (1, 0, "users", 8, "u8", None, "users.age", -4.0),
    (0, 1, "orders", 1, "o1", DAY, "orders.amount", 0.5),
    (0, 1, "orders", 1, "o1", DAY, "orders.order_time", -3.0),
    (0, 2, "orders", 1, "o1", DAY, "orders.amount", 1.0),
    (1, 1, "orders", 2, "o2", None, "orders.amount", 1.0),
]
THERE = [(0, 1, "orders-user_id->users", 2, 0.25), (1, 2, "users-rev_user_id->orders", 1, 0.5)]


def table(rows, schema):
    return pa.table(
        [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(schema)], schema=schema
    )


@pytest.fixture
def explanation() -> Explanation:
    seeds = SeedTable("users", np.array([7, 8]), pa.array(["u7", "u8"]), np.array([0, FOREVER]))
    value = np.array([1.75, -1.5])
    parts = (table(ROWS, CONTENTS), table(THERE, PRESENCE))
    return Explanation(seeds, ("", ""), "log-odds", value, np.array([1.0, 1.0]), np.zeros(2), *parts, None)


def test_columns_are_means_over_the_seeds(explanation: Explanation) -> None:
    assert explanation.columns.to_pylist() == [
        {"column": "users.age", "contribution": -1.0, "magnitude": 3.0},
        {"column": "orders.order_time", "contribution": -1.5, "magnitude": 1.5},
        {"column": "orders.amount", "contribution": 1.25, "magnitude": 1.25},
    ]
    assert [each.value[0] for each in explanation] == explanation.value.tolist()
    alone = explanation[1]
    assert alone.columns.to_pydict()["contribution"] == [-4.0, 1.0]
    assert len(alone) == 1
    assert alone.value[0] == -1.5


def test_a_neighbour_met_twice_is_one(explanation: Explanation) -> None:
    near = explanation.neighbours.to_pylist()
    assert [(row["seed"], row["key"], row["hop"], row["contribution"]) for row in near] == [
        (0, "o1", 1, -1.5),
        (1, "o2", 1, 1.0),
    ]
    assert explanation.hops.to_pylist() == [
        {"hop": 0, "contents": -1.0, "presence": 0.0},
        {"hop": 1, "contents": -0.75, "presence": 0.125},
        {"hop": 2, "contents": 0.5, "presence": 0.25},
    ]


def test_one_table_holds_everything(explanation: Explanation) -> None:
    rows = explanation.to_arrow()
    assert len(rows) == len(ROWS) + len(THERE)
    assert rows["contribution"].to_pylist() == [row[-1] for row in (*ROWS, *THERE)]
    assert rows["entity"].to_pylist() == ["u7" if row[0] == 0 else "u8" for row in (*ROWS, *THERE)]
    assert explanation[1].to_arrow()["entity"].unique().to_pylist() == ["u8"]
    assert rows["anchor_time"].null_count == 3  # those of the static seed


def test_it_prints_what_moved_it(explanation: Explanation) -> None:
    assert np.allclose(explanation.prediction, 1 / (1 + np.exp([-1.75, 1.5])))
    printed = repr(explanation[0])
    assert "users u7 at 1970-01-01: 0.852, value 1.75 (log-odds); a typical row alone says 1" in printed
    assert "hop 1: orders o1 of 2024-01-02 00:00:00 -1.5" in printed
    assert "2 predictions, means" in repr(explanation)
    for seed in (2, -1, "0", True):
        with pytest.raises(TrainingError, match="0 to 1"):
            explanation[seed]
