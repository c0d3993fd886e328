"""The planted graph is as its arguments say."""

import numpy as np

from workbench.testing.planted import planted


def test_sizes_degrees_and_shares():
    graph = planted(5050, 100, 20, 0.8, np.random.default_rng(0))
    assert sorted(np.bincount(graph.community)) == [50, *[100] * 50]
    assert len(graph.src) == len(graph.dst) == 50_500
    within = (graph.community[graph.src] == graph.community[graph.dst]).mean()
    assert abs(within - 0.8 - 0.2 / 50) < 0.01
    assert np.corrcoef(np.arange(5050), graph.community)[0, 1] < 0.1


def test_adjacency_and_tables_hold_the_same_links():
    graph = planted(300, 30, 6, 0.5, np.random.default_rng(1))
    indptr, nbr = graph.adjacency()
    ends = np.repeat(np.arange(300), np.diff(indptr))
    links = np.column_stack([graph.src, graph.dst])
    both = {*map(tuple, links.tolist()), *map(tuple, links[:, ::-1].tolist())}
    assert set(map(tuple, np.column_stack([ends, nbr]).tolist())) == both
    tables, schema = graph.tables(3)
    assert tables["links"].column("src").to_pylist() == graph.src.tolist()
    assert tables["nodes"].column("vector")[7].as_py() == [21.0, 22.0, 23.0]
    assert schema["links"].edge == ("src", "dst")
