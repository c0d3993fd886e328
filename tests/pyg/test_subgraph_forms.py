"""Bidirectional and induced subgraphs as PyG sees them: hop counts, ``trim_to_layer``, features of edges."""

import numpy as np
import pytest
import torch
from pyg_graphs import stored
from torch_geometric.loader import NodeLoader
from torch_geometric.nn import GraphSAGE, SAGEConv
from torch_geometric.sampler.base import SubgraphType
from torch_geometric.utils import trim_to_layer

from workbench.errors import FanoutError
from workbench.plan.fanout import Fanout
from workbench.pyg.loader import PyGLoader
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.sampling.sampler import NeighborSampler

pytestmark = pytest.mark.filterwarnings("ignore:no input_time was given")

FORMS = ["directional", "bidirectional", "induced"]
WROTE, CITES = ("author", "wrote", "paper"), ("paper", "cites", "paper")
HOPS = 3


def batch_of(world, fanout, nodes):
    """One batch of a stock loader."""
    stores = PyGFeatureStore(*world), PyGGraphStore(world[0])
    sampler = PyGSampler(NeighborSampler(world[0], fanout, key=3))
    (batch,) = NodeLoader(stores, sampler, input_nodes=nodes, batch_size=1000)
    return batch


def forest():
    """60 papers of two kinds of links; each paper but the first has one parent, so there are no cycles."""
    rng = np.random.default_rng(5)
    child = np.arange(1, 60)
    parent = rng.integers(np.maximum(child - 6, 0), child)
    turned = rng.random(59) < 0.5
    src, dst = np.where(turned, child, parent), np.where(turned, parent, child)
    kind = rng.random(59) < 0.3
    return stored(
        {"paper": 60}, {CITES: [src[kind], dst[kind]], ("paper", "quotes", "paper"): [src[~kind], dst[~kind]]}
    )


def tangle():
    """80 papers, 40 authors, and cycles of all lengths."""
    rng = np.random.default_rng(6)
    wrote = np.stack([rng.integers(0, 40, 200), rng.integers(0, 80, 200)])
    return stored({"paper": 80, "author": 40}, {CITES: rng.integers(0, 80, (2, 200)), WROTE: wrote})


class Net:
    """A hetero GraphSAGE of one layer per hop."""

    def __init__(self, batch):
        torch.manual_seed(0)
        self.lift = {name: torch.randn(batch[name].x.shape[1], 8) for name in batch.node_types}
        self.convs = [{name: SAGEConv((8, 8), 8) for name in batch.edge_types} for _ in range(HOPS)]

    def start(self, batch):
        return {name: batch[name].x @ lift for name, lift in self.lift.items()}

    def layer(self, number, x, edge_index):
        out = {name: torch.zeros_like(part) for name, part in x.items()}
        for name, index in edge_index.items():
            out[name[2]] = out[name[2]] + self.convs[number][name]((x[name[0]], x[name[2]]), index)
        return {name: part.tanh() for name, part in out.items()}

    def whole(self, batch, kept=lambda layer, name, index: index):
        x = self.start(batch)
        for layer in range(HOPS):
            edges = {name: kept(layer, name, index) for name, index in batch.edge_index_dict.items()}
            x = self.layer(layer, x, edges)
        return x["paper"][: batch["paper"].batch_size]

    def trimmed(self, batch):
        x, edge_index = self.start(batch), batch.edge_index_dict
        nodes, edges = batch.num_sampled_nodes_dict, batch.num_sampled_edges_dict
        for layer in range(HOPS):
            x, edge_index, _ = trim_to_layer(layer, nodes, edges, x, edge_index)
            x = self.layer(layer, x, edge_index)
        return x["paper"][: batch["paper"].batch_size]


def within(batch):
    """Edges that a layer still holds, told by the hops of their ends and not by the counts of edges."""
    hops = {
        name: torch.repeat_interleave(torch.arange(HOPS + 1), torch.tensor(batch[name].num_sampled_nodes))
        for name in batch.node_types
    }

    def kept(layer, name, index):
        latest = torch.maximum(hops[name[0]][index[0]], hops[name[2]][index[1]])
        return index[:, latest <= HOPS - layer]

    return kept


@torch.no_grad()
@pytest.mark.parametrize("form", FORMS)
def test_trimming_changes_nothing_where_edges_span_one_hop(form):
    batch = batch_of(forest(), Fanout([2] * HOPS, subgraph=form), ("paper", torch.arange(0, 60, 3)))
    net = Net(batch)
    assert torch.allclose(net.trimmed(batch), net.whole(batch), atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("disjoint", [True, False])
def test_trimming_changes_nothing_of_directional_subgraphs(disjoint):
    batch = batch_of(tangle(), Fanout([3] * HOPS, disjoint=disjoint), ("paper", torch.arange(20)))
    net = Net(batch)
    assert torch.allclose(net.trimmed(batch), net.whole(batch), atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("disjoint", [True, False])
@pytest.mark.parametrize("form", FORMS[1:])
def test_elsewhere_a_layer_holds_the_edges_of_its_hops(form, disjoint):
    """An added edge may come from far beyond its dst: no later layer can hold both."""
    batch = batch_of(
        tangle(), Fanout([3] * HOPS, subgraph=form, disjoint=disjoint), ("paper", torch.arange(20))
    )
    net = Net(batch)
    trimmed = net.trimmed(batch)
    assert torch.allclose(trimmed, net.whole(batch, within(batch)), atol=1e-6)
    assert not torch.allclose(trimmed, net.whole(batch), atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("disjoint", [True, False])
def test_trimming_changes_nothing_of_a_homogeneous_graph(disjoint):
    edges = np.random.default_rng(1).integers(0, 50, (2, 300))
    world = stored({"n": 50}, {("n", "e", "n"): edges})
    batch = batch_of(world, Fanout([{"n-e->n": 4}] * HOPS, disjoint=disjoint), torch.arange(10))
    torch.manual_seed(0)
    net = GraphSAGE(batch.x.shape[1], 8, HOPS).eval()
    counts = {
        "num_sampled_nodes_per_hop": batch.num_sampled_nodes,
        "num_sampled_edges_per_hop": batch.num_sampled_edges,
    }
    whole, trimmed = net(batch.x, batch.edge_index), net(batch.x, batch.edge_index, **counts)
    assert torch.allclose(whole[:10], trimmed[:10], atol=1e-6)


def test_subgraphs_with_two_edge_types_are_not_homogeneous():
    world = stored({"n": 50}, {("n", "e", "n"): np.random.default_rng(1).integers(0, 50, (2, 300))})
    with pytest.raises(FanoutError, match=r"its subgraphs have 2 edge types.*subgraph='directional'"):
        batch_of(world, Fanout([{"n-e->n": 4}], subgraph="bidirectional"), torch.arange(10))


def test_pyg_s_own_words_are_read():
    for word in SubgraphType:
        assert Fanout([4], subgraph=word) == Fanout([4], subgraph=word.value)


@pytest.mark.parametrize("form", FORMS[1:])
def test_features_and_times_join_added_edges(world, form):
    """Both directions of a row carry the same features and times, drawn or added."""
    sampler = NeighborSampler(world.graph, Fanout([3, 2], subgraph=form), key=1)
    met = 0
    for batch in PyGLoader(sampler, world.features, world.seeds, 30):
        for name in batch.edge_types:
            store, spec = batch[name], world.graph.schema.edge_spec(name)
            assert store.edge_index.shape[1] == len(store.e_id) == sum(store.num_sampled_edges)
            clock = world.graph.times(spec.table)
            if clock is not None:
                assert store.edge_time.tolist() == clock[store.e_id.numpy()].tolist()
            if "edge_attr" in store and len(store.e_id):
                (back,) = [
                    b
                    for b in batch.edge_types
                    if b[::2] == name[2::-2]
                    and b != name
                    and world.graph.schema.edge_spec(b).table == spec.table
                ]
                rows = dict(zip(batch[back].e_id.tolist(), batch[back].edge_attr, strict=True))
                for row, values in zip(store.e_id.tolist(), store.edge_attr, strict=True):
                    if row in rows:
                        met += 1
                        assert torch.equal(values, rows[row])
    assert met > 20
