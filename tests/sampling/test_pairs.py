"""The index of linked pairs agrees with a scan of all rows."""

import numpy as np
import pytest

from workbench.errors import IdError
from workbench.sampling.pairs import PairIndex, edge_pairs
from workbench.stores.ram_graph import RamGraph
from workbench.stores.sharded_graph import ShardedGraph
from workbench.temporal import FOREVER, NO_TIME, visible
from workbench.testing.graphs import random_rows


def scanned(rows, spec):
    """{row of the table: (src, dst)} by the foreign keys themselves."""
    found = {}
    for row in range(rows.num_rows[spec.table]):
        src = row if spec.src_column is None else int(rows.foreign_keys[spec.table, spec.src_column][row])
        dst = row if spec.dst_column is None else int(rows.foreign_keys[spec.table, spec.dst_column][row])
        clock = rows.times.get(spec.edge_type.src)
        if src >= 0 and dst >= 0 and (clock is None or clock[src] != NO_TIME):
            found[row] = (src, dst)
    return found


@pytest.mark.parametrize("number", range(12))
def test_edges_are_those_of_the_rows(number):
    rng = np.random.default_rng(number)
    rows = random_rows(rng, 20)
    for spec in rows.schema.edge_specs:
        stores = RamGraph(rows.arrays()), ShardedGraph(rows.arrays(np.int64), 3)
        pairs = edge_pairs(stores[number % 2], spec.edge_type)
        wanted = scanned(rows, spec)
        got = zip(pairs.row.tolist(), pairs.col.tolist(), strict=True)
        assert dict(zip(pairs.edge.tolist(), got, strict=True)) == wanted
        assert (np.diff(pairs.edge.astype(np.int64)) > 0).all()
        clock = rows.times.get(spec.table)
        for anchor in (-1, 0, 10, 25, FOREVER):
            seen = [r for r in wanted if clock is None or visible(clock[r], anchor)]
            assert pairs.visible(np.array([anchor]))[0] == len(seen)
            for src, dst in rng.integers(0, 20, (10, 2)).tolist():
                linked = any(wanted[r] == (src, dst) for r in seen)
                last = pairs.below(np.array([anchor])) - 1
                args = np.array([src]), np.array([dst % pairs.index.width]), np.zeros(1), last
                if dst < pairs.index.width:
                    assert pairs.index.any_between(*args)[0] == linked


def test_values_of_pairs():
    index = PairIndex.of(np.array([1, 0, 1, 1]), np.array([2, 0, 2, 0]), np.array([9, 5, 4, 7]), 3)
    offsets, values = index.values_of(np.array([1, 0, 1]), np.array([2, 2, 0]))
    assert (offsets.tolist(), values.tolist()) == ([0, 2, 2, 3], [4, 9, 7])
    assert index.cols_between(1, 5, 9).tolist() == [0, 2]
    assert index.cols_between(1, 5, 8).tolist() == [0]
    assert index.keys_between(5, 7).tolist() == [0, 3]


@pytest.mark.parametrize(
    ("first", "last", "found"), [(4, 4, True), (5, 8, False), (5, 9, True), (10, 99, False)]
)
def test_ranges_include_both_ends(first, last, found):
    index = PairIndex.of(np.array([1, 1]), np.array([2, 2]), np.array([9, 4]), 3)
    got = index.any_between(np.array([1]), np.array([2]), np.array([first]), np.array([last]))
    assert got.tolist() == [found]


def test_pairs_beyond_int64_are_refused():
    big = np.array([1 << 40])
    with pytest.raises(IdError, match=r"1,099,511,627,777 x 1,073,741,824 nodes"):
        PairIndex.of(big, np.array([0]), np.array([0]), 1 << 30)
