"""What PyG's users expect of a neighbour loader, through stock ``NodeLoader``."""

import numpy as np
import pytest
import torch
from pyg_graphs import edge_set, stored
from torch_geometric.data import HeteroData
from torch_geometric.datasets import KarateClub
from torch_geometric.loader import NodeLoader
from torch_geometric.nn import GCNConv, SAGEConv, to_hetero
from torch_geometric.utils import trim_to_layer

from workbench.errors import IdError
from workbench.plan.fanout import Fanout
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.sampling.sampler import NeighborSampler

pytestmark = pytest.mark.filterwarnings("ignore:no input_time was given")

CITES, WROTE = ("paper", "cites", "paper"), ("author", "wrote", "paper")
BACK = ("paper", "rev_wrote", "author")


def stores_of(world):
    graph, features = world
    return PyGFeatureStore(graph, features), PyGGraphStore(graph)


def loader_of(world, fanout, nodes, batch_size=20, **options):
    sampler = PyGSampler(NeighborSampler(world[0], fanout, key=3))
    return NodeLoader(stores_of(world), sampler, input_nodes=nodes, batch_size=batch_size, **options)


@pytest.fixture
def homogeneous():
    """100 nodes, 500 random edges."""
    edges = np.random.default_rng(12).integers(0, 100, (2, 500))
    return stored({"n": 100}, {("n", "e", "n"): edges}), edges


@pytest.fixture
def citations():
    """100 papers, 200 authors; papers cite papers, authors write papers."""
    rng = np.random.default_rng(7)
    cites = rng.integers(0, 100, (2, 500))
    wrote = np.stack([rng.integers(0, 200, 1000), rng.integers(0, 100, 1000)])
    return stored({"paper": 100, "author": 200}, {CITES: cites, WROTE: wrote}), {CITES: cites, WROTE: wrote}


@pytest.mark.parametrize("disjoint", [False, True])
def test_homogeneous_batches(homogeneous, disjoint):
    world, edges = homogeneous
    fanout = Fanout([{"n-e->n": 5}] * 2, disjoint=disjoint)
    loader = loader_of(world, fanout, torch.arange(100))
    assert len(loader) == 5
    stored_x = stores_of(world)[0].get_tensor(group_name="n", attr_name="x", index=None)
    for number, batch in enumerate(loader):
        assert batch.batch_size == 20
        assert batch.input_id.tolist() == list(range(20 * number, 20 * number + 20))
        assert torch.equal(batch.n_id[:20], batch.input_id)
        assert torch.equal(batch.x, stored_x[batch.n_id])
        assert batch.num_nodes == len(batch.n_id)
        assert 0 <= int(batch.edge_index.min()) <= int(batch.edge_index.max()) < batch.num_nodes
        # an edge of the batch is the stored edge of its id
        assert np.array_equal(batch.n_id[batch.edge_index], edges[:, batch.e_id])
        # no edge twice: without replacement
        keys = torch.stack([batch.e_id, batch.batch[batch.edge_index[1]] if disjoint else batch.e_id])
        assert keys.unique(dim=1).shape[1] == batch.num_edges
        # in-degrees are min(5, degree) for expanded nodes, 0 for the last hop's
        drawn = torch.bincount(batch.edge_index[1], minlength=batch.num_nodes)
        degree = torch.bincount(torch.from_numpy(edges[1]), minlength=100)[batch.n_id]
        last = batch.num_sampled_nodes[-1]
        assert torch.equal(drawn[: len(drawn) - last], degree[: len(drawn) - last].clamp(max=5))
        assert (drawn[len(drawn) - last :] == 0).all()
        assert sum(batch.num_sampled_nodes) == batch.num_nodes
        assert (len(batch.num_sampled_nodes), batch.num_sampled_nodes[0]) == (3, 20)
        assert (len(batch.num_sampled_edges), sum(batch.num_sampled_edges)) == (2, batch.num_edges)
        if disjoint:
            assert batch.batch[:20].tolist() == list(range(20))
            assert torch.equal(batch.batch[batch.edge_index[0]], batch.batch[batch.edge_index[1]])
            pairs = torch.stack([batch.batch, batch.n_id])
            assert pairs.unique(dim=1).shape[1] == batch.num_nodes
        else:
            assert batch.n_id.unique().numel() == batch.num_nodes
            assert "batch" not in batch or batch.batch is None


@pytest.mark.parametrize("form", ["tensor", "mask", "name", "list"])
def test_input_nodes_in_every_form(citations, form):
    world, _ = citations
    wanted = list(range(100)) if form == "name" else [3, 50, 51, 99]
    mask = torch.zeros(100, dtype=torch.bool)
    mask[wanted] = True
    nodes = {"tensor": torch.tensor(wanted), "mask": mask, "name": None, "list": wanted}[form]
    inputs = "paper" if form == "name" else ("paper", nodes)
    found = [
        batch["paper"].n_id[: batch["paper"].batch_size] for batch in loader_of(world, Fanout([2]), inputs)
    ]
    assert torch.cat(found).tolist() == wanted


@pytest.mark.parametrize("disjoint", [False, True])
def test_heterogeneous_batches(citations, disjoint):
    world, edges = citations
    hop = {"paper-cites->paper": 5, "author-wrote->paper": 3, "paper-rev_wrote->author": 2}
    loader = loader_of(world, Fanout([hop, hop], disjoint=disjoint), ("paper", torch.arange(100)))
    stored_x = {name: stores_of(world)[0].get_tensor(group_name=name, attr_name="x", index=None)
                for name in ("paper", "author")}  # fmt: skip
    for batch in loader:
        assert set(batch.node_types) == {"paper", "author"}
        assert set(batch.edge_types) == {CITES, WROTE, BACK}
        assert batch["paper"].batch_size == 20
        assert torch.equal(batch["paper"].n_id[:20], batch["paper"].input_id)
        for name in batch.node_types:
            assert torch.equal(batch[name].x, stored_x[name][batch[name].n_id])
            assert len(batch[name].num_sampled_nodes) == 3
            assert sum(batch[name].num_sampled_nodes) == batch[name].num_nodes
        for src, rel, dst in batch.edge_types:
            part = batch[src, rel, dst]
            ends = np.stack([batch[src].n_id[part.edge_index[0]], batch[dst].n_id[part.edge_index[1]]])
            whole = edges[WROTE][::-1] if rel == "rev_wrote" else edges[src, rel, dst]
            assert np.array_equal(ends, whole[:, part.e_id])
            assert len(part.num_sampled_edges) == 2
            assert sum(part.num_sampled_edges) == part.edge_index.shape[1]
            limit = hop[f"{src}-{rel}->{dst}"]
            assert int(torch.bincount(part.edge_index[1]).max()) <= limit
        assert batch[BACK].num_sampled_edges[0] == 0, "no author is known before the first hop"


def test_node_types_that_nothing_reaches_are_there_and_empty(citations):
    world, _ = citations
    (batch,) = loader_of(world, Fanout([{"paper-cites->paper": 2}]), ("paper", [1, 2]))
    assert batch["author"].num_nodes == 0
    assert batch["author"].x.shape[0] == 0


def test_nodes_without_neighbours():
    world = stored({"n": 5}, {("n", "e", "n"): np.array([[0, 1], [1, 2]])})
    (batch,) = loader_of(world, Fanout([{"n-e->n": -1}] * 2), torch.tensor([0, 3, 4]))
    assert batch.n_id.tolist() == [0, 3, 4]
    assert batch.edge_index.shape == (2, 0)
    assert (batch.num_sampled_nodes, batch.num_sampled_edges) == ([3, 0, 0], [0, 0])


def test_edges_flow_towards_the_seeds():
    world = stored({"n": 4}, {("n", "e", "n"): np.array([[0, 1, 2], [1, 2, 3]])})  # 0 -> 1 -> 2 -> 3
    (batch,) = loader_of(world, Fanout([{"n-e->n": -1}] * 2), torch.tensor([3]))
    assert batch.n_id.tolist() == [3, 2, 1]
    assert edge_set(batch.edge_index) == {(1, 0), (2, 1)}
    (batch,) = loader_of(world, Fanout([{"n-rev_e->n": -1}] * 2), torch.tensor([0]))
    assert batch.n_id.tolist() == [0, 1, 2]


@pytest.mark.parametrize("disjoint", [False, True])
@pytest.mark.parametrize("conv", [GCNConv, SAGEConv])
def test_all_neighbours_of_a_gnn_s_depth_give_the_whole_graph_s_output(disjoint, conv):
    data = KarateClub()[0]
    world = stored({"n": 34}, {("n", "e", "n"): data.edge_index})
    torch.manual_seed(0)
    first, second = conv(34, 8, **_plain(conv)), conv(8, 4, **_plain(conv))

    def model(x, edge_index):
        return second(first(x, edge_index).relu(), edge_index)

    wanted = model(data.x, data.edge_index)
    for batch in loader_of(world, Fanout([{"n-e->n": -1}] * 2, disjoint=disjoint), torch.arange(34), 10):
        got = model(data.x[batch.n_id], batch.edge_index)[: batch.batch_size]
        assert torch.allclose(got, wanted[batch.input_id], atol=1e-6)


def _plain(conv):
    # GCN's norm uses the degree of neighbours, which a sample does not hold for the last hop
    return {"normalize": False} if conv is GCNConv else {}


def test_layers_trimmed_by_hop_counts_give_the_same_output(citations):
    world, _ = citations
    torch.manual_seed(1)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.convs = torch.nn.ModuleList([SAGEConv((-1, -1), 8), SAGEConv((-1, -1), 8)])

        def forward(self, x, edge_index):
            return self.convs[1](self.convs[0](x, edge_index).relu(), edge_index)

    (batch,) = loader_of(world, Fanout([4, 3], disjoint=False), ("paper", torch.arange(30)), 30)
    net = to_hetero(Net(), batch.metadata())
    whole = net(batch.x_dict, batch.edge_index_dict)["paper"][:30]
    x, edge_index = batch.x_dict, batch.edge_index_dict
    nodes, edges = batch.num_sampled_nodes_dict, batch.num_sampled_edges_dict
    hidden = None
    for layer in range(2):
        x, edge_index, _ = trim_to_layer(layer, nodes, edges, x, edge_index)
        convs = net.convs[layer]
        out = {}
        for (src, rel, dst), index in edge_index.items():
            key = f"{src}__{rel}__{dst}"
            message = convs[key]((x[src], x[dst]), index)
            out[dst] = out.get(dst, 0) + message
        x = hidden = {name: value.relu() if layer == 0 else value for name, value in out.items()}
    assert torch.allclose(hidden["paper"][:30], whole, atol=1e-5)


@pytest.mark.parametrize("strategy", ["uniform", "recent"])
def test_no_node_is_later_than_its_seed(strategy):
    rng = np.random.default_rng(3)
    at = np.sort(rng.integers(0, 50, 100))
    edges = rng.integers(0, 100, (2, 900))
    world = stored({"n": 100}, {("n", "e", "n"): edges}, node_times={"n": at})
    fanout = Fanout([{"n-e->n": 4}] * 2, strategy=strategy)
    seen = 0
    for batch in loader_of(world, fanout, torch.arange(100), input_time=torch.from_numpy(at)):
        anchors = torch.from_numpy(at)[batch.input_id]
        assert torch.equal(batch.seed_time, anchors)
        assert torch.equal(batch.time, torch.from_numpy(at)[batch.n_id])
        assert (batch.time <= anchors[batch.batch]).all()
        seen += batch.num_edges
    assert seen > 200


def test_the_latest_edges_are_taken():
    # four edges into node 0 at times 0..3, PyG's 'last' strategy
    edges = np.array([[1, 2, 3, 4], [0, 0, 0, 0]])
    world = stored({"n": 5}, {("n", "e", "n"): edges}, edge_times={"e": np.arange(4)})
    for anchor, wanted in [(1, {1, 2}), (2, {2, 3}), (9, {3, 4}), (-1, set())]:
        fanout = Fanout([{"n-e->n": 2}], strategy="recent")
        (batch,) = loader_of(world, fanout, torch.tensor([0]), input_time=torch.tensor([anchor]))
        assert set(batch.n_id[1:].tolist()) == wanted


def test_the_same_node_at_two_times_has_two_subgraphs():
    edges = np.array([[1, 2, 3], [0, 0, 0]])
    world = stored({"n": 4}, {("n", "e", "n"): edges}, edge_times={"e": np.array([10, 20, 30])})
    loader = loader_of(
        world, Fanout([{"n-e->n": -1}]), torch.tensor([0, 0]), input_time=torch.tensor([10, 25])
    )
    (batch,) = loader
    assert batch.n_id.tolist() == [0, 0, 1, 1, 2]
    assert batch.batch.tolist() == [0, 1, 0, 1, 1]


def test_workers_and_shuffling_change_no_subgraph(citations):
    world, _ = citations
    plain = list(loader_of(world, Fanout([3, 2]), ("paper", torch.arange(60))))
    worked = list(loader_of(world, Fanout([3, 2]), ("paper", torch.arange(60)), num_workers=2))
    for one, other in zip(plain, worked, strict=True):
        assert isinstance(one, HeteroData)
        for name in one.node_types:
            assert torch.equal(one[name].n_id, other[name].n_id)
    shuffled = loader_of(world, Fanout([3, 2]), ("paper", torch.arange(60)), shuffle=True)
    assert sorted(torch.cat([b["paper"].input_id for b in shuffled]).tolist()) == list(range(60))
    alone = {}
    for batch in plain:
        alone |= _neighbours_by_seed(batch)
    for batch in shuffled:
        for seed, found in _neighbours_by_seed(batch).items():
            assert found == alone[seed]


def _neighbours_by_seed(batch):
    return {
        int(seed): sorted(batch["author"].n_id[batch["author"].batch == place].tolist())
        for place, seed in enumerate(batch["paper"].input_id)
    }


def test_a_transform_sees_the_whole_batch(citations):
    world, _ = citations

    def count(batch):
        batch.counted = batch["paper"].num_nodes
        return batch

    for batch in loader_of(world, Fanout([2]), ("paper", torch.arange(40)), transform=count):
        assert batch.counted == batch["paper"].num_nodes


def test_nodes_that_do_not_exist_are_refused(citations):
    for bad in (100, -1):
        with pytest.raises(IdError, match="paper"):
            next(iter(loader_of(citations[0], Fanout([2]), ("paper", torch.tensor([bad])))))
