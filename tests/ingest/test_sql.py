"""Names and texts become SQL in one place, whatever they hold."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import TableError
from workbench.ingest.sql import quote_name, quote_names, quote_text

HOSTILE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


@given(name=HOSTILE, text=HOSTILE)
def test_hostile_names_and_texts_come_back(name: str, text: str) -> None:
    result = duckdb.connect().execute(f"SELECT {quote_text(text)} AS {quote_name(name)}")
    assert result.description[0][0] == name
    assert result.fetchone() == (text,)


def test_several_names() -> None:
    assert quote_names(["a", 'b"c']) == '"a", "b""c"'


@pytest.mark.parametrize("name", ["", "a\x00b"])
def test_impossible_names_are_refused(name: str) -> None:
    with pytest.raises(TableError, match="a table or column name was asked for"):
        quote_name(name)


def test_impossible_texts_are_refused() -> None:
    with pytest.raises(TableError, match="no NUL characters"):
        quote_text("\x00")
