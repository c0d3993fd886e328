"""Explanations as groups of bars."""

import numpy as np

import workbench as wb
from widgets._explain_bars import MOST, explanation_groups, explanation_title, importance_groups
from workbench.training.importance import Effect


def test_the_groups_of_a_seed_hold_its_contributions(explained):
    one = explained[1]
    near = one.neighbours.slice(0, MOST).to_pylist()
    hops, columns, neighbours = explanation_groups(one, near)
    total = sum(value for _, value in hops["rows"])
    assert np.isclose(one.base[0] + total + one.gap[0], one.value[0])
    assert [name for name, _ in columns["rows"]] == one.columns["column"].to_pylist()[:MOST]
    assert [value for _, value in neighbours["rows"]] == [row["contribution"] for row in near]
    assert neighbours["pick"]
    assert not columns["pick"]
    assert f"users {one.seeds.key[0]} at " in explanation_title(one)
    assert f"{one.prediction[0]:.4g} (from {one.base[0]:.4g}" in explanation_title(one)


def test_an_open_interval_is_left_out():
    effects = (Effect("column", "a.b", 0.5, 0.25, 0.75), Effect("column", "a.c", 0.1, -np.inf, np.inf))
    columns, cells, hops = importance_groups(wb.Importance("auroc", 0.7, "val", 9, effects))
    assert columns["rows"] == [["a.b", 0.5, 0.25, 0.75], ["a.c", 0.1]]
    assert cells["rows"] == hops["rows"] == []
