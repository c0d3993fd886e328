"""Metrics against small cases that can be worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import sklearn.metrics as sklearn
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import TrainingError
from workbench.plan.objective import METRICS
from workbench.query.label_values import Lists
from workbench.query.seed_table import SeedTable
from workbench.testing.sizes import cases
from workbench.training.metrics import better, calibration_error, known_labels, metric, score


def test_binary() -> None:
    found = score("binary", np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9]))
    assert found["auroc"] == 0.75
    assert found["accuracy"] == 0.5
    assert math.isclose(found["log_loss"], -np.mean(np.log([0.9, 0.4, 0.4, 0.9])))
    assert math.isclose(found["average_precision"], 0.5 * 1 + 0.5 * 2 / 3, abs_tol=1e-6)


@settings(max_examples=cases(25, 2000))
@given(st.integers(2, 60), st.integers(0, 2**32), st.integers(1, 3))
def test_scikit_learn_says_the_same(count: int, seed: int, digits: int) -> None:
    """Ties included; scores that are no probabilities are put in order, not squashed."""
    rng = np.random.default_rng(seed)
    told = rng.random(count).round(digits)
    label = np.r_[0.0, 1.0, rng.integers(0, 2, count - 2)]
    found = score("binary", label, told)
    assert math.isclose(found["auroc"], sklearn.roc_auc_score(label, told), abs_tol=1e-6)
    assert math.isclose(
        found["average_precision"], sklearn.average_precision_score(label, told), abs_tol=1e-6
    )
    assert math.isclose(
        found["log_loss"], sklearn.log_loss(label, np.clip(told, 1e-7, 1 - 1e-7)), abs_tol=1e-9
    )
    assert math.isclose(score("binary", label, 1e3 * told - 7)["auroc"], found["auroc"], abs_tol=1e-6)
    classes, shares = rng.integers(0, 4, count), rng.dirichlet(np.ones(4), count)
    expected = sklearn.f1_score(classes, shares.argmax(axis=1), average="macro", zero_division=0)
    assert math.isclose(score("multiclass", classes, shares)["macro_f1"], expected, abs_tol=1e-6)
    number, guess = rng.normal(size=count), rng.normal(size=count)
    found = score("regression", number, guess)
    assert math.isclose(found["rmse"], sklearn.root_mean_squared_error(number, guess), rel_tol=1e-9)
    assert math.isclose(found["r2"], sklearn.r2_score(number, guess), rel_tol=1e-6)


def test_calibration_error_by_hand() -> None:
    label, told = np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.12, 0.14, 0.86, 0.88])
    assert math.isclose(calibration_error("binary", label, told), (0.37 + 0.13) / 2, abs_tol=1e-6)
    classes, shares = np.array([0, 1]), np.array([[0.8, 0.2], [0.8, 0.2]])
    assert math.isclose(calibration_error("multiclass", classes, shares), 0.3, abs_tol=1e-6)
    assert math.isnan(calibration_error("regression", label, told))


def test_one_value_explains_no_variance() -> None:
    assert math.isnan(score("regression", np.ones(3), np.arange(3.0))["r2"])


def test_labels_that_are_not_known_are_named() -> None:
    seeds = SeedTable("users", np.arange(2), pa.array([0, 1]), np.zeros(2, np.int64))
    with pytest.raises(TrainingError, match="its labels are not known"):
        known_labels(seeds)
    lists = replace(seeds, label=Lists.of([[3], [1, 2]]))
    assert known_labels(lists).tolist() == [[3, -1], [1, 2]]


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
    assert math.isclose(found["macro_f1"], (2 / 3 + 1 + 0) / 3, abs_tol=1e-6)
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
