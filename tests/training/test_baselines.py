"""Both baselines on the shop: they run, are scored on the right seeds and know no future."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.query.task import Task
from workbench.temporal import Span, instant
from workbench.testing.shop import Shop
from workbench.training import baselines as module
from workbench.training import window_features
from workbench.training.baselines import _known, baselines, past_rate
from workbench.training.metrics import metric


def test_both_baselines_are_scored_and_stay_below_bayes(shop: Shop) -> None:
    found = baselines(shop.parts, shop.task)
    assert list(found) == ["past_rate", "boosting"]
    test = shop.task.seeds("test")
    for baseline in found.values():
        assert len(baseline.predictions["test"]) == len(test)
        value = metric("auroc", test.label, baseline.predictions["test"])
        assert baseline.scores["test"]["auroc"] == value
        assert value < shop.truth.bayes_auc(test) + 0.01
        assert baseline.name in repr(baseline)
        assert baseline.chosen


def test_boosting_leaves_excluded_columns_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    monkeypatch.setattr(
        module, "flat_table", lambda *given: read.update(given[-1]) or window_features.flat_table(*given)
    )
    baselines(shop.parts, shop.task, exclude=(name for name in ["users.age"]))
    assert read == {"users.age"}


def test_a_label_is_known_once_its_last_window_is_over(shop: Shop) -> None:
    # From 1 February the target's 30 days are over on 2 March, the month of ASSUMING on 1 March already;
    # from 1 January they are over on 31 January, and the month on 1 February.
    query = f"{shop.truth.query} ASSUMING COUNT(orders.*, 0, 1, months) > 0"
    task = Task.build(shop.parts.dataset, query, val="2024-06-01", test="2024-07-01", every="1 month")
    known = _known(task, [task.seeds("train")])
    anchors = task.seeds("train").anchor_time
    ends = np.maximum(Span.read("30 days").after_each(anchors), Span.read("1 month").after_each(anchors))
    assert np.array_equal(known.end, ends)
    february = anchors == instant("2024-02-01")
    assert february.any()
    assert set(known.end[february].tolist()) == {instant("2024-03-02")}


def test_past_rate_at_the_first_anchor_knows_nothing_of_anyone(shop: Shop) -> None:
    found = past_rate(shop.task, "log_loss")
    val = shop.task.seeds("val")
    assert np.isfinite(found.predictions["val"]).all()
    assert (found.predictions["val"] > 0).all()
    assert len(found.predictions["val"]) == len(val)
