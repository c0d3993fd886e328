"""Seeds as bars: none is lost, whatever their labels and ages."""

import numpy as np

from widgets._batch_bars import age_bars, label_bars
from workbench.testing.graphs import DAY


def test_many_labels_are_put_into_ranges():
    bars = label_bars(np.append(np.arange(100.0), np.nan))
    assert len(bars) == 11
    assert sum(count for _, count in bars) == 101
    assert bars[-1] == ("not finite", 1)
    assert label_bars(None) == label_bars(np.empty(0)) == []
    assert label_bars(np.array([0, 1, 1])) == [("0", 1), ("1", 2)]


def test_classes_are_named_and_the_rarest_are_others():
    assert label_bars(np.array([2, 0, 2]), ["a", "b", "c"]) == [("c", 2), ("a", 1)]
    several = np.array([[1, 0, 1], [1, 0, 0]])
    assert label_bars(several, ["a", "b", "c"]) == [("a", 2), ("c", 1)]
    many = label_bars(np.repeat(np.arange(12), np.arange(12, 0, -1)), [f"class {i}" for i in range(12)])
    assert many[0] == ("class 0", 12)
    assert many[-1] == ("5 others", 1 + 2 + 3 + 4 + 5)
    assert sum(count for _, count in many) == 78


def test_lists_to_rank_are_counted_by_their_length_and_steps_one_by_one():
    lists = np.array([[5, 7, -1], [9, -1, -1], [63, 2, -1], [-1, -1, -1]])
    assert label_bars(lists) == [("0", 1), ("1", 1), ("2", 2)]
    steps = np.array([[0.5, np.nan], [1.5, 0.5]] * 20) * np.arange(1, 41)[:, None]
    bars = label_bars(steps)
    assert bars[-1] == ("not finite", 20)
    assert sum(count for _, count in bars) == 80


def test_ages_are_counted_in_the_unit_that_fits_the_oldest():
    assert age_bars(np.empty(0, np.int64)) == []
    bars = age_bars(np.array([0, 10 * DAY, 100 * DAY]))
    assert sum(count for _, count in bars) == 3
    assert bars[-1] == ("90 to 100 days", 1)
    assert age_bars(np.array([0, 1_000_000]))[0] == ("0 to 0.1 seconds", 1)


def test_old_seeds_have_their_days_counted_out():
    names = [name for name, _ in age_bars(np.array([459, 25_200]) * DAY)]
    assert names[0] == "459 to 2,933 days"
    assert names[-1].endswith(" to 25,200 days")
