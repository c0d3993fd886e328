"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.report.amounts import amount


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.80123, "0.801"),
        (99.94, "99.9"),
        (123.4, "123"),
        (12_000.0, "12,000"),
        (-459.7, "-460"),
        (-12_000.4, "-12,000"),
        (1e6, "1,000,000"),
        (1e20, "1e+20"),
    ],
)
def test_all_digits_in_front_of_the_point_are_told(value, shown):
    assert amount(value) == shown


@given(st.floats(width=32), st.integers(2, 8))
def test_it_is_its_number_as_closely_as_its_digits_say(value, digits):
    told = float(amount(value, digits).replace(",", ""))
    assert told == pytest.approx(value, rel=10.0 ** (1 - digits), nan_ok=True)
