"""Reliability bins: against pandas and torchmetrics, for every task type."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.training.calibration import reliability
from workbench.training.metrics import calibration_error
from workbench.training.target import Target

BINARY = Target("binary", "bce")


def error(bins: list) -> float:
    """Expected calibration error, of the bins alone."""
    total = sum(each.labels for each in bins)
    return sum(each.labels * abs(each.predicted - each.observed) for each in bins) / total


@pytest.mark.parametrize("bins", [1, 4, 10])
def test_bins_of_probabilities_are_those_of_pandas_and_give_the_calibration_error(bins: int) -> None:
    rng = np.random.default_rng(bins)
    told = rng.random(400) ** 2
    label = (rng.random(400) < told**0.5).astype(float)
    found = reliability(BINARY, label, told, bins)
    cut = pd.cut(told, np.linspace(0, 1, bins + 1), right=False)
    groups = pd.DataFrame({"label": label, "told": told}).groupby(cut, observed=True)
    assert [each.labels for each in found] == groups.size().tolist()
    assert np.allclose([each.predicted for each in found], groups["told"].mean())
    assert np.allclose([each.observed for each in found], groups["label"].mean())
    assert abs(error(found) - calibration_error("binary", label, told, bins)) < 1e-6


def test_of_several_classes_the_likeliest_counts_and_of_several_labels_all() -> None:
    rng = np.random.default_rng(0)
    told, label = rng.dirichlet(np.ones(3), 300), rng.integers(0, 3, 300)
    found = reliability(Target("multiclass", "cross_entropy", classes=("a", "b", "c")), label, told)
    assert abs(error(found) - calibration_error("multiclass", label, told)) < 1e-6
    many = (rng.random((300, 3)) < told).astype(float)
    several = reliability(Target("multilabel", "bce", classes=("a", "b", "c")), many, told)
    assert sum(each.labels for each in several) == 900
    assert abs(error(several) - calibration_error("multilabel", many, told)) < 1e-6


def test_certainty_is_in_the_last_bin() -> None:
    found = reliability(BINARY, np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.95, 0.0]))
    assert [(each.name, each.labels) for each in found] == [("0 to 0.1", 1), ("0.9 to 1", 2)]


def test_numbers_are_binned_by_size_and_quantiles_by_their_share() -> None:
    label = np.arange(100.0)
    found = reliability(Target("regression", "l1"), label, label + 5)
    assert [each.labels for each in found] == [10] * 10
    assert np.allclose([each.predicted - each.observed for each in found], 5)
    levels = Target("regression", "quantile", quantiles=(0.1, 0.5, 0.9))
    told = np.stack([np.full(100, 9.0), np.full(100, 49.0), np.full(100, 79.0)], axis=1)
    shares = [(each.predicted, each.observed) for each in reliability(levels, label, told)]
    assert shares == [(0.1, 0.1), (0.5, 0.5), (0.9, 0.8)]
    steps = replace(levels, task_type="forecast", steps=2)
    both = reliability(steps, np.stack([label, label], axis=1), np.hstack([told, told]))
    assert [each.labels for each in both] == [200] * 3
    assert [each.observed for each in both] == [0.1, 0.5, 0.8]
    assert len(reliability(Target("regression", "l1"), label[:3], label[:3])) == 3


def test_rankings_and_nothing_have_no_bins() -> None:
    assert reliability(Target("ranking", "softmax"), np.zeros((2, 1)), np.zeros((2, 2, 1))) == []
    assert reliability(BINARY, np.empty(0), np.empty(0)) == []
