"""Communities: those that were planted are found, and none grows beyond its limit."""

import numpy as np
import pytest

from workbench.kernels.communities import communities
from workbench.testing.planted import planted


@pytest.mark.parametrize("largest", [1000, 64])
def test_planted_communities_are_found(largest):
    graph = planted(3000, 30, 12, 0.9, np.random.default_rng(0))
    labels = communities(*graph.adjacency(), largest)
    pairs = np.random.default_rng(1).integers(0, 3000, (200_000, 2))
    together = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    planted_so = graph.community[pairs[:, 0]] == graph.community[pairs[:, 1]]
    assert planted_so.sum() > 1000
    assert together[planted_so].mean() > 0.9
    assert together[~planted_so].mean() < 0.005


def test_a_label_has_so_many_nodes_at_most_and_names_one_of_them():
    graph = planted(2000, 500, 10, 0.9, np.random.default_rng(2))
    labels = communities(*graph.adjacency(), 50)
    assert np.bincount(labels).max() == 50
    assert (labels == communities(*graph.adjacency(), 50)).all()
    assert (labels != communities(*graph.adjacency(), 50, key=1)).any()


def test_nodes_without_links_keep_to_themselves():
    assert communities(np.zeros(4, np.int64), np.empty(0, np.int32), 9).tolist() == [0, 1, 2]
    assert communities(np.zeros(1, np.int64), np.empty(0, np.int32), 9).tolist() == []
    pair = communities(np.array([0, 1, 2, 2]), np.array([1, 0], np.int32), 9)
    assert pair[0] == pair[1] != pair[2]
