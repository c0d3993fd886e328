"""Candidates: which there are, and which no other beats."""

from types import SimpleNamespace

import pytest

import workbench as wb
from widgets._candidates import Candidate, candidates_of, front, known_points
from workbench.errors import WorkbenchError
from workbench.sampling.profile_batches import Interval


def candidate(nodes, worth, high=None):
    profile = SimpleNamespace(nodes=Interval(nodes, nodes, nodes if high is None else high))
    return Candidate(None, "c", profile, worth)


def test_the_front_is_what_no_other_beats():
    some = [candidate(1, 0.1), candidate(2, 0.5), candidate(2, 0.4), candidate(3, 0.5), candidate(9, 0.6)]
    some.append(Candidate(None, "not measured"))
    assert front(some, "nodes", higher=True) == [0, 1, 4]
    assert front(some, "nodes", higher=False) == [0]
    assert front([candidate(1, 0.5), candidate(1, 0.5)], "nodes", higher=True) == [0, 1]


def test_without_names_the_plans_own_fanout_is_scaled_and_none_is_twice_there():
    plan = wb.ModelPlan(fanout=wb.Fanout([4, 2]))
    fanouts = [each.fanout for each in candidates_of(plan, None)]
    assert plan.fanout in fanouts
    assert wb.scaled(plan.fanout, 4.0) in fanouts
    assert all(fanouts.count(fanout) == 1 for fanout in fanouts)
    assert "hop 1: 4, hop 2: 2" in [each.name for each in candidates_of(plan, None)]
    with pytest.raises(WorkbenchError, match="got a int among the candidates"):
        candidates_of(plan, [4])


def test_points_are_in_the_unit_of_the_cost_and_open_ends_are_left_out():
    open_ended = candidate(4.0, 0.5, float("inf"))
    assert known_points([Candidate(None, "x"), open_ended], "nodes") == [
        {"at": 1, "label": "c: 4 nodes per batch", "x": [4.0, 4.0, None], "y": 0.5}
    ]
