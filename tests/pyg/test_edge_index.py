"""Every form of an edge index gives the same edges; offsets that do not fit are refused."""

import numpy as np
import pytest
import torch
from torch_geometric.data.graph_store import EdgeLayout
from torch_geometric.utils import index_sort
from torch_geometric.utils.sparse import index2ptr

from workbench.errors import IdError
from workbench.pyg.edge_index import pairs_of

NAME, SIZE = ("a", "to", "b"), (7, 5)


def edges(number):
    rng = np.random.default_rng(number)
    return torch.from_numpy(rng.integers(0, 7, 40)), torch.from_numpy(rng.integers(0, 5, 40))


def as_list(pair):
    return list(zip(pair[0].tolist(), pair[1].tolist(), strict=True))


@pytest.mark.parametrize("kind", [torch.int64, torch.int32])
def test_every_layout(kind):
    row, col = (part.to(kind) for part in edges(0))
    assert as_list(pairs_of((row, col), EdgeLayout.COO, SIZE, NAME)) == as_list((row, col))
    assert as_list(pairs_of(torch.stack([row, col]), EdgeLayout.COO, SIZE, NAME)) == as_list((row, col))
    by_dst, order = index_sort(col, 5)
    csc = (row[order], index2ptr(by_dst, 5))
    assert as_list(pairs_of(csc, EdgeLayout.CSC, SIZE, NAME)) == as_list((row[order], by_dst))
    by_src, order = index_sort(row, 7)
    csr = (index2ptr(by_src, 7), col[order].numpy())
    assert as_list(pairs_of(csr, EdgeLayout.CSR, SIZE, NAME)) == as_list((by_src, col[order]))


@pytest.mark.parametrize(
    ("layout", "index", "match"),
    [
        ("coo", (torch.zeros(2),), r"got 1 parts of shapes \(2,\)\. Allowed: two rows"),
        ("coo", (torch.zeros(2, 2), torch.zeros(2)), r"got 2 parts of shapes \(2, 2\), \(2,\)"),
        ("coo", None, r"got a NoneType\. Allowed: a pair of rows of integers"),
        ("csc", ([0, 1], [0, 1, 2]), r"got 3 offsets of int64, from 0 to 2\. Allowed: 6 ascending integers"),
        ("csc", ([0, 1], [0, 1, 2, 2, 2, 3]), "from 0 to 3"),
        ("csc", ([0, 1], [1, 1, 2, 2, 2, 2]), "from 1 to 2"),
        ("csc", ([0, 1], [0, 2, 1, 2, 2, 2]), "ascending integers, from 0 to 2"),
        ("csr", ([0.0, 0, 0, 0, 0, 0, 0, 2], [0, 1]), "offsets of float64"),
        ("csr", ([], [0, 1]), "got 0 offsets"),
    ],
)
def test_what_is_no_edge_index_is_refused(layout, index, match):
    with pytest.raises(IdError, match=match):
        pairs_of(index, EdgeLayout(layout), SIZE, NAME)
