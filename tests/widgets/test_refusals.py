"""Widgets say what to pass where they are given something else."""

import pytest

from widgets._refusals import needs, one_argument
from workbench.errors import WorkbenchError


def test_what_is_of_another_kind_or_too_much_is_refused_with_the_right_call():
    needs([], list, "Shelf", "Say Shelf([1])")
    with pytest.raises(
        WorkbenchError, match=r"Shelf was asked for: got a int. Allowed: a list. Say Shelf\(\[1\]\)."
    ):
        needs(1, list, "Shelf", "Say Shelf([1])")
    one_argument((), "Shelf", "a list", "Say Shelf([1])")
    with pytest.raises(WorkbenchError, match=r"got 3 arguments. Allowed: one, a list. Say Shelf\(\[1\]\)."):
        one_argument((2, 3), "Shelf", "a list", "Say Shelf([1])")
