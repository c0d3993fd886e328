"""Values of messages are checked against what methods declare; places are counted from 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets._messages import item, take
from workbench.errors import IdError, WorkbenchError

LONG = "x" * 1_000_000

EMPTY: dict[str, str] = {}


def method(
    place: int, share: float = 0.5, on: bool = True, text: str = "", values: dict[str, str] = EMPTY, any=0
):
    return place, share, on, text, values, any


@pytest.mark.parametrize(
    ("message", "allowed"),
    [
        ({"place": True}, "a whole number"),
        ({"place": 1.0}, "a whole number"),
        ({"place": 0, "share": float("nan")}, "a finite number"),
        ({"place": 0, "share": 10**400}, "a finite number"),
        ({"place": 0, "share": False}, "a finite number"),
        ({"place": 0, "on": 1}, "true or false"),
        ({"place": 0, "text": ["a"]}, "a text"),
        ({"place": 0, "text": "a\ud800"}, "a text of at most 100,000 characters, none of them half"),
        ({"place": 0, "text": "x" * 100_001}, "a text of at most 100,000 characters"),
        ({"place": 0, "values": {"\udfff": ""}}, "texts by name, of at most"),
        ({"place": 0, "values": {"a": 1}}, "texts by name"),
        ({"place": "x" * 10**6}, "a whole number"),
    ],
)
def test_values_of_another_kind_are_refused(message, allowed):
    with pytest.raises(WorkbenchError, match=f"Allowed: {allowed}") as told:
        take(method, message)
    assert len(str(told.value)) < 300


def test_right_values_arrive():
    whole = {"place": -3, "share": 2, "on": False, "text": "<b>", "values": {"a": "b"}, "any": [None]}
    assert take(method, whole) == tuple(whole.values())
    assert take(method, {"place": 1}, text=[LONG]) == (1, 0.5, True, [LONG], {}, 0)  # our own
    for message in ({}, {"place": 0, "more": 1}):
        with pytest.raises(TypeError):
            take(method, message)


@given(st.integers(0, 5), st.one_of(st.integers(-7, 7), st.booleans(), st.floats(), st.text(max_size=2)))
def test_an_item_is_found_only_where_one_stands(length, place):
    items = [object() for _ in range(length)]
    if type(place) is int and place in range(length):
        assert item(items, place, "thing") is items[place]
    else:
        with pytest.raises(IdError, match=f"there are {length}, counted from 0"):
            item(items, place, "thing")
