"""Columns as bytes, and the shell that messages come over."""

import numpy as np
import pytest

from widgets._wire import listen_beside_cells, pack


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1", "u4", "?", ">f4", ">i8"])
def test_columns_are_little_endian_in_four_kinds(dtype):
    column = np.array([0, 1, 1]).astype(dtype)
    packed = pack(column)
    assert np.frombuffer(packed["data"], f"<{packed['kind']}").tolist() == [0, 1, 1]
    assert packed["kind"] in ("f4", "u4", "i4", "u1")


def test_messages_come_over_the_shell_that_they_are_sent_to():
    class Comm:
        def _reply_subshell_for(self, _data, _asked):
            return None

    comm = Comm()
    listen_beside_cells(comm)
    assert comm._reply_subshell_for({}, "subshell") == "subshell"
    listen_beside_cells(object())  # kernels without subshells have nothing to lead elsewhere
