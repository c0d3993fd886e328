"""Metrics against small cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench.errors import TrainingError
from workbench.plan.objective import METRICS
from workbench.training.metrics import better, metric, score


def test_binary() -> None:
    found = score("binary", np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9]))
    assert found["auroc"] == 0.75
    assert found["accuracy"] == 0.5
    assert math.isclose(found["log_loss"], -np.mean(np.log([0.9, 0.4, 0.4, 0.9])))
    assert math.isclose(found["average_precision"], 0.5 * 1 + 0.5 * 2 / 3)


def test_regression() -> None:
    found = score("regression", np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]))
    assert math.isclose(found["mae"], 2 / 3)
    assert math.isclose(found["rmse"], math.sqrt(4 / 3))
    assert math.isclose(found["r2"], -1.0)


def test_multiclass() -> None:
    label = np.array([0, 1, 2, 1])
    told = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2], [0.3, 0.4, 0.3]])
    found = score("multiclass", label, told)
    assert found["accuracy"] == 0.75
    assert math.isclose(found["macro_f1"], (2 / 3 + 1 + 0) / 3)
    assert math.isclose(found["log_loss"], -np.mean(np.log([0.7, 0.8, 0.2, 0.4])))


def test_multilabel_metrics_are_means_over_the_labels_that_have_both_kinds() -> None:
    label = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]])
    told = np.array([[0.9, 0.1, 0.1], [0.2, 0.4, 0.1], [0.8, 0.9, 0.6], [0.1, 0.6, 0.1]])
    found = score("multilabel", label, told)
    first, second = (score("binary", label[:, i], told[:, i]) for i in range(2))
    assert found["auroc"] == (first["auroc"] + second["auroc"]) / 2
    assert found["average_precision"] == (first["average_precision"] + second["average_precision"]) / 2
    assert found["accuracy"] == np.mean((told >= 0.5) == label)
    assert math.isclose(found["macro_f1"], (1.0 + 0.5) / 2)


def test_a_forecast_is_scored_over_all_its_steps() -> None:
    label, told = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 3.0], [3.0, 2.0]])
    assert score("forecast", label, told) == score("regression", label.ravel(), told.ravel())
    with pytest.raises(TrainingError, match=r"shape \(2, 2\) and predictions of shape \(2, 3\)"):
        score("forecast", label, np.zeros((2, 3)))


def test_one_class_has_no_ranking() -> None:
    found = score("binary", np.zeros(3), np.full(3, 0.5))
    assert math.isnan(found["auroc"])
    assert math.isfinite(found["log_loss"])


def test_certain_and_wrong_is_finite() -> None:
    assert math.isfinite(metric("log_loss", "binary", np.array([1.0, 0.0]), np.array([0.0, 1.0])))


@pytest.mark.parametrize("name", METRICS)
def test_better_follows_the_direction(name: str) -> None:
    higher = METRICS[name][1]
    assert better(name, 2.0, 1.0) is higher
    assert better(name, 1.0, 2.0) is not higher
    assert better(name, 1.0, float("nan"))
    assert not better(name, float("nan"), 1.0)
    assert not better(name, 1.0, 1.0)


def test_numbers_that_are_not_finite_are_named() -> None:
    with pytest.raises(TrainingError, match="1 of 4 labels and predictions are not finite"):
        score("binary", np.array([0.0, 1.0]), np.array([0.5, np.nan]))


def test_lengths_are_checked() -> None:
    with pytest.raises(TrainingError, match=r"shape \(2,\) and predictions of shape \(1,\)"):
        score("binary", np.zeros(2), np.zeros(1))
    with pytest.raises(TrainingError, match="at least one"):
        score("regression", np.zeros(0), np.zeros(0))
