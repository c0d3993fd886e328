"""The past rate against a loop over labels, and its time rule."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.testing.sizes import cases
from workbench.training.past_rate import Known, Setting, past_rates
from workbench.training.past_rate import settings as all_settings


def loop(known: Known, entity: int, anchor: int, window: int, setting: Setting, prior: float) -> float:
    usable = known.end <= anchor
    age = (anchor - known.end) / window
    weight = np.where(usable, 0.5 ** (age / setting.half_life) if setting.half_life else 1.0, 0.0)
    mine = weight * (known.entity == entity)
    common = ((weight * known.label).sum() + prior) / (weight.sum() + 1)
    return float(((mine * known.label).sum() + setting.shrink * common) / (mine.sum() + setting.shrink))


@settings(max_examples=cases(100, 2000))
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.booleans()), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 4), st.integers(-2, 33)), min_size=1, max_size=6),
)
def test_equal_to_a_loop(labels: list[tuple[int, int, bool]], asked: list[tuple[int, int]]) -> None:
    entity, end, label = (np.array(part) for part in zip(*labels, strict=True))
    known = Known(entity.astype(np.int64), end.astype(np.int64) * 1000, label.astype(float))
    wanted = np.array([e for e, _ in asked], np.int64)
    anchors = np.array([a for _, a in asked], np.int64) * 1000
    tried = all_settings()
    found = past_rates(known, wanted, anchors, 1000, tried, 0.3)
    for setting, values in zip(tried, found, strict=True):
        for i, (e, a) in enumerate(asked):
            assert np.isclose(values[i], loop(known, e, a * 1000, 1000, setting, 0.3), atol=1e-9)


def test_a_window_that_is_not_over_says_nothing() -> None:
    known = Known(np.array([0]), np.array([100]), np.array([1.0]))
    setting = Setting(1.0, None)
    before, after = past_rates(known, np.array([0, 0]), np.array([99, 100]), 10, [setting], 0.0)[0]
    assert before == 0.0
    assert after > 0.5


def test_very_old_labels_do_not_overflow() -> None:
    year = 365 * 86_400_000_000
    ends = np.arange(0, 100 * year, year, dtype=np.int64)
    known = Known(np.zeros(100, np.int64), ends, np.ones(100))
    values = past_rates(known, np.zeros(1, np.int64), ends[-1:], year // 365, [Setting(1.0, 3)], 0.5)[0]
    assert np.isfinite(values).all()
    assert values[0] > 0.5
