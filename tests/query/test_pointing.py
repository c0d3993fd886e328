"""The caret stands under the word, in long lines and many lines too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import QueryError
from workbench.query.ast import Place
from workbench.query.pointing import WIDTH, pointer, query_error


@given(st.text("ab\t\n ", max_size=300), st.integers(0, 300), st.integers(0, 50))
def test_carets_stand_under_the_word(text, start, length):
    start = min(start, len(text))
    place = Place(start, min(start + length, len(text)))
    line, carets = pointer(text, place).split("\n")
    column, width = carets.index("^"), carets.count("^")
    word = text[place.start : place.end].split("\n")[0].replace("\t", " ")
    assert line[column:].startswith(word[:width])
    assert len(line) <= WIDTH + 10
    assert width == max(1, min(len(word), WIDTH // 2))


def test_the_message_comes_first():
    error = query_error("PREDICT x", Place(8, 9), "a word was asked for", "got 'x'", "y", "Write y")
    assert str(error) == "a word was asked for: got 'x'. Allowed: y. Write y.\n  PREDICT x\n          ^"


def test_the_error_knows_the_place_of_its_word():
    assert query_error("PREDICT x", Place(8, 9), "a word was asked for", "got 'x'").place == (8, 9)
    assert QueryError("some other way").place is None
