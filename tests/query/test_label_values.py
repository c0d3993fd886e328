"""Labels of every task type as arrays, and back as Arrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.query.label_values import Lists, complete, join_labels, label_values, to_arrow
from workbench.query.targets import Target

CLASSES = pa.array(["a", "b", "c"])


def chunked(*parts):
    return pa.chunked_array([pa.array(part) for part in parts])


@given(st.lists(st.lists(st.integers(-3, 3), max_size=4), max_size=8), st.data())
def test_lists_choose_rows_as_python_does(rows, data):
    lists = Lists.of(rows)
    assert [lists.row(i).tolist() for i in range(len(lists))] == rows
    assert lists.to_arrow().to_pylist() == rows
    chosen = data.draw(st.lists(st.integers(-len(rows), len(rows) - 1), max_size=9) if rows else st.just([]))
    found = lists[np.array(chosen, np.int64)]
    assert [found.row(i).tolist() for i in range(len(found))] == [rows[i] for i in chosen]
    assert lists[1:].to_arrow().to_pylist() == rows[1:]
    mask = np.array([len(row) > 1 for row in rows], np.bool_)
    assert lists[mask].to_arrow().to_pylist() == [row for row in rows if len(row) > 1]


@given(st.lists(st.lists(st.lists(st.integers(0, 9), max_size=3), max_size=4), min_size=1, max_size=3))
def test_labels_are_joined_in_order(tables):
    joined = join_labels([Lists.of(rows) for rows in tables])
    assert [joined.row(i).tolist() for i in range(len(joined))] == [row for rows in tables for row in rows]
    lines = [np.array([sum(row) for row in rows], np.float64) for rows in tables]
    assert join_labels(lines).tolist() == [sum(row) for rows in tables for row in rows]


def test_numbers():
    for task_type in ("binary", "regression", "forecast"):
        found = label_values(chunked([1.0, 2.0], [0.5]), Target(task_type))
        assert (found.tolist(), found.dtype) == ([1.0, 2.0, 0.5], np.float64)
        assert to_arrow(found, None).to_pylist() == found.tolist()


def test_classes_are_positions():
    found = label_values(chunked(["b"], ["a", "c"]), Target("multiclass", classes=CLASSES))
    assert (found.tolist(), found.dtype) == ([1, 0, 2], np.int64)
    assert to_arrow(found, CLASSES).to_pylist() == ["b", "a", "c"]
    whole = label_values(chunked([2.0, 7.0]), Target("multiclass", classes=pa.array([2, 5, 7])))
    assert whole.tolist() == [0, 2], "of numbers that an aggregate made float64"


def test_several_classes_are_a_line_of_ones_and_zeros():
    found = label_values(chunked([["a", "c"]], [["b"], []]), Target("multilabel", classes=CLASSES))
    assert (found.tolist(), found.dtype) == ([[1, 0, 1], [0, 1, 0], [0, 0, 0]], np.uint8)
    assert to_arrow(found, CLASSES).to_pylist() == [["a", "c"], ["b"], []]
    none = label_values(pa.chunked_array([], pa.list_(pa.string())), Target("multilabel", classes=CLASSES))
    assert none.shape == (0, 3)


def test_ranked_rows_are_lists():
    found = label_values(chunked([[3, 5]], [[1]]), Target("ranking", table="items"))
    assert (found.indptr.tolist(), found.values.tolist()) == ([0, 2, 3], [3, 5, 1])
    assert to_arrow(found, None).to_pylist() == [[3, 5], [1]]
    single = label_values(chunked([4, 2]), Target("ranking", table="items"))
    assert [single.row(i).tolist() for i in range(2)] == [[4], [2]]


@pytest.mark.parametrize("steps", [2, 3])
def test_a_forecast_needs_every_step(steps):
    # (n, node) with all its steps but for the second, of which the first is missing
    pairs = [(0, 4), (0, 5), (1, 4)]
    rows = [(n, node, s) for i, (n, node) in enumerate(pairs) for s in range(steps) if i != 1 or s]
    n, node, step = (np.array(column) for column in zip(*rows, strict=True))
    values = node * 100.0 + n * 10 + step
    order, lines = complete(np.arange(len(rows)), node, n, values, steps)
    assert [(int(n[i]), int(node[i])) for i in order] == [pairs[0], pairs[2]]
    assert lines.tolist() == [[400.0 + s for s in range(steps)], [410.0 + s for s in range(steps)]]
    assert to_arrow(lines, None).to_pylist() == lines.tolist()
    empty, none = complete(order[:0], order[:0], order[:0], values[:0], steps)
    assert (len(empty), none.shape) == (0, (0, steps))
