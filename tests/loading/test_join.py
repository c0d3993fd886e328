"""Which rows a subgraph needs, and what the rows complete."""

import numpy as np

from workbench.ingestion.build import ingest
from workbench.loading.join import edge_times, node_times, plan_join
from workbench.plan.fanout import Fanout
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.dataset import Dataset
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SeedSet
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.changing_shop import DAY, DAYS, SCHEMA, as_tables, random_frames


def plan(world, groups=None, **options):
    subgraph = world.sampler.sample(world.seeds.seed_set())
    groups = world.features.groups if groups is None else groups
    return subgraph, plan_join(world.graph.schema, groups, subgraph, **options)


def test_every_group_is_read_once_and_each_row_once(world):
    _, join = plan(world)
    assert len({read.group for read in join.reads}) == len(join.reads)
    assert {read.group for read in join.reads} <= set(world.features.groups)
    for read in join.reads:
        assert len(np.unique(read.ids)) == len(read.ids)


def test_reads_and_indices_give_back_the_ids(world):
    subgraph, join = plan(world)
    for name, (read, index) in join.nodes.items():
        assert np.array_equal(join.reads[read].ids[index], subgraph.node_id[name])
    assert len({read for read, _ in join.edges.values()}) < len(join.edges), "two directions share a read"
    for name, (read, index) in join.edges.items():
        assert np.array_equal(join.reads[read].ids[index], subgraph.edge_id[name])
        assert join.reads[read].group == world.graph.schema.edge_spec(name).table


def test_only_known_groups_and_wanted_edges_are_read(world):
    _, none = plan(world, groups=())
    assert (none.reads, none.nodes, none.edges) == ((), {}, {})
    _, nodes = plan(world, edge_features=False)
    assert not nodes.edges
    assert nodes.nodes


def test_rows_refer_to_the_blocks_of_their_reads(world):
    _, join = plan(world)
    blocks = world.features.multi_get(join.reads)
    for name, rows in join.node_rows(blocks).items():
        assert rows.block is blocks[join.nodes[name][0]]
    for name, rows in join.edge_rows(blocks).items():
        assert rows.block is blocks[join.edges[name][0]]


def test_times_are_those_of_the_rows(world):
    subgraph, _ = plan(world)
    nodes, edges = node_times(world.graph, subgraph), edge_times(world.graph, subgraph)
    assert set(nodes) == {"n0"}
    assert np.array_equal(nodes["n0"], world.graph.times("n0")[subgraph.node_id["n0"]])
    for name, ids in subgraph.edge_id.items():
        times = world.graph.times(world.graph.schema.edge_spec(name).table)
        assert (name in edges) == (times is not None)
        assert times is None or np.array_equal(edges[name], times[ids])


def test_histories_are_left_out_where_nothing_looks_them_up(tmp_path):
    ingest(as_tables(random_frames(np.random.default_rng(0))), SCHEMA, tmp_path)
    dataset = Dataset.open(tmp_path)
    graph, features = RamGraph.open(dataset), SsdFeatures.open(dataset)
    seeds = SeedSet.of("users", np.arange(8), DAYS * DAY)
    subgraph = NeighborSampler(graph, Fanout([3, 2])).sample(seeds)
    assert not plan_join(SCHEMA, features.groups, subgraph).histories
    assert not plan_join(SCHEMA, (), subgraph, versions=features).histories
    join = plan_join(SCHEMA, features.groups, subgraph, versions=features)
    assert {name: seen.of for name, seen in join.histories.items()} == {"plans": "users", "prices": "items"}
    for name, seen in join.histories.items():
        read = join.reads[seen.read]
        assert (read.group, len(read.ids)) == (name, len(np.unique(seen.row)))
        # The node that stands for a version sees that version.
        assert np.array_equal(features.rows_as_of(name, read.ids, read.as_of)[seen.index], seen.row)
