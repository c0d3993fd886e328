"""The benchmark of scale builds and samples the graph that it says; figures are the child's own."""

import os
import sys
from pathlib import Path

import numpy as np

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
if BENCHMARKS not in sys.path:
    sys.path.append(BENCHMARKS)

import scale  # noqa: E402

from workbench.kernels.csc import csc_from_column  # noqa: E402
from workbench.schema import EdgeType  # noqa: E402

ROWS = 20_000


def test_the_graph_is_that_of_its_columns(tmp_path):
    scale.generate(tmp_path, ROWS)
    built = scale.build(tmp_path, ROWS)
    graph = scale.opened(tmp_path, ROWS)
    for position, (name, count) in enumerate(scale.targets(ROWS).items()):
        column = np.fromfile(tmp_path / name, np.uint32)
        assert (len(column), column.max() < count) == (ROWS, True)
        arrays = graph.arrays.edges[EdgeType("events", f"{name}_{position}", name)]
        for mine, wanted in zip(arrays.arrays, csc_from_column(column, count), strict=True):
            assert np.array_equal(mine, wanted)
    # At most: both columns, one finished CSC, and a spill file with the next one beside it.
    assert 16 * ROWS < built["disk"] < 24 * ROWS + 16 * sum(scale.targets(ROWS).values()) + 10_000
    found = scale.sample(tmp_path, ROWS, 2)
    assert len(found["uniform"]["costs"]) == len(found["recent"]["costs"]) == 2
    assert found["graph"] == graph.arrays.nbytes < found["resident"]


def test_a_part_runs_in_a_process_of_its_own():
    assert scale.in_child(os.getpid) != os.getpid()
