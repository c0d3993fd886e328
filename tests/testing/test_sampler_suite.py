"""The sampler contract finds planted bugs, and passes a sound store."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.kernels.rng import mix
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest
from workbench.temporal import FOREVER
from workbench.testing.sampler_suite import SamplerSuite


class Mutant:
    """A graph store that answers another request than it was asked."""

    def __init__(self, arrays):
        self.inner = RamGraph(arrays)

    def __getattr__(self, name):
        if name.startswith("__") or name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def sample(self, request, snapshot=None):
        found = self.inner.sample(self.other(request), snapshot)
        return self.spoilt(replace(found, request=request))

    def other(self, request):
        return request

    def spoilt(self, found):
        return found


def with_seeds(request, **changes):
    return replace(request, seed_sets=tuple(replace(seeds, **changes) for seeds in request.seed_sets))


class SeesTheFuture(Mutant):
    def other(self, request):
        return with_seeds(request, anchors=np.full(len(request.seed_sets[0]), FOREVER))


class SortsSeeds(Mutant):
    def other(self, request):
        return with_seeds(request, ids=np.sort(request.seed_sets[0].ids))


class IgnoresTheKey(Mutant):
    def other(self, request):
        return replace(request, key=1)


class DrawsAnew(Mutant):
    calls = 0

    def other(self, request):
        self.calls += 1
        return replace(request, key=mix(request.key, self.calls))


class DrawsByBatch(Mutant):
    def other(self, request):
        return replace(request, key=mix(request.key, len(request)))


class DrawsOneMore(Mutant):
    def other(self, request):
        steps = tuple(replace(s, fanout=s.fanout + 1 if s.fanout > 0 else -1) for s in request.plan.steps)
        return replace(request, plan=replace(request.plan, steps=steps))


class MixesAnchors(Mutant):
    def sample(self, request, snapshot=None):
        first = with_seeds(request, anchors=np.zeros(len(request.seed_sets[0]), np.int64))
        return replace(self.inner.sample(first, snapshot), request=request)


class ForgetsEmptyTypes(Mutant):
    def spoilt(self, found):
        kept = {name: ids for name, ids in found.node_id.items() if len(ids)}
        return replace(found, node_id=kept)


class CannotTravel(Mutant):
    def __reduce__(self):
        raise AssertionError("not this one")


MUTANTS = {
    SeesTheFuture: "test_nothing_is_newer_than_its_anchor",
    SortsSeeds: "test_seeds_come_first_in_order_with_duplicates",
    IgnoresTheKey: "test_key_purpose_and_epoch_change_draws",
    DrawsAnew: "test_same_inputs_same_sample",
    DrawsByBatch: "test_disjoint_seeds_do_not_see_each_other",
    DrawsOneMore: "test_fanout_bounds_every_node_and_step",
    MixesAnchors: "test_a_joint_batch_has_one_anchor",
    ForgetsEmptyTypes: "test_no_seeds_no_nodes",
    CannotTravel: "test_sampler_travels",
}


def suite_of(store):
    class Suite(SamplerSuite):
        def make_graph(self, arrays):
            return store(arrays)

    return Suite()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.__name__)
def test_a_planted_bug_is_found(mutant):
    with pytest.raises((AssertionError, WorkbenchError, KeyError)):
        getattr(suite_of(mutant), MUTANTS[mutant])()


def test_the_frame_of_the_mutants_is_sound():
    names = [name for name, _ in inspect.getmembers(SamplerSuite) if name.startswith("test_")]
    assert set(MUTANTS.values()) <= set(names)
    for name in names:
        getattr(suite_of(Mutant), name)()


def test_a_suite_without_a_store_says_so():
    with pytest.raises(NotImplementedError):
        SamplerSuite().make_graph(None)


def test_requests_are_what_mutants_change():
    assert {"seed_sets", "plan", "key", "hidden"} == set(SampleRequest.__dataclass_fields__)
