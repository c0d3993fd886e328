"""An epoch of batches, from its beginning or from any step on."""

from __future__ import annotations

from itertools import chain
from threading import Event

import pytest
import torch

from workbench.plan.fanout import Fanout
from workbench.pyg.loader import PyGLoader
from workbench.sampling.sampler import NeighborSampler
from workbench.testing.shop import Shop
from workbench.training.batches import epoch_of, stoppable


@pytest.mark.parametrize("limit", [None, 1, 3, 9])
@pytest.mark.parametrize("first", [0, 1, 3, 5])
def test_what_was_done_and_what_is_left_are_the_whole(first: int, limit: int | None) -> None:
    whole, steps = epoch_of("abcde", 0, 0, limit)
    assert steps == min(5, limit or 5)
    done = list(whole)
    rest, same = epoch_of("abcde", 0, first, limit)
    assert same == steps
    assert list(rest) == done[first:]


def test_a_length_that_nobody_knows_is_the_limit_at_most() -> None:
    assert epoch_of(chain("ab", "c"), 0, 0, None)[1] is None
    assert epoch_of(chain("ab", "c"), 0, 0, 2)[1] == 2


def test_a_loader_makes_no_batch_again_and_the_rest_alike(shop: Shop) -> None:
    seeds, sampler = shop.task.seeds("val"), NeighborSampler(shop.parts.graph, Fanout([3]), key=4)
    loader = PyGLoader(sampler, shop.parts.features, seeds, 32, shuffle=True)
    whole, steps = epoch_of(loader, 2, 0, None)
    every = list(whole)
    rest, same = epoch_of(loader, 2, 3, None)
    assert same == steps == len(every)
    left = list(rest)
    assert len(left) == len(every) - 3
    for one, two in zip(every[3:], left, strict=True):
        assert torch.equal(one["users"].n_id, two["users"].n_id)
        assert torch.equal(one["orders"].n_id, two["orders"].n_id)
    capped, steps = epoch_of(loader, 2, 3, 4)
    assert (steps, len(list(capped))) == (4, 1)


def test_a_batch_that_takes_long_is_not_waited_for_once_a_check_says_stop(shop: Shop) -> None:
    begun, let_go, asked = Event(), Event(), []

    def slow(data: object) -> object:
        begun.set()
        assert let_go.wait(30)
        return data

    class Stop(Exception):
        pass

    def check() -> None:
        asked.append(begun.is_set())
        if len(asked) > 2 and begun.is_set():
            raise Stop

    seeds, sampler = shop.task.seeds("val"), NeighborSampler(shop.parts.graph, Fanout([3]), key=4)
    loader = PyGLoader(sampler, shop.parts.features, seeds, 32, transform=slow)
    try:
        with pytest.raises(Stop):
            next(stoppable(loader, check))
    finally:
        let_go.set()
    assert asked[-1]


def test_what_is_stoppable_is_otherwise_the_same(shop: Shop) -> None:
    assert list(stoppable("abc", lambda: None)) == ["a", "b", "c"]
    seeds, sampler = shop.task.seeds("val"), NeighborSampler(shop.parts.graph, Fanout([3]), key=4)
    loader = PyGLoader(sampler, shop.parts.features, seeds, 32)
    assert len(list(stoppable(loader, lambda: None))) == len(loader)
