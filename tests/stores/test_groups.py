"""Rows that are the same, and ranks among them, against plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.stores.groups import first_of_each, rank_within

ROWS = st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 2)), max_size=30)


@given(ROWS)
def test_each_row_is_told_where_it_was_first(rows):
    columns = np.array(rows, np.int64).reshape(-1, 2).T
    assert first_of_each(*columns).tolist() == [rows.index(row) for row in rows]


@given(st.lists(st.integers(-3, 3), max_size=30))
def test_ranks_count_the_same_values_before(values):
    wanted = [values[:i].count(value) for i, value in enumerate(values)]
    assert rank_within(np.array(values, np.int64)).tolist() == wanted
