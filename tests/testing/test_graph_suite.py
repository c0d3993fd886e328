"""The graph suite passes good stores (see the stores' tests) and finds planted bugs in bad ones."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HopSample
from workbench.temporal import FOREVER
from workbench.testing.graph_suite import GraphStoreSuite


class Later(RamGraph):
    """Sees one microsecond into the future."""

    def sample(self, request, snapshot=None):
        sets = tuple(
            replace(s, anchors=np.where(s.anchors == FOREVER, FOREVER, s.anchors + 10))
            for s in request.seed_sets
        )
        return replace(super().sample(replace(request, seed_sets=sets), snapshot), request=request)


class OtherKey(RamGraph):
    """Draws from another key."""

    def sample(self, request, snapshot=None):
        return super().sample(replace(request, key=request.key ^ 1), snapshot)


class Unordered(RamGraph):
    """Answers hops with the draws reversed."""

    def sample_hop(self, request, snapshot=None):
        hop = super().sample_hop(request, snapshot)
        return HopSample(hop.offsets, hop.neighbors[::-1], hop.edge_ids[::-1])


class BatchDependent(RamGraph):
    """Draws that depend on the size of the batch."""

    def sample(self, request, snapshot=None):
        return super().sample(replace(request, key=request.key ^ len(request)), snapshot)


class Unchecked(RamGraph):
    """Lets every request in."""

    def sample(self, request, snapshot=None):
        return HopDriver(RamGraph(self.arrays)).sample(replace(request, seed_sets=()), snapshot)


class OneBuffer(RamGraph):
    """Hands out the same memory again."""

    def sample(self, request, snapshot=None):
        subgraph = super().sample(request, snapshot)
        buffer = self.__dict__.setdefault("buffer", {})
        for name, ids in subgraph.node_id.items():
            held = buffer.setdefault(name, np.zeros(100_000, ids.dtype))
            held[: len(ids)] = ids
            subgraph.node_id[name] = held[: len(ids)]
        return subgraph


PLANTED = {
    Later: "test_no_edge_and_no_node_is_newer_than_its_anchor",
    OtherKey: "test_same_bits_as_the_reference",
    Unordered: "test_a_hop_is_the_reference_hop",
    BatchDependent: "test_a_disjoint_seed_does_not_depend_on_its_batch",
    Unchecked: "test_bad_requests_are_refused",
    OneBuffer: "test_what_is_held_is_not_overwritten",
}


@pytest.mark.parametrize("store", PLANTED)
def test_a_planted_bug_is_found(store):
    class Suite(GraphStoreSuite):
        def make_store(self, arrays):
            return store(arrays)

    with pytest.raises(AssertionError):
        getattr(Suite(), PLANTED[store])()
