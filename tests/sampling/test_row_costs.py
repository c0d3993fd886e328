"""Bytes of feature rows, against the arrays that loaders really deliver, and row by row in plain Python."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import workbench as wb
from workbench.ingestion.build import ingest
from workbench.loading.loader import Loader
from workbench.query.seed_table import SeedTable
from workbench.sampling.row_costs import RowCosts
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.protocols import versions_in
from workbench.testing.changing_shop import DAY, DAYS, SCHEMA, as_tables, random_frames


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """A shop of users and items with histories, and orders folded into edges."""
    path = tmp_path_factory.mktemp("costs") / "shop"
    frames = random_frames(np.random.default_rng(3), users=12, items=7, orders=60, versions=50)
    ingest(as_tables(frames), SCHEMA.as_edge("orders", "user_id", "item_id"), path)
    return wb.open(path)


def seeds_of(rng, count=40):
    users = rng.integers(0, 12, count)
    return SeedTable("users", users, pa.array(users), rng.integers(-1, DAYS + 6, count) * DAY)


def costs_of(subgraph, engine, **given):
    return RowCosts(subgraph, engine.schema, engine.features.groups, **given)


@pytest.mark.parametrize("disjoint", [True, False])
@pytest.mark.parametrize("cutoff", ["anchor", "path"])
@pytest.mark.parametrize("form", ["directional", "bidirectional"])
def test_bytes_are_those_of_what_a_loader_delivers(engine, disjoint, cutoff, form):
    fanout = wb.Fanout([3, 2], disjoint=disjoint, cutoff=cutoff, subgraph=form, strict=disjoint)
    sampler = NeighborSampler(engine.graph, fanout, key=5)
    versions = 0
    for batch in Loader(sampler, engine.features, seeds_of(np.random.default_rng(1)), 8, threads=1):
        arrays = [*batch.nodes.values(), *(each.rows for each in batch.histories.values())]
        folded = list(batch.edges.values())[:1]  # both directions read the same rows
        held = sum(rows.block.data.nbytes for rows in [*arrays, *folded])
        costs = costs_of(batch.subgraph, engine, versions=versions_in(engine.features))
        assert costs.by_hop().sum() == held == batch.feature_bytes
        seen = sum(each.rows.block.data.nbytes for each in batch.histories.values())
        assert costs_of(batch.subgraph, engine).by_hop().sum() == held - seen
        versions += seen
    assert versions > 0


def test_each_row_counts_at_the_hop_that_needs_it_first(engine):
    seeds, fanout = seeds_of(np.random.default_rng(2)), wb.Fanout([4, 3, 2])
    subgraph = NeighborSampler(engine.graph, fanout).sample(seeds.seed_set())
    costs = costs_of(subgraph, engine, versions=engine.features)
    first: dict[tuple[str, int], int] = {}
    rows = {name: [(name, int(i)) for i in ids] for name, ids in subgraph.node_id.items()}
    for history, kind in (("plans", "users"), ("prices", "items")):
        seen = engine.features.rows_as_of(history, subgraph.node_id[kind], subgraph.node_sees(kind))
        rows[history] = [(history, int(row)) for row in seen]
    for name, kind in (("users", "users"), ("items", "items"), ("plans", "users"), ("prices", "items")):
        for row, hop in zip(rows[name], subgraph.node_hops(kind).tolist(), strict=True):
            first[row] = min(hop, first.get(row, hop))
    for edge_type, ids in subgraph.edge_id.items():
        for row, hop in zip(ids.tolist(), subgraph.edge_hops(edge_type).tolist(), strict=True):
            first["orders", row] = min(hop, first.get(("orders", row), hop))
    stride = {name: group.stride for name, group in engine.features.groups.items()}
    wanted = [sum(stride.get(t, 0) for (t, _), at in first.items() if at == hop) for hop in range(4)]
    assert costs.by_hop().tolist() == wanted
    assert costs.distinct == len({row for row in first if row[0] in ("users", "items")})
    for edge_type, row in subgraph.row.items():
        places = np.flatnonzero(subgraph.edge_hops(edge_type) == 1)
        history = {"users": "plans", "items": "prices"}[edge_type.src]
        met = {rows[name][i] for name in (edge_type.src, history) for i in row[places].tolist()}
        assert costs.along(edge_type, places) == sum(stride.get(name, 0) for name, _ in met)


@pytest.mark.parametrize("disjoint", [True, False])
def test_costs_and_profiles_tell_the_bytes_of_the_loader_s_batch(engine, disjoint):
    seeds, fanout = seeds_of(np.random.default_rng(4)), wb.Fanout([-1, -1], disjoint=disjoint)
    if not disjoint:
        seeds = SeedTable("users", np.arange(12), pa.array(np.arange(12)), np.full(12, 15 * DAY))
    sampler, count = NeighborSampler(engine.graph, fanout), len(seeds)
    (batch,) = Loader(sampler, engine.features, seeds, count, threads=1)
    assert batch.histories.keys() == {"plans", "prices"}
    profile = engine.profile(seeds, fanout, batch_size=count)
    assert profile.feature_bytes.mean == batch.feature_bytes
    assert profile.array_bytes.mean == batch.subgraph.nbytes
    assert sum(hop.feature_bytes.mean for hop in profile.hops) == batch.feature_bytes
    assert engine.cost(seeds, fanout, batch_size=count).feature_bytes == batch.feature_bytes
