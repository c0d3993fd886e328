"""What stock loaders expect beside the subgraph of links."""

import numpy as np
import pytest
import torch
from torch_geometric.sampler import EdgeSamplerInput, NegativeSampling

from workbench.errors import AnchorError
from workbench.pyg.links import links_of, metadata_of
from workbench.sampling.avoided import Negatives

ANY = Negatives(avoid_edges=False)


def given(label=None, time=None):
    rows, cols = torch.tensor([4, 4, 7]), torch.tensor([1, 5, 1])
    return EdgeSamplerInput(torch.tensor([9, 8, 7]), rows, cols, label, time)


def test_links_are_read():
    links = links_of(given(time=torch.tensor([1, 2, 3])), ("n2", "n0"))
    assert (links.row.tolist(), links.col.tolist()) == ([4, 4, 7], [1, 5, 1])
    assert (links.anchors.tolist(), links.input_ids.tolist()) == ([1, 2, 3], [9, 8, 7])
    without_ids = EdgeSamplerInput(None, torch.tensor([4]), torch.tensor([1]))
    assert links_of(without_ids, ("n2", "n0")).input_ids.tolist() == [0]
    with pytest.raises(AnchorError, match="int64 of microseconds"):
        links_of(given(time=torch.tensor([0.5, 1.0, 2.0])), ("n2", "n0"))


@pytest.mark.parametrize("timed", [False, True])
def test_times_are_given_back_where_they_were_given(world, timed):
    index = given(time=torch.tensor([90, 91, 92]) if timed else None)
    links = links_of(index, ("n2", "n0")).with_negatives(world.graph, ANY, 1, 1)
    time = metadata_of(index, links, (np.arange(6), np.arange(6)), NegativeSampling("binary", 1))[3]
    assert (time.tolist() if timed else time) == ([90, 91, 92] * 2 if timed else None)


def test_labels_of_negatives_are_zero_in_any_shape(world):
    index = given(torch.tensor([[1, 2], [3, 4], [5, 6]]))
    links = links_of(index, ("n2", "n0")).with_negatives(world.graph, ANY, 1, 1)
    label = metadata_of(index, links, (np.arange(6), np.arange(6)), NegativeSampling("binary", 1))[2]
    assert torch.equal(label[:3], index.label)
    assert torch.equal(label[3:], torch.zeros(3, 2, dtype=torch.int64))


def test_triplets_group_their_negatives_by_link(world):
    links = links_of(given(), ("n2", "n0")).with_negatives(world.graph, ANY, 2, 1, triplet=True)
    places = np.arange(3), np.arange(9)
    input_id, src, positive, negative, time = metadata_of(
        given(), links, places, NegativeSampling("triplet", 2)
    )
    assert input_id.tolist() == [9, 8, 7]
    assert (src.tolist(), positive.tolist()) == ([0, 1, 2], [0, 1, 2])
    assert negative.tolist() == [[3, 6], [4, 7], [5, 8]]
    assert time is None


@pytest.mark.parametrize("amount", [1, 2])
def test_triplets_of_no_links(world, amount):
    none = torch.empty(0, dtype=torch.int64)
    index = EdgeSamplerInput(none, none, none)
    links = links_of(index, ("n2", "n0")).with_negatives(world.graph, ANY, amount, 1, triplet=True)
    _, places = links.seed_sets(disjoint=True)
    negative = metadata_of(index, links, places, NegativeSampling("triplet", amount))[3]
    assert negative.shape == ((0,) if amount == 1 else (0, 2))
