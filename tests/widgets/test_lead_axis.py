"""The axis of the cutoff slider, against counting one by one."""

import numpy as np
import pytest

from widgets._lead_axis import STEPS, LeadAxis, lead_text, length_text
from workbench.testing.graphs import DAY

SECOND = 1_000_000


@pytest.mark.parametrize("seed", range(20))
def test_every_lead_lies_in_its_bin_and_the_anchor_parts_them(seed):
    rng = np.random.default_rng(seed)
    scale = 10 ** int(rng.integers(1, 16))
    leads = rng.integers(-scale * int(rng.integers(0, 2)), scale, 200)
    axis = LeadAxis.of(leads)
    assert axis.high - axis.low <= STEPS + 2
    assert axis.low * axis.step <= -leads.max()
    assert axis.high * axis.step >= -leads.min()
    ends, counts = axis.bins(leads)
    width = (ends[1] - ends[0] if len(ends) > 1 else 1) * axis.step
    for left, count in zip(ends, counts, strict=True):
        assert count == np.sum((-leads > left * axis.step) & (-leads <= left * axis.step + width))
    assert sum(counts) == len(leads)
    assert 0 in [end + width // axis.step for end in ends] or 0 in ends


@pytest.mark.parametrize("leads", [[], [0], [DAY], [-DAY], [1], [-1], [2**61, -(2**61)]])
def test_few_and_far_leads_have_an_axis(leads):
    leads = np.array(leads, np.int64)
    axis = LeadAxis.of(leads)
    assert axis.low <= 0 <= axis.high
    assert sum(axis.bins(leads)[1]) == len(leads)


def test_steps_are_round():
    assert LeadAxis.of(np.array([300 * DAY])).step == DAY
    assert LeadAxis.of(np.array([300 * SECOND])).step == SECOND


def test_lengths_are_told_in_the_largest_unit():
    assert length_text(DAY) == "1 day"
    assert length_text(DAY * 3 // 2) == "1.5 days"
    assert length_text(5000 * DAY + 1) == "5,000 days"
    assert length_text(90 * SECOND) == "1.5 minutes"
    assert length_text(17) == "17 microseconds"
    assert lead_text(7 * DAY) == "7 days before the anchor"
    assert lead_text(-3600 * SECOND) == "1 hour after the anchor"
    assert lead_text(0) == "at the anchor"
