"""Random splits: shares are kept, later rows move nobody, and mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import TaskError
from workbench.query.random_split import RandomSplit
from workbench.query.split_options import SplitOptions


def test_shares_are_kept_and_another_key_draws_anew():
    ids = np.arange(50_000)
    found = RandomSplit(0.2, 0.1).of(ids)
    shares = np.bincount(found, minlength=3) / len(ids)
    np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.006)  # three standard deviations
    other = RandomSplit(0.2, 0.1, key=1).of(ids)
    assert 0.4 < np.mean(found == other) < 0.68, "independent: 0.54 agree by chance"


def test_a_split_is_a_function_of_the_entity_alone():
    ids = np.arange(1000)
    every = RandomSplit().of(ids)
    some = np.random.default_rng(0).permutation(ids)[:300]
    np.testing.assert_array_equal(RandomSplit().of(some), every[some])
    assert len(RandomSplit().of(ids[:0])) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val": "2020-01-01"}, "val= was set: got '2020-01-01'. Allowed: a share between 0 and 1"),
        ({"test": 1.5}, "test= was set: got 1.5"),
        ({"val": 0.6, "test": 0.5}, "got val=0.6, test=0.5. Allowed: shares above 0"),
        ({"every": "1 day"}, "every= was set, and a query without a later target has no anchors"),
        ({"key": 1.5}, "key= was set: got 1.5. Allowed: a whole number"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(TaskError, match=message):
        RandomSplit.place(SplitOptions.of(options))


def test_options_that_can_be():
    placed = RandomSplit.place(SplitOptions.of({"val": 0.25, "key": 7, "until": "1970-01-02"}))
    assert placed == RandomSplit(0.25, 0.1, 7, 86_400_000_000)
