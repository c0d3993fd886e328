"""Words of other languages are told by meaning before spelling, and only where they may stand."""

from __future__ import annotations

import pytest

from workbench.query.binder import FUNCTIONS
from workbench.query.windows import UNITS
from workbench.query.words import ADVICE, SYNONYMS, nearest

KEYWORDS = ("PREDICT", "FOR", "EACH", "WHERE", "ASSUMING", "AND", "OR", "NOT", "VIA")


def test_every_synonym_leads_to_a_word_of_the_language():
    assert set(SYNONYMS.values()) <= {*FUNCTIONS, *UNITS, *KEYWORDS}
    assert all(word == word.upper() for word in (*SYNONYMS, *ADVICE))
    assert not {*FUNCTIONS, *KEYWORDS} & {*ADVICE}


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("mean", FUNCTIONS, "AVG"),
        ("Total", FUNCTIONS, "SUM"),
        ("min", UNITS, "minutes"),
        ("having", KEYWORDS, "WHERE"),
        ("conut", ("count",), "count"),
    ],
)
def test_the_nearest_word(word, known, meant):
    assert nearest(word, known) == f"Did you mean {meant!r}?"


def test_a_synonym_that_may_not_stand_there_is_not_proposed():
    assert nearest("mean", UNITS) == ""
