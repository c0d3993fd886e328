"""Losses, metrics and task types fit together."""

from __future__ import annotations

import pytest

from workbench.plan.objective import LOSSES, METRICS, TASK_TYPES, USUAL, metrics_of


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_every_task_type_has_losses_metrics_and_the_usual_ones_are_among_them(task_type: str) -> None:
    loss, metric = USUAL[task_type]
    assert task_type in LOSSES[loss]
    assert metric in metrics_of(task_type)


def test_nothing_is_for_a_task_type_that_there_is_not() -> None:
    named = {kind for kinds in LOSSES.values() for kind in kinds}
    assert named | {kind for kinds, _ in METRICS.values() for kind in kinds} == set(TASK_TYPES)
