"""What PyG's users expect of a link loader, through stock ``LinkLoader``: homogeneous and heterogeneous."""

import warnings

import numpy as np
import pytest
import torch
from pyg_graphs import edge_set, stored
from torch_geometric.data import Data
from torch_geometric.loader import LinkLoader
from torch_geometric.sampler import NegativeSampling

from workbench.errors import AnchorError, FanoutError
from workbench.plan.fanout import Fanout
from workbench.pyg.sampler import PyGSampler
from workbench.pyg.stores import PyGFeatureStore, PyGGraphStore
from workbench.sampling.avoided import Negatives, Positives
from workbench.sampling.sampler import NeighborSampler

pytestmark = [
    pytest.mark.filterwarnings("ignore:no edge_label_time was given"),
    pytest.mark.filterwarnings("ignore:.* links see .* edges that join their own"),
]

WROTE = ("author", "wrote", "paper")
ANY = Negatives(avoid_edges=False)


def loader_of(world, index, negatives=None, fanout=None, rule=None, batch_size=20, **options):
    graph, features = world
    single = len(graph.schema.node_types) == 1
    fanout = fanout or Fanout([{"n-e->n": 3}] * 2 if single else [3, 3])
    sampler = PyGSampler(NeighborSampler(graph, fanout, key=5), negatives=rule or Negatives())
    stores = PyGFeatureStore(graph, features), PyGGraphStore(graph)
    index = torch.from_numpy(np.ascontiguousarray(index))
    given = (None, index) if single else (WROTE, index)
    return LinkLoader(stores, sampler, given, neg_sampling=negatives, batch_size=batch_size, **options)


def of_links(batch):
    """The store that holds labels, and global ids of the ends of ``edge_label_index``."""
    if isinstance(batch, Data):
        return batch, batch.n_id[batch.edge_label_index]
    part = batch[WROTE]
    row, col = part.edge_label_index
    return part, torch.stack([batch["author"].n_id[row], batch["paper"].n_id[col]])


def graph(kind, edge_times=None, node_times=None):
    rng = np.random.default_rng(2)
    if kind == "homogeneous":
        edges = rng.integers(0, 80, (2, 400))
        return stored({"n": 80}, {("n", "e", "n"): edges}, node_times, _named("e", edge_times)), edges
    edges = np.stack([rng.integers(0, 120, 400), rng.integers(0, 60, 400)])
    world = stored({"author": 120, "paper": 60}, {WROTE: edges}, node_times, _named("wrote", edge_times))
    return world, edges


def _named(name, times):
    return None if times is None else {name: times}


KINDS = pytest.mark.parametrize("kind", ["homogeneous", "heterogeneous"])
MODES = pytest.mark.parametrize("disjoint", [False, True])


def fanout_of(kind, disjoint):
    return Fanout([{"n-e->n": 3}] * 2 if kind == "homogeneous" else [3, 3], disjoint=disjoint)


@KINDS
@MODES
def test_links_come_in_order_with_their_labels(kind, disjoint):
    world, edges = graph(kind)
    label = torch.arange(400) % 3
    loader = loader_of(world, edges, fanout=fanout_of(kind, disjoint), edge_label=label)
    assert len(loader) == 20
    for number, batch in enumerate(loader):
        part, ends = of_links(batch)
        span = slice(20 * number, 20 * number + 20)
        assert part.input_id.tolist() == list(range(400))[span]
        assert np.array_equal(ends, edges[:, span])
        assert torch.equal(part.edge_label, label[span])


@KINDS
def test_without_labels_there_are_none(kind):
    world, edges = graph(kind)
    part, _ = of_links(next(iter(loader_of(world, edges))))
    assert "edge_label" not in part or part.edge_label is None


@KINDS
@MODES
@pytest.mark.parametrize("amount", [1, 2, 0.5])
@pytest.mark.parametrize("draw", ["uniform", "popular", "in-batch"])
def test_binary_negatives_follow_the_positives_and_are_no_edges(kind, disjoint, amount, draw):
    world, edges = graph(kind)
    linked, every = edge_set(edges), set()
    negatives, fanout = NegativeSampling("binary", amount), fanout_of(kind, disjoint)
    for batch in loader_of(world, edges, negatives, fanout, Negatives(draw)):
        part, ends = of_links(batch)
        extra = int(np.ceil(20 * amount))
        assert part.edge_label.tolist() == [1.0] * 20 + [0.0] * extra
        assert ends.shape == (2, 20 + extra)
        assert edge_set(ends[:, :20]) <= linked
        assert not edge_set(ends[:, 20:]) & linked
        every |= edge_set(ends[:, 20:])
    assert len(every) > 150


@KINDS
def test_negatives_may_be_edges_if_they_are_not_to_be_avoided(kind):
    world, edges = graph(kind)
    found = set()
    for batch in loader_of(world, edges, NegativeSampling("binary", 20), rule=ANY):
        found |= edge_set(of_links(batch)[1][:, 20:])
    assert found & edge_set(edges)


@pytest.mark.parametrize("dtype", [torch.int64, torch.float32])
def test_classes_move_up_by_one_for_negatives_to_be_zero(dtype):
    world, edges = graph("heterogeneous")
    label = (torch.arange(400) % 2).to(dtype)
    part, _ = of_links(next(iter(loader_of(world, edges, NegativeSampling("binary"), edge_label=label))))
    assert part.edge_label.tolist() == (label[:20] + 1).tolist() + [0] * 20
    assert part.edge_label.dtype == dtype


@KINDS
@MODES
@pytest.mark.parametrize("amount", [1, 3])
def test_triplets(kind, disjoint, amount):
    world, edges = graph(kind)
    linked = edge_set(edges)
    for batch in loader_of(world, edges, NegativeSampling("triplet", amount), fanout_of(kind, disjoint)):
        homogeneous = kind == "homogeneous"
        rows, cols = (batch, batch) if homogeneous else (batch["author"], batch["paper"])
        span = (batch if homogeneous else batch[WROTE]).input_id
        src, positive = rows.n_id[rows.src_index], cols.n_id[cols.dst_pos_index]
        assert np.array_equal(torch.stack([src, positive]), edges[:, span])
        assert cols.dst_neg_index.shape == ((20,) if amount == 1 else (20, amount))
        negative = cols.n_id[cols.dst_neg_index].view(20, amount)
        pairs = torch.stack([src.repeat_interleave(amount), negative.reshape(-1)])
        assert not edge_set(pairs) & linked
        assert "edge_label_index" not in (batch if homogeneous else batch[WROTE])


def test_weights_of_the_loader_decide_which_ends_are_drawn():
    world, edges = graph("heterogeneous")
    weight = torch.zeros(60)
    weight[[7, 9]] = torch.tensor([1.0, 3.0])
    drawn = []
    for batch in loader_of(world, edges, NegativeSampling("triplet", 10, dst_weight=weight), rule=ANY):
        drawn += batch["paper"].n_id[batch["paper"].dst_neg_index].reshape(-1).tolist()
    assert set(drawn) == {7, 9}
    assert 2.4 < drawn.count(9) / drawn.count(7) < 3.8


@KINDS
def test_links_and_negatives_see_no_later_row(kind):
    at = np.sort(np.random.default_rng(4).integers(1, 1_000, 400))
    name = "n" if kind == "homogeneous" else "paper"
    born = np.sort(np.random.default_rng(5).integers(0, 100, 80 if name == "n" else 60))
    world, edges = graph(kind, at, {name: born})
    chosen = np.flatnonzero(at > born.max() // 2)
    chosen = chosen[(born[edges[1, chosen]] <= at[chosen])]
    anchors = torch.from_numpy(at[chosen])
    loader = loader_of(world, edges[:, chosen], NegativeSampling("binary", 2), edge_label_time=anchors)
    before = 0
    for batch in loader:
        part, ends = of_links(batch)
        count = len(part.input_id)
        own = anchors[part.input_id]
        assert torch.equal(part.edge_label_time, own.repeat(3))
        for store in batch.node_stores:
            if "time" in store:
                drawn = torch.arange(store.num_nodes) >= store.num_sampled_nodes[0]
                assert (store.time <= own[store.batch])[drawn].all()
        for j in range(count, ends.shape[1]):
            now = own[j % count]
            assert born[ends[1, j]] <= now
            earlier = edges[:, at <= int(now)]
            assert tuple(ends[:, j].tolist()) not in edge_set(earlier)
            before += tuple(ends[:, j].tolist()) in edge_set(edges[:, at > int(now)])
        indexed = batch.edge_stores if kind != "homogeneous" else [batch]
        for store in indexed:
            if "e_id" in store and store.e_id is not None and len(store.e_id):
                dst = batch[store._key[-1]] if kind != "homogeneous" else batch
                assert (torch.from_numpy(at)[store.e_id] <= own[dst.batch[store.edge_index[1]]]).all()
    assert before > 0, "an edge that comes later is a fair negative"


def test_positives_of_the_label_are_no_negatives():
    at = np.arange(400)
    world, edges = graph("heterogeneous", at)
    chosen, anchors = edges[:, 100:300], torch.full((200,), 150)
    later = edges[:, 151:]
    options = {"edge_label_time": anchors, "batch_size": 200}
    rules = {
        "window": Negatives(window=(0, 400)),
        "pairs": Negatives(positives=Positives(later[0], later[1])),
        "none": Negatives(),
    }
    hits = {}
    for name, rule in rules.items():
        (batch,) = loader_of(world, chosen, NegativeSampling("binary", 30), rule=rule, **options)
        hits[name] = len(edge_set(of_links(batch)[1][:, 200:]) & edge_set(later))
    assert hits["window"] == hits["pairs"] == 0 < hits["none"]


def test_an_edge_type_that_is_none_cannot_be_avoided():
    world, edges = graph("heterogeneous")
    sampler = PyGSampler(NeighborSampler(world[0], Fanout([2])))
    stores = PyGFeatureStore(*world), PyGGraphStore(world[0])
    given = (("author", "likes", "paper"), torch.from_numpy(edges))
    loader = LinkLoader(stores, sampler, given, neg_sampling=NegativeSampling("binary"), batch_size=4)
    with pytest.raises(Exception, match="author-likes->paper"):
        next(iter(loader))


def test_a_full_graph_has_no_negatives():
    every = np.stack([part.ravel() for part in np.mgrid[0:3, 0:4]])
    world = stored({"author": 3, "paper": 4}, {WROTE: every})
    with pytest.raises(AnchorError, match="every pair of nodes that exist at that time is linked"):
        next(iter(loader_of(world, every, NegativeSampling("triplet"))))


def test_rules_are_values_of_their_class():
    world, _ = graph("heterogeneous")
    with pytest.raises(FanoutError, match="negatives of links was asked for"):
        PyGSampler(NeighborSampler(world[0], Fanout([2])), negatives="popular")


@KINDS
@MODES
@pytest.mark.parametrize("static", [False, True])
def test_a_link_never_sees_itself(kind, disjoint, static):
    """Nor where the plan waives the times of edges, and the links are later than what they are asked at."""
    times = np.sort(np.random.default_rng(0).integers(100, 900, 400)) if static else None
    world, edges = graph(kind, edge_times=times)
    hop = (
        ["n-e->n", "n-rev_e->n"]
        if kind == "homogeneous"
        else ["author-wrote->paper", "paper-rev_wrote->author"]
    )
    fanout = Fanout([dict.fromkeys(hop, -1)] * 2, disjoint=disjoint, static=hop if static else ())
    sampler = PyGSampler(NeighborSampler(world[0], fanout), hide_links=True)
    stores = PyGFeatureStore(*world), PyGGraphStore(world[0])
    name = ("n", "e", "n") if kind == "homogeneous" else WROTE
    given = {"edge_label_time": torch.full((400,), 99)} if static else {}
    loader = LinkLoader(stores, sampler, (name, torch.from_numpy(edges)), batch_size=10, **given)
    for batch in loader:
        count = len(batch[name].input_id)
        own = torch.from_numpy(edges)[:, batch[name].input_id]
        assert sum(batch[each].edge_index.shape[1] for each in batch.edge_types) > 100
        for src, rel, dst in batch.edge_types:
            part = batch[src, rel, dst]
            ends = torch.stack([batch[src].n_id[part.edge_index[0]], batch[dst].n_id[part.edge_index[1]]])
            ends = ends.flip(0) if rel.startswith("rev_") else ends
            links = batch[dst].batch[part.edge_index[1]] if disjoint else None
            for i in range(count):
                mine = ends[:, links == i] if disjoint else ends
                assert tuple(own[:, i].tolist()) not in edge_set(mine)
                assert kind != "homogeneous" or tuple(own[:, i].tolist())[::-1] not in edge_set(mine)


@MODES
def test_links_that_see_themselves_are_warned_of_once(disjoint):
    times = np.sort(np.random.default_rng(0).integers(100, 900, 400))
    world, edges = graph("heterogeneous", edge_times=times)
    wrote, back = "author-wrote->paper", "paper-rev_wrote->author"

    def warned(fanout, anchors, **options):
        sampler = PyGSampler(NeighborSampler(world[0], fanout), **options)
        stores = PyGFeatureStore(*world), PyGGraphStore(world[0])
        given = {"edge_label_time": torch.from_numpy(anchors[:8]), "batch_size": 4 if disjoint else 8}
        index = (WROTE, torch.from_numpy(edges[:, :8]))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            list(LinkLoader(stores, sampler, index, neg_sampling=NegativeSampling("binary"), **given))
        return [str(each.message) for each in said if "their own two ends" in str(each.message)]

    at, before, every = np.full(400, 900), np.full(400, 99), dict.fromkeys([wrote, back], 2)
    own = times if disjoint else at
    (text,) = warned(Fanout([every], disjoint=disjoint), own)
    assert "PyGSampler(..., hide_links=True)" in text
    assert warned(Fanout([{back: 2}], disjoint=disjoint), at)
    assert not warned(Fanout([every], disjoint=disjoint), before)
    assert warned(Fanout([every], disjoint=disjoint, static=[back]), before)
    assert not warned(Fanout([every], disjoint=disjoint), at, hide_links=True)
    assert not warned(Fanout([0], disjoint=disjoint), at)
