"""Cells: numbers, shares and draws are read, completed from what is around them, and made steps."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_values import BUYS, DAY, FRIEND, SHOP, draws, meaning, said, takes

from workbench.errors import FanoutError
from workbench.plan.cells import as_draw, complete, json_cell, read_cell, read_draw, to_step, with_take
from workbench.plan.draw import Draw


@given(takes | draws())
def test_a_cell_survives_json_in_its_shortest_form(value):
    cell = read_cell(value, "here")
    assert read_cell(json.loads(json.dumps(json_cell(cell))), "here") == cell
    assert as_draw(cell) == as_draw(value)
    assert isinstance(cell, Draw) == bool(as_draw(value).options())


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (np.int32(4), 4),
        (np.float64(0.5), 0.5),
        (Draw(4), 4),
        ({"take": 4}, 4),
        (-1, -1),
        (2**31 - 1, 2**31 - 1),
    ],
)
def test_every_short_form_is_read(value, cell):
    read = read_cell(value, "here")
    assert (read, type(read)) == (cell, type(cell))


BAD = {
    "here: got '8'. Allowed: 0 (do not follow), a number of neighbours below 2^31, -1 (every": "8",
    "here: got 2147483648": 2**31,
    "here: got -2": -2,
    "here: got None": None,
    "here: got True": True,
    "here: got np.True_": np.True_,
    "here: got 1.0": 1.0,
    "here: got [4]": [4],
    "here: got array([4])": np.array([4]),
    "here, a draw was asked for: 'take' is missing. Allowed: take, cap, strategy": {"strategy": "recent"},
    "got 'windw'. Allowed: take, cap, strategy, weight, half_life, replace, static, window. "
    "Did you mean 'window'?": {"take": 3, "windw": 5},
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_no_cell_is_refused(message):
    with pytest.raises(FanoutError, match=re.escape(message)):
        read_cell(BAD[message], "here")


@given(draws())
def test_a_draw_is_read_from_its_json(draw):
    assert read_draw(json.loads(json.dumps(draw.to_dict()))) == draw


def test_another_number_keeps_the_options_and_a_draw_replaces_all():
    assert with_take(4, 9) == 9
    assert with_take(Draw(4, strategy="recent"), 9) == Draw(9, strategy="recent")
    assert with_take(Draw(4, strategy="recent"), Draw(9, window=3)) == Draw(9, window=3)
    assert with_take(Draw(0.1, cap=7), 0.2) == Draw(0.2, cap=7)
    assert with_take(Draw(0.1, cap=7), 5) == Draw(5)


LACKING = {
    "hop 2, x: replace=True for every neighbour": (Draw(-1), Draw(1, replace=True)),
    "hop 2, x is drawn with strategy='weighted': weight is missing. Say Draw(4, weight='amount')": (
        Draw(4, strategy="weighted"),
        Draw(1),
    ),
    "hop 2, x is drawn with strategy='decay': half_life is missing. Say Draw(0.5, half_life='30 days')": (
        0.5,
        Draw(1, strategy="decay"),
    ),
}


@pytest.mark.parametrize("message", LACKING)
def test_what_is_contradictory_or_lacking_with_its_base_is_refused(message):
    with pytest.raises(FanoutError) as caught:
        complete(LACKING[message][0], LACKING[message][1], "hop 2, x")
    got = str(caught.value).replace("a draw was asked for: ", "")
    assert got.startswith(message)


drawn = takes.filter(bool)


@given(st.integers(1, 9), drawn | draws(drawn, ages=False), st.sampled_from(SHOP.edge_types))
def test_a_step_says_what_the_cell_said(hop, cell, edge_type):
    for base in ({}, {"window": 7}, {"weight": "amount"}, {"half_life": DAY}):
        step = to_step(hop, edge_type, cell, Draw(1, **base), SHOP)
        assert said(step) == meaning(cell, edge_type, base)
        assert (step.hop, step.parent, step.paths) == (hop, None, 0)


def test_ageing_along_edges_without_a_time_is_uniform_unless_the_cell_asks_for_it():
    ages = Draw(1, half_life=DAY)
    assert to_step(1, FRIEND, 4, ages, SHOP).strategy.name == "UNIFORM"
    assert to_step(1, BUYS, 4, ages, SHOP).half_life == DAY
    assert to_step(1, FRIEND, Draw(4, half_life=DAY), Draw(1), SHOP).strategy.name == "DECAY"
