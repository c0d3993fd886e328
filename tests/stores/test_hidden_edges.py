"""A hidden edge is as good as absent: against brute force over rows in which it is absent."""

from dataclasses import replace

import brute_force
import numpy as np

from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges, SampleRequest, SeedSet
from workbench.stores.sharded_graph import ShardedGraph
from workbench.testing.graphs import random_rows
from workbench.testing.requests import random_request


def without(rows, spec, hidden):
    """The rows with the keys of hidden edges gone: both directions, and those of this key only."""
    keys = dict(rows.foreign_keys)
    for column in (spec.src_column, spec.dst_column):
        if column is not None:
            keys[spec.table, column] = keys[spec.table, column].copy()
            keys[spec.table, column][hidden] = -1
    return replace(rows, foreign_keys=keys)


def listed(spec, lists):
    """Edges per seed as a request carries them."""
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in lists])]).astype(np.int64)
    return HiddenEdges(
        spec.edge_type, offsets, np.concatenate([*lists, np.empty(0, np.int64)]).astype(np.int64)
    )


def edges_of(subgraph, position):
    """Edges of one seed's subgraph in global ids, as a sorted list."""
    found = []
    for name, row in subgraph.row.items():
        col = subgraph.col[name]
        mine = subgraph.batch[name.dst][col] == position
        ends = subgraph.node_id[name.src][row[mine]], subgraph.node_id[name.dst][col[mine]]
        found += [(name, *map(int, edge)) for edge in zip(*ends, subgraph.edge_id[name][mine], strict=True)]
    return sorted(found)


def cases():
    """Random graphs, requests and an edge type of each, with random edges to hide from each seed."""
    for number in range(150):
        rng = np.random.default_rng(number)
        rows = random_rows(rng, 10)
        specs = [spec for spec in rows.schema.edge_specs if rows.num_rows[spec.table]]
        request = random_request(rng, rows.schema, rows.num_rows)
        if not specs or not len(request):
            continue
        spec = specs[int(rng.integers(len(specs)))]
        count = rows.num_rows[spec.table]
        lists = [np.flatnonzero(rng.random(count) < 0.3) for _ in range(len(request))]
        yield rows, spec, request, lists


def stores(rows):
    yield RamGraph(rows.arrays())
    yield HopDriver(RamGraph(rows.arrays(np.int64)))
    yield ShardedGraph(rows.arrays(), 2)


def test_a_joint_sample_hides_all_from_all():
    for rows, spec, request, lists in cases():
        if request.plan.disjoint:
            continue
        wanted = brute_force.sample(without(rows, spec, np.unique(np.concatenate(lists))), request)
        for store in stores(rows):
            got = store.sample(replace(request, hidden=(listed(spec, lists),)))
            assert brute_force.differences(got, wanted) == []


def test_each_seed_misses_its_own_hidden_edges_and_no_other():
    for rows, spec, request, lists in cases():
        if not request.plan.disjoint:
            continue
        together = {
            store: store.sample(replace(request, hidden=(listed(spec, lists),))) for store in stores(rows)
        }
        position = 0
        for seeds in request.seed_sets:
            for i in range(len(seeds)):
                one = SeedSet.of(
                    seeds.node_type, *(a[i : i + 1] for a in (seeds.ids, seeds.anchors, seeds.input_ids))
                )
                alone = SampleRequest((one,), request.plan, request.key)
                wanted = brute_force.sample(without(rows, spec, lists[position]), alone)
                for store, batch in together.items():
                    got = store.sample(replace(alone, hidden=(listed(spec, lists[position : position + 1]),)))
                    assert brute_force.differences(got, wanted) == []
                    assert edges_of(batch, position) == edges_of(got, 0)
                position += 1
