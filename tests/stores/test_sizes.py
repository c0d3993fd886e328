"""Sizes as people write them."""

import pytest

from workbench.errors import BudgetError
from workbench.stores.sizes import read_size


@pytest.mark.parametrize(
    ("size", "count"),
    [(5, 5), ("5", 5), ("4GB", 4 * 10**9), ("1.5 MiB", 3 * 2**19), (" 2kb ", 2000), ("7B", 7)],
)
def test_sizes(size, count):
    assert read_size(size) == count


@pytest.mark.parametrize("size", [0, -1, True, 1.5, None, "", "GB", "4 XB", "-4GB", "0"])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(BudgetError, match="text such as '4GB'"):
        read_size(size)
