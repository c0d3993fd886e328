"""Time as numbers: periodic, ordered by age, silent where there is no time."""

from __future__ import annotations

import torch

from workbench.models.time_features import AGE_KNOTS, AGE_WIDTH, CYCLIC_WIDTH, DAY, HOUR, age, cyclic
from workbench.temporal import FOREVER, NO_TIME, instant


def test_cycles_repeat() -> None:
    monday = instant("2024-01-01 13:00")
    a, b = cyclic(torch.tensor([monday])), cyclic(torch.tensor([monday + 7 * DAY]))
    week = [0, 1, 3, 4]  # sine and cosine of day and week
    assert a.shape == (1, CYCLIC_WIDTH)
    assert torch.allclose(a[:, week], b[:, week], atol=1e-5)
    assert not torch.allclose(a, b, atol=1e-3)
    assert (cyclic(torch.tensor([instant("1950-06-01 07:30")])).abs() <= 1).all()


def test_age_is_a_histogram_of_recency() -> None:
    anchor = instant("2024-01-01")
    ages = torch.tensor([0, HOUR, DAY, 30 * DAY, 365 * DAY, 200 * 365 * DAY])
    parts = age(torch.full_like(ages, anchor), anchor - ages)
    assert parts.shape == (6, AGE_WIDTH)
    hats = parts[:, :AGE_KNOTS]
    assert torch.allclose(hats.sum(1), torch.ones(6), atol=1e-5)
    assert (hats.argmax(1).diff() >= 0).all()
    assert (parts[:, AGE_KNOTS].diff() > 0).all()


def test_an_instant_after_the_anchor_differs_from_one_before() -> None:
    anchor = torch.tensor([instant("2024-01-01")] * 2)
    parts = age(anchor, anchor + torch.tensor([DAY, -DAY]))
    assert (parts[0, :AGE_KNOTS] == 0).all()
    assert parts[0, AGE_KNOTS] == -parts[1, AGE_KNOTS]


def test_no_time_says_nothing() -> None:
    now = instant("2024-01-01")
    anchors, times = torch.tensor([FOREVER, now, FOREVER]), torch.tensor([now, NO_TIME, NO_TIME])
    assert (age(anchors, times) == 0).all()
    assert (cyclic(torch.tensor([NO_TIME])) == 0).all()
