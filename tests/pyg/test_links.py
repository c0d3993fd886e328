"""Pairs as seeds: who is where."""

import numpy as np
import pytest
import torch
from torch_geometric.sampler import EdgeSamplerInput, NegativeSampling

from workbench.errors import AnchorError, IdError
from workbench.pyg.links import Links
from workbench.temporal import FOREVER


def links(types=("n2", "n0"), negatives=None, time=None, label=None):
    rows, cols = torch.tensor([4, 4, 7]), torch.tensor([1, 5, 1])
    return Links.of(EdgeSamplerInput(torch.tensor([9, 8, 7]), rows, cols, label, time), types, negatives)


def test_without_times_links_are_static():
    assert links().anchors.tolist() == [FOREVER] * 3
    assert links().metadata((np.arange(3), np.arange(3)))[3] is None


def test_two_types_make_two_sets_and_one_makes_one():
    sets, places = links().seed_sets(disjoint=True)
    assert [seeds.node_type for seeds in sets] == ["n2", "n0"]
    assert [place.tolist() for place in places] == [[0, 1, 2], [0, 1, 2]]
    sets, places = links(("n0", "n0")).seed_sets(disjoint=True)
    assert [seeds.ids.tolist() for seeds in sets] == [[4, 4, 7, 1, 5, 1]]
    assert [place.tolist() for place in places] == [[0, 1, 2], [3, 4, 5]]


def test_a_joint_sample_holds_each_end_once():
    sets, places = links().seed_sets(disjoint=False)
    assert [seeds.ids.tolist() for seeds in sets] == [[4, 7], [1, 5]]
    assert [place.tolist() for place in places] == [[0, 0, 1], [0, 1, 0]]
    sets, places = links(("n0", "n0")).seed_sets(disjoint=False)
    assert [seeds.ids.tolist() for seeds in sets] == [[1, 4, 5, 7]]
    assert [place.tolist() for place in places] == [[1, 1, 3], [0, 2, 0]]


def test_two_anchors_are_left_for_the_store_to_refuse():
    sets, _ = links(time=torch.tensor([1, 2, 3])).seed_sets(disjoint=False)
    assert sets[0].anchors.tolist() == [1, 2, 3]


def test_every_seed_belongs_to_a_link(world):
    more = links(negatives=NegativeSampling("binary", 1.5)).with_negatives(world.graph, 1)
    assert len(more.row) == len(more.col) == 3 + 5
    positions = np.array([0, 1, 2, 3, 7, 8, 10, 11, 15, -1])
    assert more.link_of(positions).tolist() == [0, 1, 2, 0, 1, 0, 2, 0, 1, -1]


def test_labels_of_negatives_are_zero_in_any_shape(world):
    label = torch.tensor([[1, 2], [3, 4], [5, 6]])
    more = links(negatives=NegativeSampling("binary", 1), label=label).with_negatives(world.graph, 1)
    assert torch.equal(more.label[:3], label)
    assert torch.equal(more.label[3:], torch.zeros(3, 2, dtype=torch.int64))


def test_triplets_group_their_negatives_by_link(world):
    more = links(negatives=NegativeSampling("triplet", 2)).with_negatives(world.graph, 1)
    assert (len(more.row), len(more.col)) == (3, 9)
    input_id, src, positive, negative, time = more.metadata((np.arange(3), np.arange(9)))
    assert input_id.tolist() == [9, 8, 7]
    assert (src.tolist(), positive.tolist()) == ([0, 1, 2], [0, 1, 2])
    assert negative.tolist() == [[3, 6], [4, 7], [5, 8]]
    assert time is None


@pytest.mark.parametrize("amount", [1, 2])
def test_triplets_of_no_links(world, amount):
    none = torch.empty(0, dtype=torch.int64)
    empty = Links.of(EdgeSamplerInput(none, none, none), ("n2", "n0"), NegativeSampling("triplet", amount))
    _, places = empty.with_negatives(world.graph, 1).seed_sets(disjoint=True)
    negative = empty.metadata(places)[3]
    assert negative.shape == ((0,) if amount == 1 else (0, 2))


def test_odd_inputs_are_refused():
    with pytest.raises(AnchorError, match="int64 of microseconds"):
        links(time=torch.tensor([0.5, 1.0, 2.0]))
    with pytest.raises(IdError, match="one-dimensional"):
        Links.of(EdgeSamplerInput(None, torch.ones(3), torch.ones(3)), ("n0", "n0"), None)
