"""A flat file of ids answers as the array that it holds."""

import numpy as np
import pytest

from workbench.ingestion.flat_files import FileIds, append, open_flat


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
def test_slices_are_those_of_the_array(tmp_path, dtype):
    ids = np.arange(10, dtype=dtype)
    ids.tofile(tmp_path / "ids")
    column = FileIds(tmp_path / "ids", dtype)
    assert (len(column), column.dtype) == (10, dtype)
    for rows in (
        slice(0, 4),
        slice(8, 99),
        slice(None),
        slice(5, 5),
        slice(7, 2),
        slice(-3, None),
        slice(1, 9, 3),
    ):
        assert column[rows].tolist() == ids[rows].tolist()
        assert column[rows].dtype == dtype


def test_arrays_are_appended_where_the_file_stands(tmp_path):
    for at, values in ((0, [1, 2, 3]), (4, [7]), (8, [])):
        with open_flat(tmp_path / "a") as file:
            file.seek(at)
            append(file, np.array(values, np.uint32))
    assert np.fromfile(tmp_path / "a", np.uint32).tolist() == [1, 7, 3]


def test_a_short_write_goes_on(tmp_path):
    class Slow:
        def __init__(self):
            self.held = b""

        def write(self, view):
            self.held += bytes(view[:3])
            return min(3, len(view))

    file = Slow()
    append(file, np.arange(4, dtype=np.uint32))
    assert np.frombuffer(file.held, np.uint32).tolist() == [0, 1, 2, 3]
