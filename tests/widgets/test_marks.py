"""No mark of direction is left in what is shown, and nothing else is changed."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from widgets._marks import MARKS, written_out

TURNING = {"RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}


@given(st.text(st.characters() | st.sampled_from([chr(mark) for mark in MARKS]), max_size=20))
def test_marks_are_written_out_and_nothing_else(text):
    shown = written_out(text)
    assert not any(unicodedata.bidirectional(c) in TURNING for c in shown)
    for mark in MARKS:
        shown = shown.replace(f"\\u{mark:04x}", chr(mark))
    assert shown == text


def test_letters_of_any_direction_stay():
    assert written_out("\u05d0\u05d1 \u0627 a") == "\u05d0\u05d1 \u0627 a"
    assert written_out("a\u202eb") == "a\\u202eb"
