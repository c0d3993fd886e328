"""The suite of feature stores finds planted bugs: each mutant below fails at least the test named with it."""

import inspect
from concurrent.futures import Future

import numpy as np
import pytest

from workbench.errors import IdError, StoreError
from workbench.stores.features import FeatureBlock
from workbench.stores.protocols import Read
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.feature_suite import FeatureCase, FeatureStoreSuite, make_case, refused


class Mutant:
    """A store that answers through a sound one; subclasses break one promise each."""

    def __init__(self, inner):
        self.inner = inner

    snapshot = property(lambda self: self.inner.snapshot)
    groups = property(lambda self: self.inner.groups)

    def multi_get(self, reads, pool=None, snapshot=None):
        return self.inner.multi_get(reads, pool, snapshot)

    def fetch(self, reads, pool=None, snapshot=None):
        future = Future()
        try:
            future.set_result(self.multi_get(reads, pool, snapshot))
        except Exception as error:
            future.set_exception(error)
        return future

    def __reduce__(self):
        return type(self), (self.inner,)


class Sorts(Mutant):
    def multi_get(self, reads, pool=None, snapshot=None):
        blocks = super().multi_get(reads, pool, snapshot)
        return [FeatureBlock(b.layout, b.data[np.argsort(r.ids)]) for r, b in zip(reads, blocks, strict=True)]


class Clamps(Mutant):
    def multi_get(self, reads, pool=None, snapshot=None):
        safe = [Read(r.group, np.clip(r.ids, 0, 39), r.as_of) if len(r.ids) == 1 else r for r in reads]
        return super().multi_get(safe, pool, snapshot)


class RaisesFromFetch(Mutant):
    def fetch(self, reads, pool=None, snapshot=None):
        self.multi_get(reads, pool, snapshot)
        return super().fetch(reads, pool, snapshot)


class IgnoresVersions(Mutant):
    def multi_get(self, reads, pool=None, snapshot=None):
        return super().multi_get([Read(r.group, r.ids) for r in reads], pool, snapshot)


class IgnoresSnapshots(Mutant):
    def multi_get(self, reads, pool=None, snapshot=None):
        return super().multi_get(reads, pool)


class IgnoresThePool(Mutant):
    def multi_get(self, reads, pool=None, snapshot=None):
        return super().multi_get(reads, None, snapshot)


class ReusesItsBuffer(Mutant):
    buffer = np.zeros((2000, 2048), np.uint8)

    def multi_get(self, reads, pool=None, snapshot=None):
        blocks = super().multi_get(reads, pool, snapshot)
        if len(blocks) != 1:
            return blocks
        flat = self.buffer.reshape(-1)[: blocks[0].data.size].reshape(blocks[0].data.shape)
        flat[:] = blocks[0].data
        return [FeatureBlock(blocks[0].layout, flat)]


class ForgetsTheLastByte(Mutant):
    def multi_get(self, reads, pool=None, snapshot=None):
        blocks = super().multi_get(reads, pool, snapshot)
        for block in blocks:
            block.data[:, block.layout.mask_offset] = 0
        return blocks


class CannotBePickled(Mutant):
    def __reduce__(self):
        raise StoreError("no")


MUTANTS = {
    Sorts: "test_rows_come_back_in_the_order_of_ids",
    Clamps: "test_bad_ids_are_refused",
    RaisesFromFetch: "test_bad_ids_are_refused",
    IgnoresVersions: "test_what_is_not_there_is_refused",
    IgnoresSnapshots: "test_what_is_not_there_is_refused",
    IgnoresThePool: "test_the_given_pool_lends_the_memory",
    ReusesItsBuffer: "test_held_rows_are_never_overwritten",
    ForgetsTheLastByte: "test_every_section_is_what_was_written",
    CannotBePickled: "test_crosses_to_another_process_by_pickle",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return make_case(tmp_path_factory.mktemp("dataset"), SsdFeatures.open)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.__name__)
def test_a_planted_bug_is_found(sound, mutant):
    case = FeatureCase(mutant(sound.store), sound.written)
    with pytest.raises((AssertionError, IdError, StoreError)):
        getattr(FeatureStoreSuite(), MUTANTS[mutant])(case)


def test_the_frame_of_the_mutants_is_sound(sound):
    case = FeatureCase(Mutant(sound.store), sound.written)
    tests = [name for name, _ in inspect.getmembers(FeatureStoreSuite) if name.startswith("test_")]
    assert len(tests) == 11
    for name in tests:
        getattr(FeatureStoreSuite(), name)(case)


def test_refused_wants_an_error():
    with pytest.raises(AssertionError, match="IdError was expected, nothing was raised"):
        refused(IdError, lambda: None)
