"""PyG batches of other loaders: times in any unit, hetero and homogeneous, and what cannot be checked."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Data, HeteroData

from widgets._pyg_ages import pyg_ages
from workbench.errors import WorkbenchError
from workbench.plan.fanout import Fanout
from workbench.pyg.loader import PyGLoader
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.steps import FORMS
from workbench.temporal import FOREVER
from workbench.testing.small_world import small_world

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


@pytest.mark.parametrize("unit", ["s", "seconds", "days", "ms", "ns"])
@pytest.mark.parametrize("kind", [torch.int32, torch.int64, torch.float64])
def test_times_of_any_width_and_unit_tell_the_same(kind, unit):
    data = hetero()
    scale = {"ms": 1000, "ns": 1_000_000}.get(unit, 1)
    for store, name in ((data["order"], "time"), (data["user"], "seed_time")):
        store[name] = (store[name] * scale).to(kind)
    ages = pyg_ages(data, unit)
    length = {"ns": 1000, "days": 86_400 * SECOND}.get(unit, SECOND)
    assert (ages.lead // length).tolist() == [10, 50, -10]


def test_recent_times_in_int32_seconds_do_not_overflow():
    data, now = hetero(), 1_760_000_000
    data["order"].time = (data["order"].time + now).to(torch.int32)
    data["user"].seed_time = (data["user"].seed_time + now).to(torch.int32)
    ages = pyg_ages(data, "s")
    assert (ages.lead // SECOND).tolist() == [10, 50, -10]
    assert ages.time.tolist() == [(t + now) * SECOND for t in (90, 150, 210)]


def test_anchors_of_a_link_loader_lie_with_its_edges():
    data = without(hetero(), "user", "seed_time")
    data["order", "by", "user"].edge_label_time = torch.tensor([100, 200])
    assert pyg_ages(data, "seconds").late(0).tolist() == [False, False, True]


def test_dates_say_their_unit_and_one_anchor_is_that_of_all():
    data = without(without(hetero(), "user", "seed_time"), "user", "batch")
    dates = np.array(["1970-01-01T00:03:20"], "datetime64[s]")
    assert pyg_ages(data, "seconds", seed_time=dates).late(0).tolist() == [False, False, True]
    assert pyg_ages(data, "seconds", seed_time=200).late(0).tolist() == [False, False, True]
    assert (
        pyg_ages(data, "days", seed_time=np.array(["NaT"], "datetime64[s]")).late(0).tolist() == [False] * 3
    )


def short_of(data, kind, name):
    data[kind][name] = data[kind][name][:1]
    return data


def nanoseconds():
    data = hetero()
    for store, name in ((data["order"], "time"), (data["user"], "seed_time")):
        store[name] = (store[name] + 1_760_000_000) * 10**9
    return data


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
        (nanoseconds, {}, "do not fit the unit"),
        (lambda: short_of(hetero(), "order", "time"), {}, "there are 1 times of order, which number 3"),
        (lambda: short_of(hetero(), "user", "seed_time"), {}, "there are 1 times of seeds"),
        (lambda: hetero(), {"seed_time": ["2020-01-01", "2021-01-01"]}, "Give one number or date"),
        (lambda: hetero(), {"seed_time": np.zeros((2, 1))}, "Give one number or date"),
    ],
)
def test_what_cannot_be_checked_is_refused(batch, options, said):
    with pytest.raises(WorkbenchError, match=said):
        pyg_ages(batch(), **options)


def way_out(time, batch=None):
    """Two seeds of anchor 100, the second of them later, share node 2: what a bidirectional loader yields."""
    data = Data(edge_index=torch.tensor([[2, 2, 0, 1], [0, 1, 2, 2]]), time=torch.tensor([50, time, 60]))
    data.num_sampled_nodes, data.seed_time = [2, 1], torch.tensor([100, 100])
    if batch is not None:
        data.batch = torch.tensor(batch)
    return data


def test_joint_seeds_later_than_their_anchor_are_found_at_the_edge_that_shows_them():
    late = pyg_ages(way_out(101), "seconds")
    assert late.late(0).tolist() == [False, False, False, True]
    assert (late.src[3], late.dst[3], late.lead[3]) == (1, 2, -SECOND)
    assert not pyg_ages(way_out(100), "seconds").late(0).any()


def test_a_seed_s_own_row_is_given_to_its_own_subgraph_alone():
    assert not pyg_ages(way_out(101, [0, 1, 1]), "seconds").late(0).any()
    assert pyg_ages(way_out(101, [0, 1, 0]), "seconds").late(0).tolist() == [False, False, False, True]
    data = way_out(101, [0, 1, 1])
    del data.num_sampled_nodes
    assert pyg_ages(data, "seconds").late(0).tolist() == [False, False, False, True], (
        "who is a seed is unknown"
    )
    data.batch_size = 2
    assert not pyg_ages(data, "seconds").late(0).any()


@pytest.mark.parametrize("disjoint", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_batches_of_our_own_loader_show_nothing_late(form, disjoint):
    """Features are frozen, so that most seeds are of rows that were not there yet."""
    late = 0
    for number in range(3, 9):
        world = small_world(number)
        clock = world.graph.times(world.seeds.node_type)
        until = int(np.median(world.seeds.anchor_time)) if clock is None else int(np.median(clock))
        seeds = world.seeds.frozen(until)
        sampler = NeighborSampler(world.graph, Fanout([4, 3], subgraph=form, disjoint=disjoint))
        for batch in PyGLoader(sampler, world.features, seeds, 16):
            assert not pyg_ages(batch).late(0).any(), number
            store = batch[world.seeds.node_type]
            late += int((store.time[:16] > until).sum()) if "time" in store else 0
    assert late > 50
