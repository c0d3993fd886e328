"""Seeds and requests are checked where they are made."""

import numpy as np
import pytest

from workbench.errors import AnchorError, IdError
from workbench.stores.request import SampleRequest, SeedSet
from workbench.stores.steps import StepPlan
from workbench.temporal import FOREVER


def test_one_anchor_is_spread_and_none_means_static():
    seeds = SeedSet.of("users", [3, 1, 3], 7)
    assert seeds.ids.tolist() == [3, 1, 3]
    assert seeds.anchors.tolist() == [7, 7, 7]
    assert seeds.input_ids.tolist() == [0, 1, 2]
    assert SeedSet.of("users", [1]).anchors.tolist() == [FOREVER]
    assert len(SeedSet.of("users", [])) == 0


@pytest.mark.parametrize("bad", [[0.5], [1, 2], 3])
def test_input_ids_are_one_integer_per_seed(bad):
    with pytest.raises(IdError, match="one integer per seed"):
        SeedSet.of("users", [7], None, bad)


@pytest.mark.parametrize("bad", [[0.5], [[1, 2]], ["a"], [True, False]])
def test_seeds_that_are_no_ids_are_refused(bad):
    with pytest.raises(IdError, match="one-dimensional array of integers"):
        SeedSet.of("users", bad)


@pytest.mark.parametrize("bad", [[1, 2], [1.5], ["2010-01-01"]])
def test_anchors_of_a_wrong_form_are_refused(bad):
    with pytest.raises(AnchorError, match="one int64 of microseconds, or one per seed"):
        SeedSet.of("users", [1], bad)


def test_a_joint_request_with_two_anchors_is_refused():
    joint = StepPlan((), 1, disjoint=False)
    two = SeedSet.of("users", [1, 2], [5, 6])
    with pytest.raises(AnchorError, match="2 different anchor times"):
        SampleRequest((two,), joint).check_anchors()
    SampleRequest((SeedSet.of("users", [1, 2], 5),), joint).check_anchors()
    SampleRequest((two,), StepPlan((), 1, disjoint=True)).check_anchors()
    SampleRequest((SeedSet.of("users", []),), joint).check_anchors()


def test_requests_number_seeds_over_all_sets():
    request = SampleRequest((SeedSet.of("a", [1, 2], 5), SeedSet.of("b", [3], 6)), StepPlan((), 1))
    assert len(request) == 3
    assert request.anchors.tolist() == [5, 5, 6]
    assert len(SampleRequest((), StepPlan((), 1)).anchors) == 0


def test_ids_beyond_int32_survive():
    big = np.array([2**40], np.int64)
    assert SeedSet.of("a", big).ids.tolist() == [2**40]
