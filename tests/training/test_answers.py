"""Numbers as columns: names, classes, lists, levels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from workbench.training.answers import answer_columns
from workbench.training.target import Target


def told(target: Target, values: list[object]) -> dict[str, list[object]]:
    return {name: column.to_pylist() for name, column in answer_columns(target, np.array(values)).items()}


def test_one_number_is_one_column() -> None:
    assert told(Target("binary", "bce"), [0.25, 1.0]) == {"prediction": [0.25, 1.0]}


def test_the_likeliest_class_and_every_probability() -> None:
    target = Target("multiclass", "cross_entropy", classes=("north", "south"))
    assert told(target, [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]) == {
        "prediction": ["north", "north", "south"],
        "probability_north": [0.75, 0.5, 0.25],
        "probability_south": [0.25, 0.5, 0.75],
    }
    numbers = Target("multiclass", "cross_entropy", classes=(3, 7))
    assert told(numbers, [[0.0, 1.0]])["prediction"] == [7]


def test_every_likely_label_and_the_k_likeliest() -> None:
    values: list[object] = [[0.5, 0.1, 0.9], [0.1, 0.2, 0.3]]
    several = Target("multilabel", "bce", classes=("a", "b", "c"))
    assert told(several, values)["prediction"] == [["a", "c"], []]
    ranked = Target("multilabel", "bce", classes=("a", "b", "c"), top_k=2)
    assert told(ranked, values)["prediction"] == [["c", "a"], ["c", "b"]]
    many = Target("multiclass", "cross_entropy", classes=("a", "b", "c"), top_k=9)
    assert told(many, [[0.25, 0.5, 0.25]])["prediction"] == [["b", "a", "c"]]


def test_levels_and_steps_have_columns_of_their_own() -> None:
    levels = Target("regression", "quantile", quantiles=(0.1, 0.5, 0.9))
    assert told(levels, [[1.0, 2.0, 3.0]]) == {
        "prediction": [2.0], "quantile_0.1": [1.0], "quantile_0.5": [2.0], "quantile_0.9": [3.0],
    }  # fmt: skip
    assert told(Target("forecast", "l1", steps=2), [[1.0, 2.0]]) == {"step_1": [1.0], "step_2": [2.0]}
    both = Target("forecast", "quantile", steps=2, quantiles=(0.2, 0.6))
    assert told(both, [[1.0, 2.0, 3.0, 4.0]]) == {
        "step_1": [2.0], "step_1_quantile_0.2": [1.0], "step_1_quantile_0.6": [2.0],
        "step_2": [4.0], "step_2_quantile_0.2": [3.0], "step_2_quantile_0.6": [4.0],
    }  # fmt: skip


def test_no_seeds_have_the_same_columns() -> None:
    target = Target("multilabel", "bce", classes=("a", "b"))
    columns = answer_columns(target, target.blank(0))
    assert list(columns) == ["prediction", "probability_a", "probability_b"]
    assert str(columns["prediction"].type) == "list<item: string>"


def test_a_ranking_is_a_list_of_keys_without_those_that_have_no_chance() -> None:
    values = np.array([[[2, 0], [0.5, 0.25]], [[1, 0], [0.5, -np.inf]]])
    target = Target("ranking", "softmax", table="items", candidates=3)
    columns = answer_columns(target, values, lambda rows: pa.array([f"item {row}" for row in rows]))
    assert columns["prediction"].to_pylist() == [["item 2", "item 0"], ["item 1"]]
    assert columns["score"].to_pylist() == [[0.5, 0.25], [0.5]]
