"""PyG batches of other loaders: times in any unit, hetero and homogeneous, and what cannot be checked."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Data, HeteroData

from widgets._pyg_ages import pyg_ages
from workbench.errors import WorkbenchError
from workbench.temporal import FOREVER

SECOND = 1_000_000


def hetero():
    data = HeteroData()
    data["user"].num_nodes = 2
    data["user"].batch = torch.tensor([0, 1])
    data["user"].seed_time = torch.tensor([100, 200])
    data["user"].n_id = torch.tensor([7, 9])
    data["order"].time = torch.tensor([90, 150, 210])
    data["order"].batch = torch.tensor([0, 1, 1])
    data["order", "by", "user"].edge_index = torch.tensor([[0, 1, 2], [0, 1, 1]])
    data["order", "by", "user"].num_sampled_edges = [2, 1]
    data["order", "by", "user"].e_id = torch.tensor([40, 41, 42])
    return data


def test_nodes_that_are_later_than_their_seed_are_found():
    ages = pyg_ages(hetero(), "seconds")
    assert ages.edge_types == ("order-by->user",)
    assert (ages.lead // SECOND).tolist() == [10, 50, -10]
    assert ages.late(0).tolist() == [False, False, True]
    assert (ages.dst.tolist(), ages.edge_id.tolist(), ages.hop.tolist()) == (
        [7, 9, 9],
        [40, 41, 42],
        [1, 1, 2],
    )


def test_edge_times_count_where_they_are_later_and_missing_ones_are_never_visible():
    data = hetero()
    data["order", "by", "user"].edge_time = torch.tensor([120.0, 130.0, float("nan")])
    ages = pyg_ages(data, "seconds")
    assert (ages.lead[:2] // SECOND).tolist() == [-20, 50]
    assert ages.late(-FOREVER).tolist() == [False, False, True]


def test_a_homogeneous_batch_and_given_anchors():
    data = Data(edge_index=torch.tensor([[1, 2], [0, 0]]), time=torch.tensor([50, 49, 51]), num_nodes=3)
    assert pyg_ages(data, "days", seed_time=[50]).late(0).tolist() == [False, True]
    data.edge_time = torch.tensor([51, 51])
    assert pyg_ages(data, "days", seed_time=np.array([50])).late(0).tolist() == [True, True]


def without(data, kind, name):
    del data[kind][name]
    return data


@pytest.mark.parametrize(
    ("batch", "options", "said"),
    [
        (lambda: without(hetero(), "user", "seed_time"), {}, "holds no seed_time"),
        (lambda: without(hetero(), "user", "batch"), {}, "which seed they belong to"),
        (lambda: without(hetero(), "order", "time"), {}, "neither nodes nor edges have a time"),
        (lambda: {"edges": 1}, {}, "got a dict"),
        (Data, {}, "got a Data"),
        (lambda: hetero(), {"seed_time": [2**62, 0], "unit": "days"}, "do not fit the unit"),
    ],
)
def test_what_cannot_be_checked_is_refused(batch, options, said):
    with pytest.raises(WorkbenchError, match=said):
        pyg_ages(batch(), **options)
