"""Bootstrap by entity: against sklearn on the same resamples, and as wide as it has to be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from workbench.testing.sizes import cases
from workbench.training import confidence
from workbench.training.confidence import ENTITIES, draws, interval, resampled
from workbench.training.metrics import metric


@pytest.mark.parametrize("seed", range(cases(3, 100)))
def test_aurocs_of_resamples_are_sklearns_ties_included(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    entity, score = rng.integers(0, 30, 80), rng.random(80).round(1)
    label = (rng.random(80) < score).astype(float)
    counts = draws(entity, 20, seed)
    monkeypatch.setattr(confidence, "_ROWS", 7 * 80)
    found = resampled("auroc", "binary", label, score, counts)
    expected = [roc_auc_score(np.repeat(label, count), np.repeat(score, count)) for count in counts]
    assert np.allclose(found, expected)


def test_seeds_of_one_entity_are_drawn_together_and_the_key_fixes_them() -> None:
    entity = np.repeat(np.arange(40), 3)
    counts = draws(entity, 15, key=2)
    assert all((count.reshape(40, 3) == count[::3, None]).all() for count in counts)
    assert all(count[::3].sum() == 40 for count in counts)
    assert np.array_equal(counts, draws(entity, 15, key=2))
    assert not np.array_equal(counts, draws(entity, 15, key=3))


def test_other_metrics_are_taken_of_the_rows_that_were_drawn() -> None:
    rng = np.random.default_rng(0)
    label, told = rng.normal(size=50), rng.normal(size=50)
    counts = draws(np.arange(50), 5)
    for name in ("mae", "r2"):
        expected = [
            metric(name, "regression", np.repeat(label, count), np.repeat(told, count)) for count in counts
        ]
        assert resampled(name, "regression", label, told, counts).tolist() == expected


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, inside, trials = np.random.default_rng(1), 0, cases(60, 600)
    for trial in range(trials):
        entity = np.repeat(np.arange(60), 2)
        label = np.repeat(rng.normal(3.0, 1.0, 60), 2)  # both seeds of an entity say the same
        low, high = interval(
            resampled("mae", "regression", label, np.zeros(120), draws(entity, 100, key=trial))
        )
        inside += low <= 3.0 + 2 * 0.00038 <= high  # the mean of |N(3, 1)|
    assert inside / trials > 0.85


def test_what_is_undefined_has_no_interval() -> None:
    assert all(map(math.isnan, interval(np.array([0.5, np.nan, np.nan]))))
    assert interval(np.array([0.5, 0.5, np.nan])) == (0.5, 0.5)
    assert draws(np.arange(ENTITIES - 1), 9) == []
    assert all(map(math.isnan, interval(resampled("auroc", "binary", np.zeros(3), np.zeros(3), []))))
    one = resampled("auroc", "binary", np.zeros(20), np.zeros(20), draws(np.arange(20), 9))
    assert np.isnan(one).all()


def test_very_many_seeds_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confidence, "WORK", 3_000)
    assert len(draws(np.arange(100), 200)) == 30
    assert len(draws(np.arange(1_000), 200)) == confidence.FEWEST
