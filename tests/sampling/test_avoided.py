"""Rules of negatives refuse what they cannot mean; what they avoid is tested with the draws."""

import numpy as np
import pytest

from workbench.errors import AnchorError, FanoutError, IdError
from workbench.sampling.avoided import Avoided, Ends, Negatives, Positives, _later
from workbench.temporal import BEGINNING, FOREVER


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draw": "hard"}, r"got draw='hard'. Allowed: 'uniform' or 'popular' or 'in-batch'"),
        ({"tries": -1}, "got tries=-1"),
        ({"tries": 1.5}, "got tries=1.5"),
        ({"avoid_edges": "no"}, r"got avoid_edges='no'\. Allowed: True or False"),
        ({"window": (5, 5)}, r"got window=\(5, 5\)"),
        ({"window": 5}, r"got window=5\. Allowed: \(start, end\) with start < end, such as \(0, '30 days'\)"),
        ({"window": ("30 days", "7 days")}, "start < end"),
        ({"positives": [(1, 2)]}, r"got a list\. Allowed: a Positives\. Say Positives\(row, col\)"),
    ],
)
def test_rules_are_checked(options, message):
    with pytest.raises(FanoutError, match=message):
        Negatives(**options)


def test_a_window_is_told_in_lengths_of_time():
    with pytest.raises(AnchorError, match="a length of time was asked for: got 'soon'"):
        Negatives(window=(0, "soon"))


def test_positives_print_how_many_they_are():
    assert repr(Positives([1, 2], [3, 4])) == "Positives(2 pairs, at every anchor)"
    assert repr(Positives([1], [3], [9])) == "Positives(1 pairs, each at its anchor)"


@pytest.mark.parametrize(
    "parts", [([1, 2], [1]), ([1], [-1]), ([1], [1], [1, 2]), ([[1]], [[1]]), ([0.5], [1]), ([True], [1])]
)
def test_positives_are_pairs(parts):
    with pytest.raises(IdError, match="one row, col"):
        Positives(*parts)


def test_windows_are_lengths_of_time():
    day = 86_400_000_000
    assert Negatives(window=(0, "30 days")) == Negatives(window=(0, 30 * day))
    with pytest.raises(AnchorError, match="a length of time was asked for: got '30 moons'"):
        Negatives(window=(0, "30 moons"))


def test_a_link_is_no_negative_of_its_own_but_of_others():
    links = Ends(("a", "b"), np.array([1, 2]), np.array([5, 6]), np.zeros(2, np.int64), np.arange(2))
    avoided = Avoided(links, Negatives(avoid_edges=False), None)
    pairs = np.array([1, 1, 2, 2, -1]), np.array([5, 5, 6, 5, 3])
    assert avoided.has(*pairs, np.array([0, 1, 1, 0, 0])).tolist() == [True, False, True, False, True]
    assert avoided.partners(1, 0).tolist() == [5]
    assert avoided.partners(1, 1).tolist() == []


def test_later_never_wraps():
    moments = np.array([BEGINNING, 0, FOREVER - 1, FOREVER])
    assert _later(moments, 10).tolist() == [BEGINNING + 10, 10, FOREVER, FOREVER]
    assert _later(moments, -10).tolist() == [BEGINNING, -10, FOREVER - 11, FOREVER]
