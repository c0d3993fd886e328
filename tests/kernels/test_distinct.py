"""Distinct rows of a batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from workbench.kernels.distinct import distinct
from workbench.testing.sizes import cases


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
@given(ids=st.lists(st.one_of(st.integers(0, 20), st.integers(0, 2**31 - 1)), max_size=200))
@hypothesis_settings(max_examples=cases(100, 2000))
def test_rows_are_distinct_in_order_of_appearance_and_indexed(dtype, ids):
    ids = np.array(ids, dtype)
    rows, index = distinct(ids)
    assert rows.dtype == dtype
    assert index.dtype == np.int32
    assert np.array_equal(rows[index], ids)
    assert rows.tolist() == list(dict.fromkeys(ids.tolist()))


def test_consecutive_and_strided_ids_do_not_degrade():
    ids = np.arange(200_000, dtype=np.uint32)
    for stride in (1, 64, 4096):
        rows, index = distinct(ids * np.uint32(stride))
        assert len(rows) == len(ids)
        assert np.array_equal(index, np.arange(len(ids)))
