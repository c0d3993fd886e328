"""Attributes as they were: whole epochs of batches hold what pandas.merge_asof says of the source tables."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import LoaderError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.merge import compact
from workbench.loading.loader import Loader
from workbench.plan.fanout import Fanout
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.dataset import Dataset
from workbench.stores.ram_graph import RamGraph
from workbench.stores.ssd_features import SsdFeatures
from workbench.temporal import FOREVER
from workbench.testing.changing_shop import (
    DAY,
    DAYS,
    NAMED,
    SCHEMA,
    VALUES,
    as_tables,
    check_block,
    random_frames,
    random_rows,
    versions_of,
)
from workbench.testing.ram_features import random_features
from workbench.testing.sizes import cases

KEYS = {"plans": "users", "prices": "items"}


def random_loader(path, rng):
    """A loader of random seeds, anchors, rules of time and form of batches."""
    dataset = Dataset.open(path)
    graph, features = RamGraph.open(dataset), SsdFeatures.open(dataset)
    count = 12
    users = rng.integers(0, graph.num_nodes("users"), count)
    anchors = rng.integers(-1, DAYS + 6, count) * DAY
    if rng.random() < 0.15:
        anchors[:] = FOREVER
    until = int(rng.integers(0, DAYS) * DAY) if rng.random() < 0.3 else None
    seeds = SeedTable("users", users, pa.array(users), anchors, until=until)
    choices = {
        "disjoint": bool(rng.random() < 0.6),
        "strict": bool(rng.random() < 0.3),
        "cutoff": "path" if rng.random() < 0.2 else "anchor",
    }
    sampler = NeighborSampler(graph, Fanout([3, 2], **choices), key=int(rng.integers(9)))
    return dataset, Loader(sampler, features, seeds, 5, shuffle=True, threads=1)


def check(path, frames, rng):
    """Every version of every node of an epoch."""
    dataset, loader = random_loader(path, rng)
    for batch in loader:
        assert set(batch.histories) == set(VALUES)
        for name, found in batch.histories.items():
            of = KEYS[name]
            assert found.of == of
            subgraph = batch.subgraph
            if subgraph.cutoffs is None:
                sees = batch.anchors[np.maximum(subgraph.batch[of], 0)]
                strict = subgraph.request.plan.strict
                sees = np.where(sees == FOREVER, sees, sees - 1) if strict else sees
            else:
                sees = subgraph.cutoffs[of]
            keys = frames[of][NAMED[name][0]].to_numpy()[subgraph.node_id[of].astype(np.int64)]
            expected, since = versions_of(frames[name], name, keys, sees)
            check_block(dataset, found.rows.block, found.rows.index, expected)
            np.testing.assert_array_equal(found.time, since)
            versions = set(zip(keys[since != FOREVER], since[since != FOREVER], strict=True))
            assert len(found.rows.block) <= len(versions) + 1, "each version is read once"


@given(key=st.integers(0, 2**32))
@settings(max_examples=cases(10, 500))
def test_epochs_are_what_pandas_says(tmp_path_factory, key):
    path, rng = tmp_path_factory.mktemp("as_of") / "s", np.random.default_rng(key)
    frames = random_frames(rng, versions=int(rng.integers(0, 50)))
    ingest(as_tables(frames), SCHEMA, path)
    check(path, frames, rng)
    if rng.random() < 0.7:
        new = random_rows(rng, frames, DAYS, DAYS + 5, plans=8, prices=int(rng.integers(0, 9)), orders=6)
        ingest(as_tables(new), SCHEMA, path, append=True)
        for name, rows in new.items():
            frames[name] = pd.concat([frames[name], rows], ignore_index=True)
        check(path, frames, rng)
    late = _late(path, frames, rng) if rng.random() < 0.5 else {}
    if late:
        check(path, frames, rng)
    if rng.random() < 0.7:
        _edit(path, frames, rng)
        check(path, frames, rng)
    if rng.random() < 0.6:
        compact(path)
        for name, rows in late.items():
            both = pd.concat([frames[name], rows])
            frames[name] = both.sort_values(NAMED[name][1], kind="stable")
        check(path, frames, rng)


def _late(path, frames, rng):
    """Append versions that are earlier than stored ones: they wait for the compaction."""
    new = random_rows(rng, frames, 0, DAYS, plans=5, prices=4)
    late = {}
    for name, rows in new.items():
        clock = frames[name][NAMED[name][1]]
        if len(clock):
            rows = rows[rows[NAMED[name][1]] < clock.max()]
        if len(clock) and len(rows):
            late[name] = rows
    ingest(as_tables(late), SCHEMA, path, append=True)
    return late


def _edit(path, frames, rng):
    """New values of some versions, and some versions deleted; frames keep row ids as their index."""
    plans = frames["plans"]
    ids = rng.permutation(plans.index.to_numpy())[:6]
    changed, lost = ids[:3], ids[3:]
    with edit(path) as editing:
        editing.update("plans", {"quota": [1000.0 + i for i in changed]}, ids=changed)
        editing.delete("plans", ids=lost)
    plans.loc[changed, "quota"] = [1000.0 + i for i in changed]
    frames["plans"] = plans.drop(index=lost)


def test_a_store_that_holds_no_versions_is_refused(tmp_path):
    frames = random_frames(np.random.default_rng(0))
    ingest(as_tables(frames), SCHEMA, tmp_path)
    dataset = Dataset.open(tmp_path)
    graph, rng = RamGraph.open(dataset), np.random.default_rng(1)
    ids = np.arange(3)
    seeds = SeedTable("users", ids, pa.array(ids), np.zeros(3, np.int64))
    sampler, features = NeighborSampler(graph, Fanout([2])), random_features(graph.arrays.num_rows, rng)
    with pytest.raises(LoaderError, match=r"histories \(plans, prices\).*RamFeatures.*rows_as_of"):
        Loader(sampler, features, seeds, 2)
