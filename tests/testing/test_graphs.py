"""Toy graphs are what they say; random ones are awkward in every promised way."""

import numpy as np

from workbench.kernels.csc import no_neighbor
from workbench.temporal import NO_TIME
from workbench.testing.graphs import random_graph, random_rows, toy_shop


def test_random_graphs_show_every_oddity():
    seen = set()
    for seed in range(150):
        rows = random_rows(np.random.default_rng(seed))
        graph = rows.arrays()
        graph.check()
        for table in rows.schema:
            clock = rows.times.get(table.name)
            seen.add("untimed" if clock is None else "timed")
            seen.add("empty" if rows.num_rows[table.name] == 0 else "rows")
            if clock is not None and len(clock):
                seen |= {"undated"} if clock[-1] == NO_TIME else set()
                seen |= {"equal times"} if len(np.unique(clock)) < len(clock) else set()
            seen |= {"folded"} if table.edge else set()
            seen |= {"self link"} if any(key.table == table.name for key in table.foreign_keys) else set()
        for edge_type, arrays in graph.edges.items():
            if str(edge_type) not in graph.edges_follow_nodes:
                seen.add("node newer than its edge")
            if arrays.indptr is not None and (np.diff(arrays.indptr) == 0).any():
                seen.add("isolated")
    assert seen == {
        "untimed", "timed", "empty", "rows", "undated", "equal times", "folded", "self link",
        "node newer than its edge", "isolated",
    }  # fmt: skip


def test_the_same_seed_gives_the_same_graph():
    one, two = (random_graph(np.random.default_rng(5), id_dtype=np.int64) for _ in range(2))
    assert one.schema == two.schema
    assert all(np.array_equal(one.edges[name].nbr, two.edges[name].nbr) for name in one.edges)
    assert one.id_dtype == np.int64


def test_later_rows_come_after_and_leave_old_keys_alone():
    rng = np.random.default_rng(3)
    rows = random_rows(rng).dated_only()
    later = rows.with_later_rows(60, rng)
    for name, clock in rows.times.items():
        assert NO_TIME not in clock
        assert np.array_equal(later.times[name][: len(clock)], clock)
        assert (later.times[name][len(clock) :] > 60).all()
    for name, ids in rows.foreign_keys.items():
        assert np.array_equal(later.foreign_keys[name][: len(ids)], ids)
    later.arrays().check()


def test_the_toy_shop_has_an_order_without_a_user():
    columns = [part.nbr for part in toy_shop().edges.values() if part.indptr is None]
    assert any(no_neighbor(np.uint32) in column for column in columns)
