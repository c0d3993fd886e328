"""Draw: a short value that says how many and which; nonsense is refused in words."""

import json

import pytest
from hypothesis import given
from plan_values import DAY, draws

from workbench.errors import AnchorError, FanoutError
from workbench.plan.draw import UNLIMITED, Draw


@given(draws())
def test_it_is_a_value(draw):
    again = Draw(**json.loads(json.dumps(draw.to_dict())))
    assert again == draw
    assert hash(again) == hash(draw)
    assert eval(repr(draw), {"Draw": Draw}) == draw
    assert str(draw)


def test_it_prints_as_it_is_written():
    text = "Draw(0.1, cap=64, strategy='recent', static=False, window='30 days')"
    assert repr(Draw(0.1, cap=64, strategy="recent", static=False, window="30 days")) == text
    assert repr(Draw(4, window=UNLIMITED)) == "Draw(4, window='unlimited')"
    assert repr(Draw(4, half_life="90 minutes")) == "Draw(4, strategy='decay', half_life='90 minutes')"


def test_it_speaks_to_people():
    assert str(Draw(16, strategy="recent", window="30 days")) == "16 (recent, the last 30 days only)"
    assert str(Draw(0.1, cap=64)) == "0.1 of all (at most 64)"
    assert str(Draw(-1)) == "all"
    assert str(Draw(8, weight="amount", replace=True)) == "8 (by amount, with replacement)"


def test_lengths_are_kept_as_microseconds():
    draw = Draw(4, half_life="1 day", window=5)
    assert (draw.half_life, draw.window) == (DAY, 5)
    assert Draw(4, half_life=DAY, window="5 microseconds") == draw
    with pytest.raises(AnchorError, match="a length of time was asked for"):
        Draw(4, window="soon")


def test_a_huge_odd_length_survives_its_repr():
    length = 3 * 10**17 + 1  # more digits than a float holds
    assert eval(repr(Draw(1, window=length)), {"Draw": Draw}).window == length


def test_an_option_implies_its_strategy():
    assert Draw(4, weight="amount") == Draw(4, strategy="weighted", weight="amount")
    assert Draw(4, half_life=9) == Draw(4, strategy="DECAY", half_life=9)


BAD = {
    r"a draw: got -2\. Allowed: 0 \(do not follow\)": lambda: Draw(-2),
    r"got 1\.0\. .*a share between 0 and 1": lambda: Draw(1.0),
    r"got 0\.0": lambda: Draw(0.0),
    r"got nan": lambda: Draw(float("nan")),
    r"got True": lambda: Draw(True),
    r"got '8'": lambda: Draw("8"),
    r"cap=8 with take=16\. Allowed: a cap on a share": lambda: Draw(16, cap=8),
    r"got cap=0": lambda: Draw(0.1, cap=0),
    r"got cap=True": lambda: Draw(0.1, cap=True),
    r"got 'recnt'.*Did you mean 'recent'": lambda: Draw(1, strategy="recnt"),
    r"got 7\. Allowed: uniform, recent, weighted, decay": lambda: Draw(1, strategy=7),
    r"weight='amount' with strategy='recent'": lambda: Draw(1, strategy="recent", weight="amount"),
    r"a half_life with strategy='weighted'": lambda: Draw(1, weight="amount", half_life=3),
    r"got weight=''": lambda: Draw(1, weight=""),
    r"'decay' with static=True": lambda: Draw(1, half_life=3, static=True),
    r"a window with static=True. Allowed: one of them": lambda: Draw(1, window=3, static=True),
    r"replace=True for every neighbour \(take=-1\)": lambda: Draw(-1, replace=True),
    r"replace=True for a share of the neighbours": lambda: Draw(0.5, replace=True),
    r"replace=True with strategy='recent'": lambda: Draw(1, strategy="recent", replace=True),
    r"got replace=1\. Allowed: True or False": lambda: Draw(1, replace=1),
    r"got static='no'": lambda: Draw(1, static="no"),
    r"a look-back window was asked for: got 0": lambda: Draw(1, window=0),
    r"a half_life was asked for: got -3": lambda: Draw(1, half_life=-3),
}


@pytest.mark.parametrize("message", BAD)
def test_nonsense_is_refused(message):
    with pytest.raises(FanoutError, match=message):
        BAD[message]()


BASE = Draw(1, strategy="decay", half_life=9, window=50, replace=False)


@pytest.mark.parametrize(
    ("draw", "merged"),
    [
        (Draw(4), Draw(4, half_life=9, window=50, replace=False)),
        (Draw(4, strategy="recent"), Draw(4, strategy="recent", window=50, replace=False)),
        (Draw(4, half_life=3), Draw(4, half_life=3, window=50, replace=False)),
        (Draw(4, static=True), Draw(4, strategy="uniform", static=True, replace=False)),
        (Draw(0.5, cap=2, window=UNLIMITED), Draw(0.5, cap=2, half_life=9, window=UNLIMITED, replace=False)),
        (Draw(4, replace=True, weight="w"), Draw(4, weight="w", window=50, replace=True)),
    ],
)
def test_what_is_left_open_comes_from_around_it(draw, merged):
    assert draw.over(BASE) == merged


def test_what_contradicts_its_surroundings_is_refused():
    with pytest.raises(FanoutError, match=r"replace=True for every neighbour.*Say replace=False for it"):
        Draw(-1).over(Draw(1, replace=True))
    with pytest.raises(FanoutError, match="'decay' with static=True"):
        Draw(4, half_life=3).over(Draw(1, static=True))
    with pytest.raises(FanoutError, match="a window with static=True"):
        Draw(4, window=3).over(Draw(1, static=True))


def test_another_number_keeps_the_options():
    assert Draw(0.1, cap=9, strategy="recent").with_take(4) == Draw(4, strategy="recent")
    assert [Draw(0.1, cap=9).most, Draw(0.1).most, Draw(7).most] == [9, -1, 7]


def test_a_strategy_of_pyg_is_named_in_our_words():
    with pytest.raises(
        FanoutError, match=r"got 'last'\. Allowed: uniform, recent, .* PyG's 'last' is 'recent'"
    ):
        Draw(4, strategy="last")
