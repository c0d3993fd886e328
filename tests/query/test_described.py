"""Balance and drift of labels of every task type."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from workbench.query.described import balance, drift
from workbench.query.label_values import Lists
from workbench.query.seed_table import SeedTable
from workbench.temporal import FOREVER, instant

DAY = 86_400_000_000


def seeds(label, days=None, classes=None):
    count = 3 if label is None else len(label)
    start = np.array([FOREVER] * count if days is None else [instant("2020-01-01") + d * DAY for d in days])
    return SeedTable("users", np.arange(count), pa.array(range(count)), start, label, "train", None, classes)


NAMES = pa.array(["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("task_type", "label", "classes", "said"),
    [
        ("binary", np.array([1.0, 0, 1]), None, "3 seeds, 66.7 % positive"),
        ("regression", np.array([2.0]), None, "1 seed, mean 2 (2 .. 2)"),
        ("forecast", np.array([[1.0, 3.0], [0.0, 4.0]]), None, "2 seeds, mean 2 (0 .. 4)"),
        ("multiclass", np.array([1, 1, 0, 3]), NAMES, "4 seeds, b 50 %, a 25 %, d 25 % and 1 more"),
        ("multilabel", np.array([[1, 1, 0, 0], [0, 1, 0, 0]], np.uint8), NAMES,
         "2 seeds, b 100 %, a 50 %, c 0 % and 1 more"),
        ("ranking", Lists.of([[4, 7], [4]]), None, "2 seeds, 1.5 of 2 rows each"),
        ("binary", None, None, "3 seeds"),
        ("binary", np.array([]), None, "0 seeds"),
    ],
)  # fmt: skip
def test_balance(task_type, label, classes, said):
    assert balance(seeds(label, classes=classes), task_type) == said


def test_drift_is_the_level_in_stretches_of_time():
    label = np.array([0.0, 1.0, 1.0, 1.0])
    train, test = seeds(label[:3], [0, 0, 30]), seeds(label[3:], [60])
    assert drift([train, test], "binary") == (
        "positive from 2020-01-01 50 %, 2020-01-31 100 %, 2020-03-01 100 %"
    )
    assert (
        drift([seeds(Lists.of([[1, 2], [1]]), [0, 10])], "ranking")
        == "rows of a seed from 2020-01-01 2, 2020-01-11 1"
    )
    codes = seeds(np.array([0, 1, 1]), [0, 0, 10], NAMES)
    later = seeds(np.array([2]), [30], NAMES)
    assert drift([codes, later], "multiclass").endswith("2020-01-11 100 %, 2020-01-31 0 %"), (
        "one class for all"
    )
    assert drift([codes], "multiclass") == "the most frequent class from 2020-01-01 50 %, 2020-01-11 100 %"


def test_there_is_no_drift_without_time():
    assert drift([seeds(np.array([1.0, 0]))], "binary") == ""
    assert drift([seeds(np.array([1.0, 0]), [3, 3])], "binary") == ""
    assert drift([seeds(None)], "binary") == drift([], "binary") == ""
