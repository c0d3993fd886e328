"""Functions of the C library by name."""

import pytest

from workbench.stores.libc import address, libc


def test_addresses():
    assert libc().getpid() > 0
    assert address("getpid") > 0
    assert address("getpid") != address("read")
    with pytest.raises(AttributeError):
        address("no_such_function_anywhere")
