"""rows_as_of is pandas.merge_asof, and reads nothing outside its arrays."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.kernels.as_of import DAMAGED, NONE, rows_as_of
from workbench.kernels.csc import csc_from_column
from workbench.temporal import NO_TIME
from workbench.testing.sizes import cases


@given(key=st.integers(0, 2**32))
@settings(max_examples=cases(300, 2000))
def test_against_merge_asof(key):
    rng = np.random.default_rng(key)
    nodes, rows, instants = int(rng.integers(1, 9)), int(rng.integers(0, 60)), int(rng.integers(1, 30))
    times = np.sort(rng.integers(-instants, instants, rows))
    undated = int(rng.integers(0, 3)) if rows > 3 else 0
    of = rng.integers(0, nodes, rows).astype(np.uint32)
    ids = rng.integers(0, nodes, int(rng.integers(0, 80))).astype(np.uint32 if key % 2 else np.int64)
    as_of = np.sort(rng.integers(-instants - 2, instants + 2, len(ids)))
    dated = pd.DataFrame({"t": times, "of": of.astype(np.int64), "row": np.arange(rows)}).iloc[
        : rows - undated
    ]
    asked = pd.DataFrame({"t": as_of, "of": ids.astype(np.int64)})
    expected = pd.merge_asof(asked, dated, on="t", by="of")["row"].fillna(NONE).astype(np.int64).to_numpy()
    times[rows - undated :] = NO_TIME
    out = np.empty(len(ids), np.int64)
    rows_as_of(*csc_from_column(of, nodes), times, ids, as_of, out)
    np.testing.assert_array_equal(out, expected)


def test_damaged_arrays_are_said_not_followed():
    times, ids, as_of, out = np.arange(3), np.array([0]), np.array([9]), np.empty(1, np.int64)
    for indptr, nbr in [
        ([0, 9], [0, 1]),
        ([-1, 2], [0, 1]),
        ([2, 1], [0, 1]),
        ([0, 2], [0, 7]),
        ([0, 1], [-3]),
    ]:
        rows_as_of(np.array(indptr), np.array(nbr), times, ids, as_of, out)
        assert out[0] == DAMAGED
