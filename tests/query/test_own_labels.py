"""Labels of every kind that a user may bring."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import TaskError
from workbench.query.label_values import Lists
from workbench.query.own_labels import own_labels


@pytest.mark.parametrize(
    ("label", "options", "task_type", "values"),
    [
        ([True, False], {}, "binary", [1.0, 0.0]),
        ([0, 1, 1], {}, "binary", [0.0, 1.0, 1.0]),
        ([0, 1, 1], {"task_type": "regression"}, "regression", [0.0, 1.0, 1.0]),
        ([0.5, 2.0], {}, "regression", [0.5, 2.0]),
        (["b", "a", "b"], {}, "multiclass", [1, 0, 1]),
        (pa.array(["b", "a"]).dictionary_encode(), {}, "multiclass", [1, 0]),
        ([5, 2, 5], {"task_type": "multiclass"}, "multiclass", [1, 0, 1]),
        ([["x"], ["y", "x"], []], {}, "multilabel", [[1, 0], [1, 1], [0, 0]]),
        ([[1.0, 2.0], [3.0, 4.5]], {}, "forecast", [[1.0, 2.0], [3.0, 4.5]]),
        ([[1, 2], [3, 4]], {"task_type": "forecast"}, "forecast", [[1.0, 2.0], [3.0, 4.0]]),
        ([[2, 0, 2], [1]], {"candidates": "users"}, "ranking", [[0, 2], [1]]),
        ([2, 0], {"candidates": "users"}, "ranking", [[2], [0]]),
    ],
)
def test_labels_become_what_a_query_would_give(shop, label, options, task_type, values):
    target, found = own_labels(shop, pa.array(label) if isinstance(label, list) else label, **options)
    assert target.task_type == task_type
    if isinstance(found, Lists):
        assert (found.to_arrow().to_pylist(), target.table) == (values, "users")
    else:
        np.testing.assert_array_equal(found, values)
    if target.classes is not None:
        assert target.classes.to_pylist() == sorted(target.classes.to_pylist())
    assert target.steps == (2 if task_type == "forecast" else 1)


@pytest.mark.parametrize(
    ("label", "options", "message"),
    [
        ([1, 2], {"task_type": "binray"}, "got 'binray'. Allowed: binary, .*Did you mean 'binary'"),
        (
            [1, 2],
            {"task_type": "binary"},
            "labels of a binary task were read: there are others. Allowed: 0 and 1",
        ),
        ([1.0, float("inf")], {}, "Allowed: finite numbers"),
        (["a", "b"], {"task_type": "regression"}, "got a column of string. Allowed: numbers"),
        (["a", "a"], {}, "the column has 1 distinct values"),
        ([[1.0], [1.0, 2.0]], {"task_type": "forecast"}, "lists of 2 lengths"),
        ([[1]], {"task_type": "ranking"}, "Allowed: candidates=, the table whose keys the labels are"),
        ([[1]], {"candidates": "usres"}, "got 'usres'. Allowed: users, .*Did you mean 'users'"),
        ([[1, 99]], {"candidates": "users"}, "1 keys are not in table 'users', such as 99"),
    ],
)
def test_labels_that_cannot_be(shop, label, options, message):
    with pytest.raises(TaskError, match=message):
        own_labels(shop, pa.array(label), **options)
